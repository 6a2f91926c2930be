// Keyboard of the form of services: Enter in the search takes the first position, arrows walk the
// positions that were found, Enter in a quantity goes back to the search. Without it, the same form
// works by its buttons.
"use strict";

const picks = () => [...document.querySelectorAll("#found .pick")];

function onSearch(event) {
  const found = picks();
  if (event.key === "Enter" && found.length) return found[0].click(), true;
  if (event.key === "ArrowDown" && found.length) return found[0].focus(), true;
  return event.key === "Enter";
}

function onPick(event, pick) {
  const found = picks();
  const here = found.indexOf(pick);
  if (event.key === "ArrowDown") return found[Math.min(here + 1, found.length - 1)].focus(), true;
  if (event.key === "ArrowUp") return (here ? found[here - 1] : document.getElementById("q")).focus(), true;
  return false;
}

document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || !at.closest || !at.closest("#record")) return;
  let done = false;
  if (at.id === "q") done = onSearch(event);
  else if (at.matches(".pick")) done = onPick(event, at);
  else if (event.key === "Enter" && at.matches("input")) {
    // Enter is for the next field here: nobody hands in by a slip.
    done = true;
    const next = at.dataset.enter && document.getElementById(at.dataset.enter);
    if (next) next.focus(), next.select();
    else at.dispatchEvent(new Event("change", { bubbles: true }));
  }
  if (done) event.preventDefault();
});

// Who already stands on a position that was found stays on it when the last letters are answered.
let stood;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "found") stood = document.activeElement.closest("#found .pick")?.value;
});

function stayOn(value) {
  const again = picks().find((pick) => pick.value === value) || picks()[0];
  (again || document.getElementById("q")).focus();
}

// What was found for the last word is no answer to the next one; typing goes on at the quantity.
function goOn() {
  const search = document.getElementById("q");
  search.value = "";
  document.getElementById("found").replaceChildren();
  const quantity = document.querySelector("#lines [data-focus]");
  if (quantity) quantity.focus(), quantity.select();
  else search.focus();
}

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "lines") goOn();
  else if (detail.target.id !== "found") return;
  else if (!document.getElementById("q").value) document.getElementById("found").replaceChildren();
  else if (stood) stayOn(stood), (stood = undefined);
});
