// Ask: the chat, with the conversations that the server keeps beside it and the collections to ask in.
// The chat itself is `<taproot-chat>`; this page only lists, opens, renames, exports and deletes conversations.

import { TaprootChat } from "../../chat/component.js";
import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { addressOf } from "../pages.js";
import { confirmDialog, openDialog } from "../ui/dialog.js";
import { ago } from "../ui/format.js";
import { checkbox, field } from "../ui/parts.js";

const PAGE = 50;

if (!customElements.get("taproot-chat")) customElements.define("taproot-chat", TaprootChat);

export default class AskPage extends Page {
  #chat;
  #list = element("ul", { role: "list", class: "history-list" });
  #conversations = [];
  #cursor = null;
  #title = element("h1", { tabindex: -1, class: "ask-title" });
  #tools;
  #kept = true; // the server keeps conversations of this caller
  #history;

  build() {
    const { say } = this;
    const { preferences } = this.context;
    this.classList.add("full");
    this.#chat = element("taproot-chat", {
      src: this.server.base,
      lang: preferences.language,
      theme: preferences.theme ?? "auto",
      bare: true,
      "data-testid": "chat",
    });
    this.#chat.append(element("ul", { slot: "empty", class: "hints", role: "list" }, say.ask.hints.map((hint) => element("li", {}, hint))));
    this.#chat.addEventListener("answer", () => this.#answered());
    const fresh = button({ class: "button wide", "data-testid": "new-conversation", onclick: () => this.#startAnew() }, icon("fresh"), say.fresh);
    this.#history = element("aside", { class: "history", id: "history", "aria-label": say.ask.history }, fresh, this.#list);
    const toggle = button({ class: "icon-button history-toggle", "aria-label": say.ask.history, title: say.ask.history, "aria-expanded": "false", "aria-controls": "history", "data-testid": "history-toggle" }, icon("history"));
    toggle.addEventListener("click", () => toggle.setAttribute("aria-expanded", String(this.toggleAttribute("data-history"))));
    this.#tools = element(
      "div",
      { class: "ask-tools" },
      this.#tool("pen", say.ask.rename, "rename", () => this.#rename()),
      this.#tool("download", say.ask.export, "export", () => this.#export()),
      this.#tool("trash", say.ask.delete, "delete-conversation", () => this.#delete()),
    );
    const again = this.#tool("fresh", say.fresh, "new-conversation-bar", () => this.#startAnew());
    again.classList.add("ask-fresh");
    const picker = element("div", { class: "ask-collections" });
    this.append(
      element("div", { class: "ask" }, this.#history, element("div", { class: "ask-main" }, element("header", { class: "ask-bar" }, toggle, this.#title, picker, this.#tools, again), this.#chat)),
    );
    this.#fetch();
    this.#offerCollections(picker);
    // A keyboard that jumps up at once would hide half of a phone.
    if (!matchMedia("(pointer: coarse)").matches) queueMicrotask(() => this.#chat.focus());
  }

  async routed(route) {
    super.routed(route);
    if (route.id && route.id !== this.#chat.conversationId) {
      try {
        this.#chat.load(await this.server.get(`v1/conversations/${encodeURIComponent(route.id)}`, {}, this.signal));
      } catch (failure) {
        if (failure.name !== "AbortError") this.context.toast.fail(failure, this.context.preferences.language);
      }
    }
    const asked = route.query.get("q");
    if (asked) {
      history.replaceState(null, "", addressOf("ask"));
      this.#chat.startAnew();
      this.#chat.ask(asked);
    }
    this.#show();
  }

  #tool(name, label, testid, act) {
    return button({ class: "icon-button", "aria-label": label, title: label, "data-testid": testid, onclick: act }, icon(name));
  }

  #startAnew() {
    this.#chat.startAnew();
    this.removeAttribute("data-history");
    history.replaceState(null, "", addressOf("ask"));
    this.#show();
  }

  #answered() {
    const id = this.#chat.conversationId;
    if (id && this.#kept) history.replaceState(null, "", addressOf("ask", id));
    this.#fetch();
  }

  async #fetch(cursor = null) {
    try {
      const { conversations, next_cursor: next } = await this.server.get("v1/conversations", { limit: PAGE, cursor }, this.signal);
      this.#conversations = cursor ? [...this.#conversations, ...conversations] : conversations;
      this.#cursor = next ?? null;
    } catch (failure) {
      if (failure.name === "AbortError") return;
      this.#kept = false; // nobody knows who asks: there is no list
    }
    this.toggleAttribute("data-unknown", !this.#kept);
    this.#show();
  }

  #show() {
    const { say } = this;
    const current = this.#chat.conversationId;
    const open = this.#conversations.find(({ id }) => id === current);
    this.#title.textContent = open?.title ?? say.title;
    this.#tools.hidden = !open;
    const items = this.#conversations.map((conversation) => {
      const link = element("a", { href: addressOf("ask", conversation.id), "data-testid": "history-item", title: conversation.title }, element("span", {}, conversation.title), element("time", { datetime: conversation.updated_at }, ago(say.tag, conversation.updated_at)));
      if (conversation.id === current) link.setAttribute("aria-current", "true");
      link.addEventListener("click", () => this.removeAttribute("data-history"));
      return element("li", {}, link);
    });
    if (this.#cursor) items.push(element("li", {}, button({ class: "quiet", onclick: () => this.#fetch(this.#cursor) }, say.more)));
    if (items.length === 0) items.push(element("li", { class: "history-none" }, say.ask.none));
    this.#list.replaceChildren(...items);
  }

  #open() {
    return this.#conversations.find(({ id }) => id === this.#chat.conversationId);
  }

  #rename() {
    const { say } = this;
    const conversation = this.#open();
    const input = element("input", { value: conversation.title, maxlength: 200, required: true, "data-testid": "rename-input", autofocus: true });
    const save = button({ class: "button primary", type: "submit", form: "rename", "data-testid": "rename-save" }, say.save);
    const form = element("form", { id: "rename" }, field(say.ask.newTitle, input));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const path = `v1/conversations/${encodeURIComponent(conversation.id)}`;
      if (!(await this.act(save, () => this.server.send("PATCH", path, { title: input.value.trim() })))) return;
      dialog.close();
      this.#fetch();
    });
    const dialog = openDialog({ say, title: say.ask.rename, content: form, actions: [save] });
    input.select();
  }

  #export() {
    const { id } = this.#open();
    const link = element("a", { href: `${this.server.base}v1/conversations/${encodeURIComponent(id)}/export?format=markdown`, download: "" });
    link.click();
  }

  async #delete() {
    const { say } = this;
    const conversation = this.#open();
    if (!(await confirmDialog({ say, title: say.ask.deleteTitle, text: say.ask.deleteText(conversation.title), yes: say.delete }))) return;
    const path = `v1/conversations/${encodeURIComponent(conversation.id)}`;
    if (await this.act(null, () => this.server.send("DELETE", path), say.ask.deleted)) {
      this.#startAnew();
      this.#fetch();
    }
  }

  // Shown when there is a choice.
  async #offerCollections(place) {
    const { say } = this;
    const { collections } = await this.server.get("v1/collections", {}, this.signal).catch(() => ({ collections: [] }));
    if (collections.length < 2) return;
    const chosen = new Set();
    const summary = element("summary", { class: "button small", "data-testid": "collections" }, say.ask.everywhere);
    const boxes = collections.map(({ name }) => {
      const change = ({ target }) => {
        chosen[target.checked ? "add" : "delete"](name);
        this.#chat.setAttribute("collections", [...chosen].join(","));
        summary.textContent = chosen.size ? [...chosen].join(", ") : say.ask.everywhere;
      };
      return checkbox(name, { onchange: change });
    });
    const menu = element("details", { class: "menu" }, summary, element("div", { class: "menu-panel checks", role: "group", "aria-label": say.ask.collections }, element("p", { class: "hint" }, say.ask.collectionsHint), boxes));
    menu.addEventListener("focusout", (event) => {
      if (!menu.contains(event.relatedTarget)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      summary.focus();
    });
    place.replaceChildren(menu);
  }
}
