// The choice of language and colours, kept in localStorage. In: what was chosen. Out: words, attributes of the page.

import { LANGUAGES, pickLanguage } from "../chat/i18n.js";
import { consoleWords } from "./i18n.js";

const systemDark = matchMedia("(prefers-color-scheme: dark)");

class Preferences {
  language = pickLanguage(recall("language"));
  theme = recall("theme"); // "light", "dark", or null: as the system has it

  get say() {
    return consoleWords(this.language);
  }

  get isDark() {
    return this.theme ? this.theme === "dark" : systemDark.matches;
  }

  /** The language that the button offers. */
  get nextLanguage() {
    const codes = Object.keys(LANGUAGES);
    return codes[(codes.indexOf(this.language) + 1) % codes.length];
  }

  setLanguage(code) {
    this.language = code;
    remember("language", code);
  }

  toggleTheme() {
    this.theme = this.isDark ? "light" : "dark";
    remember("theme", this.theme);
    this.apply();
  }

  apply() {
    const { tag, dir = "ltr" } = this.say;
    document.documentElement.lang = tag;
    document.documentElement.dir = dir;
    document.documentElement.dataset.theme = this.theme ?? "auto";
    for (const chat of document.querySelectorAll("taproot-chat")) chat.setAttribute("theme", this.theme ?? "auto");
  }
}

export const preferences = new Preferences();

function recall(name) {
  try {
    return localStorage.getItem(`taproot:${name}`);
  } catch {
    return null; // storage is forbidden here: every visit starts from the system's settings
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(`taproot:${name}`, value);
  } catch {
    // The same: the choice holds until the page is left.
  }
}
