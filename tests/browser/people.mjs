// What people do with a mail, and what the report counts. Each opens the mail ten minutes after it arrived, unless the
// mail is young.
import { LONG, READ, expect } from './visitors.mjs';

// The behaviour, what the report should count, and the steps. `person` makes a visitor, `mail` has the links.
export const people = [
  ['reads and leaves', '4 seen', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.confirms();
  }],
  ['leaves at once', 'nothing', async ({ person, mail }) => {
    const ada = await person();
    await ada.opens(mail.links[3]);
    await ada.leaves();
  }],
  ['touches the page', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
  }],
  ['reads a mail that just came', 'nothing', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.reads(LONG);
  }, { young: true }],
  // The answer is made to say that the time to change the rating has passed since the page was made.
  ['reads a page that was open for long', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.page.route('**/r/**', async (route) => {
      const response = await route.fetch();
      return route.fulfill({ response, json: { ...await response.json(), frozen: true } });
    });
    await tab.touches();
    await tab.page.locator('.done').waitFor();
    expect(await tab.form.locator('[name=score]').count(), 0, 'faces to pick');
    expect(await tab.page.locator('.until').count(), 0, 'sentences that name the end');
    // The page may be posting again as its browser closes.
    await tab.page.unrouteAll({ behavior: 'ignoreErrors' });
  }, { policy: 'hour' }],
  ['touches the page of a mail that just came', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.touches();
  }, { young: true }],
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
    expect(Date.now() - tab.opened < READ, true, 'the page remembered the touch');
  }, { young: true }],
  ['only moves the mouse', '4 touched', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.posts(async () => {
      for (const [x, y] of [[40, 40], [90, 120], [160, 180]]) await tab.page.mouse.move(x, y);
    });
  }, { young: true }],
  ['moves the mouse once', 'nothing', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.page.mouse.move(40, 40);
    await tab.reads(LONG);
  }, { young: true }],
  ['presses at once, and the press is held back', '4 pressed', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    const posted = tab.posts(() => tab.button.click());
    await tab.page.locator('form[aria-busy=true]').waitFor();
    await posted;
    expect(await tab.showsAlert(), false, 'a refusal');
    expect(await tab.page.locator('.done').count(), 1, 'the thanks');
  }, { young: true }],
  ['comments at once', '4 commented, "Quick."', async ({ person, mail }) => {
    const tab = await (await person()).opens(mail.links[3]);
    await tab.comment.fill('Quick.');
    await tab.posts(() => tab.send.click(), { pressed: true });
    await tab.button.waitFor({ state: 'detached' });
  }, { young: true }],
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
