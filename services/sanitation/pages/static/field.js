// The pages of the field with scripts: what is entered goes to the queue first and from there to the service, so that
// it makes no difference to the hand whether there is a network. Without scripts the same forms are sent as they are.

const field = document.getElementById("field");
const { account, root, queue: queueModule, scan: scanModule, forms: formsModule } = field.dataset;
const words = JSON.parse(document.getElementById("words").textContent);
const { Queue } = await import(queueModule);
const { Missing, kinds, uuid, value } = await import(formsModule);
const english = document.documentElement.lang === "en";

const say = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
// A reason comes in both languages, the Chinese half first.
const halves = (text) => text.match(/^(.*[\u3002\uff01\uff1f])\s*([A-Z0-9].*)$/s);
const inTongue = (text) => { const found = halves(text); return found ? found[english ? 2 : 1] : text; };

// ---- the queue as people see it

const panel = document.getElementById("queue");
const said = document.getElementById("said");
const part = (name) => panel.querySelector(`[data-${name}]`);
let told = 0;

function announce(text) {
  said.textContent = text;
  said.hidden = false;
}

function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}

function line(entry) {
  const item = document.createElement("li");
  const refused = entry.state === "refused";
  const chip = document.createElement("span");
  chip.className = refused ? "chip bad" : "chip";
  chip.textContent = refused ? words.item_refused : words.item_waiting;
  const text = document.createElement("span");
  text.className = "words";
  const when = new Date(entry.made).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  text.textContent = `${when} ${entry.label}${entry.photos?.length ? ` · ${words.photo}` : ""}`;
  item.append(chip, text);
  if (!refused) return item;
  const reason = document.createElement("strong");
  reason.textContent = inTongue(entry.detail || words.unknown);
  text.append(document.createElement("br"), reason);
  let why = null;
  if (entry.code === "explanation_missing") {
    why = document.createElement("input");
    why.setAttribute("aria-label", words.why);
    why.placeholder = words.why;
    why.maxLength = 200;
    item.append(why);
  }
  item.append(
    button(words.again, async () => {
      if (why && why.value.trim().length < 4) {
        why.focus();
        return;
      }
      if (why) Object.assign(entry.body, { source: "late_entry", explanation: why.value.trim() });
      await queue.change({ ...entry, state: "waiting" });
      await queue.send();
    }),
    button(words.drop, async () => {
      if (confirm(words.drop_ask)) await queue.drop(entry.id);
    }),
  );
  return item;
}

function changed({ state, waiting, refused, others, sent }) {
  const n = waiting.length;
  panel.hidden = false;
  const leavingNow = !part("leaving").hidden;
  part("list").hidden = !(n || refused.length || others || leavingNow || state === "signed_out" || state === "offline");
  part("list").dataset.level = refused.length ? "bad" : n || state === "offline" || state === "signed_out" ? "warn" : "";
  const count = part("count");
  count.textContent = refused.length ? `${say(words.refused, { n: refused.length })}${n ? ` · ${say(words.waiting, { n })}` : ""}` : n ? say(words.waiting, { n }) : words.none;
  count.className = `chip ${refused.length ? "bad" : n ? "warn" : "good"}`;
  const hour = new Date(field.dataset.made).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai", hour12: false });
  part("state").textContent = [
    state === "sending" ? words.sending : "",
    state === "offline" ? `${words.offline}${say(words.stale, { time: hour })}` : "",
    state === "signed_out" ? words.signed_out : "",
    others ? say(words.other, { n: others }) : "",
  ].filter(Boolean).join(" ");
  part("sign-in").hidden = state !== "signed_out";
  part("send").hidden = !n || state === "signed_out";
  if (!part("entries").contains(document.activeElement) || document.activeElement.tagName !== "INPUT") {
    part("entries").replaceChildren(...refused.map(line), ...waiting.map(line));
  }
  mark(waiting);
  const fresh = sent.length && sent[0].id !== told ? sent[0] : null;
  if (fresh) {
    told = fresh.id;
    const orders = fresh.body?.orders?.length ?? 0;
    const warned = fresh.body?.warnings?.[0];
    announce(`${fresh.label}${words.colon}${orders ? say(words.orders, { n: orders }) : words[warned ?? fresh.how] ?? words.logged}`);
    if (!n) refresh();
  }
}

function mark(waiting) {
  document.querySelectorAll("[data-pending]").forEach((one) => one.remove());
  const codes = new Set(waiting.map((one) => one.body.site_code).filter(Boolean));
  document.querySelectorAll("[data-site]").forEach((row) => {
    if (!codes.has(JSON.parse(row.dataset.site).code)) return;
    const chip = document.createElement("span");
    chip.className = "chip warn";
    chip.dataset.pending = "";
    chip.textContent = words.item_waiting;
    row.querySelector(".marks").append(chip);
  });
}

