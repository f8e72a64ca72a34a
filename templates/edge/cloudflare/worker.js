// A Cloudflare Worker that answers devices: the query API
//
//   GET /api/v0/releases/latest      what to install, as JSON
//   GET /api/v0/releases/latest/url  what to install, as a URL
//
// and, beside it, the tree that "cairn publish" writes. It is stateless, and
// reads at most four tiny objects for an answer: the device's line in the cohort
// index, the answer to its version, and what is offered to versions below another.
// config.js says where the tree is.

import { config } from './config.js';
import { escape, hash, maxSegment, readings, takes, xxh64 } from './device.js';
import { matches, wanted, wantsJSON } from './negotiate.js';
import { Tree } from './tree.js';

const forms = { '/api/v0/releases/latest': '.json', '/api/v0/releases/latest/url': '.txt' };

export default {
  async fetch(request, env, context) {
    try {
      return await answer(request, env, context);
    } catch (error) {
      console.error(request.url, error);
      return failure(503, 'the release data cannot be read now: try again later', { 'Retry-After': '60' });
    }
  },
};

async function answer(request, env, context) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return failure(405, `method ${request.method} is not allowed: use GET`, { Allow: 'GET, HEAD' });
  }
  const url = new URL(request.url);
  const tree = new Tree(config, request, env, context);
  // A client whose base URL ends in a slash asks for //api/v0/….
  const form = forms[url.pathname.replace(/^\/+(?=\/api\/v0\/)/, '')];
  if (form) return latest(request, env, url.search.slice(1), tree, form);
  return (await object(request, url.pathname.slice(1), tree)) ?? failure(404, `nothing is at "${url.pathname}"`);
}

// failure is an error in the shape of the API.
function failure(code, message, headers) {
  return new Response(JSON.stringify({ error: { message, http_code: code } }), {
    status: code,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  });
}

// latest answers the query API.
async function latest(request, env, query, tree, form) {
  if (config.keyed && !same(request.headers.get('Memfault-Project-Key'), env.PROJECT_KEY)) {
    return failure(403, 'the Memfault-Project-Key header is missing or wrong');
  }
  const asked = readings(query);
  if (typeof asked === 'string') return failure(400, asked);
  const found = await find(asked, tree, form);
  if (!found) {
    const { software_type, hardware_version } = asked[0];
    return failure(400, `no release is made for software type "${software_type}" on hardware version "${hardware_version}"`);
  }
  // no-transform: what Cloudflare compresses has no Content-Length any more.
  const every = { 'Memfault-Reason': 'latest', 'Cairn-Key': found.asked, 'Cache-Control': `private, max-age=${config.answers}, no-transform` };
  if (found.body.length === 0) return new Response(null, { status: 204, headers: every });
  const headers = { ...every, Vary: form === '.txt' ? 'Accept, Accept-Encoding' : 'Accept-Encoding' };
  if (form === '.txt' && wantsJSON(request)) {
    const wrapped = JSON.stringify({ data: { url: new TextDecoder().decode(found.body) } });
    return whole(request, new TextEncoder().encode(wrapped), { ...headers, 'Content-Type': 'application/json' });
  }
  if (!found.key) return whole(request, found.body, { ...headers, 'Content-Type': type(form) });
  return negotiated(request, found, tree, headers);
}

// same compares keys in a time that does not tell how much of one is right. A
// Worker that should have a key and has none lets nobody in.
function same(given, key) {
  const a = new TextEncoder().encode(given ?? ''), b = new TextEncoder().encode(key ?? '');
  return b.length > 0 && a.length === b.length && crypto.subtle.timingSafeEqual(a, b);
}

// find goes the way of a device: its cohort's shard, the folder of its version,
// and what is offered to versions below another. It is undefined where nothing
// is made for the device; the key is, too, for what is not as it is in the tree.
// What is asked for is the key of the version, whether it has a folder or not: logs
// tell by it who has which version.
async function find(asked, tree, form) {
  const h = hash(asked[0].device_serial), cohort = await cohortOf(h, tree);
  const bucket = asked[0].eager === '1' ? '_eager' : h.slice(0, config.bucketDigits);
  const stem = (device, cohort, version) => {
    const names = [device.software_type, device.hardware_version].map(escape);
    return `${config.prefix}/v1/latest/${names.join('/')}/${cohort}/${version}/${bucket}`;
  };
  const version = (device) => (device.current_version ? escape(device.current_version) : '_none');
  for (const device of asked) {
    const key = stem(device, cohort, version(device)) + form;
    const body = await tree.read(key);
    if (body) return { key, body, asked: key };
  }
  for (const device of asked) {
    const at = stem(device, cohort, '_other'), below = await tree.read(at + '.below.txt');
    if (below) return { body: await offer(asked, tree, form, at, text(below)), asked: stem(device, cohort, version(asked[0])) + form };
  }
  // The default cohort has an answer for every target: if it has one here, the
  // device is just changing cohorts.
  if (cohort !== 'default' && (await tree.read(stem(asked[0], 'default', '_other') + '.txt'))) {
    throw new Error(`cohort ${cohort} has no answer for device ${h}`);
  }
}

const nothing = new Uint8Array(0);

