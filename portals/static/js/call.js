// The call page of both sides: device preview and permission help, then tiles, controls and plain words for what the
// connection does. The room itself is room_client.js; this file only shows it.
import { Chat } from "./call_chat.js";
import { CallTime } from "./call_time.js";
import { keepHere } from "./call_guard.js";
import { People } from "./call_people.js";
import { Tiles } from "./call_tiles.js";
import { Tools } from "./call_tools.js";
import { LevelWords } from "./level.js";
import { Recording } from "./recording.js";
import { createRoomClient } from "./room_client.js";

const LEVEL_EVERY_MS = 100;
const HEARD_LEVEL = 0.04;
const SETTLED_MS = 1500;
const QUALITY = new Set(["good", "fair", "poor"]);
const MAY_COME_BACK = new Set(["left", "replaced", "refused", "protocol_error", "locked", "turned_away", "taken_out"]);

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
    this.sharing = false;
    this.meter = null;
    this.listens = "listen" in stage.dataset;
    this.people = new People(this);
    this.tiles = new Tiles(this.part("tiles"), {
      texts: this.texts,
      nameOf: (participant, role) => this.nameOf(participant, role),
      alone: this.part("alone"),
      say: (key) => this.say(key),
    });
    this.tools = new Tools(this);
    this.chat = new Chat(this);
    this.time = new CallTime(this);
    this.recording = new Recording(stage, () => this.client);
    this.bind();
  }

  part(name) {
    return this.stage.querySelector(`[data-${name}]`);
  }

  nameOf(participant, role) {
    return this.people.nameOf(participant) || this.names[role] || this.texts[`role_${role}`] || this.texts.somebody;
  }

  /** Asks this server: without a body reads, with one does. */
  ask(address, body) {
    const token = document.querySelector('meta[name="csrf"]').content;
    return fetch(address, {
      method: body === undefined ? "GET" : "POST",
      credentials: "same-origin",
      headers: { "X-CSRF-Token": token, Accept: "application/json" },
      body,
    });
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
    this.part("camera")?.addEventListener("change", () => this.preview());
    this.part("microphone")?.addEventListener("change", () => this.preview());
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("pagehide", () => this.client?.leave());
  }

  key(event) {
    if (!this.client || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "m") this.toggle("audio");
    if (event.key === "v") this.toggle("video");
    if (event.key === "x" && !this.part("share")?.hidden) this.tools.share();
    if (event.key === "h" && this.chat.panel) this.openChat(event);
  }

  openChat(event) {
    event.preventDefault();
    this.chat.panel.open = true;
    this.part("chat-form").elements.text.focus();
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
    if (this.listens) {
      this.stage.dataset.preview = "ready";
      return;
    }
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
    if (!this.stream && !this.listens) return;
    if (!withCamera) for (const track of this.stream.getVideoTracks()) track.enabled = false;
    this.stage.dataset.callRunning = "1";
    keepHere();
    this.show("room-part");
    this.say("connecting");
    if (!this.listens) {
      this.part("self").srcObject = this.stream;
      this.showControls();
      for (const track of this.stream.getTracks()) this.tools.watch(track);
    }
    this.tools.list();
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
        track: (told) => this.track(told),
        untrack: (told) => this.tiles.untrack(told),
        left: ({ participant }) => this.gone(participant),
        rights: (rights) => this.may(rights),
        knock: (person) => this.people.knock(person),
        knockOver: (person) => this.people.over(person),
        locked: (told) => this.people.locked(told),
        muted: ({ by }) => this.quieted(by),
        signal: (told) => this.tools.told(told),
        written: () => this.chat.load(),
        shared: ({ on }) => this.tools.shared(on),
        speaking: ({ participant }) => this.tiles.speaks(participant),
        quality: ({ word }) => this.quality(word),
        level: (level) => this.level(level),
        time: (told) => this.time.told(told),
        ended: ({ reason }) => this.over(reason),
        recording: ({ told, own }) => this.recording.show(told, own),
      },
    });
    this.stage.roomClient = this.client;
    await this.client.join();
  }

  async access() {
    const answer = await this.ask(this.stage.dataset.access, new URLSearchParams());
    if (answer.status === 401 || answer.status === 403 || answer.status === 404) return null;
    if (!answer.ok) throw new Error("room access did not answer");
    return answer.json();
  }

  state(state) {
    this.stage.dataset.state = state;
    this.part("reconnecting").hidden = state !== "reconnecting";
    if (["connecting", "waiting", "connected"].includes(state)) this.say(state);
    if (state === "connected") this.part("relay-part").hidden = !this.client.mayRelay();
  }

  may(rights) {
    this.tools.may(rights);
    this.people.may(rights);
    this.chat.may(rights);
  }

  present(person) {
    const isNew = !this.tiles.people.has(person.participant);
    this.tiles.is(person);
    this.time.settled();
    this.people.list();
    if (isNew && !this.nameKnown(person)) this.people.load();
  }

  nameKnown({ participant, role }) {
    return Boolean(this.people.nameOf(participant) || this.names[role]);
  }

  track(told) {
    const isBack = !this.tiles.tiles.has(told.participant);
    this.tiles.track(told);
    if (isBack) this.say("connected"); // whoever had left is back
  }

  gone(participant) {
    this.tiles.gone(participant);
    this.people.list();
    if (!this.tiles.size) this.say("other_left");
  }

  // The clinician asked for quiet: nothing of the microphone is passed on until its owner switches it on again.
  quieted(by) {
    if (this.listens) return;
    this.showControls();
    this.say(by ? "muted_by" : "mic_off");
  }

  quality(own) {
    if (!QUALITY.has(own)) return;
    this.ownWord = own;
    const word = this.levelWords?.word(own) ?? own;
    const line = this.part("quality-line");
    line.hidden = false;
    line.dataset.word = word;
    this.part("quality").textContent = this.texts[`quality_${word}`];
  }

  // Why the picture is smaller, or gone: said once, and standing there as long as it is so.
  level(level) {
    const words = (this.levelWords ??= new LevelWords(this.texts));
    const said = words.told(level);
    clearTimeout(this.pictureSoon);
    this.pictureSoon = setTimeout(() => this.picture(said), SETTLED_MS);
    this.part("rescue").hidden = !words.rescue;
    if (this.ownWord) this.quality(this.ownWord);
  }

  /** Said once it stands: a link that is still finding its level would have every step read out. */
  picture(said) {
    const line = this.part("picture-line");
    line.hidden = !said;
    if (said !== line.textContent) line.textContent = said;
  }

  toggle(kind) {
    if (this.listens) return;
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

  wish(camera) {
    return wishes(camera, "").video;
  }

  exact(device) {
    return exact(device);
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
    this.recording.over();
    this.time.settled(true);
    this.stage.roomClient = null;
    this.stop();
    this.tiles.clear();
    this.people.waiting.clear();
    this.people.doors();
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
