// @ts-check
/**
 * Sends what the agent wants, once: one intention at a time, one idempotency key for each, the same key when it has to
 * be sent again because the network or the server failed.
 */
import { newKey } from "nouba/keys";

const ANSWER_MILLISECONDS_MAX = 8000;
const RETRY_MILLISECONDS = [400, 1000, 2000, 4000, 4000];
const NEVER_PART_OF_AN_INTENTION = new Set(["csrf_token", "key"]);

/**
 * @typedef {{html: string, seq: number, isRefusal: boolean}} Answer a fragment
 * @typedef {object} Hooks
 * @property {(isBusy: boolean) => void} onBusy
 * @property {(answer: Answer) => void} onAnswer
 * @property {(what: "unreachable" | "failed") => void} onTrouble
 * @property {() => void} onElsewhere the page is no longer this one: signed out, or the shift is over
 */

/** The one way from a press to the server. */
export class Sender {
  #hooks;
  #isBusy = false;
  /** @type {{intention: string, key: string} | null} not known to have been done */
  #open = null;

  /** @param {Hooks} hooks */
  constructor(hooks) {
    this.#hooks = hooks;
  }

  get isBusy() {
    return this.#isBusy;
  }

  /**
   * @param {string} address
   * @param {FormData} fields
   */
  async send(address, fields) {
    if (this.#isBusy) return;
    const intention = intentionOf(address, fields);
    const key = this.#open?.intention === intention ? this.#open.key : newKey();
    this.#open = { intention, key };
    fields.set("key", key);
    this.#busy(true);
    const answer = await this.#persist(address, fields);
    this.#busy(false);
    if (answer === "failed") {
      this.#hooks.onTrouble("failed");
      return;
    }
    this.#open = null;
    if (answer === "elsewhere") this.#hooks.onElsewhere();
    else this.#hooks.onAnswer(answer);
  }

  /**
   * @param {string} address
   * @param {FormData} fields
   */
  async #persist(address, fields) {
    for (const pause of [...RETRY_MILLISECONDS, 0]) {
      const answer = await attempt(address, fields);
      if (answer !== "failed") return answer;
      if (pause === 0) break;
      this.#hooks.onTrouble("unreachable");
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return "failed";
  }

  /** @param {boolean} isBusy */
  #busy(isBusy) {
    this.#isBusy = isBusy;
    this.#hooks.onBusy(isBusy);
  }
}

/**
 * @param {string} address
 * @param {FormData} fields
 * @returns {Promise<Answer | "failed" | "elsewhere">} failed: may be tried again with the same key
 */
async function attempt(address, fields) {
  try {
    const response = await fetch(address, {
      method: "POST",
      body: fields,
      headers: { "X-Fragment": "1" },
      // A redirect is an answer too: the shift is closed, or the session is over.
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_MILLISECONDS_MAX),
    });
    if (response.status >= 500 || response.status === 429) return "failed";
    if (response.type === "opaqueredirect") return "elsewhere";
    const html = await response.text();
    if (!html.includes('id="view"') || response.redirected) return "elsewhere";
    return { html, seq: Number(response.headers.get("X-Nouba-Seq")), isRefusal: !response.ok };
  } catch (error) {
    console.info("not sent", error);
    return "failed";
  }
}

/**
 * @param {string} address
 * @param {FormData} fields
 */
function intentionOf(address, fields) {
  const wishes = [...fields].filter(([name]) => !NEVER_PART_OF_AN_INTENTION.has(name));
  return JSON.stringify([address, wishes]);
}
