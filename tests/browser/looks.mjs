// The looks of the pages in every state: screenshots for people, light and dark, on a wide screen and on phones, in
// English, Arabic, German and Japanese. axe-core and html-validate must find nothing in any of them, and a button that
// is needed must be in sight on a small phone, also with text twice as large.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tools } from './visitors.mjs';

const { HtmlValidate } = tools('html-validate');
const AXE = readFileSync(tools.resolve('axe-core/axe.min.js'), 'utf8');
const WIDE = { width: 1024, height: 768 };
const PHONE = { width: 320, height: 640 };
const SMALL = [[360, 560], [320, 560]];
const LANGUAGES = ['en', 'ar', 'de', 'ja'];

// How to reach each state. Each gets its own mail and person. `still` keeps the script from confirming. `button`: a press
// is needed.
const modes = {
  seen: { still: true, mode: 'seen', button: true },
  saving: { mode: 'seen', visit: async (tab, { links }) => {
    await tab.page.route('**/r/**', (route) => route.request().method() === 'GET' && route.continue());
    await tab.goes(links[3]);
  } },
  touched: { young: true, mode: 'touched', button: true },
  doubted: { button: true, visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.confirms();
    await tab.goes(links[1]);
    await tab.goes(links[3]);
  } },
  which: { button: true, visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.confirms();
    await tab.goes(links[1]);
  } },
  confirmed: { mode: 'seen', visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.confirms();
  } },
  low: { visit: async (tab, { links }) => {
    await tab.goes(links[0]);
    await tab.confirms();
    await tab.form.locator('summary').click();
  } },
  picked: { still: true, visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.picks(2);
  } },
  again: { still: true, visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.presses();
    await tab.goes(links[3]);
  } },
  change: { still: true, mode: 'change', button: true, visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.presses();
    await tab.goes(links[1]);
  } },
  asked: { still: true, button: true, visit: async (tab, { links }) => {
    for (const link of links) await tab.goes(link);
    await tab.presses();
  } },
  long: { visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.confirms();
    await tab.writes('Long. '.repeat(1_000));
    await tab.page.locator('.notice:visible').waitFor();
  } },
  settled: { closed: 2, policy: 'hour', still: true, visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.presses();
    await tab.goes(links[3]);
  } },
  commented: { visit: async (tab, { links }) => {
    await tab.goes(links[0]);
    await tab.writes('Nobody wrote back for a week.');
    await tab.button.waitFor({ state: 'detached' });
  } },
  final: { mode: 'final', visit: async (tab, { links }) => {
    await tab.goes(links[0]);
    await tab.writes('Nobody wrote back for a week.');
    await tab.goes(links[0]);
  } },
  closed: { mode: 'closed', still: true, rateOver: true },
  offline: { still: true, script: true, visit: async (tab, { links }) => {
    await tab.goes(links[3]);
    await tab.reads(3_000);
    await tab.page.context().setOffline(true);
    await tab.comment.fill('Still here.');
    await tab.button.click();
    await tab.page.locator('[role=alert]:visible').first().waitFor();
    await tab.page.context().setOffline(false);
  }, young: true },
  unsubscribe: { button: true, visit: (tab, { unsubscribe }) => tab.goes(unsubscribe) },
  unsubscribed: { visit: async (tab, { unsubscribe }) => {
    await tab.goes(unsubscribe);
    await tab.presses();
    await tab.form.locator('[name=undo]').waitFor();
  } },
  undone: { visit: async (tab, { unsubscribe }) => {
    await tab.goes(unsubscribe);
    await tab.presses();
    await tab.form.locator('[name=undo]').click();
    await tab.form.waitFor({ state: 'detached' });
  } },
  unknown: { visit: (tab, { links }) => tab.goes(`${links[3]}x`) },
};

async function look(service, browsers, folder, name, language) {
  const { still, script, mode, rateOver, button, visit, ...options } = modes[name];
  const id = `look-${name}-${language}`;
  const mail = await service.ask(id, { locale: language, ...options });
  if (rateOver) service.closeRating(id);
  const person = await browsers.person({ viewport: WIDE, locale: language });
  try {
    const tab = await person.opens('about:blank');
    const foreign = [];
    tab.page.on('request', (request) => {
      if (!request.url().startsWith(service.url)) foreign.push(request.url());
    });
    if (still && !script) await tab.page.route('**/assets/*.js', (route) => route.abort());
    if (visit) await visit(tab, mail);
    else await tab.goes(mail.links[3]);
    const actual = await tab.form.count() ? await tab.mode() : null;
    const faults = mode && actual !== mode ? [`expected the mode ${mode}, got ${actual}`] : [];
    for (const scheme of ['light', 'dark']) {
      for (const viewport of [WIDE, PHONE]) {
        await tab.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await tab.page.setViewportSize(viewport);
        const where = `${viewport.width} px, ${scheme}`;
        faults.push(...(await axe(tab.page)).map((fault) => `${where}: ${fault}`));
        const width = await tab.page.evaluate(() => document.documentElement.scrollWidth);
        if (width > viewport.width) faults.push(`${where}: it scrolls sideways, ${width} px`);
        const file = `${name}-${language}-${viewport === PHONE ? 'phone' : 'wide'}-${scheme}.png`;
        await tab.page.screenshot({ path: join(folder, file), fullPage: true });
      }
    }
    if (button) faults.push(...await buttonInSight(tab));
    faults.push(...await invalid(await tab.page.content()));
    await tab.page.unrouteAll({ behavior: 'ignoreErrors' });
    faults.push(...foreign.map((url) => `a request to another host: ${url}`));
    const token = mail.links[3].split('/').at(-1);
    if ((await tab.page.title()).includes(token)) faults.push('the token is in the title');
    return faults;
  } finally {
    await person.leaves();
  }
}

// Whether the first button can be seen without scrolling on a small phone, also with text twice as large.
async function buttonInSight(tab) {
  const faults = [];
  for (const [width, height] of SMALL) {
    await tab.page.setViewportSize({ width, height });
    for (const size of ['', '200%']) {
      const bottom = await tab.button.evaluate((button, size) => {
        document.documentElement.style.fontSize = size;
        scrollTo(0, 0);
        return button.getBoundingClientRect().bottom;
      }, size);
      if (bottom > height) faults.push(`${width} x ${height} ${size}: the button ends at ${Math.round(bottom)} px`);
    }
  }
  return faults;
}

// What html-validate finds in a page as a browser holds it. How its source is spelled does not matter.
async function invalid(html) {
  const validator = new HtmlValidate({ extends: ['html-validate:standard'], rules: { 'no-inline-style': 'off' } });
  const { results } = await validator.validateString(html);
  return results.flatMap(({ messages }) => messages.map(({ ruleId, message, line }) =>
    `html-validate: ${ruleId}: ${message}: ${html.split('\n')[line - 1]}`));
}

// Runs axe-core through the debugger, because the page's content security policy allows no other script.
export async function axe(page) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  if (passes.length === 0) return ['axe-core checked nothing'];
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
    `axe-core: ${id} at ${target}: ${failureSummary.replaceAll('\n', ' ')}`));
}

export async function looks(service, browsers, folder, only, report, pool) {
  mkdirSync(folder, { recursive: true });
  const all = LANGUAGES.flatMap((language) => Object.keys(modes).map((name) => [name, language]));
  await pool(all.filter(([name]) => `look ${name}`.includes(only)).map(([name, language]) => async () => {
    const faults = await look(service, browsers, folder, name, language).catch((fault) => [fault.stack]);
    report(faults.length > 0 && faults.join('\n'), `looks and axe-core: ${name}, ${language}`);
  }));
}
