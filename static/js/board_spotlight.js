// @ts-check
/** Puts one call in the large place of its list, flashes it, and tells screen readers. */
import { fragment } from "nouba/shown";

/**
 * A call that was announced and is already off the list is shown from its copy.
 * @param {{key: string, element: HTMLElement | null} | null} call null: the newest of each list
 * @param {boolean} isNew
 */
export function spotlight(call, isNew) {
  for (const extra of fragment().querySelectorAll("[data-extra]")) extra.remove();
  for (const list of fragment().querySelectorAll(".calls")) putFirst(list);
  // A push takes the mark away while the call still flashes; put back before the next frame, the flash goes on.
  for (const element of fragment().querySelectorAll("[data-new]")) element.removeAttribute("data-new");
  const wall = fragment().closest(".wall");
  wall?.toggleAttribute("data-announcing", call !== null);
  const spot = call && (listed(call.key) ?? (call.element && added(call.element)));
  if (!spot) return;
  for (const other of spot.parentElement?.querySelectorAll("[data-spot]") ?? []) other.removeAttribute("data-spot");
  spot.setAttribute("data-spot", "");
  if (isNew) {
    void spot.offsetWidth; // the same element may be called again: a style without the mark starts the flash anew
    tell(spot);
  }
  spot.setAttribute("data-new", "");
}

/** @param {Element} list */
function putFirst(list) {
  // Above a desk that is free nothing is in the large place.
  const first = list.closest('[data-state="free"]') ? null : list.firstElementChild;
  for (const element of list.children) element.toggleAttribute("data-spot", element === first);
}

/**
 * @param {string} key
 * @returns {HTMLElement | null}
 */
export function listed(key) {
  return fragment().querySelector(`[data-call="${CSS.escape(key)}"]:not([data-extra])`);
}

/**
 * @param {HTMLElement} element a call that was painted once
 * @returns {HTMLElement | null} null where its line has no place on this wall any more
 */
function added(element) {
  const line = element.dataset.line ?? "";
  const list = fragment().querySelector(line ? `.calls[data-line="${CSS.escape(line)}"]` : ".calls");
  if (!list) return null;
  const copy = /** @type {HTMLElement} */ (element.cloneNode(true));
  copy.dataset.extra = "";
  copy.removeAttribute("id");
  list.append(copy);
  return copy;
}

/** @param {HTMLElement} spot */
function tell(spot) {
  const place = document.getElementById("announcement");
  const pattern = document.getElementById("announcement-text");
  if (!place || !(pattern instanceof HTMLTemplateElement)) return;
  const number = spot.querySelector(".call-number")?.textContent ?? "";
  const desk = spot.querySelector(".call-desk")?.textContent ?? "";
  place.textContent = (pattern.content.textContent ?? "").replace("{number}", number).replace("{desk}", desk);
}
