// @ts-check
/**
 * The same screen on the kiosk's own machine: no socket, a question every two seconds to the program that serves the
 * page, which also tells whether it has its server.
 */
import { SILENCE_SECONDS_MAX, Shown } from "nouba/shown";

const POLL_MILLISECONDS = 2000;
const ANSWER_MILLISECONDS_MAX = 1900;
const ONLINE_HEADER = "X-Nouba-Online";

/**
 * Keeps `#offline`, the strip that says that the kiosk works alone, as the answers tell it.
 * @param {import("nouba/shown").ShownOptions} options
 * @returns {Shown}
 */
export function poll(options) {
  const shown = new Shown({ ...options, onAnswer: tellWhetherAlone, believesAnswers: true });
  setInterval(() => {
    if (shown.age >= SILENCE_SECONDS_MAX) shown.say(false, shown.age);
    void shown.refresh(ANSWER_MILLISECONDS_MAX);
  }, POLL_MILLISECONDS);
  return shown;
}

/** @param {Response} answer */
function tellWhetherAlone(answer) {
  const told = answer.headers.get(ONLINE_HEADER);
  const strip = document.getElementById("offline");
  if (told && strip) strip.hidden = told === "1";
}
