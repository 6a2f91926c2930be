// Keyboard of the clerks' desk: the picture is turned, enlarged, leafed through and moved while the
// hands stay in the form. Without it, the same buttons send the form and show it again.
"use strict";

const scan = document.querySelector(".scan");
const pane = scan && scan.querySelector(".pane");
const zooms = [50, 75, 100, 150, 200, 300];
const STEP = 120;

function show() {
  const { page, pages, turn, zoom, href } = scan.dataset;
  const image = pane.querySelector("img");
  const wanted = `${href}?page=${page}&turn=${turn}`;
  if (image.getAttribute("src") !== wanted) image.setAttribute("src", wanted);
  pane.className = `pane z${zoom}`;
  scan.querySelector("[data-view]").value = `${page},${turn},${zoom}`;
  const where = scan.querySelector("[data-where]");
  if (where) where.textContent = `${page} / ${pages}`;
}

function zoom(direction) {
  const place = zooms.indexOf(Number(scan.dataset.zoom)) + direction;
  scan.dataset.zoom = zooms[Math.min(Math.max(place, 0), zooms.length - 1)];
  show();
}

function leaf(direction) {
  const page = Number(scan.dataset.page) + direction;
  scan.dataset.page = Math.min(Math.max(page, 1), Number(scan.dataset.pages));
  show();
}

function turn() {
  scan.dataset.turn = (Number(scan.dataset.turn) + 1) % 4;
  show();
}

const views = { back: () => leaf(-1), next: () => leaf(1), larger: () => zoom(1), smaller: () => zoom(-1), turn };
const keysOfView = {
  PageUp: "back", PageDown: "next", "+": "larger", "=": "larger", "1": "larger", "-": "smaller", r: "turn", R: "turn",
};
const moves = { ArrowUp: [0, -STEP], ArrowDown: [0, STEP], ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0] };

if (scan) {
  scan.addEventListener("click", (event) => {
    const button = event.target.closest("button[value^='view:']");
    if (!button) return;
    event.preventDefault();
    views[button.value.slice(5)]();
  });
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const view = keysOfView[event.key];
    const move = event.shiftKey ? null : moves[event.key];
    if (!view && !move) return;
    event.preventDefault();
    if (view) views[view]();
    else pane.scrollBy(...move);
  });
  // Enter goes on to the next field: nobody hands in by a slip.
  document.getElementById("keying").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input:not([type=radio]), select")) return;
    event.preventDefault();
    const fields = [...event.currentTarget.querySelectorAll("input:not([type=hidden]), select, button.main")];
    const next = fields[fields.indexOf(event.target) + 1];
    if (next) next.focus(), next.select && next.select();
  });
}
