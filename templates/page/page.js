// The script of the rating page. Everything works without it, by one press; with it, a page in mode `seen` or
// `touched` confirms by itself, and a press is sent in place, so that a lost connection loses no text.
(() => {
  "use strict";
  const SEEN_AFTER = 2000; // ms of being visible
  const TOUCH_AFTER = 1000; // ms after load
  const PATIENCE = 20000; // ms for the answer to a press
  const WAYS = { seen: ["seen", "touched"], touched: ["touched"] };

  let begun; // when the page was first there, or a fresh one was adopted
  let watched; // ms that it was visible before `since`
  let since; // when it last became visible; undefined while it is hidden
  let timer;
  let left = 4; // confirmations that the script may still send
  let tried = new Set();
  let presses = 0;
  let busy = false; // a press is under way

  const form = () => document.querySelector("form[data-mode]");
  const byId = (id) => document.getElementById(id);

  function begin() {
    begun = performance.now();
    watched = 0;
    since = undefined;
    tried = new Set();
    watch();
  }

  function watch() {
    if (begun === undefined) return;
    clearTimeout(timer);
    const now = performance.now();
    if (since !== undefined) watched += now - since;
    since = document.visibilityState === "visible" ? now : undefined;
    if (watched >= SEEN_AFTER) confirm("seen");
    else if (since !== undefined) timer = setTimeout(watch, SEEN_AFTER - watched);
  }

  function touch(event) {
    if (event.isTrusted && performance.now() - begun >= TOUCH_AFTER) confirm("touched");
  }

  // Sends the page and what happened to it, never what was typed or picked. If it fails, the form still asks.
  async function confirm(how) {
    const at = form();
    if (!at || busy || navigator.webdriver || "quiet" in at.dataset) return;
    if (!WAYS[at.dataset.mode]?.includes(how) || tried.has(how) || left < 1) return;
    left -= 1;
    tried.add(how);
    const page = at.elements.page.value;
    const press = presses;
    let answer = {};
    try {
      const headers = { Accept: "application/json" };
      const body = new URLSearchParams({ page, how });
      const response = await fetch(at.action, { method: "POST", credentials: "same-origin", keepalive: true, headers, body });
      answer = await response.json();
    } catch {
      // No answer: treated as one that says nothing.
    }
    if (press === presses) adopt(at, page, how, answer);
  }

  function adopt(at, page, how, answer) {
    if (answer.page && answer.mode) {
      at.elements.page.value = answer.page;
      at.dataset.mode = answer.mode;
    }
    if (answer.outcome === "ok") thank();
    else if (answer.page && answer.page !== page) begin();
    else tried.delete(how);
  }

  function thank() {
    const saved = byId("saved");
    if (!saved) return;
    byId("lead").replaceChildren(saved.content.cloneNode(true));
    if ("fixed" in saved.dataset) form().querySelector("fieldset")?.remove();
    saved.remove();
    localise();
    if (!form().elements.comment.value.trim()) byId("notice").replaceChildren();
  }

  // Sends the form and shows the page that answers, in place. If none does, all that was entered stays.
  async function press(event) {
    const at = event.target;
    if (at !== form()) return;
    event.preventDefault();
    if (!event.isTrusted || busy) return;
    wait(at, true);
    presses += 1;
    const answer = await send(at);
    wait(at, false);
    if (answer.main) show(answer.main, at.elements.page.value);
    else byId("trouble").textContent = answer.said ?? byId("trouble").dataset[answer.trouble];
  }

  // A page of ours has a `lead`, or else a heading and a sentence; what a hotel's network says instead has neither.
  async function send(at) {
    const abort = new AbortController();
    const patience = setTimeout(() => abort.abort(), PATIENCE);
    try {
      const headers = { Accept: "text/html" };
      const body = new URLSearchParams(new FormData(at));
      const response = await fetch(at.action, { method: "POST", credentials: "same-origin", signal: abort.signal, headers, body });
      if (response.status === 429) return { trouble: "tooMany" };
      const main = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
      if (main?.querySelector("#lead")) return { main };
      const refused = response.status >= 400 && response.status < 500 && main?.querySelector("h1 + p");
      return refused ? { said: refused.textContent } : { trouble: "failed" };
    } catch {
      return { trouble: navigator.onLine ? "failed" : "offline" };
    } finally {
      clearTimeout(patience);
    }
  }

  function wait(at, waiting) {
    const button = at.querySelector("button");
    busy = waiting;
    at.setAttribute("aria-busy", waiting);
    at.elements.comment.readOnly = waiting;
    if (waiting) byId("trouble").textContent = "";
    [button.textContent, button.dataset.sending] = [button.dataset.sending, button.textContent];
  }

  // The regions stay and what is in them changes, so that a screen reader tells.
  function show(main, page) {
    for (const id of ["notice", "lead", "rest"]) byId(id).replaceChildren(...main.querySelector(`#${id}`).childNodes);
    localise();
    if (form().elements.page.value !== page) begin();
    document.querySelector("main").querySelector("[role=alert]:not(:empty), h1").focus();
    scrollTo(0, 0);
  }

  function localise() {
    const style = { dateStyle: "long", timeStyle: "short" };
    for (const time of document.querySelectorAll("time")) {
      time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, style);
    }
  }

  // A press that no person made goes nowhere.
  function guard(event) {
    if (!event.isTrusted && event.target.closest?.("form[data-mode] button")) event.preventDefault();
  }

  addEventListener("click", guard, true);
  addEventListener("submit", press);
  document.addEventListener("visibilitychange", watch);
  for (const kind of ["pointerdown", "touchstart", "keydown", "wheel"]) {
    addEventListener(kind, touch, { capture: true, passive: true });
  }
  localise();
  if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
  else begin();
})();
