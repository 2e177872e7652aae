/**
 * The browser's side of a media room: joins by WebSocket, sends what is shown and said, receives what others send.
 *
 * The protocol is described in docs/media.md. Only this side ever makes an offer, so offers cannot collide.
 *
 *   const room = createRoomClient({
 *     getAccess: async () => ({endpoint, token}),   // asked at every (re)connect; null when there is none any more
 *     localStream,                                  // MediaStream or null (listen only)
 *     relayed,                                      // true: only by the clinic's relay, as setRelayed(true) later
 *     on: {                          // or one function, which gets the same objects with {type} in them
 *       state({state, code}) {},             // one of STATES; code says why
 *       participant({participant, role, audio, video}) {},   // came, or changed what is on
 *       track({participant, role, kind, label, track, stream}) {},   // stream: all tracks of that participant
 *       left({participant, reason}) {},
 *       ended({reason}) {},   // ended_by_provider, time_over, left, replaced, refused, no_access, protocol_error, ...
 *       level({direction, name, height, frame_rate, why, rescue}) {},   // the picture a link carries now: send | receive
 *       quality({word, lossIn, lossOut, roundTrip, stats}) {},   // every two seconds; word good | fair | poor
 *     },
 *   });
 *   await room.join();
 *
 * Other calls: leave(), endForAll(), setAudio(on), setVideo(on), replaceTrack(kind, track), stats(), participants(),
 * setRelayed(on), mayRelay(), way() (direct | udp | tcp | tls: by which way media goes now).
 * getAccess may throw: it is asked again after a pause, unless the error's code is "no_access".
 * join() settles once the node has answered for the first time: true when admitted, false when it is over.
 * One element that plays sound is needed per participant: Chromium plays nothing of a muted one.
 */

import {applyLevel} from './level.js';
import {watchNetwork, wayOf} from './room_network.js';
import {addEntry, judge} from './room_numbers.js';

export const STATES = ['idle', 'connecting', 'joined', 'connected', 'reconnecting', 'ended'];

const VERSION = 1;
const BACK_OFF_MS = [0, 300, 700, 1500, 3000, 5000, 8000];
const WELCOME_MS = 8000;
const DISCONNECTED_MS = 6000;
const ANSWER_MS = 5000;
const STATS_MS = 2000;
const MAX_REFUSALS = 3;
const CLOSED = {refused: 4401, badMessage: 4400, replaced: 4409, ended: 4410};
const LABELS = {audio: 'microphone', video: 'camera'};

export function createRoomClient({getAccess, localStream = null, relayed = false, on = {}}) {
  return new RoomClient(getAccess, localStream, relayed, on).api();
}

class RoomClient {
  constructor(getAccess, localStream, relayed, on) {
    this.getAccess = getAccess;
    this.relayed = Boolean(relayed);
    this.emit = (type, event) => (typeof on === 'function' ? on({type, ...event}) : on[type]?.(event));
    this.state = 'idle';
    this.wanted = false;
    this.attempt = 0;
    this.refusals = 0;
    this.failures = 0;
    this.known = new Map();
    this.enabled = {audio: true, video: true};
    this.tracks = {audio: null, video: null};
    for (const track of localStream ? localStream.getTracks() : []) this.tracks[track.kind] = track;
    this.enabled.audio = Boolean(this.tracks.audio?.enabled);
    this.enabled.video = Boolean(this.tracks.video?.enabled);
    this.session = null;
    this.timer = null;
  }

  api() {
    return {
      join: () => this.join(),
      leave: () => this.leave(),
      endForAll: () => this.session?.send({type: 'end'}),
      setAudio: (value) => this.enable('audio', value),
      setVideo: (value) => this.enable('video', value),
      replaceTrack: (kind, track) => this.replaceTrack(kind, track),
      stats: () => this.session?.stats() ?? Promise.resolve(null),
      participants: () => [...this.known.values()],
      state: () => this.state,
      setRelayed: (value) => this.setRelayed(value),
      mayRelay: () => Boolean(this.session?.mayRelay),
      way: () => this.session?.way() ?? Promise.resolve(null),
      may: () => this.session?.may ?? {publish: false, end: false},
    };
  }

  // --- life -----------------------------------------------------------------------------------------------------------

  join() {
    if (this.wanted) return this.joining;
    this.wanted = true;
    this.joining = new Promise((resolve) => { this.answered = resolve; });
    this.setState('connecting');
    this.connect();
    return this.joining;
  }

  leave() {
    this.session?.send({type: 'leave'});
    this.finish('left');
  }

  async connect() {
    const attempt = ++this.attempt;
    let access = null;
    try {
      access = await this.getAccess();
    } catch (error) {
      return error?.code === 'no_access' ? this.finish('no_access') : this.retry(attempt);
    }
    if (attempt !== this.attempt || !this.wanted) return;
    if (!access) return this.finish('no_access');
    this.session = new Session(this, access);
    this.session.open();
  }

