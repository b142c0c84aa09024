// @ts-check
/** The wall in a browser of its own: pushed to by the server, it makes each call seen and heard. */
import { createAnnouncer, createCallMemory, isStillCalled, readCalls } from "nouba/announcer";
import { spotlight } from "nouba/board_spotlight";
import { createVoice, languagesInTime } from "nouba/board_voice";
import { believe, clock, fragmentUrl, keepUp, languages, startWall, wall } from "nouba/board_wall";
import { createChime } from "nouba/chime";
import { Live, fragment } from "nouba/live";
import { REPAINT_MILLISECONDS, repaint } from "nouba/repaint";

const BELIEVED_SECONDS = 60;
const TICK_MILLISECONDS = 1000;

const slug = wall.dataset.branch ?? "";
const chime = createChime();
const voice = "voice" in wall.dataset ? createVoice({ folder: `/board/${slug}/say`, audio: chime.audio() }) : null;
const memory = createCallMemory(readCalls(fragment()));
const announcer = createAnnouncer({
  show: spotlight,
  say,
  isStillCalled: (call) => isStillCalled(call, readCalls(fragment()), clock.now()),
});

const live = new Live({
  watched: { view: "board", branch: slug, language: "", ...lookAsked() },
  fragmentUrl: fragmentUrl(),
  pulses: true,
  onPaint: () => {
    keepUp();
    announcer.announce(memory.learn(readCalls(fragment()), clock.now()));
  },
  onConnection: judge,
});
startWall();
setInterval(judge, TICK_MILLISECONDS);
setInterval(() => void repaint(live, fragmentUrl(), () => location.reload()), REPAINT_MILLISECONDS);
offerSound();

/** What this wall shows of the board, as its own address says it. */
function lookAsked() {
  const asked = new URL(location.href).searchParams;
  const told = ["mode", "lines", "desk"].map((name) => [name, asked.get(name) ?? ""]);
  return Object.fromEntries(told.filter(([, value]) => value));
}

function judge() {
  believe(live.age < BELIEVED_SECONDS);
}

/**
 * @param {import("nouba/announcer").Call} call
 * @param {import("nouba/announcer").Call[]} waiting
 */
async function say(call, waiting) {
  if (!voice || chime.isSilent()) {
    chime.strike();
    return;
  }
  const times = [call, ...waiting].map((each) => each.calledAtMs);
  const desk = call.element.querySelector(".call-desk")?.textContent ?? "";
  await voice.say(call.label, desk.trim(), languagesInTime(languages(), times, clock.now()));
}

/** A browser that was not started for a wall is mute until it is touched once. */
function offerSound() {
  const button = document.getElementById("sound");
  if (!button) return;
  const show = () => (button.hidden = !chime.isSilent());
  button.addEventListener("click", () => void chime.wake().then(show));
  setTimeout(show, TICK_MILLISECONDS);
}
