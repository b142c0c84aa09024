// @ts-check
/**
 * At most six services a screen: shows one screenful of tiles, and a button to the next, which comes round again. A full
 * hall says more in each tile; where they would push the foot off the screen, fewer are shown.
 */

import { isOn, onMode } from "nouba/kiosk-modes";

/** How many tiles may stand on a screen; each step is tried when the one before does not fit. */
const TILES_A_PAGE = [6, 4, 2];
/** With large text, or within reach on a tall screen, six never fit. */
const TILES_A_PAGE_FEW = TILES_A_PAGE.slice(1);

/** The pages of tiles; remembers the page over a push. */
export class Pages {
  #page = 0;
  /** What fitted last: a tile does not come back under the finger because a wait became shorter. */
  #size = Infinity;
  #nav = /** @type {HTMLElement} */ (document.getElementById("pages"));
  #next = /** @type {HTMLButtonElement} */ (document.getElementById("page-next"));
  #place = /** @type {HTMLElement} */ (document.getElementById("page-place"));

  constructor() {
    this.#next.addEventListener("click", () => {
      this.#page += 1;
      this.arrange();
    });
    onMode(() => this.#arrangeAnew());
    matchMedia("(orientation: portrait)").addEventListener("change", () => this.#arrangeAnew());
    this.arrange();
  }

  /** Hides the tiles of the other pages. To be called after every paint. */
  arrange() {
    const tiles = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#tiles > li"));
    const few = isOn("large") || (isOn("low") && matchMedia("(orientation: portrait)").matches);
    for (const size of few ? TILES_A_PAGE_FEW : TILES_A_PAGE) {
      if (size > this.#size) continue;
      this.#show(tiles, size);
      this.#size = size;
      if (document.documentElement.scrollHeight <= window.innerHeight) return;
    }
  }

  #arrangeAnew() {
    this.#size = Infinity;
    this.arrange();
  }

  /**
   * @param {NodeListOf<HTMLElement>} tiles
   * @param {number} size
   */
  #show(tiles, size) {
    const pages = Math.max(Math.ceil(tiles.length / size), 1);
    this.#page %= pages;
    tiles.forEach((tile, index) => {
      tile.hidden = Math.floor(index / size) !== this.#page;
    });
    this.#nav.hidden = pages === 1;
    const words = (this.#nav.dataset.pattern ?? "")
      .replace("{page}", String(this.#page + 1))
      .replace("{pages}", String(pages));
    if (this.#place.textContent !== words) this.#place.textContent = words;
  }
}
