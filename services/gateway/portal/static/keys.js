// Keyboard of the portal: / searches, j and k walk the rows, Enter opens (the link has the focus),
// ? shows the list of keys. Everything here is a convenience; no page needs it.
"use strict";

const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

function step(direction) {
  const rows = [...document.querySelectorAll("a[data-row]")];
  if (!rows.length) return;
  const here = rows.indexOf(document.activeElement);
  const next = here < 0 ? (direction > 0 ? 0 : rows.length - 1) : here + direction;
  const row = rows[Math.min(Math.max(next, 0), rows.length - 1)];
  row.focus();
  row.closest("tr, li").scrollIntoView({ block: "nearest" });
}

const search = () => {
  const field = document.querySelector("input[type=search]");
  if (field) field.focus(), field.select();
  else location.assign("/invoices#q");
};

const help = () => {
  const box = document.getElementById("keys");
  if (box && !box.open) box.showModal();
};

const keys = { "/": search, j: () => step(1), k: () => step(-1), "?": help };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys]")) help();
});

// What the server would refuse unread is said as soon as it is chosen.
document.addEventListener("change", ({ target }) => {
  if (!target.dataset.bytesMax) return;
  const bytes = [...target.files].reduce((sum, file) => sum + file.size, 0);
  const much = bytes > target.dataset.bytesMax || target.files.length > target.dataset.filesMax;
  target.setCustomValidity(much ? target.dataset.tooMuch : "");
  target.reportValidity();
});

// A second click on an act that sends something would send it twice.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  for (const button of event.target.querySelectorAll("button")) {
    button.setAttribute("aria-disabled", "true");
    setTimeout(() => { button.disabled = true; }, 0);
  }
});
// A page taken back from the browser's memory would still show its buttons as used.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-disabled]")) {
    button.removeAttribute("aria-disabled");
    button.disabled = false;
  }
});

// On a phone the navigation is a row that scrolls; the page one is on shall be in sight.
document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

// What was typed before the page could listen is searched for as soon as it can.
const early = ({ type, value, defaultValue }) => type === "search" && value !== defaultValue;
document.addEventListener("htmx:load", () => {
  for (const field of document.querySelectorAll("input")) {
    if (early(field)) field.dispatchEvent(new Event("early", { bubbles: true }));
  }
}, { once: true });

// Searching from another page opens the list and goes on typing there.
if (location.hash === "#q") search();
