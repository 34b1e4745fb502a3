// In: a citation. Out: a panel with its document, the quote marked and scrolled into view.
// Of a very long document only a window around the quote is shown; the original has the rest. It changes nothing anywhere.

import { element } from "./dom.js";
import { errorNote } from "./error-note.js";
import { place } from "./i18n.js";
import { icon, iconButton } from "./icons.js";
import { lineStart, locate, outlineAt, pieces } from "./source-text.js";

const WINDOW = 100_000; // characters before and after the quote

export class SourceView {
  #api;
  #say;
  #closed;
  #opener = null;
  #loading = null; // AbortController of the text being fetched
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
    this.element.querySelector("button").focus();
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
    this.element.hidden = true;
    this.element.replaceChildren();
    this.#closed(this.#opener);
  }

  #frame(citation) {
    const say = this.#say;
    const title = citation.title || citation.uri;
    this.element.setAttribute("aria-label", `${say.source(citation.n)}: ${title}`);
    const close = iconButton("close", say.close, { "data-testid": "source-close", onclick: () => this.close() });
    const original = element(
      "a",
      { class: "original", href: this.#api.originalUrl(citation.document_id, citation.page), target: "_blank", rel: "noopener noreferrer" },
      icon("original"),
      say.original,
    );
    if (this.#api.needsToken) original.addEventListener("click", (event) => this.#openOriginal(event, citation));
    const head = element("div", { class: "head" }, element("span", { class: "number" }, String(citation.n)), element("h3", {}, title), close);
    const where = element("p", { class: "where" }, place(say, citation));
    const file = element("p", { class: "file" }, element("span", {}, citation.uri), original);
    this.element.replaceChildren(head, where, file, this.#page);
  }

  async #openOriginal(event, { document_id: id, page, uri }) {
    event.preventDefault();
    try {
      await this.#api.openOriginal(id, page, uri.split("/").pop());
    } catch (failure) {
      this.#page.prepend(errorNote(this.#say, failure));
    }
  }

  #show(document, citation) {
    const located = locate(document, citation);
    const { quote, outline, text } = located;
    const [start, end] = quote ?? [0, 0];
    const entry = quote && outlineAt(outline, start);
    // What the citation does not say, the outline may.
    const where = { heading: citation.heading ?? entry?.heading.join(" › "), page: citation.page ?? entry?.page };
    this.element.querySelector(".where").textContent = place(this.#say, where);
    const [from, to] = [lineStart(text, start - WINDOW), Math.min(text.length, end + WINDOW)];
    const body = element("div", { class: "body", dir: "auto" }, from > 0 ? "… " : "", pieces(located, from, to).flatMap((piece) => this.#piece(piece)), to < text.length ? " …" : "");
    this.#page.replaceChildren(...(quote ? [] : this.#lostQuote(citation)), body);
    this.#page.querySelector("mark")?.scrollIntoView({ block: "center" });
  }

  #lostQuote(citation) {
    return [
      element("p", { class: "note" }, this.#say.changed),
      element("blockquote", { "data-testid": "source-quote" }, citation.quote),
    ];
  }

  #piece({ text, quoted, page }) {
    return [page ? element("span", { class: "page-border" }, this.#say.page(page)) : "", quoted ? element("mark", { "data-testid": "source-quote" }, text) : text];
  }
}
