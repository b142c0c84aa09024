// @ts-check
/** The code entry: a keypad for the thirteen characters, finished groups masked as soon as the next one begins. */

const LENGTH = 13;
const GROUPS = [4, 4, 5];
const DOT = "•";
const EMPTY = "_";

/**
 * @typedef {object} Find
 * @property {(letter: string) => void} type
 */

/**
 * @param {{onTyped: (count: number, length: number) => void}} options `onTyped` after each change
 * @returns {Find | null} null on every other screen
 */
export function watchFind({ onTyped }) {
  const form = document.getElementById("find");
  const field = document.getElementById("code");
  const shown = document.getElementById("typed");
  const keypad = document.getElementById("keypad");
  if (!(form instanceof HTMLFormElement) || !(field instanceof HTMLInputElement) || !shown || !keypad) return null;
  let code = "";
  const change = (/** @type {string} */ to) => {
    if (to === code || to.length > LENGTH) return;
    code = to;
    field.value = code;
    shown.textContent = masked(code);
    onTyped(code.length, LENGTH);
  };
  const type = (/** @type {string} */ letter) => {
    const read = letter.toUpperCase().replace("O", "0").replace(/[IL]/, "1");
    if (/^[0-9A-HJKMNP-TV-Z]$/.test(read)) change(code + read);
  };

  // From here on the keypad and the keyboard write: a field that has the focus would call up the browser's own ways.
  field.type = "hidden";
  document.getElementById("find-plain")?.remove();
  shown.hidden = false;
  keypad.hidden = false;
  shown.textContent = masked("");
  keypad.addEventListener("click", (event) => {
    const key = event.target instanceof Element ? event.target.closest("[data-key]") : null;
    if (key instanceof HTMLElement) type(key.dataset.key ?? "");
  });
  document.getElementById("erase")?.addEventListener("click", () => change(code.slice(0, -1)));
  form.addEventListener("submit", (event) => {
    if (code.length < LENGTH) event.preventDefault();
  });
  return { type };
}

/**
 * @param {string} code
 * @returns {string} `•••• A7__ _____`: only the group that is being typed can be read
 */
function masked(code) {
  let start = 0;
  return GROUPS.map((size) => {
    const group = code.slice(start, start + size);
    start += size;
    const isDone = code.length > start;
    return (isDone ? DOT.repeat(group.length) : group).padEnd(size, EMPTY);
  }).join(" ");
}
