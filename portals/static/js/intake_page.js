// Makes an intake question faster: saves an answer as it is given and stops at a red flag before the server is asked.
// Without this script the same form works by Continue alone.

import { redFlags } from "/static/js/intake.js";

const form = document.querySelector("[data-intake]");
const data = JSON.parse(document.getElementById("intake").textContent);
const item = data.form.items.find((one) => one.id === data.item);
const status = form.querySelector("[data-saved]");
let savedAt = 0;
let pending = Promise.resolve();

function answerNow() {
  const values = new FormData(form).getAll("answer");
  if (item.type === "multi_choice") return values.length ? values : undefined;
  const value = values[0];
  if (value === undefined || value === "") return undefined;
  if (item.type === "boolean") return value === "true";
  if (["integer", "scale", "decimal"].includes(item.type)) return Number(value);
  return value;
}

function showEmergency(flags) {
  const box = document.querySelector("[data-emergency]");
  const texts = box.querySelector("[data-emergency-texts]");
  texts.replaceChildren();
  for (const flag of flags) {
    for (const [words, lead] of [[flag.text, true], [flag.advice, false]]) {
      if (!words) continue;
      const line = document.createElement("p");
      if (lead) line.className = "lead";
      line.textContent = words;
      texts.append(line);
    }
  }
  const call = flags.find((flag) => flag.call)?.call || "911";
  const words = box.querySelector("[data-call-words]");
  box.querySelector("[data-call]").href = `tel:${call}`;
  words.textContent = words.dataset.words.replace("%s", call);
  document.querySelector("[data-question]").hidden = true;
  box.hidden = false;
  box.focus();
}

function stopping() {
  const value = answerNow();
  if (value === undefined) return [];
  return redFlags(data.form, { ...data.answers, [item.id]: value }).filter((flag) => flag.severity === "emergency");
}

async function save() {
  const body = new URLSearchParams(new FormData(form));
  body.set("key", crypto.randomUUID().replaceAll("-", "").slice(0, 24));
  status.textContent = status.dataset.saving;
  const answer = await fetch(location.pathname, { method: "POST", body, headers: { accept: "application/json" }, keepalive: true });
  const told = await answer.json();
  if (answer.status === 409 && Number.isInteger(told.conflict)) {
    form.elements.version.value = told.conflict;
    throw new Error("conflict");
  }
  if (!answer.ok) throw new Error(String(answer.status));
  form.elements.version.value = told.version;
  savedAt = Date.now();
  tick();
  return told;
}

function tick() {
  if (!savedAt) return;
  const seconds = Math.round((Date.now() - savedAt) / 1000);
  status.textContent = seconds < 2 ? status.dataset.now : status.dataset.ago.replace("%s", seconds);
}

async function given() {
  const flags = stopping();
  if (flags.length) showEmergency(flags);
  if (answerNow() === undefined) return;
  try {
    const told = await save();
    if (told.emergency && !flags.length) location.assign(told.emergency);
  } catch {
    savedAt = 0;
    status.textContent = status.dataset.failed;
  }
}

form.addEventListener("change", () => {
  pending = pending.then(given);
});
// Continue waits for a save under way, so that the two never race for the same version.
form.addEventListener("submit", (event) => {
  const flags = stopping();
  if (flags.length) {
    event.preventDefault();
    showEmergency(flags);
    pending = pending.then(given);
    return;
  }
  if (form.dataset.calm) return;
  event.preventDefault();
  pending.then(() => {
    form.dataset.calm = "yes";
    HTMLFormElement.prototype.submit.call(form);
  });
});
setInterval(() => { if (savedAt && Date.now() - savedAt < 90_000) tick(); }, 5000);
