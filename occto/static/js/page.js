/* Additions only: every page can be read and sent without this file. No inline handlers, no third party. */
(() => {
  "use strict";

  /* A form that came back: the summary of errors takes the focus, so that it is read first. */
  const summary = document.querySelector(".error-summary");
  if (summary) summary.focus();

  /* The menu of staff scrolls sideways on a phone: it begins where one is. */
  const here = document.querySelector(".side [aria-current]");
  if (here) here.closest("ul").scrollLeft = here.offsetLeft - here.offsetWidth / 2;

  /* A second press within four seconds sends nothing; the server would answer with the first result anyway. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    window.setTimeout(() => delete form.dataset.sent, 4000);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  /* Tickets that were kept for offline use are nobody else's: they go at sign-out, and where another person signs in. */
  const WHO = "who";
  const forgetTickets = async () => {
    if ("caches" in window) await window.caches.delete("tickets"); /* the name in js/ticket-worker.js */
  };
  const who = document.body.dataset.who;
  if (who) {
    try {
      const before = window.localStorage.getItem(WHO);
      window.localStorage.setItem(WHO, who);
      if (before && before !== who) forgetTickets().catch(() => {});
    } catch {
      /* a browser that remembers nothing keeps no tickets either */
    }
  }
  for (const form of document.querySelectorAll("form[data-forgets]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await forgetTickets().catch(() => {});
      try {
        window.localStorage.removeItem(WHO);
      } catch {
        /* nothing was remembered */
      }
      form.submit();
    });
  }

  /* Buttons that only work with a script are hidden in the page and shown here. */
  for (const button of document.querySelectorAll("[data-reveal], [data-print]")) button.hidden = false;

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveal], [data-print]");
    if (!button) return;
    if (button.hasAttribute("data-print")) {
      window.print();
      return;
    }
    const input = document.getElementById(button.dataset.reveal);
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });

  /* A choice that asks for words opens the place where they are written. */
  document.addEventListener("change", (event) => {
    const opens = event.target.dataset.opens;
    if (opens && event.target.checked) document.getElementById(opens).open = true;
  });

  /* Before a long form is lost: ten minutes ahead the page says when the session ends, and a button prolongs it.
     The span comes from the server's clock, so that a wrong clock here does not matter. */
  const WARN_BEFORE = 10 * 60 * 1000;
  const RECHECK = 15 * 1000;
  const clock = new Intl.DateTimeFormat("ja-JP", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Tokyo" });
  let endsHere = 0;
  let endsWords = "";
  let box = null;
  let place = null; /* where the reader was before going to the notice */

  const takeEnd = (data) => {
    const end = Date.parse(data.idleEnds);
    const now = Date.parse(data.now);
    if (Number.isNaN(end) || Number.isNaN(now)) return false;
    endsHere = Date.now() + (end - now);
    endsWords = clock.format(end);
    return true;
  };

  const show = () => {
    if (box) return;
    box = document.createElement("aside");
    box.className = "idle";
    box.setAttribute("aria-label", "有効な時間のお知らせ");
    box.innerHTML = '<div class="wrap"><p role="status"></p><button class="btn btn-sm" type="button">時間を延ばす</button></div>';
    box.querySelector("button").addEventListener("click", prolong);
    document.addEventListener("focusin", (event) => {
      if (!box.contains(event.target)) place = event.target;
    });
    place = document.activeElement;
    document.body.append(box);
  };

  const say = (sentence, mayProlong) => {
    show();
    const words = box.querySelector("p");
    if (words.textContent !== sentence) words.textContent = sentence;
    box.querySelector("button").hidden = !mayProlong;
  };

  const prolong = async () => {
    try {
      const answer = await fetch(document.body.dataset.idlePage, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const before = endsHere;
      if (answer.ok && takeEnd(page.body.dataset) && endsHere > before) {
        say(`有効な時間を ${endsWords} まで延ばしました。そのまま続けられます。`, false);
        if (place) place.focus({ preventScroll: true });
        return;
      }
    } catch {
      /* no connection: said below */
    }
    say("時間を延ばせませんでした。入力した内容を控えてから、ページを開き直してください。", true);
  };

  const watch = () => {
    const left = endsHere - Date.now();
    if (left <= 0) {
      say("安全のため、画面の有効な時間が終わりました。入力した内容を控えてから、もう一度お入りください。", false);
    } else if (left <= WARN_BEFORE) {
      say(`このまま操作がないと、${endsWords} に画面の有効な時間が終わります。入力の途中のときは、保存するか、時間を延ばしてください。`, true);
    }
  };

  if (document.body.dataset.idleEnds && takeEnd(document.body.dataset)) {
    watch();
    window.setInterval(watch, RECHECK);
    document.addEventListener("visibilitychange", watch);
  }
})();
