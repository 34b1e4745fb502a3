// One operation: what it takes, what it answers, and the form to try it.
// In: the contract and an operation. Out: an element, whose inside is made when it is opened.

import { element } from "../chat/dom.js";
import { prose } from "./prose.js";
import { schemaView } from "./schema-view.js";
import { tryForm } from "./try-form.js";

export function operationView(say, contract, operation, keyOf) {
  const details = element("details", { class: "operation", id: operation.operationId },
    element("summary", {},
      method(operation), element("span", { class: "path" }, operation.path),
      element("span", { class: "told" }, prose(operation.summary))));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(inside(say, contract, operation, keyOf));
  });
  return details;
}

export function method({ method }) {
  return element("span", { class: "method", "data-method": method }, method.toUpperCase());
}

function inside(say, contract, operation, keyOf) {
  const parameters = operation.parameters ?? [];
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  return element("div", { class: "inside" },
    operation.description ? element("p", {}, prose(operation.description)) : null,
    parameters.length > 0 ? [element("h3", {}, say.parameters), element("ul", { class: "schema" }, parameters.map((parameter) =>
      element("li", {},
        element("code", {}, parameter.name), " ", element("span", { class: "type" }, parameter.in),
        parameter.description ? element("div", { class: "note" }, prose(parameter.description)) : null)))] : null,
    bodies.length > 0 ? [element("h3", {}, say.body), ...bodies.map(([type, { schema }]) =>
      element("div", {}, element("code", {}, type), " ", schemaView(say, contract, schema)))] : null,
    element("h3", {}, say.answers),
    element("ul", { class: "answers" }, Object.entries(operation.responses).map(([status, answer]) =>
      element("li", {},
        element("span", { class: "status" }, status), " ", prose(answer.description),
        Object.entries(answer.content ?? {}).map(([type, { schema }]) => folded(say, contract, type, schema))))),
    element("h3", {}, say.tryIt),
    tryForm(say, contract, operation, keyOf));
}

function folded(say, contract, type, schema) {
  const details = element("details", {}, element("summary", { class: "type" }, `${type} ${contract.follow(schema).name ?? ""}`));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(schemaView(say, contract, schema));
  });
  return details;
}
