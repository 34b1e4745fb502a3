// In: a message of a conversation, and again at each change. Out: its element.
// It shows a question, or an answer in each of its states. It does not ask, store or open anything itself.

import { answerSegments } from "./answer-text.js";
import { citationChip, citationList } from "./citations.js";
import { copyText, textWithSources } from "./copy.js";
import { button, element } from "./dom.js";
import { errorNote } from "./error-note.js";
import { feedbackRow } from "./feedback.js";
import { icon } from "./icons.js";
import { answerNodes, patch, plainText } from "./markdown.js";

export class MessageView {
  #message;
  #context;
  #text = element("div", { class: "text", dir: "auto", "data-testid": "answer" });
  #nodes = []; // what stands in #text

  /** `context`: `{ say, base, openSource(citation, opener), retry(message), rate(message, rating), handOn(message) }`. */
  constructor(message, context) {
    this.#message = message;
    this.#context = context;
    this.element = element("article", { class: message.role, "data-testid": "message", "data-role": message.role });
    if (message.role === "question") this.element.append(this.#label(context.say.question), element("p", { dir: "auto" }, message.text));
    else this.update();
  }

  /** Shows what the message says now. */
  update() {
    const { state } = this.#message;
    const sameState = this.element.dataset.state === state;
    this.#showText();
    if (sameState && state === "streaming") return; // only the text grows
    this.element.dataset.state = state;
    this.element.replaceChildren(this.#label(this.#context.say.answer), ...this.#parts().flat().filter(Boolean));
  }

  /** The words of the answer, for a screen reader. */
  get spoken() {
    return plainText(this.#nodes);
  }

  #label(text) {
    return element("h3", { class: "unseen" }, text);
  }

  #parts() {
    const { state, abstained, error, understood } = this.#message;
    const { say } = this.#context;
    const text = this.#text;
    switch (state) {
      case "waiting":
        return [this.#progress()];
      case "streaming":
        return [text];
      case "stopped":
        return [text, element("p", { class: "note" }, say.stopped), this.#sources(say.sources), this.#retryRow()];
      case "failed":
        return [text, errorNote(say, error), this.#retryRow()];
      default:
        return [
          understood ? element("p", { class: "understood", "data-testid": "understood" }, say.understood(understood)) : null,
          abstained ? this.#refusal() : [text, this.#sources(say.sources)],
          feedbackRow(this.#message, this.#context, abstained ? this.#handOnButton() : this.#copyButton()),
        ];
    }
  }

  #progress() {
    const { say } = this.#context;
    const { passages } = this.#message;
    return element("p", { class: "progress" }, element("span", { class: "pulse", "aria-hidden": "true" }), passages ? say.reading(passages) : say.searching);
  }

  #refusal() {
    const { say } = this.#context;
    const title = element("p", { class: "refusal-title" }, say.refusal);
    return [element("div", { class: "refusal", "data-testid": "refusal" }, title, this.#text), this.#sources(say.nearest, say.nearestNote)];
  }

  #sources(title, note) {
    const { citations } = this.#message;
    return citations.length ? citationList({ title, note, citations }, this.#context) : null;
  }

  #retryRow() {
    const { say, retry } = this.#context;
    return element("div", { class: "row" }, button({ class: "quiet", "data-testid": "retry", onclick: () => retry(this.#message) }, icon("retry"), say.retry));
  }

  #copyButton() {
    const { say } = this.#context;
    return this.#action("copy", say.copy, say.copied, (node) => copyText(textWithSources(this.#message, say), node));
  }

  /** For a refusal: the question goes to the people who look after the documents. */
  #handOnButton() {
    const { say, handOn } = this.#context;
    return this.#message.id && this.#action("send", say.handOn, say.handedOn, () => handOn(this.#message));
  }

  /** A button that says for a moment that it has done what it says; `act` gives whether it has. */
  #action(name, words, done, act) {
    const label = element("span", { role: "status" }, words);
    const action = button({ class: "quiet", "data-testid": name }, icon(name), label);
    action.addEventListener("click", async () => {
      if (!(await act(action))) return;
      label.textContent = done;
      setTimeout(() => (label.textContent = words), 2000);
    });
    return action;
  }

  #showText() {
    const nodes = answerNodes(answerSegments(this.#message), this.#context.base);
    const chip = (n) => citationChip(this.#message.citations.find((citation) => citation.n === n), this.#context);
    patch(this.#text, this.#nodes, nodes, chip);
    this.#nodes = nodes;
  }
}
