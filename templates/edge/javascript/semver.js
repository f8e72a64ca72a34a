// The precedence of SemVer 2.0.0, with an optional leading v. Equal versions go
// by their builds, and last by their bytes.

const core = '(0|[1-9]\\d*)', prerelease = '(?:0|[1-9]\\d*|\\d*[-A-Za-z][-0-9A-Za-z]*)', build = '[-0-9A-Za-z]+';
const semver = new RegExp('^v?' + core + '\\.' + core + '\\.' + core +
  '(?:-(' + prerelease + '(?:\\.' + prerelease + ')*))?(?:\\+(' + build + '(?:\\.' + build + ')*))?$');

// compare is negative where a is below b, and NaN where one is no SemVer
// version. No pre-release is above all, and no build below all.
function compare(a, b) {
  const x = semver.exec(a), y = semver.exec(b);
  if (!x || !y) return NaN;
  return parts(x.slice(1, 4), y.slice(1, 4)) || parts((x[4] || '~').split('.'), (y[4] || '~').split('.')) ||
    parts(x[5] ? x[5].split('.') : [], y[5] ? y[5].split('.') : []) || order(a, b);
}
