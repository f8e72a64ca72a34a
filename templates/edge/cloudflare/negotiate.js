// What a device would like to have, by the headers of its request.

// weight is the q of a value in a header such as "br;q=0.5, gzip" (RFC 9110
// section 12.4.2): undefined where the header does not name the value.
function weight(list, value) {
  for (const item of (list ?? '').split(',')) {
    const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    if (name !== value) continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    return q === undefined ? 1 : Number(q.slice(2)) || 0;
  }
  return undefined;
}

// wanted lists the codings, as the ends of keys, that a device prefers to
// identity or likes as much, the best first. A Worker must not look at
// Accept-Encoding: Cloudflare replaces it by its own. What the device sent is
// in clientAcceptEncoding.
export function wanted(request) {
  const list = request.cf?.clientAcceptEncoding;
  const star = weight(list, '*') ?? 0, identity = weight(list, 'identity') ?? 0;
  const q = { '.br': weight(list, 'br') ?? star, '.gz': weight(list, 'gzip') ?? star };
  return ['.br', '.gz'].filter((end) => q[end] > 0 && q[end] >= identity).sort((a, b) => q[b] - q[a]);
}

// wantsJSON says whether a device asks for JSON by name, and not for text.
export function wantsJSON(request) {
  const list = request.headers.get('Accept');
  return (weight(list, 'application/json') ?? 0) > (weight(list, 'text/plain') ?? 0);
}

// matches says whether If-None-Match names an entity tag (RFC 9110 section
// 13.1.2).
export function matches(request, etag) {
  const list = request.headers.get('If-None-Match') ?? '';
  return list.split(',').some((item) => item.trim() === '*' || strong(item.trim()) === strong(etag));
}

function strong(etag) {
  return etag.replace(/^W\//, '');
}

// range is the part of so many bytes that a device asks for, its first byte and
// its length: undefined for all of it, null for a part that is not there. A
// Worker that answers a list of parts with the whole is right, too (RFC 9110
// section 14.2).
export function range(request, size, etag) {
  const spec = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('Range') ?? '');
  const condition = request.headers.get('If-Range');
  if (!spec || (spec[1] === '' && spec[2] === '') || (condition && condition !== etag)) return undefined;
  const first = spec[1] === '' ? Math.max(size - Number(spec[2]), 0) : Number(spec[1]);
  const last = spec[1] === '' || spec[2] === '' ? size - 1 : Math.min(Number(spec[2]), size - 1);
  if (spec[1] !== '' && spec[2] !== '' && Number(spec[2]) < first) return undefined;
  return first > last ? null : { offset: first, length: last - first + 1 };
}
