// What machines do with a mail, in real browsers, and what the report counts: mostly nothing. The README lists what it
// does not stop. Mail gateways look at a mail when it arrives, so it is young, unless the case is `late`.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { wait } from './service.mjs';
import { LONG, READ, expect, opensAlone } from './visitors.mjs';

const late = { young: false };

// Opens the links one after the other, each for longer than a visible page needs to confirm.
async function opensEach(visitor, { links }) {
  for (const link of links) {
    const tab = await visitor.opens(link);
    await tab.reads(LONG);
    await tab.page.close();
  }
}

// Does something with each link, so many seconds apart.
async function paces(seconds, links, service, id, act) {
  for (const link of links) {
    await act(link);
    await service.passes(id, seconds);
  }
}

// Opens the links one after the other as a phone does, so many seconds apart. The script of each page has its time.
async function opensAsPhone(phone, links, service, id, seconds) {
  const visitor = await phone();
  await paces(seconds, links, service, id, async (link) => (await visitor.opens(link)).glances());
}

// Opens each link, and presses each page's first button once, so many seconds apart.
async function pressesEach(visitor, links, service, id, seconds) {
  await paces(seconds, links, service, id, async (link) => {
    const tab = await visitor.opens(link);
    await tab.presses();
    await tab.page.close();
  });
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
  ['opens one link', 'nothing', async ({ machine, mail }) => {
    const tab = await (await machine()).opens(mail.links[3]);
    await tab.reads(LONG);
  }, late],
  ['opens one link, disguised', 'nothing', async ({ disguised, mail }) => {
    const tab = await (await disguised()).opens(mail.links[3]);
    await tab.reads(LONG);
  }],
  ['opens one link, disguised (not stopped)', '4 seen', async ({ disguised, mail }) => {
    const tab = await (await disguised()).opens(mail.links[3]);
    await tab.confirms();
  }, late],
  ['opens all links at once', 'nothing', async ({ machine, mail }) => {
    const tabs = await (await machine()).opensAll(mail.links);
    await tabs[4].reads(LONG);
  }],
  ['opens all links at once, disguised', 'nothing', async ({ disguised, mail }) => {
    const tabs = await (await disguised()).opensAll(mail.links);
    await tabs[4].reads(LONG);
  }],
  ['opens all links at once, disguised', 'nothing', async ({ disguised, mail }) => {
    const tabs = await (await disguised()).opensAll(mail.links);
    await tabs[4].reads(LONG);
  }, late],
  ['opens links one by one', 'nothing', async ({ machine, mail }) => opensEach(await machine(), mail)],
  ['opens links one by one, disguised', 'nothing', async ({ disguised, mail }) => opensEach(await disguised(), mail)],
  ['opens links one by one, disguised', 'nothing (held)', async ({ disguised, mail }) => {
    await opensEach(await disguised(), mail);
  }, late],
  ['poses as a phone, and opens one link (not stopped)', '4 seen', async ({ phone, mail }) => {
    const tab = await (await phone()).opens(mail.links[3]);
    await tab.confirms();
  }],
  ['poses as a phone, and opens all links at once', 'nothing', async ({ phone, mail }) => {
    const tabs = await (await phone()).opensAll(mail.links);
    await tabs[4].reads(LONG);
  }],
  ['poses as a phone, and opens all links at once, without script', 'nothing', async ({ phone, mail }) => {
    await (await phone({ javaScriptEnabled: false })).opensAll(mail.links);
  }],
  ['poses as a phone, and opens links one by one', 'nothing (held)', async ({ phone, mail }) => {
    await opensEach(await phone(), mail);
  }],
  ['poses as a phone, and opens a link every 20 s', 'nothing (held)', async ({ phone, mail, service, id }) => {
    await opensAsPhone(phone, mail.links, service, id, 20);
  }],
  ['poses as a phone, and opens a link every 65 s', 'nothing (held)', async ({ phone, mail, service, id }) => {
    await opensAsPhone(phone, mail.links.slice(1), service, id, 65);
  }],
  ['poses as a phone, and opens two links four minutes apart', 'nothing (held)', async ({ phone, mail, service, id }) => {
    await opensAsPhone(phone, [mail.links[3], mail.links[1]], service, id, 240);
  }],
  ['poses as a phone, opens a link every 20 s, and taps each page', 'nothing (held)', async ({ phone, mail, service, id }) => {
    const visitor = await phone();
    await paces(20, mail.links, service, id, async (link) => {
      const tab = await visitor.opens(link);
      await tab.page.touchscreen.tap(3, 3);
      await tab.glances();
    });
  }],
  ['poses as a webmail, and clicks a face every 20 s', 'nothing (held)', async ({ disguised, webmail, service, id }) => {
    const visitor = await disguised();
    await paces(20, [0, 1, 2, 3, 4], service, id, async (face) => (await visitor.clicks(webmail.url(id), face)).glances());
  }],
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
      const kinds = [new PointerEvent('pointerdown'), new KeyboardEvent('keydown'), new WheelEvent('wheel'), new Event('scroll'),
        new Event('touchstart'), ...[1, 2, 3].map((at) => new MouseEvent('mousemove', { screenX: at, screenY: at }))];
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
    for (const tab of await (await machine()).opensAll(mail.links)) await tab.presses();
  }],
  ['presses the buttons of all five, one by one', 'nothing (held)', async ({ machine, mail }) => {
    const gateway = await machine();
    for (const link of mail.links) await (await gateway.opens(link)).presses();
  }],
  ['presses the buttons of all five, one by one', 'nothing (held)', async ({ machine, mail, service, id }) => {
    await pressesEach(await machine(), mail.links, service, id, 0);
  }, late],
  ...[{}, late].flatMap((options) => [
    ['presses the buttons of three, 14 s apart, disguised', 'nothing (held)', async ({ disguised, mail, service, id }) => {
      await pressesEach(await disguised(), mail.links.slice(2), service, id, 14);
    }, options],
    ['poses as a phone, and presses the buttons of three, 14 s apart', 'nothing (held)', async ({ phone, mail, service, id }) => {
      await pressesEach(await phone(), mail.links.slice(2), service, id, 14);
    }, options],
    ['opens three, and presses the button of each, disguised', 'nothing', async ({ disguised, mail }) => {
      for (const tab of await (await disguised()).opensAll(mail.links.slice(2))) await tab.presses();
    }, options],
  ]),
  ['presses the button of one (not stopped)', '4 pressed', async ({ machine, mail }) => {
    const tab = await (await machine()).opens(mail.links[3]);
    await tab.presses();
  }],
  ['opens the link to unsubscribe', 'nothing', async ({ machine, mail, service, id }) => {
    const tab = await (await machine()).opens(mail.unsubscribe);
    await tab.reads(LONG);
    const customers = [{ email: `${id}@example.com` }];
    const closing = { conversation_id: `${id}-2`, closed_at: new Date().toISOString(), teammate_replied: true, customers };
    expect((await service.api('/v1/closings?dry_run=true', closing)).decision, 'ask', 'the customer is still asked');
  }],
].map(([name, counted, act, options]) => [name, counted, act, { young: true, ...options }]);
