// @ts-check
/**
 * Says calls in the page itself, on screens without the display's program: a chime, then the sentence in each language
 * of the branch, from sound that the server composes. A language without a voice is left out.
 */
import { FRESH_SECONDS_MAX } from "nouba/announcer";

const ANSWER_MILLISECONDS_MAX = 4000;
/** A little breath between the languages. */
const PAUSE_SECONDS = 0.35;
/** What a sentence takes, to find how many fit; they differ by less than a second. */
const SENTENCE_SECONDS = 3;
const CHIME_SECONDS = 2;
/** Decoded chime only: sentences are as many as there are numbers. */
const CHIME = "chime.wav";

/**
 * As many languages as let every waiting call be said before it is old, but always the first.
 * @param {string[]} languages
 * @param {number[]} calledAtMs of the call to say and of those that wait behind it
 * @param {number} nowMs
 */
export function languagesInTime(languages, calledAtMs, nowMs) {
  for (let count = languages.length; count > 1; count -= 1) {
    const eachMs = 1000 * (CHIME_SECONDS + count * (SENTENCE_SECONDS + PAUSE_SECONDS));
    const inTime = calledAtMs.every((at, place) => nowMs + (place + 1) * eachMs <= at + FRESH_SECONDS_MAX * 1000);
    if (inTime) return languages.slice(0, count);
  }
  return languages.slice(0, 1);
}

/**
 * @param {object} parts
 * @param {string} parts.folder where sentences are, `/board/<slug>/say`
 * @param {AudioContext} parts.audio
 */
export function createVoice({ folder, audio }) {
  /** @type {Promise<AudioBuffer | null> | null} */
  let chime = null;
  const fetchChime = async () => {
    chime ??= fetchSound(audio, `${folder}/${CHIME}`);
    const found = await chime;
    if (!found) chime = null; // the next call asks again
    return found;
  };

  return {
    /**
     * Resolves when all is said. Sentences are fetched while the chime sounds.
     * @param {string} number
     * @param {string} desk
     * @param {string[]} languages
     */
    async say(number, desk, languages) {
      const query = new URLSearchParams({ number, desk }).toString();
      const sounds = [fetchChime(), ...languages.map((tag) => fetchSound(audio, `${folder}/${tag}.wav?${query}`))];
      for (const each of sounds) {
        const sound = await each;
        if (sound && audio.state === "running") await play(audio, sound);
      }
    },
  };
}

/**
 * @param {AudioContext} audio
 * @param {string} url
 * @returns {Promise<AudioBuffer | null>} null where there is none, or nobody answers in time
 */
async function fetchSound(audio, url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS_MAX) });
    return answer.ok ? await audio.decodeAudioData(await answer.arrayBuffer()) : null;
  } catch (error) {
    console.info("a sentence could not be fetched", url, error);
    return null;
  }
}

/**
 * @param {AudioContext} audio
 * @param {AudioBuffer} sound
 */
function play(audio, sound) {
  const source = audio.createBufferSource();
  source.buffer = sound;
  source.connect(audio.destination);
  source.start();
  const seconds = sound.duration + PAUSE_SECONDS;
  // By the clock as well: a device that disappears never says that the sound has ended.
  return new Promise((resolve) => window.setTimeout(resolve, 1000 * seconds));
}
