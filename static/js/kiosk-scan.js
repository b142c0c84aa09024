// @ts-check
/**
 * A USB scanner types like a keyboard, only faster than any hand, and ends with Enter. Such a burst is caught anywhere
 * on the page and never shown. The keys' places count as well as their letters: on a machine set to Arabic or AZERTY,
 * a scanner that speaks QWERTY writes nonsense.
 */

const GAP_MILLISECONDS_MAX = 60;
const BURST_LENGTH_MIN = 6;
const BURST_LENGTH_MAX = 200;
const IN_ADDRESS = /\/T\/([0-9A-Z]{13})(?![0-9A-Z])/;
const BARE = /^[0-9A-Z]{13}$/;
const CROCKFORD = /^[0-9A-HJKMNP-TV-Z]{13}$/;
/** What stands on a QWERTY keyboard where these keys are; with and without shift. */
const PLACES = new Map([
  ["Slash", ["/", "?"]],
  ["Period", [".", ">"]],
  ["Semicolon", [";", ":"]],
  ["Minus", ["-", "_"]],
  ["NumpadDivide", ["/", "/"]],
  ["NumpadDecimal", [".", "."]],
]);

/**
 * @typedef {object} ScanOptions
 * @property {(secret: string) => void} onSecret a ticket was scanned
 * @property {() => void} onNoise something was scanned that is no ticket of ours
 * @property {(letter: string) => void} [onTyped] a person typed a letter or a digit
 */

/** @param {ScanOptions} options */
export function watchScanner({ onSecret, onNoise, onTyped }) {
  /** @type {{key: string, place: string}[]} */
  let burst = [];
  let lastAt = 0;
  let timer = 0;

  const rest = () => {
    // One or two keys by themselves were a finger, not a scanner.
    if (burst.length < BURST_LENGTH_MIN) for (const each of burst) onTyped?.(typedLetter(each));
    burst = [];
  };

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
      const now = event.timeStamp;
      const isFast = now - lastAt <= GAP_MILLISECONDS_MAX;
      if (event.key === "Enter") {
        clearTimeout(timer);
        const read = burst;
        if (!isFast || read.length < BURST_LENGTH_MIN) return rest();
        burst = [];
        event.preventDefault();
        event.stopImmediatePropagation();
        const secret = secretOf(read);
        if (secret) onSecret(secret);
        else onNoise();
        return;
      }
      if (event.repeat || !isPrintable(event)) return;
      if (!isFast) rest();
      lastAt = now;
      burst.push({ key: event.key, place: placeOf(event) });
      if (burst.length > BURST_LENGTH_MAX) burst = [];
      // A letter of the burst must not be taken for a command.
      if (burst.length > 1) event.stopImmediatePropagation();
      clearTimeout(timer);
      timer = setTimeout(rest, GAP_MILLISECONDS_MAX * 2);
    },
    { capture: true },
  );
}

/**
 * @param {{key: string, place: string}[]} burst
 * @returns {string | null}
 */
function secretOf(burst) {
  const texts = [burst.map(({ key }) => key), burst.map(({ place }) => place)].map((each) => each.join("").toUpperCase());
  for (const pattern of [IN_ADDRESS, BARE]) {
    for (const text of texts) {
      const found = pattern.exec(text);
      const secret = found && asCrockford(found[1] ?? found[0]);
      if (secret && CROCKFORD.test(secret)) return secret;
    }
  }
  return null;
}

/** @param {string} text what people and worn labels confuse is read as what it must be */
function asCrockford(text) {
  return text.replaceAll("O", "0").replace(/[IL]/g, "1");
}

/** @param {{key: string, place: string}} pressed */
function typedLetter({ key, place }) {
  const upper = key.toUpperCase();
  return /^[0-9A-Z]$/.test(upper) ? upper : place;
}

/** @param {KeyboardEvent} event */
function isPrintable(event) {
  return event.key !== " " && (event.key.length === 1 || placeOf(event) !== "");
}

/**
 * @param {KeyboardEvent} event
 * @returns {string} what QWERTY has at that place, "" for keys that write nothing
 */
function placeOf({ code, shiftKey }) {
  const plain = /^(?:Key([A-Z])|(?:Digit|Numpad)([0-9]))$/.exec(code);
  if (plain) return plain[1] ?? plain[2] ?? "";
  return PLACES.get(code)?.[shiftKey ? 1 : 0] ?? "";
}

/** @param {EventTarget | null} target */
function isField(target) {
  return target instanceof HTMLInputElement && target.type === "text";
}
