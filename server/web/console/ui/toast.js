// In: a line to tell, or an error. Out: it stands at the lower edge for a while; a screen reader says it.

import { button, element } from "../../chat/dom.js";
import { errorText } from "../../chat/error-note.js";
import { words } from "../../chat/i18n.js";
import { icon } from "../icons.js";

const STANDS_MS = 6_000;
const MOST = 3;

export function toaster() {
  const list = element("div", { class: "toasts", role: "status", "data-testid": "toasts", popover: "manual" });
  const add = (text, kind, extra) => {
    const note = element("div", { class: `toast ${kind}` }, kind === "bad" ? icon("warning") : icon("done"), element("span", {}, text), extra);
    const leave = () => {
      note.remove();
      if (list.childElementCount === 0) list.hidePopover?.();
    };
    note.append(button({ class: "icon-button", "aria-label": "×", onclick: leave }, icon("close")));
    list.append(note);
    while (list.childElementCount > MOST) list.firstChild.remove();
    // Shown anew, so that it lies above a dialog that was opened meanwhile.
    list.hidePopover?.();
    list.showPopover?.();
    if (kind !== "bad") setTimeout(leave, STANDS_MS);
  };
  return {
    element: list,
    say: (text) => add(text, "good"),
    fail: (failure, language) => add(errorText(words(language), failure), "bad"),
  };
}
