// The visitors: people with an ordinary browser, and machines. Both are Debian's Chromium. They recognise a page by its
// form (fields `page`, `score`, `comment`; its buttons; role=status; the mode), never by its words or looks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const tools = createRequire(join(resolve(process.env.NODE_TOOLS), 'tools.js'));
const { chromium } = tools('playwright-core');

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
// Milliseconds. The rules run in real time and refuse a page that is posted sooner, and a comment that is written
// sooner.
export const READ = 1_200;
const WRITE = 2_200;
// A visible page confirms after half a second. A page that has not confirmed after this time never will.
export const LONG = 2_500;

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const launch = (args, without) => chromium.launch({
  executablePath: CHROMIUM, args: [...QUIET, ...args], ignoreDefaultArgs: without,
});

export async function openBrowsers() {
  const ordinary = await launch(['--disable-blink-features=AutomationControlled'], ['--enable-automation']);
  const driven = await launch([], []);
  const visitor = async (browser, options) => new Visitor(await browser.newContext(options));
  return {
    // Reads and clicks as people do.
    person: (options) => visitor(ordinary, { userAgent: BROWSER, ...options }),
    // Admits what it is, by HeadlessChrome and navigator.webdriver.
    machine: (options) => visitor(driven, options),
    // A mail gateway's browser, which only its behaviour gives away.
    disguised: (options) => visitor(ordinary, { userAgent: BROWSER, ...options }),
    close: () => Promise.all([ordinary.close(), driven.close()]),
  };
}

// Opens a link in a browser that no debugger is attached to, and closes it when `act` has ended.
export async function opensAlone(link, act) {
  const profile = mkdtempSync(join(tmpdir(), 'afterword-profile-'));
  const args = ['--headless', ...QUIET, `--user-agent=${BROWSER}`, `--user-data-dir=${profile}`];
  // Without a port for a debugger, a headless Chromium ends as soon as the page is loaded.
  const browser = spawn(CHROMIUM, [...args, '--remote-debugging-port=0', link], { stdio: 'ignore', detached: true });
  // The whole process group, because Chromium's children still write into the profile after their parent has ended.
  const kill = () => process.kill(-browser.pid, 'SIGKILL');
  process.on('exit', kill);
  try {
    await act();
  } finally {
    process.off('exit', kill);
    kill();
    await once(browser, 'exit');
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

class Visitor {
  constructor(context) {
    this.context = context;
  }

  async opens(link) {
    const tab = new Tab(await this.context.newPage());
    await tab.goes(link);
    return tab;
  }

  leaves() {
    return this.context.close();
  }
}

export class Tab {
  constructor(page) {
    this.page = page;
    this.form = page.locator('form[method=post]');
    this.button = this.form.locator('button:visible').first();
    this.comment = this.form.locator('[name=comment]');
    this.send = this.form.locator('[name=comment] ~ button');
  }

  async goes(link) {
    await this.page.goto(link);
    this.opened = Date.now();
  }

  async reads(span = READ) {
    await sleep(Math.max(0, this.opened + span - Date.now()));
  }

  // Does something that makes the page post, and waits for the response. Only the script asks for JSON: on a slow
  // network, its answer may come later than the press.
  async posts(act, { pressed = false } = {}) {
    const asked = (request) => request.method() === 'POST'
      && !(pressed && request.headers().accept === 'application/json');
    const posted = this.page.waitForResponse((response) => asked(response.request()), { timeout: 20_000 });
    await act?.();
    const response = await posted;
    await response.finished();
    return response;
  }

  // Waits until the page confirms by itself.
  async confirms() {
    const { outcome } = await (await this.posts()).json();
    if (outcome !== 'ok') throw new Error(`the page confirmed, and the outcome was ${outcome}`);
  }

  async touches() {
    await this.reads();
    return this.posts(() => this.page.mouse.click(3, 3));
  }

  // A face is a label around its radio button. Once a rating is saved, the faces are folded away.
  async picks(score) {
    const folded = this.form.locator('details:not([open]) summary');
    if (await folded.count()) await folded.click();
    await this.form.locator('label', { has: this.page.locator(`[name=score][value="${score}"]`) }).click();
  }

  // Says which of two faces counts.
  async chooses(score) {
    await this.reads();
    return this.posts(() => this.form.locator(`button[name=score][value="${score}"]`).click(), { pressed: true });
  }

  async presses() {
    await this.reads();
    return this.posts(() => this.button.click(), { pressed: true });
  }

  // Presses until the rating is saved: after visits of machines, the page asks for another press.
  async pressesUntilSaved() {
    for (let presses = 1; presses <= 3; presses += 1) {
      await this.presses();
      await sleep(READ);
      if (!(await this.showsAlert())) return;
    }
    throw new Error('the rating was not saved after three presses');
  }

  async writes(text) {
    await this.comment.fill(text);
    await this.reads(WRITE);
    return this.posts(() => this.send.click(), { pressed: true });
  }

  // Whether the page shows that something was not saved.
  showsAlert() {
    return this.page.locator('.notice:visible').first().isVisible();
  }

  mode() {
    return this.form.getAttribute('data-mode');
  }
}

export function expect(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}
