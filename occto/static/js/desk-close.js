/* Where a device stops being a desk, what it kept goes: before it is closed by hand, and on the page where it is paired anew. */
(() => {
  "use strict";
  const store = window.deskStore;
  if (!store.possible) return;

  const form = document.getElementById("close");
  if (!form) {
    store.forgetRoster().catch(() => {});
    return;
  }

  const unsent = document.getElementById("unsent");
  let ready = false;
  form.addEventListener("submit", async (event) => {
    if (ready) return;
    event.preventDefault();
    const scans = await store.waiting(document.body.dataset.assembly).catch(() => []);
    const aside = await store.aside().catch(() => []);
    if (aside.length) {
      unsent.textContent = `確認が必要な記録が ${aside.length}件あります。受付の画面へ戻り、番号と時刻を控えて、記録を消してから閉じてください。`;
      unsent.hidden = false;
      return;
    }
    if (scans.length) {
      unsent.textContent = `まだ送っていない受付が ${scans.length}件あります。受付の画面へ戻り、送信待ちが0件になってから閉じてください。`;
      unsent.hidden = false;
      return;
    }
    await store.forgetAll().catch(() => {});
    const found = navigator.serviceWorker ? await navigator.serviceWorker.getRegistration(document.body.dataset.scope) : null;
    if (found) await found.unregister();
    ready = true;
    form.submit();
  });
})();