// What the service knows now, unless somebody is in the middle of something there.
async function refresh() {
  const live = document.getElementById("live");
  if (!live || live.contains(document.activeElement) || live.querySelector("details[open]")) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("live");
    if (!now) return;
    live.replaceWith(document.adoptNode(now));
    field.dataset.made = page.getElementById("field").dataset.made;
    queue.tell();
  } catch {
    // without a network the page stays as it is, and says of when
  }
}

const queue = new Queue({ account, root, changed });

// ---- the site that was chosen

const entry = document.getElementById("entry");

let chosen = null;

function fill(site) {
  chosen = site;
  for (const place of entry.querySelectorAll("[data-fill]")) {
    const what = place.dataset.fill;
    const value = what === "range" ? (site.from ? say(words.range, site) : "") : (site[what] ?? "");
    if (place.tagName === "INPUT") place.value = value;
    else place.textContent = value;
  }
  for (const form of entry.querySelectorAll("[data-needs]")) form.hidden = form.dataset.needs === "minutes" ? !site.minutes : site.kind !== form.dataset.needs;
}

function judge() {
  const form = entry.querySelector("[data-kind=round]");
  const strength = Number(value(form, "other_mg_l") || value(form, "concentration_mg_l"));
  const { from, to } = chosen ?? {};
  form.querySelector("[data-outside]").hidden = !strength || !from || (strength >= from && strength <= to);
}

function renew(form) {
  form.reset();
  form.querySelectorAll("[data-preview]").forEach((one) => { one.hidden = true; });
  form.elements.id.value = uuid();
}

function choose(code, { remember = true } = {}) {
  const row = [...document.querySelectorAll("[data-site]")].find((one) => JSON.parse(one.dataset.site).code === code);
  if (!row) return false;
  entry.querySelectorAll("form").forEach(renew);
  fill(JSON.parse(row.dataset.site));
  judge();
  document.querySelectorAll(".row.chosen").forEach((one) => one.classList.remove("chosen"));
  row.classList.add("chosen");
  entry.hidden = false;
  said.hidden = true;
  if (remember) history.pushState({}, "", row.getAttribute("href"));
  entry.focus({ preventScroll: true });
  entry.scrollIntoView({ block: "start" });
  return true;
}

const wanted = () => (new URLSearchParams(location.search).get("site") ?? "").split("#").pop().trim().toLowerCase();

if (entry) {
  entry.addEventListener("input", judge);
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-site]");
    if (row && !event.ctrlKey && !event.metaKey && choose(JSON.parse(row.dataset.site).code)) event.preventDefault();
  });
  addEventListener("popstate", () => { if (!wanted() || !choose(wanted(), { remember: false })) entry.hidden = true; });
  const shown = entry.querySelector("[name=site_code]").value;
  if (wanted() && wanted() !== shown) choose(wanted(), { remember: false });
  else if (shown) {
    const row = document.querySelector(".row.chosen");
    if (row) chosen = JSON.parse(row.dataset.site);
  }
}

// ---- codes: by camera where there is one, by hand or by a reader that types

const scanForm = document.querySelector("[data-scan-form]");
const codeFault = document.querySelector("[data-code-fault]");

function opened(text) {
  const code = text.split("#").pop().trim().toLowerCase();
  codeFault.hidden = true;
  if (entry && choose(code)) {
    scanForm.reset();
    return true;
  }
  return false;
}

if (scanForm) {
  scanForm.addEventListener("submit", async (event) => {
    if (opened(scanForm.elements.site.value)) event.preventDefault();
    else if (!navigator.onLine || queue.state === "offline") {
      event.preventDefault();
      codeFault.textContent = words.not_here;
      codeFault.hidden = false;
    }
  });
  offerCamera().catch(() => { /* without it the number is typed */ });
}

async function offerCamera() {
  const { reader, read } = await import(scanModule);
  const detector = await reader();
  const camera = scanForm.querySelector("[data-camera]");
  const viewer = document.querySelector("[data-viewer]");
  if (!detector) return;
  camera.hidden = false;
  camera.addEventListener("click", async () => {
    const enough = new AbortController();
    viewer.querySelector("[data-camera-off]").onclick = () => enough.abort();
    viewer.hidden = false;
    try {
      const text = await read(detector, viewer.querySelector("video"), enough.signal);
      if (text && !opened(text)) {
        scanForm.elements.site.value = text.split("#").pop();
        scanForm.requestSubmit();
      }
    } catch {
      codeFault.textContent = words.no_camera;
      codeFault.hidden = false;
    }
    viewer.hidden = true;
  });
}

