// In: a language code, or nothing. Out: the words of the screen in that language.
// A further language is one file in lang/ and one name in LANGUAGES. Words of documents are never translated.

import { en } from "./lang/en.js";
import { zh } from "./lang/zh.js";

/** By BCP 47 primary subtag, each in its own words. */
export const LANGUAGES = { en, zh };

/** The code of the language to use: `wanted` where there is one, else the browser's first that we have. */
export function pickLanguage(wanted) {
  const preferred = wanted && wanted !== "auto" ? [wanted] : navigator.languages;
  const codes = preferred.map((tag) => tag.toLowerCase().split("-")[0]);
  return codes.find((code) => Object.hasOwn(LANGUAGES, code)) ?? "en";
}

/** The words for `code`; what a language lacks is said in English. */
export function words(code) {
  const own = LANGUAGES[code] ?? en;
  return { ...en, ...own, errors: { ...en.errors, ...own.errors } };
}

/** Where a citation stands, as one line: its heading, then its page. */
export function place(say, { heading, page }) {
  return [heading, page ? say.page(page) : null].filter(Boolean).join(" · ");
}
