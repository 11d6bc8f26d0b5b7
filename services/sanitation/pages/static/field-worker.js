// Behind the pages of the field: keeps them for the time without a network, and keeps a sign-out from losing anything.
// Only pages that the service marks as this account's are kept; somebody else's sign-in takes them away.
"use strict";

const PAGES = "fangkong-field-pages";
const FILES = "fangkong-field-files";
const ROOT = new URL("./", self.registration.scope).pathname.replace(/\/$/, "");
const ACCOUNT = "X-Fangkong-Account";
const PATIENCE = 8000; // a network that does not answer for so long is none
const MOST_FILES = 60;

let sitting = 0; // what was fetched before a sign-out is not kept after it

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  const path = url.pathname.slice(ROOT.length);
  if (request.method === "POST" && path === "/sign-out") event.respondWith(leave(request));
  else if (request.method !== "GET") return;
  else if (path.startsWith("/assets/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && /^\/(sheet|inspect|spot-checks|pickups)$/.test(path)) event.respondWith(page(request, url));
});

self.addEventListener("message", (event) => {
  if (event.data?.keep) event.waitUntil(keep(event.data.keep));
});

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}

// The chosen site is filled in by the page's script: all of a compound's sites are one page.
function name(url) {
  const kept = new URL(url);
  kept.hash = "";
  for (const one of [...kept.searchParams.keys()]) if (one !== "compound" && one !== "inspected") kept.searchParams.delete(one);
  return kept.href;
}

async function page(request, url) {
  const asked = sitting;
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok) await store(url, answer, asked);
    if (answer.status < 500) return answer;
    return (await kept(url)) ?? answer;
  } catch {
    return (await kept(url)) ?? (await caches.match(`${ROOT}/field/offline`)) ?? Response.error();
  }
}

async function kept(url) {
  const pages = await caches.open(PAGES);
  return (await pages.match(name(url))) ?? (url.search ? undefined : (await pages.match(`${ROOT}/last`)));
}

async function store(url, answer, asked) {
  const account = answer.headers.get(ACCOUNT);
  if (!account || answer.redirected || asked !== sitting) return;
  const pages = await caches.open(PAGES);
  const before = await pages.match(`${ROOT}/account`);
  if (before && (await before.text()) !== account) {
    await caches.delete(PAGES);
    return store(url, answer, asked);
  }
  await pages.put(`${ROOT}/account`, new Response(account));
  await pages.put(name(url), answer.clone());
  if (url.pathname === `${ROOT}/sheet` && url.searchParams.has("compound")) await pages.put(`${ROOT}/last`, answer.clone());
}

async function keep({ pages, files }) {
  const asked = sitting;
  const known = await caches.open(FILES);
  if ((await known.keys()).length > MOST_FILES) await caches.delete(FILES);
  const fresh = await caches.open(FILES);
  for (const one of [...files, `${ROOT}/field/offline`]) {
    if (one.includes("/assets/") && (await fresh.match(one))) continue;
    const answer = await fetch(one, { headers: { Accept: "text/html, */*" } });
    if (answer.ok) await fresh.put(one, answer);
  }
  for (const one of pages) {
    const answer = await fetch(one, { headers: { Accept: "text/html" } });
    if (answer.ok) await store(new URL(one, location.href), answer, asked);
  }
}

// Whoever signs out with something unsent is asked first, on whichever page it was.
async function leave(request) {
  if (!new URL(request.url).searchParams.has("sure") && (await unsent())) return Response.redirect(`${ROOT}/sheet?leaving=1`, 303);
  sitting += 1;
  await caches.delete(PAGES);
  const answer = await fetch(request);
  await caches.delete(PAGES);
  return answer;
}

async function unsent() {
  const account = await (await (await caches.open(PAGES)).match(`${ROOT}/account`))?.text();
  return new Promise((resolve) => {
    const asked = indexedDB.open("fangkong-field", 1);
    asked.onupgradeneeded = () => asked.transaction.abort(); // nothing was ever kept here
    asked.onerror = () => resolve(false);
    asked.onsuccess = () => {
      const found = asked.result.transaction("entries").objectStore("entries").getAll();
      found.onsuccess = () => {
        asked.result.close();
        resolve(found.result.some((one) => !account || one.account === account));
      };
    };
  });
}
