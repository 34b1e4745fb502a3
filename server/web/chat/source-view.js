// In: a citation. Out: a panel with its document, the quote marked and scrolled into view.
// Of a long document only a window around the quote is built; "show more" widens it. It changes nothing anywhere.

import { button, element } from "./dom.js";
import { errorNote } from "./error-note.js";
import { place } from "./i18n.js";
import { icon } from "./icons.js";
import { lineStart, locate, outlineAt, pieces } from "./source-text.js";

const WINDOW_CHARACTERS = 20_000;

export class SourceView {
  #api;
  #say;
  #closed;
  #opener = null;
  #loading = null; // AbortController of the text being fetched
  #located = null;
  #from = 0;
  #to = 0;
  #page = element("div", { class: "page", tabindex: 0 });

  /** `closed(opener)` is called after the panel went; `opener` is the element that had opened it. */
  constructor({ api, say, closed }) {
    this.#api = api;
    this.#say = say;
    this.#closed = closed;
    this.element = element("section", { class: "source", "data-testid": "source-view", role: "dialog", hidden: true });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  async open(citation, opener) {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#opener = opener;
    this.#frame(citation);
    this.#page.replaceChildren(element("p", { class: "note" }, this.#say.loadingSource));
    this.element.hidden = false;
    this.element.querySelector(".close").focus();
    try {
      const document = await this.#api.documentText(citation.document_id, loading.signal);
      if (!loading.signal.aborted) this.#show(document, citation);
    } catch (failure) {
      if (!loading.signal.aborted) this.#page.replaceChildren(errorNote(this.#say, failure));
    }
  }

  close() {
    if (!this.isOpen) return;
    this.#loading?.abort();
    this.#located = null;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.#closed(this.#opener);
  }

  #frame(citation) {
    const say = this.#say;
    const title = citation.title || citation.uri;
    this.element.setAttribute("aria-label", `${say.source(citation.n)}: ${title}`);
    const close = button(
      { class: "icon-button close", "data-testid": "source-close", "aria-label": say.closeSource, title: say.closeSource, onclick: () => this.close() },
      icon("close"),
    );
    const original = element(
      "a",
      { class: "original", href: this.#api.originalUrl(citation.document_id, citation.page), target: "_blank", rel: "noopener noreferrer" },
      icon("original"),
      say.original,
    );
    const head = element("header", {}, element("span", { class: "number" }, String(citation.n)), element("h3", {}, title), close);
    const where = element("p", { class: "where" }, place(say, citation));
    const file = element("p", { class: "file" }, element("span", {}, citation.uri), original);
    this.element.replaceChildren(head, where, file, this.#page);
  }

  #show(document, citation) {
    this.#located = locate(document, citation);
    const { quote, outline, text } = this.#located;
    const middle = quote ?? { start: 0, end: 0 };
    this.#from = lineStart(text, middle.start - WINDOW_CHARACTERS / 2);
    this.#to = lineStart(text, Math.max(middle.end + WINDOW_CHARACTERS / 2, this.#from + WINDOW_CHARACTERS));
    if (quote) this.#tellPlace(outlineAt(outline, quote.start), citation);
    this.#page.replaceChildren();
    if (!quote) this.#page.append(...this.#lostQuote(citation));
    this.#build();
    this.#page.querySelector("mark")?.scrollIntoView({ block: "center" });
  }

  // What the citation does not say, the outline may.
  #tellPlace(entry, citation) {
    const heading = citation.heading ?? entry?.heading.join(" › ");
    this.element.querySelector(".where").textContent = place(this.#say, { heading, page: citation.page ?? entry?.page });
  }

  #lostQuote(citation) {
    return [
      element("p", { class: "note" }, this.#say.changed),
      element("blockquote", { "data-testid": "source-quote" }, citation.quote),
    ];
  }

  #build() {
    this.#page.querySelectorAll(".body, .more").forEach((old) => old.remove());
    const { text } = this.#located;
    const body = element("div", { class: "body" }, pieces(this.#located, this.#from, this.#to).map((piece) => this.#piece(piece)).flat());
    if (this.#from > 0) this.#page.append(this.#more(this.#say.before, () => this.#widenUp()));
    this.#page.append(body);
    if (this.#to < text.length) this.#page.append(this.#more(this.#say.after, () => this.#widenDown()));
  }

  #piece({ text, quoted, heading, page }) {
    const border = page === null ? [] : [element("span", { class: "page-border" }, this.#say.page(page))];
    const words = heading ? element("strong", {}, text) : text;
    return [...border, quoted ? element("mark", { "data-testid": "source-quote" }, words) : words];
  }

  #more(label, widen) {
    return button({ class: "quiet more", onclick: widen }, label);
  }

  #widenUp() {
    const fromBottom = this.#page.scrollHeight - this.#page.scrollTop;
    this.#from = lineStart(this.#located.text, this.#from - WINDOW_CHARACTERS);
    this.#build();
    this.#page.scrollTop = this.#page.scrollHeight - fromBottom; // the lines being read stay where they are
    this.#page.focus({ preventScroll: true });
  }

  #widenDown() {
    const top = this.#page.scrollTop;
    this.#to = lineStart(this.#located.text, this.#to + WINDOW_CHARACTERS);
    this.#build();
    this.#page.scrollTop = top;
    this.#page.focus({ preventScroll: true });
  }
}
