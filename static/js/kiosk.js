// @ts-check
/** Entry of every kiosk screen: start, services, a ticket, and a ticket that is looked for. */
import { fragment } from "nouba/shown";
import { watchArrows } from "nouba/kiosk-arrows";
import { watchFind } from "nouba/kiosk-find";
import { answers, followLinks, go, pause } from "nouba/kiosk-go";
import { watchIdle, watchStart } from "nouba/kiosk-idle";
import { forgetModes, watchModes } from "nouba/kiosk-modes";
import { Pages } from "nouba/kiosk-pages";
import { watchScanner } from "nouba/kiosk-scan";
import { Take } from "nouba/kiosk-take";
import { showTicket } from "nouba/kiosk-ticket";
import { watchVoice } from "nouba/kiosk-voice";

const REFUSED_MILLISECONDS = 10000;
const ASK_AGAIN_MILLISECONDS = 2000;

const frame = /** @type {HTMLElement} */ (document.getElementById("kiosk"));
const { branch = "", language = "", fragmentUrl = "", startUrl = "/", live: news = "push" } = frame.dataset;

// A long press or a drag opens menus that a citizen cannot close again.
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("dragstart", (event) => event.preventDefault());
// A page taken out of the browser's memory would still be locked by its last ticket.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
followLinks(frame);
watchModes();
const voice = watchVoice();
const find = watchFind({ onTyped: (count, length) => voice?.typed(count, length) });
watchScanner({
  onSecret: (secret) => void look(secret),
  // The server answers kindly what it does not know.
  onNoise: () => void look("?"),
  onTyped: (letter) => find?.type(letter),
});
watchArrows();

const screen = fragment().dataset.screen ?? "";
if (screen === "ticket") showTicket({ startUrl, onLeave: forgetModes });
else if (screen) watchIdle({ leave });
else showLive();

/** A screen that keeps itself true: the languages, or the services. */
function showLive() {
  const form = document.getElementById("act");
  const pages = form && new Pages();
  const shown = keepTrue(() => pages?.arrange());
  // The form works at once; what keeps it true may come later.
  const hold = () => void shown.then((each) => each.hold());
  if (form instanceof HTMLFormElement) new Take({ form, hold, idle: watchIdle({ leave }), startUrl, onLeave: forgetModes });
  else watchStart({ leave: forgetModes });
}

/**
 * On the kiosk's own machine the library for sockets is not even loaded.
 * @param {() => void} onPaint
 * @returns {Promise<import("nouba/shown").Shown>}
 */
async function keepTrue(onPaint) {
  const options = {
    fragmentUrl,
    onPaint,
    onRefused: (/** @type {string} */ code) => {
      console.warn("this kiosk may not watch", code);
      // Not at once: a server that shows the page but refuses its news would be asked in a circle.
      setTimeout(() => void go(startUrl), REFUSED_MILLISECONDS);
    },
  };
  if (news === "poll") return (await import("nouba/polled")).poll(options);
  const { Live } = await import("nouba/live");
  return new Live({ ...options, watched: { view: "kiosk", branch, language }, pulses: true });
}

/** Nobody is there any more. */
function leave() {
  forgetModes();
  void go(startUrl);
}

/** @param {string} secret sent by a form, never in an address */
async function look(secret) {
  const form = document.getElementById("scan");
  const field = form instanceof HTMLFormElement ? form.elements.namedItem("code") : null;
  if (!(form instanceof HTMLFormElement) || !(field instanceof HTMLInputElement)) return;
  field.value = secret;
  while (!(await answers(startUrl))) await pause(ASK_AGAIN_MILLISECONDS);
  form.submit();
}
