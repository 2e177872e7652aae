// The clinician's pages, faster: parts of a page are exchanged without leaving it (so that a call goes on), the note
// saves itself, the queue keeps itself up to date, and everything has a key. Without this file all of it still works.

const SAVE_AFTER_MS = 1200;
const SAVE_RETRY_MS = 5000;
const SEARCH_AFTER_MS = 250;
const LOOK_EVERY_MS = 3000;
const LOOK_HIDDEN_MS = 15000;

const parser = new DOMParser();
const typed = new WeakSet();

// --- exchanging parts ------------------------------------------------------------------------------------------

async function load(address, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", ...options });
  if (answer.headers.has("x-prove")) {
    // Somebody has to prove who they are first. A call is not left for that: the question gets a page of its own.
    if (!document.querySelector("[data-call-running]")) throw new Error("prove");
    window.open(answer.headers.get("x-prove"));
    return null;
  }
  if (answer.redirected && new URL(answer.url).pathname.endsWith("/sign-in")) {
    location.assign(answer.url);
    return null;
  }
  if (answer.status >= 500) throw new Error("failed");
  return { page: parser.parseFromString(await answer.text(), "text/html"), address: answer.url };
}

function swap(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || part.outerHTML === fresh.outerHTML) continue;
    if (part.querySelector("[data-started]") && fresh.dataset.act === "enter") continue;
    if ("keepTyping" in part.dataset && keepsTyping(part, fresh)) continue;
    const place = placeOf(part);
    const now = document.importNode(fresh, true);
    part.replaceWith(now);
    stay(now, place);
  }
  const token = page.querySelector('meta[name="csrf"]')?.content;
  if (token) document.querySelector('meta[name="csrf"]').content = token;
  document.dispatchEvent(new CustomEvent("parts-swapped"));
  start();
}

// Nothing jumps while one reads, and the focus stays where it was: on the same row or button, else on the row that took
// its place. What names a thing across versions of a page is its id, its address, or where its form is sent to.
function nameOf(thing) {
  if (thing.id) return `#${CSS.escape(thing.id)}`;
  if (thing.matches("a[href]")) return `a[href="${CSS.escape(thing.getAttribute("href"))}"]`;
  const form = thing.closest("form[action]");
  return form ? `form[action="${CSS.escape(form.getAttribute("action"))}"] ${thing.localName}` : "";
}

function placeOf(part) {
  const held = part.contains(document.activeElement) ? document.activeElement : null;
  const rows = [...part.querySelectorAll("[data-row] th a")];
  const seen = held ?? rows.find((row) => row.getBoundingClientRect().top >= 0);
  return {
    focus: held ? nameOf(held) : "", row: held ? rows.indexOf(held) : -1,
    anchor: seen ? nameOf(seen) : "", top: seen?.getBoundingClientRect().top ?? 0,
    box: held?.matches("[data-search]") ? { text: held.value, from: held.selectionStart, to: held.selectionEnd } : null,
  };
}

function stay(part, place) {
  const rows = [...part.querySelectorAll("[data-row] th a")];
  const held = place.focus && (part.querySelector(place.focus) ?? rows[Math.min(place.row, rows.length - 1)]);
  if (held) held.focus({ preventScroll: true });
  if (place.box && held?.matches("[data-search]")) keepSearched(held, place.box);
  const seen = place.anchor && part.querySelector(place.anchor);
  if (seen && rows.length) scrollBy({ top: seen.getBoundingClientRect().top - place.top, behavior: "instant" });
}

// What is being typed to look for is never written over by an answer, which may be about what stood there before: the
// words stay, and what is marked in them, so that the next key does what it would have done.
function keepSearched(input, { text, from, to }) {
  const answered = input.value === text;
  input.value = text;
  input.setSelectionRange(from, to);
  if (!answered) later(() => find(input.form));
}

// A note being written is left alone, unless the page brings something new about it: a signature or a conflict.
function keepsTyping(part, fresh) {
  const form = part.querySelector("[data-autosave]");
  return Boolean(form) && Boolean(fresh.querySelector("[data-autosave]")) && !fresh.querySelector(".kept");
}

async function exchange(address, options, keeps) {
  document.body.setAttribute("aria-busy", "true");
  try {
    const got = await load(address, options);
    if (!got) return;
    // A prescription being written stays as it is while something beside it is asked.
    if (keeps && document.querySelector(`#${keeps} .rx-form`)) got.page.getElementById(keeps)?.remove();
    came(got, new URL(address, location.href).hash);
  } finally {
    document.body.removeAttribute("aria-busy");
  }
}

