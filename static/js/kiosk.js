// @ts-check
/** Entry of every kiosk screen: start, services, and a ticket that was answered as a whole page. */
import { Live, fragment } from "nouba/live";
import { followLinks, go } from "nouba/kiosk-go";
import { watchIdle } from "nouba/kiosk-idle";
import { Pages } from "nouba/kiosk-pages";
import { Take } from "nouba/kiosk-take";
import { showTicket } from "nouba/kiosk-ticket";

const REFUSED_MILLISECONDS = 10000;

const frame = /** @type {HTMLElement} */ (document.getElementById("kiosk"));
const { branch = "", language = "", fragmentUrl = "", startUrl = "/" } = frame.dataset;

// A long press or a drag opens menus that a citizen cannot close again.
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("dragstart", (event) => event.preventDefault());
// A page taken out of the browser's memory would still be locked by its last ticket.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
followLinks(frame);

if (fragment().dataset.screen === "ticket") {
  showTicket({ startUrl });
} else {
  const form = document.getElementById("act");
  const pages = form && new Pages();
  const live = new Live({
    watched: { view: "kiosk", branch, language },
    fragmentUrl,
    pulses: true,
    onPaint: () => pages?.arrange(),
    onRefused: (code) => {
      console.warn("this kiosk may not watch", code);
      // Not at once: a server that shows the page but refuses its news would be asked in a circle.
      setTimeout(() => void go(startUrl), REFUSED_MILLISECONDS);
    },
  });
  if (form instanceof HTMLFormElement) {
    const idle = watchIdle({ leave: () => go(startUrl) });
    new Take({ form, live, idle, startUrl });
  }
}
