// Elements, bars, the map and the charts. Text from the definitions is only
// ever text: nothing here parses HTML.

function element(name, attributes = {}, ...children) {
  const space = /^(svg|g|rect|path|line|text|title|circle)$/.test(name) ? 'http://www.w3.org/2000/svg' : 'http://www.w3.org/1999/xhtml';
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== false) made.setAttribute(key, value === true ? '' : value);
  made.append(...children);
  return made;
}

// A release is told by a letter as well as by a colour: the newest is A.
// Those that the definitions do not have any more are numbered behind them.
const foreign = [];
const age = (release) => (release < fleet.releases.length ? fleet.releases.length - 1 - release : release);
function releaseNamed(version) {
  if (!version) return -1;
  const known = fleet.releases.findLastIndex((r) => [r, ...r.payloads].some((of) => fleet.versions[of.version] === version));
  if (known >= 0) return known;
  if (!foreign.includes(version)) foreign.push(version);
  return fleet.releases.length + foreign.indexOf(version);
}
const colour = (release) => age(release) % 7;
function letter(release) {
  const n = age(release);
  return (n < 26 ? '' : String.fromCharCode(64 + Math.floor(n / 26))) + String.fromCharCode(65 + (n % 26));
}
const fillOf = (release) => (release < 0 ? 'nothing' : 'r' + colour(release));

const percentText = (share) => (share > 0 && share < 0.001 ? '<0.1' : share < 1 && share > 0.999 ? '>99.9' : String(Math.round(share * 1000) / 10)) + ' %';
const nameOf = (release) => (release < 0 ? 'nothing' : foreign[release - fleet.releases.length] || versionOf(release));
const sharesText = (parts) => parts.map(({ release, share }) => percentText(share) + ' ' + nameOf(release)).join(', ') || 'no devices';

// bar shows shares, the newest release first.
function bar(parts) {
  const width = 1000;
  let x = 0;
  const svg = element('svg', { class: 'bar', viewBox: `0 0 ${width} 22`, preserveAspectRatio: 'none', 'aria-hidden': true });
  for (const { release, share } of parts) {
    svg.append(element('rect', { class: fillOf(release), x, y: 0, width: Math.max(share * width - (share < 1 ? 2 : 0), 1), height: 22 }));
    x += share * width;
  }
  return svg;
}

function swatch(release) {
  const canvas = element('canvas', { width: 20, height: 20, class: 'swatch', 'data-release': release, 'aria-hidden': true });
  paintSwatch(canvas);
  return canvas;
}

function paintSwatch(canvas) {
  const context = canvas.getContext('2d'), release = Number(canvas.dataset.release);
  const image = context.createImageData(20, 20), words = new Uint32Array(image.data.buffer), tile = tileOf(release, palette());
  for (let i = 0; i < 400; i++) words[i] = tile[(Math.floor(i / 20) % 4) * 4 + (i % 4)];
  context.putImageData(image, 0, 0);
  if (release < 0) return;
  context.font = '700 12px system-ui, sans-serif';
  context.textAlign = 'center';
  context.fillStyle = '#111';
  context.fillText(letter(release), 10, 14);
}

// tileOf is the 4 by 4 pixels of a release: a colour and a texture, which
// together tell 49 releases apart.
const textures = [0x0000, 0x8421, 0x0a00, 0x00f0, 0x2222, 0xa5a5, 0x0660];
function tileOf(release, colours) {
  const n = age(release), texture = release < 0 ? 0 : textures[(n + Math.floor(n / 7)) % 7];
  const word = colours[release < 0 ? 7 : colour(release)].word, dark = shade(word);
  return Uint32Array.from({ length: 16 }, (_, i) => ((texture >> i) & 1 ? dark : word));
}

const shade = (word) => (word & 0xff000000) | ((word >> 1) & 0x7f7f7f) + ((word >> 2) & 0x3f3f3f);

// palette is the colours as numbers, for a canvas; the last is "nothing".
function palette() {
  const style = getComputedStyle(document.documentElement);
  return ['--r0', '--r1', '--r2', '--r3', '--r4', '--r5', '--r6', '--nothing'].map((name) => {
    const [r, g, b] = style.getPropertyValue(name).trim().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3').match(/[0-9a-f]{2}/gi).map((h) => parseInt(h, 16));
    return { css: `rgb(${r} ${g} ${b})`, word: (255 << 24) | (b << 16) | (g << 8) | r };
  });
}

