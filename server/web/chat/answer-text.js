// In: the text of an answer with its marks (`[1]`), its sentences, and which citation numbers exist.
// Out: a flat list of segments `{ text, strong? }` and `{ mark: n }`, ready to be shown.
// Pure. It does not guess: a bracketed number that is no citation stays text.

const MARKS = /[ \t]*\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]/g;

/** Segments of a complete answer. */
export function answerSegments({ text, sentences, citations, shortAnswer }) {
  const known = new Set(citations.map(({ n }) => n));
  const segments = outsideSentences(text, sentences)
    .flatMap(({ text: part, verbatim }) => (verbatim ? [{ text: part }] : splitMarks(part, known)));
  return emphasise(joinTexts(segments), shortAnswer);
}

/** Segments of an answer that still grows: a mark that may be half there (`[1`) is held back. */
export function growingSegments({ text, citations }) {
  const known = new Set(citations.map(({ n }) => n));
  return joinTexts(splitMarks(text.replace(/\s*\[[\d,\s]*$/, ""), known));
}

/** The answer's words alone, for a screen reader. */
export function spokenText(answer) {
  return answerSegments(answer).map(({ text }) => text ?? "").join("");
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
  parts.push({ text: text.slice(from), verbatim: false });
  return parts.filter((part) => part.text !== "");
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
  segments.push({ text: text.slice(from) });
  return segments;
}

function joinTexts(segments) {
  const joined = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (segment.text === "") continue;
    if (segment.text !== undefined && last?.text !== undefined) last.text += segment.text;
    else joined.push({ ...segment });
  }
  return joined;
}

function emphasise(segments, span) {
  if (!span) return segments;
  const index = segments.findIndex(({ text }) => text?.includes(span));
  // A span that is nearly all of its text would only make the whole answer bold.
  if (index < 0 || span.length > segments[index].text.length * 0.6) return segments;
  const { text } = segments[index];
  const at = text.indexOf(span);
  const parts = [{ text: text.slice(0, at) }, { text: span, strong: true }, { text: text.slice(at + span.length) }];
  return segments.toSpliced(index, 1, ...parts.filter((part) => part.text !== ""));
}
