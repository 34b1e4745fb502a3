// Questions: what the documents did not answer well, by topic, with how often and by how many it was asked, and what to do:
// name the document that answers it now, or set it aside. It never tells who asked.

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { addressOf } from "../pages.js";
import { openDialog } from "../ui/dialog.js";
import { ago, dateTime, number } from "../ui/format.js";
import { badge, emptyState, field, segments, select } from "../ui/parts.js";

const PAGE = 50;
const KIND_BADGES = { unanswered: "warn", down: "bad", handoff: "live" };
const FOUND = 8; // documents that the choice offers

export default class QuestionsPage extends Page {
  #state = "open";
  #kind = "";
  #list = element("div", { class: "topics", "data-testid": "topics" });
  #more;
  #cursor = null;

  build() {
    const { say } = this;
    const words = say.questions;
    this.#more = button({ class: "button", hidden: true }, say.more);
    this.#more.addEventListener("click", () => this.act(this.#more, async () => this.#list.append(...(await this.#fetch()))));
    const kind = select([["", words.anyKind], ...Object.entries(words.kinds)], "", { "aria-label": words.kind, "data-testid": "filter-kind" });
    kind.addEventListener("change", () => {
      this.#kind = kind.value;
      this.#load();
    });
    const states = segments(Object.entries(words.states), this.#state, words.state, (state) => {
      this.#state = state;
      this.#load();
    });
    this.append(this.head(say.pages.questions, words.lead), element("div", { class: "toolbar" }, states, kind), this.#list, this.#more);
    this.#load();
  }

  #load() {
    this.#cursor = null;
    this.#list.replaceChildren();
    this.fill(this.#list, async () => {
      const cards = await this.#fetch();
      const { none, noneText } = this.say.questions;
      return cards.length ? cards : emptyState("questions", none[this.#state], noneText[this.#state]);
    });
  }

  async #fetch() {
    const query = { state: this.#state, kind: this.#kind, limit: PAGE, cursor: this.#cursor };
    const { topics, next_cursor: next } = await this.server.get("v1/questions", query, this.signal);
    this.#cursor = next ?? null;
    this.#more.hidden = this.#cursor === null;
    return topics.map((topic) => this.#card(topic));
  }

  #card(topic) {
    const { say } = this;
    const words = say.questions;
    const counts = ["unanswered", "down", "handoffs"].filter((kind) => topic[kind] > 0).map((kind) => words.counts[kind](number(say.tag, topic[kind])));
    const wordings = topic.questions.map(({ question, count, notes = [] }) =>
      element(
        "li",
        {},
        element("a", { href: addressOf("ask", "", { q: question }), title: words.askIt }, question),
        count > 1 ? badge(words.times(number(say.tag, count))) : null,
        notes.map((note) => element("blockquote", {}, note)),
      ),
    );
    const decide = (state) => {
      const node = button({ class: "button small", "data-testid": `topic-${state}` }, words.decide[state]);
      node.addEventListener("click", () => this.#decide(topic, { state }, node));
      return node;
    };
    const answer = button({ class: "button small primary", "data-testid": "topic-answer", onclick: () => this.#answer(topic) }, icon("done"), words.decide.answered);
    const lab = element("a", { class: "button small", href: addressOf("search", "", { q: topic.label }) }, icon("search"), say.pages.search);
    return element(
      "article",
      { class: "card topic", "data-testid": "topic" },
      element(
        "header",
        { class: "card-head" },
        element("div", {}, element("h2", { dir: "auto" }, topic.label), element("p", { class: "badges" }, badge(words.kinds[topic.kind], KIND_BADGES[topic.kind]), counts.map((text) => badge(text)))),
        element("p", { class: "topic-count" }, element("strong", {}, number(say.tag, topic.count)), element("span", {}, words.asked(topic.count)), topic.askers ? element("span", {}, words.askers(number(say.tag, topic.askers), topic.askers)) : null),
      ),
      topic.document
        ? element("p", { class: "topic-document" }, icon("documents"), element("a", { href: addressOf("documents", topic.document.id) }, topic.document.title || topic.document.uri))
        : null,
      topic.note ? element("p", { class: "muted small" }, `${words.note}: ${topic.note}`) : null,
      element("details", { class: "wordings" }, element("summary", { class: "muted small" }, words.wordings(topic.questions.length)), element("ul", { role: "list" }, wordings)),
      element(
        "footer",
        { class: "topic-foot" },
        element("span", { class: "muted small", title: dateTime(say.tag, topic.last_at) }, words.last(ago(say.tag, topic.last_at))),
        element("div", { class: "actions" }, lab, topic.state === "open" ? [decide("dismissed"), answer] : decide("open")),
      ),
    );
  }

  async #decide(topic, decision, control) {
    const path = `v1/questions/${encodeURIComponent(topic.id)}`;
    const done = await this.act(control, () => this.server.send("PATCH", path, decision), this.say.questions.decided[decision.state]);
    if (done) this.#load();
    return done;
  }

  // Which document answers it now: chosen from those whose title or path has the words.
  #answer(topic) {
    const { say } = this;
    const words = say.questions;
    const search = element("input", { type: "search", placeholder: say.documents.search, "data-testid": "topic-document-search", autofocus: true });
    const found = element("fieldset", { class: "choices-list" });
    const note = element("textarea", { rows: 2, maxlength: 2000 });
    let last = 0;
    const look = async () => {
      const turn = (last += 1);
      const query = search.value.trim();
      const hits = query
        ? (await this.server.get("v1/documents", { q: query, limit: FOUND }, this.signal)).documents
        : documentsOf(await this.server.send("POST", "v1/search", { query: topic.label, k: FOUND * 2 }, this.signal));
      if (turn !== last) return; // an older answer
      const items = hits.slice(0, FOUND).map(({ id, title, uri }) =>
        element("label", { class: "choice" }, element("input", { type: "radio", name: "document", value: id, "data-testid": "topic-document" }), element("span", {}, element("strong", {}, title || uri), element("span", { class: "muted small" }, uri))),
      );
      found.replaceChildren(element("legend", { class: "hint" }, query ? words.foundDocuments : words.nearDocuments), ...(items.length ? items : [element("p", { class: "muted" }, say.documents.noMatch)]));
    };
    const soon = () => look().catch((failure) => found.replaceChildren(this.failure(failure)));
    search.addEventListener("input", soon);
    const form = element("form", { id: "topic-form", class: "stack" }, element("p", { class: "muted", dir: "auto" }, topic.label), field(words.which, search), found, field(words.noteLabel, note));
    const save = button({ class: "button primary", type: "submit", form: "topic-form", "data-testid": "topic-save" }, words.decide.answered);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const chosen = form.elements.document?.value;
      const decision = { state: "answered", ...(chosen ? { document_id: chosen } : {}), ...(note.value.trim() ? { note: note.value.trim() } : {}) };
      if (await this.#decide(topic, decision, save)) dialog.close();
    });
    const dialog = openDialog({ say, title: words.answerTitle, testid: "topic-dialog", content: form, actions: [save] });
    soon();
  }
}

function documentsOf({ hits }) {
  const seen = new Map(hits.map(({ document_id: id, title, uri }) => [id, { id, title, uri }]));
  return [...seen.values()];
}
