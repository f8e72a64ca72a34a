// What is looked at, and what follows from it.

const $ = (id) => document.getElementById(id);
const zone = fleet.project.timezone || 'UTC';
const format = (options) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
const whole = format({ weekday: 'short', year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' });
const shortDay = format({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const clock = format({ weekday: 'short', hour: 'numeric' });

const calendar = {
  day: (t) => shortDay.format(t * 1000),
  // rests are the weekends of a time, and its nights where it is short.
  rests(from, to) {
    const hour = 3600, days = (to - from) / 86400;
    if (days > 180) return [];
    const found = [];
    for (let t = Math.floor(from / hour) * hour; t < to; t += hour) {
      const parts = Object.fromEntries(clock.formatToParts(t * 1000).map((p) => [p.type, p.value]));
      const rest = /^(Sat|Sun)/.test(parts.weekday) || (days < 15 && (parts.hour < 7 || parts.hour > 19));
      if (!rest) continue;
      const last = found[found.length - 1];
      if (last && last[1] === t) last[1] = t + hour;
      else found.push([t, t + hour]);
    }
    return found;
  },
};

const changes = [...new Set(fleet.cohorts.flatMap(instants))].sort((a, b) => a - b);
const day = 86400;
const span = { from: Math.min(fleet.at, ...changes) - day, to: Math.max(fleet.at, ...changes) + day };
const view = { cohort: 0, target: 0, runs: NONE, at: fleet.at, bucket: -1 };
const decided = new Uint16Array(buckets), releaseOf = new Int32Array(buckets);

function look() {
  const cohort = fleet.cohorts[view.cohort];
  return { cohort, list: fleet.targets.length ? choices(cohort, view.target, view.runs) : [] };
}

// paint draws what moves with the time, at each frame of the slider.
function paint() {
  const { cohort, list } = look();
  decide(list, view.at, decided);
  for (let b = 0; b < buckets; b++) {
    const choice = list[decided[b] - 1];
    releaseOf[b] = choice && choice.payload ? choice.activation.release : -1;
  }
  drawMap($('map'), releaseOf, weight(cohort), view.bucket);
  $('instant').textContent = whole.format(view.at * 1000);
}

// settle draws the rest.
function settle() {
  paint();
  const { cohort, list } = look();
  const parts = shares(cohort, list, decided);
  const types = fleet.targets[view.target];
  $('map').setAttribute('aria-label', `${buckets} buckets of ${cohort.slug}`);
  $('mapabout').textContent = `${buckets} buckets of cohort ${cohort.slug}` + (types ? `, ${types.software} on ${types.hardware}` : '') + ': ' + sharesText(parts) + '. Choose one by pointer or arrow keys.';
  tracks();
  rollouts(cohort);
  const own = instants(cohort), edges = [Math.min(view.at, ...own, fleet.at), Math.max(view.at, ...own, fleet.at)];
  const margin = Math.max(day / 2, (edges[1] - edges[0]) * 0.08);
  $('schedule').replaceChildren(chart(cohort, edges[0] - margin, edges[1] + margin, view.at, calendar, Math.max(320, $('schedule').clientWidth)));
  upcoming();
  $('paths').replaceChildren(fleet.targets.length ? paths(cohort, view.target, view.at) : 'No release has a payload.');
  bucket();
  link();
}

// tracks shows what each cohort is offered: the chosen one at once, the others
// when the browser has time.
let turnOf = 0;
function tracks() {
  const own = ++turnOf, offered = new Set([-1]), many = fleet.cohorts.length > 12;
  const open = new Set([...document.querySelectorAll('#tracks details[open]')].map((d) => d.dataset.cohort));
  const rows = fleet.cohorts.map((cohort, c) => element('details', { 'data-cohort': cohort.slug, open: open.has(cohort.slug) || !many || c === view.cohort },
    element('summary', {}, cohort.slug + ' ', element('small', {}, cohort.devices === null ? 'all devices that no other cohort lists' : `${cohort.devices} devices`))));
  $('tracks').className = many ? 'many' : '';
  $('tracks').replaceChildren(...rows);
  const queue = [view.cohort, ...rows.keys()].filter((c, i, all) => all.indexOf(c) === i);
  const idle = window.requestIdleCallback || setTimeout;
  const step = () => {
    if (own !== turnOf) return;
    const c = queue.shift();
    track(c, rows[c], offered);
    $('legend').replaceChildren(...[...offered].sort((a, b) => b - a).map((release) => element('li', {}, swatch(release), nameOf(release))));
    if (queue.length) idle(step);
  };
  step();
}

// track shows what one cohort is offered, targets that are alike in one row.
function track(c, row, offered) {
  const cohort = fleet.cohorts[c], scratch = new Uint16Array(buckets), alike = new Map();
  fleet.targets.forEach((_, t) => {
    const list = choices(cohort, t, NONE);
    const parts = shares(cohort, list, decide(list, view.at, scratch)), text = sharesText(parts);
    parts.forEach(({ release }) => offered.add(release));
    if (!alike.has(text)) alike.set(text, { parts, targets: [] });
    alike.get(text).targets.push(t);
  });
  for (const [text, { parts, targets }] of alike) {
    const chosen = c === view.cohort && targets.includes(view.target), t = chosen ? view.target : targets[0];
    const { software, hardware } = fleet.targets[t], more = targets.length - 1;
    const button = element('button', { type: 'button', class: 'track', 'aria-pressed': String(chosen) },
      element('span', {}, `${software} · ${hardware}` + (more ? ` and ${more} more` : ''), element('br'), text), bar(parts));
    button.addEventListener('click', () => { Object.assign(view, { cohort: c, target: t, runs: NONE }); fill(); settle(); });
    row.append(button);
  }
  const glance = [...alike.values()].sort((a, b) => b.targets.length - a.targets.length)[0];
  if (glance) row.firstChild.append(bar(glance.parts));
}

function rollouts(cohort) {
  const rows = cohort.activations.slice().reverse().map((a) => {
    const release = fleet.releases[a.release], share = offers(a) ? percent(a, view.at) : 0;
    const next = offers(a) && a.paused === undefined && schedule(a).find(([t, p]) => t > view.at && p !== share);
    const state = release.withdrawn ? ['withdrawn: ' + release.withdrawn] : a.aborted ? ['aborted: ' + a.aborted]
      : a.paused !== undefined && a.paused <= view.at ? ['paused since ' + whole.format(a.paused * 1000)]
      : next ? [`${Math.round(next[1] * 100) / 100} % at ${whole.format(next[0] * 1000)}`, true] : [a.waits || (share >= 100 ? 'done' : 'stays'), true];
    return element('tr', {}, element('td', {}, swatch(a.release), versionOf(a.release), element('small', {}, (release.must ? ' must pass through' : '') + (fleet.project.eager && a.not_eager ? ' eager = false' : ''))),
      element('td', { class: 'number' }, `${Math.round(share * 100) / 100} %`), element('td', { class: state[1] ? '' : 'alarm' }, state[0]));
  });
  const head = element('thead', {}, element('tr', {}, ...['Release', 'Percent', 'What comes next'].map((h) => element('th', { scope: 'col' }, h))));
  $('rollouts').replaceChildren(element('caption', { class: 'about' }, 'Of cohort ' + cohort.slug + (cohort.promotes ? ', which promotes ' + cohort.promotes : '')), head, element('tbody', {}, ...rows));
}

function bucket() {
  const b = view.bucket;
  if (b < 0) { $('bucket').textContent = ''; return; }
  const { cohort, list } = look();
  if (!weight(cohort)[b]) { $('bucket').textContent = `Bucket ${bucketName(b)}: no device of this cohort.`; return; }
  const choice = decision(list, b, view.at);
  const turns = cohort.activations.filter((a) => offers(a) && (a.steps || a.ramp)).reverse().map((a) => {
    const rank = ranks(a.seed)[b];
    const when = turn(a, rank);
    return `${versionOf(a.release)}: rank ${rank} of ${buckets}, ` + (when === null ? 'not by this schedule' : 'from ' + whole.format(when * 1000));
  });
  const devices = cohort.buckets ? `, ${weight(cohort)[b]} devices` : '';
  $('bucket').textContent = `Bucket ${bucketName(b)}${devices}: ` + (choice && choice.payload ? `${fleet.versions[choice.version]}, since ${because[choice.rule]}. ` : choice && choice.held ? `nothing, since ${choice.held.why}. ` : 'nothing new. ') + turns.join('; ');
}

// turn is when a rollout comes to a rank; null for never.
function turn(activation, rank) {
  const points = schedule(activation);
  const i = points.findIndex(([t]) => covered(percent(activation, t)) > rank);
  if (i < 0) return null;
  if (!activation.ramp || i === 0) return points[i][0];
  let [low, high] = [points[i - 1][0], points[i][0]];
  while (high - low > 0.5) {
    const middle = (low + high) / 2;
    if (covered(percent(activation, middle)) > rank) high = middle; else low = middle;
  }
  return high;
}

// upcoming is what the schedule brings next in all cohorts, each with a publish
// after it; a ramp has its beginning and its end.
function upcoming() {
  const next = fleet.cohorts.flatMap((cohort) => cohort.activations.filter((a) => offers(a) && a.paused === undefined).flatMap((a) =>
    (a.ramp ? schedule(a).filter((_, i, all) => i === 0 || i === all.length - 1) : schedule(a)).filter(([at]) => at > view.at)
      .map(([at, share]) => ({ at, text: `${cohort.slug}: ${versionOf(a.release)} to ${Math.round(share * 100) / 100} %` }))
      .concat(waiting(a) && waiting(a).at >= view.at ? { at: waiting(a).at, text: `${cohort.slug}: ${versionOf(a.release)} to ${a.gate.percent} %, once gate ${a.gate.name} has passed` } : []))).sort((a, b) => a.at - b.at);
  $('soon').textContent = next.length ? 'Next in all cohorts, each with a publish after it:' : 'No schedule of any cohort brings anything more.';
  $('upcoming').replaceChildren(...next.slice(0, 6).map(({ at, text }) => element('li', {}, element('time', { datetime: new Date(at * 1000).toISOString() }, whole.format(at * 1000)), ' ' + text)));
}

// fill brings the form in line with the view.
function fill() {
  const options = (id, items, chosen) => {
    $(id).replaceChildren(...items.map(([value, text]) => element('option', { value, selected: value === chosen }, short(text, 60))));
    $(id).value = String(chosen);
  };
  options('cohort', fleet.cohorts.map((c, i) => [i, c.slug]), view.cohort);
  options('target', fleet.targets.map((t, i) => [i, `${t.software} · ${t.hardware}`]), view.target);
  const known = fleet.targets.length ? fleet.targets[view.target].known.slice().reverse() : [];
  if (view.runs >= 0 && !known.includes(view.runs)) view.runs = NONE;
  options('runs', [[NONE, 'no version: the newest'], ...known.map((v) => [v, fleet.versions[v]]), [UNKNOWN, 'a version below what _other offers']], view.runs);
  $('time').value = String(Math.round(((view.at - span.from) / (span.to - span.from)) * 1000));
}

function link() {
  const target = fleet.targets[view.target] || {};
  const said = { cohort: fleet.cohorts[view.cohort].slug, software: target.software || '', hardware: target.hardware || '', at: new Date(view.at * 1000).toISOString(), serial: $('serial').value, version: $('current').value, eager: $('eager').checked ? '1' : '' };
  history.replaceState(null, '', '#' + new URLSearchParams(Object.entries(said).filter(([, v]) => v)));
}

function follow() {
  const said = new URLSearchParams(location.hash.slice(1));
  const cohort = fleet.cohorts.findIndex((c) => c.slug === said.get('cohort'));
  const target = fleet.targets.findIndex((t) => t.software === said.get('software') && t.hardware === said.get('hardware'));
  const at = Date.parse(said.get('at')) / 1000;
  Object.assign(view, { cohort: Math.max(cohort, 0), target: Math.max(target, 0), at: at >= span.from && at <= span.to ? at : fleet.at });
  if (cohort < 0) view.cohort = Math.max(fleet.cohorts.findIndex((c) => c.slug === 'default'), 0);
  $('serial').value = said.get('serial') || '';
  $('current').value = said.get('version') || '';
  $('eager').checked = fleet.project.eager === true && said.get('eager') === '1';
}

function published() {
  const p = fleet.published, said = whole.format(fleet.at * 1000);
  $('published').textContent = p ? `Published ${whole.format(p.at * 1000)}${p.source ? ' from ' + p.source : ''}. This page is of ${said}.` : `This page is of ${said}. Nothing is known to be published.`;
  if (p && p.head_expires) $('published').append(p.head_expires > fleet.at ? ` The signed head is good until ${whole.format(p.head_expires * 1000)}.` : element('span', { class: 'alarm' }, ` The signed head expired at ${whole.format(p.head_expires * 1000)}.`));
  if (fleet.history.length) {
    $('history').hidden = false;
    $('history').querySelector('ol').replaceChildren(...fleet.history.map((edit) => element('li', {},
      element('time', { datetime: new Date(edit.at * 1000).toISOString() }, whole.format(edit.at * 1000)), ' ', edit.changes.join('; ') || 'no answer changes', ' ',
      element('small', {}, `${edit.subject}, commit ${edit.commit.slice(0, 10)}`))));
  }
  if (fleet.warnings.length) {
    $('warnings').hidden = false;
    $('warnings').querySelector('ul').replaceChildren(...fleet.warnings.map((w) => element('li', {}, element('code', {}, w.place), ' ' + w.message + ' ', element('small', {}, w.rule))));
  }
}

// keepUp loads the page again once the definitions changed, and tells what is
// wrong with them.
async function keepUp(tag) {
  await new Promise((done) => setTimeout(done, 1500));
  try {
    const response = await fetch(location.pathname, { cache: 'no-store' });
    if (!response.ok) {
      $('published').replaceChildren(element('span', { class: 'alarm' }, await response.text()));
      tag = ''; // load again once there is a page
    } else if (response.headers.get('ETag') !== tag) {
      location.reload();
      return;
    }
  } catch {
    $('published').textContent = 'The server does not answer.';
  }
  keepUp(tag);
}

async function answer(event) {
  event.preventDefault();
  if (!fleet.targets.length) return;
  const question = { serial: $('serial').value.trim(), target: fleet.targets[view.target], version: $('current').value, eager: $('eager').checked };
  const log = element('ol'), verdict = element('p', { id: 'verdict' });
  $('answer').replaceChildren(verdict, log);
  link();
  const tell = (r) => log.append(element('li', {}, element('code', {}, 'GET ' + r.url), ` ${r.status}, ${r.took.toFixed(0)} ms` + (r.age ? `, ${r.age} s old` : '') + (r.body ? ': ' : ''), element('code', {}, short(r.body.replaceAll('\n', '⏎'), 240))));
  try {
    const got = await ask($('base').value.replace(/\/+$/, ''), question, tell);
    const due = expected(question, got.cohort, Date.now() / 1000);
    const sure = fleet.signing ? await proof(question, got, tell) : '';
    verdict.append(`Hash ${got.hash}, cohort ${got.cohort}, ${question.eager ? 'asking eagerly' : 'bucket ' + got.bucket}. `, element('strong', {}, got.missing ? 'No answer is there.' : got.url ? 'Install ' + got.url : 'Up to date.'));
    verdict.append(sure);
    if (due) verdict.append(due.url === got.url ? ` So say the definitions: ${because[due.rule]}.` : ` The definitions of this page say now: ${due.url ? 'install ' + due.url : 'up to date'}.`);
  } catch (error) {
    verdict.append(element('span', { class: 'alarm' }, `The answers could not be read: ${error.message}. Where the page is not at ${new URL(fleet.project.base_url).origin}, the bucket must allow it (CORS).`));
  }
}

// proof compares an answer with the signed one.
async function proof(question, got, tell) {
  try {
    const sure = await askSigned($('base').value.replace(/\/+$/, ''), question, tell);
    if (sure.stale) return element('span', { class: 'alarm' }, ` Not trusted: ${sure.stale}.`);
    if (sure.url !== got.url) return element('span', { class: 'alarm' }, ` The signed answer is another: ${sure.url || 'up to date'}.`);
    return element('span', { id: 'signed' }, ` Signed, by a head of ${whole.format(sure.issued * 1000)} that is good until ${whole.format(sure.expires * 1000)}.`);
  } catch (error) {
    return element('span', { class: 'alarm', id: 'refused' }, ` Refused: ${error.message}.`);
  }
}

function wire() {
  $('base').value = fleet.live ? location.origin + new URL(fleet.project.base_url).pathname.replace(/\/$/, '') : fleet.project.base_url;
  $('eager').parentElement.hidden = !fleet.project.eager;
  for (const id of ['cohort', 'target', 'runs']) {
    $(id).addEventListener('change', () => { view[id] = Number($(id).value); fill(); settle(); });
  }
  let frame = 0;
  $('time').addEventListener('input', () => {
    view.at = span.from + ((span.to - span.from) * Number($('time').value)) / 1000;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(paint);
  });
  $('time').addEventListener('change', settle);
  const jump = (at) => { if (at !== undefined) { view.at = at; fill(); settle(); } };
  $('earlier').addEventListener('click', () => jump(changes.findLast((t) => t < view.at)));
  $('later').addEventListener('click', () => jump(changes.find((t) => t > view.at)));
  $('now').addEventListener('click', () => jump(fleet.at));
  const side = Math.sqrt(buckets), choose = (b) => { view.bucket = b; paint(); bucket(); };
  $('map').addEventListener('click', (e) => {
    const box = $('map').getBoundingClientRect(), at = (part, all) => Math.min(side - 1, Math.max(0, Math.floor((part / all) * side)));
    choose(at(e.clientY - box.top, box.height) * side + at(e.clientX - box.left, box.width));
  });
  $('map').addEventListener('keydown', (e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -side, ArrowDown: side }[e.key];
    if (!step) return;
    e.preventDefault();
    choose(Math.min(buckets - 1, Math.max(0, (view.bucket < 0 ? -step : view.bucket) + step)));
  });
  $('ask').addEventListener('submit', answer);
  addEventListener('hashchange', () => { follow(); fill(); settle(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { paint(); if (fleet.plan) paintPlan(); document.querySelectorAll('.swatch').forEach(paintSwatch); });
}

follow();
wire();
fill();
published();
if (fleet.plan) showPlan(fleet.plan);
if (fleet.live) keepUp(fleet.live);
settle();
