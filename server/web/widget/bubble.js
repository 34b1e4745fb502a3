// In: the server's base address and the options of the script tag. Out: a bubble and its panel on a foreign page.
// The chat itself is loaded when the bubble is first touched. It reads nothing of the page.

import { applyAccent } from "../chat/accent.js";
import { button, element, styleSheet } from "../chat/dom.js";
import { pickLanguage, words } from "../chat/i18n.js";
import { icon, mark } from "../chat/icons.js";
import { tokens } from "../chat/styles/tokens.js";
import { bubbleStyle } from "./style.js";

const PASSED_ON = ["theme", "greeting", "accent", "collections", "suggestions"];

export function mountBubble(base, options) {
  const host = document.createElement("taproot-widget"); // never defined: a name that no rule of the page means
  const shadow = host.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [tokens, bubbleStyle].map(styleSheet);
  shadow.append(new Bubble(base, options).root);
  document.body.append(host);
}

class Bubble {
  #base;
  #options;
  #say;
  #language;
  #bubble;
  #panel;
  #chat = null;

  constructor(base, options) {
    this.#base = base;
    this.#options = options;
    this.#language = pickLanguage(options.lang);
    this.#say = words(this.#language);
    const name = options.title || this.#say.openWidget;
    this.#panel = element("div", { class: "panel", id: "panel", role: "dialog", "aria-label": name, "data-testid": "panel", hidden: true });
    this.#bubble = button(
      { class: "bubble", "data-testid": "bubble", "aria-label": name, title: name, "aria-expanded": "false", "aria-controls": "panel" },
      mark(),
    );
    this.root = element("div", { class: "root", lang: this.#say.tag }, this.#panel, this.#bubble);
    this.root.dataset.theme = options.theme ?? "auto";
    this.root.dataset.position = options.position === "left" ? "left" : "right";
    applyAccent(this.root, options.accent);
    this.#listen();
  }

  #listen() {
    for (const sign of ["pointerenter", "focus"]) {
      this.#bubble.addEventListener(sign, () => this.#load().catch(() => {}), { once: true });
    }
    this.#bubble.addEventListener("click", () => (this.#panel.hidden ? this.#open() : this.#close()));
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.#close();
    });
  }

  #load() {
    return import("../chat/component.js");
  }

  async #open() {
    this.#panel.hidden = false;
    this.#bubble.setAttribute("aria-expanded", "true");
    this.root.dataset.open = "";
    try {
      await this.#load();
    } catch {
      return this.#sayUnreachable();
    }
    if (!this.#chat) this.#panel.replaceChildren((this.#chat = this.#buildChat()));
    this.#chat.focus();
  }

  #close() {
    if (this.#panel.hidden) return;
    this.#panel.hidden = true;
    this.#bubble.setAttribute("aria-expanded", "false");
    delete this.root.dataset.open;
    this.#bubble.focus();
  }

  #buildChat() {
    const close = this.#closeButton();
    close.slot = "actions";
    const chat = element("taproot-chat", { src: this.#base, lang: this.#language, heading: this.#options.title || null }, close);
    for (const name of PASSED_ON) if (this.#options[name]) chat.setAttribute(name, this.#options[name]);
    return chat;
  }

  #sayUnreachable() {
    this.#panel.replaceChildren(this.#closeButton(), element("p", { class: "unreachable", role: "alert" }, this.#say.errors.network));
  }

  #closeButton() {
    const { closeWidget } = this.#say;
    return button(
      { class: "icon-button", "data-testid": "panel-close", "aria-label": closeWidget, title: closeWidget, onclick: () => this.#close() },
      icon("close"),
    );
  }
}
