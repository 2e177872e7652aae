// Who is in the call, who waits at its door, whom one may invite, and what whoever leads the visit may do: let in, turn
// away, take out, mute, lock. The node asks again for every one of these; a page that shows no button is only polite.

const ROW_ACTS = [["mute", "mute_one"], ["remove", "take_out"]];

export class People {
  constructor(call) {
    this.call = call;
    this.names = {};
    this.waiting = new Map();
    this.rights = null;
    const on = (name, event, act) => call.part(name)?.addEventListener(event, act);
    on("mute-all", "click", () => { call.client?.mute(); call.say("asked_quiet"); });
    on("lock", "click", () => call.client?.lock(call.part("lock").getAttribute("aria-pressed") !== "true"));
    on("invite", "submit", (event) => this.invite(event));
    on("invite-copy", "click", () => this.copy());
    on("people-panel", "toggle", () => call.part("people-panel").open && this.load());
  }

  may(rights) {
    this.rights = rights;
    this.locked(rights);
    for (const name of [...this.waiting.keys()]) this.over({ participant: name });
    this.list();
    this.load();
  }

  can(act) {
    return Boolean(this.rights?.act.includes(act));
  }

  nameOf(participant) {
    return this.names[participant] ?? "";
  }

  /** The names of who has no fixed place in the page: guests and helpers. Guests are told none. */
  async load() {
    const address = this.call.stage.dataset.people;
    if (!address) return;
    const answer = await this.call.ask(address).catch(() => null);
    if (!answer?.ok) return;
    const found = await answer.json();
    this.names = found.names;
    this.invitable(found.roles);
    this.invited(found.guests);
    this.call.tiles.rename();
    this.list();
    this.doors();
  }

  // --- the list ----------------------------------------------------------------------------------------------------

  list() {
    const list = this.call.part("people-list");
    if (!list) return;
    list.replaceChildren(...this.call.tiles.everybody.map((person) => this.row(person)));
  }

  row({ participant, role, audio }) {
    const name = this.call.nameOf(participant, role);
    const { texts } = this.call;
    const row = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = audio ? name : `${name} · ${texts.is_muted}`;
    row.append(words);
    for (const [act, text] of ROW_ACTS) {
      if (this.can(act)) row.append(this.button(texts[text].replace("{name}", name), () => this.call.client?.[act](participant)));
    }
    return row;
  }

  button(words, act, kind = "button button-quiet") {
    const button = document.createElement("button");
    button.type = "button";
    button.className = kind;
    button.textContent = words;
    button.addEventListener("click", act);
    return button;
  }

  locked({ locked }) {
    const button = this.call.part("lock");
    if (!button) return;
    button.setAttribute("aria-pressed", String(locked));
    button.textContent = this.call.texts[locked ? "unlock" : "lock"];
  }

  // --- the door ----------------------------------------------------------------------------------------------------

  knock(person) {
    this.waiting.set(person.participant, person);
    this.load();
    this.doors();
  }

  over({ participant }) {
    this.waiting.delete(participant);
    this.doors();
  }

  doors() {
    const door = this.call.part("door");
    if (!door) return;
    const { texts, client } = this.call;
    const held = door.contains(document.activeElement) ? document.activeElement.dataset.at : "";
    door.replaceChildren(...[...this.waiting.values()].map(({ participant, role }) => {
      const name = this.nameOf(participant);
      const row = document.createElement("li");
      const words = document.createElement("span");
      words.textContent = texts.at_door.replace("{name}", name || texts[`role_${role}`]).replace("{role}", texts[`role_${role}`]);
      const inside = this.button(texts.let_in, () => client?.admit(participant), "button");
      const away = this.button(texts.turn_away, () => client?.turnAway(participant), "button button-second");
      inside.dataset.at = `${participant} in`;
      away.dataset.at = `${participant} away`;
      row.append(words, inside, away);
      return row;
    }));
    if (held) door.querySelector(`[data-at="${CSS.escape(held)}"]`)?.focus();
  }

  // --- invitations ---------------------------------------------------------------------------------------------------

  invitable(roles) {
    const form = this.call.part("invite");
    if (!form) return;
    form.hidden = !roles.length;
    const list = this.call.part("invite-role");
    if (list.options.length !== roles.length) {
      list.replaceChildren(...roles.map((role) => new Option(this.call.texts[`role_${role}`], role)));
    }
  }

  async invite(event) {
    event.preventDefault();
    const { call } = this;
    const wrong = call.part("invite-error");
    wrong.textContent = "";
    const answer = await call.ask(call.stage.dataset.guests, new URLSearchParams({ role: call.part("invite-role").value }));
    const made = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      wrong.textContent = call.texts[`invite_${made.error?.code}`] ?? call.texts.invite_failed;
      return;
    }
    call.part("invite-link").value = made.link;
    this.forDevice(made.device);
    call.part("invite-made").hidden = false;
    call.part("invite-link").focus();
    call.part("invite-link").select();
    await this.load();
  }

  /** The same link as a device shows it, which has no browser. */
  forDevice(device) {
    const part = this.call.part("invite-device");
    if (!part) return;
    part.hidden = !device;
    for (const [name, value] of Object.entries(device ?? {})) this.call.part(`device-${name}`).value = value;
  }

  async copy() {
    const field = this.call.part("invite-link");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      this.call.say("copied");
    } catch {
      this.call.say("copy_by_hand");
    }
  }

  invited(guests) {
    const list = this.call.part("invite-list");
    if (!list) return;
    const { texts } = this.call;
    list.replaceChildren(...guests.map(({ id, role, state, name, until }) => {
      const row = document.createElement("li");
      const words = document.createElement("span");
      words.textContent = [name || texts[`role_${role}`], name && texts[`role_${role}`], texts[`guest_${state}`].replace("{until}", until)]
        .filter(Boolean).join(" · ");
      row.append(words);
      if (state === "open" || state === "used") {
        row.append(this.button(texts.take_back.replace("{name}", name || texts[`role_${role}`]), () => this.revoke(id)));
      }
      return row;
    }));
  }

  async revoke(id) {
    await this.call.ask(`${this.call.stage.dataset.guests}/${id}/revoke`, new URLSearchParams());
    this.call.say("taken_back");
    await this.load();
  }
}
