// Documents: what is in the index, searched and filtered, and files that are dropped here.
// The list is virtual and grows by cursors; one document opens in a drawer (document-view.js).

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { addressOf, hasRole } from "../pages.js";
import { ago, bytes, mediaType, number } from "../ui/format.js";
import { badge, emptyState, select } from "../ui/parts.js";
import { VirtualList } from "../ui/virtual-list.js";
import { openDocument } from "./document-view.js";
import { UploadPanel } from "./upload.js";

const PAGE = 200;
const ROW_PX = 62;
const TYPING_MS = 250; // a pause in typing after which one looks
const TYPES = [
  "text/markdown",
  "application/pdf",
  "text/html",
  "text/plain",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  "text/csv",
  "message/rfc822",
];

export default class DocumentsPage extends Page {
  #list;
  #count = element("p", { class: "count", role: "status", "data-testid": "document-count" });
  #none = element("div", { hidden: true });
  #filters = { q: "", collection: "", type: "", language: "", status: "" };
  #drawer = null;
  #typing = null;
  #upload = null;

  build() {
    const { say, context } = this;
    this.classList.add("tall");
    const mayEdit = hasRole(context.session, "editor");
    this.#list = new VirtualList({
      rowPx: ROW_PX,
      label: say.pages.documents,
      fetchPage: (cursor, signal) => this.#fetch(cursor, signal),
      renderRow: (document) => this.#row(document),
      told: (total) => this.#tell(total),
      failed: (failure) => this.failure(failure),
    });
    if (mayEdit) this.#upload = new UploadPanel({ context, place: this, done: () => this.#reload() });
    const upload = mayEdit ? [button({ class: "button primary", "data-testid": "upload", onclick: () => this.#upload.choose() }, icon("upload"), say.documents.upload)] : [];
    this.append(
      this.head(say.pages.documents, say.documents.lead, ...upload),
      this.#toolbar(),
      ...(this.#upload ? [this.#upload.element] : []),
      this.#list.element,
      this.#none,
    );
    this.#reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#list.stop();
    clearTimeout(this.#typing);
  }

  routed(route) {
    super.routed(route);
    if (this.#drawer && this.#drawer.id !== route.id) this.#drawer.dialog.close();
    if (!route.id || this.#drawer) return;
    const dialog = openDocument({
      page: this,
      id: route.id,
      closed: () => {
        this.#drawer = null;
        if (this.isConnected && this.route.id) location.hash = addressOf("documents");
      },
      gone: () => this.#gone(route.id),
    });
    this.#drawer = { id: route.id, dialog };
  }

  #toolbar() {
    const { say } = this;
    const search = element("input", { type: "search", placeholder: say.documents.search, "aria-label": say.documents.search, "data-testid": "document-search", maxlength: 200 });
    search.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#filter("q", search.value.trim()), TYPING_MS);
    });
    const collection = this.#choice("collection", say.documents.anyCollection, []);
    this.server
      .get("v1/collections", {}, this.signal)
      .then(({ collections }) => collection.append(...collections.map(({ name, documents }) => element("option", { value: name }, `${name} (${number(say.tag, documents)})`))))
      .catch(() => (collection.hidden = true));
    const type = this.#choice("type", say.documents.anyType, TYPES.map((value) => [value, mediaType(value)]));
    const names = new Intl.DisplayNames(say.tag, { type: "language" });
    const language = this.#choice("language", say.documents.anyLanguage, ["en", "zh", "de", "fr", "es", "ja"].map((value) => [value, names.of(value)]));
    const status = this.#choice("status", say.documents.anyStatus, [["ready", say.documents.ready], ["stale", say.documents.stale]]);
    return element("div", { class: "toolbar", role: "search" }, element("div", { class: "search-field" }, icon("search"), search), collection, type, language, status, this.#count);
  }

  #choice(name, any, options) {
    return select([["", any], ...options], "", { "aria-label": any, "data-testid": `filter-${name}`, onchange: ({ target }) => this.#filter(name, target.value) });
  }

  #filter(name, value) {
    if (this.#filters[name] === value) return;
    this.#filters[name] = value;
    this.#reload();
  }

  async #reload() {
    await this.#list.reload();
  }

  async #fetch(cursor, signal) {
    const page = await this.server.get("v1/documents", { ...this.#filters, limit: PAGE, cursor }, signal);
    return { items: page.documents, next: page.next_cursor, total: page.total };
  }

  #tell(total) {
    const { say } = this;
    const filtered = Object.values(this.#filters).some(Boolean);
    this.#count.textContent = say.documents.count(number(say.tag, total), total);
    this.#list.element.hidden = total === 0;
    this.#none.hidden = total > 0;
    if (total > 0) return;
    const empty = filtered ? emptyState("search", say.documents.noMatch, say.documents.noMatchText) : emptyState("documents", say.documents.none, say.documents.noneText);
    this.#none.replaceChildren(empty);
  }

  #row(document) {
    const { say } = this;
    const problems = PROBLEMS.filter((kind) => document.notes[kind]);
    return element(
      "a",
      { class: "doc-row", href: addressOf("documents", document.id), "data-testid": "document-row" },
      element("span", { class: "doc-type" }, mediaType(document.media_type)),
      element("span", { class: "doc-name" }, element("strong", {}, document.title || document.uri), element("span", {}, document.uri)),
      element(
        "span",
        { class: "doc-marks badges" },
        document.failure ? badge(say.documents.stale, "bad") : null,
        problems.length ? badge(say.notes[problems[0]] ?? problems[0], "warn") : null,
        document.allow.length || document.deny.length ? badge(document.allow.join(", ") || say.documents.restricted, "") : null,
        badge(document.collection),
      ),
      element("span", { class: "doc-size num" }, bytes(say.tag, document.bytes)),
      element("time", { class: "doc-time num", datetime: document.updated_at }, ago(say.tag, document.updated_at)),
    );
  }

  #gone(id) {
    const index = this.#list.items.findIndex((document) => document.id === id);
    if (index >= 0) this.#list.remove(index);
    this.#reload();
  }
}

/** Notes that someone should look at. */
const PROBLEMS = ["instructions", "failed_pages", "failed_parts", "pages_without_text", "best_effort", "spam_links"];
