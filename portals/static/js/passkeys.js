// Passkeys: asks the browser for one (to sign in, to add, to prove anew) and hands its answer to the server.

const token = () => document.querySelector('meta[name="csrf"]').content;

function toBytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function toText(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function send(address, body = {}) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": token(), accept: "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error("refused"), { told });
  return told;
}

const withBytes = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

async function show(options) {
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: withBytes(options.allowCredentials),
  };
  const found = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
  const response = {
    clientDataJSON: toText(clientDataJSON),
    authenticatorData: toText(authenticatorData),
    signature: toText(signature),
    userHandle: userHandle ? toText(userHandle) : null,
  };
  return { id: found.id, rawId: toText(found.rawId), type: found.type, response, clientExtensionResults: {} };
}

async function make(options) {
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: withBytes(options.excludeCredentials),
  };
  const made = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = made.response;
  const response = { clientDataJSON: toText(clientDataJSON), attestationObject: toText(attestationObject) };
  return { id: made.id, rawId: toText(made.rawId), type: made.type, response, clientExtensionResults: {} };
}

const ways = {
  async in(box) {
    const answer = await show(await send(`${box.dataset.at}/options`));
    location.assign((await send(box.dataset.at, { ...answer, next: box.dataset.next ?? "" })).go);
  },
  async add(box) {
    const answer = await make(await send(`${box.dataset.at}/options`));
    const name = box.querySelector("input")?.value ?? "";
    location.assign((await send(box.dataset.at, { ...answer, name })).go);
  },
  async prove(box) {
    await send(box.dataset.at, await show(await send(`${box.dataset.at}/options`)));
    document.getElementById("go-on")?.requestSubmit();
  },
};

for (const box of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  box.hidden = false;
  const button = box.querySelector("button");
  const line = box.querySelector("[role=status]");
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    line.textContent = line.dataset.asking;
    try {
      await ways[box.dataset.passkey](box);
    } catch (error) {
      if (error.told?.go) location.assign(error.told.go);
      else line.textContent = error.told ? line.dataset.refused : line.dataset.left;
    }
  });
}