// ---- a look at the photo that was taken

document.addEventListener("change", async (event) => {
  const place = event.target.closest("input[type=file]")?.parentElement.querySelector("[data-preview]");
  if (!place) return;
  place.hidden = true;
  const [file] = event.target.files;
  if (!file) return;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 320 / Math.max(picture.width, picture.height));
    place.width = Math.round(picture.width * scale);
    place.height = Math.round(picture.height * scale);
    place.getContext("2d").drawImage(picture, 0, 0, place.width, place.height);
    place.hidden = false;
  } catch {
    // said when it is sent
  }
});

const sentence = ({ word, of }) => (of === undefined ? words[word] : say(words.missing, { what: say(words[word], { what: of }) }));

function labelOf(form) {
  if (form.dataset.label) return form.dataset.label;
  const chosen = form.elements.subject?.selectedOptions?.[0]?.textContent.trim();
  const name = chosen ?? document.getElementById("entry-name")?.textContent ?? "";
  return `${name} · ${form.dataset.title}`;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const kind = kinds[form.dataset.kind];
  if (!kind) return;
  event.preventDefault();
  if (form.dataset.busy) return; // pressed twice: once is meant
  form.dataset.busy = "yes";
  const fault = form.querySelector("[data-fault]");
  fault.hidden = true;
  try {
    const made = { id: form.elements.id.value, label: labelOf(form), photos: [] };
    Object.assign(made, await kind(form, made));
    await queue.add(made);
    announce(`${made.label}${words.colon}${words.kept}`);
    after(form);
    queue.send();
  } catch (error) {
    fault.textContent = error instanceof Missing ? sentence(error) : error.name === "QuotaExceededError" ? words.full : error.message;
    fault.hidden = false;
    fault.scrollIntoView({ block: "nearest" });
  } finally {
    delete form.dataset.busy;
  }
});

function after(form) {
  const { kind } = form.dataset;
  if (kind === "pickup_step") {
    const chip = form.closest("article").querySelector(".chip");
    chip.className = "chip";
    chip.textContent = form.dataset.word;
    form.hidden = true;
    const next = form.nextElementSibling;
    if (next?.dataset.kind === "pickup_step") next.hidden = false;
  } else if (kind === "pickup_skip") form.closest("details").open = false;
  else if (kind === "spot_check") form.closest("article").hidden = true;
  renew(form);
  if (entry && entry.contains(form)) {
    entry.hidden = true;
    const here = new URL(location.href);
    here.searchParams.delete("site");
    here.searchParams.delete("done");
    here.hash = "";
    history.replaceState({}, "", here);
  }
  said.scrollIntoView({ block: "center" });
}

// ---- signing out never loses anything silently

const signOut = document.getElementById("sign-out")?.form;
let sure = false;

async function leaving() {
  const left = (await queue.mine()).length;
  if (!left) return false;
  part("leaving-text").textContent = say(words.leaving, { n: left });
  part("leaving").hidden = false;
  await queue.tell();
  part("stay").focus();
  return true;
}

signOut?.addEventListener("submit", async (event) => {
  if (sure) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await leaving())) leave();
});

async function leave() {
  sure = true;
  await queue.dropAll();
  if (globalThis.caches) await caches.delete("fangkong-field-pages");
  signOut.action += "?sure=1";
  signOut.submit();
}

part("stay").addEventListener("click", () => {
  part("leaving").hidden = true;
  queue.tell();
});
part("leave").addEventListener("click", leave);
part("send").addEventListener("click", () => queue.send());
if (new URLSearchParams(location.search).has("leaving")) leaving();

// ---- going on by itself

addEventListener("online", () => {
  queue.pause = 2000;
  queue.send();
});
addEventListener("offline", () => queue.send());
document.addEventListener("visibilitychange", () => { if (!document.hidden) queue.send(); });
queue.tell().then(() => queue.send());

if (navigator.serviceWorker) {
  navigator.serviceWorker.register(`${root}/field-worker.js`, { scope: `${root}/` }).then(async () => {
    const { active } = await navigator.serviceWorker.ready;
    const files = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon]")].map((one) => one.href)
      .concat([...document.querySelectorAll("script[src]")].map((one) => one.src), [queueModule, scanModule, formsModule]);
    const pages = [location.href, ...[...document.querySelectorAll("a[data-keep]")].map((one) => one.href)];
    active.postMessage({ keep: { pages, files: files.map((one) => new URL(one, location.href).pathname) } });
  }).catch(() => { /* without it the queue works as long as the page is open */ });
}
