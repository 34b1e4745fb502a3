// Words of the description. In: text in which code stands between backticks. Out: nodes.

import { element } from "../chat/dom.js";

export function prose(text = "") {
  return text.split("`").map((part, at) => (at % 2 === 1 ? element("code", {}, part) : part)).filter((part) => part !== "");
}
