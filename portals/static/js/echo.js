// Tries the way to the calls: joins a media node's echo by a ticket used once, connects direct and by each relay at the
// same time, sends a picture of noise and a quiet tone of its own for some seconds, and answers what came of it. No camera
// and no microphone is sent. docs/media.md describes the messages.

import { applyOffer } from "./room_session.js";

const CONNECT_MS = 9000;
const OPEN_MS = 6000;
const MEASURE_MS = 5000;
// A link so thin that much is still lost after that is given as long again to settle.
const LONGEST_MS = 10_000;
const UNSETTLED = 0.05;
const STEP_MS = 500;
const SIZE = [640, 360];
const FRAMES = 20;
// Noise so faint that an encoder can leave it out on a thin link, and has much to send on a good one.
const CONTRAST = 40;

export const WAYS = ["direct", "udp", "tcp", "tls"];

/**
 * What came of it: {outcome, ways, figures}. outcome: measured | no_way | unreachable | untested (our trouble); ways: {name: {state, ms}} with
 * the states works, fails, not_set_up, not_used; figures: {up, down} in bits a second, {loss_up, loss_down}, {round_trip,
 * jitter} in seconds, height, word. `on.way(name, told)` and `on.measuring()` say how far it is.
 */
export async function tryEcho(getAccess, on = {}) {
  const access = await getAccess().catch(() => null);
  if (!access) return { outcome: "untested", ways: {} };
  const node = new Node(access);
  const trials = [];
  try {
    const welcome = await node.enter();
    if (!welcome) return { outcome: node.isFull ? "untested" : "unreachable", ways: {} };
    trials.push(...WAYS.map((name, number) => new Trial(node, name, number, welcome)));
    const ways = {};
    const tried = trials.map((trial) => trial.connect().then((told) => {
      ways[trial.name] = told;
      on.way?.(trial.name, told);
    }));
    await Promise.all(tried);
    const best = trials.find((trial) => ways[trial.name].state === "works");
    if (!best) return { outcome: "no_way", ways };
    on.measuring?.();
    return { outcome: "measured", ways, figures: await best.measure() };
  } finally {
    for (const trial of trials) trial.close();
    node.close();
  }
}

/** The node's signalling. */
class Node {
  constructor({ endpoint, token }) {
    this.token = token;
    this.endpoint = endpoint;
    this.answers = new Map();
    this.figures = null;
    this.isFull = false;
  }

  enter() {
    return new Promise((done) => {
      const over = setTimeout(() => done(null), OPEN_MS);
      const end = (value) => {
        clearTimeout(over);
        done(value);
      };
      try {
        this.socket = new WebSocket(this.endpoint);
      } catch {
        return end(null);
      }
      this.socket.onopen = () => this.send({ type: "join", version: 1, token: this.token });
      this.socket.onclose = ({ code }) => {
        this.isFull ||= code === 4503 || code === 1012;
        end(null);
      };
      this.socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === "welcome") end(message);
        if (message.type === "answer") this.answers.get(message.id)?.(message.sdp);
        if (message.type === "figures") this.figures = message;
      };
      return undefined;
    });
  }

  isUnsettled() {
    return Math.max(this.figures?.loss_up ?? 0, this.figures?.loss_down ?? 0) > UNSETTLED;
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  close() {
    this.send({ type: "leave" });
    this.socket?.close();
  }
}

/** One way to the node. */
class Trial {
  constructor(node, name, number, welcome) {
    this.node = node;
    this.name = name;
    this.number = number;
    this.mustRelay = welcome.ice_policy === "relay";
    this.servers = welcome.ice_servers.map((one) => ({ ...one, urls: urlsOf(one, name) })).filter(({ urls }) => urls.length);
  }

  async connect() {
    if (this.name === "direct" && this.mustRelay) return { state: "not_used" };
    if (this.name !== "direct" && !this.servers.length) return { state: "not_set_up" };
    const from = performance.now();
    try {
      await this.reach();
      return { state: "works", ms: Math.max(1, Math.round(performance.now() - from)) };
    } catch {
      this.close();
      return { state: "fails" };
    }
  }

