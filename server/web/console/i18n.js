// In: a language code. Out: the words of the console, those of the chat among them; what a language lacks is in English.

import { words } from "../chat/i18n.js";
import { enConsole } from "./lang/en.js";
import { zhConsole } from "./lang/zh.js";

const CONSOLE = { en: enConsole, zh: zhConsole };
const merged = new Map();

export function consoleWords(code) {
  if (!merged.has(code)) merged.set(code, overlay(enConsole, CONSOLE[code] ?? enConsole, words(code)));
  return merged.get(code);
}

function overlay(base, own, chat) {
  const result = { ...base };
  for (const [key, value] of Object.entries(own)) {
    const nested = typeof value === "object" && !Array.isArray(value);
    result[key] = nested ? { ...base[key], ...value } : value;
  }
  return { ...chat, ...result };
}
