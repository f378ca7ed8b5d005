// What machines do with a mail, in real browsers, and what the report counts: mostly nothing. The README lists what it
// does not stop. Mail gateways look at a mail when it arrives, so it is young, unless the case is `late`.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { wait } from './service.mjs';
import { LONG, READ, expect, opensAlone } from './visitors.mjs';

const late = { young: false };

async function opensAll(visitor, { links }) {
  return Promise.all(links.map((link) => visitor.opens(link)));
}

// Opens the links one after the other, each for as long as a visible page needs to confirm.
async function opensEach(visitor, { links }) {
  for (const link of links) {
    const tab = await visitor.opens(link);
    await tab.reads(LONG);
    await tab.page.close();
  }
}

const ahead = (how, link) => `<!doctype html><title>A mail</title><script type="speculationrules">${
  JSON.stringify({ [how]: [{ urls: [link], eagerness: 'immediate' }] })}</script>`;

// Lets a page on the service's host fetch a link before anybody clicks it.
async function prefetches(visitor, { links }, service) {
  const tab = await visitor.opens('about:blank');
  await tab.page.route(`${service.url}/ahead`, (route) => route.fulfill({
    contentType: 'text/html', body: ahead('prefetch', links[3]),
  }));
  await tab.goes(`${service.url}/ahead`);
  await tab.reads(LONG);
}

// Chromium prerenders nothing while a debugger is attached, as Playwright is. So this browser has none, and a server
// passes all but the first page on to the service.
async function prerenders({ links }, service, id) {
  const server = createServer(async (request, response) => {
    if (request.url === '/ahead') return response.end(ahead('prerender', new URL(links[3]).pathname));
    const { method, headers } = request;
    const body = method === 'POST' ? await text(request) : undefined;
    const passed = Object.fromEntries(['user-agent', 'accept', 'content-type', 'sec-purpose'].flatMap((name) =>
      headers[name] ? [[name, headers[name]]] : []));
    const answer = await fetch(service.url + request.url, { method, headers: passed, body });
    response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(await answer.text());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await opensAlone(`http://127.0.0.1:${server.address().port}/ahead`, async () => {
      await wait('the prerendering', async () => await service.views(id) > 0);
      await sleep(LONG);
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
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
  ['prefetches a link', 'nothing', async ({ disguised, mail, service, id }) => {
    await prefetches(await disguised(), mail, service);
    expect(await service.views(id), 1, 'views, because the link was fetched');
  }, late],
  ['prerenders a link', 'nothing', async ({ mail, service, id }) => {
    await prerenders(mail, service, id);
    expect(await service.views(id), 1, 'views, because the link was fetched');
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
  ['opens all; two minutes later the person presses once', '4 pressed', async ({ machine, person, mail, service, id }) => {
    await opensAll(await machine(), mail);
    await service.age(id, 120);
    const tab = await (await person()).opens(mail.links[3]);
    await tab.presses();
  }],
  ['opens all after the person rated', '4 pressed', async ({ disguised, person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.presses();
    const gateway = await opensAll(await disguised(), mail);
    await sleep(READ);
    await gateway[4].reads(LONG);
  }, late],
  ['opens the link to unsubscribe', 'nothing', async ({ machine, mail, service, id }) => {
    const tab = await (await machine()).opens(mail.unsubscribe);
    await tab.reads(LONG);
    const customers = [{ email: `${id}@example.com` }];
    const closing = { conversation_id: `${id}-2`, closed_at: new Date().toISOString(), teammate_replied: true, customers };
    expect((await service.api('/v1/closings?dry_run=true', closing)).decision, 'ask', 'the customer is still asked');
  }],
].map(([name, counted, act, options]) => [name, counted, act, { young: true, ...options }]);
