// @ts-check
/** Nobody there: asks first, leaves a person time to answer (WCAG 2.2.1), then goes back to the start. */

import { SCREEN, SPOKEN } from "nouba/kiosk-voice";

const IDLE_SECONDS = 45;
const WARNING_SECONDS = 25;
const TICK_MILLISECONDS = 250;
const SIGNS_OF_LIFE = /** @type {const} */ (["pointerdown", "keydown", "input", "wheel", SPOKEN]);

/**
 * @typedef {object} Idle
 * @property {() => void} pause nothing is asked while the citizen waits for us
 * @property {() => void} resume
 */

/**
 * @param {{leave: () => void}} options
 * @returns {Idle}
 */
export function watchIdle({ leave }) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("idle"));
  const seconds = /** @type {HTMLElement} */ (document.getElementById("idle-seconds"));
  let seenAt = performance.now();
  let paused = false;
  const seen = () => {
    if (!dialog.open) seenAt = performance.now();
  };
  const stay = () => {
    dialog.close();
    seenAt = performance.now();
  };

  for (const sign of SIGNS_OF_LIFE) document.addEventListener(sign, seen, { passive: true });
  document.getElementById("idle-stay")?.addEventListener("click", stay);
  document.getElementById("idle-leave")?.addEventListener("click", () => leave());
  dialog.addEventListener("close", () => (seenAt = performance.now()));
  setInterval(() => {
    if (paused) return;
    const quiet = (performance.now() - seenAt) / 1000;
    const left = Math.ceil(IDLE_SECONDS + WARNING_SECONDS - quiet);
    if (quiet >= IDLE_SECONDS && !dialog.open) {
      dialog.showModal();
      document.dispatchEvent(new CustomEvent(SCREEN));
    }
    if (dialog.open) seconds.textContent = String(Math.max(left, 0));
    if (left <= 0) leave();
  }, TICK_MILLISECONDS);

  return {
    pause: () => {
      paused = true;
      if (dialog.open) dialog.close();
    },
    resume: () => {
      paused = false;
      seenAt = performance.now();
    },
  };
}

/**
 * The start screen has nothing to lose and asks nothing: what the last visitor switched on is simply put back.
 * @param {{leave: () => void}} options
 */
export function watchStart({ leave }) {
  let timer = 0;
  const seen = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, (IDLE_SECONDS + WARNING_SECONDS) * 1000);
  };
  for (const sign of SIGNS_OF_LIFE) document.addEventListener(sign, seen, { passive: true });
  seen();
}
