// The admin pages: signing in with a key and what a limited key sees, in a browser without script; and how the pages
// look over the demo's history, light and dark, on a desk and on phones. axe-core must find nothing.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { axe } from './looks.mjs';
import { freePort, wait } from './service.mjs';
import { expect } from './visitors.mjs';

const WIDTHS = [1280, 360, 320];
const PAGES = {
  overview: '/admin?period=90d',
  week: '/admin?period=7d&step=day&sort=csat',
  tags: '/admin?period=90d&by=tag&channel=email&none=policy',
  target: '/admin?period=90d&by=team',
  channels: '/admin?period=90d&by=channel',
  policies: '/admin?period=90d&by=policy',
  languages: '/admin?period=90d&by=language',
  connections: '/admin?period=90d&by=connection',
  compare: '/admin/compare?period=90d&none=policy',
  months: '/admin?from=2025-01-01&to=2026-12-31&step=month',
  empty: '/admin?from=2020-01-01&to=2020-01-31',
  wrong: '/admin?from=2020-13-01',
  ratings: '/admin/ratings?commented=yes',
  low: '/admin/ratings?score=low&period=90d',
  none: '/admin/ratings?team=Nobody',
  'follow-up': '/admin/follow-up',
  'follow-up-done': '/admin/follow-up?state=done&period=7d',
  achievements: '/admin/achievements?period=90d',
  'achievements-none': '/admin/achievements?team=Nobody',
  held: '/admin/ratings?standing=held&period=90d',
  search: '/admin/ratings?text=the&period=90d',
  'achievements-of-one': '/admin/achievements?period=90d&teammate=t1',
  'not-asked': '/admin/not-asked?period=90d',
  story: '/admin/not-asked?conversation=48500',
  'story-unknown': '/admin/not-asked?conversation=1',
  mails: '/admin/mails?period=90d&state=stopped',
  'mails-none': '/admin/mails',
  lost: '/admin/lost?period=90d',
  'lost-none': '/admin/lost?team=Nobody',
  missing: '/admin/missing',
  api: '/docs',
};

export async function admin(service, browsers, folder, only, report) {
  mkdirSync(folder, { recursive: true });
  for (const [name, act] of Object.entries(cases).filter(([name]) => `admin ${name}`.includes(only))) {
    const fault = await act(service, browsers, folder).then(() => null, (error) => error);
    report(fault, `admin ${name}`);
  }
}

