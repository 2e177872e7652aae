// Steps through a visit by keyboard: right and left (or j and k) go forward and back, Home and End to both ends, l folds
// looks or shows them one by one.
// Without this script the links of each moment do the same; every moment has an address of its own either way.

const moments = [...document.querySelectorAll(".moment")];
const KEYS = { ArrowRight: 1, j: 1, ArrowLeft: -1, k: -1 };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !moments.length) return;
  if (event.target.closest("input, textarea, select, [contenteditable], summary, [role=region]")) return;
  if (event.key === "l") return document.getElementById("looks")?.click();
  const now = moments.findIndex((one) => `#${one.id}` === location.hash);
  const last = moments.length - 1;
  let next = -1;
  if (event.key in KEYS) next = Math.min(last, Math.max(0, now + KEYS[event.key]));
  if (event.key === "Home") next = 0;
  if (event.key === "End") next = last;
  if (next < 0) return;
  event.preventDefault();
  location.replace(`#${moments[next].id}`);
  moments[next].focus({ preventScroll: true });
});
