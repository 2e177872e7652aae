// Keeps a running call from being left by accident: a link opens beside it, Back asks first, and so does closing the
// window. Who wants to leave has the call's own button. Both sides of a call use this file.

const running = () => document.querySelector("[data-call-running]");

/** From now on Back comes to this page once more before it leads away. */
export function keepHere() {
  if (!history.state?.call) history.pushState({ ...history.state, call: true }, "", location.href);
}

function elsewhere(event) {
  const link = event.target.closest?.("a[href]");
  const isPlain = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.defaultPrevented;
  if (!running() || !link || !isPlain || "swap" in link.dataset) return null;
  return /^https?:$/.test(link.protocol) ? link : null;
}

function isHere(link) {
  return link.origin === location.origin && link.pathname === location.pathname;
}

// Within the page: no entry of its own in the history, so that Back means one thing during a call.
function jump(link) {
  const target = link.hash && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!target) return;
  history.replaceState(history.state, "", link.hash);
  if (target.tabIndex < 0) target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "start" });
}

document.addEventListener("click", (event) => {
  const link = elsewhere(event);
  if (!link || link.target === "_blank") return;
  if (isHere(link)) {
    event.preventDefault();
    jump(link);
    return;
  }
  const wanted = new CustomEvent("beside", { bubbles: true, cancelable: true, detail: { address: link.href, link } });
  if (!link.dispatchEvent(wanted)) return event.preventDefault();
  const before = [link.getAttribute("target"), link.getAttribute("rel")];
  link.target = "_blank";
  link.rel = "noopener";
  setTimeout(() => {
    for (const [index, name] of ["target", "rel"].entries()) {
      if (before[index] === null) link.removeAttribute(name);
      else link.setAttribute(name, before[index]);
    }
  });
  say("beside");
}, true);

function say(key) {
  const stage = running();
  stage.querySelector("[data-status]").textContent = JSON.parse(stage.dataset.texts)[key];
}

addEventListener("popstate", () => {
  const stage = running();
  if (!stage || history.state?.call) return;
  history.pushState({ call: true }, "", location.href);
  const box = stage.querySelector("[data-stay]");
  box.hidden = false;
  box.querySelector("[data-stay-here]").focus();
});

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-stay]");
  if (!box || !event.target.closest("button")) return;
  box.hidden = true;
  if (event.target.closest("[data-stay-leave]")) {
    running()?.querySelector("[data-leave]").click();
    history.go(-2);
  }
});

addEventListener("beforeunload", (event) => {
  if (running()) event.preventDefault();
});
