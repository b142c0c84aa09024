// @ts-check
/**
 * Spoken guidance for who cannot see the screen: by the headphones and the five keys of `kiosk-arrows`. It says the
 * question, the choice in focus and its place, the ticket's number letter by letter, and what comes next; all of it also
 * stands in #transcript. The sound comes from the machine that serves the page.
 */
import { choices, focusFirst } from "nouba/kiosk-arrows";
import { isOn, onMode, setMode } from "nouba/kiosk-modes";

const PRESS_MILLISECONDS = 700;
const SOUND_MILLISECONDS_MAX = 20_000;
const REPEAT_KEYS = new Set(["*", "Home"]);
/** Spoken where there is neither a voice nor a recording for the page's own language. */
const INSTEAD = ["ar", "fr"];
const UNVOICED = "zgh";
/** Told to whatever waits for the visitor: there is somebody, listening. */
export const SPOKEN = "kiosk:spoken";
/** Told to the voice: another screen, or a question over it. */
export const SCREEN = "kiosk:screen";

/**
 * @typedef {object} Utterance
 * @property {string} language
 * @property {string} text
 * @property {Utterance[]} [instead] when there is no sound for it
 *
 * @typedef {Record<string, Record<string, string>>} Words by key, then by language
 */

/** @returns {Guide | null} null where there is no voice */
export function watchVoice() {
  const speech = document.getElementById("speech");
  return speech && new Guide(speech);
}

class Guide {
  #url;
  /** @type {Words} */
  #words;
  #transcript = /** @type {HTMLElement} */ (document.getElementById("transcript"));
  #audio = new Audio();
  #turn = 0;
  /** @type {Utterance[]} */
  #last = [];
  /** @type {Utterance[]} */
  #queue = [];
  #isPlaying = false;
  #introducing = false;
  #toldKeys = false;
  #pressedAt = 0;

  /** @param {HTMLElement} speech */
  constructor(speech) {
    this.#url = speech.dataset.url ?? "";
    this.#words = JSON.parse(speech.dataset.words ?? "{}");
    document.addEventListener("keydown", (event) => this.#pressed(event), { capture: true });
    document.addEventListener("focusin", (event) => this.#focused(event.target));
    document.addEventListener("change", (event) => this.#focused(event.target));
    document.addEventListener(SCREEN, () => this.#introduce());
    onMode((mode, on) => this.#switched(mode, on));
    new MutationObserver(() => this.#news()).observe(document.body, {
      subtree: true,
      attributes: true,
      attributeFilter: ["data-state"],
    });
    if (isOn("voice")) this.#introduce();
  }

  /**
   * Says how much of a code is typed, never what: a masked entry stays masked.
   * @param {number} count
   * @param {number} length
   */
  typed(count, length) {
    if (!isOn("voice")) return;
    this.#say(this.#phrase("typed", { count: String(count), length: String(length) }));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (isOn("voice") && REPEAT_KEYS.has(event.key)) {
      event.preventDefault();
      this.#say([...this.#last]);
      return;
    }
    const starts = event.key.startsWith("Arrow") || REPEAT_KEYS.has(event.key);
    if (!starts || isOn("voice")) return;
    if (!event.repeat) this.#pressedAt = event.timeStamp;
    else if (event.timeStamp - this.#pressedAt >= PRESS_MILLISECONDS) setMode("voice", true);
  }

  /**
   * @param {string} mode
   * @param {boolean} on
   */
  #switched(mode, on) {
    if (mode === "voice" && on) this.#introduce();
    else if (mode === "voice") this.#hush();
    else this.#focused(document.activeElement);
  }

  /** The screen from its top: what it asks, the keys if nobody has told them, and the first choice. */
  #introduce() {
    if (!isOn("voice")) return;
    const root = document.querySelector("dialog[open]") ?? document.getElementById("kiosk");
    const said = [...(root?.querySelectorAll("[data-speak]") ?? [])].filter((each) => each.checkVisibility());
    const all = said.flatMap((each) => (each instanceof HTMLElement ? this.#utterances(each, ownText(each)) : []));
    this.#introducing = true;
    if (!document.activeElement?.closest("dialog[open]")) focusFirst();
    this.#introducing = false;
    if (!this.#toldKeys && !document.getElementById("done")) all.push(...this.#phrase("keys", {}));
    this.#toldKeys = true;
    this.#say([...all, ...this.#choice(document.activeElement)]);
  }

  /** @param {EventTarget | null} target */
  #focused(target) {
    if (isOn("voice") && !this.#introducing) this.#say(this.#choice(target));
  }

  /** The printer's news. */
  #news() {
    if (!isOn("voice")) return;
    const words = [...document.querySelectorAll("#printing > span:not([hidden])")];
    this.#add(words.flatMap((each) => (each instanceof HTMLElement ? this.#utterances(each, ownText(each)) : [])));
  }

  /**
   * @param {EventTarget | null} target
   * @returns {Utterance[]}
   */
  #choice(target) {
    const all = choices();
    if (!(target instanceof HTMLElement) || !all.includes(target)) return [];
    const place = { place: String(all.indexOf(target) + 1), count: String(all.length) };
    const state = stateOf(target);
    return [
      ...this.#utterances(target, ownText(target)),
      ...(state ? this.#phrase(state, {}, target) : []),
      ...this.#phrase("choice", place, target),
    ];
  }

  /**
   * @param {HTMLElement} element
   * @param {string} text
   * @returns {Utterance[]}
   */
  #utterances(element, text) {
    return this.#in(languageOf(element), text, (language) => {
      return element.getAttribute(`data-say-${language}`) ?? "";
    });
  }

  /**
   * One of our own sentences.
   * @param {string} key
   * @param {Record<string, string>} values
   * @param {Element} [near] in whose language
   * @returns {Utterance[]}
   */
  #phrase(key, values, near = document.documentElement) {
    const inLanguage = (/** @type {string} */ language) =>
      (this.#words[key]?.[language] ?? "").replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
    return this.#in(languageOf(near), inLanguage(languageOf(near)), inLanguage);
  }

  /**
   * @param {string} language
   * @param {string} text
   * @param {(language: string) => string} otherwise
   * @returns {Utterance[]}
   */
  #in(language, text, otherwise) {
    if (!text) return [];
    if (language !== UNVOICED) return [{ language, text }];
    const instead = INSTEAD.map((each) => ({ language: each, text: otherwise(each) })).filter((each) => each.text);
    return [{ language, text, instead }];
  }