  retry(attempt = this.attempt) {
    if (!this.wanted || attempt !== this.attempt) return;
    clearTimeout(this.timer);
    this.failures += 1;
    const wait = BACK_OFF_MS[Math.min(this.failures - 1, BACK_OFF_MS.length - 1)];
    this.timer = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
  }

  /** The session is gone for `code`; decides whether to come back. */
  lost(session, code) {
    if (session !== this.session) return;
    this.session = null;
    session.close();
    if (!this.wanted) return;
    if (code === CLOSED.replaced) return this.finish('replaced');
    if (code === CLOSED.ended) return this.finish('ended');
    if (code === CLOSED.badMessage) return this.finish('protocol_error');
    if (code === CLOSED.refused && ++this.refusals >= MAX_REFUSALS) return this.finish('refused');
    this.setState('reconnecting', {code});
    this.retry();
  }

  finish(reason) {
    if (this.state === 'ended') return;
    this.wanted = false;
    clearTimeout(this.timer);
    const session = this.session;
    this.session = null;
    session?.close();
    this.setState('ended', {code: reason});
    this.answered?.(false);
    this.emit('ended', {reason});
  }

  setState(state, detail = {}) {
    if (state === this.state) return;
    this.state = state;
    this.emit('state', {state, ...detail});
  }

  // --- what the node says -----------------------------------------------------------------------------------------------

  welcomed(message) {
    this.refusals = 0;
    this.setState('joined');
    const present = new Set(message.participants.map((person) => person.id));
    for (const id of [...this.known.keys()]) if (!present.has(id)) this.participantLeft(id, 'lost');
    message.participants.forEach((person) => this.participantIs(person));
    this.tellMuted();
    this.answered?.(true);
  }

  participantIs(person) {
    this.known.set(person.id, person);
    const {id, ...rest} = person;
    this.emit('participant', {participant: id, ...rest});
  }

  participantLeft(id, reason) {
    if (this.known.delete(id)) this.emit('left', {participant: id, reason});
  }

  // --- what the person does ---------------------------------------------------------------------------------------------

  enable(kind, value) {
    this.enabled[kind] = Boolean(value);
    if (this.tracks[kind]) this.tracks[kind].enabled = this.enabled[kind];
    this.tellMuted();
  }

  /** Sends another device or nothing (null) in the place of `kind`; needs no new offer once something was sent. */
  async replaceTrack(kind, track) {
    this.tracks[kind] = track;
    if (track) track.enabled = this.enabled[kind];
    await this.session?.replaceTrack(kind, track);
    this.tellMuted();
  }

  /**
   * Sends media by the clinic's relay only, or by any way again. The connection is made anew: a browser keeps a way that
   * works for as long as it does, and whoever asks for the relay may want nobody to learn their address any more.
   */
  setRelayed(value) {
    if (this.relayed === Boolean(value)) return;
    this.relayed = Boolean(value);
    this.session?.fail(0);
  }

  tellMuted() {
    const isOn = (kind) => Boolean(this.tracks[kind]) && this.enabled[kind];
    this.session?.send({type: 'state', audio: isOn('audio'), video: isOn('video')});
  }
}

/** One connection: a WebSocket and a peer connection that live and die together. */
class Session {
  constructor(client, access) {
    this.client = client;
    this.access = access;
    this.may = {publish: false, end: false};
    this.publications = new Map();
    this.streams = new Map();
    this.senders = {};
    this.offerId = 0;
    this.answers = new Map();
    this.negotiating = false;
    this.again = false;
    this.gone = false;
  }

  open() {
    try {
      this.socket = new WebSocket(this.access.endpoint);
    } catch {
      return this.fail(0);
    }
    this.deadline = setTimeout(() => this.fail(0), WELCOME_MS);
    this.socket.onopen = () => this.send({type: 'join', version: VERSION, token: this.access.token});
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.socket.onclose = (event) => this.fail(event.code);
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
    if (this.socket) {
      this.socket.onclose = this.socket.onmessage = null;
      this.socket.close();
    }
  }

