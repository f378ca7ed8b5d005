// What machines do with a mail, as real browsers, and what is counted of it: mostly nothing. Where something is, the README
// says so. Gateways look at a mail that just came, so it is young unless it is late.
import { setTimeout as pass } from 'node:timers/promises';
import { LONG, READ, expect } from './visitors.mjs';

const late = { young: false };

async function opensAll(visitor, { links }) {
  return Promise.all(links.map((link) => visitor.opens(link)));
}

// One after the other, each for as long as a page that is only seen takes to confirm.
async function opensEach(visitor, { links }) {
  for (const link of links) {
    const tab = await visitor.opens(link);
    await tab.reads(LONG);
    await tab.page.close();
  }
}

// Has a page of our own host fetch a link ahead of its click.
async function fetchesAhead(visitor, { links }, here, id, how) {
  const tab = await visitor.opens('about:blank');
  const rules = JSON.stringify({ [how]: [{ urls: [links[3]], eagerness: 'immediate' }] });
  await tab.page.route(`${here.url}/ahead`, (route) => route.fulfill({
    contentType: 'text/html', body: `<!doctype html><title>A mail</title><script type="speculationrules">${rules}</script>`,
  }));
  await tab.goes(`${here.url}/ahead`);
  await tab.reads(LONG);
  expect(await here.views(id), 1, 'views, for it was fetched');
}

export const machines = [
  ['opens one link', 'nothing', async ({ machine, mail }) => {
    const tab = await (await machine()).opens(mail.links[3]);
    await tab.reads(LONG);
  }],
  ['opens one link, late', 'nothing', async ({ machine, mail }) => {
    const tab = await (await machine()).opens(mail.links[3]);
    await tab.reads(LONG);
  }, late],
  ['opens one link, disguised as a browser', 'nothing', async ({ disguised, mail }) => {
    const tab = await (await disguised()).opens(mail.links[3]);
    await tab.reads(LONG);
  }],
  ['opens one link, disguised and late (not stopped)', '4 seen', async ({ disguised, mail }) => {
    const tab = await (await disguised()).opens(mail.links[3]);
    await tab.confirms();
  }, late],
  ['opens all links at once', 'nothing', async ({ machine, mail }) => {
    const tabs = await opensAll(await machine(), mail);
    await tabs[4].reads(LONG);
  }],
  ['opens all links at once, disguised', 'nothing', async ({ disguised, mail }) => {
    const tabs = await opensAll(await disguised(), mail);
    await tabs[4].reads(LONG);
  }],
  ['opens all links at once, disguised and late', 'nothing', async ({ disguised, mail }) => {
    const tabs = await opensAll(await disguised(), mail);
    await tabs[4].reads(LONG);
  }, late],
  ['opens links one by one', 'nothing', async ({ machine, mail }) => opensEach(await machine(), mail)],
  ['opens links one by one, disguised', 'nothing', async ({ disguised, mail }) => opensEach(await disguised(), mail)],
  ['opens links one by one, disguised and late', 'nothing (held)', async ({ disguised, mail }) => {
    await opensEach(await disguised(), mail);
  }, late],
  ['calls button.click() in a script', 'nothing', async ({ machine, mail }) => {
    const tab = await (await machine()).opens(mail.links[3]);
    await tab.reads();
    await tab.button.evaluate((button) => button.click());
    await tab.reads(LONG);
  }, late],
  ['calls button.click() in a script, disguised', 'nothing', async ({ disguised, mail }) => {
    const tab = await (await disguised()).opens(mail.links[3]);
    await tab.reads();
    await tab.button.evaluate((button) => button.click());
    await tab.reads(LONG);
  }],
  ['makes up pointer, key and wheel events', 'nothing', async ({ disguised, mail }) => {
    const tab = await (await disguised()).opens(mail.links[3]);
    await tab.reads();
    await tab.page.evaluate(() => {
      const kinds = [new PointerEvent('pointerdown'), new KeyboardEvent('keydown'), new WheelEvent('wheel'), new Event('scroll')];
      for (const event of kinds) document.body.dispatchEvent(event);
      scrollTo(0, 500);
    });
    await tab.reads(LONG);
  }],
  ['prefetches a link', 'nothing', async ({ disguised, mail, here, id }) => {
    await fetchesAhead(await disguised(), mail, here, id, 'prefetch');
  }, late],
  ['prerenders a link', 'nothing', async ({ disguised, mail, here, id }) => {
    await fetchesAhead(await disguised(), mail, here, id, 'prerender');
  }, late],
  ['sends HEAD, then GET', 'nothing', async ({ machine, mail }) => {
    const gateway = await machine();
    for (const link of mail.links) {
      expect((await gateway.context.request.head(link)).status(), 200, 'HEAD');
      expect((await gateway.context.request.get(link)).status(), 200, 'GET');
    }
    const tab = await gateway.opens(mail.links[3]);
    await tab.reads(LONG);
  }],
  ['presses the buttons of all five', 'nothing', async ({ machine, mail }) => {
    for (const tab of await opensAll(await machine(), mail)) await tab.presses();
  }],
  ['presses the buttons of all five, one by one', 'nothing (held)', async ({ machine, mail }) => {
    const gateway = await machine();
    for (const link of mail.links) await (await gateway.opens(link)).presses();
  }],
  ['presses the button of one (not stopped)', '4 pressed', async ({ machine, mail }) => {
    const tab = await (await machine()).opens(mail.links[3]);
    await tab.presses();
  }],
  ['opens all; two minutes later the person presses once', '4 pressed', async ({ machine, person, mail, here, id }) => {
    await opensAll(await machine(), mail);
    await here.age(id, 120);
    const tab = await (await person()).opens(mail.links[3]);
    await tab.presses();
  }],
  ['opens all after the person rated', '4 pressed', async ({ disguised, person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.presses();
    const gateway = await opensAll(await disguised(), mail);
    await pass(READ);
    await gateway[4].reads(LONG);
  }, late],
  ['opens the link to unsubscribe', 'nothing', async ({ machine, mail, here, id }) => {
    const tab = await (await machine()).opens(mail.unsubscribe);
    await tab.reads(LONG);
    const customers = [{ email: `${id}@example.com` }];
    const closing = { conversation_id: `${id}-2`, closed_at: new Date().toISOString(), teammate_replied: true, customers };
    expect((await here.api('/v1/closings?dry_run=true', closing)).decision, 'ask', 'it is still asked');
  }],
].map(([name, counted, act, options]) => [name, counted, act, { young: true, ...options }]);
