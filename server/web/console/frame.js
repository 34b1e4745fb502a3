// The frame around every page: navigation, who is signed in, language and colours; a drawer on a phone.
// In: the session. Out: an element with room for one page. It knows nothing of what the pages do.

import { button, element } from "../chat/dom.js";
import { words } from "../chat/i18n.js";
import { mark } from "../chat/icons.js";
import { icon } from "./icons.js";
import { addressOf, hasRole, PAGES } from "./pages.js";

export class Frame {
  #main = element("main", { id: "main", tabindex: -1 });
  #links = new Map();
  #nav;
  #menu;
  #shown = false;

  /** `changed` is called after another language was chosen; the frame is built anew then. */
  constructor({ session, preferences, signIn, signOut, changed }) {
    const { say } = preferences;
    this.say = say;
    this.#nav = element(
      "nav",
      { class: "nav", id: "nav", "aria-label": say.navigation },
      element("a", { class: "brand", href: addressOf("ask") }, mark(), "Taproot"),
      this.#list(session),
      element("div", { class: "nav-foot" }, account({ session, say, signIn, signOut }), choices(preferences, changed)),
    );
    this.#menu = button({ class: "icon-button", "data-testid": "menu", "aria-label": say.menu, "aria-expanded": "false", "aria-controls": "nav" }, icon("menu"));
    this.#menu.addEventListener("click", () => this.#toggle(!this.element.hasAttribute("data-menu")));
    const veil = element("div", { class: "veil", onclick: () => this.#toggle(false) });
    this.element = element(
      "div",
      { class: "frame" },
      element("a", { class: "skip", href: "#main", onclick: (event) => this.#skip(event) }, say.skip),
      element("header", { class: "topbar" }, this.#menu, mark(), element("span", {}, "Taproot")),
      veil,
      this.#nav,
      this.#main,
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.element.hasAttribute("data-menu")) this.#toggle(false);
    });
  }

  mark(name) {
    for (const [key, link] of this.#links) {
      if (key === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.#toggle(false);
  }

  show(page) {
    this.#main.replaceChildren(page);
    this.#main.scrollTop = 0;
    // After the first page, the focus follows to the new one, so that a screen reader says where it is.
    if (this.#shown) page.querySelector("h1")?.focus({ preventScroll: true });
    this.#shown = true;
  }

  #list(session) {
    const open = PAGES.filter(({ least }) => hasRole(session, least));
    const group = (pages, label) =>
      pages.length
        ? [
            label ? element("p", { class: "nav-label" }, label) : null,
            element("ul", { role: "list" }, pages.map(({ name }) => element("li", {}, this.#link(name)))),
          ]
        : [];
    return element(
      "div",
      { class: "nav-list" },
      group(open.filter(({ least }) => least !== "admin")),
      group(open.filter(({ least }) => least === "admin"), this.say.administration),
    );
  }

  #link(name) {
    const link = element("a", { class: "nav-link", href: addressOf(name), "data-testid": `nav-${name}` }, icon(name), element("span", {}, this.say.pages[name]));
    this.#links.set(name, link);
    return link;
  }

  #toggle(open) {
    const was = this.element.hasAttribute("data-menu");
    this.element.toggleAttribute("data-menu", open);
    this.#menu.setAttribute("aria-expanded", String(open));
    this.#main.inert = open;
    if (open) this.#nav.querySelector("a").focus();
    else if (was) this.#menu.focus();
  }

  #skip(event) {
    event.preventDefault(); // the address after # is the page's
    this.#main.focus();
  }
}

function account({ session, say, signIn, signOut }) {
  if (session.role === null || session.kind === "anonymous") {
    if (session.sign_in.length === 0) return null;
    return button({ class: "button wide", "data-testid": "sign-in", onclick: signIn }, icon("user"), say.signIn.open);
  }
  const isOwner = session.kind === "owner"; // at the machine itself: there is nothing to sign out of
  const name = (!isOwner && session.name) || say.kinds[session.kind];
  const leave = isOwner
    ? null
    : button({ class: "icon-button", "data-testid": "sign-out", "aria-label": say.signIn.leave, title: say.signIn.leave, onclick: signOut }, icon("signout"));
  return element(
    "div",
    { class: "account" },
    element("span", { class: "avatar", "aria-hidden": "true" }, icon("user")),
    element("span", { class: "account-name" }, element("strong", {}, name), element("span", {}, say.roles[session.role])),
    leave,
  );
}

/** The two buttons for language and colours. */
export function choices(preferences, changed) {
  const next = words(preferences.nextLanguage);
  const language = button({ class: "quiet", id: "language", lang: next.tag }, next.name);
  language.addEventListener("click", () => {
    preferences.setLanguage(preferences.nextLanguage);
    changed();
    document.querySelector("#language")?.focus();
  });
  const theme = button({ class: "icon-button", id: "theme" });
  const paint = () => {
    const { say, isDark } = preferences;
    theme.replaceChildren(icon(isDark ? "sun" : "moon"));
    theme.title = isDark ? say.toLight : say.toDark;
    theme.setAttribute("aria-label", theme.title);
  };
  theme.addEventListener("click", () => {
    preferences.toggleTheme();
    paint();
  });
  paint();
  return element("div", { class: "choices" }, language, theme);
}
