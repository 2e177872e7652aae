// The call page of both sides: device preview and permission help, then tiles, controls and plain words for what the
// connection does. The room itself is room_client.js; this file only shows it.
import { keepHere } from "./call_guard.js";
import { LevelWords } from "./level.js";
import { createRoomClient } from "./room_client.js";

const LEVEL_EVERY_MS = 100;
const HEARD_LEVEL = 0.04;
const QUALITY = new Set(["good", "fair", "poor"]);
const MAY_COME_BACK = new Set(["left", "replaced", "refused", "protocol_error"]);

export function startCall(stage) {
  if (stage.dataset.started) return;
  stage.dataset.started = "1";
  new Call(stage).preview();
}

class Call {
  constructor(stage) {
    this.stage = stage;
    this.texts = JSON.parse(stage.dataset.texts);
    this.names = JSON.parse(stage.dataset.names ?? "{}");
    this.stream = null;
    this.client = null;
    this.tiles = new Map();
    this.people = new Map();
    this.meter = null;
    this.bind();
  }

  part(name) {
    return this.stage.querySelector(`[data-${name}]`);
  }

  bind() {
    const on = (name, act) => this.part(name)?.addEventListener("click", act);
    on("retry", () => this.preview());
    on("enter", () => this.enter(true));
    on("enter-audio", () => this.enter(false));
    on("mic", () => this.toggle("audio"));
    on("cam", () => this.toggle("video"));
    on("leave", () => this.leave());
    on("rejoin", () => this.rejoin());
    this.part("relay").addEventListener("change", ({ target }) => this.client?.setRelayed(target.checked));
    this.part("camera").addEventListener("change", () => this.preview());
    this.part("microphone").addEventListener("change", () => this.preview());
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("pagehide", () => this.client?.leave());
  }

  key(event) {
    if (!this.client || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "m") this.toggle("audio");
    if (event.key === "v") this.toggle("video");
  }

  say(key) {
    this.part("status").textContent = this.texts[key] ?? "";
  }

  show(name) {
    for (const part of ["preview-part", "room-part", "over-part"]) this.part(part).hidden = part !== name;
  }

  // --- before the call ---------------------------------------------------------------------------------------

  async preview() {
    this.show("preview-part");
    this.part("permission").hidden = true;
    const camera = this.part("camera").value;
    const microphone = this.part("microphone").value;
    this.stop();
    try {
      this.stream = await navigator.mediaDevices.getUserMedia(wishes(camera, microphone));
    } catch (trouble) {
      this.stream = await this.soundOnly(microphone, trouble);
    }
    const video = this.part("preview");
    video.srcObject = this.stream;
    this.part("preview-empty").hidden = Boolean(this.stream?.getVideoTracks().length);
    if (this.stream) {
      await this.listDevices();
      this.listen();
    }
    this.stage.dataset.preview = this.stream ? "ready" : "refused";
  }

