// A guest's door: what stands behind the # of the link is handed in with the form and leaves the address at once, so that
// neither history nor a screenshot keeps it. The page of who came early looks by itself whether the call has begun.

const LOOK_EVERY_MS = 5000;

const door = document.querySelector("[data-guest-door]");
if (door && location.hash.length > 1) {
  door.elements.token.value = location.hash.slice(1);
  history.replaceState(history.state, "", location.pathname);
}

const early = document.querySelector("[data-look-again]");
if (early) setTimeout(() => location.replace(early.dataset.lookAgain), LOOK_EVERY_MS);
