// In: the words, a greeting and suggested questions. Out: what stands where no question was asked yet.
// The page around may add to it: slot="empty".

import { button, element } from "./dom.js";
import { mark } from "./icons.js";

export function emptyView({ say, greeting, suggestions, ask }) {
  const items = suggestions.map((question) =>
    element("li", {}, button({ class: "suggestion", "data-testid": "suggestion", onclick: () => ask(question) }, question)),
  );
  return element(
    "div",
    { class: "empty", "data-testid": "empty" },
    mark(),
    element("h3", {}, say.title),
    element("p", { class: "lead" }, greeting || say.lead),
    items.length ? element("ul", { class: "suggestions", role: "list", "aria-label": say.suggestions }, items) : null,
    element("slot", { name: "empty" }),
  );
}
