/**
 * One connection of a browser to its room, as room_client.js opens one after another: what is said over the WebSocket, and
 * what is sent and received beside it.
 */

import {applyLevel, encodingsOf, layersOf, linesOf, screenEncodings} from './level.js';
import {Line} from './room_line.js';
import {watchNetwork, wayOf} from './room_network.js';
import {addEntry, judge} from './room_numbers.js';

/** What somebody may who is in no room. */
export const NOTHING = {publish: false, end: false, send: [], receive: [], act: [], write: false};

const VERSION = 1;
const WELCOME_MS = 8000;
const DISCONNECTED_MS = 6000;
const ANSWER_MS = 5000;
const STATS_MS = 2000;
const SPEAKS = 0.02;
// Why an offer has no answer: it was said over a WebSocket that broke, or it may have been.
const LOST = 'lost';
const LATE = 'late';
const LABELS = {audio: 'microphone', video: 'camera'};
const SCREEN = {audio: 'screen_audio', video: 'screen'};

/** One connection: a WebSocket and a peer connection that live and die together. */
export class Session {
  constructor(client, access) {
    this.client = client;
    this.access = access;
    this.may = NOTHING;
    this.publications = new Map();
    this.streams = new Map();
    this.senders = {};
    this.offerId = 0;
    this.answers = new Map();
    this.negotiating = false;
    this.again = false;
    this.gone = false;
    this.inside = false;
  }

  open() {
    this.line = new Line(this, this.access.endpoint, VERSION);
    try {
      this.line.open({type: 'join', version: VERSION, token: this.access.token});
    } catch {
      return this.fail(0);
    }
    this.deadline = setTimeout(() => this.fail(0), WELCOME_MS);
    return undefined;
  }

  close() {
    if (this.gone) return;
    this.gone = true;
    clearTimeout(this.deadline);
    clearTimeout(this.disconnected);
    this.unwatchNetwork?.();
    clearInterval(this.statsTimer);
    this.answers.forEach(({reject}) => reject(new Error('closed')));
    if (this.pc) {
      this.pc.onconnectionstatechange = this.pc.ontrack = null;
      this.pc.close();
    }
    this.line?.drop();
  }

  fail(code) {
    if (!this.gone) this.client.lost(this, code);
  }

  send(message) {
    this.line?.send(message);
  }

  /** Whether media may still go on while nothing can be said. */
  hasMedia() {
    return Boolean(this.pc) && !['closed', 'failed'].includes(this.pc.connectionState);
  }

  /** Another WebSocket goes on where the one before broke: what was asked by that one is asked again. */
  takenUp() {
    this.answers.forEach(({reject}) => reject(new Error(LOST)));
    this.answers.clear();
    this.client.tellMuted();
    this.negotiate(true);
  }

  /** This browser has come to another network: what is said by the old one goes nowhere, and media finds another way. */
  networkChanged() {
    if (this.line.token) this.line.takeUp();
    else this.negotiate(true);
  }

  // --- messages ---------------------------------------------------------------------------------------------------------

  receive(message) {
    if (this.gone) return;
    const client = this.client;
    switch (message.type) {
      case 'welcome': return this.welcome(message);
      case 'waiting': return this.waiting();
      case 'knock': return client.emit('knock', named(message.participant));
      case 'knock_over': return client.emit('knockOver', message);
      case 'locked': return client.emit('locked', message);
      case 'mute': return client.mutedBy(message.by);
      case 'signal': return client.emit('signal', message);
      case 'written': return client.emit('written', message);
      case 'participant': return client.participantIs(message.participant);
      case 'left': return this.participantLeft(message);
      case 'published': return this.published(message.publication);
      case 'unpublished': return this.unpublished(message.publication);
      case 'answer': return this.settle(message.id, ({resolve}) => resolve(message.sdp));
      case 'error': return this.refused(message);
      case 'level': return this.levelIs(message);
      case 'layers': return this.layersAre(message);
      case 'recording': return client.emit('recording', {told: message, own: this.own});
      case 'time': return client.emit('time', message);
      case 'ended': return client.finish(message.reason);
      default: return undefined;
    }
  }

