// In: a title, content and buttons. Out: a native <dialog> in the middle, or as a drawer at the end of the screen.
// The browser keeps the focus inside, closes it by Escape and gives the focus back.

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";

/** Opens a dialog; `closed` is called once it is gone. Gives the element, with `close()`. */
export function openDialog({ say, title, kind = "dialog", testid, content, actions = [], closed }) {
  const close = button({ class: "icon-button", "aria-label": say.close, title: say.close, "data-testid": "dialog-close" }, icon("close"));
  const heading = element("h2", { tabindex: -1 }, title);
  const dialog = element(
    "dialog",
    { class: kind, "data-testid": testid, "aria-label": title },
    element("header", { class: "dialog-head" }, heading, close),
    element("div", { class: "dialog-body", tabindex: kind === "drawer" ? 0 : null }, content),
    actions.length ? element("footer", { class: "dialog-foot" }, actions) : null,
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the ground beside it
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before something is done that cannot be undone. Resolves to whether it shall be done. */
export function confirmDialog({ say, title, text, yes, danger = true }) {
  return new Promise((resolve) => {
    let answer = false;
    const decide = (value) => () => {
      answer = value;
      dialog.close();
    };
    const no = button({ class: "button", onclick: decide(false), autofocus: true, "data-testid": "confirm-no" }, say.cancel);
    const ok = button({ class: danger ? "button danger" : "button primary", onclick: decide(true), "data-testid": "confirm-yes" }, yes);
    const dialog = openDialog({ say, title, testid: "confirm", content: element("p", {}, text), actions: [no, ok], closed: () => resolve(answer) });
  });
}
