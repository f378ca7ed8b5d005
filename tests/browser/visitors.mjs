// Who visits: people with an ordinary browser, and machines. Both are Debian's Chromium. Pages are known by the contract of
// their form (fields `page`, `score`, `comment`; one button; role=status; the mode), never by their words or looks.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';

export const tools = createRequire(join(resolve(process.env.NODE_TOOLS), 'tools.js'));
const { chromium } = tools('playwright-core');

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
// The rules are in real time: below this nobody reads a page, or writes a comment.
export const READ = 1_200;
const WRITE = 2_200;
// A page that is seen confirms after two seconds; one that did nothing by then and this does nothing.
export const LONG = 4_000;

const launch = (args, without) => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...QUIET, ...args], ignoreDefaultArgs: without,
});

export async function visitors() {
  const ordinary = await launch(['--disable-blink-features=AutomationControlled'], ['--enable-automation']);
  const driven = await launch([], []);
  const made = async (browser, options) => new Visitor(await browser.newContext(options));
  return {
    // Reads and clicks as people do.
    person: (options) => made(ordinary, { userAgent: BROWSER, ...options }),
    // Says what it is: HeadlessChrome, and navigator.webdriver.
    machine: (options) => made(driven, options),
    // A gateway's browser that nothing gives away but what it does.
    disguised: (options) => made(ordinary, { userAgent: BROWSER, ...options }),
    close: () => Promise.all([ordinary.close(), driven.close()]),
  };
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
    this.button = this.form.locator('button');
    this.comment = this.form.locator('[name=comment]');
  }

  async goes(link) {
    await this.page.goto(link);
    this.opened = Date.now();
  }

  async reads(span = READ) {
    await pass(Math.max(0, this.opened + span - Date.now()));
  }

  // Does something that makes the page post, and waits for what the service says to it.
  async posts(act) {
    const posted = this.page.waitForResponse((response) => response.request().method() === 'POST', { timeout: 20_000 });
    await act?.();
    const response = await posted;
    await response.finished();
    return response;
  }

  // The page confirms by itself.
  async confirms() {
    const { outcome } = await (await this.posts()).json();
    if (outcome !== 'ok') throw new Error(`it confirmed, and was told ${outcome}`);
  }

  async touches() {
    await this.reads();
    return this.posts(() => this.page.mouse.click(3, 3));
  }

  // A face is a label around its radio.
  picks(score) {
    return this.form.locator('label', { has: this.page.locator(`[name=score][value="${score}"]`) }).click();
  }

  async presses() {
    await this.reads();
    return this.posts(() => this.button.click());
  }

  // Until it is taken: where machines were about, once more is asked for. Answers how often it took.
  async insists() {
    for (let presses = 1; presses <= 3; presses += 1) {
      await this.presses();
      await pass(READ);
      if (!(await this.asks())) return presses;
    }
    throw new Error('it was pressed three times and not taken');
  }

  async writes(text) {
    await this.comment.fill(text);
    await this.reads(WRITE);
    return this.posts(() => this.button.click());
  }

  // Whether the page says that something was not taken.
  asks() {
    return this.page.locator('[role=alert]:visible').first().isVisible();
  }

  mode() {
    return this.form.getAttribute('data-mode');
  }
}

export function expect(seen, expected, what) {
  if (seen !== expected) throw new Error(`${what}: expected ${expected}, seen ${seen}`);
}
