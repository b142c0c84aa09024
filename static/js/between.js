// @ts-check
/**
 * What the large place shows while nobody is called: the municipality's pictures, short videos and notices, in turn.
 * A call ends it in the same instant; the list of calls stays beside it always. One picture is shown and one is made
 * ready, never more, so that a wall can do this for weeks.
 */

const TICK_MILLISECONDS = 1000;
const LANGUAGE_SECONDS = 8;
/** A video that forgets to end, or that stalls. */
const VIDEO_SECONDS_MAX = 120;
const READY_SECONDS_MAX = 20;
/** What could not be shown is tried again then: the network may have been away. */
const FAILED_SECONDS = 300;
/** A call to which nobody comes keeps the place so long. */
const CALLED_SECONDS = 60;
const MILLISECONDS = 1000;

/**
 * @typedef {object} Slide
 * @property {string} key the address of a picture or video, or the id of a notice
 * @property {"picture" | "video" | "notice"} kind
 * @property {number} seconds 0: to its end
 *
 * @typedef {object} Ready
 * @property {Slide} slide
 * @property {HTMLElement} element
 */

/**
 * Whether somebody is being called: the large place is theirs.
 * @param {ParentNode} root
 * @param {number} nowMs the server's time
 */
export function isCalling(root, nowMs) {
  /** @type {NodeListOf<HTMLElement>} */
  const calls = root.querySelectorAll('[data-call][data-state="called"]:not([data-extra])');
  const oldest = nowMs - CALLED_SECONDS * MILLISECONDS;
  return [...calls].some((call) => Date.parse(call.dataset.calledAt ?? "") > oldest);
}

/**
 * @param {object} options
 * @param {HTMLElement} options.wall around the fragment; `data-between` is set on it while something is shown
 * @param {() => boolean} options.isQuiet nobody is being called, and what the wall says is current
 * @param {(isShown: boolean) => void} [options.onChange] the large place was taken, or given back
 */
export function createBetween({ wall, isQuiet, onChange }) {
  /** @type {Map<string, number>} when a slide failed, by key */
  const failed = new Map();
  /** @type {Slide[]} */
  let slides = [];
  /** @type {Ready | null} */
  let shown = null;
  /** @type {Ready | null} */
  let next = null;
  let last = "";
  let isLoading = false;
  let endsAt = 0;
  let noticeIndex = 0;
  let language = wall.dataset.shown ?? "";

  setInterval(tick, TICK_MILLISECONDS);
  paint();

  /** After every paint, and whenever a call is announced: nothing may stay over a call. */
  function paint() {
    slides = readSlides();
    const keys = new Set(slides.map((slide) => slide.key));
    for (const key of failed.keys()) if (!keys.has(key)) failed.delete(key);
    if (next && !keys.has(next.slide.key)) drop("next");
    if (shown && !keys.has(shown.slide.key)) endsAt = 0; // taken away: the next takes its turn at the next tick
    markNotice();
    if (!isQuiet()) stop();
    else if (shown && shown.element.parentElement !== place()) place()?.replaceChildren(shown.element);
  }

  function tick() {
    turnNotice();
    if (!isQuiet()) return stop();
    if (shown && performance.now() < endsAt) return;
    if (next) show(next);
    else if (shown && endsAt !== 0 && isAlone(shown)) extend(shown);
    else if (shown && usable().length === 0) stop();
    void prepare();
  }

  function stop() {
    if (!shown) return;
    drop("shown");
    delete wall.dataset.between;
    onChange?.(false);
  }

  /** @param {Ready} ready */
  function show(ready) {
    const stage = place();
    if (!stage || stage.clientWidth === 0) return; // this look of the wall has no place to lend
    const isFirst = shown === null;
    drop("shown");
    next = null;
    shown = ready;
    last = ready.slide.key;
    endsAt = performance.now() + secondsOf(ready.slide) * MILLISECONDS;
    stage.replaceChildren(ready.element);
    wall.dataset.between = ready.slide.kind;
    if (ready.element instanceof HTMLVideoElement) play(ready.element, ready.slide);
    if (isFirst) onChange?.(true);
  }

  /** A single slide just stays. @param {Ready} ready */
  function extend(ready) {
    endsAt = performance.now() + secondsOf(ready.slide) * MILLISECONDS;
    if (ready.element instanceof HTMLVideoElement) play(ready.element, ready.slide);
  }

  /** @param {Ready} ready */
  function isAlone(ready) {
    return usable().length === 1 && usable()[0]?.key === ready.slide.key;
  }

  /**
   * @param {HTMLVideoElement} video
   * @param {Slide} slide
   */
  function play(video, slide) {
    const over = () => {
      if (shown?.element !== video) return;
      endsAt = 1; // long ago, but not "taken away"
      tick();
    };
    video.onended = over;
    video.onerror = () => {
      failed.set(slide.key, performance.now());
      over();
    };
    video.currentTime = 0;
    video.play().catch(() => video.onerror?.("refused"));
  }

  async function prepare() {
    if (isLoading || next) return;
    const slide = following();
    if (!slide || (shown && isAlone(shown))) return;
    isLoading = true;
    try {
      const element = await made(slide);
      // Meanwhile the folder may have changed, or a call have come: it stays ready then.
      if (slides.some((each) => each.key === slide.key)) next = { slide, element };
      else release(element);
      if (next && isQuiet() && performance.now() >= endsAt) show(next);
    } catch (error) {
      console.info("not shown between calls", slide.key, error);
      failed.set(slide.key, performance.now());
    } finally {
      isLoading = false;
    }
  }

  function usable() {
    const now = performance.now();
    return slides.filter((slide) => now - (failed.get(slide.key) ?? -Infinity) > FAILED_SECONDS * MILLISECONDS);
  }

  /** @returns {Slide | undefined} after the one that was shown last, in the order of the folder */
  function following() {
    const index = slides.findIndex((slide) => slide.key === last);
    const inTurn = [...slides.slice(index + 1), ...slides.slice(0, index + 1)];
    const all = usable();
    return inTurn.find((slide) => all.includes(slide));
  }

  /** @param {"shown" | "next"} which */
  function drop(which) {
    const ready = which === "shown" ? shown : next;
    if (which === "shown") shown = null;
    else next = null;
    if (ready) release(ready.element);
  }

  /** One notice at a time, each through all languages. */
  function turnNotice() {
    const present = wall.dataset.shown ?? "";
    if (present === language) return;
    const first = present === languages()[0];
    language = present;
    if (first) noticeIndex += 1;
    markNotice();
  }

  function markNotice() {
    const notices = [...wall.querySelectorAll(".notices > .notice")];
    const current = notices[noticeIndex % notices.length];
    for (const each of notices) each.toggleAttribute("data-current", each === current);
  }

  /** @param {Slide} slide */
  function secondsOf(slide) {
    if (slide.kind === "notice") return LANGUAGE_SECONDS * languages().length;
    return slide.seconds || VIDEO_SECONDS_MAX;
  }

  /** @returns {string[]} */
  function languages() {
    return (wall.querySelector("#view")?.getAttribute("data-languages") ?? "").split(" ");
  }

  /** @returns {HTMLElement | null} */
  function place() {
    return wall.querySelector("#between");
  }

  /** @returns {Slide[]} */
  function readSlides() {
    const media = (place()?.dataset.media ?? "").split(" ").filter(Boolean).map(asSlide);
    const notices = [...wall.querySelectorAll(".notices > .notice")].map((notice) => ({
      key: notice.id,
      kind: /** @type {"notice"} */ ("notice"),
      seconds: 0,
    }));
    return [...notices, ...media];
  }

  return {
    paint,
    get isShown() {
      return shown !== null;
    },
  };
}

