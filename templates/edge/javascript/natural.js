// The natural order: digits as integers and the text between them by bytes, with
// . and + above the end of a version, for which there is a z.

// bytes is a text whose characters are ordered as the bytes of another in UTF-8.
// It has ASCII characters only: on others, njs 0.7.9 can search without end.
function bytes(text) {
  return encodeURIComponent(text).replace(/%(..)/g, (_, digits) => {
    const byte = parseInt(digits, 16);
    return byte < 128 ? String.fromCharCode(byte) : String.fromCharCode(127, 64 + (byte >> 4), 64 + (byte & 15));
  });
}

function runs(version) {
  return (bytes(version).replace(/[.+]/g, '~') + 'z').match(/[0-9]+|[^0-9]+/g);
}

// compare is negative where a is below b.
function compare(a, b) {
  return parts(runs(a), runs(b)) || order(bytes(a), bytes(b));
}
