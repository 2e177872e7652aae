// An untouched screen closes: pages that ask by themselves say that nobody touched them, and before the end one is
// warned, with a button that goes on. What was typed is saved by its own page as it is typed.

const meta = document.querySelector('meta[name="idle"]');
const WARN_SECONDS = 120;
const QUIET_MS = 60000;
let touched = Date.now();
let timer = 0;

for (const kind of ["pointerdown", "keydown", "input", "scroll"]) {
  addEventListener(kind, () => (touched = Date.now()), { passive: true, capture: true });
}

// Whoever is in a call, or waits to be let in, is there without touching anything.
const calling = () => Boolean(document.querySelector("[data-call-running], [data-waiting]"));
const untouched = () => Date.now() - touched > QUIET_MS && !calling();
const plain = window.fetch.bind(window);

window.fetch = (address, options = {}) => {
  if (!untouched()) return plain(address, options);
  const headers = new Headers(options.headers);
  headers.set("x-idle", "1");
  return plain(address, { ...options, headers });
};

const at = location.pathname.startsWith("/staff") ? "/staff" : "";
const ask = (idle) => plain(`${at}/session`, { headers: idle ? { "x-idle": "1" } : {} }).then((answer) => answer.json());

function leave() {
  const next = encodeURIComponent(location.pathname);
  location.assign(`${at}/sign-in?said=idle&next=${next}`);
}

const box = document.createElement("div");
box.className = "idle";
box.setAttribute("role", "alert");
box.hidden = true;
box.innerHTML = "<div><p></p><button class='button' type='button'></button></div>";
if (meta) {
  box.querySelector("button").textContent = meta.dataset.stay;
  box.querySelector("button").addEventListener("click", async () => {
    touched = Date.now();
    await ask(false);
    box.hidden = true;
    watch();
  });
  document.body.append(box);
  watch();
}


function watch() {
  clearTimeout(timer);
  timer = setTimeout(look, Math.max(1, Number(meta.content) - WARN_SECONDS) * 1000);
}

async function look() {
  let left;
  try {
    left = (await ask(untouched())).seconds;
  } catch {
    timer = setTimeout(look, 15000);
    return;
  }
  if (left <= 0) return leave();
  const near = left <= WARN_SECONDS;
  box.hidden = !near;
  if (near) box.querySelector("p").textContent = meta.dataset.warning;
  timer = setTimeout(look, (near ? Math.min(left, 10) : left - WARN_SECONDS) * 1000 + 500);
}
