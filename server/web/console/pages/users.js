// Users and groups: people whom the issuer of sign-ins vouched for, and the groups that they and the documents name.
// Groups and roles are the issuer's to change; here somebody is kept out, or let in again.

import { button, element } from "../../chat/dom.js";
import { Page } from "../page.js";
import { confirmDialog } from "../ui/dialog.js";
import { ago, dateTime, number } from "../ui/format.js";
import { badge, emptyState, row, table } from "../ui/parts.js";
import { tabs } from "../ui/tabs.js";

const PAGE = 200;
const MOST = 2_000;

export default class UsersPage extends Page {
  #people = element("div", { "data-testid": "users" });
  #groups = element("div");

  build() {
    const { say } = this;
    this.append(
      this.head(say.pages.users, say.users.lead),
      tabs(say.pages.users, [
        { name: "people", title: say.users.people, build: (place) => place.append(this.#people) },
        { name: "groups", title: say.users.groups, build: (place) => place.append(this.#groups) },
      ]),
    );
    this.#load();
  }

  #load() {
    const users = this.#all();
    this.fill(this.#people, async () => this.#userTable(await users));
    this.fill(this.#groups, async () => {
      const { collections } = await this.server.get("v1/collections", {}, this.signal).catch(() => ({ collections: [] }));
      return this.#groupTable(await users, collections);
    });
  }

  async #all() {
    const users = [];
    for (let cursor = null; ; ) {
      const page = await this.server.get("v1/users", { limit: PAGE, cursor }, this.signal);
      users.push(...page.users);
      cursor = page.next_cursor;
      if (!cursor || users.length >= MOST) return users;
    }
  }

  #userTable(users) {
    const { say } = this;
    const words = say.users;
    if (users.length === 0) return emptyState("users", words.none, words.noneText);
    const rows = users.map((user) => {
      const toggle = button({ class: user.blocked ? "button small" : "button small danger", "data-testid": "user-block" }, user.blocked ? words.unblock : words.block);
      toggle.addEventListener("click", () => this.#block(user, toggle));
      return row(
        [
          element("div", {}, element("strong", {}, user.name ?? user.email ?? user.id), user.email && user.name ? element("div", { class: "muted small" }, user.email) : null),
          element("span", { class: "badges" }, user.role ? badge(say.roles[user.role]) : badge(words.noRole, "warn"), user.blocked ? badge(words.blocked, "bad") : null),
          element("span", { class: "badges" }, user.groups.length ? user.groups.map((group) => badge(group)) : badge(words.noGroups)),
          element("td", { title: dateTime(say.tag, user.last_seen_at) }, ago(say.tag, user.last_seen_at)),
          element("td", { class: "end" }, toggle),
        ],
        { "data-testid": "user-row" },
      );
    });
    return table([{ title: words.person }, { title: say.keys.role }, { title: words.groups }, { title: words.seen }, { title: element("span", { class: "unseen" }, say.keys.actions) }], rows, say.pages.users);
  }

  #groupTable(users, collections) {
    const { say } = this;
    const words = say.users;
    const groups = new Map();
    const of = (name) => groups.get(name) ?? groups.set(name, { people: [], collections: [] }).get(name);
    for (const user of users) for (const group of user.groups) of(group).people.push(user.name ?? user.email ?? user.id);
    for (const { name, groups: readers } of collections) for (const group of readers ?? []) of(group).collections.push(name);
    if (groups.size === 0) return emptyState("users", words.noGroupsYet, words.noGroupsText);
    const rows = [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([name, { people, collections: read }]) =>
      row([element("strong", {}, name), element("td", { title: people.slice(0, 50).join(", ") }, number(say.tag, people.length)), read.length ? element("span", { class: "badges" }, read.map((collection) => badge(collection))) : "—"]),
    );
    return table([{ title: words.group }, { title: words.people }, { title: words.readsIn }], rows, words.groups);
  }

  async #block(user, control) {
    const { say } = this;
    const name = user.name ?? user.email ?? user.id;
    if (!user.blocked && !(await confirmDialog({ say, title: say.users.blockTitle, text: say.users.blockText(name), yes: say.users.block }))) return;
    const send = () => this.server.send("PATCH", `v1/users/${encodeURIComponent(user.id)}`, { blocked: !user.blocked });
    if (await this.act(control, send)) this.#load();
  }
}
