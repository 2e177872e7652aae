// What a call page shows of its being recorded: everybody is asked, sees it for as long as it lasts, and hears it begin
// and end. The node decides; this file shows what it tells and sends what was pressed.

const TONES = { on: [660, 880], off: [880, 660] };
const TONE_SECONDS = 0.18;

export class Recording {
  constructor(stage, client) {
    this.box = stage.querySelector("[data-recording]");
    this.client = client;
    this.told = { state: "off", recording: "", missing: [] };
    if (!this.box || this.box.dataset.bound) return;
    this.box.dataset.bound = "1";
    const on = (name, act) => this.part(name)?.addEventListener("click", act);
    on("yes", () => this.answer(true));
    on("no", () => this.answer(false));
    on("withdraw", () => this.answer(false));
    on("start", () => this.client()?.record(true));
    on("stop", () => this.client()?.record(false));
  }

  part(name) {
    return this.box?.querySelector(`[data-recording-${name}]`) ?? null;
  }

  answer(agrees) {
    this.part("ask").hidden = true;
    this.client()?.answerRecording(this.told.recording, agrees, this.box.dataset.language);
  }

  /** The node's word on how things stand; `own` is the participant's own id. */
  show(told, own) {
    if (!this.box) return;
    const before = this.told;
    this.told = told;
    this.box.dataset.state = told.state;
    const asked = told.missing.includes(own);
    const ask = this.part("ask");
    const wasHidden = ask.hidden;
    ask.hidden = !asked;
    if (asked && wasHidden) this.part("yes").focus();
    this.line(told, asked);
    this.buttons(told, asked);
    if (told.state !== before.state && [told.state, before.state].includes("on")) sound(told.state === "on" ? "on" : "off");
  }

  line(told, asked) {
    const off = told.state === "off";
    const word = off ? told.code : told.state === "asking" && !asked ? "asking_others" : told.state;
    const text = word ? this.word(word) : "";
    this.part("line").hidden = !text;
    this.part("text").textContent = text;
  }

  buttons(told, asked) {
    const set = (name, hidden) => {
      const button = this.part(name);
      if (button) button.hidden = hidden;
    };
    set("start", told.state !== "off");
    set("stop", told.state === "off");
    set("withdraw", told.state === "off" || asked);
  }

  word(name) {
    const words = this.part("words").content;
    return words.querySelector(`[data-word="${name}"]`)?.textContent ?? "";
  }

  /** The call is over: nothing is asked or shown any more. */
  over() {
    this.show({ state: "off", recording: "", missing: [], code: this.told.state === "off" ? "" : "ended" }, "");
  }
}

/** Two tones up when recording begins, down when it pauses or ends; a page without sound only shows it. */
function sound(which) {
  try {
    const audio = new AudioContext();
    TONES[which].forEach((pitch, number) => {
      const tone = new OscillatorNode(audio, { frequency: pitch });
      const level = new GainNode(audio, { gain: 0.15 });
      tone.connect(level).connect(audio.destination);
      tone.start(audio.currentTime + number * TONE_SECONDS);
      tone.stop(audio.currentTime + (number + 1) * TONE_SECONDS);
      if (number === TONES[which].length - 1) tone.onended = () => audio.close();
    });
  } catch {
    // The line on the page says the same.
  }
}
