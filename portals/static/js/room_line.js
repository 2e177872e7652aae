// The WebSocket under a session. It may break, with the network or without it, while media goes on: then another one goes
// on where it was, by a token that works once, and nobody else notices. What was missed is heard then.

const TRY_MS = 3000;
const PAUSE_MS = 300;
const GO_ON_MS = 15000;
// Closed for these there is nothing to go on with: the node said that this connection is over (docs/media.md).
const goesOn = (code) => code !== 1012 && code < 4000;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export class Line {
  constructor(session, address, version) {
    this.session = session;
    this.address = address;
    this.version = version;
    this.heard = 0;
    this.token = null;
    this.taking = false;
  }

  open(hello) {
    this.adopt(new WebSocket(this.address));
    this.socket.onopen = () => this.send(hello);
  }

  adopt(socket) {
    this.drop();
    this.socket = socket;
    socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    socket.onclose = (event) => this.closed(event.code);
  }

  /** Lets go of the WebSocket without a word to the session. */
  drop() {
    if (!this.socket) return;
    this.socket.onopen = this.socket.onclose = this.socket.onmessage = null;
    this.socket.close();
    this.socket = null;
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  hear(message) {
    if (message.type !== 'error') this.heard += 1;
    if (message.resume) this.token = message.resume;
    this.session.receive(message);
  }

  closed(code) {
    if (this.token && goesOn(code)) this.takeUp();
    else this.session.fail(code);
  }

  /** Goes on over another WebSocket; where the room has moved, or it takes too long, the session is lost. */
  async takeUp() {
    if (this.taking || this.session.gone) return;
    if (!this.token) return this.session.fail(0);
    this.taking = true;
    this.drop();
    const until = Date.now() + GO_ON_MS;
    while (Date.now() < until && this.session.hasMedia()) {
      const told = await this.dial();
      if (this.session.gone) return;
      if (told === 'resumed') {
        this.taking = false;
        return this.session.takenUp();
      }
      const access = await this.session.client.whereNow();
      if (this.session.gone) return;
      if (access === 'none') return this.session.client.finish('no_access');
      if (access && (told === 'refused' || access.endpoint !== this.address)) return this.session.client.moved(this.session, access);
      if (told === 'refused') break;
      await pause(PAUSE_MS);
    }
    this.session.fail(0);
  }

  /** One try: resumed, refused, or nothing. */
  dial() {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.address);
      const settle = (told) => {
        clearTimeout(timer);
        if (told !== 'resumed') {
          socket.onopen = socket.onclose = socket.onmessage = null;
          socket.close();
        }
        resolve(told);
      };
      const timer = setTimeout(() => settle(null), TRY_MS);
      socket.onopen = () => socket.send(JSON.stringify({type: 'resume', version: this.version, token: this.token, heard: this.heard}));
      socket.onclose = () => settle(null);
      socket.onmessage = (event) => {
        const message = JSON.parse(event.data);
        if (message.type !== 'resumed') return settle('refused');
        this.adopt(socket);
        this.token = message.resume;
        return settle('resumed');
      };
    });
  }
}
