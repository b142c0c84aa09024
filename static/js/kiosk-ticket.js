// @ts-check
/** The ticket on the kiosk's screen: what the printer says, and the way back to the start by itself. */
import { go } from "nouba/kiosk-go";
import { SPOKEN } from "nouba/kiosk-voice";

const STAY_SECONDS = 20;
const MORE_SECONDS = 60;
const PRINTING_SECONDS_MAX = 15;
const FOLLOW_SECONDS_MAX = 120;
const POLL_MILLISECONDS = 1000;
const TICK_MILLISECONDS = 250;

/**
 * @param {{startUrl: string, onLeave: () => void}} options `onLeave`: this visit is over
 */
export function showTicket({ startUrl, onLeave }) {
  const leaving = countDown(() => {
    onLeave();
    void go(startUrl);
  });
  document.getElementById("done")?.addEventListener("click", onLeave);
  document.addEventListener(SPOKEN, () => leaving.stay(STAY_SECONDS));
  document.addEventListener("pointerdown", () => leaving.stay(STAY_SECONDS), { passive: true });
  document.addEventListener("keydown", () => leaving.stay(STAY_SECONDS), { passive: true });
  const more = document.getElementById("more-time");
  more?.addEventListener("click", () => leaving.stay(MORE_SECONDS));
  if (more) more.hidden = false;
  document.getElementById("done")?.focus({ preventScroll: true });
  void followPrinter(leaving);
}

/**
 * @typedef {object} Leaving
 * @property {(seconds: number) => void} stay at least so long from now on
 */

/**
 * @param {() => void} leave
 * @returns {Leaving}
 */
function countDown(leave) {
  const place = document.getElementById("leaving");
  const number = document.getElementById("leaving-seconds");
  let leaveAt = performance.now() + STAY_SECONDS * 1000;
  if (place) place.hidden = false;
  const timer = setInterval(() => {
    const left = Math.ceil((leaveAt - performance.now()) / 1000);
    if (number) number.textContent = String(Math.max(left, 0));
    if (left > 0) return;
    clearInterval(timer);
    leave();
  }, TICK_MILLISECONDS);
  return {
    stay: (seconds) => {
      leaveAt = Math.max(leaveAt, performance.now() + seconds * 1000);
    },
  };
}

/**
 * Asks once a second what became of the paper; silence is treated as a fault, because the citizen must know. A fault is
 * followed too: the paper may come after all.
 * @param {Leaving} leaving
 */
async function followPrinter(leaving) {
  const place = document.getElementById("printing");
  if (!place || place.dataset.state === "no_printer") return;
  const startedAt = performance.now();
  const age = () => (performance.now() - startedAt) / 1000;
  while (age() < FOLLOW_SECONDS_MAX) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    const state = await printingState(place.dataset.url ?? "");
    const isUnderWay = state === "queued" || state === "waiting";
    if (!isUnderWay) tell(place, state, leaving);
    else if (age() >= PRINTING_SECONDS_MAX) tell(place, "fault", leaving);
    if (state === "done" || state === "expired") return;
  }
}

/**
 * @param {HTMLElement} place
 * @param {string} state
 * @param {Leaving} leaving
 */
function tell(place, state, leaving) {
  if (place.dataset.state === state) return;
  place.dataset.state = state;
  for (const words of place.querySelectorAll("[data-when]")) {
    if (words instanceof HTMLElement) words.hidden = words.dataset.when !== state;
  }
  // Whoever has to copy the number by hand needs the whole time again.
  leaving.stay(STAY_SECONDS);
}

/**
 * @param {string} url
 * @returns {Promise<string>} `queued`, `waiting`, `done`, `fault` or `expired`
 */
async function printingState(url) {
  try {
    const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(POLL_MILLISECONDS * 3) });
    if (!answer.ok) return "waiting";
    return String((await answer.json()).state);
  } catch {
    return "waiting";
  }
}
