// The script of the demo's page. Without it, the page works by links, forms and reloading. With it, what is marked
// `data-live` follows by itself, and times are shown in the visitor's zone.
(() => {
  "use strict";
  const EVERY = 1000; // ms between two looks
  const STYLES = { // of the server, too, which knows no zone
    second: { timeStyle: "medium" },
    minute: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
    listed: { timeStyle: "short" },
  };
  const DAY = { day: "numeric", month: "short" }; // in a list, of other days
  const byId = (id) => document.getElementById(id);
  let looking = false;

  async function look() {
    if (looking || document.hidden) return;
    looking = true;
    try {
      await show(await fetch(document.body.dataset.self));
      byId("gone").textContent = "";
    } catch {
      if (!byId("gone").textContent) byId("gone").textContent = byId("gone").dataset.text;
    } finally {
      looking = false;
    }
  }

  async function show(response) {
    if (!response.ok) throw new Error(response.status);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    localise(fresh);
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(old.id);
      if (now) update(old, now);
    }
  }

  // Replaces only what differs, so that a screen reader announces new lines and no others, and keeps the focus.
  function update(old, now) {
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const [olds, news] = [[...old.childNodes], [...now.childNodes]];
    news.forEach((node, at) => {
      if (!olds[at]) old.append(node);
      else if (!olds[at].isEqualNode(node)) olds[at].replaceWith(node);
    });
    for (const rest of olds.slice(news.length)) rest.remove();
    if (focused) [...old.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    if (old.id === "lines" && olds.length < news.length) scrollToEnd();
  }

  function scrollToEnd() {
    const log = byId("lines")?.parentElement;
    if (log) log.scrollTop = log.scrollHeight;
  }

  function localise(root) {
    const today = new Date(byId("now")?.dateTime ?? Date.now()).toDateString();
    for (const time of root.querySelectorAll("time")) {
      const at = new Date(time.dateTime);
      const { style } = time.dataset;
      time.textContent = at.toLocaleString("en-GB", style === "listed" && at.toDateString() !== today ? DAY : STYLES[style]);
    }
  }

  // Sends a button's form in place, unless it leads to another mail.
  async function press(event) {
    if ("leads" in event.target.dataset) return;
    event.preventDefault();
    const button = event.target.querySelector("button");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await show(await fetch(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) }));
    } catch {
      await look();
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  addEventListener("submit", press);
  document.addEventListener("visibilitychange", look);
  localise(document);
  scrollToEnd();
  setInterval(look, EVERY);
})();
