// In: a set of questions as people have it: JSON lines as `taproot eval` reads them, a JSON array, or a question a line, with
// its answers after a tab. Out: what `POST /v1/evaluations` takes, or the number of the line that is wrong.

/** `{ questions, wrong }`: `wrong` is the first line, from 1, that cannot be read. */
export function readQuestions(text) {
  const whole = text.trim();
  if (whole.startsWith("[")) {
    try {
      return { questions: JSON.parse(whole).map(ofObject), wrong: null };
    } catch {
      return { questions: [], wrong: 1 };
    }
  }
  const questions = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      questions.push(line.trimStart().startsWith("{") ? ofObject(JSON.parse(line)) : ofLine(line));
    } catch {
      return { questions, wrong: index + 1 };
    }
  }
  return { questions, wrong: null };
}

function ofLine(line) {
  const [question, ...answers] = line.split("\t").map((part) => part.trim());
  return answers.length ? { question, answers: answers.filter(Boolean) } : { question };
}

// `doc` and `lang` are names of the files of `taproot eval`.
function ofObject({ question, answers, answerable, uri, doc }) {
  if (typeof question !== "string" || question.trim() === "") throw new TypeError("a line without a question");
  const read = { question };
  if (Array.isArray(answers) && answers.length) read.answers = answers.map(String);
  if (typeof answerable === "boolean") read.answerable = answerable;
  const place = uri ?? doc;
  if (typeof place === "string") read.uri = place.replace(/^documents\//, "");
  return read;
}
