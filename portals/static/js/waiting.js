// Keeps the waiting room current without reloading: place, interval, and the moment the clinician is ready.

const box = document.querySelector("[data-waiting]");
if (box) {
  const card = box.querySelector("[data-waiting-card]");
  const [position, interval, next] = ["position", "interval", "next"].map((name) => card?.querySelector(`[data-${name}]`));

  async function look() {
    try {
      const answer = await fetch(box.dataset.waiting, { headers: { accept: "application/json" } });
      if (answer.ok) {
        const told = await answer.json();
        if (told.stage !== box.dataset.stage) { location.reload(); return; }
        for (const [place, words] of [[position, told.position], [interval, told.interval], [next, told.next]]) {
          if (place && words && place.textContent !== words) place.textContent = words;
        }
      }
    } catch {
      // The connection is away for a moment; the place in line is kept on the server.
    }
    setTimeout(look, 4000);
  }
  setTimeout(look, 2000);
}
