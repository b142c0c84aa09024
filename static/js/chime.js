// @ts-check
// The two notes that make a hall look up. Synthesised: no sound file to fetch, none to go missing.

const NOTES_HERTZ = [659.25, 523.25]; // E5, then C5: a falling third, heard as "ding-dong"
const NOTE_GAP_SECONDS = 0.42;
const NOTE_DECAY_SECONDS = 1.3;
const ATTACK_SECONDS = 0.012;
const PEAK_GAIN = 0.34;
const SILENCE_GAIN = 0.0001; // an exponential ramp cannot reach zero
/** Overtones that make a sine a bell: [multiple of the note, share of its loudness]. */
const PARTIALS = [[1, 1], [2, 0.32], [3.01, 0.12]];

/**
 * A chime that can be struck. Browsers keep it silent until the first touch, unless they were started with
 * `--autoplay-policy=no-user-gesture-required` as the display client does.
 *
 * @returns {{strike: () => void, isSilent: () => boolean, wake: () => Promise<void>, audio: () => AudioContext}}
 */
export function createChime() {
  /** @type {AudioContext | null} */
  let context = null;
  const open = () => (context ??= new AudioContext());

  return {
    strike() {
      const audio = open();
      // Struck while asleep, the notes would all sound at once on the first touch, minutes later.
      if (audio.state !== "running") {
        void audio.resume();
        return;
      }
      NOTES_HERTZ.forEach((hertz, index) => ring(audio, hertz, audio.currentTime + index * NOTE_GAP_SECONDS));
    },
    isSilent: () => open().state !== "running",
    wake: () => open().resume(),
    audio: open,
  };
}

/**
 * @param {AudioContext} audio
 * @param {number} hertz
 * @param {number} startSeconds on the context's own clock
 */
function ring(audio, hertz, startSeconds) {
  const endSeconds = startSeconds + NOTE_DECAY_SECONDS;
  for (const [multiple, share] of PARTIALS) {
    const gain = audio.createGain();
    gain.gain.setValueAtTime(SILENCE_GAIN, startSeconds);
    gain.gain.exponentialRampToValueAtTime(PEAK_GAIN * share, startSeconds + ATTACK_SECONDS);
    gain.gain.exponentialRampToValueAtTime(SILENCE_GAIN, endSeconds);
    const oscillator = audio.createOscillator();
    oscillator.frequency.value = hertz * multiple;
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(startSeconds);
    oscillator.stop(endSeconds);
  }
}
