/* The live board: asks two seconds after the last count whether there is another, so that no change waits for longer,
   and fetches the page anew only then.
   An addition: without it the page is whole and is reloaded by hand. It can be stopped (WCAG 2.2.2). */
(() => {
  "use strict";
  const EVERY = 2000;
  const LEAST = 500; /* while somebody else's count is on its way */
  const SPREAD = 200; /* so that not everybody asks in the same moment */
  const MOST = 30000; /* after failures it asks less and less often */
  const control = document.querySelector("[data-board-control]");
  const place = () => document.getElementById("board");
  if (!control || !place()) return;

  const says = control.querySelector("[data-board-says]");
  const button = control.querySelector("[data-board-switch]");
  const clock = new Intl.DateTimeFormat("ja-JP", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: "Asia/Tokyo" });
  let on = true;
  let wait = EVERY;

  const unattended = (address) => {
    const url = new URL(address, window.location.href);
    url.searchParams.set("unattended", "1");
    return url;
  };

  const say = (words) => {
    if (says.textContent !== words) says.textContent = words;
  };

  const showTime = (instant) => {
    const time = place().querySelector("[data-board-time]");
    const parsed = Date.parse(instant);
    if (!time || Number.isNaN(parsed)) return;
    time.dateTime = instant;
    time.textContent = time.textContent.replace(/\d{1,2}:\d\d:\d\d$/, clock.format(parsed));
  };

  const takePage = async () => {
    const answer = await fetch(unattended(window.location.href), { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("board");
    if (!answer.ok || !fresh) throw new Error("no board");
    const open = [...place().querySelectorAll("details[open][id]")].map((one) => one.id);
    const at = document.activeElement && place().contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    place().replaceWith(fresh);
    for (const id of open) {
      const one = document.getElementById(id);
      if (one) one.open = true;
    }
    if (at) {
      const again = [...fresh.querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label") === at);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const ask = async () => {
    const board = place();
    const answer = await fetch(unattended(board.dataset.board), {
      credentials: "same-origin",
      headers: { "If-None-Match": `"${board.dataset.etag}"` },
      redirect: "error",
    });
    if (answer.status === 200) await takePage();
    else if (answer.status !== 304) throw new Error(String(answer.status));
    showTime(answer.headers.get("X-Counted-At"));
    return Number(answer.headers.get("X-Count-Age")) || 0;
  };

  const round = async () => {
    if (on && document.visibilityState === "visible") {
      try {
        const age = await ask();
        wait = Math.max(LEAST, EVERY - age - SPREAD * Math.random());
        say("集計が変わると、2秒以内に表示を新しくします。");
      } catch {
        wait = Math.min(2 * Math.max(wait, EVERY), MOST);
        say("新しい集計を受け取れませんでした。つながり次第、また確かめます。続くときは、ページを読み込み直してください。");
      }
    }
    window.setTimeout(round, wait);
  };

  button.addEventListener("click", () => {
    on = !on;
    button.textContent = on ? "自動更新を止める" : "自動更新を始める";
    say(on ? "集計が変わると、2秒以内に表示を新しくします。" : "自動更新を止めています。");
  });
  control.hidden = false;
  window.setTimeout(round, EVERY);
})();
