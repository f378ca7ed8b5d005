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
const { chromium, devices } = tools('playwright-core');

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const PHONE = devices['Pixel 7'];
// Milliseconds. The rules run in real time and refuse a page that is posted sooner, and a comment that is written
// sooner.
export const READ = 1_200;
const WRITE = 2_200;
// A visible page confirms after half a second. A page that has not confirmed after this time never will.
export const LONG = 2_500;
// How long somebody looks who clicks a face and is content.
const GLANCE = 600;
const LEAVE_TIMEOUT = 10_000;
// More presses than anybody would give.
const MOST_PRESSES = 5;

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const launch = (args, without) => chromium.launch({
  executablePath: CHROMIUM, args: [...QUIET, ...args], ignoreDefaultArgs: without,
});

export async function openBrowsers() {
  const ordinary = await launch(['--disable-blink-features=AutomationControlled'], ['--enable-automation']);
  const driven = await launch([], []);
  const visitor = async (browser, options) => new Visitor(await browser.newContext(options), options);
  return {
    // Reads and clicks as people do, in a browser that the mail program of a desktop opens.
    person: (options) => visitor(ordinary, { userAgent: BROWSER, ...options }),
    // A phone, or a machine that poses as one.
    phone: (options) => visitor(ordinary, { ...PHONE, ...options }),
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
  constructor(context, options = {}) {
    Object.assign(this, { context, options });
  }

  async opens(link) {
    const tab = new Tab(await this.context.newPage(), this.options);
    await tab.goes(link);
    return tab;
  }

  opensAll(links) {
    return Promise.all(links.map((link) => this.opens(link)));
  }

  // Clicks a face of a mail that a webmail shows, 0 is the worst. The page opens in a new tab.
  async clicks(webmail, face) {
    const mail = await this.context.newPage();
    await mail.goto(webmail);
    const opened = mail.waitForEvent('popup');
    await mail.locator('a[href*="/r/"], a[href*="%2Fr%2F"]').nth(face).click();
    const tab = new Tab(await opened, this.options);
    await tab.page.waitForLoadState();
    tab.opened = Date.now();
    return tab;
  }

  // On a loaded machine, Chromium has been seen never to close a tab. It ends with the browser then.
  leaves() {
    return Promise.race([this.context.close(), sleep(LEAVE_TIMEOUT)]);
  }
}

export class Tab {
  constructor(page, { hasTouch = false, javaScriptEnabled = true } = {}) {
    Object.assign(this, { page, hasTouch, hasScript: javaScriptEnabled });
    this.form = page.locator('form[method=post]');
    this.button = this.form.locator('button:visible').first();
    this.comment = this.form.locator('[name=comment]');
    this.send = this.form.locator('[name=comment] ~ button');
    this.thanks = page.locator('.done');
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

  // From now on the test moves the clock of the pages, because a slow machine would be too late.
  async stopsClock() {
    await this.page.clock.install({ time: 0 });
    await this.page.clock.pauseAt(60_000);
  }

  // Looks for a moment and closes the tab. The page's own clock counts, so that a slow machine shortens no look: the
  // timers that the page set before are due before this one.
  async glances() {
    await this.page.evaluate((span) => new Promise((done) => setTimeout(done, span)), GLANCE);
    await this.page.close();
  }

  // Waits until the page either says that the rating is saved, or asks for a press. Returns whether it is saved.
  async settles() {
    await this.thanks.or(this.page.locator('form:not([aria-busy=true]) #act button:visible')).first().waitFor();
    return this.thanks.isVisible();
  }

  // Presses what the page asks to press, as soon as it asks, until it says that the rating is saved. Of two faces, `score`
  // is meant. Returns the number of presses.
  async obeys(score) {
    for (let presses = 0; presses < MOST_PRESSES; presses += 1) {
      if (await this.settles()) return presses;
      const meant = this.form.locator(`#act button[value="${score}"]`);
      await this.obeysOnce(await meant.count() ? meant : this.button);
    }
    throw new Error(`the page asked for more than ${MOST_PRESSES} presses`);
  }

  // Without script, nothing holds back a press that comes too soon.
  async obeysOnce(button) {
    if (!this.hasScript) await this.reads(WRITE);
    const shown = this.hasScript ? null : this.page.waitForEvent('domcontentloaded');
    await this.posts(() => this.clicks(button), { pressed: true });
    await shown;
    this.opened = Date.now();
    await this.page.locator('form:not([aria-busy=true])').waitFor();
  }

  // Clicks as the device does.
  clicks(target) {
    return this.hasTouch ? target.tap() : target.click();
  }

  // Waits until the page has confirmed by itself.
  confirms() {
    return this.thanks.waitFor();
  }

  async touches() {
    await this.reads();
    return this.posts(() => this.hasTouch ? this.page.touchscreen.tap(3, 3) : this.page.mouse.click(3, 3));
  }

  // A face is a label around its radio button. Once a rating is saved, the faces are folded away.
  async picks(score) {
    const folded = this.form.locator('details:not([open]) summary');
    if (await folded.count()) await this.clicks(folded);
    await this.clicks(this.form.locator('label', { has: this.page.locator(`[name=score][value="${score}"]`) }));
  }

  // Says which of two faces counts.
  async chooses(score) {
    await this.reads();
    return this.posts(() => this.form.locator(`button[name=score][value="${score}"]`).click(), { pressed: true });
  }

  async presses() {
    await this.reads();
    return this.posts(() => this.clicks(this.button), { pressed: true });
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
