// Ask the law, faster with scripts: addresses without empty fields, and a button that copies the link.

for (const form of document.querySelectorAll("form[data-short]")) {
  form.addEventListener("submit", () => {
    const empty = [...form.elements].filter((one) => one.name && one.value === "");
    for (const one of empty) one.disabled = true;
    setTimeout(() => empty.forEach((one) => (one.disabled = false)), 0);
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const said = document.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    said.textContent = said.dataset.copied;
  });
}
