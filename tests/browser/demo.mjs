// The demo, met as a newcomer: one page, with and without script. Leaves pictures of it beside those of the other pages.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { axe } from './looks.mjs';
import { freePort, wait } from './service.mjs';
import { Tab, expect } from './visitors.mjs';

const WIDTHS = [1280, 390, 320];

export async function demo(browsers, folder, report) {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const program = spawn(resolve('target/debug/afterword'), ['demo', '--port', String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const kill = () => program.kill('SIGKILL');
  process.on('exit', kill);
  const url = `http://127.0.0.1:${port}/`;
  try {
    let printed = '';
    program.stdout.on('data', (text) => { printed += text; });
    await wait('the demo', () => printed.includes('Ctrl-C'));
    for (const [name, act] of Object.entries(cases)) {
      const fault = await act(browsers, url, folder).then(() => null, (error) => error);
      report(fault, `demo ${name}`);
    }
  } finally {
    process.off('exit', kill);
    program.kill('SIGTERM');
    if (program.exitCode === null && program.signalCode === null) await once(program, 'exit');
  }
}

const cases = {
  'a click counts, a scanner does not, and five minutes later a click counts again': (browsers, url) =>
    visit(browsers, url, {}, async (page) => {
      await closes(page);
      await (await clicks(page, 3)).waitForTimeout(1_500).then(() => page.bringToFront());
      await stands(page, 'counts', ['looked at for half a second: counted']);
      await closes(page);
      await press(page, '/demo/scan');
      await stands(page, 'none', ['a mail scanner opened all five links', 'a mail scanner ran the scripts']);
      await press(page, '/demo/later');
      await (await clicks(page, 4)).waitForTimeout(1_500).then(() => page.bringToFront());
      await stands(page, 'counts', ['amazing was looked at for half a second: counted']);
    }),
  'works without script': (browsers, url) =>
    visit(browsers, url, { javaScriptEnabled: false }, async (page) => {
      await closes(page);
      const tab = new Tab(await clicks(page, 1));
      tab.opened = Date.now();
      await tab.presses();
      await tab.page.close();
      await page.reload();
      await stands(page, 'counts', ['the button for 🙁 bad was pressed: counted']);
      await closes(page);
      await press(page, '/demo/scan');
      await stands(page, 'none', ['a mail scanner opened all five links']);
    }),
  'axe-core finds nothing in any look': (browsers, url, folder) =>
    visit(browsers, url, {}, async (page) => {
      const faults = [];
      for (const view of ['light', 'dark', 'phone', 'text']) {
        await page.goto(`${url}?view=${view}`);
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            faults.push(...(await axe(page)).map((fault) => `${view}, ${colorScheme}, ${width} px: ${fault}`));
            const actual = await page.evaluate(() => document.documentElement.scrollWidth);
            if (actual > width) faults.push(`${view}, ${width} px: it scrolls sideways, ${actual} px`);
            await page.screenshot({ path: join(folder, `demo-${view}-${width}-${colorScheme}.png`), fullPage: true });
          }
        }
      }
      expect(faults.join('\n'), '', 'faults');
    }),
};

async function visit(browsers, url, options, act) {
  const person = await browsers.person({ viewport: { width: 1280, height: 900 }, ...options });
  try {
    const { page } = await person.opens(url);
    await act(page);
  } finally {
    await person.leaves();
  }
}

function press(page, action) {
  return page.locator(`form[action="${action}"] button`).click();
}

// Closes a conversation, and waits for its mail to be open.
async function closes(page) {
  const before = await page.locator('iframe').getAttribute('src');
  await press(page, '/demo/close');
  await wait('the new mail', async () => await page.locator('iframe').getAttribute('src') !== before);
}

// Clicks a face in the mail, and returns the page that opens.
async function clicks(page, face) {
  const opened = page.waitForEvent('popup');
  await page.frameLocator('iframe').locator('a[href*="/r/"]').nth(face).click();
  return opened;
}

// Waits until the ledger says where the rating stands, and holds these texts.
async function stands(page, kind, texts) {
  await page.locator(`.verdict.${kind}`).waitFor();
  for (const text of texts) await page.locator('#lines li', { hasText: text }).first().waitFor();
}
