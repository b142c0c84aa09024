// @ts-check
/**
 * Keeps one screen true: watches its view over Socket.IO, paints the newest, polls while the socket is down, and says
 * so. Every message carries the whole view and its seq; a lower seq than the one shown is never painted.
 */
import { io } from "socket.io";
import { reframe } from "nouba/frame";
import { morph, parsed } from "nouba/morph";

const SILENCE_SECONDS_MAX = 5;
const POLL_SECONDS = 15;
const TICK_MILLISECONDS = 1000;
const ACK_MILLISECONDS_MAX = 5000;
const FETCH_MILLISECONDS_MAX = 10000;
/** A wall that hears nothing knocks at every tick: it must be right within a second of the network's return. */
const KNOCK_MILLISECONDS_MAX = 900;
const RECONNECT_MILLISECONDS_MIN = 250;
/** Walls and desks are few and must be right at once; phones are many and come back in a wider spread. */
const RECONNECT_MILLISECONDS_MAX = { walls: 800, phones: 5000 };
/** An attempt without an answer: made while the network was away, it would hang long after it is back. */
const CONNECT_MILLISECONDS_MAX = { walls: 2000, phones: 8000 };
/** One pulse may be overtaken by a push; not so many in a row. */
const PULSES_BEHIND_MAX = 3;
const SECONDS_A_MINUTE = 60;
const FRAGMENT_ID = "view";

/**
 * @typedef {object} Watched what to ask for
 * @property {"board" | "kiosk" | "desk" | "ticket"} view
 * @property {string} branch the slug
 * @property {string} language "" on screens that show them all
 * @property {string} [secret] of a ticket
 *
 * @typedef {object} View
 * @property {number} seq
 * @property {string} at
 * @property {string} html
 *
 * @typedef {object} Line
 * @property {number} seq
 * @property {string} at
 * @property {string} service
 * @property {string[]} labels
 * @property {[number, number][]} waits p50 and p90 in seconds, by position
 *
 * @typedef {object} Options
 * @property {Watched} watched
 * @property {string} fragmentUrl where the fragment alone is answered
 * @property {boolean} [pulses] whether the server sends pulses to this room (phones get none)
 * @property {(before: Element, after: Element) => void} [beforePaint] to compare old and new
 * @property {() => void} [onPaint] after the fragment was painted
 * @property {(line: Line) => void} [onLine]
 * @property {(code: string) => void} [onRefused] the server will not show this view
 * @property {(online: boolean) => void} [onConnection]
 */

