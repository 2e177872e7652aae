// The technical check before a call: tries camera, microphone, speaker and connection, says in words what to do about
// each that fails, and hands over verdicts and numbers only. Nothing that tells one device from another leaves the browser.

import { tryEcho, WAYS } from "./echo.js";

const HEARD_LEVEL = 0.04;
const DARK = 10; // of 255: a covered lens, or one that is shut
const DARK_AFTER_MS = 4000;
const LISTEN_MS = 6000;

const box = document.querySelector("[data-check]");
const form = box.querySelector("[data-result]");
const words = Object.fromEntries(
  [...document.querySelector("[data-words]").content.querySelectorAll("[data-word]")].map((word) => [word.dataset.word, word.textContent]),
);
let stream = null;
let meter = null;
let run = 0;

const part = (name) => box.querySelector(`[data-part="${name}"]`);
const find = (name) => box.querySelector(`[data-${name}]`);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// --- telling --------------------------------------------------------------------------------------------------

function say(name, state, tone = "") {
  const line = part(name).querySelector("[data-verdict]");
  line.textContent = words[`${name}-${state}`] ?? "";
  line.dataset.tone = tone;
}

function verdict(name, what) {
  form.elements[name].value = what;
  say(name, what, what === "ok" ? "good" : "poor");
  for (const help of part(name).querySelectorAll("[data-why]")) help.hidden = help.dataset.why !== what;
}

function trying(name) {
  form.elements[name].value = "skipped";
  for (const help of part(name).querySelectorAll("[data-why]")) help.hidden = true;
  say(name, "trying");
}

// Which browser's way to allow devices is shown: a guess that is only ever about help.
function browserName() {
  const agent = navigator.userAgent;
  if (/iPhone|iPad|iPod/.test(agent)) return "iphone";
  if (/Firefox\//.test(agent)) return "firefox";
  if (/Chrome\/|Edg\//.test(agent)) return "chrome";
  return /Safari\//.test(agent) ? "safari" : "other";
}

function deviceClass() {
  if (!matchMedia("(pointer: coarse)").matches) return "computer";
  return Math.min(screen.width, screen.height) < 600 ? "phone" : "tablet";
}

// --- the browser ----------------------------------------------------------------------------------------------

function tryBrowser() {
  if (!window.isSecureContext) return "insecure";
  const needed = [navigator.mediaDevices?.getUserMedia, window.RTCPeerConnection, window.WebSocket, window.AudioContext];
  return needed.every(Boolean) ? "ok" : "old";
}

// --- camera and microphone ------------------------------------------------------------------------------------

async function tryDevices() {
  const mine = ++run;
  stop();
  const kinds = wanted();
  for (const name of kinds) trying(name);
  const opened = await open(kinds);
  if (mine !== run) return;
  stream = new MediaStream(Object.values(opened.tracks));
  for (const name of kinds) if (opened.failed[name]) verdict(name, opened.failed[name]);
  await list(kinds);
  if (opened.tracks.camera) look(opened.tracks.camera, mine);
  if (opened.tracks.microphone) listen(opened.tracks.microphone, mine);
}

// Both at once, as the call does, so that the browser asks once; what fails together is tried apart, to tell which.
async function open(kinds) {
  const tracks = {};
  const failed = {};
  try {
    await take(kinds, tracks);
  } catch {
    for (const name of kinds) {
      try {
        await take([name], tracks);
      } catch (trouble) {
        failed[name] = reason(trouble);
      }
    }
  }
  return { tracks, failed };
}

async function take(kinds, tracks) {
  const wish = Object.fromEntries(kinds.map((name) => [name === "camera" ? "video" : "audio", chosen(name)]));
  for (const track of (await navigator.mediaDevices.getUserMedia(wish)).getTracks()) {
    tracks[track.kind === "video" ? "camera" : "microphone"] = track;
  }
}

function chosen(name) {
  const device = find(`device="${name}"`)?.value;
  return device ? { deviceId: { exact: device } } : true;
}

function reason(trouble) {
  if (trouble.name === "NotAllowedError" || trouble.name === "SecurityError") return "blocked";
  return trouble.name === "NotFoundError" || trouble.name === "OverconstrainedError" ? "none" : "busy";
}

async function list(kinds) {
  const devices = await navigator.mediaDevices.enumerateDevices();
  for (const name of kinds) {
    const select = find(`device="${name}"`);
    const found = devices.filter((one) => one.kind === (name === "camera" ? "videoinput" : "audioinput"));
    const track = stream.getTracks().find((one) => one.kind === (name === "camera" ? "video" : "audio"));
    select.replaceChildren(...found.map((one, index) => new Option(one.label || `${index + 1}`, one.deviceId)));
    if (!found.length) select.append(new Option(words["no-device"], ""));
    select.value = track?.getSettings().deviceId ?? select.value;
  }
}

// A picture that is there but black is no picture: the lens is covered.
async function look(track, mine) {
  const video = find("picture");
  video.srcObject = new MediaStream([track]);
  find("no-picture").hidden = true;
  const canvas = new OffscreenCanvas(32, 24);
  const draw = canvas.getContext("2d", { willReadFrequently: true });
  const until = performance.now() + DARK_AFTER_MS;
  while (mine === run) {
    if (video.videoWidth) {
      draw.drawImage(video, 0, 0, 32, 24);
      const { data } = draw.getImageData(0, 0, 32, 24);
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += Math.max(data[at], data[at + 1], data[at + 2]);
      if (sum / (data.length / 4) > DARK) return verdict("camera", "ok");
    }
    if (performance.now() > until && form.elements.camera.value !== "dark") verdict("camera", "dark");
    await pause(200);
  }
}

async function listen(track, mine) {
  const audio = new AudioContext();
  meter = audio;
  const analyser = audio.createAnalyser();
  analyser.fftSize = 512;
  audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const until = performance.now() + LISTEN_MS;
  say("microphone", "listening");
  while (mine === run) {
    analyser.getFloatTimeDomainData(samples);
    const level = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length) * 4;
    find("level").value = Math.min(1, level);
    const told = form.elements.microphone.value;
    if (level > HEARD_LEVEL && told !== "ok") verdict("microphone", "ok");
    else if (performance.now() > until && told === "skipped") verdict("microphone", "not_heard");
    await pause(100);
  }
}

function stop() {
  meter?.close();
  meter = null;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
}

// --- the speaker ----------------------------------------------------------------------------------------------

function play() {
  const audio = new AudioContext();
  for (const [index, pitch] of [523, 659, 784].entries()) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const from = audio.currentTime + index * 0.3;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.25, from + 0.05);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.28);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.3);
  }
  setTimeout(() => audio.close(), 1500);
  find("asked").hidden = false;
}

