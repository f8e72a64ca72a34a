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
  const as = (rule) => (choice) => ({ ...choice, rule });
  if (version === NONE) return full.map(as('no-version'));
  if (version === UNKNOWN) {
    return fleet.project.unknown === 'hold' ? [] : [...must, ...full].map(as('unknown-below'));
  }
  const allowed = (choice) => choice.version > version || (choice.version !== version && !cohort.version_check);
  return [
    ...delta.filter(allowed).map(as('delta')),
    ...must.filter((choice) => choice.version > version).map(as('must-pass-through')),
    ...full.map((choice) => (allowed(choice) ? as('highest')(choice) : { ...choice, rule: 'up-to-date', payload: null })),
  ];
}

// decide gives, for each bucket, the index of a choice plus one; 0 is nothing.
function decide(list, at, into) {
  into.fill(0);
  for (let i = list.length - 1; i >= 0; i--) {
    const n = reaches(list[i].activation, at);
    if (n === 0) continue;
    if (n === buckets) { into.fill(i + 1); continue; }
    const rank = ranks(list[i].activation.seed);
    for (let b = 0; b < buckets; b++) if (rank[b] < n) into[b] = i + 1;
  }
  return into;
}

// decision is what one bucket gets; null where nothing is in reach.
function decision(list, bucket, at) {
  return list.find(({ activation }) => {
    const n = reaches(activation, at);
    return n === buckets || (n > 0 && ranks(activation.seed)[bucket] < n);
  }) || null;
}

const because = {
  'delta': 'a delta leads from the current version to it',
  'must-pass-through': 'it is the lowest must-pass-through release above the current version',
  'highest': 'it is the highest release in reach',
  'no-version': 'it is the highest release in reach, and the device states no version',
  'unknown-below': 'the current version is not listed here, and it is what _other offers',
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
  const found = cohort.activations.flatMap((a) => (offers(a) ? schedule(a).map(([at]) => at) : []));
  return [...new Set(found)].sort((a, b) => a - b);
}

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
