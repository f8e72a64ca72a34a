// What every device gets, by the rules of docs/contract.md section 3.

const fleet = JSON.parse(document.getElementById('model').textContent);
const buckets = 16 ** fleet.project.bucket_digits;
const bucketName = (i) => i.toString(16).padStart(fleet.project.bucket_digits, '0');
const versionOf = (release) => fleet.versions[fleet.releases[release].version];

// percent is the share of an activation at an instant.
function percent(activation, at) {
  if (activation.paused !== undefined) at = Math.min(at, activation.paused);
  if (activation.steps) return activation.steps.reduce((share, [from, to]) => (at < from ? share : to), 0);
  const ramp = activation.ramp;
  if (!ramp) return activation.fixed;
  const x = (at - ramp.start) / ramp.duration;
  if (x < 0) return 0;
  if (x >= 1) return ramp.to;
  return ramp.linear ? ramp.from + (ramp.to - ramp.from) * x : ramp.from * (ramp.to / ramp.from) ** x;
}

// covered is how many buckets a share covers: all or none only at 100 and 0.
function covered(share) {
  if (share <= 0) return 0;
  if (share >= 100) return buckets;
  return Math.min(buckets - 1, Math.max(1, Math.floor((buckets * share) / 100 + 0.5)));
}

const offers = (activation) => !activation.aborted && !fleet.releases[activation.release].withdrawn;
const reaches = (activation, at) => (offers(activation) ? covered(percent(activation, at)) : 0);

// A device that asks eagerly looks in no bucket, and is covered by what has begun.
const EAGER = -1;
const ahead = (activation, at) => !activation.not_eager && !(activation.paused <= at);

// ranks is the order in which a rollout with a seed takes the buckets.
const ranks = memo((seed) => {
  const text = new TextEncoder();
  const draws = Array.from({ length: buckets }, (_, i) => edge.xxh64(text.encode(seed + '/' + bucketName(i))) + bucketName(i)).sort();
  const order = new Uint16Array(buckets);
  draws.forEach((draw, rank) => { order[parseInt(draw.slice(16), 16)] = rank; });
  return order;
});

function memo(make) {
  const made = new Map();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key);
  };
}

// payloads are those of a release for a target.
const payloads = (release, target) => fleet.releases[release].payloads.filter((p) => p.target === target);

// A device states no version, or one that is not known.
const NONE = -2, UNKNOWN = -1;

// choices are what a device on a version may get, in the order in which they
// are preferred: the first whose activation covers its bucket decides.
function choices(cohort, target, version) {
  const full = [], must = [], delta = [];
  for (const activation of cohort.activations) {
    const release = fleet.releases[activation.release];
    for (const payload of payloads(activation.release, target)) {
      const choice = { activation, payload, version: payload.version };
      if (payload.from >= 0) { if (payload.from === version) delta.unshift(choice); continue; }
      full.unshift(choice);
      if (release.must) must.unshift(choice);
    }
  }
  for (const list of [full, delta]) list.sort((a, b) => b.version - a.version);
  must.sort((a, b) => a.version - b.version);
  const edges = (fleet.targets[target].edges || []).filter((e) => e.version === Math.max(version, -1));
  const held = ({ activation: { release } }) => edges.find((e) => e.from <= release && release < e.to);
  const as = (rule, needs) => (choice) => ({ ...choice, rule, needs });
  const stop = (choice, rule) => ({ ...choice, rule, needs: choice.activation, payload: null, held: held(choice) });
  const blind = (rule) => (choice) => (held(choice) ? stop(choice, 'unknown-conditional') : as(rule)(choice));
  if (version === NONE) return full.map(blind('no-version'));
  if (version === UNKNOWN) {
    return fleet.project.unknown === 'hold' ? [] : [...must, ...full].map(blind('unknown-below'));
  }
  const up = (choice) => choice.version > version;
  const allowed = (choice) => up(choice) || (choice.version !== version && !cohort.version_check);
  const open = (choice) => !held(choice);
  // Where something above is kept from the device, only what is open above it
  // is left; below a must-pass-through release, where it is that.
  const kept = [...must, ...[...full, ...delta].sort((a, b) => a.version - b.version)].filter((choice) => up(choice) && held(choice));
  const instead = kept.flatMap((choice) => {
    const left = (c) => open(c) && up(c) && (!must.includes(choice) || c.version < choice.version);
    return [...delta.filter(left).map(as('delta', choice.activation)), ...must.filter(left).map(as('must-pass-through', choice.activation)),
      ...full.filter(left).map(as('highest', choice.activation)), stop(choice, 'blocked')];
  });
  return [
    ...instead,
    ...delta.filter((choice) => open(choice) && allowed(choice)).map(as('delta')),
    ...must.filter((choice) => open(choice) && up(choice)).map(as('must-pass-through')),
    ...full.filter(open).map((choice) => (allowed(choice) ? as('highest')(choice) : { ...choice, rule: 'up-to-date', payload: null })),
  ];
}