/** One live screen. Made once per page. */
export class Live {
  /** @type {Options} */
  #options;
  #seq = -1;
  #freshAt = performance.now();
  #polledAt = performance.now();
  #online = true;
  #held = false;
  #asking = false;
  #etag = "";
  #frame;
  #pulsesBehind = 0;
  /** @type {View | null} */
  #waiting = null;
  #socket;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#seq = Number(fragment().dataset.seq ?? -1);
    this.#frame = fragment().dataset.frame;
    const kind = options.pulses ? "walls" : "phones";
    this.#socket = io({
      transports: ["websocket"],
      reconnectionDelay: RECONNECT_MILLISECONDS_MIN,
      reconnectionDelayMax: RECONNECT_MILLISECONDS_MAX[kind],
      timeout: CONNECT_MILLISECONDS_MAX[kind],
    });
    this.#socket.on("connect", () => this.#watch());
    this.#socket.on("view", (/** @type {View} */ view) => this.#receive(view));
    this.#socket.on("line", (/** @type {Line} */ line) => this.#receiveLine(line));
    this.#socket.on("pulse", (/** @type {{seq: number}} */ pulse) => this.#receivePulse(pulse.seq));
    window.addEventListener("online", () => this.watchAgain());
    setInterval(() => this.#tick(), TICK_MILLISECONDS);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.refresh();
    });
  }

  /** The version that the screen shows. */
  get seq() {
    return this.#seq;
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
    this.#fresh();
    this.#receive({ html, seq, at: "" }, { evenIfSame: true });
  }

  /** Asks for the view anew: what is watched has moved, or the network came back. */
  watchAgain() {
    if (this.#socket.connected) void this.#watch();
    else this.#socket.disconnect().connect();
  }

  /**
   * Fetches the fragment now.
   * @param {number} [patience] milliseconds to wait for the answer
   */
  async refresh(patience = FETCH_MILLISECONDS_MAX) {
    if (this.#asking) return;
    this.#asking = true;
    this.#polledAt = performance.now();
    try {
      const answer = await fetch(this.#options.fragmentUrl, {
        headers: this.#etag ? { "If-None-Match": this.#etag } : {},
        cache: "no-store",
        signal: AbortSignal.timeout(patience),
      });
      if (answer.status === 304) this.#fresh();
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
    this.#fresh();
    this.#receive({ html, seq: Number(answer.headers.get("X-Nouba-Seq") ?? this.#seq), at: "" });
  }

  async #watch() {
    try {
      const ack = await this.#socket
        .timeout(ACK_MILLISECONDS_MAX)
        .emitWithAck("watch", this.#options.watched);
      if (!ack.ok) {
        this.#options.onRefused?.(ack.code);
        return;
      }
      this.#fresh();
      this.#receive(ack.view);
    } catch (error) {
      console.info("no answer to watch", error);
      this.#socket.disconnect().connect();
    }
  }

  /**
   * @param {View} view
   * @param {{evenIfSame?: boolean}} [how]
   */
  #receive(view, { evenIfSame = false } = {}) {
    this.#fresh();
    if (view.seq < this.#seq || (view.seq === this.#seq && !evenIfSame)) return;
    if (this.#held) this.#waiting = view;
    else this.#paint(view);
  }

  /** @param {Line} line */
  #receiveLine(line) {
    this.#fresh();
    if (line.seq < this.#seq) return;
    this.#options.onLine?.(line);
  }

  /** @param {number} seq */
  #receivePulse(seq) {
    this.#fresh();
    // Behind us again and again: the server's database is another one (restored from a backup, set up anew).
    this.#pulsesBehind = seq < this.#seq ? this.#pulsesBehind + 1 : 0;
    if (this.#pulsesBehind >= PULSES_BEHIND_MAX) window.location.reload();
    if (seq > this.#seq && !this.#held) void this.refresh();
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

  #fresh() {
    this.#freshAt = performance.now();
    if (!this.#online) this.#say(true);
  }

  #tick() {
    const now = performance.now();
    const connected = this.#socket.connected;
    // Phones get no pulses: for them an open socket is news enough.
    if (connected && !this.#options.pulses) this.#fresh();
    const age = (now - this.#freshAt) / 1000;
    // No pulse for so long: the socket only seems to be open, as after a pulled cable.
    if (age >= SILENCE_SECONDS_MAX && this.#online && connected) this.#socket.disconnect().connect();
    if (age >= SILENCE_SECONDS_MAX) this.#say(false, age);
    const silent = age >= SILENCE_SECONDS_MAX;
    const due = (now - this.#polledAt) / 1000 >= POLL_SECONDS;
    if (silent && this.#options.pulses) void this.refresh(KNOCK_MILLISECONDS_MAX);
    else if (due && (!connected || silent)) void this.refresh();
  }

  /**
   * @param {boolean} online
   * @param {number} [age] in seconds
   */
  #say(online, age = 0) {
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
    const inMinutes = age >= SECONDS_A_MINUTE;
    const pattern = (inMinutes ? place.dataset.minutes : place.dataset.seconds) ?? "";
    // In steps of five seconds: a number that changes each second would be read out each second.
    const count = inMinutes ? Math.floor(age / SECONDS_A_MINUTE) : Math.floor(age / 5) * 5;
    const text = pattern.replace("{n}", String(count));
    if (place.textContent !== text) place.textContent = text;
  }
}
