// Looks at a photo before it is sent, and says in words what to do better. Continue sends whatever was chosen and not
// sent yet, one photo after the other. Without this script each photo is sent by its own button, as it is; the server has
// limits of its own. Only a photo with too few pixels is held back: light, sharpness and scale advise. Where the protocol asks
// for a scale and none is seen for sure, the patient is asked whether there is one; both are sent with the photo.

import { MEASURED_AT, verdict } from "/static/js/photo_quality.js";
import { SCALED_AT, scaleIn } from "/static/js/photo_scale.js";

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
  const seen = form.querySelector("[data-seen]");
  const confirm = form.querySelector("[data-confirm]");
  let sent = false;

  /** Looks for something of known size; asks the patient where it is not sure. */
  async function measure(file) {
    const found = await scaleOf(file).catch(() => ({ seen: "unsure", share: 0 }));
    if (input.files[0] !== file) return; // another one was chosen meanwhile
    form.elements.scale.value = found.seen;
    form.elements.share.value = Math.round(100 * found.share);
    seen.textContent = page.dataset[`seen${found.seen[0].toUpperCase()}${found.seen.slice(1)}`];
    seen.dataset.tone = found.seen === "coin" || found.seen === "ruler" ? "good" : "poor";
    confirm.hidden = found.seen !== "unsure";
  }

  function forget() {
    form.elements.quality.value = "";
    if (!seen) return;
    [form.elements.scale.value, form.elements.share.value, seen.textContent] = ["", "", ""];
    form.elements.confirmed.checked = false;
    confirm.hidden = true;
  }

  function say(words, tone) {
    said.textContent = words;
    said.dataset.tone = tone;
  }

  input.addEventListener("change", async () => {
    stopped = false;
    canvas.hidden = true;
    forget();
    if (!input.files.length) return say("", "");
    say(page.dataset.looking, "");
    const file = input.files[0];
    const found = await look(file, canvas).catch(() => "broken");
    stopped = found === "small" || found === "broken";
    if (!stopped) form.elements.quality.value = { tooDark: "too_dark", tooBright: "too_bright" }[found] ?? found;
    if (!stopped && seen) await measure(file);
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
  if (confirm) confirm.hidden = true;
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
  const { pixels, shorter } = await drawn(file, canvas, MEASURED_AT);
  canvas.hidden = false;
  return verdict(pixels, shorter, limits);
}

/** Draws it somewhat larger, where nobody sees it, and looks for a coin or a ruler. */
async function scaleOf(file) {
  return scaleIn((await drawn(file, document.createElement("canvas"), SCALED_AT)).pixels);
}

async function drawn(file, canvas, longest) {
  const bitmap = await createImageBitmap(file);
  const part = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * part));
  canvas.height = Math.max(1, Math.round(bitmap.height * part));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const shorter = Math.min(bitmap.width, bitmap.height);
  bitmap.close();
  return { pixels: context.getImageData(0, 0, canvas.width, canvas.height), shorter };
}
