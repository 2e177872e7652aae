/**
 * What the node says of the links (`level` messages, docs/media.md), put into effect and into words.
 */

// A quarter, half, and the whole of the camera's lines, as docs/media.md names them.
const LAYERS = [['q', 4], ['h', 2], ['f', 1]];
const ABOUT = 1.1;
const USUAL = 720;
const SCREEN_RATE = 15;
const HELD_BY = new Set(['bandwidth', 'loss', 'delay', 'better']);

/** How many lines a camera gives, upright or not; 0 where it does not say. */
export function linesOf(track) {
  const {width = 0, height = 0} = track?.getSettings() ?? {};
  return Math.min(width, height);
}

/** The layers of a camera, lowest first, as a room of two begins: only the best is made until somebody wants another. */
export function encodingsOf(track, levels) {
  const full = linesOf(track) || USUAL;
  const count = levels?.length ? layersOf(track) : 1;
  if (count < 2) return [{}];
  return LAYERS.slice(-count).map(([rid, scale]) => ({
    rid, active: scale === 1, scaleResolutionDownBy: scale, maxBitrate: costOf(full / scale, levels),
  }));
}

/** How many layers are made of a camera. Chromium makes no more, and drops the best one where more are asked for. */
export function layersOf(track) {
  const {width = 0, height = 0} = track?.getSettings() ?? {};
  const enough = [960 * 540, 480 * 270].findIndex((pixels) => width * height >= pixels);
  return enough < 0 ? 1 : 3 - enough;
}

/** A shared screen goes in one size: its words are for reading. */
export function screenEncodings(levels) {
  return levels?.length ? [{maxBitrate: levels[0].bitrate, maxFramerate: SCREEN_RATE}] : [{}];
}

/** What a picture may cost: as much as its level's, by the share of its points. */
function costOf(lines, levels) {
  const level = levels.findLast((one) => one.height * ABOUT >= lines) ?? levels[0];
  return Math.round(level.bitrate * Math.min(1, (lines / level.height) ** 2));
}

/**
 * Sends the camera in the picture that the link carries, and in the layers that somebody takes.
 *
 * `level` is {height, frame_rate, bitrate}; height 0 is no picture, null that nothing is known yet. `rids` are the layers
 * wanted, `levels` what a picture of some height may cost.
 */
export async function applyLevel(sender, {level, rids, levels}) {
  if (!sender?.track) return;
  const parameters = sender.getParameters();
  if (!parameters.encodings?.length) return;
  const full = linesOf(sender.track) || USUAL;
  if (parameters.encodings.length > 1) layered(parameters.encodings, {full, level, rids, levels});
  else if (level) single(parameters.encodings[0], full, level);
  else return;
  // A browser that takes no such wish goes on as it was; its own adaptation still holds.
  await sender.setParameters(parameters).catch(() => undefined);
}

function single(encoding, full, level) {
  encoding.active = level.height > 0;
  encoding.scaleResolutionDownBy = Math.max(1, full / (level.height || full));
  setOrDelete(encoding, 'maxFramerate', level.height < full ? level.frame_rate : 0);
  setOrDelete(encoding, 'maxBitrate', level.bitrate);
}

/** The best layer goes in the level's own size while that is above the next one's, and then not at all, and so on down. */
function layered(encodings, {full, level, rids, levels}) {
  const height = level ? level.height : full;
  const last = encodings.length - 1;
  const sizes = encodings.map((_, place) => full / 2 ** (last - place));
  const fitting = sizes.findLastIndex((size) => size <= height * ABOUT);
  const top = height > sizes[last - 1] * ABOUT ? last : Math.max(0, fitting);
  const wanted = new Set(encodings.map(({rid}, place) => (rids?.includes(rid) ? Math.min(place, top) : -1)));
  if (!rids?.length) wanted.add(top);
  for (const [place, encoding] of encodings.entries()) {
    const lines = place === last ? Math.min(full, height || full) : sizes[place];
    encoding.active = height > 0 && wanted.has(place);
    encoding.scaleResolutionDownBy = Math.max(1, full / lines);
    setOrDelete(encoding, 'maxFramerate', place === last && lines < full ? level.frame_rate : 0);
    if (levels?.length) encoding.maxBitrate = costOf(lines, levels);
  }
}

function setOrDelete(encoding, name, value) {
  if (value > 0) encoding[name] = value;
  else delete encoding[name];
}

/** Remembers the last level of each direction and says in a sentence what the person should know; '' for nothing. */
export class LevelWords {
  constructor(texts) {
    this.texts = texts;
    this.send = null;
    this.receive = null;
  }

  /** The sentence after this message. */
  told(level) {
    this[level.direction] = level;
    const worst = this.held.sort((one, other) => one.height - other.height)[0];
    if (!worst) return '';
    const whose = worst === this.send ? 'send' : 'receive';
    return this.texts[worst.height ? `level_${whose}` : `level_${whose}_sound`].replace('{name}', worst.name);
  }

  /** The word for the connection: the browser's own, but never better than what the sentence says. */
  word(own) {
    if (!this.held.length || own === 'poor') return own;
    return this.held.some((level) => level.height === 0) ? 'poor' : 'fair';
  }

  /** The directions whose picture a link holds small: not those where there is nothing larger to send or to see. */
  get held() {
    return [this.send, this.receive].filter((level) => level && !level.full && HELD_BY.has(level.why));
  }

  get rescue() {
    return Boolean(this.send?.rescue || this.receive?.rescue);
  }
}
