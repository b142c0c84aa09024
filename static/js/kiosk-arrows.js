// @ts-check
/**
 * The whole kiosk by five keys, for a keypad such as those beside a headphone jack: arrows move through what can be
 * chosen, Enter chooses, Escape goes back. Tab and the mouse keep working as ever.
 */

const CHOICES = "a[href], button:not(:disabled), input[type=radio]";
const BACK_KEYS = new Set(["Escape", "Backspace", "BrowserBack"]);
/** The first of these that is there is the way back. */
const BACK = ["#idle[open] #idle-stay", "#refused-back", "#back", "#done"];

/** Whether the focus was last moved by the arrows: then they pass through a group of radio buttons as well. */
let byArrows = false;

export function watchArrows() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Tab") byArrows = false;
    else if (event.key.startsWith("Arrow")) arrow(event);
    else if (event.key === "Enter") enter(event);
    else if (BACK_KEYS.has(event.key)) back(event);
  });
}

/** What can be chosen now, in reading order: in a question that covers the screen, only its answers. */
export function choices() {
  const root = document.querySelector("dialog[open]") ?? document.getElementById("kiosk") ?? document.body;
  const found = /** @type {HTMLElement[]} */ ([...root.querySelectorAll(CHOICES)]);
  return found.filter((each) => each.checkVisibility({ visibilityProperty: true }));
}

/** The arrows' own place: the first choice, or on a ticket the way on. */
export function focusFirst() {
  byArrows = true;
  const first = document.getElementById("done") ?? choices()[0];
  first?.focus({ preventScroll: true });
}

/** @param {KeyboardEvent} event */
function arrow(event) {
  const present = document.activeElement;
  // A key held down is a long press, not many short ones.
  if (event.repeat) return event.preventDefault();
  // Who came by Tab expects what every form does: arrows choose within the group.
  if (present instanceof HTMLInputElement && present.type === "radio" && !byArrows) return;
  event.preventDefault();
  const all = choices();
  const index = present instanceof HTMLElement ? all.indexOf(present) : -1;
  const next = index < 0 ? all[0] : (inRows(event.key, present, all) ?? all.at((index + step(event.key, present)) % all.length));
  byArrows = true;
  next?.focus();
}

/**
 * @param {string} key
 * @param {Element | null} present
 * @returns {1 | -1}
 */
function step(key, present) {
  const isRightToLeft = present !== null && getComputedStyle(present).direction === "rtl";
  if (key === "ArrowDown") return 1;
  if (key === "ArrowUp") return -1;
  return (key === "ArrowRight") === isRightToLeft ? -1 : 1;
}

/**
 * Up and down on the keypad go by rows: thirty keys in a line are too many.
 * @param {string} key
 * @param {Element | null} present
 * @param {HTMLElement[]} all
 * @returns {HTMLElement | undefined}
 */
function inRows(key, present, all) {
  const keypad = present?.closest("#keypad");
  if (!present || !keypad || !["ArrowUp", "ArrowDown"].includes(key)) return undefined;
  const from = present.getBoundingClientRect();
  const isBeyond = (/** @type {DOMRect} */ box) => (key === "ArrowDown" ? box.top >= from.bottom : box.bottom <= from.top);
  const distance = (/** @type {DOMRect} */ box) =>
    Math.abs(box.top - from.top) * 10 + Math.abs(box.left + box.width / 2 - from.left - from.width / 2);
  const boxes = all
    .filter((each) => keypad.contains(each))
    .map((each) => ({ each, box: each.getBoundingClientRect() }))
    .filter(({ box }) => isBeyond(box))
    .sort((one, other) => distance(one.box) - distance(other.box));
  if (boxes[0]) return boxes[0].each;
  const keys = all.filter((each) => keypad.contains(each));
  const edge = key === "ArrowDown" ? all.indexOf(/** @type {HTMLElement} */ (keys.at(-1))) + 1 : all.indexOf(/** @type {HTMLElement} */ (keys[0])) - 1;
  return all.at(edge % all.length);
}

/** @param {KeyboardEvent} event */
function enter(event) {
  const present = document.activeElement;
  if (present === document.body || present === null) {
    event.preventDefault();
    focusFirst();
  } else if (present instanceof HTMLInputElement && present.type === "radio") {
    // Enter on a radio button would send the form by its first button: a ticket that nobody asked for.
    event.preventDefault();
    present.click();
  }
}

/** @param {KeyboardEvent} event */
function back(event) {
  if (event.target instanceof HTMLInputElement && event.target.type === "text") return;
  // A ticket is being asked for: no key may leave it behind unseen.
  if (document.querySelector("#trying[open]")) return;
  const erase = event.key === "Backspace" ? document.getElementById("erase") : null;
  const way = erase ?? BACK.map((each) => document.querySelector(each)).find((each) => each !== null);
  event.preventDefault();
  if (way instanceof HTMLElement) way.click();
}