  /**
   * Instead of whatever is being said.
   * @param {Utterance[]} utterances
   */
  #say(utterances) {
    if (!utterances.length) return;
    this.#hush();
    this.#last = [];
    this.#add(utterances);
  }

  /**
   * After it: news must not cut a ticket's number short.
   * @param {Utterance[]} utterances
   */
  #add(utterances) {
    this.#last.push(...utterances);
    this.#transcript.append(...utterances.flatMap((each) => [each, ...(each.instead ?? [])]).map(line));
    this.#queue.push(...utterances);
    if (!this.#isPlaying) void this.#play(this.#turn);
  }

  #hush() {
    this.#turn += 1;
    this.#queue = [];
    this.#isPlaying = false;
    this.#audio.pause();
    this.#transcript.replaceChildren();
  }

  /** @param {number} turn over as soon as something else is said */
  async #play(turn) {
    this.#isPlaying = true;
    for (let each = this.#queue.shift(); each; each = this.#queue.shift()) {
      await this.#utter(each, turn);
      if (turn !== this.#turn) return;
    }
    this.#isPlaying = false;
  }

  /**
   * @param {Utterance} utterance
   * @param {number} turn
   */
  async #utter({ language, text, instead }, turn) {
    const isHeard = await this.#sound(`${this.#url}${language}.wav?text=${encodeURIComponent(text)}`);
    if (isHeard || !instead?.length || turn !== this.#turn) return;
    await this.#sound(`${this.#url}chime.wav`);
    for (const each of instead) if (turn === this.#turn) await this.#utter(each, turn);
  }

  /**
   * @param {string} url
   * @returns {Promise<boolean>} whether it was played to its end
   */
  async #sound(url) {
    const audio = new Audio(url);
    this.#audio = audio;
    document.dispatchEvent(new CustomEvent(SPOKEN));
    const ended = new Promise((resolve) => {
      audio.addEventListener("ended", () => resolve(true));
      audio.addEventListener("pause", () => resolve(true));
      audio.addEventListener("error", () => resolve(false));
      setTimeout(() => resolve(false), SOUND_MILLISECONDS_MAX);
    });
    try {
      await audio.play();
    } catch {
      return false; // no sound for it, or a browser that wants a touch first; the transcript is there
    }
    const isHeard = await ended;
    document.dispatchEvent(new CustomEvent(SPOKEN));
    return isHeard === true;
  }
}

/** @param {Utterance} utterance */
function line({ language, text }) {
  const place = document.createElement("p");
  place.lang = language;
  place.dir = language === "ar" ? "rtl" : "ltr";
  place.textContent = text;
  return place;
}

/** @param {Element} element */
function languageOf(element) {
  const own = element.querySelector(":scope > .mode-words > [lang]") ?? element;
  return own.closest("[lang]")?.getAttribute("lang") ?? "";
}

/** @param {HTMLElement} element */
function ownText(element) {
  if (element.dataset.say) return element.dataset.say;
  const words = element instanceof HTMLInputElement ? element.labels?.[0] : element.querySelector(".mode-words > [lang]");
  const shown = words instanceof HTMLElement ? words : element;
  return shown.innerText.split("\n").map((each) => each.trim()).filter(Boolean).join(". ");
}

/**
 * @param {HTMLElement} element
 * @returns {string} the key of a word, "" where there is nothing to say
 */
function stateOf(element) {
  if (element instanceof HTMLInputElement) return element.checked ? "chosen" : "";
  const pressed = element.getAttribute("aria-pressed");
  return pressed === null ? "" : pressed === "true" ? "on" : "off";
}
