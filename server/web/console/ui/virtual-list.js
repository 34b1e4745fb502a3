// A list of any length: only the rows in sight are elements; further ones are fetched page by page as one scrolls.
// In: `fetchPage(cursor) → { items, next, total }`, `renderRow(item, index)` and the height of a row. Out: an element.
// Rows have one height, so that where a row stands needs no measuring. A list cannot be entered in its middle: cursors
// only go on.

import { element } from "../../chat/dom.js";

const SPARE = 8; // rows built above and below what is seen
const AHEAD = 60; // rows before the end at which the next page is fetched

export class VirtualList {
  #rows = element("div", { class: "vl-rows", role: "list" });
  #scroller;
  #note = element("div", { class: "vl-note", role: "status" });
  #items = [];
  #shown = new Map(); // index → element
  #next = null;
  #fetching = null;
  #fetchPage;
  #renderRow;
  #rowPx;
  #told;
  #failed;

  /** `told(total, loaded)` after each page; `failed(error)` gives what to show then. */
  constructor({ rowPx, label, fetchPage, renderRow, told, failed }) {
    this.#rowPx = rowPx;
    this.#fetchPage = fetchPage;
    this.#renderRow = renderRow;
    this.#told = told;
    this.#failed = failed;
    this.#rows.setAttribute("aria-label", label);
    this.#scroller = element("div", { class: "vl", tabindex: 0, onscroll: () => this.#draw() }, this.#rows, this.#note);
    this.#rows.addEventListener("keydown", (event) => this.#key(event));
    this.element = this.#scroller;
    new ResizeObserver(() => this.#draw()).observe(this.#scroller);
  }

  get items() {
    return this.#items;
  }

  /** Starts again at the first page. Resolves when it is there. */
  async reload() {
    this.#fetching?.abort();
    this.#fetching = null;
    this.#items = [];
    this.#next = undefined;
    this.#clear();
    this.#scroller.scrollTop = 0;
    this.#scroller.setAttribute("aria-busy", "true");
    await this.#more();
  }

  /** Shows an item that changed anew. */
  replace(index, item) {
    this.#items[index] = item;
    this.#shown.get(index)?.remove();
    this.#shown.delete(index);
    this.#draw();
  }

  remove(index) {
    this.#items.splice(index, 1);
    this.#clear();
    this.#draw();
  }

  stop() {
    this.#fetching?.abort();
  }

  async #more() {
    if (this.#fetching || this.#next === null) return;
    const fetching = new AbortController();
    this.#fetching = fetching;
    try {
      const { items, next, total } = await this.#fetchPage(this.#next, fetching.signal);
      if (fetching.signal.aborted) return;
      this.#items.push(...items);
      this.#next = next ?? null;
      this.#note.replaceChildren();
      this.#told?.(total, this.#items.length, this.#next === null);
    } catch (failure) {
      if (fetching.signal.aborted) return;
      this.#next = null;
      this.#note.replaceChildren(this.#failed(failure));
    } finally {
      if (this.#fetching === fetching) this.#fetching = null;
      this.#scroller.removeAttribute("aria-busy");
    }
    this.#draw();
  }

  #draw() {
    const top = this.#scroller.scrollTop;
    const seen = this.#scroller.clientHeight;
    const first = Math.max(0, Math.floor(top / this.#rowPx) - SPARE);
    const last = Math.min(this.#items.length, Math.ceil((top + seen) / this.#rowPx) + SPARE);
    this.#rows.style.blockSize = `${this.#items.length * this.#rowPx}px`;
    for (const [index, node] of this.#shown) {
      // The row with the focus stays, so that the keyboard does not lose its place.
      if ((index < first || index >= last) && !node.contains(document.activeElement)) {
        node.remove();
        this.#shown.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) if (!this.#shown.has(index)) this.#place(index);
    if (seen > 0 && this.#next !== null && last + AHEAD > this.#items.length) this.#more();
  }

  #place(index) {
    const node = element("div", { class: "vl-row", role: "listitem", "aria-posinset": index + 1 }, this.#renderRow(this.#items[index], index));
    node.style.insetBlockStart = `${index * this.#rowPx}px`;
    node.style.blockSize = `${this.#rowPx}px`;
    this.#shown.set(index, node);
    // In the order of the list, for the keyboard.
    const after = [...this.#shown.keys()].filter((other) => other > index).sort((a, b) => a - b)[0];
    this.#rows.insertBefore(node, after === undefined ? null : this.#shown.get(after));
  }

  // Up and down go from row to row, whatever is in them.
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = [...this.#shown].find(([, node]) => node.contains(event.target))?.[0];
    if (!step || at === undefined || !this.#items[at + step]) return;
    event.preventDefault();
    const edge = (at + step) * this.#rowPx;
    if (edge < this.#scroller.scrollTop) this.#scroller.scrollTop = edge;
    const below = edge + this.#rowPx - this.#scroller.clientHeight;
    if (below > this.#scroller.scrollTop) this.#scroller.scrollTop = below;
    this.#draw();
    this.#shown.get(at + step)?.querySelector("a, button")?.focus({ preventScroll: true });
  }

  #clear() {
    for (const node of this.#shown.values()) node.remove();
    this.#shown.clear();
  }
}
