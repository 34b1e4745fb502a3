// In: a document's text and outline, and a citation whose offsets count Unicode scalar values.
// Out: where the quote stands in UTF-16 units, and the pieces of a window of the text, ready to be shown.
// Pure. It does not fetch and it does not build elements.

/** A document's text with its quote and outline in UTF-16 units; `quote` is null when it is no longer there. */
export function locate({ text, outline }, { start, end, quote }) {
  // The server counts scalar values, JavaScript counts UTF-16 units: they part ways at the first emoji.
  const units = [];
  let unit = 0;
  for (const character of text) {
    units.push(unit);
    unit += character.length;
  }
  const at = (scalar) => units[scalar] ?? text.length;
  return { text, outline: outline.map((entry) => ({ ...entry, start: at(entry.start) })), quote: findQuote(text, quote, at(start), at(end)) };
}

/** The outline entry that holds at `at`, if any. */
export function outlineAt(outline, at) {
  return outline.findLast((entry) => entry.start <= at);
}

/** Cuts `text[from..to)` at each border of the quote and of a page: `{ text, quoted, page }`, `page` where a new one begins. */
export function pieces({ text, outline, quote }, from, to) {
  const pages = new Map();
  let last = null;
  for (const { start, page } of outline) if (page && page !== last) pages.set(start, (last = page));
  const cuts = [...new Set([from, to, ...pages.keys(), ...(quote ?? [])])].filter((at) => at >= from && at <= to).sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, index) => ({
    text: text.slice(start, cuts[index + 1]),
    quoted: quote !== null && start >= quote[0] && start < quote[1],
    page: pages.get(start),
  }));
}

/** The start of the line that `at` stands in. */
export function lineStart(text, at) {
  return at <= 0 ? 0 : text.lastIndexOf("\n", Math.min(at, text.length) - 1) + 1;
}

// The document may have changed since the answer was given: then look for the nearest same words.
function findQuote(text, quote, start, end) {
  if (text.slice(start, end) === quote) return [start, end];
  const places = [text.lastIndexOf(quote, start), text.indexOf(quote, start)].filter((at) => at >= 0);
  if (!quote || places.length === 0) return null;
  const [nearest] = places.sort((a, b) => Math.abs(a - start) - Math.abs(b - start));
  return [nearest, nearest + quote.length];
}