// offer is what a device takes of what is offered to versions below one: the
// first line, with the URL in the second. Where there is no version, any takes
// it. The JSON may be newer or older than that, so its version counts, too, or
// where any takes it, it must be the same payload.
async function offer(asked, tree, form, at, below) {
  if (below === '') return nothing;
  const lines = below.split('\n');
  if (lines.length !== 2) throw new Error(`${at}.below.txt has no version and URL`);
  const refused = (offered) => lines[0] !== '' && !takes(asked.map((device) => device.current_version ?? ''), offered);
  if (refused(lines[0])) return nothing;
  if (form === '.txt') return new TextEncoder().encode(lines[1]);
  const body = await tree.read(at + form);
  if (!body) throw new Error(`${at}${form} is missing`);
  if (body.length === 0) return nothing;
  const release = JSON.parse(text(body));
  if (lines[0] === '' && release.artifacts[0].url !== lines[1]) throw new Error(`${at}${form} is of another publish than ${at}.below.txt`);
  return refused(release.version) ? nothing : body;
}

// text is UTF-8, whose first character may be U+FEFF.
function text(bytes) {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

// cohortOf finds the cohort of a device in its shard, by its hash.
async function cohortOf(h, tree) {
  const shard = await tree.read(`${config.prefix}/v1/cohorts/${h.slice(0, config.cohortDigits)}.txt`);
  if (!shard) throw new Error(`the cohort index has no shard for device ${h}`);
  const line = new TextDecoder().decode(shard).split('\n').find((line) => line.startsWith(h + ' '));
  return line ? line.slice(h.length + 1) : 'default';
}

// The keys that a tree can have. Nothing else in the bucket is to be had.
const segment = `[-A-Za-z0-9_][-A-Za-z0-9_.]{0,${maxSegment - 1}}`;
const folder = `${config.prefix}/v1`;
const small = new RegExp(
  `^${folder}/(cohorts/[0-9a-f]{${config.cohortDigits}}\\.txt` +
    `|latest/${segment}/${segment}/[-A-Za-z0-9_]+/${segment}/(?:[0-9a-f]{${config.bucketDigits}}|_eager)\\.(?:(?:below\\.)?txt|json))(\\.br|\\.gz)?$`,
);
const signedPart = new RegExp(`^${folder}/signed/[0-9a-f]{32}$`);
const signedNote = new RegExp(`^${folder}/signed/(head|keys)\\.txt$`);
const rendered = new RegExp(`^${folder}/(rendered/${segment}/${segment}/${segment}/${segment}/([0-9a-f]{${config.bucketDigits}}/)?${segment}|status\\.json)$`);
const beside = new RegExp(`^(${folder})/rendered/.+/([0-9a-f]{32})[0-9a-f]{32}\\.(${segment})$`);
const payload = new RegExp(`^${folder}/payloads/([0-9a-f]{32})/${segment}$`);

// object serves the tree: undefined where nothing is.
async function object(request, key, tree) {
  key = key.replace(beside, '$1/payloads/$2/$3'); // a payload beside what is rendered
  const file = payload.exec(key);
  if (file) {
    return tree.stream(key, {
      'Content-Type': 'application/octet-stream',
      'Cache-Control': 'public, max-age=31536000, immutable',
      ETag: `"${file[1]}"`,
    });
  }
  if (signedPart.test(key)) {
    return tree.stream(key, { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'public, max-age=86400, immutable' });
  }
  if (signedNote.test(key) || rendered.test(key)) {
    const note = await tree.read(key);
    return note && whole(request, note, { 'Content-Type': type(key), 'Cache-Control': `public, max-age=${config.answers}, no-transform` });
  }
  const match = small.exec(key);
  if (!match) return undefined;
  const age = match[1].startsWith('cohorts/') ? config.cohorts : config.answers;
  const headers = { 'Cache-Control': `public, max-age=${age}, no-transform` };
  const coding = match[2];
  if (coding) return tree.stream(key, { ...headers, 'Content-Type': type(key), 'Content-Encoding': codings[coding] });
  const body = await tree.read(key);
  return body && negotiated(request, { key, body }, tree, { ...headers, Vary: 'Accept-Encoding' });
}

const codings = { '.br': 'br', '.gz': 'gzip' };

function type(key) {
  const end = /\.(json|xml|ya?ml)(\.br|\.gz)?$/.exec(key);
  return end ? { yml: 'application/yaml' }[end[1]] ?? `application/${end[1]}` : 'text/plain; charset=utf-8';
}

// Siblings save at least as many bytes: a smaller answer has none.
const leastSaving = 64;

// negotiated is an answer in the coding that the device asks for, where the
// tree has it in that: the sibling is there only where it is smaller.
async function negotiated(request, found, tree, headers) {
  headers = { ...headers, 'Content-Type': type(found.key) };
  if (found.body.length > leastSaving) {
    for (const end of wanted(request)) {
      const sibling = await tree.stream(found.key + end, { ...headers, 'Content-Encoding': codings[end] });
      if (sibling) return sibling;
    }
  }
  return whole(request, found.body, headers);
}

// whole sends a small body. Its ETag is made of the bytes.
function whole(request, body, headers) {
  headers = { ...headers, ETag: `"${xxh64(body)}"` };
  if (matches(request, headers.ETag)) return new Response(null, { status: 304, headers });
  return new Response(body, { headers });
}
