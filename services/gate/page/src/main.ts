/** Puts the page together; nothing else happens here. */
import "./style.css";
import { registerSW } from "virtual:pwa-register";
import { deviceClock } from "./device/clock";
import { Device } from "./device/device";
import { Rounds } from "./device/rounds";
import { alone, Store } from "./device/store";
import { NoAnswer, Refused } from "./device/wire";
import { h } from "./ui/dom";
import { Finder } from "./ui/finder";
import { codeIn, Page } from "./ui/page";
import { Wedge } from "./ui/scans";
import { readSettings } from "./ui/settings";
import { wakeAudio } from "./ui/signals";
import { arrival } from "./ui/views/arrival";
import { duty } from "./ui/views/duty";
import { enrol, opposite, problem, stopped } from "./ui/views/enrol";
import { frame } from "./ui/views/frame";
import { ready, typed, visitor } from "./ui/views/ready";
import { status } from "./ui/views/status";
import { ask, measure } from "./ui/views/steps";
import { vehicle } from "./ui/views/vehicle";
import { vehicleVerdict, verdict } from "./ui/views/verdict";

const AGE_EVERY_MS = 15_000;
const TOAST_MS = 3_000;
const LISTED = 100;

const page = new Page(readSettings());
const finder = new Finder(page);
const root = document.getElementById("app") ?? document.body;
const toast = h("p", { class: "toast", role: "status", hidden: true });
let end: () => void = () => undefined;
let header: HTMLElement = h("header", {});
let store: Store;

function view(): HTMLElement | { readonly element: HTMLElement; readonly end: () => void } {
  const { screen } = page;
  switch (screen.name) {
    case "enrol": return enrol(page, screen.problem, screen.busy, finder.element);
    case "ready": return ready(page, finder.element);
    case "typed": return typed(page, screen.by);
    case "visitor": return visitor(page);
    case "measure": return measure(page, screen.draft);
    case "ask": return ask(page, screen.draft);
    case "deciding": return h("main", { class: "deciding" }, h("p", { role: "status" }, page.say("deciding")));
    case "opposite": return opposite(page, screen.seconds, () => void page.begin(screen.subject, true));
    case "verdict": return verdict(page, screen.shown, screen.draft);
    case "vehicle": return page.vehicle ? vehicle(page, page.vehicle, finder.element) : ready(page, finder.element);
    case "vehicle-verdict": return vehicleVerdict(page, screen.shown);
    case "problem": return problem(page, screen.words);
    case "status": return status(page);
    case "duty": return duty(page);
    case "arrival": return arrival(page);
    case "stopped": return stopped(page, screen.wiped);
  }
}

let drawn: Page["screen"] | null = null;

page.draw = () => {
  const same = drawn === page.screen;
  const focused = same ? document.activeElement?.id : undefined;
  end();
  const made = view();
  const element = made instanceof HTMLElement ? made : made.element;
  end = made instanceof HTMLElement ? () => undefined : made.end;
  document.documentElement.lang = page.language;
  document.documentElement.dataset["theme"] = page.night ? "dark" : "light";
  document.title = page.say("title");
  header = frame(page);
  root.replaceChildren(header, element, toast);
  if (!same) {
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
    scrollTo(0, 0);
  } else if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  drawn = page.screen;
};

page.toast = (words) => {
  toast.textContent = words;
  toast.hidden = false;
  setTimeout(() => { toast.hidden = true; }, TOAST_MS);
};

/** The header alone: the screen below keeps what was typed. */
function refreshHeader(): void {
  const made = frame(page);
  const focused = header.contains(document.activeElement) ? document.activeElement?.id : undefined;
  header.replaceWith(made);
  header = made;
  if (focused) document.getElementById(focused)?.focus();
}

async function recount(): Promise<void> {
  if (!page.device) return;
  const lists = await Promise.all((["rejected", "quarantined", "waiting"] as const).map((state) => store.items(state, LISTED)));
  page.queue = { counts: await store.counts(), items: lists.flat() };
  if (page.screen.name === "status" || page.screen.name === "stopped") page.draw();
  else refreshHeader();
}