/**
 * @param {string} written `picture:12:/board/…`
 * @returns {Slide}
 */
function asSlide(written) {
  const [kind = "", seconds = "", ...address] = written.split(":");
  return { key: address.join(":"), kind: kind === "video" ? "video" : "picture", seconds: Number(seconds) };
}

/**
 * @param {Slide} slide
 * @returns {Promise<HTMLElement>} loaded and decoded: it appears whole
 */
async function made(slide) {
  if (slide.kind === "notice") return noticeSlide(slide.key);
  const element = slide.kind === "video" ? document.createElement("video") : new Image();
  element.className = "between-picture";
  try {
    await inTime(element instanceof HTMLVideoElement ? playable(element, slide.key) : decoded(element, slide.key));
    return element;
  } catch (error) {
    release(element); // it may go on loading for ever
    throw error;
  }
}

/**
 * @param {HTMLImageElement} picture
 * @param {string} address
 */
function decoded(picture, address) {
  picture.alt = "";
  picture.src = address;
  return picture.decode();
}

/**
 * @param {HTMLVideoElement} video
 * @param {string} address
 * @returns {Promise<void>}
 */
function playable(video, address) {
  video.muted = true;
  video.playsInline = true;
  video.disablePictureInPicture = true;
  video.preload = "auto";
  return new Promise((resolve, reject) => {
    video.oncanplay = () => {
      video.oncanplay = null;
      resolve();
    };
    video.onerror = () => reject(new Error("it cannot be played"));
    video.src = address;
  });
}

/** @param {string} id */
function noticeSlide(id) {
  const notice = document.getElementById(id);
  if (!notice) throw new Error("it is over");
  const copy = document.createElement("div");
  copy.className = "between-notice";
  copy.dataset.kind = notice.dataset.kind;
  copy.append(...[...notice.children].map((child) => child.cloneNode(true)));
  return copy;
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
async function inTime(promise) {
  let timer = 0;
  const late = new Promise((_, reject) => {
    timer = window.setTimeout(() => reject(new Error("it takes too long")), READY_SECONDS_MAX * MILLISECONDS);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    window.clearTimeout(timer);
  }
}

/**
 * Lets go of what the element holds: a decoder, megabytes of pixels.
 * @param {HTMLElement} element
 */
function release(element) {
  element.remove();
  if (element instanceof HTMLVideoElement) {
    element.onended = element.onerror = element.oncanplay = null;
    element.pause();
    element.removeAttribute("src");
    element.load();
  } else if (element instanceof HTMLImageElement) {
    element.removeAttribute("src");
  }
}