// reach is whether a choice covers a bucket at an instant, as far as all
// buckets have it in common: all, none, or a function.
function reach({ activation, needs }, at) {
  const tests = [];
  for (const a of needs && needs !== activation ? [activation, needs] : [activation]) {
    const n = reaches(a, at);
    if (n === 0) return false;
    if (n < buckets) { const rank = ranks(a.seed); tests.push((b) => (b === EAGER ? ahead(a, at) : rank[b] < n)); }
  }
  return tests.length === 0 || ((b) => tests.every((test) => test(b)));
}

// decide gives, for each bucket, the index of a choice plus one; 0 is nothing.
function decide(list, at, into) {
  into.fill(0);
  for (let i = list.length - 1; i >= 0; i--) {
    const covers = reach(list[i], at);
    if (covers === true) into.fill(i + 1);
    else if (covers) for (let b = 0; b < buckets; b++) if (covers(b)) into[b] = i + 1;
  }
  return into;
}

// decision is what one bucket gets, or EAGER; null where nothing is in reach.
function decision(list, bucket, at) {
  return list.find((choice) => {
    const covers = reach(choice, at);
    return covers === true || (covers && covers(bucket));
  }) || null;
}

const because = {
  'delta': 'a delta leads from the current version to it',
  'must-pass-through': 'it is the lowest must-pass-through release above the current version',
  'highest': 'it is the highest release in reach',
  'no-version': 'it is the highest release in reach, and the device states no version',
  'unknown-below': 'the current version is not listed here, and it is what _other offers',
  'blocked': 'what is above is not for the current version',
  'unknown-conditional': 'what it would get is not for all versions, and its own is not listed here',
  'up-to-date': 'no release in reach has anything new for the device',
};

// weight is how many devices of a cohort are in each bucket; where the cohort
// lists none, each bucket counts as one.
const weight = memo((cohort) => {
  if (!cohort.buckets) return new Uint32Array(buckets).fill(1);
  const devices = new Uint32Array(buckets);
  cohort.buckets.forEach((bucket, i) => { devices[bucket] = cohort.counts[i]; });
  return devices;
});

// shares are the parts of a cohort, 0 to 1, by the release that it is offered;
// -1 is none.
function shares(cohort, list, decided) {
  const devices = weight(cohort), sums = new Map();
  let all = 0;
  for (let b = 0; b < buckets; b++) {
    if (!devices[b]) continue;
    const choice = list[decided[b] - 1];
    const release = choice && choice.payload ? choice.activation.release : -1;
    sums.set(release, (sums.get(release) || 0) + devices[b]);
    all += devices[b];
  }
  return [...sums].map(([release, n]) => ({ release, share: n / all, devices: n })).sort((a, b) => b.release - a.release);
}

// instants are those at which a cohort's answers change, ascending; a ramp has
// its beginning and its end.
function instants(cohort) {
  const found = cohort.activations.flatMap((a) => (offers(a) ? schedule(a).map(([at]) => at) : []).concat(waiting(a) ? waiting(a).at : []));
  return [...new Set(found)].sort((a, b) => a - b);
}

// waiting is the step of an activation that waits for its gate, and when it may
// begin at the earliest; null for none.
const waiting = (a) => (a.gate && offers(a) && a.paused === undefined ? { ...a.gate, at: Math.max(a.gate.due || 0, fleet.at) } : null);

// schedule is an activation as points of instant and percent.
function schedule(activation) {
  const ramp = activation.ramp;
  if (activation.steps) return activation.steps;
  if (!ramp) return [];
  const points = 48;
  return Array.from({ length: points + 1 }, (_, i) => {
    const at = ramp.start + (ramp.duration * i) / points;
    return [at, i === points ? ramp.to : percent({ ramp }, at)];
  });
}
