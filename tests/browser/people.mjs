// What people do with a mail, and what the report counts. Each opens the mail ten minutes after it arrived, unless the
// mail is young. Those without a device in their name sit at a desktop, and their mail program opens a browser.
import { wait } from './service.mjs';
import { LONG, expect } from './visitors.mjs';

const young = { young: true };

// Glances at a page, and waits until the service has counted it.
async function glances(tab, service, id) {
  await tab.glances();
  await wait('the rating', async () => (await service.survey(id)).evidence);
}

// Looks at some faces, each in its own tab until the page settles, and leaves the last tab open.
async function compares(visitor, links) {
  let tab;
  for (const link of links) {
    tab = await visitor.opens(link);
    await tab.settles();
  }
  return tab;
}

// A mail scanner at a desktop opens all five links, and runs their scripts.
async function scans(scanner, mail) {
  for (const tab of await scanner.opensAll(mail.links)) await tab.glances();
}

// Does what the page says. Whatever came before, the second press at the latest is taken.
async function obeys(tab, score) {
  const presses = await tab.obeys(score);
  expect(presses <= 2, true, `two presses at most, of ${presses}`);
  return presses;
}

// The behaviour, what the report should count, and the steps. `person` and `phone` make a visitor, `mail` has the links.
export const people = [
  ['glances for 0.6 s, on a phone', '4 seen', async ({ phone, mail, service, id }) => {
    await glances(await (await phone()).opens(mail.links[3]), service, id);
  }, young],
  ['glances for 0.6 s, in a webmail', '4 seen', async ({ person, webmail, service, id }) => {
    await glances(await (await person()).clicks(webmail.url(id), 3), service, id);
  }, young],
  ['glances for 0.6 s, in a webmail that rewrites links', '4 seen', async ({ person, webmail, service, id }) => {
    await glances(await (await person()).clicks(webmail.url(id, { redirects: true }), 3), service, id);
  }, young],
  ['glances for 0.6 s without a movement', 'nothing', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.glances();
  }, young],
  ['moves the mouse, and is gone after 0.6 s', '4 touched', async ({ person, mail, service, id }) => {
    const tab = await (await person()).opens(mail.links[3]);
    for (const [x, y] of [[40, 40], [90, 120], [160, 180]]) await tab.page.mouse.move(x, y);
    await glances(tab, service, id);
  }, young],
  ['touches the screen, and is gone after 0.6 s', '4 touched', async ({ person, mail, service, id }) => {
    const tab = await (await person({ hasTouch: true })).opens(mail.links[3]);
    await tab.page.touchscreen.tap(3, 3);
    await glances(tab, service, id);
  }, young],
  ['glances for 0.6 s', '4 seen', async ({ person, mail, service, id }) => {
    await glances(await (await person()).opens(mail.links[3]), service, id);
  }],
  ['glances for 0.6 s, on a phone', '4 seen', async ({ phone, mail, service, id }) => {
    await glances(await (await phone()).opens(mail.links[3]), service, id);
  }],
  ['taps the page, on a phone', '4 touched', async ({ phone, mail }) => {
    await (await (await phone()).opens(mail.links[3])).touches();
  }, young],
  ['compares three faces, and obeys the page (two presses at most)', '5 pressed', async ({ person, mail: { links } }) => {
    await obeys(await compares(await person(), [links[3], links[1], links[4]]), 5);
  }, { steps: 3 }],
  ['compares three faces, and obeys the page (two presses at most)', '5 pressed', async ({ person, mail: { links } }) => {
    await obeys(await compares(await person(), [links[3], links[1], links[4]]), 5);
  }, young],
  ['compares three faces on a phone, and obeys the page (two presses at most)', '5 pressed', async ({ phone, mail: { links } }) => {
    await obeys(await compares(await phone(), [links[3], links[1], links[4]]), 5);
  }, { young: true, steps: 3 }],
  ['compares three faces in a webmail, and obeys the page (two presses at most)', '5 pressed', async ({ person, webmail, id }) => {
    const ada = await person();
    for (const face of [3, 1]) await (await ada.clicks(webmail.url(id), face)).settles();
    await obeys(await ada.clicks(webmail.url(id), 4), 5);
  }, { young: true, steps: 3 }],
  ['mis-taps on a phone, and picks another face on the page', '5 pressed', async ({ phone, mail }) => {
    const tab = await (await phone()).opens(mail.links[3]);
    await tab.settles();
    await tab.picks(5);
    await tab.presses();
  }, { young: true, steps: 2 }],
  ['mis-taps on a phone, clicks another face, and changes to it', '5 pressed', async ({ phone, mail }) => {
    const tab = await compares(await phone(), [mail.links[3], mail.links[4]]);
    expect(await tab.form.locator('#act button[name=score]').count(), 2, 'buttons that ask which one counts');
    expect(await obeys(tab, 5), 1, 'presses');
  }, { young: true, steps: 3 }],
  ['mis-taps on a phone, clicks another face, and changes to it', '5 pressed', async ({ phone, mail }) => {
    const tab = await compares(await phone(), [mail.links[3], mail.links[4]]);
    expect(await tab.form.locator('#act button[name=score]').count(), 2, 'buttons that ask which one counts');
    expect(await obeys(tab, 5), 1, 'presses');
  }, { steps: 3 }],
  ['mis-taps on a phone, clicks another face at once, and presses', '5 pressed', async ({ phone, mail }) => {
    const ada = await phone();
    const first = await ada.opens('about:blank');
    await first.page.route('**/assets/*.js', (route) => route.abort()); // it is left before its script can confirm
    await first.goes(mail.links[3]);
    expect(await obeys(await ada.opens(mail.links[4]), 5), 1, 'presses');
  }, young],
  ['mis-taps on a phone, clicks another face, and leaves', 'nothing (held)', async ({ phone, mail }) => {
    await compares(await phone(), [mail.links[3], mail.links[4]]);
  }, { young: true, steps: 1 }],
  ...[['person', 'at a desktop'], ['phone', 'on a phone']].flatMap(([who, where]) => [young, {}].flatMap((options) => [
    [`obeys the page after a scan just now, ${where} (two presses at most)`, '4 pressed', async (world) => {
      const { disguised, mail } = world;
      await scans(await disguised(), mail);
      await obeys(await (await world[who]()).opens(mail.links[3]), 4);
    }, options],
    [`obeys the page two minutes after a scan, ${where} (one press)`, '4 pressed', async (world) => {
      const { disguised, mail, service, id } = world;
      await scans(await disguised(), mail);
      await service.passes(id, 120);
      expect(await obeys(await (await world[who]()).opens(mail.links[3]), 4), 1, 'presses');
    }, options],
  ])),
  ['obeys the page after a scan just now, in a webmail (two presses at most)', '4 pressed', async (world) => {
    const { disguised, person, mail, webmail, id } = world;
    await scans(await disguised(), mail);
    await obeys(await (await person()).clicks(webmail.url(id), 3), 4);
  }, young],
  ['obeys the page after a scan just now, without script (two presses at most)', '4 pressed', async ({ disguised, person, mail }) => {
    await scans(await disguised(), mail);
    await obeys(await (await person({ javaScriptEnabled: false })).opens(mail.links[3]), 4);
  }, young],
  ['is overtaken by a scan, and obeys the page (two presses at most)', '4 pressed', async ({ disguised, person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await scans(await disguised(), mail);
    await obeys(tab, 4);
  }, young],
  ['comes six minutes after a scan, and glances', '4 seen', async ({ disguised, person, mail, service, id }) => {
    await scans(await disguised(), mail);
    await service.passes(id, 360);
    await glances(await (await person()).opens(mail.links[3]), service, id);
  }],
  ['rates, and a scan comes after that', '4 pressed', async ({ disguised, person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.presses();
    await scans(await disguised(), mail);
  }],
  ['reads and leaves', '4 seen', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.confirms();
  }],
  ['leaves at once', 'nothing', async ({ person, mail }) => {
    const tab = await (await person()).opens('about:blank');
    // The page itself leaves, because a slow machine would take longer.
    await tab.page.addInitScript(() => addEventListener('DOMContentLoaded', () => {
      setTimeout(() => location.replace('about:blank'), 100);
    }));
    await tab.page.goto(mail.links[3], { waitUntil: 'commit' });
    await tab.page.waitForURL('about:blank');
    await tab.page.waitForLoadState();
  }],
  ['touches the page', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
  }],
  ['reads without a movement', 'nothing', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.reads(LONG);
  }, young],
  // The answer is made to say that the time to change the rating has passed since the page was made.
  ['reads a page that was open for long', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens('about:blank');
    await tab.page.route('**/r/**', async (route) => {
      const response = await route.fetch();
      if (route.request().method() !== 'POST') return route.fulfill({ response });
      return route.fulfill({ response, json: { ...await response.json(), frozen: true } });
    });
    await tab.goes(mail.links[3]);
    await tab.thanks.waitFor();
    await tab.touches();
    expect(await tab.form.locator('[name=score]').count(), 0, 'faces to pick');
    expect(await tab.page.locator('.until').count(), 0, 'sentences that name the end');
    // The page may be posting again as its browser closes.
    await tab.page.unrouteAll({ behavior: 'ignoreErrors' });
  }, { policy: 'hour' }],
  ['touches the page', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
  }, young],
  ['comments', '1 commented, "Nobody wrote back."', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[0]);
    await tab.touches();
    await tab.writes('Nobody wrote back.');
    await tab.button.waitFor({ state: 'detached' });
  }, { steps: 2 }],
  ['changes their mind on the page', '2 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
    await tab.picks(2);
    await tab.presses();
  }, { steps: 2 }],
  ['changes their mind by another link', '2 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
    await tab.goes(mail.links[1]);
    expect(await tab.mode(), 'change', 'the second page');
    await tab.chooses(2);
  }, { steps: 2 }],
  ['only looks at another link', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
    await tab.goes(mail.links[1]);
    await tab.reads(LONG);
  }],
  ['clicks another face at once, and presses', '2 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.confirms();
    await tab.goes(mail.links[1]);
    await tab.chooses(2);
    expect(await tab.showsAlert(), false, 'a refusal');
  }, { steps: 3 }],
  ['clicks another face at once, and keeps the first', '4 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.confirms();
    await tab.goes(mail.links[1]);
    await tab.chooses(4);
  }, { steps: 3 }],
  ['comes back after the change window', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
    await tab.goes(mail.links[1]);
    expect(await tab.form.locator('[name=score]').count(), 0, 'faces to pick');
  }, { closed: 2, policy: 'hour' }],
  ['comments after the change window', '4 commented, "Late."', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
    await tab.goes(mail.links[1]);
    await tab.writes('Late.');
  }, { closed: 2, policy: 'hour', steps: 2 }],
  ['comes back after the rate window', 'nothing', async ({ person, mail, service, id }) => {
    service.closeRating(id);
    const tab = await (await person()).opens(mail.links[3]);
    expect(await tab.mode(), 'closed', 'the page');
    await tab.reads(LONG);
  }],
  ['double clicks the button', '4 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.reads();
    await tab.posts(() => tab.button.dblclick());
    await tab.reads(LONG);
  }],
  ['double taps the button, on a phone', '4 pressed', async ({ disguised, phone, mail, service, id }) => {
    await scans(await disguised(), mail);
    await service.passes(id, 120);
    const tab = await (await phone()).opens(mail.links[3]);
    await tab.posts(() => Promise.all([tab.button.tap(), tab.button.tap()]));
    await tab.thanks.waitFor();
  }, young],
  ['double clicks the link', '4 seen', async ({ person, mail }) => {
    const ada = await person();
    const [first, second] = await Promise.all([ada.opens(mail.links[3]), ada.opens(mail.links[3])]);
    await first.reads(LONG);
    await second.reads(LONG);
  }],
  ['goes back, and forth again', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
    await tab.page.goto('about:blank');
    await tab.page.goBack();
    await tab.reads(LONG);
    await tab.page.reload();
  }],
  ['goes back to the mail for another face', '5 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens('about:blank');
    await tab.goes(mail.links[3]);
    await tab.touches();
    await tab.page.goBack();
    await tab.goes(mail.links[4]);
    await tab.chooses(5);
  }, { steps: 2 }],
  ['has it open in two tabs, and presses in the second', '5 pressed', async ({ person, mail }) => {
    const ada = await person();
    const first = await ada.opens(mail.links[3]);
    const second = await ada.opens(mail.links[3]);
    await first.touches();
    await second.picks(5);
    await second.presses();
  }, { steps: 2 }],
  ['opens two faces in tabs, and presses in one', '5 pressed', async ({ person, mail }) => {
    const ada = await person();
    const [, second] = await Promise.all([ada.opens(mail.links[3]), ada.opens(mail.links[4])]);
    await second.presses();
  }],
  ['has no script, and presses', '4 pressed', async ({ person, mail }) => {
    const tab = await (await person({ javaScriptEnabled: false })).opens(mail.links[3]);
    await tab.presses();
  }],
  ['has no script, and presses, on a phone', '4 pressed', async ({ phone, mail }) => {
    const tab = await (await phone({ javaScriptEnabled: false })).opens(mail.links[3]);
    await tab.presses();
  }, young],
  ['has no script, and leaves', 'nothing', async ({ person, mail }) => {
    const tab = await (await person({ javaScriptEnabled: false })).opens(mail.links[3]);
    await tab.reads(LONG);
  }],
  ['has no script, and comments with another face', '5 commented, "Thanks!"', async ({ person, mail }) => {
    const tab = await (await person({ javaScriptEnabled: false })).opens(mail.links[3]);
    await tab.picks(5);
    await tab.writes('Thanks!');
  }],
  ['uses the keyboard only', '5 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
    await tab.form.locator('summary').focus();
    await tab.page.keyboard.press('Enter');
    await tab.form.locator('[name=score]').first().focus();
    await tab.page.keyboard.press('ArrowLeft'); // from the first to the last: a radio group wraps around
    await tab.page.keyboard.press('Tab');
    await tab.posts(() => tab.page.keyboard.press('Enter'));
  }, { steps: 2 }],
  ['has a slow network', '4 commented, "Slow."', async ({ person, mail }) => {
    const ada = await person();
    const tab = await ada.opens('about:blank');
    const cdp = await ada.context.newCDPSession(tab.page);
    const slow = { offline: false, latency: 800, downloadThroughput: 15_000, uploadThroughput: 5_000 };
    await cdp.send('Network.emulateNetworkConditions', slow);
    await tab.goes(mail.links[3]);
    await tab.touches();
    await tab.writes('Slow.');
  }, { steps: 2 }],
  ['is offline at the press, and presses again', '4 commented, "Still here."', async ({ person, mail }) => {
    const ada = await person();
    const tab = await ada.opens(mail.links[3]);
    await tab.touches();
    await ada.context.setOffline(true);
    await tab.comment.fill('Still here.');
    await tab.reads(LONG);
    await tab.send.click();
    await tab.page.locator('[role=alert]:visible').first().waitFor();
    expect(await tab.comment.inputValue(), 'Still here.', 'the comment');
    await ada.context.setOffline(false);
    await tab.posts(() => tab.send.click());
  }, { steps: 2 }],
  ['touches the page before it could confirm, and leaves it alone', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.posts(() => tab.page.mouse.click(3, 3));
  }, young],
  ['only moves the mouse', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.posts(async () => {
      for (const [x, y] of [[40, 40], [90, 120], [160, 180]]) await tab.page.mouse.move(x, y);
    });
  }, young],
  ['moves the mouse once', 'nothing', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.page.mouse.move(40, 40);
    await tab.reads(LONG);
  }, young],
  ['presses at once, and the press is held back', '4 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    const posted = tab.posts(() => tab.button.click());
    await tab.page.locator('form[aria-busy=true]').waitFor();
    await posted;
    expect(await tab.showsAlert(), false, 'a refusal');
    expect(await tab.page.locator('.done').count(), 1, 'the thanks');
  }, young],
  ['comments at once', '4 commented, "Quick."', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.comment.fill('Quick.');
    await tab.posts(() => tab.send.click(), { pressed: true });
    await tab.button.waitFor({ state: 'detached' });
  }, young],
  ['writes too much, and shortens it', '4 commented, "Short."', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.confirms();
    const counter = tab.form.locator('[data-limit]');
    await tab.comment.fill('x'.repeat(4_499));
    expect(await counter.isVisible(), false, 'a counter far from the limit');
    await tab.comment.fill('x'.repeat(5_001));
    expect((await counter.textContent()).replace(/\D/g, ''), '50015000', 'the counter');
    await tab.reads(LONG);
    await tab.posts(() => tab.send.click());
    await tab.page.locator('.notice:visible').waitFor();
    expect((await tab.comment.inputValue()).length, 5_001, 'characters that are kept');
    expect(await tab.page.locator('.done').count(), 1, 'the rating is safe');
    await tab.comment.fill('Short.');
    await tab.posts(() => tab.send.click());
    await tab.button.waitFor({ state: 'detached' });
  }, { steps: 2 }],
  ['unsubscribes, and takes it back', 'nothing', async ({ person, mail, service, id }) => {
    const tab = await (await person()).opens(mail.unsubscribe);
    await tab.presses();
    await tab.form.locator('[name=undo]').waitFor();
    const decides = async () => {
      const customers = [{ email: `${id}@example.com` }];
      const closing = { conversation_id: `${id}-2`, closed_at: new Date().toISOString(), teammate_replied: true, customers };
      return (await service.api('/v1/closings?dry_run=true', closing)).decision;
    };
    expect(await decides(), 'skip', 'the decision after unsubscribing');
    await tab.posts(() => tab.form.locator('[name=undo]').click());
    expect(await decides(), 'ask', 'the decision after taking it back');
  }],
  ['unsubscribes', 'nothing', async ({ person, mail, service, id }) => {
    const tab = await (await person()).opens(mail.unsubscribe);
    await tab.presses();
    await tab.form.locator('[name=undo]').waitFor();
    const closing = { conversation_id: `${id}-2`, closed_at: new Date().toISOString(), teammate_replied: true };
    const customers = [{ email: `${id}@example.com` }];
    const { reasons } = await service.api('/v1/closings?dry_run=true', { ...closing, customers });
    expect(reasons?.some(({ rule }) => rule === 'opted_out'), true, 'the customer is not asked again');
  }],
];
