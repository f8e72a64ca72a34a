// Runs a Worker in workerd, for a test:
//
//   node worker.mjs WORKER --bucket FOLDER | --origin URL
//
// WORKER is a folder that "cairn edge cloudflare" wrote. The bucket is filled
// with the files of FOLDER. Prints the URL, and ends when its input does.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Miniflare } from 'miniflare';

const [worker, kind, from] = process.argv.slice(2);
const toml = await readFile(join(worker, 'wrangler.toml'), 'utf8');
const setting = (name) => {
  const line = new RegExp(`^${name} = (".*")$`, 'm').exec(toml);
  return line ? JSON.parse(line[1]) : undefined;
};
const scripts = (await readdir(worker)).filter((name) => name.endsWith('.js'));
const bindings = {};
if (setting('PROJECT_KEY') !== undefined) bindings.PROJECT_KEY = setting('PROJECT_KEY');
if (kind === '--origin') bindings.ORIGIN = from;

// What Cloudflare does to a request before a Worker gets it. Miniflare's own
// way in would compress answers again, so it is gone around.
const front = `export default {
  fetch(request, env) {
    const headers = new Headers(request.headers);
    const cf = { clientAcceptEncoding: headers.get('Accept-Encoding') ?? '' };
    headers.set('Accept-Encoding', 'br, gzip');
    return env.EDGE.fetch(new Request(request, { headers, cf, redirect: 'manual' }));
  },
};`;

// What fills the bucket. Each object from outside would take milliseconds.
const fill = `export default {
  async fetch(request, env) {
    const objects = await request.json();
    await Promise.all(objects.map(([key, base64]) => env.BUCKET.put(key, Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)))));
    return new Response(null, { status: 204 });
  },
};`;

const compatibilityDate = setting('compatibility_date');
const runtime = new Miniflare({
  host: '127.0.0.1',
  port: 0,
  workers: [
    {
      name: 'front',
      modules: [{ type: 'ESModule', path: 'front.js', contents: front }],
      compatibilityDate,
      serviceBindings: { EDGE: 'edge' },
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    },
    {
      name: 'fill',
      modules: [{ type: 'ESModule', path: 'fill.js', contents: fill }],
      compatibilityDate,
      r2Buckets: ['BUCKET'],
    },
    {
      name: 'edge',
      modulesRoot: worker,
      modules: [setting('main'), ...scripts.filter((name) => name !== setting('main'))]
        .map((name) => ({ type: 'ESModule', path: join(worker, name) })),
      compatibilityDate,
      bindings,
      r2Buckets: kind === '--bucket' ? ['BUCKET'] : [],
    },
  ],
});
const url = await runtime.unsafeGetDirectURL('front');
if (kind === '--bucket') {
  const files = (await readdir(from, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const filler = await runtime.getWorker('fill');
  while (paths.length > 0) {
    const objects = paths.splice(0, 500).map(async (path) => [path.slice(from.length + 1), await readFile(path, 'base64')]);
    await filler.fetch('http://fill/', { method: 'POST', body: JSON.stringify(await Promise.all(objects)) });
  }
}
console.log(url.origin);

process.stdin.resume();
process.stdin.on('end', async () => {
  await runtime.dispose();
  process.exit(0);
});
