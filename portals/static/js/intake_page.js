// Makes an intake question faster: saves an answer as it is given, and warns at a red flag before the server
// is asked. An answer that would stop the visit is sent only when it is confirmed, or not corrected (emergency.js).
// Without this script the same form works by Continue alone.

import { emergencyBox } from "/static/js/emergency.js";
import { redFlags } from "/static/js/intake.js";

const form = document.querySelector("[data-intake]");
const data = JSON.parse(document.getElementById("intake").textContent);
const item = data.form.items.find((one) => one.id === data.item);
const status = form.querySelector("[data-saved]");
const both = document.querySelector("[data-both]");
let savedAt = 0;
let pending = Promise.resolve();
const RETRY_MS = 2000;
let turn = 0;
// The answer that raised no alarm last: what a correction goes back to.
let calm = stopping().length ? [] : new FormData(form).getAll("answer");

function answerNow() {
  const values = new FormData(form).getAll("answer");
  if (item.type === "multi_choice") return values.length ? values : undefined;
  const value = values[0];
  if (value === undefined || value === "") return undefined;
  if (item.type === "boolean") return value === "true";
  if (["integer", "scale", "decimal"].includes(item.type)) return Number(value);
  return value;
}

function stopping() {
  const value = answerNow();
  if (value === undefined) return [];
  return redFlags(data.form, { ...data.answers, [item.id]: value }).filter((flag) => flag.severity === "emergency");
}

/** What is sent, under a key of its own: sent again with it, it is saved once. */
function written() {
  const body = new URLSearchParams(new FormData(form));
  body.set("key", crypto.randomUUID().replaceAll("-", "").slice(0, 24));
  return body;
}

async function save(body = written()) {
  status.textContent = status.dataset.saving;
  const answer = await fetch(location.pathname, { method: "POST", body, headers: { accept: "application/json" }, keepalive: true });
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 409 && Number.isInteger(told.conflict)) {
    showBoth(told);
    throw new Error("conflict");
  }
  if (!answer.ok) throw Object.assign(new Error(String(answer.status)), { final: answer.status < 500 && answer.status !== 429 });
  form.elements.version.value = told.version;
  savedAt = Date.now();
  tick();
  return told;
}

/** Another window saved another answer: nothing is overwritten until the person has chosen. */
function showBoth(told) {
  both.querySelector("[data-other]").textContent = told.other;
  both.querySelector("[data-mine]").textContent = told.mine;
  both.dataset.version = told.conflict;
  both.hidden = false;
}

function tick() {
  if (!savedAt) return;
  const seconds = Math.round((Date.now() - savedAt) / 1000);
  status.textContent = seconds < 2 ? status.dataset.now : status.dataset.ago.replace("%s", seconds);
}

/** Saves what was answered last; while the server cannot be reached it says so and tries again. */
async function given(mine) {
  if (mine !== turn || answerNow() === undefined) return;
  for (const body = written(); mine === turn; await pause()) {
    try {
      const told = await save(body);
      if (told.emergency) location.assign(told.emergency);
      return;
    } catch (error) {
      savedAt = 0;
      const isConflict = error.message === "conflict";
      const isOver = error.final || isConflict;
      status.textContent = isConflict ? status.dataset.conflict : isOver ? status.dataset.failed : status.dataset.trying;
      if (isOver) return;
    }
  }
}

function pause() {
  return new Promise((done) => {
    const waiting = setTimeout(done, RETRY_MS);
    addEventListener("online", () => { clearTimeout(waiting); done(); }, { once: true });
  });
}

function answered() {
  const flags = stopping();
  if (flags.length) {
    warn(flags);
    return;
  }
  calm = new FormData(form).getAll("answer");
  const mine = ++turn;
  pending = pending.then(() => given(mine));
}

/** Puts back what was answered before the alarm: nothing of it has been sent. */
function correct() {
  for (const field of form.querySelectorAll("[name=answer]")) {
    if (["radio", "checkbox"].includes(field.type)) field.checked = calm.includes(field.value);
    else field.value = calm[0] ?? "";
  }
  form.querySelector("[name=answer]").focus();
}

const warn = emergencyBox(document.querySelector("[data-emergency]"), {
  send: async () => (await save()).emergency,
  correct,
  show: (alarmed) => { document.querySelector("[data-question]").hidden = alarmed; },
});

form.addEventListener("change", answered);
// Continue waits for a save under way, so that the two never race for the same version.
form.addEventListener("submit", (event) => {
  const flags = stopping();
  if (flags.length) {
    event.preventDefault();
    warn(flags);
    return;
  }
  if (form.dataset.calm) return;
  event.preventDefault();
  const isChosen = event.submitter?.matches("[data-use-mine]");
  if (isChosen && both.dataset.version) form.elements.version.value = both.dataset.version;
  pending.then(() => {
    if (!both.hidden && !isChosen) return both.focus();
    form.dataset.calm = "yes";
    HTMLFormElement.prototype.submit.call(form);
  });
});
setInterval(() => { if (savedAt && Date.now() - savedAt < 90_000) tick(); }, 5000);
