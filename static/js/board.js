// @ts-check
/** The wall: keeps itself true, turns through the languages, and makes each call seen and heard. */
import { createAnnouncer, createCallMemory, readCalls } from "nouba/announcer";
import { createBetween, isCalling } from "nouba/between";
import { createChime } from "nouba/chime";
import { Live, fragment } from "nouba/live";
import { REPAINT_MILLISECONDS, repaint } from "nouba/repaint";
import { createServerClock } from "nouba/server_clock";

const LANGUAGE_SECONDS = 8;
const CLOCK_MILLISECONDS = 1000;

const wall = /** @type {HTMLElement} */ (document.querySelector(".wall"));
const clock = createServerClock(fragment().dataset.at ?? "");
const chime = createChime();
const memory = createCallMemory(readCalls(fragment()));
const announcer = createAnnouncer({ show: announced, chime: () => chime.strike() });
let isAnnouncing = false;

const live = new Live({
  watched: { view: "board", branch: wall.dataset.branch ?? "", language: "" },
  fragmentUrl: fragmentUrl(),
  pulses: true,
  onPaint: () => {
    learnTime();
    keepToLanguages();
    announcer.announce(memory.learn(readCalls(fragment()), clock.now()));
    between.paint();
  },
});
const between = createBetween({
  wall,
  isQuiet: () => !isAnnouncing && live.online && !isCalling(fragment(), clock.now()),
  onChange: () => spotlight(null, false),
});
learnTime();
setInterval(tellTime, CLOCK_MILLISECONDS);
setInterval(() => void repaint(live, fragmentUrl(), () => location.reload()), REPAINT_MILLISECONDS);
turnLanguages();
offerSound();
void stayAwake();
// The lock is lost whenever the page is hidden.
document.addEventListener("visibilitychange", () => void stayAwake());

/**
 * A call takes the large place back from whatever was shown there.
 * @param {import("nouba/announcer").Call | null} call
 * @param {boolean} isNew
 */
function announced(call, isNew) {
  isAnnouncing = call !== null;
  between.paint();
  spotlight(call, isNew);
}

/**
 * Puts one call in the large place: a call that was announced and is already off the list is shown from its copy.
 * @param {import("nouba/announcer").Call | null} call null: the newest
 * @param {boolean} isNew
 */
function spotlight(call, isNew) {
  const list = fragment().querySelector(".calls");
  if (!list) return;
  for (const extra of list.querySelectorAll("[data-extra]")) extra.remove();
  for (const element of list.querySelectorAll("[data-spot]")) element.removeAttribute("data-spot");
  // Nobody is called and the large place is lent: the newest call stands first in the list.
  if (!call && between.isShown) return;
  const spot = call ? (listed(list, call.key) ?? added(list, call.element)) : list.firstElementChild;
  spot?.setAttribute("data-spot", "");
  // A push takes the mark away while the call still flashes; put back before the next frame, the flash goes on.
  for (const element of list.querySelectorAll("[data-new]")) element.removeAttribute("data-new");
  if (!call || !(spot instanceof HTMLElement)) return;
  if (isNew) {
    void spot.offsetWidth; // the same element may be called again: a style without the mark starts the flash anew
    say(spot);
  }
  spot.setAttribute("data-new", "");
}

/**
 * @param {Element} list
 * @param {string} key
 */
function listed(list, key) {
  return [...list.children].find((element) => element instanceof HTMLElement && element.dataset.call === key);
}

/**
 * @param {Element} list
 * @param {HTMLElement} copy
 */
function added(list, copy) {
  copy.dataset.extra = "";
  copy.removeAttribute("id");
  list.append(copy);
  return copy;
}

/** @param {HTMLElement} spot */
function say(spot) {
  const place = document.getElementById("announcement");
  const pattern = document.getElementById("announcement-text");
  if (!place || !(pattern instanceof HTMLTemplateElement)) return;
  const number = spot.querySelector(".call-number")?.textContent ?? "";
  const desk = spot.querySelector(".call-desk")?.textContent ?? "";
  place.textContent = (pattern.content.textContent ?? "").replace("{number}", number).replace("{desk}", desk);
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

function turnLanguages() {
  setInterval(() => {
    const known = languages();
    wall.dataset.shown = known[(known.indexOf(wall.dataset.shown ?? "") + 1) % known.length];
  }, LANGUAGE_SECONDS * 1000);
}

/** The operator may take away the very language that is shown. */
function keepToLanguages() {
  const known = languages();
  if (!known.includes(wall.dataset.shown ?? "")) wall.dataset.shown = known[0];
}

function languages() {
  return (fragment().dataset.languages ?? "").split(" ");
}

/** A browser that was not started for a wall is mute until it is touched once. */
function offerSound() {
  const button = document.getElementById("sound");
  if (!button) return;
  const show = () => (button.hidden = !chime.isSilent());
  button.addEventListener("click", () => void chime.wake().then(show));
  setTimeout(show, CLOCK_MILLISECONDS);
}

async function stayAwake() {
  if (!("wakeLock" in navigator) || document.hidden) return;
  try {
    await navigator.wakeLock.request("screen");
  } catch (error) {
    console.info("the screen may fall asleep", error);
  }
}

function fragmentUrl() {
  const url = new URL(location.href);
  url.searchParams.set("fragment", "1");
  return url.href;
}
