// What all pages share: an element with a heading, a life that ends when it leaves the screen, and its errors shown.
// In: `context` (words, server, session, toast) and `route`, set before it is put on the screen.

import { ApiError } from "../chat/api.js";
import { element } from "../chat/dom.js";
import { errorNote } from "../chat/error-note.js";
import { words } from "../chat/i18n.js";

export class Page extends HTMLElement {
  context;
  route;
  #life = new AbortController();

  connectedCallback() {
    this.classList.add("page");
    this.build();
    this.routed(this.route);
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  /** Built once. */
  build() {}

  /** Called at first and whenever the address changes within the page. */
  routed(route) {
    this.route = route;
  }

  get say() {
    return this.context.say;
  }

  get server() {
    return this.context.server;
  }

  /** Aborted when the page leaves the screen: what is under way for it ends too. */
  get signal() {
    return this.#life.signal;
  }

  /** Heading, a line about the page, and its buttons at the end. */
  head(title, lead, ...actions) {
    return element(
      "header",
      { class: "page-head" },
      element("div", {}, element("h1", { tabindex: -1 }, title), lead ? element("p", { class: "lead" }, lead) : null),
      actions.length ? element("div", { class: "actions" }, actions) : null,
    );
  }

  /** Runs a change for a button: busy meanwhile, told when it failed. Gives whether it worked. */
  async act(button, work, done) {
    button?.setAttribute("aria-disabled", "true");
    try {
      await work();
      if (done) this.context.toast.say(done);
      return true;
    } catch (failure) {
      if (failure.name !== "AbortError") this.context.toast.fail(failure, this.context.preferences.language);
      return false;
    } finally {
      button?.removeAttribute("aria-disabled");
    }
  }

  /** Fills `place` with what `work` gives; until then a shimmer, and an error note when it fails. */
  async fill(place, work) {
    place.setAttribute("aria-busy", "true");
    if (place.childElementCount === 0) place.replaceChildren(element("div", { class: "loading", "aria-hidden": "true" }));
    try {
      const content = await work();
      if (!this.signal.aborted) place.replaceChildren(...[content].flat().filter(Boolean));
    } catch (failure) {
      if (this.signal.aborted || failure.name === "AbortError") return;
      place.replaceChildren(this.failure(failure));
    } finally {
      place.removeAttribute("aria-busy");
    }
  }

  failure(failure) {
    if (!(failure instanceof ApiError)) reportError(failure); // a mistake of this page, for the browser's console
    if (failure.code === "route_not_found") return element("p", { class: "notice" }, this.say.notOffered);
    const note = errorNote(words(this.context.preferences.language), failure);
    note.setAttribute("role", "alert");
    return note;
  }
}