function came({ page, address }, wanted = "") {
  swap(page);
  const url = new URL(address);
  // An answer's address comes without its fragment: what it is about stands in its query, too.
  const order = url.searchParams.get("order");
  const part = wanted || url.hash || (order ? `#order-${CSS.escape(order)}` : "");
  url.searchParams.delete("said");
  url.searchParams.delete("order");
  url.hash = part;
  history.replaceState(history.state, "", url);
  const notice = document.querySelector("[data-notice]");
  if (notice) announce(notice.textContent.trim());
  if (part) reveal(part);
  if (part && document.activeElement === document.body) settle(document.querySelector(part));
}

// What was done on a page beside the call has led back to the visit.
document.addEventListener("page-came", (event) => came(event.detail));

function reveal(part) {
  const target = document.querySelector(part);
  const seen = target?.getBoundingClientRect();
  if (seen && (seen.top < 0 || seen.top > innerHeight)) target.scrollIntoView({ block: "start" });
}

// What had the focus is gone with its part: whoever works with keys goes on where the answer is.
function settle(part) {
  const target = part?.querySelector(".summary-box, .rx-form h3") ?? part?.querySelector("h2") ?? part;
  target?.setAttribute("tabindex", "-1");
  target?.focus({ preventScroll: true });
}

function announce(words) {
  const line = document.querySelector("[data-said]");
  if (line) line.textContent = words;
}

// A press that takes a while says so at once, on its button and to whoever only hears the page.
function doing(form, button) {
  const words = form.dataset.doing;
  if (!words || !button) return () => {};
  const before = button.textContent;
  button.textContent = words;
  announce(words);
  return () => { button.textContent = before; };
}

function failed(form) {
  const line = form.querySelector("[data-doing-line]");
  line.textContent = form.dataset.failed;
  line.classList.add("field-error");
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || !("swap" in form.dataset)) return;
  event.preventDefault();
  const button = event.submitter;
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  button?.setAttribute("aria-disabled", "true");
  const settled = doing(form, button);
  try {
    if ("afterAutosave" in form.dataset) await saveAll();
    const body = new URLSearchParams(new FormData(form));
    if (form.method === "get") {
      const address = new URL(form.action);
      address.search = body.toString();
      await exchange(address.href, {});
    } else {
      await exchange(form.action, { method: "POST", body }, form.dataset.keeps);
    }
  } catch (fault) {
    settled();
    // What may have been done already is not sent again unasked: the page says what was saved and what to do.
    if (form.dataset.failed && fault.message !== "prove") return failed(form);
    delete form.dataset.swap;
    form.requestSubmit(button ?? undefined);
  } finally {
    settled();
    delete form.dataset.busy;
    button?.removeAttribute("aria-disabled");
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  exchange(link.href, {}).catch(() => location.assign(link.href));
});

document.addEventListener("call-over", () => refresh());

// A running call must not be lost by an absent-minded click.
window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("[data-call-running]") || document.querySelector('form[data-unsaved="1"]')) {
    event.preventDefault();
  }
});

// --- the note saves itself -------------------------------------------------------------------------------------

