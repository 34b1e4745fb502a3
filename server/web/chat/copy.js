// In: an answer. Out: its plain text with sources, and that text on the clipboard.
// It shows nothing; the caller says "copied".

import { place } from "./i18n.js";

/** The answer as it stands, then each source with its place, file and quote. */
export function textWithSources({ text, citations }, say) {
  if (citations.length === 0) return text;
  const lines = citations.flatMap((citation) => {
    const where = [citation.title, place(say, citation)].filter(Boolean).join(" · ");
    return [`[${citation.n}] ${where} (${citation.uri})`, `    ${citation.quote.replace(/\s+/g, " ")}`];
  });
  return [text, "", say.sources, ...lines].join("\n");
}

/** True when the text is on the clipboard. `anchor`: the button that was pressed; it keeps the focus. */
export async function copyText(text, anchor) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, anchor);
  }
}

// Pages served over plain http, common inside a company, have no navigator.clipboard.
function copyBySelection(text, anchor) {
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "unseen";
  anchor.after(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  anchor.focus();
  return copied;
}