// --- the connection -------------------------------------------------------------------------------------------

let again = 0;

async function tryNetwork() {
  const mine = ++again;
  const retry = find("retry-network");
  trying("network");
  retry.hidden = true;
  find("numbers").textContent = "";
  for (const name of WAYS) wayIs(name, null);
  const found = await tryEcho(access, {
    way: (name, told) => mine === again && wayIs(name, told),
    measuring: () => mine === again && say("network", "measuring"),
  });
  if (mine !== again) return;
  for (const name of WAYS) if (!found.ways[name]) wayIs(name, {});
  if (found.figures) note(found.figures);
  verdict("network", wordOf(found));
  retry.hidden = false;
}

async function access() {
  const answer = await fetch(box.dataset.echo, {
    method: "POST",
    headers: { "X-CSRF-Token": document.querySelector('meta[name="csrf"]').content, Accept: "application/json" },
  });
  return answer.ok ? answer.json() : null;
}

function wordOf({ outcome, ways, figures }) {
  if (outcome !== "measured") return outcome;
  if (ways.direct.state === "fails") return "no_udp";
  return figures.word === "good" || !figures.word ? "ok" : "slow";
}

function wayIs(name, told) {
  const line = find(`way="${name}"`);
  const state = told === null ? "trying" : told.state ?? "untried";
  line.textContent = words[`way-${state}`].replace("{ms}", told?.ms ?? "");
  form.elements[`way_${name}`].value = told?.state ? `${told.state} ${told.ms ?? 0}` : "";
}

function note({ up, down, loss_up, loss_down, round_trip, jitter, height }) {
  const whole = {
    up_kbps: up / 1000, kbps: down / 1000, latency_ms: round_trip * 1000, jitter_ms: jitter * 1000,
    loss_up: loss_up * 1000, loss_down: loss_down * 1000, lines: height,
  };
  for (const [name, value] of Object.entries(whole)) form.elements[name].value = String(Math.round(value));
  const short = (value) => value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
  const told = { up: short(up / 1e6), down: short(down / 1e6), ms: Math.round(round_trip * 1000), jitter: Math.round(jitter * 1000), lost: short(Math.max(loss_up, loss_down) * 100) };
  find("numbers").textContent = words.numbers.replace(/{(\w+)}/g, (_, name) => told[name]);
}

// --- the page -------------------------------------------------------------------------------------------------

// What there is to try: who only listens needs neither camera nor microphone.
function wanted() {
  if ("listens" in box.dataset) return [];
  return "soundOnly" in box.dataset ? ["microphone"] : ["camera", "microphone"];
}

function begin() {
  find("begin-part").hidden = find("begin-note").hidden = true;
  find("trials").hidden = false;
  form.elements.device.value = deviceClass();
  const browser = tryBrowser();
  verdict("browser", browser);
  for (const name of ["camera", "microphone"]) if (!wanted().includes(name)) form.elements[name].value = "not_needed";
  const first = part("browser").querySelector("h2");
  first.tabIndex = -1;
  first.focus();
  if (browser === "ok") {
    if (wanted().length) tryDevices();
    tryNetwork();
  }
}

for (const steps of box.querySelectorAll("[data-browser]")) steps.hidden = steps.dataset.browser !== browserName();
find("begin").addEventListener("click", begin);
find("retry")?.addEventListener("click", tryDevices);
find("retry-network").addEventListener("click", tryNetwork);
find("play").addEventListener("click", play);
for (const select of box.querySelectorAll("[data-device]")) select.addEventListener("change", tryDevices);
for (const answer of box.querySelectorAll("[data-heard]")) {
  answer.addEventListener("click", () => verdict("speaker", answer.dataset.heard));
}
window.addEventListener("pagehide", stop);
box.hidden = false;
