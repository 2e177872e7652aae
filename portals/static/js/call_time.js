// What the call does by the clock, said in words: longer than booked, closing soon, put off, nobody came. It stands there
// until something else is so; who leads can put the end off.

const MINUTE = 60;

export class CallTime {
  constructor(call) {
    this.call = call;
    this.box = call.part("time");
    call.part("extend")?.addEventListener("click", () => call.client?.extend());
  }

  /** Says it; an extension that leaves enough time only says how long there is. */
  told({ code, closes_in: seconds }) {
    const minutes = seconds === null ? "" : Math.max(1, Math.ceil(seconds / MINUTE));
    this.call.part("time-text").textContent = this.call.texts[`time_${code}`].replace("{minutes}", minutes);
    this.box.hidden = false;
    this.box.dataset.code = code;
    const button = this.call.part("extend");
    if (button) button.hidden = code === "no_show" || code === "extended" || seconds === null;
  }

  /** Somebody came, or the call is over: that nobody did is no longer so. */
  settled(over = false) {
    if (over || this.box.dataset.code === "no_show") this.box.hidden = true;
  }
}
