// @ts-check
/**
 * What every wall does, whoever brings its news: the clock, the languages in turn, honesty, what it shows between calls,
 * staying awake and new.
 */
import { spotlight } from "nouba/board_spotlight";
import { createBetween, isCalling } from "nouba/between";
import { createServerClock } from "nouba/server_clock";
import { fragment } from "nouba/shown";

const LANGUAGE_MILLISECONDS = 8000;
/** How long rows are away while they change their direction: board.css fades them in that time. */
const TURN_MILLISECONDS = 240;
const CLOCK_MILLISECONDS = 1000;
/** Two servers of different versions, or a cache that keeps the old page, must not make the wall flicker. */
const RELOAD_MILLISECONDS_MIN = 600_000;
const RELOADED_AT = "nouba-reloaded-at";

export const wall = /** @type {HTMLElement} */ (document.querySelector(".wall"));
export const clock = createServerClock(fragment().dataset.at ?? "");
let isAnnouncing = false;
const between = createBetween({
  wall,
  isQuiet: () => !isAnnouncing && wall.dataset.current === "yes" && !isCalling(fragment(), clock.now()),
  onChange: () => spotlight(null, false),
});

/** Once per page. */
export function startWall() {
  learnTime();
  setInterval(tellTime, CLOCK_MILLISECONDS);
  setInterval(() => void turnLanguage(), LANGUAGE_MILLISECONDS);
  void stayAwake();
  // The lock is lost whenever the page is hidden.
  document.addEventListener("visibilitychange", () => void stayAwake());
}

/** After every paint: the time and the languages may be other ones, and so may be what pages are made of. */
export function keepUp() {
  learnTime();
  keepToLanguages();
  between.paint();
  const version = fragment().dataset.version;
  if (version !== wall.dataset.version) reloadForNewVersion();
}

/**
 * One call in the large place, which is taken back from whatever was shown there; null: the newest.
 * @param {{key: string, element: HTMLElement | null} | null} call
 * @param {boolean} isNew
 */
export function announce(call, isNew) {
  isAnnouncing = call !== null;
  between.paint();
  spotlight(call, isNew);
}

/**
 * Whether what is shown can be believed. Where it cannot, no call stands in the signal colour, and a line says so.
 * @param {boolean} isCurrent
 */
export function believe(isCurrent) {
  const said = isCurrent ? "yes" : "no";
  if (wall.dataset.current !== said) wall.dataset.current = said;
}

/**
 * The time, as the display's program knows it. Where it does not, the wall has no clock rather than a false one.
 * @param {string | null | undefined} now undefined: a program that never says it
 */
export function tellNow(now) {
  if (now) clock.set(now);
  const said = now === null ? "unknown" : "known";
  if (wall.dataset.time !== said) wall.dataset.time = said;
  tellTime();
}

/** The page is made of what another version of the server has: it is loaded anew, but not again and again. */
export function reloadForNewVersion() {
  const last = Number(sessionStorage.getItem(RELOADED_AT) ?? 0);
  if (last && Date.now() - last < RELOAD_MILLISECONDS_MIN && Date.now() >= last) return;
  sessionStorage.setItem(RELOADED_AT, String(Date.now()));
  location.reload();
}

/** The address of the part of the page that pushes replace, of this very look. */
export function fragmentUrl() {
  const url = new URL(location.href);
  url.searchParams.set("fragment", "1");
  return url.href;
}

/** @returns {string[]} of the branch, in its order */
export function languages() {
  return (fragment().dataset.languages ?? "").split(" ");
}

/** Right after a paint the face shows the server's own words. */
function learnTime() {
  clock.learn(fragment().dataset.at, (clockFace().textContent ?? "").trim());
  tellTime();
}

function tellTime() {
  const place = clockFace();
  const text = clock.local();
  if (place.textContent !== text) place.textContent = text;
}

/** @returns {HTMLElement} */
function clockFace() {
  return /** @type {HTMLElement} */ (document.querySelector("[data-clock]"));
}

/** Rows stand in the direction of the language that is shown; while they turn they are away, so nothing jumps. */
async function turnLanguage() {
  const known = languages();
  const next = known[(known.indexOf(wall.dataset.shown ?? "") + 1) % known.length] ?? "";
  const turns = wall.dataset.mode !== "side" && directionOf(next) !== wall.dir;
  if (turns) {
    wall.dataset.turning = "";
    await new Promise((resolve) => setTimeout(resolve, TURN_MILLISECONDS));
  }
  speak(next);
  if (!turns) return;
  await new Promise(requestAnimationFrame);
  delete wall.dataset.turning;
}

/** @param {string} language */
function speak(language) {
  wall.dataset.shown = language;
  if (wall.dataset.mode !== "side") wall.dir = directionOf(language);
}

/** @param {string} language */
function directionOf(language) {
  const words = /** @type {HTMLElement | null} */ (fragment().querySelector(`.board-name [lang="${CSS.escape(language)}"]`));
  return words?.dir ?? "ltr";
}

/** The operator may take away the very language that is shown. */
function keepToLanguages() {
  const known = languages();
  if (!known.includes(wall.dataset.shown ?? "")) speak(known[0] ?? "");
}

async function stayAwake() {
  if (!("wakeLock" in navigator) || document.hidden) return;
  try {
    await navigator.wakeLock.request("screen");
  } catch (error) {
    console.info("the screen may fall asleep", error);
  }
}
