/* Keeps the ticket that is shown for offline use, where the browser can; the page is whole without it. */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  const scope = script.dataset.worker.replace(/[^/]*$/, "");
  const here = location.pathname;

  const say = (kept) => {
    for (const part of document.querySelectorAll("[data-kept]")) part.hidden = !kept;
    for (const part of document.querySelectorAll("[data-not-kept]")) part.hidden = kept;
  };

  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data && event.data.page === here) say(event.data.kept);
  });

  const tell = (act) =>
    navigator.serviceWorker.ready.then((registration) => {
      const parts = document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src]");
      const assets = Array.from(parts, (part) => part.href || part.src);
      registration.active.postMessage({ act, page: here, assets });
    });

  navigator.serviceWorker.register(script.dataset.worker, { scope }).then(() => tell("keep"), () => {});

  const forget = document.querySelector("[data-forget]");
  if (forget) forget.addEventListener("click", () => tell("forget"));
})();
