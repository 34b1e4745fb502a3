// Search lab: one query, and what each leg and their fusion made of it, side by side with the scores.
// One search with `explain` tells all of it; places that a leg gave to hits outside of the answer stay gaps.

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { addressOf } from "../pages.js";
import { number } from "../ui/format.js";
import { badge, bar, emptyState, segments, select } from "../ui/parts.js";

const DEPTHS = [10, 25, 50, 100];

export default class SearchLabPage extends Page {
  #query;
  #depth;
  #rerank;
  #collection;
  #result = element("div", { "data-testid": "lab-result" });
  #shown = "fused"; // the list that a narrow screen shows
  #running = null;

  build() {
    const { say } = this;
    const words = say.lab;
    this.#query = element("input", { type: "search", placeholder: words.placeholder, "aria-label": words.query, maxlength: 8000, "data-testid": "lab-query" });
    this.#depth = select(DEPTHS.map((count) => [String(count), words.hits(count)]), "25", { "aria-label": words.depth });
    this.#collection = select([["", say.documents.anyCollection]], "", { "aria-label": say.documents.collection, hidden: true });
    this.#rerank = element("input", { type: "checkbox", checked: true });
    const form = element(
      "form",
      { class: "toolbar lab-form", role: "search" },
      element("div", { class: "search-field" }, icon("search"), this.#query),
      this.#collection,
      this.#depth,
      element("label", { class: "check" }, this.#rerank, element("span", {}, words.rerank)),
      button({ class: "button primary", type: "submit", "data-testid": "lab-run" }, words.run),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    this.append(this.head(say.pages.search, words.lead), form, this.#result);
    this.#result.append(emptyState("search", words.none, words.noneText));
    this.#collections();
  }

  routed(route) {
    super.routed(route);
    const query = route.query.get("q");
    if (!query || query === this.#query.value) return;
    this.#query.value = query;
    this.#search();
  }

  async #collections() {
    const { collections } = await this.server.get("v1/collections", {}, this.signal).catch(() => ({ collections: [] }));
    this.#collection.append(...collections.map(({ name }) => element("option", { value: name }, name)));
    this.#collection.hidden = collections.length < 2;
  }

  #search() {
    const query = this.#query.value.trim();
    if (query === "") return this.#query.focus();
    history.replaceState(null, "", addressOf("search", "", { q: query }));
    this.#running?.abort();
    this.#running = new AbortController();
    const body = { query, k: Number(this.#depth.value), explain: true, rerank: this.#rerank.checked };
    if (this.#collection.value) body.collections = [this.#collection.value];
    this.fill(this.#result, async () => this.#compare(await this.server.send("POST", "v1/search", body, this.#running.signal)));
  }

  #compare(response) {
    const { say } = this;
    const words = say.lab;
    const { hits } = response;
    const notes = [
      response.did_you_mean ? element("p", { class: "notice" }, words.didYouMean, " ", element("a", { href: addressOf("search", "", { q: response.did_you_mean }) }, response.did_you_mean)) : null,
      response.unmatched_phrases?.length ? element("p", { class: "notice" }, words.unmatched(response.unmatched_phrases.join(say.jobs.comma))) : null,
    ];
    if (hits.length === 0) return [...notes, emptyState("search", words.nothing, words.nothingText)];
    const place = new Map(hits.map((hit, index) => [hit.chunk_id, index + 1]));
    const leg = (name) =>
      hits.filter((hit) => hit.explanation?.[name]?.rank).sort((a, b) => a.explanation[name].rank - b.explanation[name].rank);
    const most = Math.max(...hits.map(({ score }) => score), 0.001);
    const lists = [
      ["lexical", words.lexical, words.lexicalText, leg("lexical").map((hit) => this.#legItem(hit, "lexical", place))],
      ["fused", words.fused, words.fusedText, hits.map((hit, index) => this.#fusedItem(hit, index, most))],
      ["vector", words.vector, words.vectorText, leg("vector").map((hit) => this.#legItem(hit, "vector", place))],
    ];
    const grid = element("div", { class: "lab", "data-shown": this.#shown }, lists.map(([name, title, text, items]) => this.#column(name, title, text, items)));
    grid.addEventListener("pointerover", (event) => light(grid, event.target.closest("[data-chunk]")?.dataset.chunk));
    grid.addEventListener("pointerleave", () => light(grid, null));
    grid.addEventListener("focusin", (event) => light(grid, event.target.closest("[data-chunk]")?.dataset.chunk));
    const chooser = segments(lists.map(([name, title]) => [name, title]), this.#shown, words.lists, (name) => {
      this.#shown = name;
      grid.dataset.shown = name;
    });
    chooser.classList.add("lab-chooser");
    return [...notes, legend(words), chooser, grid];
  }

  #column(name, title, text, items) {
    const none = element("li", { class: "muted small lab-none" }, this.say.lab.legEmpty);
    return element(
      "section",
      { class: "lab-column", "data-list": name, "data-testid": `lab-${name}`, "aria-label": title },
      element("header", {}, element("h2", {}, title), badge(String(items.length)), element("p", { class: "hint" }, text)),
      element("ol", { role: "list" }, items.length ? items : none),
    );
  }

  #legItem(hit, name, place) {
    const share = hit.explanation[name];
    const { say } = this;
    return this.#item(hit, share.rank, [
      bar([{ share: share.scaled, kind: name, title: number(say.tag, share.scaled, 3) }], say.lab.scaled(number(say.tag, share.scaled, 3))),
      numbers([
        [name === "lexical" ? "BM25" : say.lab.cosine, number(say.tag, share.raw, 3)],
        [say.lab.place, `#${place.get(hit.chunk_id)}`],
      ]),
    ]);
  }

  #fusedItem(hit, index, most) {
    const { say } = this;
    const { lexical, vector, boosts = [] } = hit.explanation;
    const boost = boosts.reduce((sum, { contribution }) => sum + contribution, 0);
    const part = (value, kind, title) => ({ share: Math.max(0, value) / most, kind, title: `${title} ${number(say.tag, value, 3)}` });
    const parts = [part(lexical?.contribution ?? 0, "lexical", say.lab.lexical), part(vector?.contribution ?? 0, "vector", say.lab.vector), part(boost, "boost", say.lab.boosts)];
    const why = [
      ...[["lexical", lexical], ["vector", vector]]
        .filter(([, share]) => share)
        .map(([name, share]) => element("li", {}, element("span", {}, `${say.lab[name]}: ${number(say.tag, share.weight, 2)} × ${number(say.tag, share.scaled, 3)}`), element("span", { class: "num" }, signed(say, share.contribution)))),
      ...boosts.map(({ name, contribution, reason }) => element("li", {}, element("span", {}, say.lab.boostNames[name] ?? reason, element("span", { class: "muted" }, ` ${reason}`)), element("span", { class: "num" }, signed(say, contribution)))),
    ];
    const ranks = (share) => (share?.rank ? `#${share.rank}` : "–");
    return this.#item(hit, index + 1, [
      bar(parts, say.lab.score(number(say.tag, hit.score, 3))),
      numbers([
        [say.lab.scoreName, number(say.tag, hit.score, 3)],
        [say.lab.lexicalShort, ranks(lexical)],
        [say.lab.vectorShort, ranks(vector)],
      ]),
      element("details", { class: "small lab-why" }, element("summary", { class: "muted" }, say.lab.why), element("ul", { role: "list" }, why)),
    ]);
  }

  #item(hit, rank, scores) {
    const { say } = this;
    const where = [hit.heading, hit.page ? say.page(hit.page) : null].filter(Boolean).join(" · ");
    return element(
      "li",
      { class: "lab-hit", "data-chunk": hit.chunk_id, "data-testid": "lab-hit" },
      element("span", { class: "lab-rank num" }, String(rank)),
      element(
        "div",
        {},
        element("a", { class: "lab-title", href: addressOf("documents", hit.document_id) }, hit.title || hit.uri),
        where ? element("p", { class: "muted small" }, where) : null,
        element("p", { class: "lab-text small", dir: "auto" }, highlighted(hit)),
        scores,
      ),
    );
  }
}

function light(grid, chunk) {
  for (const node of grid.querySelectorAll("[data-chunk]")) node.classList.toggle("lit", node.dataset.chunk === chunk);
}

function numbers(pairs) {
  return element("p", { class: "lab-numbers" }, pairs.map(([name, value]) => element("span", {}, `${name} `, element("b", {}, value))));
}

function signed(say, value) {
  return `${value < 0 ? "−" : "+"}${number(say.tag, Math.abs(value), 3)}`;
}

function legend(words) {
  const key = (kind, text) => element("span", {}, element("i", { class: `bar-part ${kind}`, "aria-hidden": "true" }), text);
  return element("p", { class: "lab-legend small muted" }, key("lexical", words.lexical), key("vector", words.vector), key("boost", words.boosts));
}

// Offsets count characters; what is shown begins near the first thing that matched.
function highlighted({ text, highlights = [] }) {
  const characters = [...text];
  const from = Math.max(0, (highlights[0]?.start ?? 0) - 60);
  const to = Math.min(characters.length, from + 320);
  const parts = [from > 0 ? "… " : ""];
  let at = from;
  for (const { start, end } of highlights) {
    if (start < at || end > to) continue;
    parts.push(characters.slice(at, start).join(""), element("mark", {}, characters.slice(start, end).join("")));
    at = end;
  }
  parts.push(characters.slice(at, to).join(""), to < characters.length ? " …" : "");
  return parts;
}
