// The comparison of versions that the orders have in common.

function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// number compares ASCII digits as integers of any length.
function number(a, b) {
  a = a.replace(/^0+/, '');
  b = b.replace(/^0+/, '');
  return a.length - b.length || order(a, b);
}

// parts compares lists of digits and text. A number is below a text, and a list
// below a longer one that begins with it.
function parts(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const n = /^\d+$/.test(a[i]), m = /^\d+$/.test(b[i]);
    const sign = n && m ? number(a[i], b[i]) : m - n || order(a[i], b[i]);
    if (sign) return sign;
  }
  return a.length - b.length;
}

// takes says whether a device takes what is offered to versions below one. Of
// the readings of its version, those that the order can place must be below.
function takes(versions, offered) {
  let below = false;
  for (let i = 0; i < versions.length; i++) {
    const sign = compare(versions[i], offered);
    if (sign >= 0) return false;
    if (sign < 0) below = true;
  }
  return below;
}

