// The page of the API: every operation of openapi.json, and a form to try each.
// In: openapi.json of this server. Out: the page. Nothing is fetched from anywhere else, and the key stays in the tab.

import { LANGUAGES, pickLanguage, words as chatWords } from "../chat/i18n.js";
import { element } from "../chat/dom.js";
import { Contract } from "./contract.js";
import { method, operationView } from "./operation-view.js";
import { prose } from "./prose.js";
import { words } from "./words.js";

const index = document.querySelector("#index");
const main = document.querySelector("#operations");
const languageButton = document.querySelector("#language");
const keyInput = element("input", { type: "password", autocomplete: "off", spellcheck: "false", id: "key" });

let language = pickLanguage(recall("language"));
let contract = null;

function show() {
  const say = words(language);
  const codes = Object.keys(LANGUAGES);
  const next = chatWords(codes[(codes.indexOf(language) + 1) % codes.length]);
  document.documentElement.lang = chatWords(language).tag;
  document.documentElement.dataset.theme = recall("theme") ?? "auto";
  document.title = `Taproot · ${say.title}`;
  document.querySelector("h1").textContent = say.title;
  document.querySelector("#home").title = say.home;
  languageButton.textContent = next.name;
  languageButton.lang = next.tag;
  if (!contract) {
    main.replaceChildren(element("p", { role: "status" }, say.loading));
    return;
  }
  index.setAttribute("aria-label", say.index);
  const groups = contract.groups();
  const filter = element("input", { type: "search", placeholder: say.filter, "aria-label": say.filter, id: "filter" });
  const none = element("p", { class: "note", role: "status" });
  filter.addEventListener("input", () => narrow(filter.value, say, none));
  index.replaceChildren(filter, none, ...groups.map(([tag, operations]) =>
    element("section", {}, element("h2", {}, say.group[tag] ?? tag), element("ul", {}, operations.map((operation) =>
      element("li", { "data-of": operation.operationId },
        element("a", { href: `#${operation.operationId}` }, method(operation), element("span", { class: "path" }, operation.path))))))));
  main.replaceChildren(
    element("p", { class: "lead" }, prose(contract.lead)),
    element("p", {}, element("a", { href: "openapi.json" }, say.file)),
    element("label", { class: "key" }, say.key, keyInput, element("small", {}, say.keyNote)),
    ...groups.map(([tag, operations]) => element("section", {}, element("h2", {}, say.group[tag] ?? tag),
      operations.map((operation) => operationView(say, contract, operation, () => keyInput.value.trim())))));
  openNamed();
}

/** Leaves what has all the words in its path or summary. */
function narrow(text, say, none) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const details of main.querySelectorAll("details.operation")) {
    const own = details.querySelector("summary").textContent.toLowerCase();
    const fits = wanted.every((word) => own.includes(word));
    details.hidden = !fits;
    index.querySelector(`[data-of="${CSS.escape(details.id)}"]`).hidden = !fits;
    left += Number(fits);
  }
  for (const section of document.querySelectorAll("#index section, main > section")) {
    section.hidden = !section.querySelector("li:not([hidden]), details.operation:not([hidden])");
  }
  none.textContent = left === 0 ? say.none : "";
}

/** What the address names is opened and shown. */
function openNamed() {
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named instanceof HTMLDetailsElement) {
    named.open = true;
    named.scrollIntoView();
  }
}

function recall(name) {
  try {
    return localStorage.getItem(`taproot:${name}`);
  } catch {
    return null; // storage is forbidden here: every visit starts from the system's settings
  }
}

languageButton.addEventListener("click", () => {
  const codes = Object.keys(LANGUAGES);
  language = codes[(codes.indexOf(language) + 1) % codes.length];
  try {
    localStorage.setItem("taproot:language", language);
  } catch {
    // The same: the choice holds until the page is left.
  }
  show();
});
addEventListener("hashchange", openNamed);

show();
try {
  contract = await Contract.read();
  show();
} catch {
  main.replaceChildren(element("p", { role: "alert" }, words(language).failed));
}
