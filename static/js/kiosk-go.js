// @ts-check
/** Leaves a kiosk screen only for one that answers: a browser's own error page would need a keyboard to leave. */

const TRY_AGAIN_MILLISECONDS = 3000;
const ANSWER_MILLISECONDS_MAX = 5000;

let going = false;

/**
 * Goes to `url` as soon as the server answers for it. Never rejects; the first call wins.
 * @param {string} url
 */
export async function go(url) {
  if (going) return;
  going = true;
  while (!(await answers(url))) await pause(TRY_AGAIN_MILLISECONDS);
  location.replace(url);
}

/**
 * Lets every link inside `root` leave by `go`.
 * @param {HTMLElement} root
 */
export function followLinks(root) {
  root.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    link.setAttribute("aria-busy", "true");
    void go(link.href);
  });
}

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * @param {string} url
 * @returns {Promise<boolean>}
 */
export async function answers(url) {
  try {
    const signal = AbortSignal.timeout(ANSWER_MILLISECONDS_MAX);
    // Anything below 500 is a page of ours, even when it says no.
    return (await fetch(url, { method: "HEAD", cache: "no-store", signal })).status < 500;
  } catch {
    return false;
  }
}
