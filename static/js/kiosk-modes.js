// @ts-check
/**
 * Large text, high contrast, within reach, and spoken guidance: switched by one button each, for this visit only. A
 * cookie keeps them from screen to screen, so that the server writes the next page in the right mode at once.
 */

const COOKIE = "nouba_modes";
const ATTRIBUTE = "data-mode-";

/** @typedef {"voice" | "large" | "contrast" | "low"} Mode */
/** @type {readonly Mode[]} */
const MODES = ["voice", "large", "contrast", "low"];

/** @type {((mode: Mode, on: boolean) => void)[]} */
const listeners = [];

/** Lets the buttons work. */
export function watchModes() {
  for (const button of document.querySelectorAll("[data-mode]")) {
    if (!(button instanceof HTMLElement)) continue;
    const mode = /** @type {Mode} */ (button.dataset.mode);
    button.addEventListener("click", () => setMode(mode, !isOn(mode)));
  }
}

/** @param {(mode: Mode, on: boolean) => void} listener called after a change */
export function onMode(listener) {
  listeners.push(listener);
}

/** @param {Mode} mode */
export function isOn(mode) {
  return document.documentElement.hasAttribute(ATTRIBUTE + mode);
}

/**
 * @param {Mode} mode
 * @param {boolean} on
 */
export function setMode(mode, on) {
  document.documentElement.toggleAttribute(ATTRIBUTE + mode, on);
  document.getElementById(`mode-${mode}`)?.setAttribute("aria-pressed", String(on));
  keep();
  for (const listener of listeners) listener(mode, on);
}

/** The visit is over: the next person gets the screen as it is meant. */
export function forgetModes() {
  for (const mode of MODES) if (isOn(mode)) setMode(mode, false);
}

/** Whether anything is switched on. */
export function anyMode() {
  return MODES.some(isOn);
}

function keep() {
  const on = MODES.filter(isOn).join(".");
  // Without a date it ends with the browser.
  document.cookie = `${COOKIE}=${on}; path=/kiosk; SameSite=Strict${on ? "" : "; max-age=0"}`;
}
