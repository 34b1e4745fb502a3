// In: a document's text and outline, and a citation whose offsets count Unicode scalar values.
// Out: where the quote stands in UTF-16 units, and the pieces of a window of the text, ready to be shown.
// Pure. It does not fetch and it does not build elements.

/** A document's text with its quote and outline in UTF-16 units; `quote` is null when it is no longer there. */
export function locate({ text, outline }, citation) {
  const [start, end, ...starts] = toUtf16(text, [citation.start, citation.end, ...outline.map((entry) => entry.start)]);
  const entries = outline.map((entry, index) => ({ ...entry, start: starts[index] }));
  return { text, outline: entries, quote: findQuote(text, citation.quote, start, end) };
}

/** The outline entry that holds at `at`, or null. */
export function outlineAt(outline, at) {
  return outline.findLast((entry) => entry.start <= at) ?? null;
}

/**
 * Cuts `text[from..to)` at each border of the quote, of a page and of a heading:
 * `{ text, quoted, heading, page }`, where `page` is set on the first piece of a new page.
 */
export function pieces({ text, outline, quote }, from, to) {
  const pages = pageStarts(outline);
  const headings = headingRanges(text, outline);
  const borders = [from, to, ...pages.keys(), ...headings.flat()];
  if (quote) borders.push(quote.start, quote.end);
  const cuts = [...new Set(borders)].filter((at) => at >= from && at <= to).sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, index) => ({
    text: text.slice(start, cuts[index + 1]),
    quoted: quote !== null && start >= quote.start && start < quote.end,
    heading: headings.some(([begin, end]) => start >= begin && start < end),
    page: pages.get(start) ?? null,
  }));
}

/** The nearest start of a line at or before `at`, at most 400 units away; never inside a surrogate pair. */
export function lineStart(text, at) {
  if (at <= 0) return 0;
  if (at >= text.length) return text.length;
  const feed = text.lastIndexOf("\n", at - 1);
  if (feed >= 0 && at - feed <= 400) return feed + 1;
  return isLowSurrogate(text, at) ? at - 1 : at;
}

// The server counts scalar values, JavaScript counts UTF-16 units: they part ways at the first emoji.
function toUtf16(text, offsets) {
  const order = offsets.map((_, index) => index).sort((a, b) => offsets[a] - offsets[b]);
  const converted = new Array(offsets.length);
  let unit = 0;
  let scalar = 0;
  for (const index of order) {
    while (scalar < offsets[index] && unit < text.length) {
      unit += isLowSurrogate(text, unit + 1) ? 2 : 1;
      scalar += 1;
    }
    converted[index] = unit;
  }
  return converted;
}

function isLowSurrogate(text, at) {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

// The document may have changed since the answer was given: then look for the nearest same words.
function findQuote(text, quote, start, end) {
  if (text.slice(start, end) === quote) return { start, end };
  const before = text.lastIndexOf(quote, start);
  const after = text.indexOf(quote, start);
  const candidates = [before, after].filter((at) => at >= 0);
  if (!quote || candidates.length === 0) return null;
  const nearest = candidates.reduce((a, b) => (Math.abs(a - start) <= Math.abs(b - start) ? a : b));
  return { start: nearest, end: nearest + quote.length };
}

function pageStarts(outline) {
  const starts = new Map();
  let page = null;
  for (const entry of outline) {
    if (entry.page !== null && entry.page !== page) starts.set(entry.start, entry.page);
    page = entry.page ?? page;
  }
  return starts;
}

// A heading is set in bold only where the text really has it at the entry's start.
function headingRanges(text, outline) {
  return outline
    .filter(({ start, heading }) => heading.length > 0 && text.startsWith(heading.at(-1), start))
    .map(({ start, heading }) => [start, start + heading.at(-1).length]);
}
