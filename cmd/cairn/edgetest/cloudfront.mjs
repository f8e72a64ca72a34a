// Stands in for CloudFront, for a test:
//
//   node cloudfront.mjs FUNCTION KVS FOLDER HEADERS
//
// It runs the function on each request, with the event that CloudFront's
// documentation shows, in a context that has nothing of Node.js, and serves
// FOLDER as an S3 bucket does that may not be listed. HEADERS is the response
// headers policy of the behaviour for *api/v0/*. Prints the URL, and ends when
// its input does.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';

const [script, kvs, folder, policy] = process.argv.slice(2);
const added = JSON.parse(readFileSync(policy, 'utf8')).CustomHeadersConfig.Items;
const pairs = new Map(JSON.parse(readFileSync(kvs, 'utf8')).data.map(({ key, value }) => [key, value]));
const store = {
  async get(key) {
    if (!pairs.has(key)) throw new Error('KeyNotFound');
    return pairs.get(key);
  },
};
const statement = "import cf from 'cloudfront';\n";
const source = readFileSync(script, 'utf8');
if (!source.includes(statement)) throw new Error('the function does not import cloudfront');
const context = createContext({ cf: { kvs: () => store } });
runInContext(source.replace(statement, ''), context, { filename: script });

// event is what a function is called with for a viewer's request.
function event(request) {
  const cut = request.url.indexOf('?');
  const raw = cut < 0 ? undefined : request.url.slice(cut + 1);
  const headers = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = { value };
  const querystring = {};
  for (const pair of (raw ?? '').split('&').filter(Boolean)) {
    const [name, value = ''] = pair.split('=');
    if (querystring[name]) (querystring[name].multiValue ??= [{ value: querystring[name].value }]).push({ value });
    else querystring[name] = { value };
  }
  return {
    version: '1.0',
    context: {
      distributionDomainName: 'd111111abcdef8.cloudfront.net', distributionId: 'EDFDVBD6EXAMPLE',
      eventType: 'viewer-request', requestId: 'EXAMPLEntjQpEXAMPLE_SG5Z-EXAMPLEPmPfEXAMPLEu3EqEXAMPLE==',
    },
    viewer: { ip: '198.51.100.11' },
    request: {
      method: request.method, uri: cut < 0 ? request.url : request.url.slice(0, cut),
      querystring, headers, cookies: {}, rawQueryString: () => raw,
    },
  };
}

// object answers as S3 does, where the bucket may not be listed.
function object(request, uri, answer) {
  let body;
  try {
    body = readFileSync(join(folder, uri));
  } catch {
    return answer.writeHead(403, { 'Content-Type': 'application/xml' }).end('<Error><Code>AccessDenied</Code></Error>');
  }
  const payload = uri.includes('/v1/payloads/');
  const coding = !payload && { '.br': 'br', '.gz': 'gzip' }[uri.slice(-3)];
  const headers = { ETag: `"${createHash('md5').update(body).digest('hex')}"`, 'Accept-Ranges': 'bytes' };
  if (coding) headers['Content-Encoding'] = coding;
  const signedPart = /\/v1\/signed\/[0-9a-f]{32}$/.test(uri);
  if (uri.includes('/v1/signed/')) headers['Cache-Control'] = `public, max-age=${signedPart ? '86400, immutable' : 60}`;
  headers['Content-Type'] = payload || signedPart ? 'application/octet-stream'
    : uri.includes('.json') ? 'application/json' : 'text/plain; charset=utf-8';
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim());
  if (known.includes('*') || known.includes(headers.ETag)) return answer.writeHead(304, { ETag: headers.ETag }).end();
  const part = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  let status = 200;
  if (part && body.length > 0) {
    const size = body.length, suffix = part[1] === '';
    const first = suffix ? Math.max(size - part[2], 0) : Number(part[1]);
    const last = suffix || part[2] === '' ? size - 1 : Math.min(part[2], size - 1);
    if (first > last) return answer.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
    headers['Content-Range'] = `bytes ${first}-${last}/${size}`;
    body = body.subarray(first, last + 1);
    status = 206;
  }
  return answer.writeHead(status, { ...headers, 'Content-Length': body.length }).end(body);
}

const server = createServer(async (request, answer) => {
  if (request.url.replace(/\?.*/, '').includes('api/v0/')) for (const { Header, Value } of added) answer.setHeader(Header, Value);
  const result = await context.handler(event(request));
  if (result.statusCode === undefined) return object(request, result.uri, answer);
  const headers = {};
  for (const [name, { value }] of Object.entries(result.headers)) headers[name] = value;
  const body = result.body ? Buffer.from(result.body.data) : undefined;
  if (body) headers['Content-Length'] = body.length;
  return answer.writeHead(result.statusCode, result.statusDescription, headers).end(body);
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
