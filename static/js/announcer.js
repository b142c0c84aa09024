// @ts-check
// Shows every call in turn, none overwritten: several may arrive in the same second, in one view or in many.

const SHOWN_SECONDS = 6;
/** Each is shown this long when many are waiting to be shown: a hall must not lag minutes behind its desks. */
const SHOWN_HURRIED_SECONDS = 3;
const HURRY_FROM = 3; // calls still to show
/** A call this old is no news after an outage: it is listed, but neither chimed nor flashed. */
const FRESH_SECONDS_MAX = 60;
/** Desks read their clocks just before they queue up for the branch: times may cross by this much. */
const CLOCK_SLACK_SECONDS = 5;

/**
 * @typedef {object} Call
 * @property {string} key the ticket and how often it was called
 * @property {number} calledAtMs
 * @property {HTMLElement} element as painted
 */

/**
 * The calls of a painted list, newest first.
 * @param {ParentNode} root
 * @returns {Call[]}
 */
export function readCalls(root) {
  /** @type {NodeListOf<HTMLElement>} */
  const elements = root.querySelectorAll("[data-call]:not([data-extra])");
  return [...elements].map((element) => ({
    key: element.dataset.call ?? "",
    calledAtMs: Date.parse(element.dataset.calledAt ?? ""),
    element,
  }));
}

/**
 * Remembers what was seen and says what is new, oldest first. The first view is no news: the hall saw it already.
 * @param {Call[]} seenFirst
 */
export function createCallMemory(seenFirst) {
  const seen = new Set(seenFirst.map((call) => call.key));
  let newestMs = Math.max(0, ...seenFirst.map((call) => call.calledAtMs));

  return {
    /**
     * @param {Call[]} calls
     * @param {number} nowMs the server's time
     */
    learn(calls, nowMs) {
      const fresh = calls.filter(
        (call) =>
          !seen.has(call.key) &&
          // An old call slides back into the list when a newer one is withdrawn: it is unseen, but not new.
          call.calledAtMs > newestMs - CLOCK_SLACK_SECONDS * 1000 &&
          call.calledAtMs > nowMs - FRESH_SECONDS_MAX * 1000,
      );
      for (const call of calls) seen.add(call.key);
      newestMs = Math.max(newestMs, ...calls.map((call) => call.calledAtMs));
      return fresh.reverse();
    },
  };
}

/**
 * @param {object} parts
 * @param {(call: Call | null, isNew: boolean) => void} parts.show puts one call in the large place; null: the newest
 * @param {() => void} parts.chime
 */
export function createAnnouncer({ show, chime }) {
  /** @type {Call[]} */
  const queue = [];
  /** @type {Call | null} */
  let current = null;

  const next = () => {
    current = queue.shift() ?? null;
    show(current, current !== null);
    if (current === null) return;
    chime();
    window.setTimeout(next, 1000 * (queue.length >= HURRY_FROM ? SHOWN_HURRIED_SECONDS : SHOWN_SECONDS));
  };

  return {
    /** @param {Call[]} calls oldest first */
    announce(calls) {
      queue.push(...calls.map((call) => ({ ...call, element: /** @type {HTMLElement} */ (call.element.cloneNode(true)) })));
      if (current === null && queue.length > 0) next();
      else show(current, false);
    },
  };
}
