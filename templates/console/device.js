// A device's way to its answer: the keys that it asks for, and what came.

async function ask(base, question, tell) {
  const { serial, target, version, eager } = question;
  const root = base + '/' + fleet.project.prefix + '/v1/';
  const hash = edge.hash(serial);
  const shard = await get(root + 'cohorts/' + hash.slice(0, fleet.project.cohort_digits) + '.txt', tell);
  if (shard.status !== 200) throw new Error('the cohort index did not answer');
  const line = shard.body.split('\n').find((l) => l.startsWith(hash + ' '));
  const cohort = line ? line.slice(17) : 'default';
  const bucket = eager ? '_eager' : hash.slice(0, fleet.project.bucket_digits);
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
  const bucket = question.eager ? EAGER : parseInt(edge.hash(question.serial).slice(0, fleet.project.bucket_digits), 16);
  const choice = decision(choices(cohort, target, version), bucket, at);
  if (!choice || !choice.payload) return { url: '', rule: choice && choice.held ? choice.rule : 'up-to-date' };
  const offered = fleet.versions[choice.version];
  if (version === UNKNOWN && cohort.version_check && !edge.takes([question.version], offered)) {
    return { url: '', rule: 'up-to-date' };
  }
  return { url: choice.payload.url, rule: choice.rule, version: offered };
}

// The signed way: head and keys are verified, and each part by its digest, so
// that nobody who holds the bucket can make up an answer.

const utf8 = new TextEncoder();
const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const hexOf = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

// note takes a signed note apart: its text, and its signatures by key id.
function note(body) {
  const cut = body.lastIndexOf('\n\n');
  if (cut < 0) throw new Error('no signed note');
  const signatures = body.slice(cut + 2).split('\n').filter(Boolean).map((line) => {
    const bytes = bytesOf(line.slice(line.lastIndexOf(' ') + 1));
    return { id: hexOf(bytes.slice(0, 4)), signature: bytes.slice(4) };
  });
  return { text: body.slice(0, cut + 1), lines: body.slice(0, cut).split('\n'), signatures };
}

// signed says whether so many of the keys have signed a note. A key is its id
// and its public part.
async function signed({ text, signatures }, keys, threshold) {
  let count = 0;
  for (const [id, key] of keys) {
    const line = signatures.find((s) => s.id === id);
    if (!line) continue;
    const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
    if (await crypto.subtle.verify('Ed25519', imported, line.signature, utf8.encode(text))) count++;
  }
  return count >= threshold;
}

async function askSigned(base, question, tell) {
  const signing = fleet.signing, root = base + '/' + fleet.project.prefix + '/v1/signed/';
  const fetchText = async (name) => {
    const got = await get(root + name, tell);
    if (got.status !== 200) throw new Error(`${name} did not answer`);
    return note(got.body);
  };
  const head = await fetchText('head.txt'), keys = await fetchText('keys.txt');
  const roots = signing.roots.map(({ id, key }) => [id, bytesOf(key)]);
  if (!await signed(keys, roots, signing.threshold)) throw new Error('keys.txt is not signed by the root keys of this project');
  const [kind, origin, numbers, ...online] = keys.lines;
  const [generation, threshold, , keysExpire] = numbers.split(' ').map(Number);
  const [headKind, headOrigin, headNumbers, latest, cohorts] = head.lines;
  const [headGeneration, epoch, issued, expires] = headNumbers.split(' ').map(Number);
  if (kind !== 'cairn keys 1' || headKind !== 'cairn head 1' || origin !== signing.origin || headOrigin !== signing.origin) throw new Error('the head is of another project');
  if (generation !== headGeneration) throw new Error(`the head is of generation ${headGeneration} of the keys, keys.txt of ${generation}`);
  const byID = online.map((line) => bytesOf(line)).map((b) => [hexOf(b.slice(0, 4)), b.slice(4)]);
  if (!await signed(head, byID, threshold)) throw new Error('the head is not signed by the keys of keys.txt');
  const now = Date.now() / 1000;
  const stale = now > expires ? `the head expired at ${whole.format(expires * 1000)}` : now > keysExpire ? `keys.txt expired at ${whole.format(keysExpire * 1000)}` : '';
  const part = async (digest) => {
    const response = await fetch(root + digest.slice(0, 32), { cache: 'no-store', credentials: 'omit' });
    const body = new Uint8Array(response.ok ? await response.arrayBuffer() : []);
    tell({ url: response.url, status: response.status, age: response.headers.get('Age'), body: '', took: 0 });
    if (hexOf(await sha256(body)) !== digest) throw new Error('a part is not what the head says: ' + digest.slice(0, 32));
    return body;
  };
  // find walks from a root to the entry of one of the questions.
  const find = async (top, track, questions) => {
    const place = hexOf(await sha256(utf8.encode(track)));
    let body = await part(hexOf(bytesOf(top)));
    for (let depth = 0; body[0] === 73; depth++) { // an inner node
      const digit = parseInt(place[depth], 16);
      const next = hexOf(body.slice(1 + 32 * digit, 33 + 32 * digit));
      if (/^0+$/.test(next)) return null;
      body = await part(next);
    }
    for (const [i, question] of questions.entries()) {
      const key = hexOf((await sha256(utf8.encode(question))).slice(0, 8));
      for (let at = 1; at < body.length; at += 40) {
        if (hexOf(body.slice(at, at + 8)) === key) return { i, body: await part(hexOf(body.slice(at + 8, at + 40))) };
      }
    }
    return null;
  };
  const hash = edge.hash(question.serial), digits = fleet.project.bucket_digits;
  const shard = 'cohorts/' + hash.slice(0, fleet.project.cohort_digits);
  const listed = await find(cohorts, shard, [shard]);
  const line = listed && new TextDecoder().decode(listed.body).split('\n').find((l) => l.startsWith(hash + ' '));
  const cohort = line ? line.slice(17) : 'default';
  const track = 'latest/' + edge.escape(question.target.software) + '/' + edge.escape(question.target.hardware) + '/' + cohort;
  const suffix = question.eager ? '/_eager' : digits < 4 ? '' : '/' + hash[0], own = question.version ? edge.escape(question.version) : '_none';
  const row = await find(latest, track, question.version ? [own, '_other'].map((v) => `${track}/${v}${suffix}`) : [`${track}/${own}${suffix}`]);
  if (!row) return { missing: true, epoch, issued, expires, stale };
  const rows = 16 ** Math.min(digits, 3), bucket = parseInt(hash.slice(digits < 4 ? 0 : 1, digits), 16);
  const planes = row.body[1], width = Math.ceil(rows / 8);
  let answer = 0;
  for (let p = 0; p < planes; p++) answer |= ((row.body[2 + p * width + (bucket >> 3)] >> (bucket & 7)) & 1) << p;
  const found = { url: '', epoch, issued, expires, stale };
  if (!answer) return found;
  const [digest, bytes, url, offered] = new TextDecoder().decode(row.body.slice(2 + planes * width)).split('\n')[answer - 1].split(' ');
  const above = row.i === 0 || !offered || edge.takes([question.version], unescapeSegment(offered));
  return above ? { ...found, url, digest, bytes: Number(bytes) } : found;
}

const unescapeSegment = (segment) => decodeURIComponent(segment.replace(/_(..)/g, '%$1'));
