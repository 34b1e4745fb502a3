// In: a message of a conversation, and again at each change. Out: its element.
// It shows a question, or an answer in each of its states. It does not ask, store or open anything itself.

import { answerSegments, growingSegments } from "./answer-text.js";
import { citationChip, citationList } from "./citations.js";
import { copyText, textWithSources } from "./copy.js";
import { button, element } from "./dom.js";
import { errorNote } from "./error-note.js";
import { icon } from "./icons.js";

export class MessageView {
  #message;
  #context;
  #text = element("div", { class: "text", "data-testid": "answer" });
  #shown = []; // the segments that stand in #text, each as one string

  /** `context`: `{ say, openSource(citation, opener), retry(message) }`. */
  constructor(message, context) {
    this.#message = message;
    this.#context = context;
    this.element = element("article", { class: message.role, "data-testid": "message", "data-role": message.role });
    if (message.role === "question") this.#buildQuestion();
    else this.update();
  }

  /** Shows what the message says now. */
  update() {
    const { state } = this.#message;
    const sameState = this.element.dataset.state === state;
    this.#showText();
    if (sameState && state === "streaming") return; // only the text grows
    this.element.dataset.state = state;
    this.element.replaceChildren(this.#label(this.#context.say.answer), ...this.#parts());
  }

  #buildQuestion() {
    this.element.append(this.#label(this.#context.say.question), element("p", {}, this.#message.text));
  }

  #label(text) {
    return element("h3", { class: "unseen" }, text);
  }

  #parts() {
    const { state, abstained, error } = this.#message;
    const { say } = this.#context;
    switch (state) {
      case "waiting":
        return [this.#progress()];
      case "streaming":
        return [this.#text];
      case "stopped":
        return [this.#text, element("p", { class: "note" }, say.stopped), ...this.#sources(say.sources), this.#retryRow()];
      case "failed":
        return [this.#text, errorNote(say, error), this.#retryRow()];
      default:
        return [
          ...this.#understood(),
          ...(abstained ? this.#refusal() : [this.#text, ...this.#sources(say.sources), this.#copyRow()]),
        ];
    }
  }

  #progress() {
    const { say } = this.#context;
    const { passages } = this.#message;
    const text = passages ? say.reading(passages) : say.searching;
    return element("p", { class: "progress" }, element("span", { class: "pulse", "aria-hidden": "true" }), text);
  }

  #understood() {
    const { understood } = this.#message;
    if (!understood) return [];
    return [element("p", { class: "understood", "data-testid": "understood" }, this.#context.say.understood(understood))];
  }

  #refusal() {
    const { say } = this.#context;
    const title = element("p", { class: "refusal-title" }, say.refusal);
    const block = element("div", { class: "refusal", "data-testid": "refusal" }, title, this.#text);
    return [block, ...this.#sources(say.nearest, say.nearestNote)];
  }

  #sources(title, note) {
    const { citations } = this.#message;
    if (citations.length === 0) return [];
    return [citationList({ title, note, citations }, this.#context)];
  }

  #retryRow() {
    const { say, retry } = this.#context;
    const again = button({ class: "quiet", onclick: () => retry(this.#message) }, icon("retry"), say.retry);
    return element("div", { class: "row" }, again);
  }

  #copyRow() {
    const { say } = this.#context;
    const label = element("span", { role: "status" }, say.copy);
    const copy = button({ class: "quiet" }, icon("copy"), label);
    copy.addEventListener("click", async () => {
      if (!(await copyText(textWithSources(this.#message, say), copy))) return;
      label.textContent = say.copied;
      setTimeout(() => (label.textContent = say.copy), 2000);
    });
    return element("div", { class: "row" }, copy);
  }

  // What already stands stays untouched, so that a chip keeps its focus and a selection survives the stream.
  #showText() {
    const segments = this.#message.state === "done" ? answerSegments(this.#message) : growingSegments(this.#message);
    const keys = segments.map((segment) => JSON.stringify(segment));
    let same = 0;
    while (same < keys.length && keys[same] === this.#shown[same]) same += 1;
    while (this.#text.childNodes.length > same) this.#text.lastChild.remove();
    this.#text.append(...segments.slice(same).map((segment) => this.#segment(segment)));
    this.#shown = keys;
  }

  #segment({ text, strong, mark }) {
    if (mark === undefined) return element(strong ? "strong" : "span", {}, text);
    const citation = this.#message.citations.find(({ n }) => n === mark);
    return citationChip(citation, this.#context);
  }
}
