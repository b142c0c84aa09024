// @ts-check
/** The agent's screen: one path from a button or its key to the server, and the clock of the ticket in hand. */
import { closeLists, listenToKeys } from "nouba/desk_keys";
import { Sender } from "nouba/desk_send";
import { Live, fragment } from "nouba/live";
import { REPAINT_MILLISECONDS, repaint } from "nouba/repaint";
import { createServerClock } from "nouba/server_clock";

const TICK_MILLISECONDS = 1000;
const REFUSAL_SHOWN_MILLISECONDS = 10_000;
/** After the moment at which a held ticket may be called, so that the server agrees that it has come. */
const CALLABLE_MARGIN_MILLISECONDS = 400;
/** A page that is refused again and again must not reload in a circle. */
const RELOAD_GAP_MILLISECONDS = 30_000;
const FRAGMENT = "/desk?fragment=1";
const CALL_NEXT = "/desk/actions/call_next";

const page = /** @type {HTMLElement} */ (document.querySelector(".desk-page"));
const clock = createServerClock(fragment().dataset.at ?? "");
/** @type {{notice: Node, untilMilliseconds: number} | null} */
let refusal = null;
/** @type {number | undefined} */
let callableTimer;

const live = new Live({
  watched: { view: "desk", branch: page.dataset.branch ?? "", language: page.dataset.language ?? "" },
  fragmentUrl: FRAGMENT,
  pulses: true,
  beforePaint: (before, after) => {
    keepRefusal(after);
    announce(before, after);
    // After the paint: an arrival at a desk that had nobody to call.
    if (callsByItself(before, after)) queueMicrotask(callNext);
  },
  onPaint: () => {
    clock.learn(fragment().dataset.at);
    tick();
    waitForCallable();
  },
  onRefused: leave,
});

const sender = new Sender({
  onBusy: (isBusy) => {
    page.toggleAttribute("data-sending", isBusy);
    if (isBusy) live.hold();
    else live.release();
  },
  onAnswer: ({ html, seq, isRefusal }) => {
    refusal = isRefusal ? noticeIn(html) : null;
    live.show(html, seq);
    // A push may have brought a later view than the answer; the refusal is shown on that one.
    keepRefusal(fragment());
  },
  onTrouble: (what) => {
    refusal = noticeOf(what);
    if (refusal) fragment().querySelector(".refusal")?.replaceChildren(refusal.notice.cloneNode(true));
  },
  onElsewhere: () => location.assign("/desk"),
});

page.dataset.live = "";
listenToKeys(page);
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !["act", "transfer"].includes(form.id)) return;
  event.preventDefault();
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
  closeLists(page);
  void sender.send(address, new FormData(form, button));
});
setInterval(tick, TICK_MILLISECONDS);
setInterval(askAgain, REPAINT_MILLISECONDS);
waitForCallable();

function tick() {
  for (const place of document.querySelectorAll("[data-since]")) {
    if (!(place instanceof HTMLElement)) continue;
    const seconds = Math.max(0, Math.floor((clock.now() - Date.parse(place.dataset.since ?? "")) / 1000));
    place.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}

/**
 * Whoever can be called now and could not before; not the one that this desk has just put back.
 * @param {Element} before
 * @param {Element} after
 */
function callsByItself(before, after) {
  const isNews = !before.hasAttribute("data-can-call");
  const isPutBack = after.getAttribute("data-next") === before.getAttribute("data-hand-label");
  return isNews && !isPutBack && after.hasAttribute("data-auto-call") && after.hasAttribute("data-can-call");
}

function callNext() {
  const form = document.getElementById("act");
  if (form instanceof HTMLFormElement) void sender.send(CALL_NEXT, new FormData(form));
}

/** Nothing happens at the server when a hold runs out, so nothing is pushed: the page asks by itself. */
function waitForCallable() {
  window.clearTimeout(callableTimer);
  const at = fragment().dataset.callableAt;
  if (!at) return;
  const pause = Math.max(TICK_MILLISECONDS, Date.parse(at) - clock.now() + CALLABLE_MARGIN_MILLISECONDS);
  callableTimer = window.setTimeout(askAgain, pause);
}

function askAgain() {
  if (!sender.isBusy) void repaint(live, FRAGMENT, leave);
}

/**
 * A push that follows at once must not wipe away the one sentence that the agent has to read.
 * @param {Element} after
 */
function keepRefusal(after) {
  const place = after.querySelector(".refusal");
  if (!refusal || !place || performance.now() > refusal.untilMilliseconds) return;
  if (!place.firstElementChild) place.append(document.importNode(refusal.notice, true));
}

/** @param {string} html */
function noticeIn(html) {
  const notice = new DOMParser().parseFromString(html, "text/html").querySelector(".refusal > *");
  return notice && shownFromNow(notice);
}

/** @param {string} what */
function noticeOf(what) {
  const text = textOf(what);
  if (!text) return null;
  const notice = document.createElement("p");
  notice.className = "banner banner-attention";
  notice.textContent = text;
  return shownFromNow(notice);
}

/** @param {Node} notice */
function shownFromNow(notice) {
  return { notice, untilMilliseconds: performance.now() + REFUSAL_SHOWN_MILLISECONDS };
}

/**
 * @param {Element} before
 * @param {Element} after
 */
function announce(before, after) {
  const hand = after.getAttribute("data-hand") ?? "";
  if (!hand || before.getAttribute("data-hand") === hand) return;
  const number = after.querySelector("#in-hand .ticket-number")?.textContent ?? "";
  const place = document.getElementById("announcement");
  if (place) place.textContent = textOf("called").replace("{number}", number);
}

/** @param {string} name */
function textOf(name) {
  const texts = document.getElementById("texts");
  if (!(texts instanceof HTMLTemplateElement)) return "";
  return texts.content.querySelector(`[data-text="${name}"]`)?.textContent ?? "";
}

/** The server no longer shows this desk: whatever it shows instead (sign-in, the choice of a desk) is the truth. */
function leave() {
  const last = Number(sessionStorage.getItem("left-at") ?? 0);
  if (Date.now() - last < RELOAD_GAP_MILLISECONDS) return;
  sessionStorage.setItem("left-at", String(Date.now()));
  location.assign("/desk");
}
