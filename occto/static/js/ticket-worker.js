/* Shows a ticket that was opened before where there is no network. Everything else goes its way untouched. */
"use strict";

const NAME = "tickets";
const TICKET = /\/assemblies\/\d+\/tickets\/\d+-\d(\/[\w-]+)?$/;
const UNTIL = "X-Kept-Until"; /* the server's mark of a ticket that lets somebody in */
const PATIENCE = 5000; /* ms: a network that is there but does not answer is as good as none */

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const until = (answer) => 1000 * Number(answer.headers.get(UNTIL) || 0);

async function sweep() {
  const cache = await caches.open(NAME);
  let tickets = 0;
  for (const request of await cache.keys()) {
    if (!TICKET.test(new URL(request.url).pathname)) continue;
    const held = await cache.match(request, { ignoreVary: true });
    if (held && until(held) > Date.now()) tickets += 1;
    else await cache.delete(request);
  }
  if (!tickets) await caches.delete(NAME);
}

async function note(url, answer) {
  /* What the server says of a ticket now: good and kept, or gone (revoked, over, unknown, signed out elsewhere). */
  if (answer.status >= 500) return false;
  const cache = await caches.open(NAME);
  const good = answer.ok && !answer.redirected && until(answer) > Date.now();
  if (good) await cache.put(url, answer);
  else if (answer.type !== "opaqueredirect" && !answer.redirected) await cache.delete(url);
  await sweep();
  return good;
}

async function keep(page, assets) {
  const answer = await fetch(page);
  if (!(await note(page, answer))) return false;
  const cache = await caches.open(NAME);
  await Promise.all(assets.map(async (one) => (await cache.match(one)) || cache.add(one)));
  return true;
}

async function shown(request) {
  const page = new URL(request.url).pathname;
  const patience = new AbortController();
  const held = await caches.match(page, { cacheName: NAME, ignoreVary: true });
  const timer = held ? setTimeout(() => patience.abort(), PATIENCE) : 0;
  try {
    const answer = await fetch(request, { signal: patience.signal });
    clearTimeout(timer);
    if (answer.status < 500 || !held) {
      await note(page, answer.clone());
      return answer;
    }
  } catch (error) {
    if (!held) throw error;
  }
  if (until(held) > Date.now()) return held;
  await sweep();
  return new Response("この受付票を表示できる期間は終わりました。", {
    status: 410,
    headers: { "Content-Type": "text/plain; charset=utf-8" },
  });
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (TICKET.test(url.pathname) && !url.search) event.respondWith(shown(request));
  } else if (url.pathname.includes("/static/")) {
    event.respondWith(
      fetch(request).catch(async (error) => {
        const held = await caches.match(request, { cacheName: NAME, ignoreVary: true });
        if (held) return held;
        throw error;
      }),
    );
  }
});

self.addEventListener("message", (event) => {
  const { act, page, assets } = event.data;
  const answer = (kept) => event.source.postMessage({ page, kept });
  if (act === "forget") {
    event.waitUntil(
      caches
        .open(NAME)
        .then((cache) => cache.delete(page))
        .then(sweep)
        .then(() => answer(false)),
    );
  } else if (act === "keep" && TICKET.test(page)) {
    const held = () => caches.match(page, { cacheName: NAME, ignoreVary: true }).then(Boolean);
    event.waitUntil(keep(page, assets).catch(held).then(answer));
  }
});
