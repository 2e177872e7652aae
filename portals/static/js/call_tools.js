// What a person does with their own devices during a call: another camera or microphone, another loudspeaker, volume, a
// small window that stays above others, a shared screen, and a word to the others when something is amiss.

export class Tools {
  constructor(call) {
    this.call = call;
    const on = (name, event, act) => call.part(name)?.addEventListener(event, act);
    on("share", "click", () => this.share());
    on("volume", "input", (event) => call.tiles.setVolume(event.target.value / 100));
    on("speaker", "change", (event) => call.tiles.setSink(event.target.value).catch(() => call.say("no_speaker")));
    on("layout-switch", "click", () => this.switchLayout());
    on("pip", "click", () => this.pictureInPicture());
    on("told-close", "click", () => { call.part("told").hidden = true; });
    for (const list of call.stage.querySelectorAll("[data-now]")) {
      list.addEventListener("change", () => this.change(list.dataset.now, list.value));
    }
    for (const button of call.stage.querySelectorAll("[data-signal]")) {
      button.addEventListener("click", () => this.tell(button.dataset.signal));
    }
    navigator.mediaDevices?.addEventListener?.("devicechange", () => call.client && this.list());
    const pip = call.part("pip");
    if (pip) pip.hidden = !document.pictureInPictureEnabled;
  }

  /** The devices there are now, as they can be chosen during the call. */
  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    for (const [kind, source] of [["video", "videoinput"], ["audio", "audioinput"]]) {
      const track = this.call.stream?.getTracks().find((one) => one.kind === kind);
      this.fill(this.call.stage.querySelector(`[data-now="${kind}"]`), devices, source, track?.getSettings().deviceId);
    }
    const speakers = this.call.part("speaker");
    this.fill(speakers, devices, "audiooutput", this.call.tiles.sink);
    const many = devices.filter((one) => one.kind === "audiooutput").length > 1;
    this.call.part("speaker-field").hidden = !many || !("setSinkId" in HTMLMediaElement.prototype);
  }

  fill(list, devices, kind, chosen) {
    if (!list) return;
    const found = devices.filter((device) => device.kind === kind);
    list.replaceChildren(...found.map((one, index) => new Option(one.label || `${index + 1}`, one.deviceId)));
    if (!found.length) list.append(new Option(this.call.texts.no_device, ""));
    if (found.some((one) => one.deviceId === chosen)) list.value = chosen;
  }

  /** Another camera or microphone in the place of the one that is sent; the others see no break but the new picture. */
  async change(kind, device) {
    const { call } = this;
    const wish = kind === "video" ? { video: call.wish(device), audio: false } : { audio: call.exact(device), video: false };
    let fresh;
    try {
      fresh = await navigator.mediaDevices.getUserMedia(wish);
    } catch {
      call.say("no_switch");
      return this.list();
    }
    const [track] = fresh.getTracks();
    await this.take(kind, track);
    call.say(kind === "video" ? "switched_video" : "switched_audio");
    return this.list();
  }

  async take(kind, track) {
    const { call } = this;
    const before = call.stream.getTracks().find((one) => one.kind === kind);
    const isOn = before ? before.enabled : true;
    call.stream.addTrack(track);
    if (before) call.stream.removeTrack(before);
    track.enabled = isOn;
    this.watch(track);
    await call.client?.replaceTrack(kind, track);
    before?.stop();
    call.showControls();
  }

  /** A device that is pulled out during the call is replaced by what is left. */
  watch(track) {
    track.addEventListener("ended", () => {
      if (!this.call.client || !this.call.stream?.getTracks().includes(track)) return;
      this.call.say("device_gone");
      this.change(track.kind, "");
    });
  }

  // --- the screen --------------------------------------------------------------------------------------------------

  may(rights) {
    const button = this.call.part("share");
    if (button) button.hidden = !rights.send.includes("screen") || !navigator.mediaDevices.getDisplayMedia;
  }

  async share() {
    const { call } = this;
    if (call.sharing) return call.client.unshare();
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 15 }, audio: true });
      for (const track of stream.getVideoTracks()) track.contentHint = "detail";
      await call.client?.share(stream);
    } catch {
      call.say("no_share");
    }
    return undefined;
  }

  shared(on) {
    const { call } = this;
    call.sharing = on;
    const button = call.part("share");
    button.setAttribute("aria-pressed", String(on));
    button.classList.toggle("is-on", on);
    button.querySelector("[data-label]").textContent = call.texts[on ? "share_stop" : "share_start"];
    call.say(on ? "sharing" : "shared_no_more");
  }

  // --- views and words -----------------------------------------------------------------------------------------------

  switchLayout() {
    const button = this.call.part("layout-switch");
    const large = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(large));
    this.call.tiles.layout(large ? "speaker" : "grid");
  }

  async pictureInPicture() {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.call.tiles.largest()?.requestPictureInPicture();
    } catch {
      this.call.say("no_pip");
    }
  }

  tell(code) {
    this.call.client?.signal(code);
    this.call.say("told_others");
  }

  told({ participant, code }) {
    const { call } = this;
    const name = call.nameOf(participant, call.tiles.people.get(participant)?.role);
    const muted = code === "cannot_hear" && !call.stream?.getAudioTracks().some((track) => track.enabled);
    const words = call.texts[muted ? "signal_cannot_hear_muted" : `signal_${code}`];
    if (!words) return;
    call.part("told-text").textContent = words.replace("{name}", name);
    call.part("told").hidden = false;
  }
}
