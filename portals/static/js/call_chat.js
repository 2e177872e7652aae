// The chat of a call. Its words go to the records and come from there; the media node only says that there is something
// new. What was written stays among the visit's messages.

const ADDRESS = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

export class Chat {
  constructor(call) {
    this.call = call;
    this.key = newKey();
    this.seen = 0;
    this.panel = call.part("chat-panel");
    if (!this.panel) return;
    call.part("chat-form").addEventListener("submit", (event) => this.send(event));
    call.part("chat-form").elements.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.send(event);
    });
    this.panel.addEventListener("toggle", () => this.opened());
  }

  may(rights) {
    if (!this.panel || !rights.write) return;
    this.load();
  }

  async load() {
    if (!this.panel) return;
    const answer = await this.call.ask(this.call.stage.dataset.chat).catch(() => null);
    this.panel.hidden = !answer || answer.status === 403 || answer.status === 404;
    if (answer?.ok) this.show((await answer.json()).lines);
  }

  show(lines) {
    const list = this.call.part("chat-lines");
    const there = new Set([...list.children].map((one) => one.dataset.line));
    const fresh = lines.filter((one) => !there.has(one.id));
    for (const line of list.children) this.files(line, lines.find((one) => one.id === line.dataset.line)?.files ?? []);
    list.append(...fresh.map((one) => this.line(one)));
    if (fresh.length) this.toNewest();
    const others = lines.filter((one) => !one.mine).length;
    if (this.panel.open) this.seen = others;
    this.count(others - this.seen);
    if (!this.panel.open && fresh.some((one) => !one.mine) && others > this.seen) this.call.say("chat_new");
  }

  count(unread) {
    const mark = this.call.part("chat-count");
    mark.hidden = unread <= 0;
    mark.textContent = unread > 0 ? String(unread) : "";
  }

  opened() {
    if (!this.panel.open) return;
    this.load();
    this.toNewest();
  }

  toNewest() {
    const box = this.call.part("chat-lines").parentElement;
    box.scrollTop = box.scrollHeight;
  }

  line({ id, mine, name, text, at, files }) {
    const line = document.createElement("li");
    line.dataset.line = id;
    line.className = mine ? "call__line is-mine" : "call__line";
    const head = document.createElement("p");
    head.className = "call__line-head";
    head.textContent = `${mine ? this.call.texts.chat_you : name} · ${at}`;
    const words = document.createElement("p");
    words.append(...linked(text));
    const holder = document.createElement("ul");
    holder.className = "call__files";
    line.append(head, words, holder);
    this.files(line, files);
    return line;
  }

  files(line, files) {
    const holder = line.querySelector(".call__files");
    holder.hidden = !files.length;
    holder.replaceChildren(...files.map(({ name, state, href }) => {
      const item = document.createElement("li");
      if (state === "clean") {
        const link = document.createElement("a");
        link.href = href;
        link.target = "_blank";
        link.rel = "noopener";
        link.textContent = name;
        item.append(link);
      } else {
        item.textContent = `${name} · ${this.call.texts[state === "refused" ? "file_refused" : "file_checked"]}`;
      }
      return item;
    }));
  }

  async send(event) {
    event.preventDefault();
    if (this.sending) return;
    const form = this.call.part("chat-form");
    const wrong = this.call.part("chat-error");
    const { text, file } = form.elements;
    wrong.textContent = "";
    if (!text.value.trim() && !file.files.length) return;
    const sent = new FormData();
    sent.append("text", text.value);
    sent.append("request", this.key);
    if (file.files.length) sent.append("file", file.files[0]);
    this.sending = true;
    try {
      const answer = await this.call.ask(this.call.stage.dataset.chat, sent);
      const came = await answer.json();
      if (!answer.ok) throw new Error(came.error?.words);
      form.reset();
      this.key = newKey();
      this.show(came.lines);
      this.call.client?.written();
    } catch (trouble) {
      wrong.textContent = trouble instanceof TypeError || !trouble.message ? this.call.texts.chat_failed : trouble.message;
    } finally {
      this.sending = false;
    }
  }
}

/** The words with their web addresses as links; everything else stays text. */
function linked(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(ADDRESS)) {
    parts.push(text.slice(at, found.index));
    const link = document.createElement("a");
    link.href = found[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.textContent = found[0];
    parts.push(link);
    at = found.index + found[0].length;
  }
  return [...parts, text.slice(at)];
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