// drawMap paints a square of buckets, row by row. Few have their release's
// letter, many its tile.
function drawMap(canvas, releaseOf, present, chosen) {
  const side = Math.sqrt(buckets), colours = palette(), many = side > 16;
  const cell = many ? 4 : Math.floor(640 / side), gap = many ? 0 : 1;
  if (canvas.width !== side * cell) canvas.width = canvas.height = side * cell;
  const context = canvas.getContext('2d');
  if (many) {
    const image = context.createImageData(side * 4, side * 4), words = new Uint32Array(image.data.buffer);
    const tile = memo((release) => tileOf(release, colours));
    for (let b = 0; b < buckets; b++) {
      if (!present[b]) continue;
      const from = tile(releaseOf[b]);
      let to = Math.floor(b / side) * 16 * side + (b % side) * 4;
      for (let row = 0; row < 16; row += 4, to += side * 4) {
        words[to] = from[row]; words[to + 1] = from[row + 1]; words[to + 2] = from[row + 2]; words[to + 3] = from[row + 3];
      }
    }
    context.putImageData(image, 0, 0);
  } else {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.font = `600 ${Math.min(16, cell / 2)}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    for (let b = 0; b < buckets; b++) {
      if (!present[b]) continue;
      const x = (b % side) * cell, y = Math.floor(b / side) * cell;
      context.fillStyle = colours[releaseOf[b] < 0 ? 7 : colour(releaseOf[b])].css;
      context.fillRect(x, y, cell - 1, cell - 1);
      if (releaseOf[b] < 0) continue;
      context.fillStyle = '#111';
      context.fillText(letter(releaseOf[b]), x + cell / 2, y + cell / 2);
    }
  }
  if (chosen < 0) return;
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent');
  context.lineWidth = many ? 2 : 3;
  context.strokeRect((chosen % side) * cell, Math.floor(chosen / side) * cell, cell - gap, cell - gap);
}

// chart shows the percentage of each rollout over time.
function chart(cohort, from, to, at, calendar, width) {
  const height = 230, left = 44, bottom = 24, top = 8, right = 60;
  const x = (t) => left + ((t - from) / (to - from)) * (width - left - right);
  const y = (p) => top + (1 - p / 100) * (height - top - bottom);
  const shown = cohort.activations.filter(offers), ends = new Map();
  const svg = element('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': 'Percent over time: ' +
    (shown.map((a) => `${versionOf(a.release)} ${Math.round(percent(a, at) * 10) / 10} % at the time chosen` + (waiting(a) ? ', ' + a.waits : '')).join(', ') || 'nothing is rolled out') });
  for (const [start, end] of calendar.rests(from, to)) {
    svg.append(element('rect', { class: 'rest', x: x(Math.max(start, from)), y: top, width: Math.max(0, x(Math.min(end, to)) - x(Math.max(start, from))), height: height - top - bottom }));
  }
  for (const p of [0, 50, 100]) {
    svg.append(element('line', { class: 'grid', x1: left, x2: width - right, y1: y(p), y2: y(p) }),
      element('text', { class: 'axis', x: left - 6, y: y(p) + 4, 'text-anchor': 'end' }, p + ' %'));
  }
  const marks = width < 500 ? 1 : 3;
  for (let i = 0; i <= marks; i++) {
    const t = from + ((to - from) * i) / marks;
    svg.append(element('text', { class: 'axis', x: x(t), y: height - 6, 'text-anchor': i === 0 ? 'start' : i === marks ? 'end' : 'middle' }, calendar.day(t)));
  }
  for (const a of shown) {
    let path = `M ${x(from)} ${y(percent(a, from))}`;
    for (const [t] of schedule(a)) {
      if (t <= from || t > to) continue;
      path += a.ramp ? ` L ${x(t)} ${y(percent(a, t))}` : ` H ${x(t)} V ${y(percent(a, t))}`;
    }
    path += ` H ${x(to)}`;
    svg.append(element('path', { class: 'halo s' + colour(a.release), d: path }), element('path', { class: 'line', d: path }));
    const gate = waiting(a);
    if (gate && gate.at >= from && gate.at <= to) {
      const now = y(percent(a, gate.at)), then = y(gate.percent), text = `${gate.percent} %: gate ${gate.name}`, left = x(gate.at) < width / 2;
      svg.append(element('path', { class: 'gate', d: `M ${x(gate.at)} ${now} V ${then} H ${x(to)}` }),
        element('text', { class: 'axis', x: x(gate.at) + (left ? 4 : -4), y: Math.max(then - 4, 12), 'text-anchor': left ? 'start' : 'end' }, letter(a.release) + ' ' + short(text, 40), element('title', {}, a.waits)));
    }
    const end = Math.round(percent(a, to) / 6);
    ends.set(end, [...(ends.get(end) || []), letter(a.release)]);
  }
  for (const [end, letters] of ends) {
    svg.append(element('text', { class: 'name', x: width - right + 6, y: y(end * 6) + 5 }, short(letters.reverse().join(' '), 8)));
  }
  svg.append(element('line', { class: 'at', x1: x(at), x2: x(at), y1: top, y2: height - bottom }));
  return svg;
}

// paths shows the hop that each version takes, the newest version on top.
function paths(cohort, target, at) {
  const known = fleet.targets[target].known.slice().reverse(), row = 30, trunk = 150;
  const place = new Map(known.map((v, i) => [v, 18 + i * row]));
  const height = known.length * row + 12;
  const svg = element('svg', { viewBox: `0 0 640 ${height}`, width: 640, height, role: 'img' });
  const words = [];
  for (const v of known) {
    const all = choices(cohort, target, v).filter((c) => reach(c, at)), hop = all[0];
    const dead = (fleet.targets[target].edges || []).find((e) => e.dead && e.version === v);
    const kept = all.find((c) => c.held), why = dead || (kept && kept.held);
    const lands = hop && hop.payload;
    const y = place.get(v), name = fleet.versions[v];
    const own = fleet.releases.findLastIndex((r) => payloads(fleet.releases.indexOf(r), target).some((p) => p.version === v));
    const note = lands ? ({ delta: 'delta', 'must-pass-through': 'must pass through' }[hop.rule] || 'full') + ' to ' + fleet.versions[hop.version] + ', ' + size(hop.payload.size)
      : v === known[0] || (hop && !hop.payload && hop.version === v) ? 'up to date' : 'gets nothing';
    const stuck = !lands && (dead || note === 'gets nothing');
    if (kept && !dead && place.has(kept.version)) {
      const end = place.get(kept.version);
      svg.append(element('path', { class: 'hop blocked', d: `M ${trunk - 8} ${y} C ${trunk - 90} ${y}, ${trunk - 90} ${end + 3}, ${trunk - 8} ${end + 3}` }, element('title', {}, why.why)));
    }
    if (lands && place.has(hop.version)) {
      const end = place.get(hop.version), bend = Math.min(130, 20 + Math.abs(end - y) * 0.6);
      svg.append(element('path', { class: 'hop ' + (hop.rule === 'delta' ? 'delta' : hop.rule === 'must-pass-through' ? 'must' : ''), d: `M ${trunk - 8} ${y} C ${trunk - 8 - bend} ${y}, ${trunk - 8 - bend} ${end + 3}, ${trunk - 8} ${end + 3}` }),
        element('path', { class: 'hop', d: `M ${trunk - 15} ${end - 1} L ${trunk - 7} ${end + 3} L ${trunk - 15} ${end + 7}` }));
    }
    svg.append(element('circle', { class: fillOf(own), cx: trunk, cy: y, r: 5 }),
      element('text', { class: 'name', x: trunk + 14, y: y + 4 }, short(name, 24)),
      element('text', { class: 'axis', x: trunk + 190, y: y + 4 }, (stuck || why ? '⚠ ' : '') + short(why ? (lands ? note + '; ' : '') + why.why : note, 48), ...(why ? [element('title', {}, why.why)] : [])));
    words.push(name + ': ' + note + (why ? ', ' + why.why : ''));
  }
  svg.setAttribute('aria-label', words.join('; '));
  return svg;
}

const short = (text, most) => (text.length > most ? text.slice(0, most - 1) + '…' : text);

function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let i = 0;
  for (; bytes >= 1000 && i < 3; i++) bytes /= 1000;
  return (i ? bytes.toFixed(bytes < 10 ? 1 : 0) : bytes) + ' ' + units[i];
}
