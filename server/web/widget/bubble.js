// In: the options of the script tag. Out: a bubble and its panel on a foreign page. The chat is built when it is first
// opened. It reads nothing of the page. `host` has the methods and events of `<taproot-chat>`.

import { applyAccent } from "../chat/accent.js";
import { button, element, styleSheet } from "../chat/dom.js";
import { pickLanguage, words } from "../chat/i18n.js";
import { iconButton, mark } from "../chat/icons.js";
import { tokens } from "../chat/styles/tokens.js";
import { bubbleStyle } from "./style.js";

const PASSED_ON = ["lang", "theme", "greeting", "accent", "collections", "suggestions"];

export class Bubble {
  #options;
  #bubble;
  #panel;
  #root;
  #chat = null;

  constructor(options) {
    this.#options = options;
    const say = words(pickLanguage(options.lang));
    const name = options.title || say.openWidget;
    this.#panel = element("div", { class: "panel", id: "panel", role: "dialog", "aria-label": name, "data-testid": "panel", hidden: true });
    this.#bubble = button(
      { class: "bubble", "data-testid": "bubble", "aria-label": name, title: name, "aria-expanded": "false", "aria-controls": "panel", onclick: () => (this.#panel.hidden ? this.#open() : this.#close()) },
      mark(),
    );
    this.#root = element("div", { class: "root", lang: say.tag, dir: say.dir ?? "ltr", "data-theme": options.theme ?? "auto", "data-position": options.position }, this.#panel, this.#bubble);
    applyAccent(this.#root, options.accent);
    this.#root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.#close();
    });
    this.host = document.createElement("taproot-widget"); // never defined: a name that no rule of the page means
    const shadow = this.host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [tokens, bubbleStyle].map(styleSheet);
    shadow.append(this.#root);
    Object.assign(this.host, { open: () => this.#open(), close: () => this.#close(), ask: (question) => this.#ask(question) });
  }

  #open() {
    this.#show(true);
    this.#chat ??= this.#buildChat();
    this.#chat.focus();
  }

  #close() {
    if (this.#panel.hidden) return;
    this.#show(false);
    this.#bubble.focus();
  }

  #ask(question) {
    this.#open();
    this.#chat.ask(question);
  }

  #show(open) {
    if (this.#panel.hidden !== open) return;
    this.#panel.hidden = !open;
    this.#bubble.setAttribute("aria-expanded", open);
    this.#root.toggleAttribute("data-open", open);
    this.host.dispatchEvent(new CustomEvent(open ? "open" : "close"));
  }

  #buildChat() {
    const close = iconButton("close", words(pickLanguage(this.#options.lang)).close, { slot: "actions", "data-testid": "panel-close", onclick: () => this.#close() });
    const chat = element("taproot-chat", { heading: this.#options.title }, close);
    for (const name of PASSED_ON) if (this.#options[name]) chat.setAttribute(name, this.#options[name]);
    for (const name of ["ask", "answer"]) chat.addEventListener(name, ({ detail }) => this.host.dispatchEvent(new CustomEvent(name, { detail })));
    this.#panel.append(chat);
    return chat;
  }
}
