// @ts-check
/**
 * What stands around the live fragment: the building's name, its colour, its languages. An operator changes it once in
 * years, so no push carries it: the fragment says that it is another one, and then it is taken from a whole page.
 */
import { morph } from "nouba/morph";

const ANSWER_MILLISECONDS_MAX = 8000;

/** @returns {Promise<boolean>} whether it is now as the server has it */
export async function reframe() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MILLISECONDS_MAX) });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const place of document.querySelectorAll("[data-around]")) {
      const wanted = page.querySelector(`[data-around="${place.getAttribute("data-around")}"]`);
      if (wanted) morph(place, wanted);
    }
    return true;
  } catch (error) {
    console.info("what stands around the view was not fetched", error);
    return false;
  }
}