class Autosave {
  constructor(form) {
    this.form = form;
    this.line = form.closest("[data-live]").querySelector("[data-saved]");
    this.timer = 0;
    this.saving = null;
    form.addEventListener("input", () => this.later());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.save();
    });
  }

  later() {
    typed.add(this.form);
    this.form.dataset.unsaved = "1";
    this.line.textContent = this.line.dataset.unsaved;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  async save() {
    clearTimeout(this.timer);
    if (this.saving) await this.saving;
    this.saving = this.send();
    await this.saving;
    this.saving = null;
  }

  async send() {
    this.line.textContent = this.line.dataset.saving;
    delete this.form.dataset.unsaved;
    const body = new URLSearchParams(new FormData(this.form));
    try {
      const answer = await fetch(this.form.action, {
        method: "POST", credentials: "same-origin", body, headers: { Accept: "application/json" },
      });
      if (answer.status === 409) {
        await exchange(this.form.action, { method: "POST", body });
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const saved = await answer.json();
      this.form.elements.version.value = saved.version;
      this.form.elements.key.value = randomKey();
      if (!this.form.dataset.unsaved) this.line.textContent = saved.saved;
      savedAt = Date.now();
      if (!typed.has(document.activeElement)) refresh(["sign"]);
    } catch {
      this.form.dataset.unsaved = "1";
      this.line.textContent = this.line.dataset.failed;
      this.timer = setTimeout(() => this.save(), SAVE_RETRY_MS);
    }
  }
}

let autosaves = [];
let savedAt = 0;

// Beside the time, for the eye alone: a live region that counts seconds would never be silent.
setInterval(() => {
  const seconds = Math.round((Date.now() - savedAt) / 1000);
  for (const line of document.querySelectorAll("[data-ago]")) {
    const unsaved = document.querySelector('form[data-unsaved="1"]');
    line.textContent = savedAt && seconds < 60 && !unsaved ? line.dataset.ago.replace("{count}", seconds) : "";
  }
}, 1000);

function saveAll() {
  return Promise.all(autosaves.filter((one) => one.form.isConnected && one.form.dataset.unsaved).map((one) => one.save()));
}

function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- keeping up to date ----------------------------------------------------------------------------------------

let looking = 0;

async function look() {
  clearTimeout(looking);
  const watched = document.querySelector("[data-changes]");
  if (!watched) return;
  try {
    const answer = await fetch(watched.dataset.changes, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (answer.ok && (await answer.json()).revision !== watched.dataset.revision) await refresh();
  } catch {
    // The next look tries again; nothing on the page is lost by it.
  }
  looking = setTimeout(look, document.hidden ? LOOK_HIDDEN_MS : LOOK_EVERY_MS);
}

async function refresh(only) {
  if (document.querySelector("form[data-busy], #prescribe .rx-form :focus, #prescribe .rx-search :focus")) return;
  const before = Number(document.getElementById("queue")?.dataset.waiting ?? 0);
  const shown = new URL(location.href);
  const got = await load(shown.href);
  if (!got) return;
  if (only) {
    for (const part of got.page.querySelectorAll("[data-live]")) if (!only.includes(part.id)) part.remove();
  } else if (document.querySelector("#prescribe .rx-form")) {
    got.page.getElementById("prescribe")?.remove();
  }
  got.page.querySelector("[data-notice]")?.remove();
  swap(got.page);
  const now = Number(document.getElementById("queue")?.dataset.waiting ?? 0);
  if (now > before) announceWaiting(now);
}

function announceWaiting(count) {
  const line = document.querySelector("[data-announce]");
  if (line) line.textContent = count === 1 ? line.dataset.one : line.dataset.many.replace("{count}", count);
}

setInterval(() => {
  for (const cell of document.querySelectorAll("[data-since]")) {
    const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(cell.dataset.since)) / 60000));
    cell.textContent = cell.textContent.replace(/\d+/, String(minutes));
  }
}, 10000);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});

// --- keys ------------------------------------------------------------------------------------------------------

// Where a key leads, and what of it takes the focus first.
const FIRST = "textarea, input:not([type=hidden]), button, a, summary";
const JUMPS = {
  a: ["#call, #case", "form button, .stage button, textarea"], c: ["#chart", FIRST], n: ["#note", FIRST],
  g: ["#pdmp", "form button"], p: ["#prescribe", FIRST], r: ["#prescribe", "#drug-query"], l: ["#law", FIRST],
  f: ["#filters", "select"], t: ["#tasks", "h2"], s: ["#sign", "form button, textarea, a"],
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
  if (event.target.closest("[data-search], #drug-found") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    among([...document.querySelectorAll("[data-search], #drug-found a")], event.key === "ArrowDown" ? 1 : -1);
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") document.getElementById("keys")?.setAttribute("hidden", "");
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (event.key === "?") document.getElementById("keys")?.toggleAttribute("hidden");
  if (event.key === "j") step(1);
  if (event.key === "k") step(-1);
  if (event.key === "q") document.querySelector(".visit-head .desk-back a, .menu-list a[href='/staff']:not([aria-current])")?.click();
  const [place, first] = JUMPS[event.key] ?? ["none", "none"];
  const part = document.querySelector(place);
  if (part) {
    event.preventDefault();
    part.scrollIntoView({ block: "start" });
    const target = part.querySelector(first) ?? part.querySelector("h2") ?? part;
    if (target.matches("h2, section")) target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
  }
});

function among(rows, by) {
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-row] th a")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at < 0 && by < 0 ? 0 : at + by))].focus();
}

// --- start -----------------------------------------------------------------------------------------------------

let searching = 0;

function later(look) {
  clearTimeout(searching);
  searching = setTimeout(look, SEARCH_AFTER_MS);
}

function start() {
  autosaves = autosaves.filter((one) => one.form.isConnected);
  for (const form of document.querySelectorAll("[data-autosave]")) {
    if (!form.dataset.watched) autosaves.push(new Autosave(form));
    form.dataset.watched = "1";
  }
  for (const input of document.querySelectorAll("[data-search]")) {
    if (input.dataset.watched) continue;
    input.dataset.watched = "1";
    input.addEventListener("input", () => {
      later(() => find(input.form));
    });
  }
}

async function find(form) {
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form)).toString();
  const wanted = form.elements.drug.value;
  const got = await load(address.href);
  if (document.querySelector("[data-search]")?.value !== wanted) return; // an answer to what nobody looks for any more
  const fresh = got?.page.getElementById("drug-found");
  if (fresh) document.getElementById("drug-found")?.replaceWith(document.importNode(fresh, true));
}

start();
looking = setTimeout(look, LOOK_EVERY_MS);
