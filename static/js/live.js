// @ts-check
/**
 * Keeps one screen true: watches its view over Socket.IO, paints the newest, polls while the socket is down, and says
 * so. Every message carries the whole view and its seq; a lower seq than the one shown is never painted.
 */
import { io } from "socket.io";
import { SILENCE_SECONDS_MAX, Shown, fragment } from "nouba/shown";

export { fragment } from "nouba/shown";

const POLL_SECONDS = 15;
const TICK_MILLISECONDS = 1000;
const ACK_MILLISECONDS_MAX = 5000;
/** A wall that hears nothing knocks at every tick: it must be right within a second of the network's return. */
const KNOCK_MILLISECONDS_MAX = 900;
const RECONNECT_MILLISECONDS_MIN = 250;
/** Walls and desks are few and must be right at once; phones are many and come back in a wider spread. */
const RECONNECT_MILLISECONDS_MAX = { walls: 800, phones: 5000 };
/** An attempt without an answer: made while the network was away, it would hang long after it is back. */
const CONNECT_MILLISECONDS_MAX = { walls: 2000, phones: 8000 };
/** How Socket.IO calls a server that lets go of a socket: it does not come back by itself then. */
const SHUT_OUT = "io server disconnect";
/** An answer may be overtaken by a push; not so many in a row. */
const ANSWERS_BEHIND_MAX = 3;
/** One pulse may be overtaken by a push; not so many in a row. */
const PULSES_BEHIND_MAX = 3;

/**
 * @typedef {object} Watched what to ask for
 * @property {"board" | "kiosk" | "desk" | "devices" | "ticket"} view
 * @property {string} branch the slug
 * @property {string} language "" on screens that show them all
 * @property {string} [secret] of a ticket
 * @property {string} [mode] of a board, as its address has them: how its languages stand,
 * @property {string} [lines] which lines it shows,
 * @property {string} [desk] or which desk
 *
 * @typedef {import("nouba/shown").View} View
 *
 * @typedef {object} Line
 * @property {number} seq
 * @property {string} at
 * @property {string} service
 * @property {string[]} labels
 * @property {[number, number][]} waits p50 and p90 in seconds, by position
 *
 * @typedef {object} Place where a ticket stands whose fragment is as it was
 * @property {number} seq
 * @property {string} at
 * @property {string} shows the fragment's mark
 * @property {number | null} ahead
 * @property {[number, number] | null} wait p50 and p90 in seconds
 *
 * @typedef {{ok: true, view: View | Place} | {ok: false, code: string}} Answer to what is watched
 *
 * @typedef {object} LiveOptions
 * @property {Watched} watched
 * @property {boolean} [pulses] whether the server sends pulses to this room (phones get none)
 * @property {(line: Line) => void} [onLine]
 * @property {(place: Place) => void} [onPlace]
 *
 * @typedef {LiveOptions & import("nouba/shown").ShownOptions} Options
 */

/** One live screen. Made once per page. */
export class Live extends Shown {
  /** @type {Options} */
  #options;
  #pulsesBehind = 0;
  #answersBehind = 0;
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #unanswered;

  /** @param {Options} options */
  constructor(options) {
    super(options);
    this.#options = options;
    const kind = options.pulses ? "walls" : "phones";
    this.#socket = io({
      transports: ["websocket"],
      reconnectionDelay: RECONNECT_MILLISECONDS_MIN,
      reconnectionDelayMax: RECONNECT_MILLISECONDS_MAX[kind],
      timeout: CONNECT_MILLISECONDS_MAX[kind],
      // Asked with the very packet that connects: the answer comes without another round trip.
      auth: (/** @type {(asked: object) => void} */ ask) => ask(this.#asked()),
    });
    this.#socket.on("connect", () => this.#awaitAnswer());
    this.#socket.on("watched", (/** @type {Answer} */ answer) => {
      clearTimeout(this.#unanswered);
      this.#heed(answer);
    });
    // Let go because a right has ended or is another: it comes back at once, and hears which it has.
    this.#socket.on("disconnect", (/** @type {string} */ reason) => {
      clearTimeout(this.#unanswered);
      if (reason === SHUT_OUT) this.#socket.connect();
    });
    this.#socket.on("view", (/** @type {View} */ view) => this.receive(view));
    this.#socket.on("line", (/** @type {Line} */ line) => this.#receiveLine(line));
    this.#socket.on("pulse", (/** @type {{seq: number}} */ pulse) => this.#receivePulse(pulse.seq));
    window.addEventListener("online", () => this.watchAgain());
    setInterval(() => this.#tick(), TICK_MILLISECONDS);
  }

  /** Asks for the view anew: what is watched has moved, or the network came back. */
  watchAgain() {
    if (this.#socket.connected) void this.#watch();
    else this.#socket.disconnect().connect();
  }

  #asked() {
    const { shows } = fragment().dataset;
    return shows ? { ...this.#options.watched, shows } : this.#options.watched;
  }

  #awaitAnswer() {
    clearTimeout(this.#unanswered);
    this.#unanswered = setTimeout(() => this.#startAgain("no answer to the connection"), ACK_MILLISECONDS_MAX);
  }

  async #watch() {
    try {
      this.#heed(await this.#socket.timeout(ACK_MILLISECONDS_MAX).emitWithAck("watch", this.#asked()));
    } catch (error) {
      this.#startAgain(error);
    }
  }

  /** @param {unknown} why */
  #startAgain(why) {
    console.info("no answer to watch", why);
    this.#socket.disconnect().connect();
  }

  /** @param {Answer} answer */
  #heed(answer) {
    if (!answer.ok) {
      this.#options.onRefused?.(answer.code);
      return;
    }
    // Asked for just now, and older than what is shown: the server's database is another one, and phones get no pulses.
    this.#answersBehind = answer.view.seq < this.seq ? this.#answersBehind + 1 : 0;
    if (this.#answersBehind >= ANSWERS_BEHIND_MAX) window.location.reload();
    else if (this.#answersBehind > 0) this.watchAgain();
    else if ("html" in answer.view) this.receive(answer.view);
    else this.#keep(answer.view);
  }

  /** @param {Place} place */
  #keep(place) {
    // Painted over since it was asked: what is there now has to be asked for.
    if (place.shows !== fragment().dataset.shows) this.watchAgain();
    else if (this.confirm(place.seq)) this.#options.onPlace?.(place);
  }

  /** @param {Line} line */
  #receiveLine(line) {
    this.fresh();
    if (line.seq < this.seq) return;
    this.#options.onLine?.(line);
  }

  /** @param {number} seq */
  #receivePulse(seq) {
    this.fresh();
    // Behind us again and again: the server's database is another one (restored from a backup, set up anew).
    this.#pulsesBehind = seq < this.seq ? this.#pulsesBehind + 1 : 0;
    if (this.#pulsesBehind >= PULSES_BEHIND_MAX) window.location.reload();
    if (seq > this.seq && !this.held) void this.refresh();
  }

  #tick() {
    const connected = this.#socket.connected;
    // Phones get no pulses: for them an open socket is news enough.
    if (connected && !this.#options.pulses) this.fresh();
    const silent = this.age >= SILENCE_SECONDS_MAX;
    // No pulse for so long: the socket only seems to be open, as after a pulled cable.
    if (silent && this.online && connected) this.#socket.disconnect().connect();
    if (silent) this.say(false, this.age);
    const due = (performance.now() - this.polledAt) / 1000 >= POLL_SECONDS;
    if (silent && this.#options.pulses) void this.refresh(KNOCK_MILLISECONDS_MAX);
    else if (due && (!connected || silent)) void this.refresh();
  }
}