const cases = {
  'a key opens the pages, by keyboard and without script, until one signs out': (service, browsers) =>
    visit(browsers, { javaScriptEnabled: false }, async (page) => {
      await page.goto(`${service.url}/admin/ratings?commented=yes`);
      await page.keyboard.type('aw_read_000000000000_wrong');
      await page.keyboard.press('Enter');
      await page.locator('[role=alert]').waitFor();
      await page.keyboard.type(service.key);
      await page.keyboard.press('Enter');
      await page.locator('h1', { hasText: 'Ratings' }).waitFor();
      expect(new URL(page.url()).search, '?commented=yes', 'the page that was asked for');
      const [cookie] = await page.context().cookies(`${service.url}/admin`);
      expect([cookie.httpOnly, cookie.sameSite, cookie.path].join(), 'true,Strict,/admin', 'the cookie');
      await page.locator('header nav a', { hasText: 'Overview' }).click();
      await page.locator('h1', { hasText: 'Overview' }).waitFor();
      await page.locator('.picks a', { hasText: '7 days' }).click();
      await page.locator('.picks a[aria-current]', { hasText: '7 days' }).waitFor();
      await page.locator('summary', { hasText: 'Other days' }).click();
      await page.fill('#from', '2026-01-02');
      await page.fill('#to', '2026-01-01');
      await page.keyboard.press('Enter');
      await page.locator('#faults').waitFor();
      await page.locator('header button').click();
      await page.locator('[role=status]').waitFor();
      await page.goto(`${service.url}/admin`);
      await page.locator('#key').waitFor();
    }),
  'filters combine, live in the address and go by one click, by keyboard and without script': (_, browsers) =>
    withDemo((url) => visit(browsers, { javaScriptEnabled: false }, async (page) => {
      const address = () => new URL(page.url()).searchParams;
      await page.goto(`${url}/admin?period=90d`);
      await page.locator('.picks a', { hasText: 'Channel' }).click();
      await page.locator('table.figures th a', { hasText: 'chat' }).click();
      await page.locator('.chips li', { hasText: 'Channel chat' }).waitFor();
      expect([address().get('channel'), address().get('period')].join(), 'chat,90d', 'the row leads to its part');
      await page.locator('summary', { hasText: 'Filter' }).focus();
      await page.keyboard.press('Enter');
      await page.locator('input[name=policy]').fill('vip');
      await page.keyboard.press('Enter');
      await page.locator('h2', { hasText: 'Nobody was asked in this time' }).waitFor();
      expect(await page.locator('.chips li').count(), 2, 'both hold');
      await page.locator('a[aria-label="Remove the filter Policy vip"]').press('Enter');
      await page.locator('table.figures').waitFor();
      expect([address().get('channel'), address().has('policy')].join(), 'chat,false', 'one is left');
      await page.locator('header nav a', { hasText: 'Compare' }).click();
      await page.locator('.chips li', { hasText: 'Channel chat' }).waitFor();
      await page.locator('a[aria-label="Remove the filter Channel chat"]').click();
      expect(new URL(page.url()).search, '?period=90d', 'none is left');
    })),
  'a limited key shows its own teammate': async (service, browsers) => {
    for (const id of ['admin-own', 'admin-other']) await service.ask(id);
    const args = ['key', 'new', '--scope', 'read', '--name', 'own', '--teammate', 'admin-own'];
    const printed = execFileSync(resolve('target/debug/afterword'), args, { cwd: service.folder, stdio: ['ignore', 'pipe', 'ignore'] });
    await visit(browsers, {}, async (page) => {
      await page.goto(`${service.url}/admin`);
      await page.fill('#key', printed.toString().trim().split('\n').at(-1));
      await page.keyboard.press('Enter');
      await page.locator('.part', { hasText: 'admin-own' }).waitFor();
      expect(await page.locator('tbody th a[href*="admin-own"]').count(), 1, 'rows of its own');
      expect(await page.locator('a[href*="admin-other"]').count(), 0, 'rows of others');
    });
  },
  'a follow-up is taken, noted and done, by keyboard and without script': (service, browsers) =>
    visit(browsers, { javaScriptEnabled: false }, async (page) => {
      const mail = await service.ask('admin-unhappy');
      const customer = await browsers.person({ javaScriptEnabled: false });
      await (await customer.opens(mail.links[0])).presses();
      await customer.leaves();
      await page.goto(`${service.url}/admin/follow-up?teammate=admin-unhappy`);
      await page.fill('#key', service.key);
      await page.keyboard.press('Enter');
      await page.locator('h1', { hasText: 'Follow-up' }).waitFor();
      const card = page.locator('.ratings .card');
      expect(await card.count(), 1, 'follow-ups');
      await card.locator('button', { hasText: 'Take it' }).focus();
      await page.keyboard.press('Enter');
      await card.locator('b', { hasText: 'took it' }).waitFor();
      expect(new URL(page.url()).search, '?teammate=admin-unhappy', 'where one was');
      await card.locator('textarea').focus();
      await page.keyboard.type('Called her');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await card.locator('.note', { hasText: 'Called her' }).waitFor();
      await card.locator('button', { hasText: 'Done' }).focus();
      await page.keyboard.press('Enter');
      await page.locator('h2', { hasText: 'No follow-ups here' }).waitFor();
      await page.locator('.picks a', { hasText: 'Done' }).click();
      await card.locator('b', { hasText: 'finished it' }).waitFor();
    }),
  'a held rating is released and then voided, without script': async (service, browsers) => {
    const { links } = await service.ask('admin-held');
    service.update('admin-held', { rating: `standing = 'held', score = 4, evidence = 'seen', rated_at = ${Date.now()},
      page = 1, page_issued = 1, held_at = ${Date.now()}` });
    await visit(browsers, { javaScriptEnabled: false }, async (page) => {
      await page.goto(`${service.url}/admin/ratings?standing=held&teammate=admin-held`);
      await page.fill('#key', service.key);
      await page.keyboard.press('Enter');
      await page.locator('.aside', { hasText: 'Held' }).waitFor();
      await page.locator('.ratings a', { hasText: 'History' }).click();
      for (const [act, stands] of [['release', 'counts'], ['void', 'voided it']]) {
        await page.fill(`#reason-${act}`, `to ${act} it`);
        await page.keyboard.press('Enter');
        await page.locator('section b', { hasText: stands }).waitFor();
        await page.locator('.story', { hasText: `(“to ${act} it”)` }).waitFor();
      }
      expect((await service.survey('admin-held')).standing, 'voided', 'the standing');
      await page.locator('a', { hasText: 'Back to the list' }).click();
      await page.locator('h2', { hasText: 'No ratings here' }).waitFor();
      await page.goto(links[4]);
      expect(await page.locator('button').count(), 0, 'buttons of a voided survey');
    });
  },
  'looks and axe-core': (service, browsers, folder) => withDemo((url) => visit(browsers, {}, async (page) => {
    const faults = [];
    const look = async (name, address) => {
      await page.goto(address);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          const where = `${name}, ${colorScheme}, ${width} px`;
          faults.push(...(await axe(page)).map((fault) => `${where}: ${fault}`));
          const actual = await page.evaluate(() => document.documentElement.scrollWidth);
          if (actual > width) faults.push(`${where}: it scrolls sideways, ${actual} px`);
          const overlaps = await page.evaluate(overlapping);
          faults.push(...overlaps.map((fault) => `${where}: ${fault}`));
          // The page about the API is too long for one picture.
          const fullPage = name !== 'api';
          await page.screenshot({ path: join(folder, `admin-${name}-${width}-${colorScheme}.png`), fullPage });
        }
      }
    };
    for (const [name, path] of Object.entries(PAGES)) await look(name, url + path);
    await page.goto(`${url}/admin/ratings?standing=held&period=90d`);
    await look('rating', await page.locator('.ratings a', { hasText: 'History' }).first().evaluate((link) => link.href));
    await look('sign-in', `${service.url}/admin/sign-in`);
    expect(faults.join('\n'), '', 'faults');
  })),
};

