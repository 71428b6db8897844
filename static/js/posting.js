/* What a clerk types is kept on the phone until it has been sent; photos are made small before they travel.
   Every page works without this. Forms take part by data-keep; the sentences stand on the script's own tag. */
"use strict";
(() => {
  const said = document.currentScript.dataset;
  const SPACE = "jiedui:", OWN = SPACE + said.user + ":";
  const DAYS = 7 * 24 * 3600 * 1000, EDGE = 1280, BYTES = 200 * 1024, AGAIN = 5000;
  /* A page is short; a photo of 200 KB takes a minute on the slowest line. */
  const PATIENCE = 8000, PATIENCE_SENDING = 120000;
  const kept = document.querySelectorAll("form[data-keep]");
  const path = location.pathname;
  const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
  const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(SPACE));

  /* One line above the page: what is kept here, and what happens next. */
  function tell(words) {
    let line = document.getElementById("kept");
    if (!line) {
      const frame = document.createElement("div");
      frame.className = "wrap";
      line = document.createElement("p");
      line.id = "kept";
      line.className = "note warn offl";
      line.setAttribute("role", "status");
      frame.append(line);
      document.getElementById("main").prepend(frame);
    }
    line.textContent = words;
  }

  /* Drafts: the fields of a form by the address of its page. A step that was sent leads to another page of the need. */
  const fields = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string"
    && name !== "csrf_token" && name !== "client_key");
  function keep(form, state) {
    try {
      localStorage.setItem(OWN + path, JSON.stringify({ at: Date.now(), state, fields: fields(form) }));
    } catch { /* A full or forbidden store: the page still works as without a script. */ }
  }
  function sweep() {
    for (const key of keys()) {
      const draft = read(key);
      const old = !draft || Date.now() - draft.at > DAYS;
      const arrived = draft && draft.state === "sent" && key !== OWN + path && path.startsWith("/desk/needs");
      if (old || arrived || !key.startsWith(OWN)) localStorage.removeItem(key);
    }
  }
  function restore(form) {
    const draft = read(OWN + path);
    if (!draft || form.querySelector("[aria-invalid]") || document.querySelector(".errors")) return;
    const wanted = new Map();
    for (const [name, value] of draft.fields) wanted.set(name, [...(wanted.get(name) || []), value]);
    let changed = false;
    for (const field of form.elements) {
      if (!field.name || !wanted.has(field.name) && field.type !== "checkbox"
        || ["hidden", "file", "submit", "search"].includes(field.type)) continue;
      const values = wanted.get(field.name) || [];
      if (["checkbox", "radio"].includes(field.type)) {
        changed ||= field.checked !== values.includes(field.value);
        field.checked = values.includes(field.value);
      } else if (values[0] !== field.value) {
        changed = true;
        field.value = values[0];
      }
    }
    if (changed) tell(said.restored);
  }

  /* The queue: forms that could not be sent, with their photos, in the order in which they were written. */
  const store = (mode, act) => new Promise((done, fail) => {
    const opening = indexedDB.open(SPACE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("queue", { autoIncrement: true });
    opening.onerror = () => fail(opening.error);
    opening.onsuccess = () => {
      const deal = opening.result.transaction("queue", mode), asked = act(deal.objectStore("queue"));
      deal.oncomplete = () => { opening.result.close(); done(asked && asked.result); };
      deal.onerror = () => fail(deal.error);
    };
  });
  const waiting = async () => {
    const [names, rows] = await Promise.all([
      store("readonly", (queue) => queue.getAllKeys()), store("readonly", (queue) => queue.getAll())]);
    return rows.map((row, at) => ({ ...row, key: names[at] }));
  };
  const drop = (key) => store("readwrite", (queue) => queue.delete(key));

  const reach = (address, options) => fetch(address, {
    cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE), ...options });
  async function isOnline() {
    if (!navigator.onLine) return false;
    try { return (await reach(said.ping, { method: "HEAD" })).ok; } catch { return false; }
  }
  async function sendQueue() {
    for (const row of await waiting()) {
      if (row.user !== said.user || Date.now() - row.at > DAYS) { await drop(row.key); continue; }
      let answer;
      try {
        const page = await reach(row.path);
        const form = new DOMParser().parseFromString(await page.text(), "text/html")
          .querySelector('form[action="' + row.form + '"] [name=csrf_token]');
        if (!form) {
          /* The session has ended, or the need has gone on: the person decides, the draft stays. */
          if (new URL(page.url).pathname === "/login") { tell(said.login); return; }
          await drop(row.key);
          continue;
        }
        const body = new FormData();
        for (const [name, value, file] of row.fields) file ? body.append(name, value, file) : body.append(name, value);
        body.set("csrf_token", form.value);
        answer = await reach(row.action, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE_SENDING) });
      } catch { tell(said.offline); return; }
      await drop(row.key);
      const reached = new URL(answer.url).pathname;
      if (answer.ok && reached !== row.action) localStorage.removeItem(OWN + row.path);
      if (row.path === path || !answer.ok) { location.assign(answer.ok ? answer.url : row.path); return; }
    }
  }

  let sending = null;
  const send = () => (sending ??= sendQueue().catch(() => null).finally(() => { sending = null; }));

  /* Photos: new pixels of at most 200 KB; what the camera wrote beside them does not travel. */
  async function shrink(input) {
    const file = input.files[0];
    if (!file || !window.createImageBitmap) return;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      let edge = EDGE, small = null;
      for (let turn = 0; turn < 8 && (!small || small.size > BYTES); turn++) {
        const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
        const canvas = document.createElement("canvas");
        canvas.width = Math.max(1, Math.round(picture.width * scale));
        canvas.height = Math.max(1, Math.round(picture.height * scale));
        const pen = canvas.getContext("2d");
        pen.fillStyle = "#fff";
        pen.fillRect(0, 0, canvas.width, canvas.height);
        pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
        small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", turn % 2 ? 0.55 : 0.78));
        if (turn % 2) edge = Math.round(edge * 0.75);
      }
      const carried = new DataTransfer();
      carried.items.add(new File([small], "photo.jpg", { type: "image/jpeg" }));
      input.files = carried.files;
    } catch { /* No picture that this phone can read: the server says so. */ }
  }

  let shrinking = Promise.resolve();
  for (const form of kept) {
    form.addEventListener("input", () => keep(form, "typed"));
    form.addEventListener("change", (event) => {
      if (event.target.type === "file") shrinking = shrink(event.target);
      keep(form, "typed");
    });
    form.addEventListener("submit", async (event) => {
      if (form.dataset.goes) { delete form.dataset.goes; return; }
      event.preventDefault();
      await shrinking;
      const button = event.submitter;
      if (await isOnline()) {
        keep(form, "sent");
        form.dataset.goes = "1";
        form.requestSubmit(button);
        return;
      }
      const own = form.getAttribute("action");
      const action = button && button.hasAttribute("formaction") ? button.getAttribute("formaction") : own;
      const rows = [...new FormData(form, button)].filter(([name]) => name !== "csrf_token")
        .map(([name, value]) => value instanceof File ? [name, value, value.name] : [name, value])
        .filter(([, value]) => !(value instanceof File && !value.size));
      keep(form, "typed");
      for (const row of await waiting()) if (row.form === own) await drop(row.key);
      const row = { user: said.user, path, form: own, action, at: Date.now(), fields: rows };
      await store("readwrite", (queue) => queue.add(row));
      tell(said.offline);
    });
  }

  /* A shared phone: leaving takes everything along; with something unsent, the second tap does. */
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.getAttribute("action") !== "/logout" || form.dataset.goes) return;
    event.preventDefault();
    form.dataset.goes = "1";
    if (navigator.onLine) await send();
    if ((await waiting().catch(() => [])).length && !form.dataset.warned) {
      delete form.dataset.goes;
      form.dataset.warned = "1";
      tell(said.unsent);
      return;
    }
    keys().forEach((key) => localStorage.removeItem(key));
    await store("readwrite", (queue) => queue.clear()).catch(() => null);
    form.requestSubmit();
  });

  sweep();
  kept.forEach(restore);
  window.addEventListener("online", send);
  window.addEventListener("offline", () => tell(said.offline));
  /* A network that comes and goes: what still waits is tried again. */
  setInterval(() => { if (navigator.onLine) send(); }, AGAIN);
  send();
})();