  async soundOnly(microphone, trouble) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: exact(microphone), video: false });
      this.help("no_camera");
      return stream;
    } catch {
      this.help(trouble.name === "NotAllowedError" ? "refused" : trouble.name === "NotReadableError" ? "busy" : "none");
      return null;
    }
  }

  help(what) {
    this.part("permission-what").textContent = this.texts[`permission_${what}`];
    this.part("permission").hidden = false;
  }

  async listDevices() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    for (const [name, kind] of [["camera", "videoinput"], ["microphone", "audioinput"]]) {
      const list = this.part(name);
      const track = this.stream.getTracks().find((one) => one.kind === (kind === "videoinput" ? "video" : "audio"));
      const found = devices.filter((device) => device.kind === kind);
      list.replaceChildren(
        ...found.map((device, index) => new Option(device.label || `${index + 1}`, device.deviceId)),
      );
      if (!found.length) list.append(new Option(this.texts.no_device, ""));
      list.value = track?.getSettings().deviceId ?? list.value;
    }
  }

  listen() {
    clearInterval(this.meter);
    if (!this.stream.getAudioTracks().length) return;
    const audio = new AudioContext();
    const analyser = audio.createAnalyser();
    analyser.fftSize = 512;
    audio.createMediaStreamSource(this.stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.meter = setInterval(() => {
      if (this.part("preview-part").hidden) {
        clearInterval(this.meter);
        audio.close();
        return;
      }
      analyser.getFloatTimeDomainData(samples);
      const level = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length) * 4;
      this.part("level").value = Math.min(1, level);
      if (level > HEARD_LEVEL) this.part("heard").textContent = this.texts.heard;
    }, LEVEL_EVERY_MS);
  }

  // --- in the call -------------------------------------------------------------------------------------------

  async enter(withCamera) {
    if (!this.stream) await this.preview();
    if (!this.stream) return;
    if (!withCamera) for (const track of this.stream.getVideoTracks()) track.enabled = false;
    this.stage.dataset.callRunning = "1";
    keepHere();
    this.show("room-part");
    this.say("connecting");
    this.part("self").srcObject = this.stream;
    this.showControls();
    await this.connect();
  }

  async connect() {
    this.client = createRoomClient({
      getAccess: () => this.access(),
      localStream: this.stream,
      relayed: this.part("relay").checked,
      on: {
        state: ({ state }) => this.state(state),
        participant: (person) => this.present(person),
        track: ({ participant, stream }) => this.track(participant, stream),
        left: ({ participant }) => this.gone(participant),
        quality: ({ word }) => this.quality(word),
        level: (level) => this.level(level),
        ended: ({ reason }) => this.over(reason),
      },
    });
    this.stage.roomClient = this.client;
    await this.client.join();
  }

  async access() {
    const token = document.querySelector('meta[name="csrf"]').content;
    const answer = await fetch(this.stage.dataset.access, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-CSRF-Token": token, Accept: "application/json" },
    });
    if (answer.status === 401 || answer.status === 403 || answer.status === 404) return null;
    if (!answer.ok) throw new Error("room access did not answer");
    return answer.json();
  }

  state(state) {
    this.stage.dataset.state = state;
    this.part("reconnecting").hidden = state !== "reconnecting";
    if (state === "connecting" || state === "connected") this.say(state);
    if (state === "connected") this.part("relay-part").hidden = !this.client.mayRelay();
  }

  present(person) {
    this.people.set(person.participant, person);
    const tile = this.tiles.get(person.participant);
    if (tile) this.nameTile(tile, person);
  }

  track(participant, stream) {
    let tile = this.tiles.get(participant);
    if (!tile) {
      tile = this.newTile(participant);
      this.tiles.set(participant, tile);
      this.say("connected"); // whoever had left is back
    }
    const video = tile.querySelector("video");
    if (video.srcObject !== stream) video.srcObject = stream;
    video.play().catch(() => this.askForSound(video));
    this.part("alone").hidden = true;
  }

  newTile(participant) {
    const tile = document.createElement("figure");
    tile.className = "call__tile";
    tile.dataset.participant = participant;
    const video = document.createElement("video");
    video.autoplay = true;
    video.playsInline = true;
    const name = document.createElement("figcaption");
    name.className = "call__name";
    tile.append(video, name);
    this.nameTile(tile, this.people.get(participant) ?? {});
    this.part("tiles").append(tile);
    return tile;
  }

  // Who it is, and what they have switched off: words, so that a dark tile is not a riddle.
  nameTile(tile, { role = "patient", audio = true, video = true }) {
    const name = this.names[role] ?? this.texts[`role_${role}`] ?? role;
    const off = [audio ? "" : this.texts.is_muted, video ? "" : this.texts.is_dark].filter(Boolean);
    tile.querySelector("video").setAttribute("aria-label", name);
    tile.querySelector("figcaption").textContent = [name, ...off].join(" · ");
    tile.classList.toggle("is-dark", !video);
  }

  askForSound(video) {
    this.say("press_for_sound");
    document.addEventListener("click", () => video.play(), { once: true });
  }

  gone(participant) {
    this.tiles.get(participant)?.remove();
    this.tiles.delete(participant);
    this.part("alone").hidden = this.tiles.size > 0;
    if (!this.tiles.size) this.say("other_left");
  }

  quality(word) {
    if (!QUALITY.has(word)) return;
    const line = this.part("quality-line");
    line.hidden = false;
    line.dataset.word = word;
    this.part("quality").textContent = this.texts[`quality_${word}`];
  }

  // Why the picture is smaller, or gone: said once, and standing there as long as it is so.
  level(level) {
    const words = (this.levelWords ??= new LevelWords(this.texts));
    const said = words.told(level);
    const line = this.part("picture-line");
    if (said !== line.textContent) line.textContent = said;
    line.hidden = !said;
    this.part("rescue").hidden = !words.rescue;
  }

  toggle(kind) {
    const tracks = kind === "audio" ? this.stream.getAudioTracks() : this.stream.getVideoTracks();
    if (!tracks.length) return;
    const on = !tracks.some((track) => track.enabled);
    if (kind === "audio") this.client.setAudio(on);
    else this.client.setVideo(on);
    this.showControls();
    this.say(kind === "audio" ? (on ? "mic_on" : "mic_off") : on ? "cam_on" : "cam_off");
  }

  showControls() {
    for (const [name, tracks] of [["mic", this.stream.getAudioTracks()], ["cam", this.stream.getVideoTracks()]]) {
      const off = !tracks.some((track) => track.enabled);
      const button = this.part(name);
      button.setAttribute("aria-pressed", String(off));
      button.classList.toggle("is-off", off);
      const label = off ? (name === "mic" ? "unmute" : "camera_on") : name === "mic" ? "mute" : "camera_off";
      button.querySelector("[data-label]").textContent = this.texts[label];
      button.hidden = !tracks.length;
    }
  }

  // --- after it ----------------------------------------------------------------------------------------------

  leave() {
    this.client?.leave();
  }

  rejoin() {
    this.preview();
  }

  over(reason) {
    if (this.part("room-part").hidden) return;
    this.client = null;
    this.stage.roomClient = null;
    this.stop();
    for (const participant of [...this.tiles.keys()]) this.gone(participant);
    delete this.stage.dataset.callRunning;
    this.part("stay").hidden = true;
    this.stage.dataset.state = "over";
    this.part("over-text").textContent = this.texts[`over_${reason}`] ?? this.texts.over_other;
    this.part("rejoin").hidden = !MAY_COME_BACK.has(reason);
    this.say("nothing");
    this.show("over-part");
    this.part("over-part").querySelector("button:not([hidden]), a")?.focus();
    this.stage.dispatchEvent(new CustomEvent("call-over", { bubbles: true, detail: { reason } }));
  }

  stop() {
    clearInterval(this.meter);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }
}

function wishes(camera, microphone) {
  return {
    video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, ...exact(camera, {}) },
    audio: exact(microphone),
  };
}

function exact(device, otherwise = true) {
  return device ? { deviceId: { exact: device } } : otherwise;
}

function startAll() {
  for (const stage of document.querySelectorAll("[data-call]")) startCall(stage);
}

document.addEventListener("parts-swapped", startAll);
startAll();
