// Sends a photo or paper without leaving the page: how far it is, what is wrong with it, and the list once it is there.

const form = document.querySelector("[data-files]");
if (form) {
  const field = form.querySelector("[data-field]");
  const [input, camera] = [form.querySelector("#file"), form.querySelector("#camera")];
  const [said, bar] = [form.querySelector("[data-said]"), form.querySelector("[data-progress]")];
  let sending = false;

  form.querySelector("[data-camera]").hidden = !matchMedia("(pointer: coarse)").matches;
  camera.addEventListener("change", () => { if (camera.files.length) send(camera.files[0]); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.files.length) send(input.files[0]); else wrong(form.dataset.empty);
  });

  function wrong(words) {
    sending = false;
    bar.hidden = true;
    said.textContent = "";
    let line = field.querySelector(".error");
    if (!line) {
      line = document.createElement("p");
      line.className = "error";
      line.id = "file-error";
      input.before(line);
    }
    line.textContent = words;
    field.classList.add("field-wrong");
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", "file-help file-error");
    input.value = camera.value = "";
    input.focus();
  }

  function send(file) {
    if (sending) return;
    if (file.size > Number(form.dataset.most)) { wrong(form.dataset.large); return; }
    sending = true;
    const body = new FormData();
    const token = form.querySelector("[name=csrf]").value;
    body.append("csrf", token);
    body.append("file", file, "file");
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("x-csrf-token", token);
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) show(event.loaded / event.total); });
    request.addEventListener("load", () => arrived(request));
    request.addEventListener("error", () => wrong(form.dataset.lost));
    bar.hidden = false;
    show(0);
    request.send(body);
  }

  function show(part) {
    const percent = Math.floor(part * 100);
    bar.value = percent;
    said.textContent = percent < 100 ? form.dataset.sending.replace("%s", percent) : form.dataset.checking;
  }

  function arrived(request) {
    if (request.status === 200) { location.assign(`${form.getAttribute("action")}?said=added`); return; }
    let told = {};
    try { told = JSON.parse(request.responseText); } catch { /* not an answer of ours */ }
    if (told.problem) wrong(told.problem); else location.reload();
  }
}
