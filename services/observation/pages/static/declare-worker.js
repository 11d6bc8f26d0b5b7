// Answers for the declaration's pages when there is no network: with one page that holds nothing of anybody.
"use strict";

const CACHE = "declare-1";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  // The page names its own files and the page for hard times; only what is the same for everybody is kept.
  const { files, offline } = event.data;
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const wanted = new Set([...files, offline].map((path) => new URL(path, location.href).href));
    for (const kept of await cache.keys()) if (!wanted.has(kept.url)) await cache.delete(kept);
    for (const url of wanted) {
      if (url.includes("/assets/") && await cache.match(url)) continue;
      const answer = await fetch(url, { cache: "no-cache" });
      if (answer.ok) await cache.put(url, answer);
    }
  })());
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => {
      const cache = await caches.open(CACHE);
      const pages = await cache.matchAll(undefined, { ignoreSearch: true });
      return pages.find((one) => (one.headers.get("content-type") || "").startsWith("text/html")) || Response.error();
    }));
  } else if (request.method === "GET" && new URL(request.url).pathname.includes("/assets/")) {
    event.respondWith(fetch(request).catch(async () => (await (await caches.open(CACHE)).match(request)) || Response.error()));
  }
});
