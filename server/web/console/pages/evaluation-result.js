// In: what the server says of a run, or of two. Out: measures with their intervals, questions that went wrong, differences.
// Pure but for the elements that it makes.

import { element } from "../../chat/dom.js";
import { addressOf } from "../pages.js";
import { number, percent } from "../ui/format.js";
import { badge, bar, row, segments, table } from "../ui/parts.js";

const HEADLINE = ["right", "citation_hit", "answered_although_unanswerable"];
const SHOWN = 200; // questions of a list
const OUTCOMES = { right: "good", refused_rightly: "good", wrong: "bad", made_up: "bad", wrong_source: "warn", refused: "warn", failed: "bad", answered: "" };
const VERDICTS = { better: "good", worse: "bad", unclear: "" };

/** The measures that matter most, for a list of runs. */
export function headline(say, run) {
  const shown = HEADLINE.map((name) => measuresOf(run).find((measure) => measure.name === name)).filter((measure) => measure?.value !== undefined && measure.value !== null);
  if (shown.length === 0) return "—";
  return element("span", { class: "badges" }, shown.map(({ name, value }) => badge(`${nameOf(say, name)} ${shownValue(say, name, value)}`)));
}

export function resultView(say, run) {
  const words = say.evaluation;
  const measures = measuresOf(run).filter(({ value }) => value !== null && value !== undefined);
  const questions = run.results ?? [];
  const list = element("div");
  const wrong = questions.filter(({ outcome }) => OUTCOMES[outcome] === "bad" || OUTCOMES[outcome] === "warn");
  const show = (which) => list.replaceChildren(questionTable(say, which === "all" ? questions : wrong));
  show(wrong.length ? "wrong" : "all");
  return element(
    "div",
    {},
    element("div", { class: "measures", "data-testid": "measures" }, measures.map((measure) => measureCard(say, measure))),
    questions.length
      ? element(
          "section",
          { class: "section" },
          element("div", { class: "toolbar" }, segments([["wrong", words.failures(wrong.length)], ["all", words.allQuestions(questions.length)]], wrong.length ? "wrong" : "all", words.which, show)),
          list,
        )
      : null,
  );
}

export function comparisonView(say, compared) {
  const words = say.evaluation;
  const rows = (compared.differences ?? []).map(({ name, higher_is_better: higher, this: now, against, difference, p }) => {
    const better = difference.value === 0 ? null : difference.value > 0 === higher;
    const sure = p < 0.05;
    const sign = difference.value > 0 ? "+" : "";
    return row([
      nameOf(say, name),
      element("td", { class: "num" }, shownValue(say, name, against)),
      element("td", { class: "num" }, shownValue(say, name, now)),
      element("td", { class: "num" }, badge(`${sign}${shownValue(say, name, difference.value)}`, better === null || !sure ? "" : better ? "good" : "bad")),
      element("td", { class: "num" }, number(say.tag, p, 3)),
    ], { "data-testid": "difference" });
  });
  const changed = compared.changed ?? [];
  return element(
    "div",
    {},
    element("p", { class: "verdict" }, badge(words.verdicts[compared.verdict] ?? compared.verdict, VERDICTS[compared.verdict]), ` ${words.compared(compared.compared ?? 0)}`),
    table([{ title: words.measure }, { title: words.before, class: "num" }, { title: words.after, class: "num" }, { title: words.difference, class: "num" }, { title: "p", class: "num" }], rows, words.compare),
    changed.length
      ? element("section", { class: "section" }, element("h2", {}, words.changed), table([{ title: words.question }, { title: words.before }, { title: words.after }], changed.slice(0, SHOWN).map(({ question, before, after }) => row([question, outcomeBadge(say, before), outcomeBadge(say, after)])), words.changed))
      : null,
  );
}

function measuresOf(run) {
  return run.measures ?? [];
}

function measureCard(say, { name, value, low, high, over }) {
  const isShare = !name.endsWith("_ms");
  const span = low !== undefined && low !== null ? say.evaluation.interval(shownValue(say, name, low), shownValue(say, name, high)) : null;
  return element(
    "div",
    { class: "card measure" },
    element("p", { class: "muted small" }, nameOf(say, name)),
    element("p", { class: "measure-value" }, shownValue(say, name, value)),
    isShare ? bar([{ share: value, kind: "good", title: "" }], nameOf(say, name)) : null,
    element("p", { class: "muted small" }, [span, over ? say.evaluation.over(number(say.tag, over)) : null].filter(Boolean).join(" · ")),
  );
}

function questionTable(say, questions) {
  const words = say.evaluation;
  if (questions.length === 0) return element("p", { class: "notice" }, words.noFailures);
  const rows = questions.slice(0, SHOWN).map(({ question, outcome, answer, answers, expected, citations }) =>
    row(
      [
        element("div", {}, element("a", { href: addressOf("ask", "", { q: question }), title: say.questions.askIt, dir: "auto" }, question), (expected ?? answers)?.length ? element("div", { class: "muted small" }, words.expected((expected ?? answers).join(say.jobs.comma))) : null),
        outcomeBadge(say, outcome),
        element("div", {}, answer ? element("p", { class: "small", dir: "auto" }, answer) : null, citations?.length ? element("p", { class: "muted small" }, citations.map(({ uri, title }) => uri ?? title).join(say.jobs.comma)) : null),
      ],
      { "data-testid": "evaluated" },
    ),
  );
  return table([{ title: words.question }, { title: words.outcome }, { title: words.answer }], rows, words.which);
}

function outcomeBadge(say, outcome) {
  return badge(say.evaluation.outcomes[outcome] ?? outcome ?? "—", OUTCOMES[outcome] ?? "");
}

function nameOf(say, name) {
  return say.evaluation.names[name] ?? name.replaceAll("_", " ");
}

function shownValue(say, name, value) {
  return name.endsWith("_ms") ? `${number(say.tag, value)} ms` : percent(say.tag, value);
}
