// In: an error of the server or of the network. Out: what to tell the reader.
// Known codes are said in the reader's language; others in the server's own words, with its hint.

import { element } from "./dom.js";

const UNAVAILABLE = /^(not_ready|(upstream|store)_unavailable)$/;

/** One line that says what happened. */
export function errorText(say, { code, message, hint, retryAfterSeconds }) {
  const known = say.errors[UNAVAILABLE.test(code) ? "unavailable" : code];
  const wait = retryAfterSeconds ? say.retryIn(retryAfterSeconds) : "";
  return [known ?? sentence(message || code), known ? "" : sentence(hint), wait].filter(Boolean).join(" ");
}

export function errorNote(say, error) {
  return element(
    "div",
    { class: "error", "data-testid": "error", "data-code": error.code },
    element("p", {}, errorText(say, error)),
    error.requestId ? element("p", { class: "reference" }, say.reference(error.requestId)) : null,
  );
}

// The server writes its messages in lower case without a final stop.
function sentence(text) {
  if (!text) return "";
  const opened = text[0].toUpperCase() + text.slice(1);
  return /[.!?。！？]$/.test(opened) ? opened : `${opened}.`;
}
