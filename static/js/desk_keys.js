// @ts-check
/**
 * One key for each action: the key is written on its button (`data-key`, `data-digit`, `data-primary`), and pressing it
 * is a click on that button, so that keyboard, mouse and screen reader take one path.
 */

const DIGIT_CODE = /^(?:Digit|Numpad)([1-9])$/;
const LETTER_CODE = /^Key([A-Z])$/;
const TYPED_INTO = "input:not([type=checkbox], [type=radio], [type=hidden]), textarea, select, [contenteditable]";
const PRESSED_BY_ITSELF = "button, summary, a[href], input, label";

/**
 * The letter on the key, also when the layout in use is Arabic or Tifinagh: then its place on the keyboard tells.
 * No action uses A, Q, Z, W or M, whose places differ between the two Latin keyboards of Morocco.
 *
 * @param {KeyboardEvent} event
 * @returns {string} `n`, `5`, `?`, `Escape`, `Next` (space or enter), or "" for any other key
 */
export function keyOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return "";
  if (event.key === "Escape") return "Escape";
  if (event.key === "Enter" || event.code === "Space") return "Next";
  if (event.key === "?" || event.key === "؟") return "?";
  const digit = DIGIT_CODE.exec(event.code)?.[1];
  if (digit) return digit;
  if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
  return LETTER_CODE.exec(event.code)?.[1]?.toLowerCase() ?? "";
}

/** @param {HTMLElement} page what remembers, outside the fragment, which list takes the digits */
export function listenToKeys(page) {
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.isComposing || target.closest(TYPED_INTO)) return;
    const key = keyOf(event);
    if (!key) return;
    const isNative = key === "Next" && target.closest(PRESSED_BY_ITSELF) !== null;
    if (event.repeat) {
      // A finger that rests on a key asks once; the browser would press a focused button again and again.
      event.preventDefault();
      return;
    }
    if (isNative) return;
    if (press(key, page)) event.preventDefault();
  });
  // What was clicked keeps the focus, and the next space would press it again instead of the likely action.
  document.addEventListener("click", (event) => {
    if (event.detail > 0 && document.activeElement instanceof HTMLElement && document.activeElement.closest("main")) {
      document.activeElement.blur();
    }
    const list = event.target instanceof Element && event.target.closest("[data-arms]");
    if (list instanceof HTMLElement) arm(page, list.dataset.arms ?? "");
  });
}

/**
 * Closes every open list: after an act, what was open is no longer meant.
 * @param {HTMLElement} page
 */
export function closeLists(page) {
  delete page.dataset.armed;
  for (const menu of document.querySelectorAll("details[open]")) menu.removeAttribute("open");
}

/**
 * @param {string} key
 * @param {HTMLElement} page
 * @returns {boolean} whether the key meant something
 */
function press(key, page) {
  const isHelpOpen = document.querySelector("[popover]:popover-open") !== null;
  if (isHelpOpen && key !== "?") return false;
  if (key === "Escape") {
    closeLists(page);
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    return true;
  }
  const open = openList(page);
  const button = wanted(key, open);
  if (!button) return false;
  if (button.tagName === "SUMMARY") openMenu(/** @type {HTMLDetailsElement} */ (button.parentElement), page);
  else button.click();
  return true;
}

/**
 * @param {string} key
 * @param {Element | null} open
 * @returns {HTMLElement | null}
 */
function wanted(key, open) {
  if (/^[1-9]$/.test(key)) return open?.querySelector(`[data-digit="${key}"]:enabled`) ?? null;
  if (key === "Next") return open ? null : document.querySelector("[data-primary]:enabled");
  return document.querySelector(`[data-key="${key}"]:not(:disabled)`);
}

/**
 * @param {HTMLElement} page
 * @returns {Element | null} the list that takes the digits
 */
function openList(page) {
  return document.querySelector("details[open]") ?? document.getElementById(page.dataset.armed ?? "");
}

/**
 * @param {HTMLDetailsElement} menu
 * @param {HTMLElement} page
 */
function openMenu(menu, page) {
  const isOpening = !menu.open;
  closeLists(page);
  menu.open = isOpening;
  if (isOpening) /** @type {HTMLElement | null} */ (menu.querySelector("button"))?.focus();
}

/**
 * @param {HTMLElement} page
 * @param {string} list id
 */
function arm(page, list) {
  const isSame = page.dataset.armed === list;
  closeLists(page);
  if (!isSame) page.dataset.armed = list;
}
