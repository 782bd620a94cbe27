/* 今日の仕事 by keyboard. An addition: the list is whole without it. Single letters work only while the list has the
   focus, are listed below it and can be switched off (WCAG 2.1.4). */
(() => {
  "use strict";
  const list = document.querySelector("[data-queue]");
  const keys = document.querySelector("[data-queue-keys]");
  if (!list || !keys) return;

  const KEPT = "queue-keys";
  const legend = keys.querySelector("[data-queue-list]");
  const button = keys.querySelector("[data-queue-switch]");
  const links = [...list.querySelectorAll("tbody td a")];
  let on = true;
  try {
    on = window.localStorage.getItem(KEPT) !== "off";
  } catch {
    /* without storage the keys stay on until the page is left */
  }

  const show = () => {
    legend.hidden = !on;
    button.textContent = on ? "キー操作を使わない" : "キー操作を使う";
  };

  const row = (link) => link.closest("tr");
  const mark = (link) => {
    for (const other of list.querySelectorAll("tr.here")) other.classList.remove("here");
    if (link) row(link).classList.add("here");
  };
  const at = () => links.findIndex((link) => row(link).classList.contains("here"));

  list.addEventListener("focusin", (event) => {
    const link = links.find((one) => one === event.target);
    if (link) mark(link);
  });

  list.addEventListener("keydown", (event) => {
    if (!on || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || links.length === 0) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") {
      const here = at();
      const next = here < 0 ? 0 : Math.min(links.length - 1, Math.max(0, here + (key === "j" ? 1 : -1)));
      links[next].focus();
    } else if (key === "enter" && event.target === list) {
      links[Math.max(0, at())].click();
    } else if (key === "n" && keys.dataset.first) {
      window.location.assign(keys.dataset.first);
    } else {
      return;
    }
    event.preventDefault();
  });

  button.addEventListener("click", () => {
    on = !on;
    try {
      window.localStorage.setItem(KEPT, on ? "on" : "off");
    } catch {
      /* kept for this page only */
    }
    show();
  });

  keys.hidden = false;
  show();
})();
