// In: what is typed. Out: `send(question)` and `stop()`.
// Enter sends, Shift+Enter starts a new line; Enter that ends an IME composition does neither.

import { button, element } from "./dom.js";
import { icon } from "./icons.js";

const TALLEST_PX = 200;

export class Composer {
  #busy = false;
  #send;
  #stop;
  #say;
  #note = element("p", { class: "footnote", role: "status", "data-testid": "footnote" });

  constructor({ say, send, stop }) {
    this.#say = say;
    this.#send = send;
    this.#stop = stop;
    this.input = element("textarea", {
      class: "input",
      rows: 1,
      "data-testid": "ask-input",
      "aria-label": say.placeholder,
      placeholder: say.placeholder,
      enterkeyhint: "send",
      autocomplete: "off",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#key(event),
    });
    this.action = button({ class: "send", "data-testid": "ask-send", onclick: () => this.#act() });
    this.element = element(
      "form",
      { class: "composer", onsubmit: (event) => event.preventDefault() },
      element("div", { class: "field" }, this.input, this.action),
      this.#note,
    );
    this.#show();
  }

  get value() {
    return this.input.value;
  }

  set value(text) {
    this.input.value = text;
    this.#typed();
  }

  /** The line below the field. */
  set note(text) {
    if (this.#note.textContent !== text) this.#note.textContent = text;
  }

  /** While busy the button stops the answer, and Enter does nothing; typing goes on. */
  set busy(busy) {
    if (busy === this.#busy) return;
    this.#busy = busy;
    this.#show();
  }

  #key(event) {
    // 229: Safari fires the Enter that ends a composition after `compositionend`.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!this.#busy) this.#act();
  }

  #act() {
    if (this.#busy) return this.#stop();
    const question = this.value.trim();
    if (question === "") return this.input.focus();
    this.value = "";
    this.#send(question);
  }

  #typed() {
    this.input.style.height = "auto";
    // Not in a document, or hidden: there is no height to measure.
    const height = this.input.scrollHeight;
    if (height > 0) this.input.style.height = `${Math.min(height, TALLEST_PX)}px`;
    this.#show();
  }

  #show() {
    const name = this.#busy ? "stop" : "send";
    if (this.action.dataset.does !== name) {
      this.action.dataset.does = name;
      this.action.setAttribute("aria-label", this.#say[name]);
      this.action.title = this.#say[name];
      this.action.replaceChildren(icon(name));
    }
    // aria-disabled, not disabled: a disabled button would drop the focus of whoever just pressed it.
    this.action.setAttribute("aria-disabled", String(!this.#busy && this.value.trim() === ""));
  }
}
