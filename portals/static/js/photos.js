// Looks at a photo before it is sent, and says in words what to do better. Continue sends whatever was chosen and not
// sent yet, one photo after the other. Without this script each photo is sent by its own button, as it is; the server has
// limits of its own. Only a photo with too few pixels is held back: light and sharpness advise.

import { MEASURED_AT, verdict } from "/static/js/photo_quality.js";

const page = document.querySelector("[data-photos]");
const limits = Object.fromEntries(["pixels", "sharp", "dark", "bright"].map((name) => [name, Number(page.dataset[name])]));
const shots = [...page.querySelectorAll("[data-shot]")].map(begin);
const goOn = document.querySelector("[data-go-on]");
let under = false;

goOn.addEventListener("submit", (event) => {
  const chosen = shots.filter((shot) => shot.isChosen());
  if (under || chosen.length) event.preventDefault();
  if (under || !chosen.length) return;
  const wrong = chosen.find((shot) => shot.isStopped());
  if (wrong) { again(wrong); return; }
  under = true;
  sendAll(chosen).then((refused) => {
    under = false;
    if (refused) again(refused); else HTMLFormElement.prototype.submit.call(goOn);
  });
});

/** Sends one after the other; the first that was refused, if any was. */
async function sendAll(chosen) {
  let refused;
  for (const shot of chosen) {
    if (!(await shot.send())) refused ??= shot;
  }
  return refused;
}

/** Back to a photo that is not taken; Continue works again. */
function again(shot) {
  delete goOn.dataset.sent;
  shot.focus();
}

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

  /** Sends the chosen photo without leaving the page; says what is wrong with it. */
  async function send() {
    say(page.dataset.sending, "");
    const body = new FormData(form);
    const headers = { accept: "application/json", "x-csrf-token": form.elements.csrf.value };
    const answer = await fetch(form.action, { method: "POST", body, headers }).catch(() => null);
    const told = answer ? await answer.json().catch(() => ({})) : {};
    if (!answer?.ok) {
      say(told.problem ?? page.dataset.lost, "poor");
      return false;
    }
    input.value = "";
    say(page.dataset.sent, "good");
    return true;
  }

  return { send, isChosen: () => input.files.length > 0, isStopped: () => stopped, focus: () => input.focus() };
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
