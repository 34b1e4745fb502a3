// Audit: who did what and who was refused, the newest first, filtered, and as a file. The list is virtual.

import { element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { dateTime } from "../ui/format.js";
import { badge, emptyState, field, select } from "../ui/parts.js";
import { VirtualList } from "../ui/virtual-list.js";

const PAGE = 100;
const ROW_PX = 58;

export default class AuditPage extends Page {
  #filters = { actor: "", action: "", since: "", until: "" };
  #list;
  #none = element("div", { hidden: true });
  #export;

  build() {
    const { say } = this;
    this.classList.add("tall");
    this.#list = new VirtualList({
      rowPx: ROW_PX,
      label: say.pages.audit,
      fetchPage: (cursor, signal) => this.#fetch(cursor, signal),
      renderRow: (record) => this.#row(record),
      told: (_, loaded) => {
        this.#list.element.hidden = loaded === 0;
        this.#none.hidden = loaded > 0;
      },
      failed: (failure) => this.failure(failure),
    });
    this.#export = element("a", { class: "button", download: "audit.jsonl", "data-testid": "audit-export" }, icon("download"), say.audit.export);
    this.#none.append(emptyState("audit", say.audit.none, say.audit.noneText));
    this.append(this.head(say.pages.audit, say.audit.lead, this.#export), this.#toolbar(), this.#list.element, this.#none);
    this.#reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#list.stop();
  }

  #toolbar() {
    const { say } = this;
    const words = say.audit;
    const change = (name) => ({ target }) => {
      const time = name === "since" || name === "until";
      this.#filters[name] = time && target.value ? new Date(target.value).toISOString() : target.value.trim();
      this.#reload();
    };
    const actor = element("input", { type: "search", "aria-label": words.actor, placeholder: words.actor, onchange: change("actor"), "data-testid": "audit-actor" });
    const action = select([["", words.anyAction], ...Object.entries(words.groups)], "", { "aria-label": words.action, onchange: change("action"), "data-testid": "audit-action" });
    const since = element("input", { type: "datetime-local", onchange: change("since") });
    const until = element("input", { type: "datetime-local", onchange: change("until") });
    return element("div", { class: "toolbar audit-tools", role: "search" }, element("div", { class: "search-field" }, icon("search"), actor), action, field(words.since, since), field(words.until, until));
  }

  #reload() {
    const query = new URLSearchParams(Object.entries(this.#filters).filter(([, value]) => value));
    this.#export.href = `${this.server.base}v1/audit/export${query.size ? `?${query}` : ""}`;
    this.#list.reload();
  }

  async #fetch(cursor, signal) {
    const { records, next_cursor: next } = await this.server.get("v1/audit", { ...this.#filters, limit: PAGE, cursor }, signal);
    return { items: records, next };
  }

  #row(record) {
    const { say } = this;
    const words = say.audit;
    const who = (record.actor.kind !== "owner" && record.actor.name) || say.kinds[record.actor.kind];
    const what = record.question ?? (record.objects ?? []).join(", ");
    return element(
      "div",
      { class: "audit-row", "data-testid": "audit-row" },
      element("time", { datetime: record.time, title: record.request_id }, dateTime(say.tag, record.time)),
      element("span", { class: "audit-who" }, element("strong", {}, who), element("span", { class: "muted" }, [say.kinds[record.actor.kind], record.address].filter((part) => part && part !== who).join(" · "))),
      element("span", { class: "audit-what" }, element("span", {}, words.actions[record.action] ?? record.action), element("span", { class: "muted", title: what }, what)),
      record.status >= 400 ? badge(record.refused ?? String(record.status), "bad") : badge(String(record.status), "good"),
    );
  }
}