function work(device: Device): void {
  const rounds = new Rounds(device);
  [page.device, page.rounds] = [device, rounds];
  device.onQueue = () => {
    void recount();
    rounds.nudge();
    if (device.stopped && page.screen.name !== "stopped") page.go({ name: "stopped", wiped: false });
  };
  rounds.onRound = () => {
    page.offlineSince = page.online ? null : page.offlineSince ?? page.now;
    if (page.names === null) void learnNames(device);
    void recount();
  };
  rounds.onDone = async () => {
    await store.wipe();
    [page.device, page.rounds] = [null, null];
    page.go({ name: "stopped", wiped: true });
  };
  page.go(device.stopped ? { name: "stopped", wiped: false } : { name: "ready" });
  void recount();
  void rounds.forever();
}

async function learnNames(device: Device): Promise<void> {
  const known = await store.kept<Page["names"]>("names");
  page.names = known;
  refreshHeader();
  if (known !== null) return;
  try {
    const told = await device.wire.get<{ checkpoint_name: string; compound_name: string | null; compound: string }>("/v1/checkpoints/me");
    page.names = { checkpoint: told.checkpoint_name, compound: told.compound_name ?? told.compound };
    await store.keep({ names: page.names });
    refreshHeader();
  } catch { /* the next round asks again */ }
}

page.enrol = (code) => {
  page.go({ name: "enrol", problem: null, busy: true });
  void (async () => {
    try {
      const device = await Device.enrol(store, deviceClock, codeIn(code));
      page.persisted = await persist();
      work(device);
    } catch (error) {
      const words = error instanceof NoAnswer ? page.say("no_network")
        : error instanceof Refused ? page.say("enrol_failed") : null;
      page.go({ name: "enrol", problem: words ?? page.say("error"), busy: false });
      if (words === null) throw error;
    }
  })();
};

/** Ask the browser to keep what is stored; it may say no. */
async function persist(): Promise<boolean> {
  return "storage" in navigator && ((await navigator.storage.persisted()) || (await navigator.storage.persist()));
}

function listen(): void {
  const wedge = new Wedge();
  document.addEventListener("keydown", (event) => {
    wakeAudio();
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const scanned = wedge.key(event.key, event.timeStamp);
    const field = document.activeElement;
    if (wedge.typing && !(field instanceof HTMLInputElement)) event.preventDefault();
    if (scanned === null) return;
    event.preventDefault(); // the Enter of a scanner presses nothing
    if (field instanceof HTMLInputElement && field.value.endsWith(scanned)) field.value = field.value.slice(0, -scanned.length);
    void page.scan(scanned, "wedge");
  }, { capture: true });
  document.addEventListener("keyup", (event) => {
    if (wedge.typing && event.key === " " && !(document.activeElement instanceof HTMLInputElement)) event.preventDefault();
  }, { capture: true });
  document.addEventListener("pointerdown", wakeAudio);
  addEventListener("online", () => { page.rounds?.now(); refreshHeader(); });
  addEventListener("offline", () => { page.offlineSince ??= page.now; refreshHeader(); });
  setInterval(() => {
    document.documentElement.dataset["theme"] = page.night ? "dark" : "light";
    refreshHeader();
  }, AGE_EVERY_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) void stayAwake(); });
}

async function stayAwake(): Promise<void> {
  try {
    await navigator.wakeLock.request("screen");
  } catch { /* a browser that cannot, or will not while the battery is low */ }
}

async function start(): Promise<void> {
  store = await Store.open();
  listen();
  void stayAwake();
  const device = await Device.open(store, deviceClock);
  if (device) {
    page.persisted = await persist();
    page.names = await store.kept<Page["names"]>("names");
    work(device);
  } else {
    const code = /[#&]code=([^&]+)/.exec(location.hash)?.[1];
    history.replaceState(null, "", location.pathname); // a code is used once and stays in no history
    page.go({ name: "enrol", problem: null, busy: false });
    if (code !== undefined) page.enrol(decodeURIComponent(code));
  }
  if (page.settings.camera) void finder.start();
}

function sayOnly(key: "elsewhere" | "unsupported"): void {
  root.replaceChildren(h("main", { class: "stopped" }, h("p", { role: "alert" }, page.say(key))));
}

const able = "indexedDB" in window && "locks" in navigator && "subtle" in crypto && "DecompressionStream" in window;
if (!able) sayOnly("unsupported");
else {
  const update = registerSW({ onNeedRefresh: () => {
    page.update = () => { void update(true); };
    if (page.screen.name === "ready" && !page.vehicle) page.update();
    else refreshHeader();
  } });
  void alone(start).then((mine) => { if (!mine) sayOnly("elsewhere"); });
}
