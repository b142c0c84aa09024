// @ts-check
/** The machines' page: keeps the list true. Its forms are plain ones. */
import { Live } from "nouba/live";
import { repaint } from "nouba/repaint";

const FRAGMENT_URL = "/devices?fragment=1";
/** When a device was last seen is no event: nothing is pushed for it. */
const REPAINT_MILLISECONDS = 15_000;
const RELOAD_GAP_MILLISECONDS = 10_000;

const live = new Live({
  watched: { view: "devices", branch: "", language: "" },
  fragmentUrl: FRAGMENT_URL,
  pulses: true,
  onRefused: leave,
});
setInterval(() => void repaint(live, FRAGMENT_URL, leave), REPAINT_MILLISECONDS);

/** The server no longer shows this list: what it shows instead, the sign-in for one, is the truth. */
function leave() {
  const last = Number(sessionStorage.getItem("left-at") ?? 0);
  if (Date.now() - last < RELOAD_GAP_MILLISECONDS) return;
  sessionStorage.setItem("left-at", String(Date.now()));
  location.assign("/devices");
}
