// In: the words, a greeting and suggested questions. Out: what stands where no question was asked yet.
// Without suggestions it says in three lines what can be done here.

import { button, element } from "./dom.js";
import { mark } from "./icons.js";

export function emptyView({ say, greeting, suggestions, ask }) {
  return element(
    "div",
    { class: "empty", "data-testid": "empty" },
    mark(),
    element("h3", {}, say.title),
    element("p", { class: "lead" }, greeting || say.lead),
    suggestions.length > 0 ? suggestionList(say, suggestions, ask) : hintList(say),
  );
}

function suggestionList(say, suggestions, ask) {
  const items = suggestions.map((question) =>
    element("li", {}, button({ class: "suggestion", "data-testid": "suggestion", onclick: () => ask(question) }, question)),
  );
  return element("ul", { class: "suggestions", role: "list", "aria-label": say.suggestions }, items);
}

function hintList(say) {
  return element("ul", { class: "hints", role: "list" }, say.hints.map((hint) => element("li", {}, hint)));
}
