// @ts-check
/**
 * Says a wait and a place in the line in the page's language. Rounds by the same rule as `server/i18n.py`
 * (`t_wait`), whose sentences it is given with gaps; a test compares the two.
 */

const MINUTES_SHORT = 5;
const MINUTES_STEP = 5;
const MINUTES_HOUR = 60;
const MINUTES_HALF_HOUR = 30;
const MINUTES_LONGEST = 180;

/**
 * @typedef {object} WaitTexts
 * @property {string} short
 * @property {string} long
 * @property {string} below
 * @property {string} minutes
 * @property {string} spans
 * @property {string} minute
 * @property {Record<string, string>} hours by minutes
 */

/**
 * @param {WaitTexts} texts
 * @param {number} p50Seconds
 * @param {number} p90Seconds
 * @returns {string}
 */
export function waitText(texts, p50Seconds, p90Seconds) {
  const least = Math.floor(p50Seconds / 60);
  const most = Math.ceil(p90Seconds / 60);
  if (most <= MINUTES_SHORT) return texts.short;
  if (least >= MINUTES_LONGEST) return texts.long;
  const [low, high] = rounded(least, most);
  const inMinutes = high <= MINUTES_HOUR;
  if (low === 0) return fill(texts.below, { high: span(texts, high) });
  if (inMinutes) return fill(texts.minutes, { low: String(low), high: String(high) });
  return fill(texts.spans, { low: span(texts, low), high: span(texts, high) });
}

/**
 * @param {Record<string, string>} texts by plural category, and `next`
 * @param {string} language
 * @param {number} ahead
 * @returns {string}
 */
export function aheadText(texts, language, ahead) {
  if (ahead === 0) return texts.next ?? "";
  // Browsers know no plural rule for Standard Moroccan Tamazight; ours is that of French.
  const category = new Intl.PluralRules(language === "zgh" ? "fr" : language).select(ahead);
  return fill(texts[category] ?? texts.other ?? "", { num: String(ahead) });
}

/**
 * @param {number} low in minutes
 * @param {number} high in minutes
 * @returns {[number, number]}
 */
function rounded(low, high) {
  let least = low - (low % MINUTES_STEP);
  let most = Math.ceil(high / MINUTES_STEP) * MINUTES_STEP;
  if (most > MINUTES_HOUR) {
    most = Math.ceil(most / MINUTES_HALF_HOUR) * MINUTES_HALF_HOUR;
    if (least > MINUTES_HALF_HOUR) least -= least % MINUTES_HALF_HOUR;
  }
  return [least, Math.min(most, MINUTES_LONGEST + MINUTES_HALF_HOUR)];
}

/**
 * @param {WaitTexts} texts
 * @param {number} minutes
 * @returns {string}
 */
function span(texts, minutes) {
  const inHours = minutes >= MINUTES_HOUR && texts.hours[String(minutes)];
  return inHours || fill(texts.minute, { minutes: String(minutes) });
}

/**
 * @param {string} pattern
 * @param {Record<string, string>} values
 * @returns {string}
 */
function fill(pattern, values) {
  return pattern.replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);
}