  /** At the door: somebody inside has to let us in, and nothing is sent or received before. */
  waiting() {
    clearTimeout(this.deadline);
    this.client.refusals = 0;
    this.client.failures = 0;
    this.client.setState('waiting');
    this.client.answered?.(true);
  }

  welcome(message) {
    clearTimeout(this.deadline);
    this.inside = true;
    this.may = message.may;
    this.own = message.participant;
    this.levels = message.levels;
    this.mustRelay = message.ice_policy === 'relay';
    this.mayRelay = message.ice_servers.length > 0 && !this.mustRelay;
    const iceTransportPolicy = this.mustRelay || (this.mayRelay && this.client.relayed) ? 'relay' : 'all';
    this.pc = new RTCPeerConnection({bundlePolicy: 'max-bundle', iceServers: message.ice_servers, iceTransportPolicy});
    this.pc.onconnectionstatechange = () => this.connectionChanged();
    for (const kind of ['audio', 'video']) this.publish(LABELS[kind], this.client.tracks[kind]);
    this.addScreen();
    this.client.welcomed(message);
    if (message.recording) this.client.emit('recording', {told: message.recording, own: this.own});
    for (const publication of message.publications) this.subscribe(publication);
    this.statsTimer = setInterval(() => this.measure(), STATS_MS);
    this.unwatchNetwork = watchNetwork(() => this.networkChanged());
    this.negotiate();
  }

  levelIs(level) {
    if (level.direction === 'send') {
      this.level = level;
      this.sendByLevel();
    }
    this.client.emit('level', level);
  }

  layersAre({label, rids}) {
    if (label !== 'camera') return;
    this.rids = rids;
    this.sendByLevel();
  }

  /** One change after another: a browser refuses parameters that were read before the last ones were set. */
  sendByLevel() {
    this.sending = (this.sending ?? Promise.resolve()).then(() => applyLevel(this.senders.camera?.sender, this));
    return this.sending;
  }

  participantLeft({participant, reason}) {
    for (const publication of [...this.publications.values()]) {
      if (publication.participant === participant) this.drop(publication.id);
    }
    this.streams.delete(participant);
    this.streams.delete(`${participant} screen`);
    this.client.participantLeft(participant, reason);
    this.negotiate();
  }

  published(publication) {
    this.subscribe(publication);
    this.negotiate();
  }

  unpublished(id) {
    this.drop(id);
    this.negotiate();
  }

  refused({code, id}) {
    if (id !== undefined) this.settle(id, ({reject}) => reject(new Error(code)));
    if (code === 'ended') this.client.finish('ended');
  }

  settle(id, act) {
    const waiting = this.answers.get(id);
    this.answers.delete(id);
    if (waiting) act(waiting);
  }

  // --- streams ----------------------------------------------------------------------------------------------------------

  publish(label, track) {
    if (!track || !this.may.send.includes(label)) return;
    const streams = (this.outgoing ??= {});
    const stream = (streams[label.startsWith('screen') ? 'screen' : 'person'] ??= new MediaStream());
    stream.addTrack(track);
    this.senders[label] = this.transceiver(label, track, stream);
  }

  transceiver(label, track, stream) {
    const init = {direction: 'sendonly', streams: [stream]};
    const encodings = {camera: encodingsOf, screen: (_, levels) => screenEncodings(levels)}[label];
    if (!encodings) return this.pc.addTransceiver(track, init);
    try {
      return this.pc.addTransceiver(track, {...init, sendEncodings: encodings(track, this.levels)});
    } catch {
      return this.pc.addTransceiver(track, init); // a browser that knows no layers sends one picture
    }
  }