  async reach() {
    const isDirect = this.name === "direct";
    const pc = (this.pc = new RTCPeerConnection({
      bundlePolicy: "max-bundle", iceServers: isDirect ? [] : this.servers, iceTransportPolicy: isDirect ? "all" : "relay",
    }));
    const connected = new Promise((done, fail) => {
      this.over = setTimeout(() => fail(new Error("late")), CONNECT_MS);
      pc.onconnectionstatechange = () => {
        if (pc.connectionState === "connected") done();
        if (pc.connectionState === "failed") fail(new Error("failed"));
      };
      // A relay that is not there, or does not take us, gives no address to be reached at.
      pc.onicegatheringstatechange = () => {
        if (pc.iceGatheringState === "complete" && !/^a=candidate:/m.test(pc.localDescription.sdp)) fail(new Error("nowhere"));
      };
    });
    connected.catch(() => {}); // whatever fails first is what counts
    this.senders = ["audio", "video"].map((kind) => pc.addTransceiver(kind, { direction: "sendonly" }));
    this.receivers = ["audio", "video"].map((kind) => pc.addTransceiver(kind, { direction: "recvonly" }));
    await applyOffer(pc, await pc.createOffer());
    const answer = new Promise((done) => this.node.answers.set(this.number, done));
    const labels = ["microphone", "camera"];
    this.node.send({
      type: "offer", id: this.number, sdp: pc.localDescription.sdp,
      publish: this.senders.map(({ mid }, at) => ({ mid, label: labels[at] })),
      subscribe: this.receivers.map(({ mid }, at) => ({ mid, publication: labels[at] })),
    });
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("late")), CONNECT_MS));
    await pc.setRemoteDescription({ type: "answer", sdp: await Promise.race([answer, late]) });
    await connected;
    clearTimeout(this.over);
  }

  /** Sends for some seconds and reads what the node and this browser's own numbers say; the last ones count. */
  async measure() {
    const material = new Material();
    let told = {};
    try {
      await Promise.all(this.senders.map(({ sender }, at) => sender.replaceTrack(material.tracks[at])));
      this.node.send({ type: "applied", id: this.number });
      for (let passed = 0; passed < MEASURE_MS || (passed < LONGEST_MS && this.node.isUnsettled()); passed += STEP_MS) {
        await new Promise((done) => setTimeout(done, STEP_MS));
        told = numbers(await this.pc.getStats(), told);
        const { available, round_trip } = told;
        this.node.send({ type: "stats", measures: { available, round_trip } });
      }
      await new Promise((done) => setTimeout(done, STEP_MS));
    } finally {
      material.stop();
    }
    return { up: 0, down: 0, loss_up: 0, loss_down: 0, height: 0, word: "", ...this.node.figures, ...told };
  }

  close() {
    clearTimeout(this.over);
    this.pc?.close();
  }
}

// A relay's address as one way reaches it; UDP is what an address without a word about it means.
function urlsOf({ urls }, name) {
  const kind = (url) => (url.startsWith("turns:") ? "tls" : /[?&]transport=tcp/.test(url) ? "tcp" : "udp");
  return [urls].flat().filter((url) => /^turns?:/.test(url) && kind(url) === name);
}

// What the way in use carries by this browser's own reckoning, and how long a packet takes there and back.
function numbers(report, before) {
  const told = { available: 0, round_trip: 0, jitter: 0, ...before };
  let used = null;
  report.forEach((entry) => {
    if (entry.type === "transport" && entry.selectedCandidatePairId) used = report.get(entry.selectedCandidatePairId);
    if (entry.type === "inbound-rtp" && entry.kind === "audio") told.jitter = entry.jitter ?? told.jitter;
  });
  if (!used) report.forEach((entry) => { if (entry.type === "candidate-pair" && entry.nominated) used = entry; });
  told.available = used?.availableOutgoingBitrate ?? told.available;
  told.round_trip = used?.currentRoundTripTime ?? told.round_trip;
  return told;
}

/** A picture of faint noise, and a quiet tone: both made here, and shown and played to nobody. */
class Material {
  constructor() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = SIZE;
    const draw = canvas.getContext("2d");
    const noise = grain(256);
    this.timer = setInterval(() => {
      for (let x = -256; x < SIZE[0]; x += 256) {
        for (let y = -256; y < SIZE[1]; y += 256) draw.drawImage(noise, x + Math.random() * 256, y + Math.random() * 256);
      }
    }, 1000 / FRAMES);
    this.audio = new AudioContext();
    const tone = this.audio.createOscillator();
    const quiet = this.audio.createGain();
    const end = this.audio.createMediaStreamDestination();
    quiet.gain.value = 0.02;
    tone.connect(quiet).connect(end);
    tone.start();
    this.tracks = [end.stream.getAudioTracks()[0], canvas.captureStream(FRAMES).getVideoTracks()[0]];
  }

  stop() {
    clearInterval(this.timer);
    for (const track of this.tracks) track.stop();
    this.audio.close();
  }
}

function grain(side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const draw = canvas.getContext("2d");
  const image = draw.createImageData(side, side);
  for (let at = 0; at < image.data.length; at += 4) {
    image.data[at] = image.data[at + 1] = image.data[at + 2] = 128 + (Math.random() - 0.5) * CONTRAST;
    image.data[at + 3] = 255;
  }
  draw.putImageData(image, 0, 0);
  return canvas;
}
