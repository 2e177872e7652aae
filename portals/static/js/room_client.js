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
 *       recording({told, own}) {},   // how the recording stands (docs/media.md), and who one is oneself
 *       level({direction, name, height, frame_rate, why, rescue}) {},   // the picture a link carries now: send | receive
 *       quality({word, lossIn, lossOut, roundTrip, stats}) {},   // every two seconds; word good | fair | poor
 *       untrack({participant, label}) {},   // one track ended, such as a shared screen
 *       rights({act, send, write, locked}) {},   // what this participant may do, with every admission
 *       speaking({participant}) {},   // whose microphone is loudest, every two seconds; empty while nobody speaks
 *       knock({participant, role}) {}, knockOver({participant}) {},   // somebody waits at the door, or no more
 *       locked({locked}) {}, muted({by}) {}, signal({participant, code}) {}, written({participant}) {},
 *       time({code, closes_in}) {},   // by the clock: overrun, no_show, closing, extended; seconds until the room closes
 *       shared({on}) {},   // the own screen is shown, or no more
 *     },
 *   });
 *   await room.join();
 *
 * Other calls: leave(), endForAll(), setAudio(on), setVideo(on), replaceTrack(kind, track), stats(), participants(),
 * setRelayed(on), mayRelay(), way() (direct | udp | tcp | tls: by which way media goes now),
 * share(stream), unshare(), admit(id), turnAway(id), remove(id), lock(on), mute(id or nobody), signal(code, id or nobody),
 * written(), extend() (who leads puts the end off).
 * getAccess may throw: it is asked again after a pause, unless the error's code is "no_access".
 * join() settles once the node has answered for the first time: true when admitted, false when it is over.
 * One element that plays sound is needed per participant: Chromium plays nothing of a muted one.
 */

import {named, NOTHING, Session} from './room_session.js';

export const STATES = ['idle', 'connecting', 'waiting', 'joined', 'connected', 'reconnecting', 'ended'];

const BACK_OFF_MS = [0, 300, 700, 1500, 3000, 5000, 8000];
const MAX_REFUSALS = 3;
const CLOSED = {
  4400: 'protocol_error', 4401: 'refused', 4403: 'turned_away', 4409: 'replaced', 4410: 'ended', 4423: 'locked',
};

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
    this.screen = null;
    this.session = null;
    this.timer = null;
  }

  api() {
    const tell = (type) => (participant) => this.session?.send(participant ? {type, participant} : {type});
    return {
      join: () => this.join(),
      leave: () => this.leave(),
      endForAll: () => this.session?.send({type: 'end'}),
      setAudio: (value) => this.enable('audio', value),
      setVideo: (value) => this.enable('video', value),
      replaceTrack: (kind, track) => this.replaceTrack(kind, track),
      share: (stream) => this.share(stream),
      unshare: () => this.unshare(),
      admit: tell('admit'),
      turnAway: tell('turn_away'),
      remove: tell('remove'),
      mute: tell('mute'),
      lock: (locked) => this.session?.send({type: 'lock', locked: Boolean(locked)}),
      signal: (code, participant) => this.session?.send({type: 'signal', code, ...(participant ? {participant} : {})}),
      written: () => this.session?.send({type: 'written'}),
      extend: () => this.session?.send({type: 'extend'}),
      record: (on) => this.session?.send({type: 'record', on}),
      answerRecording: (recording, agrees, language) => this.session?.send({type: 'recording_said', recording, agrees, language}),
      stats: () => this.session?.stats() ?? Promise.resolve(null),
      participants: () => [...this.known.values()],
      state: () => this.state,
      setRelayed: (value) => this.setRelayed(value),
      mayRelay: () => Boolean(this.session?.mayRelay),
      way: () => this.session?.way() ?? Promise.resolve(null),
      may: () => this.session?.may ?? NOTHING,
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

  /** Where the room is now: null while nobody says, `none` when there is no access any more. */
  async whereNow() {
    try {
      return (await this.getAccess()) ?? 'none';
    } catch (error) {
      return error?.code === 'no_access' ? 'none' : null;
    }
  }

  /** The session's room is elsewhere by now: the next one begins there at once. */
  moved(session, access) {
    if (session !== this.session || !this.wanted) return;
    session.close();
    this.setState('reconnecting', {code: 0});
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
    const reason = CLOSED[code];
    if (reason === 'turned_away') return this.finish(session.inside ? 'taken_out' : reason);
    if (reason && reason !== 'refused') return this.finish(reason);
    if (reason && ++this.refusals >= MAX_REFUSALS) return this.finish('refused');
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
    this.unshare();
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
    this.emit('rights', {...message.may, locked: message.locked});
    for (const guest of message.waiting ?? []) this.emit('knock', named(guest));
    if (message.muted) this.mutedBy('');
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

  /** Somebody who may has asked this microphone to be off: what it says is not passed on until it was. */
  mutedBy(by) {
    this.enable('audio', false);
    this.emit('muted', {by});
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

  /** Shows a screen or window to the others, with its sound where the browser gives that. */
  async share(stream) {
    this.unshare();
    this.screen = stream;
    for (const track of stream.getTracks()) {
      track.addEventListener('ended', () => this.screen === stream && this.unshare());
    }
    this.session?.publishScreen();
    this.emit('shared', {on: true});
  }

  unshare() {
    if (!this.screen) return;
    for (const track of this.screen.getTracks()) track.stop();
    this.screen = null;
    this.session?.unpublishScreen();
    this.emit('shared', {on: false});
  }

  tellMuted() {
    const isOn = (kind) => Boolean(this.tracks[kind]) && this.enabled[kind];
    this.session?.send({type: 'state', audio: isOn('audio'), video: isOn('video')});
  }
}
