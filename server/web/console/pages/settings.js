// Settings: what holds on this server and where each value comes from, and how the server stands. Nothing is changed here:
// settings are the file's and the environment's.

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { number } from "../ui/format.js";
import { badge, checkbox, facts } from "../ui/parts.js";

const SOURCES = { default: "", file: "live", environment: "warn", command_line: "warn" };

export default class SettingsPage extends Page {
  #server = element("section", { class: "card", "data-testid": "server-state" });
  #settings = element("div", { "data-testid": "settings" });
  #word = "";
  #changedOnly = false;
  #all = [];

  build() {
    const { say } = this;
    const words = say.settings;
    const search = element("input", { type: "search", placeholder: words.search, "aria-label": words.search, "data-testid": "settings-search" });
    search.addEventListener("input", () => {
      this.#word = search.value.trim().toLowerCase();
      this.#show();
    });
    const changed = checkbox(words.changedOnly, {
      onchange: ({ target }) => {
        this.#changedOnly = target.checked;
        this.#show();
      },
    });
    this.append(
      this.head(say.pages.settings, words.lead),
      this.#server,
      element("div", { class: "toolbar section" }, element("div", { class: "search-field" }, icon("search"), search), changed),
      this.#settings,
    );
    this.fill(this.#server, () => this.#state());
    this.fill(this.#settings, async () => {
      const { settings } = await this.server.get("v1/settings", {}, this.signal);
      this.#all = settings;
      return this.#sections();
    });
  }

  async #state() {
    const { say } = this;
    const words = say.settings;
    const health = await this.server.get("readyz", {}, this.signal);
    const check = button({ class: "button small", "data-testid": "doctor" }, words.doctor);
    const told = element("p", { role: "status", class: "small" });
    check.addEventListener("click", () =>
      this.act(check, async () => {
        const report = await this.server.send("POST", "v1/admin/doctor", { repair: false }, this.signal);
        told.textContent = report.healthy ? words.doctorGood : words.doctorBad;
      }),
    );
    return [
      element("header", { class: "card-head" }, element("h2", {}, words.server), element("div", { class: "actions" }, check)),
      facts([
        [words.version, health.version],
        [words.status, badge(words.statuses[health.status] ?? health.status, health.status === "ok" ? "good" : "warn")],
        [say.pages.documents, health.documents === undefined ? null : number(say.tag, health.documents)],
        [words.chunks, health.chunks === undefined ? null : number(say.tag, health.chunks)],
      ]),
      told,
    ];
  }

  #show() {
    this.#settings.replaceChildren(...this.#sections());
  }

  #sections() {
    const { say } = this;
    const groups = new Map();
    for (const setting of this.#all) {
      const matches = `${setting.name} ${JSON.stringify(setting.value)}`.toLowerCase().includes(this.#word);
      if (!matches || (this.#changedOnly && setting.source === "default")) continue;
      const [group] = setting.name.split(".");
      groups.set(group, [...(groups.get(group) ?? []), setting]);
    }
    if (groups.size === 0) return [element("p", { class: "notice" }, say.settings.noMatch)];
    return [...groups].map(([group, settings]) =>
      element(
        "section",
        { class: "card settings-group" },
        element("h2", { class: "mono" }, `[${group}]`),
        element("dl", {}, settings.map((setting) => this.#setting(setting, group))),
      ),
    );
  }

  #setting({ name, value, source, secret }, group) {
    const { say } = this;
    return element(
      "div",
      { class: "setting", "data-testid": "setting" },
      element("dt", { class: "mono" }, name.slice(group.length + 1) || name),
      element("dd", {}, element("span", { class: "mono setting-value" }, secret ? (value === "set" ? say.settings.secret : say.settings.unset) : shown(value, say)), badge(say.settings.sources[source] ?? source, SOURCES[source])),
    );
  }
}

function shown(value, say) {
  if (value === null || value === undefined || value === "") return say.settings.unset;
  return typeof value === "string" ? value : JSON.stringify(value);
}
