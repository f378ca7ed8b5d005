// The script of the rating page. Without it, the page works by pressing its button. With it, a page in mode `seen` or
// `touched` confirms the rating by itself, and the buttons send the form in place, so a lost connection loses no text.
(() => {
  "use strict";
  // Milliseconds. The first is of being visible, the others begin when the page is shown. The service refuses a press
  // sooner than one second, or two with a comment or on a page that asks once more.
  const SEEN_AFTER = 500;
  const TOUCH_AFTER = 500;
  const PRESS_AFTER = 1100;
  const SLOW_PRESS_AFTER = 2100;
  const PRESS_TIMEOUT = 20000;
  // How many mouse moves to different places are a touch.
  const MOVES = 3;
  // From how many characters on there is a counter.
  const COUNT_FROM = 4500;
  // The evidence that confirms, by mode.
  const ACCEPTED = { seen: ["seen", "touched"], touched: ["touched"] };
  const POST = { method: "POST", credentials: "same-origin" };

  // When the page was first shown, or a fresh page token arrived.
  let startedAt;
  // How long the page was visible before `visibleSince`: when it last became so, undefined while it is hidden.
  let visibleMs;
  let visibleSince;
  let seenTimer;
  let touchTimer;
  // There was a touch; one sooner than TOUCH_AFTER is sent then.
  let touched = false;
  // How many confirmations the script may still send.
  let confirmsLeft = 4;
  let tried = new Set();
  let places = new Set();
  let presses = 0;
  // A press is held back or being sent.
  let busy = false;

  const form = () => document.querySelector("form[data-mode]");
  const byId = (id) => document.getElementById(id);
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const comment = () => form()?.elements.comment?.value.trim() ?? "";

  function start() {
    startedAt = performance.now();
    visibleMs = 0;
    visibleSince = undefined;
    tried = new Set();
    showSaving(mayConfirm("seen"));
    trackVisibility();
    if (touched) touch();
  }

  // Only while the script is about to save does the page say so; otherwise it shows its button.
  function showSaving(shown) {
    const saving = byId("saving");
    if (!saving) return;
    saving.hidden = !shown;
    byId("act").hidden = shown;
  }

  function trackVisibility() {
    if (startedAt === undefined) return;
    clearTimeout(seenTimer);
    const now = performance.now();
    if (visibleSince !== undefined) visibleMs += now - visibleSince;
    visibleSince = document.visibilityState === "visible" ? now : undefined;
    if (visibleMs >= SEEN_AFTER) confirm(touched ? "touched" : "seen");
    else if (visibleSince !== undefined) seenTimer = setTimeout(trackVisibility, SEEN_AFTER - visibleMs);
  }

  // A press of a button or another face says more than a touch, and says it itself.
  function noticeTouch(event) {
    if (!event.isTrusted || event.target.closest?.("button, .faces, summary, a")) return;
    if (event.type === "mousemove" && places.add(`${event.screenX} ${event.screenY}`).size < MOVES) return;
    touched = true;
    touch();
  }

  function touch() {
    if (startedAt === undefined) return;
    clearTimeout(touchTimer);
    const wait = startedAt + TOUCH_AFTER - performance.now();
    if (wait > 0) touchTimer = setTimeout(touch, wait);
    else confirm("touched");
  }

  function mayConfirm(how) {
    const target = form();
    if (!target || busy || navigator.webdriver || "quiet" in target.dataset || target.querySelector(".faces :checked")) return false;
    return ACCEPTED[target.dataset.mode]?.includes(how) && !tried.has(how) && confirmsLeft > 0;
  }

  // Sends the page token and the evidence, never what was typed or picked. If that fails, the button still works.
  async function confirm(how) {
    if (!mayConfirm(how)) return;
    const target = form();
    confirmsLeft -= 1;
    tried.add(how);
    const page = target.elements.page.value;
    const press = presses;
    let answer = {};
    try {
      const headers = { Accept: "application/json" };
      const body = new URLSearchParams({ page, how });
      const response = await fetch(target.action, { ...POST, keepalive: true, headers, body });
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
    if (answer.outcome === "ok") return showThanks(answer.frozen);
    if (answer.page && answer.page !== page) {
      // Only the service knows what is so now, and the page must not go on to say what was so before.
      const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
      if (answer.outcome === "stale" || comment() || reloaded) start();
      else location.reload();
      return;
    }
    // It came too soon, or not at all.
    tried.delete(how);
    if (answer.outcome === "ask" && mayConfirm(how)) setTimeout(confirm, SEEN_AFTER, how);
    else showSaving(false);
  }

  // `frozen`: the time to change the rating has passed. It may have passed since the page was made, which then names it.
  function showThanks(frozen) {
    const saved = byId("saved");
    if (!saved) return;
    const parts = saved.content;
    if (frozen && !("fixed" in saved.dataset)) for (const part of parts.querySelectorAll(".until, .another")) part.remove();
    if (comment()) parts.querySelector(".told").textContent = saved.dataset.unsent;
    for (const part of parts.children) byId(part.dataset.to).replaceChildren(...part.childNodes);
    byId("act").hidden = false;
    saved.remove();
    localise();
  }

  // Sends the form and shows the returned page in place. If there is none, everything that was entered stays.
  async function press(event) {
    const target = event.target;
    if (target !== form()) return;
    event.preventDefault();
    if (!event.isTrusted || busy) return;
    presses += 1;
    const button = event.submitter ?? target.querySelector("button");
    const body = new URLSearchParams(new FormData(target));
    if (button.name) body.append(button.name, button.value);
    const release = setBusy(target, button);
    const slow = comment() || "onceMore" in target.dataset;
    const wait = startedAt + (slow ? SLOW_PRESS_AFTER : PRESS_AFTER) - performance.now();
    if (wait > 0) await pause(wait);
    button.textContent = target.dataset.sending;
    const answer = await send(target.action, body);
    release();
    if (answer.main) return showPage(answer.main, target.elements.page.value);
    const trouble = byId("trouble");
    button.after(trouble);
    trouble.textContent = answer.message ?? trouble.dataset[answer.trouble];
  }

  // The service's pages have a `lead`, or else a heading and a sentence. The login page of a hotel's network has
  // neither.
  async function send(action, body) {
    const abort = new AbortController();
    const timeout = setTimeout(() => abort.abort(), PRESS_TIMEOUT);
    try {
      const headers = { Accept: "text/html" };
      const response = await fetch(action, { ...POST, signal: abort.signal, headers, body });
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

  // Shows that a press is under way; returns what ends that.
  function setBusy(target, button) {
    const label = [...button.childNodes];
    const set = (on) => {
      busy = on;
      target.setAttribute("aria-busy", on);
      if (target.elements.comment) target.elements.comment.readOnly = on;
      button.classList.toggle("busy", on);
    };
    byId("trouble").textContent = "";
    button.textContent = target.dataset.moment;
    set(true);
    return () => {
      set(false);
      button.replaceChildren(...label);
    };
  }

  // Keeps the live region and replaces its content, so that a screen reader announces it.
  function showPage(main, page) {
    const [now, next] = [form(), main.querySelector("form[data-mode]")];
    const lead = byId("lead");
    lead.replaceChildren(...next.querySelector("#lead").childNodes);
    next.querySelector("#lead").replaceWith(lead);
    now.replaceWith(next);
    byId("saved")?.remove();
    const saved = main.querySelector("#saved");
    if (saved) next.after(saved);
    localise();
    count();
    if (next.elements.page.value !== page) start();
    (document.querySelector(".notice[tabindex]") ?? document.querySelector("h1")).focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  // The counter, near the limit.
  function count() {
    const counter = byId("count");
    if (!counter) return;
    const length = [...comment()].length;
    const { text, limit } = counter.dataset;
    counter.hidden = length < COUNT_FROM;
    counter.classList.toggle("over", length > limit);
    const number = (value) => Number(value).toLocaleString(`${document.documentElement.lang}-u-nu-latn`);
    counter.textContent = counter.hidden ? "" : text.replace("{count}", number(length)).replace("{limit}", number(limit));
  }

  function localise() {
    const style = { dateStyle: "long", timeStyle: "short" };
    for (const time of document.querySelectorAll("time")) {
      time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, style);
    }
  }

  // Blocks clicks on a button that a script made.
  function blockScriptedClick(event) {
    if (!event.isTrusted && event.target.closest?.("form[data-mode] button")) event.preventDefault();
  }

  addEventListener("click", blockScriptedClick, true);
  addEventListener("submit", press);
  addEventListener("input", count);
  document.addEventListener("visibilitychange", trackVisibility);
  for (const kind of ["pointerdown", "touchstart", "keydown", "wheel", "mousemove"]) {
    addEventListener(kind, noticeTouch, { capture: true, passive: true });
  }
  localise();
  count();
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else start();
})();