// Texts of a chart that touch each other, or leave the chart, as the browser drew them.
function overlapping() {
  const found = [];
  for (const chart of [...document.querySelectorAll('svg.chart')].filter((svg) => svg.checkVisibility())) {
    const frame = chart.getBoundingClientRect();
    const boxes = [...chart.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
    boxes.forEach(([name, box], at) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1) found.push(`“${name}” leaves its chart`);
      for (const [other, next] of boxes.slice(at + 1)) {
        const apart = box.right <= next.left || next.right <= box.left || box.bottom <= next.top || next.bottom <= box.top;
        if (!apart) found.push(`“${name}” and “${other}” overlap`);
      }
    });
  }
  return found;
}

async function visit(browsers, options, act) {
  const person = await browsers.person({ viewport: { width: 1280, height: 900 }, ...options });
  try {
    const { page } = await person.opens('about:blank');
    await act(page);
  } finally {
    await person.leaves();
  }
}

// The demo has a history of ninety days, and vouches for its guest.
async function withDemo(act) {
  const port = await freePort();
  const program = spawn(resolve('target/debug/afterword'), ['demo', '--port', String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const kill = () => program.kill('SIGKILL');
  process.on('exit', kill);
  try {
    let printed = '';
    program.stdout.on('data', (text) => { printed += text; });
    await wait('the demo', () => printed.includes('Ctrl-C'));
    await act(`http://127.0.0.1:${port}`);
  } finally {
    process.off('exit', kill);
    program.kill('SIGTERM');
    if (program.exitCode === null && program.signalCode === null) await once(program, 'exit');
  }
}
