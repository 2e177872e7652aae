// Warns at once of an answer that may mean an emergency, and sends it when it is confirmed or not corrected.
//
// A stray tick must not end a visit, so the person may correct it; a person who cannot answer must not be forgotten, so
// it goes out after 20 seconds, when the number is called, and when the page is left. What the box says of the visit and
// the clinicians is only what the server has confirmed.

const PATIENCE = 20_000;
const LONGEST_PAUSE = 8_000;

/**
 * Binds the box and returns `warn(flags)`. `send()` resolves to the emergency page's address (empty: the server saw no
 * emergency) and rejects with `final` set when asking again cannot help; `correct()` puts the answer back;
 * `show(alarmed)` hides or shows the question.
 */
export function emergencyBox(box, { send, correct, show }) {
  const told = box.querySelector("[data-told]");
  const choice = box.querySelector("[data-choice]");
  let phase = "calm";
  let timer = 0;

  function warn(flags) {
    if (phase !== "calm") return;
    phase = "warned";
    write(box, flags);
    told.textContent = told.dataset.pending;
    choice.hidden = false;
    show(true);
    box.hidden = false;
    box.focus();
    timer = setTimeout(confirm, PATIENCE);
  }

  function takeBack() {
    if (phase !== "warned") return;
    clearTimeout(timer);
    phase = "calm";
    box.hidden = true;
    show(false);
    correct();
  }

  async function confirm() {
    if (phase !== "warned") return;
    clearTimeout(timer);
    phase = "sending";
    choice.hidden = true;
    told.textContent = told.dataset.trying;
    told.textContent = (await untilHeard(send)) ? told.dataset.stopped : told.dataset.failed;
    phase = "over";
  }

  box.querySelector("[data-correct]").addEventListener("click", takeBack);
  box.querySelector("[data-confirm]").addEventListener("click", confirm);
  box.querySelector("[data-call]").addEventListener("click", confirm);
  window.addEventListener("pagehide", confirm);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") confirm(); });
  return warn;
}

/** Sends until the server has answered; whether it said that the visit stops. */
async function untilHeard(send) {
  for (let pause = 1000; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      return Boolean(await send());
    } catch (error) {
      if (error.final) return false;
    }
    await connectedAgain(pause);
  }
}

/** The pause, cut short when the browser finds its network again. */
function connectedAgain(pause) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, pause);
    function done() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    }
    window.addEventListener("online", done);
  });
}

function write(box, flags) {
  const lines = flags.flatMap((flag) => [line(flag.text, "lead"), line(flag.advice, "")]);
  box.querySelector("[data-emergency-texts]").replaceChildren(...lines.filter(Boolean));
  const call = flags.find((flag) => flag.call)?.call || "911";
  const words = box.querySelector("[data-call-words]");
  box.querySelector("[data-call]").href = `tel:${call}`;
  words.textContent = words.dataset.words.replace("%s", call);
}

function line(words, look) {
  if (!words) return null;
  const made = document.createElement("p");
  made.className = look;
  made.textContent = words;
  return made;
}
