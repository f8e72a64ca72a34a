// Looks at a page as people do, and says what is wrong with it. It reads a job
// from standard input, and exits with 1 where something is wrong.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const job = JSON.parse(readFileSync(0, 'utf8'));
const wrong = [];
let failing = false; // the server is meant to fail
const browser = await chromium.launch({ executablePath: job.browser, args: ['--no-sandbox', '--disable-gpu'] });

async function open(options = {}) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.on('console', (m) => { if (m.type() === 'error' && !(failing ? /status of 500/ : /status of 404/).test(m.text())) wrong.push('console: ' + m.text()); });
  page.on('pageerror', (e) => wrong.push('error: ' + e.message));
  page.on('request', (r) => {
    if (new URL(r.url()).origin !== new URL(job.page).origin && !r.url().startsWith('data:')) wrong.push('asks elsewhere: ' + r.url());
  });
  await page.clock.setFixedTime(job.now);
  await page.goto(job.page);
  await page.waitForFunction(() => document.querySelectorAll('#rollouts tbody').length > 0);
  return page;
}

const check = (holds, text) => { if (!holds) wrong.push(text); };

async function questions(page) {
  for (const q of job.questions) {
    await page.selectOption('#target', String(q.target));
    await page.fill('#serial', q.serial);
    await page.fill('#current', q.version);
    if (await page.isVisible('#eager')) await page.setChecked('#eager', q.eager);
    else check(!q.eager, 'nothing to tick that asks eagerly');
    await page.click('#ask button');
    await page.waitForFunction(() => document.querySelector('#verdict strong, #verdict .alarm'));
    const said = await page.textContent('#verdict strong').catch(() => page.textContent('#verdict'));
    const due = q.missing ? 'No answer is there.' : q.url ? 'Install ' + q.url : 'Up to date.';
    check(said === due, `${JSON.stringify(q)}: the page says ${said}`);
    if (job.signed) {
      await page.waitForFunction(() => document.querySelectorAll('#verdict span').length > 0);
      check(await page.locator('#' + job.signed).count() === 1, `${JSON.stringify(q)}: not ${job.signed}: ${await page.textContent('#verdict')}`);
    }
    const whole = await page.textContent('#verdict');
    check(q.missing || /So say the definitions/.test(whole), `${JSON.stringify(q)}: the definitions do not agree: ${whole}`);
  }
}

async function everybody() {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const page = await open({ bypassCSP: true });
  check(await page.title().then((t) => t !== 'taken'), 'a text of the definitions ran');
  const main = await page.innerHTML('main');
  for (const text of job.says || []) check(main.includes(text), `the page does not say ${text}`);
  check(await page.$$eval('img', (all) => all.every((i) => i.complete && i.naturalWidth > 0)), 'a picture does not show');
  for (const [width, colorScheme] of [[375, 'light'], [375, 'dark'], [1280, 'light'], [1280, 'dark'], [2560, 'light'], [2560, 'dark']]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(wide <= 0, `${width} ${colorScheme}: the page is ${wide} pixels wider than the screen`);
    await page.screenshot({ path: join(job.pictures, `${width}-${colorScheme}.png`), fullPage: true });
    if (width === 2560) continue;
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run());
    for (const v of violations) wrong.push(`${width} ${colorScheme}: axe: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join(' ')}`);
  }
  await page.context().close();
}

// frames moves the slider from end to end.
async function frames(page) {
  const slow = await page.evaluate(async () => {
    const time = document.getElementById('time'), took = [];
    for (let i = 0; i <= 1000; i += 10) {
      time.value = i;
      time.dispatchEvent(new Event('input'));
      const began = performance.now();
      await new Promise(requestAnimationFrame);
      await new Promise((done) => setTimeout(done));
      took.push(performance.now() - began);
    }
    return took.sort((a, b) => a - b)[took.length >> 1];
  });
  console.log(`a frame of the slider takes ${slow.toFixed(1)} ms`);
}

async function keyboard() {
  const page = await open({ viewport: { width: 1280, height: 900 } });
  await frames(page);
  const reached = new Set();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.className));
  }
  await page.focus('#time');
  await page.keyboard.press('Home');
  const before = await page.textContent('#instant');
  for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowRight');
  check(await page.textContent('#instant') !== before, 'the keyboard does not move the time');
  await page.focus('#map');
  await page.keyboard.press('ArrowDown');
  check(/^Bucket /.test(await page.textContent('#bucket')), 'the keyboard does not choose a bucket');
  for (const id of ['cohort', 'target', 'runs', 'time', 'now']) check(reached.has(id), `the Tab key does not reach ${id}`);
  const pdf = await page.pdf({ path: join(job.pictures, 'print.pdf'), preferCSSPageSize: true }).catch((e) => wrong.push('printing: ' + e.message));
  check(!pdf || pdf.length > 1000, 'printing gives nothing');
  await page.context().close();
}

// follow edits the definitions that a page is of, well and badly.
async function follow() {
  const page = await open();
  const text = readFileSync(job.edit, 'utf8');
  writeFileSync(job.edit, text.replace('percent = 10 ', 'percent = 33 '));
  await page.waitForFunction(() => /33 %/.test(document.getElementById('rollouts').textContent), null, { timeout: 30_000 });
  failing = true;
  writeFileSync(job.edit, text + 'not = = toml');
  await page.waitForFunction(() => /default\.toml:\d+/.test(document.getElementById('published').textContent), null, { timeout: 30_000 });
  writeFileSync(job.edit, text);
  await page.waitForFunction(() => /10 %/.test(document.getElementById('rollouts').textContent), null, { timeout: 30_000 });
  await page.context().close();
}

try {
  if (job.edit) await follow();
  if (job.questions) await questions(await open());
  if (job.pictures) {
    await everybody();
    await keyboard();
  }
} catch (error) {
  wrong.push(error.stack);
}
await browser.close();
if (wrong.length) {
  console.log([...new Set(wrong)].slice(0, 20).join('\n'));
  process.exit(1);
}
