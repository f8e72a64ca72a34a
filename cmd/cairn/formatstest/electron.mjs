// Asks for an update as an Electron application does whose updater is a generic
// provider, and downloads it:
//
//   node electron.mjs URL
//
// Prints the version, and the SHA-256 of what has come.

import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';

const require = createRequire(import.meta.url);
const { GenericProvider } = require('electron-updater/out/providers/GenericProvider.js');
const { DigestTransform } = require('builder-util-runtime');

const executor = {
  async request(options) {
    const response = await fetch(`${options.protocol}//${options.hostname}:${options.port}${options.path}`);
    if (!response.ok) throw new Error(`${options.path}: ${response.status}`);
    return response.text();
  },
};
const provider = new GenericProvider({ provider: 'generic', url: process.argv[2] }, { channel: null }, { executor, platform: 'win32', isUseMultipleRangeRequest: true });
const info = await provider.getLatestVersion();
const [file] = provider.resolveFiles(info);
const body = Buffer.from(await (await fetch(file.url)).arrayBuffer());
if (body.length !== file.info.size) throw new Error(`${body.length} bytes, not ${file.info.size}`);
await new Promise((resolve, reject) => {
  const digest = new DigestTransform(file.info.sha2, 'sha256', 'hex');
  digest.on('error', reject).on('finish', resolve).resume();
  digest.end(body);
});
console.log(info.version, createHash('sha256').update(body).digest('hex'));
