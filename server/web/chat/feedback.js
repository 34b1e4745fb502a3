// In: a finished answer. Out: the row below it: an action, thumbs up, thumbs down with a reason; `rate(message, rating)` sends.
// A rating can be changed, and taken back by pressing it again. What is kept of it is `message.rating`.

import { element } from "./dom.js";
import { iconButton } from "./icons.js";

export function feedbackRow(message, { say, rate }, action) {
  const more = element("div", {});
  const thumb = (value) => {
    const press = () => send(message.rating === value ? null : { rating: value });
    return iconButton("thumb", say[value], { "data-testid": `rate-${value}`, onclick: press });
  };
  const thumbs = { up: thumb("up"), down: thumb("down") };
  const show = () => {
    for (const [value, node] of Object.entries(thumbs)) node.setAttribute("aria-pressed", String(message.rating === value));
  };
  const send = async (rating) => {
    more.replaceChildren();
    try {
      await rate(message, rating);
      if (rating?.rating === "down" && !rating.reason) more.append(reasons());
      else if (rating) more.append(element("p", { class: "note", role: "status", "data-testid": "thanks" }, say.thanks));
    } catch {
      more.append(element("p", { class: "note", role: "alert" }, say.notSent));
    }
    show();
    more.querySelector("input")?.focus();
  };
  const reasons = () => {
    const comment = element("input", { class: "comment", placeholder: say.comment, "aria-label": say.comment, maxlength: 1000, "data-testid": "comment" });
    const choice = ([reason, text]) => element("label", { class: "reason" }, element("input", { type: "radio", name: "reason", value: reason, required: true }), text);
    return element(
      "form",
      {
        class: "reasons",
        "data-testid": "reasons",
        onsubmit: (event) => {
          event.preventDefault();
          const reason = event.target.reason.value;
          send({ rating: "down", reason, ...(comment.value.trim() ? { comment: comment.value.trim() } : {}) });
        },
      },
      element("fieldset", {}, element("legend", {}, say.why), Object.entries(say.reasons).map(choice)),
      comment,
      element("button", { class: "quiet", type: "submit", "data-testid": "send-reason" }, say.send),
    );
  };
  show();
  return [element("div", { class: "row" }, action, message.id ? [thumbs.up, thumbs.down] : null), more];
}
