// Shows the printer's papers, newest first, as they come out.

const MILLISECONDS_NEW = 2_000;

/**
 * @typedef {{number: number, printed_at: string, width_dots: number, height_dots: number,
 *   width_mm: number, height_mm: number, byte_count: number, ending: string,
 *   unknown_commands: Record<string, number>, picture: string}} Paper
 */

const endings = new Map([
  ["cut", ""],
  ["torn", "Incomplete: torn off"],
  ["ran_out", "Incomplete: the roll ended"],
  ["too_long", "Too long"],
]);

const list = element("papers");
const live = element("live");
const empty = element("empty");
const template = /** @type {HTMLTemplateElement} */ (element("paper"));
let shownBefore = false;

const stream = new EventSource("/events");
stream.addEventListener("open", () => say("live", "Live"));
stream.addEventListener("error", () => say("waiting", "The printer is off. Trying again…"));
stream.addEventListener("message", (message) => show(JSON.parse(message.data).papers));

/** @param {Paper[]} papers newest first: the whole list, so a lost message loses nothing */
function show(papers) {
  const keys = new Set(papers.map(key));
  for (const item of [...list.children]) {
    if (!keys.has(/** @type {HTMLElement} */ (item).dataset.key ?? "")) item.remove();
  }
  const present = new Set([...list.children].map((item) => /** @type {HTMLElement} */ (item).dataset.key));
  const added = papers.filter((paper) => !present.has(key(paper)));
  for (const paper of added.reverse()) list.prepend(item(paper));
  empty.hidden = papers.length > 0;
  shownBefore = true;
}

/** @param {Paper} paper */
function item(paper) {
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const root = part(copy, ".paper");
  root.dataset.key = key(paper);
  root.dataset.ending = paper.ending;
  root.toggleAttribute("data-narrow", paper.width_dots < 500);
  if (shownBefore) {
    root.toggleAttribute("data-new", true);
    setTimeout(() => root.removeAttribute("data-new"), MILLISECONDS_NEW);
  }
  part(copy, ".number").textContent = `No. ${paper.number}`;
  const time = /** @type {HTMLTimeElement} */ (part(copy, "time"));
  time.dateTime = paper.printed_at;
  time.textContent = new Date(paper.printed_at).toLocaleTimeString();
  part(copy, ".ending").textContent = endings.get(paper.ending) ?? paper.ending;
  const picture = /** @type {HTMLImageElement} */ (part(copy, "img"));
  picture.width = paper.width_dots;
  picture.height = paper.height_dots;
  picture.alt = `What was printed on paper ${paper.number}`;
  picture.src = paper.picture;
  const size = `${paper.width_mm.toFixed(0)} × ${paper.height_mm.toFixed(0)} mm`;
  part(copy, ".facts").textContent = `${size} · ${paper.byte_count.toLocaleString()} bytes`;
  const unknown = Object.entries(paper.unknown_commands).map(([name, count]) => `${name} × ${count}`);
  part(copy, ".unknown").textContent = unknown.length ? `Not understood: ${unknown.join(", ")}` : "";
  return copy;
}

/** @param {Paper} paper the number starts again when the printer does */
function key(paper) {
  return `${paper.number} ${paper.printed_at}`;
}

/** @param {string} state @param {string} words */
function say(state, words) {
  live.dataset.state = state;
  live.textContent = words;
}

/** @param {DocumentFragment} root @param {string} selector */
function part(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`no ${selector}`);
  return found;
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found;
}
