// @ts-check
/**
 * What only time changes (a hall that closes, a hold that runs out, minutes waited) is no event: nothing is pushed and
 * the seq stays. So the page asks for the fragment again now and then, and paints it although its seq is the same.
 */

export const REPAINT_MILLISECONDS = 60_000;
const ANSWER_MILLISECONDS_MAX = 8000;

/**
 * @param {import("nouba/shown").Shown} live
 * @param {string} fragmentUrl
 * @param {() => void} onElsewhere the server leads to another page, such as the sign-in
 */
export async function repaint(live, fragmentUrl, onElsewhere) {
  if (document.hidden) return;
  try {
    const answer = await fetch(fragmentUrl, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MILLISECONDS_MAX) });
    if (answer.redirected || answer.status === 401) onElsewhere();
    const seq = answer.headers.get("X-Nouba-Seq");
    if (answer.ok && seq) live.show(await answer.text(), Number(seq));
  } catch (error) {
    console.info("not repainted", error); // the poll and the banner take over
  }
}
