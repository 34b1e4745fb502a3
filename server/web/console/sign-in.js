// In: the ways to sign in. Out: a screen that asks for a key, or leads to the company's sign-in; `signedIn` after a key.

import { button, element } from "../chat/dom.js";
import { errorText } from "../chat/error-note.js";
import { words } from "../chat/i18n.js";
import { mark } from "../chat/icons.js";
import { choices } from "./frame.js";

export function signInView({ session, server, preferences, changed, signedIn }) {
  const say = preferences.say.signIn;
  const wrong = element("p", { class: "field-error", role: "alert", id: "sign-in-wrong", hidden: true });
  const key = element("input", {
    id: "sign-in-key",
    type: "password",
    autocomplete: "current-password",
    spellcheck: "false",
    required: true,
    "aria-describedby": "sign-in-wrong",
    "data-testid": "sign-in-key",
  });
  const submit = async (event) => {
    event.preventDefault();
    wrong.hidden = true;
    try {
      await server.send("POST", "v1/session", { key: key.value.trim() });
      signedIn();
    } catch (failure) {
      wrong.textContent = failure.code === "invalid_key" ? say.wrong : errorText(words(preferences.language), failure);
      wrong.hidden = false;
      key.setAttribute("aria-invalid", "true");
      key.select();
    }
  };
  const byKey = session.sign_in.includes("key")
    ? element(
        "form",
        { class: "stack", onsubmit: submit },
        element("label", { for: "sign-in-key" }, say.key),
        key,
        wrong,
        button({ class: "button primary wide", type: "submit", "data-testid": "sign-in-submit" }, say.withKey),
        element("p", { class: "hint" }, say.keyHint),
      )
    : null;
  const bySso = session.sign_in.includes("oidc")
    ? element("a", { class: byKey ? "button wide" : "button primary wide", href: "v1/session/oidc?to=/", "data-testid": "sign-in-oidc" }, say.withAccount)
    : null;
  const view = element(
    "main",
    { class: "sign-in", "data-testid": "sign-in-screen" },
    element(
      "div",
      { class: "sign-in-card" },
      mark(),
      element("h1", {}, say.title),
      element("p", { class: "lead" }, say.lead),
      bySso,
      bySso && byKey ? element("p", { class: "or" }, element("span", {}, say.or)) : null,
      byKey,
    ),
    choices(preferences, changed),
  );
  queueMicrotask(() => (byKey && !bySso ? key : view.querySelector("a, input"))?.focus());
  return view;
}