  async replaceTrack(kind, track) {
    const transceiver = this.senders[LABELS[kind]];
    if (transceiver && !this.tooSmall(transceiver, track)) {
      await transceiver.sender.replaceTrack(track);
      this.tell({});
      return kind === 'video' ? this.sendByLevel() : undefined; // another camera has other lines
    }
    transceiver?.stop();
    delete this.senders[LABELS[kind]];
    if (track && this.pc) {
      this.publish(LABELS[kind], track);
      this.negotiate();
    }
    return undefined;
  }

  /** A camera that is too small for the layers of the one before it is published anew. */
  tooSmall({sender}, track) {
    return track?.kind === 'video' && layersOf(track) < sender.getParameters().encodings.length;
  }

  addScreen() {
    for (const track of this.client.screen?.getTracks() ?? []) this.publish(SCREEN[track.kind], track);
  }

  publishScreen() {
    if (!this.pc) return;
    this.addScreen();
    this.negotiate();
  }

  unpublishScreen() {
    if (!this.pc) return;
    for (const label of Object.values(SCREEN)) {
      this.senders[label]?.stop();
      delete this.senders[label];
    }
    delete this.outgoing?.screen;
    this.negotiate();
  }

  subscribe(publication) {
    if (this.publications.has(publication.id)) return;
    const transceiver = this.pc.addTransceiver(publication.kind, {direction: 'recvonly'});
    this.publications.set(publication.id, {...publication, transceiver});
    const stream = this.streamOf(publication);
    const {track} = transceiver.receiver;
    stream.addTrack(track);
    // The track is there before its first packet, so nothing that arrives early is missed.
    const {participant, kind, label} = publication;
    this.client.emit('track', {participant, role: this.client.known.get(participant)?.role, kind, label, track, stream});
  }

  drop(id) {
    const publication = this.publications.get(id);
    if (!publication) return;
    const {participant, label, transceiver} = publication;
    this.publications.delete(id);
    this.streamOf(publication).removeTrack(transceiver.receiver.track);
    transceiver.stop();
    this.client.emit('untrack', {participant, label});
  }

  /** One stream for what a person shows of themselves, another for the screen they share. */
  streamOf({participant, label}) {
    const name = label.startsWith('screen') ? `${participant} screen` : participant;
    if (!this.streams.has(name)) this.streams.set(name, new MediaStream());
    return this.streams.get(name);
  }

  // --- negotiation ------------------------------------------------------------------------------------------------------

  /** One offer at a time; whatever changed meanwhile goes into the next. */
  async negotiate(restart = false) {
    this.again = true;
    this.restart ||= restart;
    if (this.negotiating || this.gone) return;
    this.negotiating = true;
    while (this.again && !this.gone) {
      this.again = false;
      try {
        await this.offerOnce();
      } catch (error) {
        this.unanswered(error);
      }
    }
    this.negotiating = false;
  }

  unanswered({message}) {
    if (this.gone) return;
    if (message === LOST) this.again = this.restart = true;
    else if (message === LATE) this.line.takeUp();
    else this.fail(0);
  }

  async offerOnce() {
    const pc = this.pc;
    if (!pc.getTransceivers().some((transceiver) => transceiver.direction !== 'stopped')) return;
    const iceRestart = Boolean(this.restart);
    this.restart = false;
    await applyOffer(pc, await pc.createOffer({iceRestart}));
    const id = ++this.offerId;
    const answer = new Promise((resolve, reject) => {
      this.answers.set(id, {resolve, reject});
      setTimeout(() => reject(new Error(LATE)), ANSWER_MS); // a WebSocket does not notice that its network is gone
    });
    this.send({type: 'offer', id, sdp: pc.localDescription.sdp, ...this.sections()});
    await pc.setRemoteDescription({type: 'answer', sdp: await answer});
    this.tell({});
    this.send({type: 'applied', id});
    this.sendByLevel();
  }

