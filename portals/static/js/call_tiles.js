// The pictures of a call: one tile for each person and each shared screen, in a grid or with one of them large.

const MOST_COUNTED = 6;

export class Tiles {
  constructor(holder, { texts, nameOf, alone, say }) {
    Object.assign(this, { holder, texts, nameOf, alone, say });
    this.tiles = new Map();
    this.people = new Map();
    this.pinned = "";
    this.speaker = "";
    this.volume = 1;
    this.sink = "";
  }

  get size() {
    return this.tiles.size;
  }

  get everybody() {
    return [...this.people.values()];
  }

  is(person) {
    this.people.set(person.participant, person);
    for (const name of [person.participant, screenOf(person.participant)]) {
      const tile = this.tiles.get(name);
      if (tile) this.name(tile);
    }
  }

  track({ participant, label, stream }) {
    const isScreen = label.startsWith("screen");
    const key = isScreen ? screenOf(participant) : participant;
    const tile = this.tiles.get(key) ?? this.make(key, participant, isScreen);
    const video = tile.querySelector("video");
    if (video.srcObject !== stream) video.srcObject = stream;
    video.play().catch(() => this.askForSound(video));
    this.arrange();
  }

  untrack({ participant, label }) {
    if (label === "screen") this.drop(screenOf(participant));
  }

  gone(participant) {
    this.people.delete(participant);
    this.drop(screenOf(participant));
    this.drop(participant);
  }

  drop(key) {
    const tile = this.tiles.get(key);
    if (!tile) return;
    if (tile.contains(document.pictureInPictureElement)) document.exitPictureInPicture().catch(() => {});
    tile.remove();
    this.tiles.delete(key);
    if (this.pinned === key) this.pinned = "";
    this.arrange();
  }

  clear() {
    for (const key of [...this.tiles.keys()]) this.drop(key);
    this.people.clear();
  }

  make(key, participant, isScreen) {
    const tile = document.createElement("figure");
    tile.className = isScreen ? "call__tile call__tile--screen" : "call__tile";
    tile.dataset.participant = participant;
    if (isScreen) tile.dataset.screen = "";
    const video = document.createElement("video");
    video.autoplay = true;
    video.playsInline = true;
    video.volume = this.volume;
    if (this.sink) video.setSinkId?.(this.sink).catch(() => {});
    const name = document.createElement("figcaption");
    name.className = "call__name";
    const pin = document.createElement("button");
    pin.type = "button";
    pin.className = "call__pin";
    pin.addEventListener("click", () => this.pin(key));
    tile.append(video, name, pin);
    this.tiles.set(key, tile);
    this.name(tile);
    this.holder.append(tile);
    return tile;
  }

  // Who it is, and what they have switched off: words, so that a dark tile is not a riddle.
  name(tile) {
    const id = tile.dataset.participant;
    const { audio = true, video = true } = this.people.get(id) ?? {};
    const isScreen = "screen" in tile.dataset;
    const name = this.nameOf(id, this.people.get(id)?.role);
    const off = isScreen ? [this.texts.is_screen] : [audio ? "" : this.texts.is_muted, video ? "" : this.texts.is_dark];
    tile.querySelector("video").setAttribute("aria-label", name);
    tile.querySelector("figcaption").textContent = [name, ...off.filter(Boolean)].join(" · ");
    tile.classList.toggle("is-dark", !isScreen && !video);
  }

  rename() {
    for (const tile of this.tiles.values()) this.name(tile);
    this.arrange();
  }

  askForSound(video) {
    this.say("press_for_sound");
    document.addEventListener("click", () => video.play(), { once: true });
  }

  // --- layout ------------------------------------------------------------------------------------------------------

  pin(key) {
    this.pinned = this.pinned === key ? "" : key;
    this.arrange();
  }

  speaks(participant) {
    if (!participant || participant === this.speaker) return;
    this.speaker = participant;
    this.arrange();
  }

  layout(wanted) {
    this.wanted = wanted;
    this.arrange();
  }

  /** A shared screen or a pinned picture is large in any layout; in the speaker's, whoever speaks. */
  arrange() {
    const screen = [...this.tiles.keys()].find((key) => key.endsWith(" screen"));
    const first = [...this.tiles.keys()][0];
    const speaking = this.tiles.has(this.speaker) ? this.speaker : first;
    const large = this.pinned || screen || (this.wanted === "speaker" ? speaking : "");
    this.holder.dataset.count = String(Math.min(this.tiles.size, MOST_COUNTED));
    this.holder.dataset.layout = large && this.tiles.size > 1 ? "speaker" : "grid";
    for (const [key, tile] of this.tiles) {
      tile.classList.toggle("is-large", key === large);
      const pin = tile.querySelector(".call__pin");
      pin.hidden = this.tiles.size < 2;
      pin.setAttribute("aria-pressed", String(this.pinned === key));
      const words = this.pinned === key ? this.texts.unpin : this.texts.pin;
      pin.textContent = words.replace("{name}", this.nameOf(tile.dataset.participant, this.people.get(tile.dataset.participant)?.role));
    }
    this.alone.hidden = this.tiles.size > 0;
  }

  // --- how it sounds -----------------------------------------------------------------------------------------------

  setVolume(volume) {
    this.volume = volume;
    for (const tile of this.tiles.values()) tile.querySelector("video").volume = volume;
  }

  async setSink(id) {
    this.sink = id;
    await Promise.all([...this.tiles.values()].map((tile) => tile.querySelector("video").setSinkId(id)));
  }

  largest() {
    const tile = [...this.tiles.values()].find((one) => one.classList.contains("is-large")) ?? [...this.tiles.values()][0];
    return tile?.querySelector("video");
  }
}

function screenOf(participant) {
  return `${participant} screen`;
}
