// The script of the rating page. Without it, the page works by pressing its button. With it, a page in mode `seen` or
// `touched` confirms the rating by itself, and the button sends the form in place, so a lost connection loses no text.
(() => {
  "use strict";
  const SEEN_AFTER = 2000; // ms of being visible
  const TOUCH_AFTER = 1000; // ms after load
  const PRESS_TIMEOUT = 20000; // ms
  const ACCEPTED = { seen: ["seen", "touched"], touched: ["touched"] }; // evidence that confirms, by mode

  let startedAt; // when the page was first shown, or a fresh page token arrived
  let visibleMs; // how long the page was visible before `visibleSince`
  let visibleSince; // when the page last became visible; undefined while it is hidden
  let timer;
  let confirmsLeft = 4; // how many confirmations the script may still send
  let tried = new Set();
  let presses = 0;
  let busy = false; // a press is being sent

  const form = () => document.querySelector("form[data-mode]");
  const byId = (id) => document.getElementById(id);

  function start() {
    startedAt = performance.now();
    visibleMs = 0;
    visibleSince = undefined;
    tried = new Set();
    trackVisibility();
  }

  function trackVisibility() {
    if (startedAt === undefined) return;
    clearTimeout(timer);
    const now = performance.now();
    if (visibleSince !== undefined) visibleMs += now - visibleSince;
    visibleSince = document.visibilityState === "visible" ? now : undefined;
    if (visibleMs >= SEEN_AFTER) confirm("seen");
    else if (visibleSince !== undefined) timer = setTimeout(trackVisibility, SEEN_AFTER - visibleMs);
  }

  function touch(event) {
    if (event.isTrusted && performance.now() - startedAt >= TOUCH_AFTER) confirm("touched");
  }

  // Sends the page token and the evidence, never what was typed or picked. If that fails, the button still works.
  async function confirm(how) {
    const target = form();
    if (!target || busy || navigator.webdriver || "quiet" in target.dataset) return;
    if (!ACCEPTED[target.dataset.mode]?.includes(how) || tried.has(how) || confirmsLeft < 1) return;
    confirmsLeft -= 1;
    tried.add(how);
    const page = target.elements.page.value;
    const press = presses;
    let answer = {};
    try {
      const headers = { Accept: "application/json" };
      const body = new URLSearchParams({ page, how });
      const response = await fetch(target.action, { method: "POST", credentials: "same-origin", keepalive: true, headers, body });
      answer = await response.json();
    } catch {
      // If there is no response, or it is not JSON, `answer` stays empty.
    }
    // A press in the meantime makes this answer obsolete.
    if (press === presses) apply(target, page, how, answer);
  }

  function apply(target, page, how, answer) {
    if (answer.page && answer.mode) {
      target.elements.page.value = answer.page;
      target.dataset.mode = answer.mode;
    }
    if (answer.outcome === "ok") showThanks(answer.frozen);
    else if (answer.page && answer.page !== page) start();
    else tried.delete(how);
  }

  // `frozen`: the time to change the rating has passed. It may have passed since the page was made, which then names it.
  function showThanks(frozen) {
    const saved = byId("saved");
    if (!saved) return;
    byId("lead").replaceChildren(saved.content.cloneNode(true));
    if (frozen && !("fixed" in saved.dataset)) byId("lead").querySelector(".until")?.remove();
    if (frozen) form().querySelector("fieldset")?.remove();
    saved.remove();
    localise();
    if (!form().elements.comment.value.trim()) byId("notice").replaceChildren();
  }

  // Sends the form and shows the returned page in place. If there is none, everything that was entered stays.
  async function press(event) {
    const target = event.target;
    if (target !== form()) return;
    event.preventDefault();
    if (!event.isTrusted || busy) return;
    setBusy(target, true);
    presses += 1;
    const answer = await send(target);
    setBusy(target, false);
    if (answer.main) showPage(answer.main, target.elements.page.value);
    else byId("trouble").textContent = answer.message ?? byId("trouble").dataset[answer.trouble];
  }

  // The service's pages have a `lead`, or else a heading and a sentence. The login page of a hotel's network has
  // neither.
  async function send(target) {
    const abort = new AbortController();
    const timeout = setTimeout(() => abort.abort(), PRESS_TIMEOUT);
    try {
      const headers = { Accept: "text/html" };
      const body = new URLSearchParams(new FormData(target));
      const response = await fetch(target.action, { method: "POST", credentials: "same-origin", signal: abort.signal, headers, body });
      if (response.status === 429) return { trouble: "tooMany" };
      const main = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
      if (main?.querySelector("#lead")) return { main };
      const refused = response.status >= 400 && response.status < 500 && main?.querySelector("h1 + p");
      return refused ? { message: refused.textContent } : { trouble: "failed" };
    } catch {
      return { trouble: navigator.onLine ? "failed" : "offline" };
    } finally {
      clearTimeout(timeout);
    }
  }

  function setBusy(target, waiting) {
    const button = target.querySelector("button");
    busy = waiting;
    target.setAttribute("aria-busy", waiting);
    target.elements.comment.readOnly = waiting;
    if (waiting) byId("trouble").textContent = "";
    [button.textContent, button.dataset.sending] = [button.dataset.sending, button.textContent];
  }

  // Keeps the live regions and replaces their content, so that a screen reader announces it.
  function showPage(main, page) {
    for (const id of ["notice", "lead", "rest"]) byId(id).replaceChildren(...main.querySelector(`#${id}`).childNodes);
    localise();
    if (form().elements.page.value !== page) start();
    document.querySelector("main").querySelector("[role=alert]:not(:empty), h1").focus();
    scrollTo(0, 0);
  }

  function localise() {
    const style = { dateStyle: "long", timeStyle: "short" };
    for (const time of document.querySelectorAll("time")) {
      time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, style);
    }
  }

  // Blocks clicks on the button that a script made.
  function blockScriptedClick(event) {
    if (!event.isTrusted && event.target.closest?.("form[data-mode] button")) event.preventDefault();
  }

  addEventListener("click", blockScriptedClick, true);
  addEventListener("submit", press);
  document.addEventListener("visibilitychange", trackVisibility);
  for (const kind of ["pointerdown", "touchstart", "keydown", "wheel"]) {
    addEventListener(kind, touch, { capture: true, passive: true });
  }
  localise();
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else start();
})();