  sections() {
    const publish = Object.entries(this.senders)
      .filter(([, transceiver]) => transceiver.mid !== null)
      .map(([label, transceiver]) => ({mid: transceiver.mid, label}));
    const subscribe = [...this.publications.values()]
      .filter(({transceiver}) => transceiver.mid !== null)
      .map(({id, transceiver}) => ({mid: transceiver.mid, publication: id}));
    return {publish, subscribe};
  }

  connectionChanged() {
    const state = this.pc.connectionState;
    clearTimeout(this.disconnected);
    if (state === 'connected') {
      // Only now: a node that admits us and then cannot carry us must not be asked without pause.
      this.client.failures = 0;
      this.client.setState('connected');
    } else if (state === 'disconnected') {
      this.negotiate(true);
      this.disconnected = setTimeout(() => this.pc.connectionState === 'connected' || this.fail(0), DISCONNECTED_MS);
    } else if (state === 'failed') {
      this.fail(0);
    }
  }

  async way() {
    return this.pc ? wayOf(await this.pc.getStats()) : null;
  }

  // --- numbers ----------------------------------------------------------------------------------------------------------

  /** Sums of getStats: received {audio, video} and sent; seconds, packets, frames. */
  async stats() {
    if (!this.pc) return null;
    const report = await this.pc.getStats();
    const sum = {
      audio: {packetsReceived: 0, packetsLost: 0, jitter: 0, concealedSamples: 0, totalSamplesReceived: 0, totalAudioEnergy: 0},
      video: {packetsReceived: 0, packetsLost: 0, framesDecoded: 0, framesDropped: 0, freezeCount: 0, frameWidth: 0, frameHeight: 0},
      sent: {packetsSent: 0, framesEncoded: 0, nackCount: 0, pliCount: 0, frameWidth: 0, frameHeight: 0, remoteLoss: 0},
      roundTrip: null,
      available: null,
      levels: {},
    };
    report.forEach((entry) => {
      addEntry(sum, entry);
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio') sum.levels[entry.mid] = entry.audioLevel;
    });
    return sum;
  }

  /** Whose microphone is loudest, by the levels of received sound. */
  loudest(levels) {
    let found = '';
    let most = SPEAKS;
    for (const {participant, label, transceiver} of this.publications.values()) {
      const level = levels[transceiver.mid] ?? 0;
      if (label === 'microphone' && level > most) [found, most] = [participant, level];
    }
    return found;
  }

  async measure() {
    if (this.gone || this.pc?.connectionState !== 'connected') return;
    const now = await this.stats();
    if (this.gone) return;
    const quality = judge(now, this.before);
    this.before = now;
    this.client.emit('quality', {...quality, stats: now});
    this.client.emit('speaking', {participant: this.loudest(now.levels)});
    // Each time: by what can be sent the node tells us which picture to send.
    this.tell(quality.measures);
  }

  /** The camera's own size goes with every measure: the first pictures of a call are smaller. */
  tell(measures) {
    this.send({type: 'stats', measures: {...measures, camera_height: linesOf(this.client.tracks.video)}});
  }
}

/**
 * Applies our offer, with retransmission of lost sound asked for: at 5 % loss it takes concealed sound from 3 % to none,
 * and no API but the text offers it. A browser that refuses the changed text gets its own.
 */
export async function applyOffer(pc, offer) {
  const sdp = offer.sdp.replace(/^a=rtpmap:(\d+) opus\/48000\/2\r\n/gm, (line, number) =>
    offer.sdp.includes(`a=rtcp-fb:${number} nack\r\n`) ? line : `${line}a=rtcp-fb:${number} nack\r\n`);
  try {
    await pc.setLocalDescription({type: 'offer', sdp});
  } catch {
    await pc.setLocalDescription(offer);
  }
}

export function named({id, ...rest}) {
  return {participant: id, ...rest};
}
