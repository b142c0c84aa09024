// @ts-check
/**
 * The same wall on the display's own machine: no socket, a long question to the program that serves the page. Each
 * question is the page's heartbeat, and tells which view stands on the glass.
 */
import { SILENCE_SECONDS_MAX, Shown, fragment } from "nouba/shown";

const NEWS = "/local/news";
const ANSWER_MILLISECONDS_MAX = 5000;
/** After an answer without news, or none at all: never a storm of questions to our own machine. */
const PAUSE_MILLISECONDS = 100;
const RETRY_MILLISECONDS = 500;
/** A page that is not shown has no frames: it goes on asking, but acknowledges nothing. */
const FRAMES_MILLISECONDS_MAX = 500;
/** So many views in a row that could not be painted: what fails is the page itself. */
const FAILURES_MAX = 5;
/** Without a word from the program for so long, its last "you can believe it" is over. */
const BELIEVED_SECONDS = 60;

/**
 * @typedef {object} News
 * @property {number} number
 * @property {import("nouba/shown").View | null} view
 * @property {boolean} online
 * @property {string | null | undefined} now the server's time; null: nobody knows it
 * @property {number | null} age_seconds null: nobody knows it
 * @property {boolean} is_current
 * @property {{key: string, number: string, desk: number} | null} announce
 * @property {{name: string, id: number} | null} identify
 * @property {boolean} reload
 * @property {string} version
 *
 * @typedef {object} NewsOptions
 * @property {(news: News) => void} onNews after its view was painted
 * @property {(isCurrent: boolean) => void} onJudged
 * @property {(isOrdered: boolean) => void} onStuck the page cannot show its news; `isOrdered`: these asked to load anew
 */

/** Made once per page. */
export class LocalNews extends Shown {
  /** @type {import("nouba/shown").ShownOptions & NewsOptions} */
  #options;
  #after = -1;
  #painted = -1;
  /** When the program last heard the truth, on this page's own clock: milliseconds. */
  #truthAt;
  #isBelieved = false;
  #failures = 0;

  /** @param {import("nouba/shown").ShownOptions & NewsOptions} options */
  constructor(options) {
    super(options);
    this.#options = options;
    // Until the program has said it: what the page itself can tell of a board that was kept, by this machine's clock.
    const age = Date.now() - Date.parse(fragment().dataset.at ?? "");
    this.#truthAt = age >= 0 ? performance.now() - age : -Infinity;
  }

  /** Asks for ever. */
  async run() {
    await this.#acknowledge();
    for (;;) {
      const pause = (await this.#ask()) ? PAUSE_MILLISECONDS : RETRY_MILLISECONDS;
      this.#judge();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /**
   * Only the program knows how fresh a view is: it hands out what it has kept, too.
   * @override
   */
  fresh() {}

  /** @override */
  get age() {
    return (performance.now() - this.#truthAt) / 1000;
  }

  /** @returns {Promise<boolean>} whether the program answered, and its news are shown */
  async #ask() {
    try {
      const answer = await fetch(`${NEWS}?after=${this.#after}&painted=${this.#painted}`, {
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_MILLISECONDS_MAX),
      });
      if (!answer.ok) return false;
      return await this.#hear(await answer.json());
    } catch (error) {
      console.info("no news from the display's program", error);
      return false;
    }
  }

  /**
   * News count as heard once they are shown: what could not be painted is asked for again, all of it.
   * @param {News} news
   * @returns {Promise<boolean>} whether they are
   */
  async #hear(news) {
    this.#truthAt = performance.now() - 1000 * (news.age_seconds ?? Infinity);
    this.#isBelieved = news.is_current;
    // The program hands them out one after the other: each is newer, whatever its seq (a database may be restored).
    try {
      if (news.view) this.believe(news.view);
      this.#judge();
      this.#options.onNews(news);
    } catch (error) {
      console.warn("these news could not be shown", error);
      this.#fail(news.reload);
      return false;
    }
    this.#after = news.number;
    this.#failures = 0;
    if (news.view) await this.#acknowledge();
    return true;
  }

  /** @param {boolean} isOrdered whether the news that failed asked the page to load anew */
  #fail(isOrdered) {
    this.#after = -1;
    this.#failures += 1;
    if (!isOrdered && this.#failures < FAILURES_MAX) return;
    this.#failures = 0;
    this.#options.onStuck(isOrdered);
  }

  #judge() {
    this.say(this.age < SILENCE_SECONDS_MAX, this.age);
    this.#options.onJudged(this.#isBelieved && this.age < BELIEVED_SECONDS);
  }

  /** What was put into the page is on the glass once a frame was drawn with it and the next one begins. */
  async #acknowledge() {
    const seq = Number(fragment().dataset.seq ?? -1);
    const drawn = new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))));
    const late = new Promise((resolve) => setTimeout(() => resolve(false), FRAMES_MILLISECONDS_MAX));
    if (await Promise.race([drawn, late])) this.#painted = seq;
  }
}
