/**
 * What the node says of the links (`level` messages, docs/media.md), put into effect and into words.
 */

const HELD_BY = new Set(['bandwidth', 'loss', 'delay', 'better']);

/** How many lines a camera gives, upright or not; 0 where it does not say. */
export function linesOf(track) {
  const {width = 0, height = 0} = track?.getSettings() ?? {};
  return Math.min(width, height);
}

/** Sends the camera in the picture that the link carries: {height, frame_rate, bitrate}; height 0 is no picture. */
export async function applyLevel(sender, level) {
  if (!sender?.track) return;
  const parameters = sender.getParameters();
  if (!parameters.encodings?.length) return;
  const full = linesOf(sender.track) || 720;
  const single = parameters.encodings.length === 1;
  for (const [place, encoding] of parameters.encodings.entries()) {
    if (single) {
      encoding.active = level.height > 0;
      encoding.scaleResolutionDownBy = Math.max(1, full / (level.height || full));
      setOrDelete(encoding, 'maxFramerate', level.height < full ? level.frame_rate : 0);
      setOrDelete(encoding, 'maxBitrate', level.bitrate);
    } else {
      // The lowest layer stays as long as there is any picture.
      const height = full / (encoding.scaleResolutionDownBy || 1);
      encoding.active = level.height > 0 && (place === 0 || height <= level.height * 1.1);
    }
  }
  // A browser that takes no such wish goes on as it was; its own adaptation still holds.
  await sender.setParameters(parameters).catch(() => undefined);
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
