// What a device is told apart by: the hash of its serial, the path segments of
// its names, and the query that it sends. Of ECMAScript only what every
// runtime of a CDN has: 5.1 with let, const and arrow functions.

// XXH64 with seed 0, in halves of 32 bits, as not every engine has BigInt. A
// number of 64 bits is [high, low].
const P1 = [0x9e3779b1, 0x85ebca87];
const P2 = [0xc2b2ae3d, 0x27d4eb4f];
const P3 = [0x165667b1, 0x9e3779f9];
const P4 = [0x85ebca77, 0xc2b2ae63];
const P5 = [0x27d4eb2f, 0x165667c5];

function add(a, b) {
  const low = (a[1] >>> 0) + (b[1] >>> 0);
  return [(a[0] + b[0] + (low > 0xffffffff ? 1 : 0)) | 0, low | 0];
}

function xor(a, b) {
  return [a[0] ^ b[0], a[1] ^ b[1]];
}

function mul(a, b) {
  const a0 = a[1] & 0xffff, a1 = a[1] >>> 16, b0 = b[1] & 0xffff, b1 = b[1] >>> 16;
  const x = a1 * b0 + ((a0 * b0) >>> 16), y = a0 * b1 + (x & 0xffff);
  const carry = a1 * b1 + Math.floor(x / 65536) + Math.floor(y / 65536);
  return [(carry + Math.imul(a[0], b[1]) + Math.imul(a[1], b[0])) | 0, Math.imul(a[1], b[1])];
}

// rotate rotates to the left, by 1 to 31 bits.
function rotate(a, n) {
  return [(a[0] << n) | (a[1] >>> (32 - n)), (a[1] << n) | (a[0] >>> (32 - n))];
}

// fold is a ^ (a >> n).
function fold(a, n) {
  return xor(a, n < 32 ? [a[0] >>> n, (a[1] >>> n) | (a[0] << (32 - n))] : [0, a[0] >>> (n - 32)]);
}

function half(bytes, i) {
  return bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
}

function word(bytes, i) {
  return [half(bytes, i + 4), half(bytes, i)];
}

function round(lane, input) {
  return mul(rotate(add(lane, mul(input, P2)), 31), P1);
}

// xxh64 hashes bytes to 16 lower-case hex digits.
function xxh64(bytes) {
  let i = 0, h = P5;
  if (bytes.length >= 32) {
    const v = [add(P1, P2), P2, [0, 0], [~P1[0], -P1[1]]];
    for (; i + 32 <= bytes.length; i += 32) {
      for (let j = 0; j < 4; j++) v[j] = round(v[j], word(bytes, i + 8 * j));
    }
    h = add(add(rotate(v[0], 1), rotate(v[1], 7)), add(rotate(v[2], 12), rotate(v[3], 18)));
    for (let j = 0; j < 4; j++) h = add(mul(xor(h, round([0, 0], v[j])), P1), P4);
  }
  h = add(h, [0, bytes.length]);
  for (; i + 8 <= bytes.length; i += 8) h = add(mul(rotate(xor(h, round([0, 0], word(bytes, i))), 27), P1), P4);
  for (; i + 4 <= bytes.length; i += 4) h = add(mul(rotate(xor(h, mul([0, half(bytes, i)], P1)), 23), P2), P3);
  for (; i < bytes.length; i++) h = mul(rotate(xor(h, mul([0, bytes[i]], P5)), 11), P1);
  h = fold(mul(fold(mul(fold(h, 33), P2), 29), P3), 32);
  return hex(h[0]) + hex(h[1]);
}

function hex(half) {
  return ('0000000' + (half >>> 0).toString(16)).slice(-8);
}

// hash is the hash of a serial, which has only ASCII characters.
function hash(serial) {
  const bytes = [];
  for (let i = 0; i < serial.length; i++) bytes.push(serial.charCodeAt(i));
  return xxh64(bytes);
}

// escape makes a name a path segment: letters, digits, "." and "-" stand for
// themselves, a leading "." and every other byte become "_" and two hex digits.
function escape(name) {
  return encodeURIComponent(name)
    .replace(/^\.|[_!~*'()]/g, (c) => '%' + c.charCodeAt(0).toString(16))
    .replace(/%(..)/g, (_, digits) => '_' + digits.toLowerCase());
}

// A segment that is longer is in no tree.
const maxSegment = 200;

// characters counts those of a text: the bytes that don't continue one.
function characters(text) {
  return encodeURIComponent(text).replace(/%[89AB]./g, '').replace(/%../g, '%').length;
}

// parse reads a query string, without its question mark. It is what the device
// says, or the text of what is wrong. A "+" stands for plus, encoded.
function parse(raw, plus) {
  const values = {};
  const pairs = raw.split('&');
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i], cut = pair.indexOf('=');
    let name = cut < 0 ? pair : pair.slice(0, cut), value = cut < 0 ? '' : pair.slice(cut + 1);
    try {
      name = decodeURIComponent(name.replace(/\+/g, plus));
    } catch (e) {
      continue;
    }
    if (!parameters.test(name)) continue;
    if (values[name] !== undefined) return 'parameter ' + name + ' is given twice';
    try {
      value = decodeURIComponent(value.replace(/\+/g, plus));
    } catch (e) {
      return 'parameter ' + name + ' is not percent-encoded as RFC 3986 says';
    }
    if (/[\u0000-\u001f\u007f-\u009f]/.test(value) || characters(value) > 128) {
      return 'parameter ' + name + ' is not text of at most 128 characters';
    }
    values[name] = value;
  }
  const needed = ['device_serial', 'hardware_version', 'software_type'];
  for (let i = 0; i < needed.length; i++) {
    if (!values[needed[i]]) return 'parameter ' + needed[i] + ' is missing';
  }
  if (!/^[-A-Za-z0-9_]+$/.test(values.device_serial)) {
    return 'parameter device_serial has characters other than letters, digits, - and _';
  }
  return values;
}

// readings are what a query may say, or the text of what is wrong with it. A
// "+" is a space to a form encoder, and a plus to firmware that encodes
// nothing: both are given, the standard one first.
function readings(raw) {
  const standard = parse(raw, '%20');
  if (typeof standard === 'string') return standard;
  const literal = raw.indexOf('+') < 0 ? '' : parse(raw, '%2B');
  return typeof literal === 'string' ? [standard] : [standard, literal];
}
