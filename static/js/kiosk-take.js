// @ts-check
/**
 * Asks for one ticket, once. The key was made with the screen and stays the same through double taps, lost replies and
 * retries, so that the server answers all of them with the same ticket.
 */
import { parsed } from "nouba/morph";
import { go, pause } from "nouba/kiosk-go";
import { showTicket } from "nouba/kiosk-ticket";
import { SCREEN } from "nouba/kiosk-voice";

const ATTEMPTS_MAX = 6;
const ANSWER_MILLISECONDS_MAX = 8000;
const BACKOFF_MILLISECONDS_MIN = 500;
const BACKOFF_MILLISECONDS_MAX = 4000;
const DIALOG_AFTER_MILLISECONDS = 700;

/**
 * @typedef {object} TakeOptions
 * @property {HTMLFormElement} form
 * @property {() => void} hold what is shown stays as it is from now on
 * @property {import("nouba/kiosk-idle").Idle} idle
 * @property {string} startUrl
 * @property {() => void} onLeave before the ticket's screen goes back to the start
 */

/** The form of the services screen. */
export class Take {
  #options;
  #busy = false;
  /** @type {URLSearchParams | null} what is being asked for; kept for "try once more" */
  #asked = null;
  #dialog = /** @type {HTMLDialogElement} */ (document.getElementById("trying"));
  #words = /** @type {HTMLElement} */ (document.getElementById("trying-title"));
  #choices = /** @type {HTMLElement} */ (document.getElementById("trying-choices"));

  /** @param {TakeOptions} options */
  constructor(options) {
    this.#options = options;
    options.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tapped(event.submitter);
    });
    // Escape would leave the citizen before a locked screen.
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.getElementById("trying-retry")?.addEventListener("click", () => void this.#ask());
    document.getElementById("trying-leave")?.addEventListener("click", () => void go(options.startUrl));
  }

  /** @param {HTMLElement | null} tile */
  #tapped(tile) {
    if (this.#busy || !(tile instanceof HTMLButtonElement)) return;
    this.#busy = true;
    tile.setAttribute("aria-busy", "true");
    this.#options.hold();
    this.#options.idle.pause();
    this.#asked = new URLSearchParams();
    for (const [name, value] of new FormData(this.#options.form, tile)) {
      if (typeof value === "string") this.#asked.append(name, value);
    }
    void this.#ask();
  }

  async #ask() {
    this.#choices.hidden = true;
    this.#say(this.#dialog.dataset.asking);
    const slow = setTimeout(() => this.#open(), DIALOG_AFTER_MILLISECONDS);
    const answer = await this.#attempts();
    clearTimeout(slow);
    if (answer) this.#show(answer);
    else this.#fail();
  }

  /** @returns {Promise<Element | null>} the fragment that answers, or null when no attempt was answered */
  async #attempts() {
    let wait = BACKOFF_MILLISECONDS_MIN;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      if (attempt > 1) {
        this.#open();
        this.#say(this.#dialog.dataset.again?.replace("{n}", String(attempt)));
        await pause(wait);
        wait = Math.min(wait * 2, BACKOFF_MILLISECONDS_MAX);
      }
      const answer = await this.#post();
      if (answer) return answer;
    }
    return null;
  }

  /** @returns {Promise<Element | null>} */
  async #post() {
    try {
      const answer = await fetch(this.#options.form.action, {
        method: "POST",
        headers: { "X-Fragment": "1" },
        body: this.#asked,
        signal: AbortSignal.timeout(ANSWER_MILLISECONDS_MAX),
      });
      return answer.status < 500 ? parsed(await answer.text(), "view") : null;
    } catch (error) {
      console.info("no answer", error);
      return null;
    }
  }

  /** @param {Element} answer the ticket, or a refusal */
  #show(answer) {
    this.#dialog.close();
    document.querySelector(".kiosk-header h1")?.remove();
    document.querySelector(".kiosk-screen > .kiosk-footer")?.remove();
    const screen = document.importNode(answer, true);
    this.#options.form.replaceWith(screen);
    window.scrollTo(0, 0);
    if (screen instanceof HTMLElement && screen.dataset.screen === "ticket") {
      showTicket({ startUrl: this.#options.startUrl, onLeave: this.#options.onLeave });
    } else {
      this.#options.idle.resume();
      document.getElementById("refused-back")?.focus({ preventScroll: true });
    }
    document.dispatchEvent(new CustomEvent(SCREEN));
  }

  #fail() {
    this.#say(this.#dialog.dataset.failed);
    this.#choices.hidden = false;
    this.#open();
    // Alone before this question, the screen still finds its way back.
    this.#options.idle.resume();
  }

  #open() {
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** @param {string | undefined} words */
  #say(words) {
    this.#words.textContent = words ?? "";
  }
}
