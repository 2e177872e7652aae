// Plays the parts of a recording together: one clock for all, each part at its own place in the recording's time.

const APART_SECONDS = 0.25;

for (const box of document.querySelectorAll("[data-playback]")) {
  const parts = [...box.querySelectorAll("video, audio")];
  const at = (part) => Number(part.dataset.offset) / 1000;
  const together = box.querySelector("[data-together]");
  if (parts.length < 2 || !together) continue;
  together.hidden = false;
  let playing = false;
  let now = 0;
  let since = 0;

  const follow = () => {
    if (!playing) return;
    const moment = now + (performance.now() - since) / 1000;
    let left = false;
    for (const part of parts) {
      const own = moment - at(part);
      const length = Number(part.dataset.length) / 1000;
      if (own < length) left = true;
      if (own < 0 || own >= length) {
        if (!part.paused) part.pause();
      } else {
        if (Math.abs(part.currentTime - own) > APART_SECONDS) part.currentTime = own;
        if (part.paused) part.play().catch(() => {});
      }
    }
    if (left) setTimeout(follow, 100);
    else stop();
  };
  const stop = () => {
    now += (performance.now() - since) / 1000;
    playing = false;
    for (const part of parts) part.pause();
    show();
  };
  const show = () => {
    together.textContent = playing ? together.dataset.pause : together.dataset.play;
    together.setAttribute("aria-pressed", String(playing));
  };
  together.addEventListener("click", () => {
    if (playing) return stop();
    const end = Math.max(...parts.map((part) => at(part) + Number(part.dataset.length) / 1000));
    if (now >= end) now = 0;
    since = performance.now();
    playing = true;
    show();
    follow();
  });
  show();
}
