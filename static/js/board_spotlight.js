// @ts-check
/**
 * Puts one call in the large place of its list, flashes it, and tells screen readers. Places stay where they are and
 * are filled anew: nothing on the wall moves when a call comes.
 */
import { morph } from "nouba/morph";
import { fragment } from "nouba/shown";

const MARKS = ["data-spot", "data-new", "data-extra"];

/**
 * @typedef {object} Wanted
 * @property {string} key
 * @property {HTMLElement | null} element a copy, for a call that is already off the list
 */

/**
 * @param {Wanted | null} call null: the newest of each list
 * @param {boolean} isNew
 */
export function spotlight(call, isNew) {
  for (const list of fragment().querySelectorAll(".calls")) {
    if (list instanceof HTMLElement) arrange(list, call, isNew);
  }
}

/**
 * @param {HTMLElement} list
 * @param {Wanted | null} call
 * @param {boolean} isNew
 */
function arrange(list, call, isNew) {
  const calls = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-call]:not([data-extra])")])
    .map((element) => clean(element))
    .sort((one, other) => calledAt(other) - calledAt(one));
  const wanted = call && (calls.find((each) => each.dataset.call === call.key) ?? extra(list, call));
  const ordered = wanted ? [wanted, ...calls.filter((each) => each !== wanted)] : calls;
  const first = ordered[0];
  // Above a desk that is free, and where the large place is lent (`between.js`), nothing is in it.
  if (first && (wanted || !list.closest('[data-state="free"], .wall[data-between]'))) first.dataset.spot = "";
  // A push takes this mark away while the call still flashes; put back before the next frame, the flash goes on.
  if (first && wanted) first.dataset.new = "";
  fill(list, ordered, isNew && wanted !== null);
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement[]} ordered
 * @param {boolean} flashes anew
 */
function fill(list, ordered, flashes) {
  const place = list.firstElementChild;
  if (flashes && place instanceof HTMLElement && "new" in place.dataset) {
    delete place.dataset.new;
    void place.offsetWidth; // a style without the mark starts the flash anew
  }
  ordered.forEach((call, index) => {
    const present = list.children[index];
    if (present) morph(present, call);
    else list.append(call);
  });
  while (list.children.length > ordered.length) list.lastElementChild?.remove();
  if (flashes && list.firstElementChild) tell(list.firstElementChild);
}

/** @param {HTMLElement} element */
function clean(element) {
  const copy = /** @type {HTMLElement} */ (element.cloneNode(true));
  for (const mark of MARKS) copy.removeAttribute(mark);
  return copy;
}

/** @param {HTMLElement} element */
function calledAt(element) {
  return Date.parse(element.dataset.calledAt ?? "");
}

/**
 * @param {HTMLElement} list
 * @param {Wanted} call
 * @returns {HTMLElement | null} null where it belongs to another list
 */
function extra(list, call) {
  if (!call.element || (call.element.dataset.line ?? "") !== (list.dataset.line ?? "")) return null;
  const copy = clean(call.element);
  copy.dataset.extra = "";
  return copy;
}

/** @param {Element} spot */
function tell(spot) {
  const place = document.getElementById("announcement");
  const pattern = document.getElementById("announcement-text");
  if (!place || !(pattern instanceof HTMLTemplateElement)) return;
  const number = spot.querySelector(".call-number")?.textContent ?? "";
  const desk = spot.querySelector(".call-desk")?.textContent ?? "";
  place.textContent = (pattern.content.textContent ?? "").replace("{number}", number).replace("{desk}", desk);
}
