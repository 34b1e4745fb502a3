// In: a language code. Out: the words of this page; what a language lacks is said in English.

import en from "./lang/en.js";
import zh from "./lang/zh.js";

const LANGUAGES = { en, zh };

export function words(code) {
  const own = LANGUAGES[code] ?? en;
  return { ...en, ...own, group: { ...en.group, ...own.group } };
}
