// @ts-check
/**
 * Makes one tree like another and touches only what differs, so that focus, an open menu, a half-made choice and
 * a screen reader's place survive a push. Elements are matched by id, else by place and name.
 */

/** What belongs to the person at the screen, not to the server. */
const KEPT_ATTRIBUTES = new Set(["open", "data-kept"]);

/**
 * @param {Element} from the element on the page
 * @param {Element} to the element as it should be
 */
export function morph(from, to) {
  copyAttributes(from, to);
  if (from.hasAttribute("data-kept")) return;
  morphChildren(from, to);
}

/**
 * The fragment's element out of its text; null when the text holds no such element.
 * @param {string} html
 * @param {string} id
 * @returns {Element | null}
 */
export function parsed(html, id) {
  return new DOMParser().parseFromString(html, "text/html").getElementById(id);
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function copyAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !KEPT_ATTRIBUTES.has(name)) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (KEPT_ATTRIBUTES.has(name)) continue;
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function morphChildren(from, to) {
  const byId = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
  /** @type {ChildNode | null} */
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const known = wanted instanceof Element && wanted.id ? byId.get(wanted.id) : undefined;
    if (known && known !== place) from.insertBefore(known, place);
    else if (!known && !(place && matches(place, wanted))) {
      from.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    const present = known ?? /** @type {ChildNode} */ (place);
    place = present.nextSibling;
    if (present instanceof Element && wanted instanceof Element) morph(present, wanted);
    // Another text is another node: where the old one stood is not where the new one has moved from.
    else if (present.nodeValue !== wanted.nodeValue) present.replaceWith(document.importNode(wanted, true));
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/**
 * @param {Node} present
 * @param {Node} wanted
 * @returns {boolean} whether `present` can become `wanted`
 */
function matches(present, wanted) {
  if (present.nodeType !== wanted.nodeType || present.nodeName !== wanted.nodeName) return false;
  if (!(present instanceof Element) || !(wanted instanceof Element)) return true;
  return present.id === wanted.id;
}
