// In: citations. Out: the numbered chip inside an answer, and the list beneath it.
// Both are buttons that open the source; what opening means is the caller's affair.

import { button, element } from "./dom.js";
import { place } from "./i18n.js";

/** The small number behind a sentence. */
export function citationChip(citation, { say, openSource }) {
  const name = [`${say.source(citation.n)}: ${citation.title}`, place(say, citation)].filter(Boolean).join(", ");
  const chip = button(
    { class: "chip", "data-testid": "citation-chip", "data-n": citation.n, "aria-label": name, title: name },
    String(citation.n),
  );
  chip.addEventListener("click", () => openSource(citation, chip));
  return chip;
}

/** Number, title, place and quote of each citation. */
export function citationList({ title, note, citations }, context) {
  const items = [...citations].sort((a, b) => a.n - b.n).map((citation) => element("li", {}, card(citation, context)));
  return element(
    "section",
    { class: "sources", "data-testid": "sources" },
    element("h4", {}, title),
    note ? element("p", { class: "note" }, note) : null,
    element("ol", { role: "list" }, items), // the role: Safari forgets that a list without markers is one
  );
}

function card(citation, { say, openSource }) {
  const where = place(say, citation);
  const opener = button(
    { class: "card", "data-testid": "source", "data-n": citation.n },
    element("span", { class: "number" }, String(citation.n)),
    element("span", { class: "title" }, citation.title || citation.uri),
    where ? element("span", { class: "where" }, where) : null,
    element("span", { class: "excerpt" }, citation.quote),
  );
  opener.addEventListener("click", () => openSource(citation, opener));
  return opener;
}
