"use strict";
// The report reads without this: it only switches the theme, hides series on request and opens folded parts for printing.
const root = document.documentElement;
const theme = document.querySelector(".theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
for (const item of document.querySelectorAll(".legend [data-toggle]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  button.append(...item.childNodes);
  item.replaceWith(button);
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    for (const series of button.closest("section").querySelectorAll(`[data-series="${item.dataset.toggle}"]`)) {
      series.classList.toggle("off", !shown);
    }
  });
}
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(part => { part.open = true; }));
