// What is opened from a visit's screen during its call stands beside it: referrals and tests, messages and the visit's
// own pages, each fetched as the page it is and shown without its frame. What has no place here opens in a window of
// its own. What was typed and not sent stays with its page until it is opened again. Without this file: plain links.

import { keepTyped } from "./messages.js";

const panel = document.getElementById("beside");
const body = panel?.querySelector("[data-beside-body]");
const own = panel?.dataset.at;
const pages = new Map(); // by address: a page with something typed and not sent
let shown = "";
let opener = null;
let depth = 0;

const takes = (path) => path.startsWith(`${own}/`) ? !path.includes("/files/") : /^\/staff\/messages(\/\w+)?$/.test(path);

// --- showing ---------------------------------------------------------------------------------------------------

async function ask(address, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", ...options });
  if (answer.headers.has("x-prove")) return void window.open(answer.headers.get("x-prove"));
  if (answer.status >= 500 || !(answer.headers.get("content-type") ?? "").startsWith("text/html")) throw new Error("failed");
  const url = new URL(answer.url);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (url.pathname === own) {
    close();
    depth = 0;
    history.replaceState({ ...history.state, beside: 0 }, "", location.href);
    document.dispatchEvent(new CustomEvent("page-came", { detail: { page, address: answer.url } }));
  } else if (takes(url.pathname)) {
    show(url, taken(page));
  } else {
    window.open(answer.url, "_blank", "noopener");
  }
}

/** A page without its frame: its title and what stands in it, its ids made different from those of the screen. */
function taken(page) {
  const frame = page.querySelector("main .frame") ?? page.body;
  const title = frame.querySelector("h1");
  const words = title?.textContent.trim() ?? page.title;
  title?.remove();
  for (const one of frame.querySelectorAll("#keys, .desk-keys-hint, .back, .desk-back, script")) one.remove();
  for (const one of frame.querySelectorAll("[id]")) if (usedIds().has(one.id)) rename(frame, one);
  styles(page);
  const holder = document.createElement("div");
  holder.dataset.words = words;
  holder.append(...[...frame.childNodes].map((one) => document.importNode(one, true)));
  return holder;
}

const usedIds = () => new Set([...document.querySelectorAll("[id]")].filter((one) => !body.contains(one)).map((one) => one.id));

function rename(frame, thing) {
  const [before, after] = [thing.id, `beside-${thing.id}`];
  thing.id = after;
  for (const name of ["for", "aria-describedby", "aria-labelledby", "aria-controls"]) {
    for (const one of frame.querySelectorAll(`[${name}~="${CSS.escape(before)}"]`)) {
      one.setAttribute(name, one.getAttribute(name).split(" ").map((id) => (id === before ? after : id)).join(" "));
    }
  }
  for (const one of frame.querySelectorAll(`a[href="#${CSS.escape(before)}"]`)) one.setAttribute("href", `#${after}`);
}

function styles(page) {
  for (const one of page.querySelectorAll('link[rel="stylesheet"]')) {
    const has = document.head.querySelector(`link[href="${CSS.escape(one.getAttribute("href"))}"]`);
    if (!has) document.head.append(document.importNode(one));
  }
}

function show(url, holder) {
  keep();
  url.searchParams.delete("said");
  shown = url.pathname + url.search;
  body.replaceChildren(holder);
  panel.hidden = false;
  document.body.dataset.beside = "1";
  panel.querySelector("[data-beside-window]").href = shown;
  panel.querySelector("h2").textContent = holder.dataset.words;
  panel.setAttribute("aria-label", `${panel.dataset.label}: ${holder.dataset.words}`);
  const first = holder.querySelector("[data-focus], .summary-box, [role=alert]") ?? panel.querySelector("h2");
  first.setAttribute("tabindex", "-1");
  first.focus({ preventScroll: true });
  panel.scrollTop = 0;
  panel.querySelector("h2").scrollIntoView({ block: "nearest" });
  for (const form of holder.querySelectorAll("[data-typing]")) keepTyped(form);
}

/** What was typed stays with its page: the page itself is put by. */
function keep() {
  const holder = body.firstElementChild;
  if (holder?.dataset.typed) pages.set(shown, holder);
  else pages.delete(shown);
}

function close() {
  if (panel.hidden) return;
  keep();
  panel.hidden = true;
  delete document.body.dataset.beside;
  body.replaceChildren();
  const back = opener?.isConnected ? opener : document.querySelector(`a[href="${CSS.escape(opener?.getAttribute("href") ?? "#note")}"]`);
  back?.focus();
  shown = "";
}

// --- opening ---------------------------------------------------------------------------------------------------

async function open(address) {
  const url = new URL(address, location.href);
  const kept = pages.get(url.pathname + url.search);
  document.body.setAttribute("aria-busy", "true");
  try {
    if (kept) show(url, kept);
    else await ask(address);
    depth += 1;
    history.pushState({ ...history.state, beside: depth, address: shown }, "", location.href);
  } catch {
    window.open(address, "_blank", "noopener");
  } finally {
    document.body.removeAttribute("aria-busy");
  }
}

async function send(form, button) {
  const data = new FormData(form, button);
  const address = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? shown;
  if (panel.contains(form)) delete body.firstElementChild.dataset.typed;
  if (form.method === "get") return ask(`${address.split("?")[0]}?${new URLSearchParams(data)}`);
  const kind = button?.getAttribute("formenctype") ?? form.enctype;
  return ask(address, { method: "POST", body: kind === "multipart/form-data" ? data : new URLSearchParams(data) });
}

if (panel) {
  document.addEventListener("beside", (event) => {
    const url = new URL(event.detail.address);
    if (url.origin !== location.origin || !takes(url.pathname)) return;
    event.preventDefault();
    if (!panel.contains(event.target)) opener = event.target;
    open(event.detail.address);
  });
  // A form that leads to a page of its own would leave the call; its answer stands beside it instead.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const inside = panel.contains(form);
    const beside = "beside" in form.dataset && document.querySelector("[data-call-running]");
    if (event.defaultPrevented || !(inside || beside)) return;
    event.preventDefault();
    if (!inside) opener = event.submitter;
    const holder = body.firstElementChild;
    send(form, event.submitter).then(() => {
      if (!inside && !panel.hidden) history.pushState({ ...history.state, beside: ++depth, address: shown }, "", location.href);
    }).catch(() => {
      if (inside) holder.dataset.typed = "1";
      panel.querySelector("[data-beside-said]").textContent = panel.dataset.failed;
    });
  });
  body.addEventListener("input", () => { body.firstElementChild.dataset.typed = "1"; });
  panel.querySelector("[data-beside-close]").addEventListener("click", leave);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) leave();
  });
  addEventListener("popstate", () => {
    const state = history.state;
    if (!state?.call) return;
    depth = state.beside ?? 0;
    if (!depth) return close();
    const kept = pages.get(state.address);
    if (kept) show(new URL(state.address, location.href), kept);
    else ask(state.address).catch(close);
  });
}

/** Closing goes back to before the first page was opened here, so that Back does not open it again. */
function leave() {
  close();
  if (depth) history.go(-depth);
}
