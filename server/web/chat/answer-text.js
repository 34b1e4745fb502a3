// In: the text of an answer with its marks (`[1]`), its sentences, and which citation numbers exist.
// Out: a flat list of segments `{ text, strong? }` and `{ mark: n }`, ready to be shown.
// Pure. It does not guess: a bracketed number that is no citation stays text.

const MARKS = /[ \t]*\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]/g;

/** Segments of an answer, complete or growing: a mark that may be half there (`[1`) is held back until it is. */
export function answerSegments({ state, text, sentences, citations, shortAnswer }) {
  const known = new Set(citations.map(({ n }) => n));
  const whole = state === "done" ? text : text.replace(/\s*\[[\d,\s]*$/, "");
  const segments = outsideSentences(whole, sentences)
    .flatMap(({ text: part, verbatim }) => (verbatim ? [{ text: part }] : splitMarks(part, known)))
    .filter((segment) => segment.text !== "");
  return emphasise(segments, shortAnswer);
}

// A company's text may itself contain "[2]". Marks are written around sentences, never inside, so wherever a
// sentence is found as it is, its brackets are the document's own. Should one not be found, all marks count.
function outsideSentences(text, sentences) {
  const parts = [];
  let from = 0;
  for (const sentence of sentences) {
    const at = text.indexOf(sentence.text, from);
    if (at < 0) return [{ text, verbatim: false }];
    parts.push({ text: text.slice(from, at), verbatim: false }, { text: sentence.text, verbatim: true });
    from = at + sentence.text.length;
  }
  return [...parts, { text: text.slice(from), verbatim: false }];
}

function splitMarks(text, known) {
  const segments = [];
  let from = 0;
  for (const match of text.matchAll(MARKS)) {
    const numbers = match[1].split(",").map(Number);
    if (!numbers.every((n) => known.has(n))) continue;
    segments.push({ text: text.slice(from, match.index) }, ...numbers.map((mark) => ({ mark })));
    from = match.index + match[0].length;
  }
  return [...segments, { text: text.slice(from) }];
}

function emphasise(segments, span) {
  const index = span ? segments.findIndex(({ text }) => text?.includes(span)) : -1;
  // A span that is nearly all of its text would only make the whole answer bold.
  if (index < 0 || span.length > segments[index].text.length * 0.6) return segments;
  const { text } = segments[index];
  const at = text.indexOf(span);
  const parts = [{ text: text.slice(0, at) }, { text: span, strong: true }, { text: text.slice(at + span.length) }];
  return segments.toSpliced(index, 1, ...parts);
}
