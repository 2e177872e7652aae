// The studio keeps itself current: when a file changed, or a check ended, what is shown is fetched once more.

const LOOK_MS = 400;
const AWAY_MS = 5000;
const SLOW_MS = 300;
const live = document.getElementById("live");
const said = document.querySelector("[data-live]");

async function look() {
  let pause = LOOK_MS;
  try {
    if (document.visibilityState === "visible") await compare();
  } catch {
    pause = AWAY_MS; // the server is away for a moment; nothing is lost
  }
  setTimeout(look, pause);
}

// An answer that takes a while is a look at changed files: until it is there, nothing is said of problems.
async function compare() {
  const slow = setTimeout(() => checking(true), SLOW_MS);
  try {
    const answer = await fetch("/staff/studio/state", { headers: { accept: "application/json", "x-idle": "1" } });
    if (!answer.ok || answer.redirected) return;
    const now = (await answer.json()).mark;
    if (now === live.dataset.mark) return;
    checking(true);
    await refresh();
  } finally {
    clearTimeout(slow);
    checking(false);
  }
}

function checking(yes) {
  live.setAttribute("aria-busy", String(yes));
  for (const one of live.querySelectorAll("[data-sure]")) {
    one.dataset.words ??= one.textContent;
    one.textContent = yes ? one.dataset.sure : one.dataset.words;
  }
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { "x-idle": "1" } });
  if (answer.redirected || !answer.ok) return location.reload();
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
  live.innerHTML = next.innerHTML;
  live.dataset.mark = next.dataset.mark;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  said.textContent = `${live.dataset.changed} ${new Date().toLocaleTimeString(document.documentElement.lang)}`;
}

if (live && said) setTimeout(look, LOOK_MS);
