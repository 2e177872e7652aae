// Keeps what is typed while it is typed, so that nothing is lost when the page goes away before it is sent.

export function keepTyped(form) {
  const said = form.querySelector("[data-said]");
  const fields = ["subject", "text"].map((name) => form.elements[name]).filter(Boolean);
  let timer = 0;
  let leaving = false;

  function keep() {
    clearTimeout(timer);
    timer = 0;
    if (leaving) return;
    const body = new URLSearchParams(fields.map((one) => [one.name, one.value]));
    fetch(form.action + "/draft", { method: "POST", body, keepalive: true, headers: { "x-csrf-token": form.elements.csrf.value } })
      .then((answer) => { said.textContent = answer.ok ? form.dataset.saved : form.dataset.lost; })
      .catch(() => { said.textContent = form.dataset.lost; });
  }

  for (const one of fields) one.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 1000); });
  addEventListener("pagehide", () => { if (timer) keep(); });
  form.addEventListener("submit", () => { leaving = true; clearTimeout(timer); timer = 0; });
}

for (const form of document.querySelectorAll("[data-typing]")) keepTyped(form);
