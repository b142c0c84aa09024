// @ts-check
/** The citizen's phone: paints what is pushed, finds its own place in the line, and calls out when called. */
import { createChime } from "nouba/chime";
import { renewKey } from "nouba/keys";
import { Live, fragment } from "nouba/live";
import { aheadText, waitText } from "nouba/wait";

const MILLISECONDS_A_MINUTE = 60000;
const VIBRATION_MILLISECONDS = [400, 150, 400, 150, 800];

/**
 * @typedef {object} Texts the sentences of the page's language, with gaps
 * @property {Record<string, string>} ahead
 * @property {string} beyond
 * @property {import("nouba/wait").WaitTexts} wait
 * @property {string} called
 * @property {string} asOf
 */

const phone = /** @type {HTMLElement} */ (document.getElementById("phone"));
const { branch = "", language = "", secret = "", fragmentUrl = "" } = phone.dataset;
/** @type {Texts} */
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
const plainTitle = document.title;
const chime = createChime();
let soundOn = false;
let isElsewhere = false;

const live = new Live({
  watched: { view: "ticket", branch, language, secret },
  fragmentUrl,
  beforePaint: (before, after) => {
    if (isNewCall(before, after)) callOut(/** @type {HTMLElement} */ (after));
    isElsewhere = lineOf(before) !== lineOf(after);
  },
  onPaint: () => {
    nameTheTab();
    // A transfer moved the ticket: the other line's places come from another room.
    if (isElsewhere) live.watchAgain();
  },
  onLine: findOwnPlace,
  onPlace: ({ ahead, wait, at }) => {
    if (ahead !== null) showPlace(aheadText(texts.ahead, language, ahead), wait);
    tellTime(at);
  },
});
nameTheTab();
offerSound();
guardCancellation();

/** @param {import("nouba/live").Line} line */
function findOwnPlace(line) {
  const { label = "", service, state } = fragment().dataset;
  if (state !== "waiting" || service !== line.service) return;
  const place = line.labels.indexOf(label);
  if (place < 0) showPlace(texts.beyond.replace("{num}", String(line.labels.length)), null);
  else showPlace(aheadText(texts.ahead, language, place), line.waits[place] ?? null);
  tellTime(line.at);
}

/**
 * @param {string} aheadSaid
 * @param {[number, number] | null} range p50 and p90 in seconds
 */
function showPlace(aheadSaid, range) {
  const ahead = document.getElementById("ahead");
  const wait = document.getElementById("wait");
  const waitLine = document.getElementById("wait-line");
  if (!ahead || !wait || !waitLine) return;
  ahead.textContent = aheadSaid;
  wait.textContent = range ? waitText(texts.wait, ...range) : "";
  waitLine.hidden = !range;
}

/**
 * @param {Element} before
 * @param {Element} after
 * @returns {boolean} whether the desk has called, or called again
 */
function isNewCall(before, after) {
  if (!(before instanceof HTMLElement) || !(after instanceof HTMLElement)) return false;
  if (after.dataset.state !== "called") return false;
  return before.dataset.state !== "called" || Number(after.dataset.calls) > Number(before.dataset.calls);
}

/** @param {Element} view */
function lineOf(view) {
  return view instanceof HTMLElement ? view.dataset.service : undefined;
}

/** @param {HTMLElement} view */
function callOut(view) {
  const { label = "", desk = "" } = view.dataset;
  const place = document.getElementById("announcement");
  if (place) place.textContent = texts.called.replace("{label}", label).replace("{desk}", desk);
  window.scrollTo(0, 0);
  if (!soundOn) return;
  chime.strike();
  navigator.vibrate?.(VIBRATION_MILLISECONDS);
}

/** The tab and the lock screen's list show the title: the news has to be in it. */
function nameTheTab() {
  const { state, label = "", desk = "" } = fragment().dataset;
  document.title =
    state === "called" ? texts.called.replace("{label}", label).replace("{desk}", desk) : plainTitle;
  const over = ["done", "cancelled", "expired"].includes(state ?? "");
  const foot = document.getElementById("foot");
  if (foot) foot.hidden = over;
}

/** Sound and vibration need a first touch; without JavaScript there is no button that would promise them. */
function offerSound() {
  const button = document.getElementById("sound");
  if (!button) return;
  button.addEventListener("click", () => {
    soundOn = !soundOn;
    button.setAttribute("aria-pressed", String(soundOn));
    for (const words of button.querySelectorAll("[data-when]")) {
      if (words instanceof HTMLElement) words.hidden = (words.dataset.when === "on") !== soundOn;
    }
    if (soundOn) void prove();
  });
}

/** Lets it be heard once, and asks the phone to stay awake. */
async function prove() {
  await chime.wake();
  chime.strike();
  navigator.vibrate?.(VIBRATION_MILLISECONDS[0] ?? 0);
  try {
    await navigator.wakeLock?.request("screen");
  } catch (error) {
    // Low battery, or plain http: the page works without it.
    console.info("the screen may go dark", error);
  }
}

/** @param {string} at ISO 8601 */
function tellTime(at) {
  const place = document.getElementById("as-of");
  if (!place) return;
  // By the server's offset: a phone's own table of time zones may be years old.
  const local = new Date(Date.parse(at) + Number(fragment().dataset.offsetMinutes ?? 0) * MILLISECONDS_A_MINUTE);
  place.textContent = texts.asOf.replace("{time}", local.toISOString().slice(11, 16));
}

/** A second press while the first is on its way asks for the same thing, by the same key; coming back gets a new one. */
function guardCancellation() {
  const form = document.getElementById("act");
  if (!(form instanceof HTMLFormElement)) return;
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) renewKey(form);
  });
}
