// Where the tree is: in an R2 bucket that is bound to the Worker as BUCKET, or
// else below the URL in ORIGIN.

import { maxSegment } from './device.js';
import { matches, range } from './negotiate.js';

export class Tree {
  constructor(config, request, env, context) {
    Object.assign(this, { config, request, env, context });
  }

  // read reads a small object: undefined where there is none. It looks into the
  // cache of this data centre first, and keeps what it finds there for as long
  // as an answer may be old, the finding that there is nothing among it.
  async read(key) {
    if (key.split('/').some((segment) => segment.length > maxSegment)) return undefined;
    const name = new URL('/' + key, this.request.url).href;
    const cached = await caches.default.match(name);
    if (cached) return bytes(cached);
    const found = await this.fetch(key);
    const shard = found && key.startsWith(`${this.config.prefix}/v1/cohorts/`);
    const age = shard ? this.config.cohorts : this.config.answers;
    const copy = new Response(found ?? 'nothing', {
      status: found ? 200 : 404,
      headers: { 'Cache-Control': `public, max-age=${age}`, 'Content-Type': 'application/octet-stream' },
    });
    if (age > 0) this.context.waitUntil(caches.default.put(name, copy));
    return found;
  }

  // fetch reads a small object from where the tree is.
  async fetch(key) {
    if (this.env.BUCKET) {
      const object = await this.env.BUCKET.get(key);
      return object ? new Uint8Array(await object.arrayBuffer()) : undefined;
    }
    return bytes(await this.origin(key, { headers: { 'Accept-Encoding': 'identity' } }));
  }

  // origin asks the origin for an object.
  async origin(key, options) {
    const answer = await fetch(`${this.env.ORIGIN}/${key}`, { redirect: 'manual', ...options });
    if (![200, 206, 304, 403, 404, 416].includes(answer.status)) {
      throw new Error(`the origin answers ${answer.status} for ${key}`);
    }
    return answer;
  }

  // stream sends an object as it is stored, whole or in part: undefined where
  // there is none.
  async stream(key, headers) {
    return this.env.BUCKET ? this.streamBucket(key, headers) : this.streamOrigin(key, headers);
  }

  async streamBucket(key, headers) {
    const plain = this.request.method === 'GET' && !this.request.headers.has('Range');
    const object = plain ? await this.env.BUCKET.get(key) : await this.env.BUCKET.head(key);
    if (!object) return undefined;
    headers = { ETag: object.httpEtag, 'Accept-Ranges': 'bytes', ...headers };
    if (matches(this.request, headers.ETag)) {
      const { 'Content-Encoding': _, ...rest } = headers; // nothing is encoded
      return new Response(null, { status: 304, headers: rest });
    }
    const part = range(this.request, object.size, headers.ETag);
    if (part === null) {
      return new Response(null, { status: 416, headers: { 'Content-Range': `bytes */${object.size}` } });
    }
    const length = part ? part.length : object.size;
    if (part) headers['Content-Range'] = `bytes ${part.offset}-${part.offset + length - 1}/${object.size}`;
    const status = part ? 206 : 200;
    if (this.request.method === 'HEAD' || length === 0) {
      return new Response(null, { status, headers: { ...headers, 'Content-Length': `${length}` } });
    }
    const stored = plain ? object : await this.env.BUCKET.get(key, { range: part, onlyIf: { etagMatches: object.etag } });
    if (!stored?.body) throw new Error(`${key} has just changed`);
    const { readable, writable } = new FixedLengthStream(length); // it makes the Content-Length
    this.context.waitUntil(stored.body.pipeTo(writable));
    return new Response(readable, { status, headers, encodeBody: 'manual' });
  }

  async streamOrigin(key, headers) {
    const asked = new Headers();
    for (const name of ['If-None-Match', 'If-Range', 'Range']) {
      if (this.request.headers.has(name)) asked.set(name, this.request.headers.get(name));
    }
    const answer = await this.origin(key, { method: this.request.method, headers: asked });
    if (answer.status === 403 || answer.status === 404) return undefined;
    headers = new Headers(headers);
    for (const name of ['Accept-Ranges', 'Content-Length', 'Content-Range', 'ETag']) {
      if (answer.headers.has(name)) headers.set(name, answer.headers.get(name));
    }
    if (answer.status === 304) headers.delete('Content-Encoding');
    return new Response(answer.body, { status: answer.status, headers });
  }
}

async function bytes(answer) {
  const body = new Uint8Array(await answer.arrayBuffer());
  return answer.status === 200 ? body : undefined;
}
