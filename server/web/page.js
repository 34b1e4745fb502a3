// Taproot's own page: the choice of language and of colours, kept in localStorage.
// In: two buttons and a `<taproot-chat>`. Out: attributes on them. The chat itself is in chat/.

import "./chat/component.js";
import { icon } from "./chat/icons.js";
import { LANGUAGES, pickLanguage, words } from "./chat/i18n.js";

const chat = document.querySelector("taproot-chat");
const heading = document.querySelector("h1");
const languageButton = document.querySelector("#language");
const themeButton = document.querySelector("#theme");
const systemDark = matchMedia("(prefers-color-scheme: dark)");

let language = pickLanguage(recall("language"));
let theme = recall("theme"); // "light", "dark", or null: as the system has it

function showLanguage() {
  const say = words(language);
  const next = words(nextLanguage());
  document.documentElement.lang = say.tag;
  document.title = `Taproot · ${say.title}`;
  heading.textContent = say.title;
  chat.setAttribute("lang", language);
  languageButton.textContent = next.name;
  languageButton.lang = next.tag;
  showTheme();
}

function showTheme() {
  const say = words(language);
  document.documentElement.dataset.theme = theme ?? "auto";
  chat.setAttribute("theme", theme ?? "auto");
  const dark = isDark();
  themeButton.replaceChildren(icon(dark ? "sun" : "moon"));
  themeButton.title = dark ? say.toLight : say.toDark;
  themeButton.setAttribute("aria-label", themeButton.title);
}

function nextLanguage() {
  const codes = Object.keys(LANGUAGES);
  return codes[(codes.indexOf(language) + 1) % codes.length];
}

function isDark() {
  return theme ? theme === "dark" : systemDark.matches;
}

languageButton.addEventListener("click", () => {
  language = nextLanguage();
  remember("language", language);
  showLanguage();
});

themeButton.addEventListener("click", () => {
  theme = isDark() ? "light" : "dark";
  remember("theme", theme);
  showTheme();
});

systemDark.addEventListener("change", showTheme);

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

showLanguage();
chat.focus();
