// @ts-check
/**
 * The server's time, on a screen whose clock, and whose table of time zones, may be wrong: Morocco has changed its hour
 * at short notice, and a screen that is years old never heard of it.
 */

const DAY_MINUTES = 24 * 60;
const MINUTE_MILLISECONDS = 60_000;

/** @param {string} at the server's time when it rendered this page, ISO 8601 */
export function createServerClock(at) {
  let aheadMilliseconds = Date.parse(at) - performance.now();
  let zoneMinutes = 0;
  const now = () => performance.now() + aheadMilliseconds;

  return {
    /** @returns {number} milliseconds since 1970, as the server counts them */
    now,
    /** @param {string} at the time now, from who knows it: also an earlier one than was thought */
    set: (at) => {
      aheadMilliseconds = Date.parse(at) - performance.now();
    },
    /** @returns {string} the branch's wall clock, `09:05` */
    local: () => new Date(now() + zoneMinutes * MINUTE_MILLISECONDS).toISOString().slice(11, 16),
    /**
     * @param {string | undefined} later the time on a newer view, which can be late but never early
     * @param {string} [local] the branch's wall clock at that time, as the server wrote it
     */
    learn(later, local) {
      const heard = Date.parse(later ?? "");
      aheadMilliseconds = Math.max(aheadMilliseconds, heard - performance.now());
      if (local === undefined) return;
      zoneMinutes = minutesOf(local) - minutesOf(new Date(heard).toISOString().slice(11, 16));
    },
  };
}

/**
 * @param {string} text `09:05`
 * @returns {number} minutes of the day
 */
function minutesOf(text) {
  const [hours, minutes] = text.split(":").map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) % DAY_MINUTES;
}
