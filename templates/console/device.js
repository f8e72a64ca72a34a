// A device's way to its answer: the keys that it asks for, and what came.

async function ask(base, question, tell) {
  const { serial, target, version } = question;
  const root = base + '/' + fleet.project.prefix + '/v1/';
  const hash = edge.hash(serial);
  const shard = await get(root + 'cohorts/' + hash.slice(0, fleet.project.cohort_digits) + '.txt', tell);
  if (shard.status !== 200) throw new Error('the cohort index did not answer');
  const line = shard.body.split('\n').find((l) => l.startsWith(hash + ' '));
  const cohort = line ? line.slice(17) : 'default';
  const bucket = hash.slice(0, fleet.project.bucket_digits);
  const folder = root + 'latest/' + edge.escape(target.software) + '/' + edge.escape(target.hardware) + '/' + cohort + '/';
  const found = { hash, cohort, bucket, url: '', offered: '' };
  const own = await get(folder + (version ? edge.escape(version) : '_none') + '/' + bucket + '.txt', tell);
  if (own.status === 200) return { ...found, url: own.body };
  if (own.status !== 404 && own.status !== 403) throw new Error('status ' + own.status);
  if (!version) return { ...found, missing: true };
  const other = await get(folder + '_other/' + bucket + '.below.txt', tell);
  if (other.status !== 200) return { ...found, missing: true };
  if (!other.body) return found;
  const [offered, url] = other.body.split('\n');
  return { ...found, offered, url: !offered || edge.takes([version], offered) ? url : '' };
}

// get asks for a key, and tells of it.
async function get(url, tell) {
  const began = performance.now();
  const response = await fetch(url, { cache: 'no-store', credentials: 'omit' });
  const body = response.ok ? await response.text() : '';
  tell({ url, status: response.status, age: response.headers.get('Age'), body, took: performance.now() - began });
  return { status: response.status, body };
}

// expected is what the definitions say to the same question.
function expected(question, cohortSlug, at) {
  const cohort = fleet.cohorts.find((c) => c.slug === cohortSlug);
  const target = fleet.targets.indexOf(question.target);
  if (!cohort || target < 0) return null;
  const listed = fleet.targets[target].known.find((v) => fleet.versions[v] === question.version);
  const version = !question.version ? NONE : listed === undefined ? UNKNOWN : listed;
  const bucket = parseInt(edge.hash(question.serial).slice(0, fleet.project.bucket_digits), 16);
  const choice = decision(choices(cohort, target, version), bucket, at);
  if (!choice || !choice.payload) return { url: '', rule: 'up-to-date' };
  const offered = fleet.versions[choice.version];
  if (version === UNKNOWN && cohort.version_check && !edge.takes([question.version], offered)) {
    return { url: '', rule: 'up-to-date' };
  }
  return { url: choice.payload.url, rule: choice.rule, version: offered };
}
