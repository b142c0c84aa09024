// @ts-check
/** Idempotency keys and the form that carries them. */

const KEY_BYTES = 16;

/**
 * A fresh key. Not crypto.randomUUID: that is missing on plain http, where many town halls' networks are.
 * @returns {string} 32 hexadecimal digits
 */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Puts a fresh key into the form, after an act has been answered: the next press is a new wish.
 * @param {HTMLFormElement} form
 */
export function renewKey(form) {
  const field = form.elements.namedItem("key");
  if (field instanceof HTMLInputElement) field.value = newKey();
}
