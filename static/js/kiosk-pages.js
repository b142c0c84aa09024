// @ts-check
/** At most six services a screen: shows one screenful of tiles, and a button to the next, which comes round again. */

import { isOn, onMode } from "nouba/kiosk-modes";

const TILES_A_PAGE = 6;
/** With large text, or within reach on a tall screen, fewer fit. */
const TILES_A_PAGE_FEW = 4;

/** The pages of tiles; remembers the page over a push. */
export class Pages {
  #page = 0;
  #nav = /** @type {HTMLElement} */ (document.getElementById("pages"));
  #next = /** @type {HTMLButtonElement} */ (document.getElementById("page-next"));
  #place = /** @type {HTMLElement} */ (document.getElementById("page-place"));

  constructor() {
    this.#next.addEventListener("click", () => {
      this.#page += 1;
      this.arrange();
    });
    onMode(() => this.arrange());
    this.arrange();
  }

  /** Hides the tiles of the other pages. To be called after every paint. */
  arrange() {
    const tiles = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#tiles > li"));
    const few = isOn("large") || (isOn("low") && matchMedia("(orientation: portrait)").matches);
    const size = few ? TILES_A_PAGE_FEW : TILES_A_PAGE;
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
