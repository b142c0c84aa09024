// @ts-check
/** The wall on a display: its program brings the news, says the calls, and tells which one is being said. */
import { announce, believe, fragmentUrl, keepUp, reloadForNewVersion, startWall, tellNow } from "nouba/board_wall";
import { LocalNews } from "nouba/local_news";

const IDENTIFY_MILLISECONDS = 10_000;
/** Copies of the last calls: one may be off the list by the time it is said. */
const COPIES_MAX = 24;

/** @type {Map<string, HTMLElement>} */
const copies = new Map();
/** @type {string | null} */
let announced = null;
/** @type {string | null} */
let version = null;
let identified = 0;

const news = new LocalNews({
  fragmentUrl: fragmentUrl(),
  onPaint: () => {
    keepUp();
    copyCalls();
    point(false);
  },
  onNews: hear,
  onJudged: believe,
  onStuck: (isOrdered) => (isOrdered ? location.reload() : reloadForNewVersion()),
});
startWall();
copyCalls();
void news.run();

/** @param {import("nouba/local_news").News} heard */
function hear(heard) {
  tellNow(heard.now);
  // The first answer tells a fresh page everything, also what the one before it was asked to do.
  if (heard.reload && version !== null) location.reload();
  // What the program said first is what this page was made of.
  version ??= heard.version;
  if (heard.version !== version) {
    version = heard.version;
    reloadForNewVersion();
  }
  const key = heard.announce?.key ?? null;
  if (key !== announced) {
    announced = key;
    point(true);
  }
  if (heard.identify) identify(heard.identify);
}

/** @param {boolean} isNew */
function point(isNew) {
  announce(announced === null ? null : { key: announced, element: copies.get(announced) ?? null }, isNew);
}

function copyCalls() {
  for (const element of document.querySelectorAll("#view [data-call]:not([data-extra])")) {
    if (!(element instanceof HTMLElement)) continue;
    const key = element.dataset.call ?? "";
    if (!copies.has(key)) copies.set(key, /** @type {HTMLElement} */ (element.cloneNode(true)));
  }
  for (const key of copies.keys()) {
    if (copies.size <= COPIES_MAX) break;
    copies.delete(key);
  }
}

/** @param {{name: string, id: number}} display */
function identify(display) {
  const place = document.getElementById("identify");
  const name = place?.querySelector(".identify-name");
  const id = place?.querySelector(".identify-id");
  if (!place || !name || !id) return;
  name.textContent = display.name;
  id.textContent = String(display.id);
  place.hidden = false;
  clearTimeout(identified);
  identified = window.setTimeout(() => (place.hidden = true), IDENTIFY_MILLISECONDS);
}
