// Looks at a photo before it is sent, and says in words what to do better. Without this script photos are sent as they
// are; the server has limits of its own. Only a photo with too few pixels is held back: light and sharpness advise.

import { MEASURED_AT, verdict } from "/static/js/photo_quality.js";

const page = document.querySelector("[data-photos]");
const limits = Object.fromEntries(["pixels", "sharp", "dark", "bright"].map((name) => [name, Number(page.dataset[name])]));

for (const form of page.querySelectorAll("[data-shot]")) begin(form);

function begin(form) {
  const input = form.querySelector("input[type=file]");
  const [said, canvas] = [form.querySelector("[data-verdict]"), form.querySelector("[data-preview]")];
  let stopped = false;
  let sent = false;

  function say(words, tone) {
    said.textContent = words;
    said.dataset.tone = tone;
  }

  input.addEventListener("change", async () => {
    stopped = false;
    canvas.hidden = true;
    if (!input.files.length) return say("", "");
    say(page.dataset.looking, "");
    const found = await look(input.files[0], canvas).catch(() => "broken");
    stopped = found === "small" || found === "broken";
    if (found === "good") return say(page.dataset.good, "good");
    const advice = page.dataset[{ tooDark: "tooDark", tooBright: "tooBright" }[found] ?? found];
    return say(stopped ? advice : `${advice} ${page.dataset.anyway}`, "poor");
  });

  form.addEventListener("submit", (event) => {
    if (sent || stopped || !input.files.length) {
      event.preventDefault();
      if (!input.files.length) say(page.dataset.empty, "poor");
      if (!sent) input.focus();
      return;
    }
    sent = true;
    say(page.dataset.sending, "");
  });
  window.addEventListener("pageshow", () => { sent = false; });
}

/** Draws the photo small and judges it. */
async function look(file, canvas) {
  const bitmap = await createImageBitmap(file);
  const part = Math.min(1, MEASURED_AT / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * part));
  canvas.height = Math.max(1, Math.round(bitmap.height * part));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  canvas.hidden = false;
  const shorter = Math.min(bitmap.width, bitmap.height);
  bitmap.close();
  return verdict(context.getImageData(0, 0, canvas.width, canvas.height), shorter, limits);
}
