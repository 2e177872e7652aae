// Keeps a visit's home current without a reload: the law's answer, a clinician's act, a payment that came through.

const own = document.querySelector("script[data-changes]");
const main = document.querySelector("main");
const SOON_MS = 1000;
const LATE_MS = 15000;
let { revision } = own.dataset;
let shown = main.innerHTML;
let pause = SOON_MS;

async function look() {
  try {
    if (document.visibilityState === "visible") await compare();
  } catch {
    // The connection is away for a moment; the visit is kept on the server.
  }
  pause = Math.min(pause * 1.3, LATE_MS);
  setTimeout(look, pause);
}

async function compare() {
  const answer = await fetch(own.dataset.changes, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const now = (await answer.json()).revision;
  if (now === revision) return;
  await refresh();
  revision = now;
  pause = SOON_MS;
}

async function refresh() {
  const answer = await fetch(location.href);
  // Led elsewhere (signed out, an emergency): go there as the browser would.
  if (answer.redirected || !answer.ok) return location.reload();
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main").innerHTML;
  if (next === shown) return;
  const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  shown = main.innerHTML = next;
  if (focused !== null) (main.querySelector(`a[href="${CSS.escape(focused)}"]`) ?? main).focus();
}

setTimeout(look, pause);
