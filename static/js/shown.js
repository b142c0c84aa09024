// @ts-check
/**
 * The part of a screen that the server keeps true: paints a view over the one before, never an older one, asks for the
 * fragment with its ETag, and says how old it is when nobody answers. What brings the news is a subclass: `Live` is
 * pushed to, `Polled` asks.
 */
import { reframe } from "nouba/frame";
import { morph, parsed } from "nouba/morph";

export const SILENCE_SECONDS_MAX = 5;
const FETCH_MILLISECONDS_MAX = 10000;
const SECONDS_A_MINUTE = 60;
const HOURS_FROM_SECONDS = 2 * 3600; // "120 minutes" says nothing at a glance
const HOURS_MAX = 999; // also for what was never heard at all
const FRAGMENT_ID = "view";

/**
 * @typedef {object} View
 * @property {number} seq
 * @property {string} at
 * @property {string} html
 *
 * @typedef {object} ShownOptions
 * @property {string} fragmentUrl where the fragment alone is answered
 * @property {(before: Element, after: Element) => void} [beforePaint] to compare old and new
 * @property {() => void} [onPaint] after the fragment was painted
 * @property {(code: string) => void} [onRefused] the server will not show this view
 * @property {(online: boolean) => void} [onConnection]
 * @property {(answer: Response) => void} [onAnswer] every answer to a poll, before it is painted
 * @property {boolean} [believesAnswers] answers come one after the other, so each is newer, whatever its seq
 */

/** One screen. Made once per page. */
export class Shown {
  /** @type {ShownOptions} */
  #options;
  #seq = -1;
  #freshAt = performance.now();
  #online = true;
  #held = false;
  #asking = false;
  #etag = "";
  #frame;
  /** @type {View | null} */
  #waiting = null;
  /** When the last poll began. */
  polledAt = performance.now();

  /** @param {ShownOptions} options */
  constructor(options) {
    this.#options = options;
    this.#seq = Number(fragment().dataset.seq ?? -1);
    this.#frame = fragment().dataset.frame;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.refresh();
    });
  }

  /** The version that the screen shows. */
  get seq() {
    return this.#seq;
  }

  get online() {
    return this.#online;
  }

  get held() {
    return this.#held;
  }

  /** Seconds since something true was heard. */
  get age() {
    return (performance.now() - this.#freshAt) / 1000;
  }

  /** Paints nothing until `release`: while an act is under way or another screen covers the view. */
  hold() {
    this.#held = true;
  }

  release() {
    this.#held = false;
    if (this.#waiting) this.#paint(this.#waiting);
    this.#waiting = null;
  }

  /**
   * Paints a fragment that answered a request of ours.
   * @param {string} html
   * @param {number} seq
   */
  show(html, seq) {
    this.receive({ html, seq, at: "" }, { evenIfSame: true });
  }

  /**
   * Fetches the fragment now.
   * @param {number} [patience] milliseconds to wait for the answer
   */
  async refresh(patience = FETCH_MILLISECONDS_MAX) {
    if (this.#asking) return;
    this.#asking = true;
    this.polledAt = performance.now();
    try {
      const answer = await fetch(this.#options.fragmentUrl, {
        headers: this.#etag ? { "If-None-Match": this.#etag } : {},
        cache: "no-store",
        signal: AbortSignal.timeout(patience),
      });
      this.#options.onAnswer?.(answer);
      if (answer.status === 304) this.fresh();
      else if (answer.ok) await this.#receiveAnswer(answer);
      else if (answer.status < 500) this.#options.onRefused?.(String(answer.status));
    } catch (error) {
      // No network: the banner already says so and the next poll is due by itself.
      console.info("poll failed", error);
    } finally {
      this.#asking = false;
    }
  }

  /** @param {Response} answer */
  async #receiveAnswer(answer) {
    const html = await answer.text();
    this.#etag = answer.headers.get("ETag") ?? "";
    const seq = Number(answer.headers.get("X-Nouba-Seq") ?? this.#seq);
    if (this.#options.believesAnswers) this.believe({ html, seq, at: "" });
    else this.receive({ html, seq, at: "" });
  }

  /**
   * Paints what is known to be newer, whatever its seq.
   * @param {View} view
   */
  believe(view) {
    this.#seq = Math.min(this.#seq, view.seq - 1);
    this.receive(view);
  }

  /**
   * @param {View} view
   * @param {{evenIfSame?: boolean}} [how]
   */
  receive(view, { evenIfSame = false } = {}) {
    this.fresh();
    if (view.seq < this.#seq || (view.seq === this.#seq && !evenIfSame)) return;
    if (this.#held) this.#waiting = view;
    else this.#paint(view);
  }

  /**
   * What is painted is right at `seq` too.
   * @param {number} seq
   * @returns {boolean} whether that is news
   */
  confirm(seq) {
    this.fresh();
    if (seq < this.#seq) return false;
    this.#seq = seq;
    return true;
  }

  /** @param {View} view */
  #paint(view) {
    const after = parsed(view.html, FRAGMENT_ID);
    if (!after) return;
    this.#seq = view.seq;
    const before = fragment();
    this.#options.beforePaint?.(before, after);
    morph(before, after);
    this.#options.onPaint?.();
    void this.#keepFrame(fragment().dataset.frame);
  }

  /** @param {string | undefined} frame a mark of what stands around the fragment */
  async #keepFrame(frame) {
    const before = this.#frame;
    if (!frame || frame === before) return;
    this.#frame = frame;
    // Not reached: the next paint tries again.
    if (!(await reframe())) this.#frame = before;
  }

  /** Something true was heard. */
  fresh() {
    this.#freshAt = performance.now();
    if (!this.#online) this.say(true);
  }

  /**
   * @param {boolean} online
   * @param {number} [age] in seconds
   */
  say(online, age = 0) {
    const banner = document.getElementById("connection");
    if (banner) banner.hidden = online;
    if (!online) tellAge(age);
    if (online === this.#online) return;
    this.#online = online;
    document.documentElement.dataset.connection = online ? "on" : "off";
    this.#options.onConnection?.(online);
  }
}

/** @returns {HTMLElement} the part of the page that pushes replace */
export function fragment() {
  const found = document.getElementById(FRAGMENT_ID);
  if (!found) throw new Error("this page has no #view");
  return found;
}

/** @param {number} age in seconds */
function tellAge(age) {
  for (const place of document.querySelectorAll("[data-age]")) {
    if (!(place instanceof HTMLElement)) continue;
    const text = ageText(place, age);
    if (place.textContent !== text) place.textContent = text;
  }
}

/**
 * @param {HTMLElement} place holds the sentences
 * @param {number} age in seconds
 */
function ageText(place, age) {
  const { seconds = "", minutes = "", hours, unknown } = place.dataset;
  if (unknown && !Number.isFinite(age)) return unknown;
  if (hours && age >= HOURS_FROM_SECONDS) return hours.replace("{n}", String(Math.min(HOURS_MAX, Math.floor(age / 3600))));
  if (age >= SECONDS_A_MINUTE) return minutes.replace("{n}", String(Math.floor(age / SECONDS_A_MINUTE)));
  // In steps of five seconds: a number that changes each second would be read out each second.
  return seconds.replace("{n}", String(Math.floor(age / 5) * 5));
}
