/* The installed desk: its page opens without a connection. It keeps the page without any person on it, and what the page is
   made of; everything else goes to the server as ever. It rules over /reception/ alone. */
"use strict";
const KEPT = "desk";
const PATIENCE = 3000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const keep = async ({ page, shell, parts }) => {
  const cache = await caches.open(KEPT);
  const answer = await fetch(shell, { credentials: "same-origin", redirect: "error" });
  if (!answer.ok) return;
  await cache.put(page, answer);
  for (const part of parts) if (!(await cache.match(part))) await cache.add(part);
};

self.addEventListener("message", (event) => {
  if (event.data && event.data.keep) event.waitUntil(keep(event.data.keep).catch(() => {}));
});

const keptPage = async () => {
  const cache = await caches.open(KEPT);
  for (const request of await cache.keys()) {
    if (new URL(request.url).pathname.startsWith("/reception/")) return cache.match(request);
  }
  return undefined;
};

const navigate = async (request) => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE);
  try {
    const answer = await fetch(request, { signal: late.signal });
    if (answer.status < 500) return answer;
    return (await keptPage()) || answer;
  } catch (error) {
    const kept = await keptPage();
    if (kept) return kept;
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(navigate(request));
  else if (url.pathname.startsWith("/static/")) {
    event.respondWith(caches.open(KEPT).then((cache) => cache.match(request)).then((kept) => kept || fetch(request)));
  }
});
