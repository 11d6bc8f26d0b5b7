// What was logged and is not at the service yet: kept in the browser's database, sent in order, never lost silently.
// An entry leaves when the service says that it has it, or when its own person gives it up. One that is refused stands
// aside with the reason and holds up nobody.

// Whose an entry is stands in the clear; what it says and its photos are sealed with a key that cannot be read out.

const NAME = "fangkong-field";
const STORE = "entries";
const KEYS = "keys";
const CHUNK = 50; // logs in a request: far below the service's 200 and its limit of a megabyte

function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore(STORE, { keyPath: "id" });
      asked.result.createObjectStore(KEYS);
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function within(name, mode, act) {
  const base = await database();
  try {
    return await new Promise((resolve, reject) => {
      const work = base.transaction(name, mode, { durability: "strict" });
      const asked = act(work.objectStore(name));
      work.oncomplete = () => resolve(asked?.result);
      work.onerror = () => reject(work.error);
      work.onabort = () => reject(work.error);
    });
  } finally {
    base.close();
  }
}

let known = null;

async function key() {
  known ??= (async () => {
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    // Another window may have been faster: the first key is the one.
    await within(KEYS, "readwrite", (store) => {
      const there = store.get("key");
      there.onsuccess = () => { if (!there.result) store.put(made, "key"); };
      return there;
    });
    return within(KEYS, "readonly", (store) => store.get("key"));
  })();
  return known;
}

async function seal(bytes) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), bytes) };
}

const open = async ({ iv, data }) => crypto.subtle.decrypt({ name: "AES-GCM", iv }, await key(), data);

// What is kept of an entry: `id`, `account`, `made` and `state` in the clear, the rest sealed, photos by themselves.
async function keep({ id, account, made, state, photos, ...rest }) {
  const text = new TextEncoder().encode(JSON.stringify(rest));
  const pictures = [];
  for (const { blob, sealed, ...photo } of photos ?? []) pictures.push({ ...photo, sealed: sealed ?? (await seal(await blob.arrayBuffer())) });
  const record = { id, account, made, state, photos: pictures, sealed: await seal(text) };
  await within(STORE, "readwrite", (store) => store.put(record));
}

async function read({ sealed, ...clear }) {
  try {
    return { ...clear, ...JSON.parse(new TextDecoder().decode(await open(sealed))) };
  } catch {
    return { ...clear, state: "refused", label: "", code: "unreadable", detail: "", body: {} }; // shown, and up to its person
  }
}

const drop = (id) => within(STORE, "readwrite", (store) => store.delete(id));
const records = async () => (await within(STORE, "readonly", (store) => store.getAll())).sort((a, b) => a.made - b.made);

export class Queue {
  // `root`: the path before the service's addresses. `changed`: called with what stands now.
  constructor({ account, root, changed }) {
    this.account = account;
    this.root = root;
    this.changed = changed;
    this.state = "idle";
    this.sent = [];
    this.pause = 2000;
  }

  async add(entry) {
    navigator.storage?.persist?.(); // asked each time: a browser that is short of room takes others' things first
    await keep({ ...entry, account: this.account, made: Date.now(), state: "waiting" });
    await this.tell();
  }

  async change(entry) {
    await keep(entry);
    await this.tell();
  }

  async drop(id) {
    await drop(id);
    await this.tell();
  }

  async dropAll() {
    for (const one of await records()) if (one.account === this.account) await drop(one.id);
  }

  async mine() {
    return Promise.all((await records()).filter((one) => one.account === this.account).map(read));
  }

