// Keys: made, changed and revoked. A new secret is shown once; of a widget's key the line for the page is shown with it.

import { copyText } from "../../chat/copy.js";
import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { confirmDialog, openDialog } from "../ui/dialog.js";
import { ago, date, dateTime } from "../ui/format.js";
import { badge, checkbox, emptyState, field, row, segments, select, table } from "../ui/parts.js";

const LIFETIMES_DAYS = [30, 90, 365];
const PAGE = 100;

export default class KeysPage extends Page {
  #list = element("div", { "data-testid": "keys" });
  #withRevoked = false;

  build() {
    const { say } = this;
    const make = button({ class: "button primary", "data-testid": "key-new", onclick: () => this.#edit(null) }, icon("fresh"), say.keys.make);
    const revoked = checkbox(say.keys.showRevoked, { onchange: ({ target }) => {
      this.#withRevoked = target.checked;
      this.#load();
    } });
    this.append(this.head(say.pages.keys, say.keys.lead, element("a", { class: "button", href: `${this.server.base}api` }, icon("original"), say.keys.api), make), element("div", { class: "toolbar" }, revoked), this.#list);
    this.#load();
  }

  #load() {
    this.fill(this.#list, async () => {
      const keys = await this.#all();
      const shown = keys.filter((key) => this.#withRevoked || !key.revoked_at);
      if (shown.length === 0) return emptyState("keys", this.say.keys.none, this.say.keys.noneText);
      return this.#table(shown);
    });
  }

  async #all() {
    const keys = [];
    for (let cursor = null; ; ) {
      const page = await this.server.get("v1/keys", { limit: PAGE, cursor }, this.signal);
      keys.push(...page.keys);
      cursor = page.next_cursor;
      if (!cursor || keys.length >= 1_000) return keys;
    }
  }

  #table(keys) {
    const { say } = this;
    const words = say.keys;
    const rows = keys.map((key) => {
      const ended = key.revoked_at || (key.expires_at && new Date(key.expires_at) < new Date());
      const tools = key.revoked_at
        ? null
        : element(
            "div",
            { class: "actions" },
            button({ class: "icon-button", "aria-label": `${words.change}: ${key.name}`, title: words.change, "data-testid": "key-change", onclick: () => this.#edit(key) }, icon("pen")),
            button({ class: "icon-button", "aria-label": `${words.revoke}: ${key.name}`, title: words.revoke, "data-testid": "key-revoke", onclick: () => this.#revoke(key) }, icon("trash")),
          );
      return row(
        [
          element("div", {}, element("strong", {}, key.name), element("div", { class: "mono muted small" }, `${key.prefix}…`)),
          element("span", { class: "badges" }, badge(words.kinds[key.kind], key.kind === "widget" ? "live" : ""), key.kind === "widget" ? null : badge(say.roles[key.role]), ended ? badge(key.revoked_at ? words.revoked : words.expired, "bad") : null),
          access(say, key),
          element("td", { title: dateTime(say.tag, key.last_used_at) }, ago(say.tag, key.last_used_at) ?? say.never),
          element("td", { title: `${dateTime(say.tag, key.created_at)} · ${key.created_by}` }, key.expires_at ? date(say.tag, key.expires_at) : words.forever),
          element("td", { class: "end" }, tools),
        ],
        { "data-testid": "key-row", class: ended ? "muted" : null },
      );
    });
    const columns = [{ title: words.name }, { title: words.kind }, { title: words.access }, { title: words.used }, { title: words.expires }, { title: element("span", { class: "unseen" }, words.actions) }];
    return table(columns, rows, say.pages.keys);
  }

  #edit(key) {
    const { say } = this;
    const words = say.keys;
    let kind = key?.kind ?? "api";
    const name = element("input", { value: key?.name ?? "", required: true, maxlength: 100, "data-testid": "key-name", autofocus: true });
    const role = select(Object.entries(say.roles), "reader", { "data-testid": "key-role" });
    const everything = element("input", { type: "checkbox", checked: key ? key.groups === null : false, "data-testid": "key-everything" });
    const groups = element("input", { value: key?.groups?.join(", ") ?? "", placeholder: "hr, managers", "data-testid": "key-groups" });
    const collections = element("input", { value: key?.collections?.join(", ") ?? "", placeholder: words.allCollections });
    const origins = element("textarea", { rows: 2, placeholder: "https://www.example.com", "data-testid": "key-origins" }, key?.origins.join("\n") ?? "");
    const lifetime = select([["", words.forever], ...LIFETIMES_DAYS.map((days) => [String(days), words.days(days)])], "90");
    const roleRow = field(words.role, role, words.roleHint);
    const originRow = field(words.origins, origins, words.originsHint);
    const show = () => {
      roleRow.hidden = kind === "widget" || Boolean(key);
      originRow.hidden = kind !== "widget";
      groups.disabled = everything.checked;
    };
    everything.addEventListener("change", show);
    const form = element(
      "form",
      { id: "key-form", class: "stack" },
      key ? null : segments(Object.entries(words.kinds), kind, words.kind, (chosen) => {
        kind = chosen;
        show();
      }),
      field(words.name, name),
      roleRow,
      element("div", { class: "stack" }, field(words.groups, groups, words.groupsHint), element("label", { class: "check" }, everything, element("span", {}, words.everything))),
      field(words.collections, collections, words.collectionsHint),
      originRow,
      key ? null : field(words.expires, lifetime),
    );
    show();
    const save = button({ class: "button primary", type: "submit", form: "key-form", "data-testid": "key-save" }, key ? say.save : words.create);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const given = {
        name: name.value.trim(),
        groups: everything.checked ? ["*"] : names(groups.value),
        origins: kind === "widget" ? names(origins.value) : [],
      };
      const only = names(collections.value);
      if (key) given.collections = only.length ? only : ["*"];
      else {
        given.kind = kind;
        given.role = kind === "widget" ? "reader" : role.value;
        if (only.length) given.collections = only;
        if (lifetime.value) given.expires_in_days = Number(lifetime.value);
      }
      let made;
      const send = async () => (made = key ? await this.server.send("PATCH", `v1/keys/${encodeURIComponent(key.id)}`, given) : await this.server.send("POST", "v1/keys", given));
      if (!(await this.act(save, send, key ? words.changed : null))) return;
      dialog.close();
      // The secret first: with the first key the server begins to ask who one is.
      if (key) this.#load();
      else this.#showSecret(made);
    });
    const dialog = openDialog({ say, title: key ? words.change : words.make, testid: "key-dialog", content: form, actions: [save] });
  }

  #showSecret({ key, secret }) {
    const { say } = this;
    const words = say.keys;
    const snippet = key.kind === "widget" ? `<script src="${this.server.base}widget.js" data-key="${secret}" defer></script>` : secret;
    const shown = element("code", { class: "snippet", "data-testid": "key-secret" }, snippet);
    const copy = button({ class: "button primary", "data-testid": "key-copy" }, icon("copy"), say.keys.copy);
    copy.addEventListener("click", async () => {
      if (await copyText(snippet, copy)) copy.lastChild.textContent = say.copied;
    });
    openDialog({
      say,
      title: words.made(key.name),
      testid: "key-secret-dialog",
      content: [element("p", {}, key.kind === "widget" ? words.snippetText : words.secretText), shown],
      actions: [copy],
      closed: () => this.#load(),
    });
  }

  async #revoke(key) {
    const { say } = this;
    if (!(await confirmDialog({ say, title: say.keys.revokeTitle, text: say.keys.revokeText(key.name), yes: say.keys.revoke }))) return;
    if (await this.act(null, () => this.server.send("DELETE", `v1/keys/${encodeURIComponent(key.id)}`), say.keys.revokedNow)) this.#load();
  }
}

function access(say, key) {
  const groups = key.groups === null ? [badge(say.keys.everythingShort, "warn")] : key.groups.length ? key.groups.map((group) => badge(group)) : [badge(say.keys.openOnly)];
  const collections = key.collections?.length ? element("div", { class: "small muted" }, say.keys.in(key.collections.join(", "))) : null;
  const origins = key.origins.length ? element("div", { class: "small muted" }, key.origins.join(", ")) : null;
  return element("div", {}, element("span", { class: "badges" }, groups), collections, origins);
}

function names(text) {
  return text.split(/[,，\s]+/).filter(Boolean);
}
