// Evaluation: a set of questions run against the documents as they are, its measures and failures, and two runs compared.
// In the address: nothing for the list, an id for one run, `?against=ID` for a comparison. What a run says is shown in
// evaluation-result.js.

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { addressOf } from "../pages.js";
import { confirmDialog, openDialog } from "../ui/dialog.js";
import { ago, dateTime, number } from "../ui/format.js";
import { badge, emptyState, field, progressBar, row, select, table } from "../ui/parts.js";
import { comparisonView, headline, resultView } from "./evaluation-result.js";
import { readQuestions } from "./evaluation-set.js";

const PAGE = 50;
const LOOK_MS = 1_500; // between two looks at a run that goes on
const KINDS = { queued: "live", running: "live", succeeded: "good", failed: "bad", cancelled: "", interrupted: "warn" };
const UNDER_WAY = ["queued", "running"];

export default class EvaluationPage extends Page {
  #body = element("div", { "data-testid": "evaluation" });
  #chosen = new Set(); // ids of runs to be compared
  #timer = null;

  build() {
    const { say } = this;
    const make = button({ class: "button primary", "data-testid": "evaluation-new", onclick: () => this.#new() }, icon("play"), say.evaluation.make);
    this.append(this.head(say.pages.evaluation, say.evaluation.lead, make), this.#body);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  routed(route) {
    super.routed(route);
    clearTimeout(this.#timer);
    this.#body.replaceChildren();
    this.#load();
  }

  #load() {
    const { id, query } = this.route;
    const against = query.get("against");
    this.fill(this.#body, () => (against ? this.#comparison(id, against) : id ? this.#one(id) : this.#list()));
  }

  async #list() {
    const { say } = this;
    const words = say.evaluation;
    const { evaluations } = await this.server.get("v1/evaluations", { limit: PAGE }, this.signal);
    if (evaluations.length === 0) return emptyState("evaluation", words.none, words.noneText);
    if (evaluations.some(({ status }) => UNDER_WAY.includes(status))) this.#lookAgain();
    const compare = button({ class: "button", "data-testid": "evaluation-compare", "aria-disabled": "true" }, words.compare);
    const show = () => compare.setAttribute("aria-disabled", String(this.#chosen.size !== 2));
    compare.addEventListener("click", () => {
      const [older, newer] = evaluations.map(({ id }) => id).filter((id) => this.#chosen.has(id)).reverse();
      if (this.#chosen.size === 2) location.hash = addressOf("evaluation", newer, { against: older });
    });
    show();
    const rows = evaluations.map((run) => {
      const box = element("input", { type: "checkbox", "aria-label": words.choose(run.name), checked: this.#chosen.has(run.id) });
      box.disabled = run.status !== "succeeded";
      box.addEventListener("change", () => {
        this.#chosen[box.checked ? "add" : "delete"](run.id);
        show();
      });
      return row(
        [
          box,
          element("div", {}, element("a", { href: addressOf("evaluation", run.id) }, element("strong", {}, run.name)), element("div", { class: "muted small" }, words.questions(number(say.tag, run.questions)))),
          UNDER_WAY.includes(run.status) ? this.#progress(run) : badge(words.statuses[run.status], KINDS[run.status]),
          headline(say, run),
          element("td", { title: dateTime(say.tag, run.created_at) }, ago(say.tag, run.created_at)),
        ],
        { "data-testid": "evaluation-row" },
      );
    });
    const columns = [{ title: element("span", { class: "unseen" }, words.compare) }, { title: words.name }, { title: words.status }, { title: words.measures }, { title: words.when }];
    return [element("div", { class: "toolbar" }, compare, element("span", { class: "hint" }, words.compareHint)), table(columns, rows, say.pages.evaluation)];
  }

  async #one(id) {
    const { say } = this;
    const words = say.evaluation;
    const path = `v1/evaluations/${encodeURIComponent(id)}`;
    const run = await this.server.get(path, {}, this.signal);
    const back = element("a", { class: "quiet", href: addressOf("evaluation") }, icon("back"), words.all);
    const goes = UNDER_WAY.includes(run.status);
    const remove = button({ class: "button small danger", "data-testid": "evaluation-delete" }, icon("trash"), goes ? words.stop : say.delete);
    remove.addEventListener("click", async () => {
      if (!(await confirmDialog({ say, title: words.deleteTitle, text: words.deleteText(run.name), yes: goes ? words.stop : say.delete }))) return;
      if (await this.act(remove, () => this.server.send("DELETE", path))) location.hash = addressOf("evaluation");
    });
    const head = element(
      "header",
      { class: "card-head run-head" },
      element("div", {}, element("h2", {}, run.name), element("p", { class: "muted small" }, [words.questions(number(say.tag, run.questions)), dateTime(say.tag, run.created_at)].join(" · "))),
      element("div", { class: "actions" }, badge(words.statuses[run.status], KINDS[run.status]), remove),
    );
    if (goes) this.#lookAgain();
    const told = goes ? this.#progress(run) : run.error ? element("p", { class: "error" }, run.error.message ?? run.error) : resultView(say, run);
    return [back, head, told];
  }

  async #comparison(id, against) {
    const words = this.say.evaluation;
    const compared = await this.server.get(`v1/evaluations/${encodeURIComponent(id)}/compare`, { against }, this.signal);
    return [element("a", { class: "quiet", href: addressOf("evaluation") }, icon("back"), words.all), comparisonView(this.say, compared)];
  }

  #progress(run) {
    const { say } = this;
    const { done = 0, total = run.questions } = run.progress ?? {};
    const text = say.evaluation.progress(number(say.tag, done), number(say.tag, total));
    return element("div", { class: "job-progress" }, progressBar(total ? done / total : null, text), element("p", { class: "muted small" }, text));
  }

  #lookAgain() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), LOOK_MS);
  }

  // A file, or lines typed or pasted.
  #new() {
    const { say, context } = this;
    const words = say.evaluation;
    const name = element("input", { maxlength: 100, required: true, value: words.nameOf(new Intl.DateTimeFormat(say.tag, { dateStyle: "medium", timeStyle: "short" }).format(new Date())), "data-testid": "evaluation-name" });
    const text = element("textarea", { rows: 8, required: true, placeholder: words.example, class: "mono", "data-testid": "evaluation-questions" });
    const file = element("input", { type: "file", accept: ".jsonl,.json,.txt,.csv", "aria-label": words.file });
    const told = element("p", { class: "hint", role: "status" }, words.format);
    const mode = select([["", words.modes.default], ["extractive", words.modes.extractive], ["generative", words.modes.generative], ["upstream", words.modes.upstream]], "");
    const strictness = select([["", words.modes.default], ...["1", "2", "3", "4", "5"].map((level) => [level, level])], "");
    const look = () => {
      const { questions, wrong } = readQuestions(text.value);
      told.textContent = wrong ? words.wrongLine(wrong) : questions.length ? words.found(questions.length) : words.format;
      told.classList.toggle("field-error", Boolean(wrong));
      return wrong ? [] : questions;
    };
    text.addEventListener("input", look);
    file.addEventListener("change", async () => {
      if (!file.files[0]) return;
      text.value = await file.files[0].text();
      look();
    });
    const form = element("form", { id: "evaluation-form", class: "stack" }, field(words.name, name), field(words.set, text), told, file, element("div", { class: "pair" }, field(words.mode, mode), field(words.strictness, strictness)));
    const start = button({ class: "button primary", type: "submit", form: "evaluation-form", "data-testid": "evaluation-start" }, icon("play"), words.start);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const questions = look();
      if (questions.length === 0) return text.focus();
      const order = { name: name.value.trim(), questions };
      if (mode.value) order.mode = mode.value;
      if (strictness.value) order.strictness = Number(strictness.value);
      let run;
      if (!(await this.act(start, async () => (run = await context.server.send("POST", "v1/evaluations", order))))) return;
      dialog.close();
      location.hash = addressOf("evaluation", run.id);
    });
    const dialog = openDialog({ say, title: words.make, testid: "evaluation-dialog", content: form, actions: [start] });
  }
}
