// Runs a Worker in workerd, for a test:
//
//   node worker.mjs WORKER BUNDLE [FOLDER]
//
// WORKER is a folder that "cairn edge cloudflare" wrote, BUNDLE the one that
// "wrangler deploy --dry-run --outdir" made of it. An R2 bucket is filled with
// the files of FOLDER. Prints the URL, and ends when its input does.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as optionsOf } from 'wrangler';

const [worker, bundle, from] = process.argv.slice(2);
const { compatibilityDate, bindings, r2Buckets } = optionsOf(join(worker, 'wrangler.toml')).workerOptions;

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
      r2Buckets,
    },
    {
      name: 'edge',
      modulesRoot: bundle,
      modules: [{ type: 'ESModule', path: join(bundle, 'worker.js') }],
      compatibilityDate,
      bindings,
      r2Buckets,
    },
  ],
});
const url = await runtime.unsafeGetDirectURL('front');
if (r2Buckets.BUCKET) {
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