  fail(code) {
    if (!this.gone) this.client.lost(this, code);
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  // --- messages ---------------------------------------------------------------------------------------------------------

  receive(message) {
    if (this.gone) return;
    const client = this.client;
    switch (message.type) {
      case 'welcome': return this.welcome(message);
      case 'participant': return client.participantIs(message.participant);
      case 'left': return this.participantLeft(message);
      case 'published': return this.published(message.publication);
      case 'unpublished': return this.unpublished(message.publication);
      case 'answer': return this.settle(message.id, ({resolve}) => resolve(message.sdp));
      case 'error': return this.refused(message);
      case 'level': return this.levelIs(message);
      case 'ended': return client.finish(message.reason);
      default: return undefined;
    }
  }

  welcome(message) {
    clearTimeout(this.deadline);
    this.may = message.may;
    this.mustRelay = message.ice_policy === 'relay';
    this.mayRelay = message.ice_servers.length > 0 && !this.mustRelay;
    const iceTransportPolicy = this.mustRelay || (this.mayRelay && this.client.relayed) ? 'relay' : 'all';
    this.pc = new RTCPeerConnection({bundlePolicy: 'max-bundle', iceServers: message.ice_servers, iceTransportPolicy});
    this.pc.onconnectionstatechange = () => this.connectionChanged();
    for (const kind of ['audio', 'video']) if (this.client.tracks[kind]) this.publish(kind);
    this.client.welcomed(message);
    for (const publication of message.publications) this.subscribe(publication);
    this.statsTimer = setInterval(() => this.measure(), STATS_MS);
    this.unwatchNetwork = watchNetwork(() => this.negotiate(true));
    this.negotiate();
  }

  levelIs(level) {
    if (level.direction === 'send') {
      this.level = level;
      applyLevel(this.senders.video?.sender, level);
    }
    this.client.emit('level', level);
  }

  participantLeft({participant, reason}) {
    for (const publication of [...this.publications.values()]) {
      if (publication.participant === participant) this.drop(publication.id);
    }
    this.streams.delete(participant);
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

  publish(kind) {
    if (!this.may.publish) return;
    const stream = (this.outgoing ??= new MediaStream());
    const track = this.client.tracks[kind];
    stream.addTrack(track);
    this.senders[kind] = this.pc.addTransceiver(track, {direction: 'sendonly', streams: [stream]});
  }

  async replaceTrack(kind, track) {
    const transceiver = this.senders[kind];
    if (transceiver) return transceiver.sender.replaceTrack(track);
    if (track && this.pc) {
      this.publish(kind);
      this.negotiate();
    }
    return undefined;
  }

  subscribe(publication) {
    if (this.publications.has(publication.id)) return;
    const transceiver = this.pc.addTransceiver(publication.kind, {direction: 'recvonly'});
    this.publications.set(publication.id, {...publication, transceiver});
    const stream = this.streamOf(publication.participant);
    const {track} = transceiver.receiver;
    stream.addTrack(track);
    // The track is there before its first packet, so nothing that arrives early is missed.
    const {participant, kind, label} = publication;
    this.client.emit('track', {participant, role: this.client.known.get(participant)?.role, kind, label, track, stream});
  }

  drop(id) {
    const publication = this.publications.get(id);
    if (!publication) return;
    this.publications.delete(id);
    this.streams.get(publication.participant)?.removeTrack(publication.transceiver.receiver.track);
    publication.transceiver.stop();
  }

  streamOf(participant) {
    if (!this.streams.has(participant)) this.streams.set(participant, new MediaStream());
    return this.streams.get(participant);
  }

  // --- negotiation ------------------------------------------------------------------------------------------------------

  /** One offer at a time; whatever changed meanwhile goes into the next. */
  async negotiate(restart = false) {
    this.again = true;
    this.restart ||= restart;
    if (this.negotiating || this.gone) return;
    this.negotiating = true;
    try {
      while (this.again && !this.gone) {
        this.again = false;
        await this.offerOnce();
      }
    } catch (error) {
      if (!this.gone) this.fail(0);
    } finally {
      this.negotiating = false;
    }
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
      setTimeout(() => reject(new Error('late')), ANSWER_MS); // a WebSocket does not notice that its network is gone
    });
    this.send({type: 'offer', id, sdp: pc.localDescription.sdp, ...this.sections()});
    await pc.setRemoteDescription({type: 'answer', sdp: await answer});
    this.send({type: 'applied', id});
  }

  sections() {
    const publish = Object.entries(this.senders)
      .map(([kind, transceiver]) => ({mid: transceiver.mid, label: LABELS[kind]}));
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
    };
    report.forEach((entry) => addEntry(sum, entry));
    return sum;
  }

  async measure() {
    if (this.gone || this.pc?.connectionState !== 'connected') return;
    const now = await this.stats();
    if (this.gone) return;
    const quality = judge(now, this.before);
    this.before = now;
    this.client.emit('quality', {...quality, stats: now});
    // Each time: by what can be sent the node tells us which picture to send.
    this.send({type: 'stats', measures: quality.measures});
  }
}

/**
 * Applies our offer, with retransmission of lost sound asked for: at 5 % loss it takes concealed sound from 3 % to none,
 * and no API but the text offers it. A browser that refuses the changed text gets its own.
 */
async function applyOffer(pc, offer) {
  const sdp = offer.sdp.replace(/^a=rtpmap:(\d+) opus\/48000\/2\r\n/gm, (line, number) =>
    offer.sdp.includes(`a=rtcp-fb:${number} nack\r\n`) ? line : `${line}a=rtcp-fb:${number} nack\r\n`);
  try {
    await pc.setLocalDescription({type: 'offer', sdp});
  } catch {
    await pc.setLocalDescription(offer);
  }
}
