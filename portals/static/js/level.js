/**
 * What the node says of the links (`level` messages, docs/media.md), put into effect and into words.
 */

const HELD_BY = new Set(['bandwidth', 'loss', 'delay', 'better']);

/** Sends the camera in the picture that the link carries: {height, frame_rate, bitrate}; height 0 is no picture. */
export async function applyLevel(sender, level) {
  if (!sender?.track) return;
  const parameters = sender.getParameters();
  if (!parameters.encodings?.length) return;
  const full = sender.track.getSettings().height || 720;
  const single = parameters.encodings.length === 1;
  for (const [place, encoding] of parameters.encodings.entries()) {
    if (single) {
      encoding.active = level.height > 0;
      encoding.scaleResolutionDownBy = Math.max(1, full / (level.height || full));
      setOrDelete(encoding, 'maxFramerate', level.frame_rate);
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
    const worst = [this.send, this.receive].filter(Boolean).sort((one, other) => one.height - other.height)[0];
    if (worst.height >= 720 || worst.why === 'asked' || worst.why === 'start') return '';
    const whose = worst === this.send ? 'send' : 'receive';
    return this.texts[worst.height ? `level_${whose}` : `level_${whose}_sound`].replace('{name}', worst.name);
  }

  /** The word for the connection: the browser's own, but never better than what the sentence says. */
  word(own) {
    const held = [this.send, this.receive].filter((level) => level && HELD_BY.has(level.why) && level.height < 720);
    if (!held.length || own === 'poor') return own;
    return held.some((level) => level.height === 0) ? 'poor' : 'fair';
  }

  get rescue() {
    return Boolean(this.send?.rescue || this.receive?.rescue);
  }
}