  async tell() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const kept = await records();
    const mine = await Promise.all(kept.filter((one) => one.account === this.account).map(read));
    if (turn !== this.turn) return; // a later look is under way and knows more
    this.changed({
      state: this.state,
      waiting: mine.filter((one) => one.state === "waiting"),
      refused: mine.filter((one) => one.state === "refused"),
      others: kept.length - mine.length,
      sent: this.sent,
    });
  }

  // One sender for all windows of this browser. Comes back by itself as long as something waits.
  async send() {
    clearTimeout(this.timer);
    if (this.busy) { // the one under way looks again when it is through
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.again = false;
        const work = () => this.sendNow();
        await (navigator.locks ? navigator.locks.request(NAME, { ifAvailable: true }, (lock) => (lock ? work() : undefined)) : work());
      } while (this.again && this.state === "idle");
    } finally {
      this.busy = false;
    }
    if ((await this.mine()).some((one) => one.state === "waiting") && this.state !== "signed_out") {
      this.timer = setTimeout(() => this.send(), this.pause);
      this.pause = Math.min(this.pause * 2, 60000);
    } else this.pause = 2000;
    await this.tell();
  }

  async sendNow() {
    const waiting = (await this.mine()).filter((one) => one.state === "waiting");
    if (waiting.length) {
      this.state = "sending";
      await this.tell();
    }
    const session = await this.call("/field/session", {});
    if (session.state) {
      this.state = session.state;
      return;
    }
    if (session.body.account !== this.account) {
      this.state = "signed_out";
      return;
    }
    this.csrf = session.body.csrf;
    this.state = "idle";
    const ready = [];
    for (const entry of waiting) {
      const became = await this.photos(entry);
      if (became === "stop") return;
      if (became === "ready") ready.push(entry);
    }
    const logs = ready.filter((one) => !one.path);
    for (let at = 0; at < logs.length; at += CHUNK) {
      if (!(await this.batch(logs.slice(at, at + CHUNK)))) return;
    }
    for (const entry of ready.filter((one) => one.path)) {
      if (!(await this.single(entry))) return;
    }
  }

  async photos(entry) {
    for (const photo of entry.photos ?? []) {
      if (photo.sent) continue;
      const form = new FormData();
      form.append("file", new Blob([await open(photo.sealed)], { type: "image/jpeg" }), "photo.jpg");
      const answer = await this.call(`/v1/photos?photo_id=${photo.id}&compound=${photo.compound}`, { method: "POST", body: form });
      if (answer.state) {
        this.state = answer.state;
        return "stop";
      }
      if (!answer.ok) {
        await this.refuse(entry, answer.body);
        return "refused";
      }
      photo.sent = true;
      await keep(entry);
    }
    return "ready";
  }

  async batch(entries) {
    const sentAt = new Date().toISOString();
    const logs = entries.map((one) => (one.stamped ? { ...one.body, sent_at: sentAt } : one.body));
    const answer = await this.post("/v1/logs/batch", { logs });
    if (answer.state) {
      this.state = answer.state;
      return false;
    }
    if (!answer.ok) {
      for (const one of entries) await this.refuse(one, answer.body);
      return true;
    }
    let went = true;
    for (const [nth, item] of answer.body.items.entries()) {
      const entry = entries[nth];
      if (item.status === "created" || item.status === "exists") await this.done(entry, item.counts === false ? "too_close" : item.within_range === false ? "outside_range" : "logged");
      else if (item.status === "rejected") await this.rejected(entry, item);
      else went = false; // of the moment: it is sent again
    }
    return went;
  }

  async single(entry) {
    const answer = await this.post(entry.path, entry.stamped ? { ...entry.body, sent_at: new Date().toISOString() } : entry.body);
    if (answer.state) {
      this.state = answer.state;
      return false;
    }
    if (answer.ok) await this.done(entry, "logged", answer.body);
    else await this.rejected(entry, answer.body);
    return true;
  }

  async done(entry, how, body) {
    await drop(entry.id);
    this.pause = 2000;
    this.sent.unshift({ id: entry.id, label: entry.label, how, body });
    this.sent.length = Math.min(this.sent.length, 5);
    await this.tell();
  }

  // The service lets a photo go that waited too long for its log: the phone still has it, so it is sent anew, once.
  async rejected(entry, problem) {
    if (problem.code === "photo_unknown" && entry.photos?.length && !entry.anew) {
      for (const photo of entry.photos) {
        const id = crypto.randomUUID();
        entry.body = JSON.parse(JSON.stringify(entry.body).replaceAll(photo.id, id));
        Object.assign(photo, { id, sent: false });
      }
      entry.anew = true;
      await keep(entry);
      return;
    }
    await this.refuse(entry, problem);
  }

  async refuse(entry, problem) {
    Object.assign(entry, { state: "refused", code: problem?.code ?? "", detail: problem?.detail ?? problem?.field ?? "" });
    await keep(entry);
    await this.tell();
  }

  post(path, body) {
    return this.call(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  }

  // `state` where nothing can be sent now: no network, nobody signed in, or the service is not there for the moment.
  async call(path, asked) {
    const headers = { Accept: "application/json", ...asked.headers, ...(this.csrf && asked.method ? { "X-CSRF-Token": this.csrf } : {}) };
    let answer;
    try {
      answer = await fetch(`${this.root}${path}`, { ...asked, headers, signal: AbortSignal.timeout(60000) });
    } catch {
      return { state: "offline" };
    }
    let body = null;
    try {
      body = await answer.json();
    } catch {
      if (answer.ok) return { state: "offline" }; // cut off in the middle, or somebody else's page
    }
    if (answer.status === 401 || body?.code === "cross_site") return { state: "signed_out" };
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return { state: "offline" };
    return { ok: answer.ok, status: answer.status, body };
  }
}
