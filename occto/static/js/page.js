/* Additions only: every page can be read and sent without this file. No inline handlers, no third party. */
(() => {
  "use strict";

  /* A form that came back: the summary of errors takes the focus, so that it is read first. */
  const summary = document.querySelector(".error-summary");
  if (summary) summary.focus();

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
})();
