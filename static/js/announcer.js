// @ts-check
// Shows every call in turn, none overwritten: several may arrive in the same second, in one view or in many.

const SHOWN_SECONDS = 6;
/** Each is shown this long when many are waiting to be shown: a hall must not lag minutes behind its desks. */
const SHOWN_HURRIED_SECONDS = 3;
const HURRY_FROM = 3; // calls still to show
/** A call this old is no news, after an outage or behind many others: it is listed, but neither said nor flashed. */
export const FRESH_SECONDS_MAX = 60;
/** Desks read their clocks just before they queue up for the branch: times may cross by this much. */
const CLOCK_SLACK_SECONDS = 5;
/**
 * What may wait to be shown: twice what can be before it is old, for some are answered meanwhile. Each waits with its
 * copy, some fifty nodes.
 */
const WAITING_MAX = (2 * FRESH_SECONDS_MAX) / SHOWN_HURRIED_SECONDS; // calls
/** What is remembered beyond the list that is shown: a wall runs for months. */
const REMEMBERED_MAX = 64; // calls

/**
 * @typedef {object} Call
 * @property {string} key the ticket and how often it was called
 * @property {string} label its number
 * @property {number} calledAtMs
 * @property {string} state
 * @property {HTMLElement} element as painted
 */

/**
 * The calls of a painted view, newest first.
 * @param {ParentNode} root
 * @returns {Call[]}
 */
export function readCalls(root) {
  /** @type {NodeListOf<HTMLElement>} */
  const elements = root.querySelectorAll("[data-call]:not([data-extra])");
  return [...elements]
    .map((element) => ({
      key: element.dataset.call ?? "",
      label: element.dataset.label ?? "",
      calledAtMs: Date.parse(element.dataset.calledAt ?? ""),
      state: element.dataset.state ?? "",
      element,
    }))
    .sort((one, other) => other.calledAtMs - one.calledAtMs);
}

/**
 * Whether a call may still be announced: not when it was answered, taken back, called anew or has grown old meanwhile.
 * One that is missing from a list which newer ones have filled is only further down.
 * @param {Call} call
 * @param {Call[]} present the newest view's calls
 * @param {number} nowMs the server's time
 */
export function isStillCalled(call, present, nowMs) {
  if (call.calledAtMs <= nowMs - FRESH_SECONDS_MAX * 1000) return false;
  const found = present.find((each) => each.label === call.label);
  if (found) return found.key === call.key && found.state === "called";
  return present.length > 0 && present.every((each) => each.calledAtMs >= call.calledAtMs);
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
          call.state === "called" &&
          // An old call slides back into the list when a newer one is withdrawn: it is unseen, but not new.
          call.calledAtMs > newestMs - CLOCK_SLACK_SECONDS * 1000 &&
          call.calledAtMs > nowMs - FRESH_SECONDS_MAX * 1000,
      );
      for (const call of calls) seen.add(call.key);
      forgetOldest(seen);
      newestMs = Math.max(newestMs, ...calls.map((call) => call.calledAtMs));
      return fresh.reverse();
    },
    /** How many calls are remembered. */
    size: () => seen.size,
  };
}

/** @param {Set<string>} seen in the order in which they were seen; what is forgotten is older than any news */
function forgetOldest(seen) {
  for (const key of seen) {
    if (seen.size <= REMEMBERED_MAX) return;
    seen.delete(key);
  }
}

/**
 * @param {object} parts
 * @param {(call: Call | null, isNew: boolean) => void} parts.show puts one call in the large place; null: the newest
 * @param {(call: Call, waiting: Call[]) => Promise<void>} parts.say heard until it resolves; others wait meanwhile
 * @param {(call: Call) => boolean} parts.isStillCalled
 */
export function createAnnouncer({ show, say, isStillCalled }) {
  /** @type {Call[]} */
  const queue = [];
  /** @type {Call | null} */
  let current = null;

  const next = async () => {
    do current = queue.shift() ?? null;
    while (current !== null && !isStillCalled(current));
    show(current, current !== null);
    if (current === null) return;
    const seconds = queue.length >= HURRY_FROM ? SHOWN_HURRIED_SECONDS : SHOWN_SECONDS;
    const shown = new Promise((resolve) => window.setTimeout(resolve, 1000 * seconds));
    await Promise.all([shown, say(current, [...queue])]);
    void next();
  };

  return {
    /** @param {Call[]} calls oldest first */
    announce(calls) {
      // Looked at after every paint: once an answered call is off the list, nobody knows any more that it was answered.
      queue.splice(0, queue.length, ...queue.filter(isStillCalled));
      queue.push(...calls.map((call) => ({ ...call, element: /** @type {HTMLElement} */ (call.element.cloneNode(true)) })));
      if (queue.length > WAITING_MAX) queue.length = WAITING_MAX;
      if (current === null && queue.length > 0) void next();
      else show(current, false);
    },
  };
}
