// A schema for people to read.
// In: the contract and a schema. Out: an element; what a schema holds is made when it is opened, since schemas may hold themselves.

import { element } from "../chat/dom.js";
import { prose } from "./prose.js";

export function schemaView(say, contract, schema) {
  const known = contract.follow(schema);
  const choice = known.oneOf ?? known.anyOf;
  const parts = [];
  if (known.properties) {
    const required = new Set(known.required ?? []);
    parts.push(element("ul", { class: "schema" }, Object.entries(known.properties).map(([name, field]) =>
      element("li", {},
        element("code", {}, name), " ",
        element("span", { class: "type" }, typeOf(say, contract, field), required.has(name) ? ` · ${say.required}` : ""),
        field.description ? element("div", { class: "note" }, prose(field.description)) : null,
        inner(say, contract, field)))));
  } else if (choice) {
    parts.push(element("ul", { class: "schema" }, choice.filter((one) => one.type !== "null").map((one) =>
      element("li", {}, element("span", { class: "type" }, typeOf(say, contract, one)), inner(say, contract, one)))));
  }
  return element("div", {},
    element("span", { class: "type" }, typeOf(say, contract, schema)),
    known.description ? element("div", { class: "note" }, prose(known.description)) : null,
    ...parts);
}

/** What a field holds, behind a line to open. */
function inner(say, contract, field) {
  const held = [field.items, field.additionalProperties, field].find((one) => one && typeof one === "object" && hasFields(contract, one));
  if (!held) return null;
  const details = element("details", {}, element("summary", { class: "type" }, contract.follow(held).name ?? "{ }"));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(schemaView(say, contract, held));
  });
  return details;
}

function hasFields(contract, schema) {
  const known = contract.follow(schema);
  return Boolean(known.properties) || (known.oneOf ?? known.anyOf ?? []).some((one) => one.$ref || one.properties);
}

function typeOf(say, contract, schema) {
  const known = contract.follow(schema);
  const choice = known.oneOf ?? known.anyOf;
  if (known.enum) return known.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (choice) {
    const others = choice.filter((one) => one.type !== "null").map((one) => typeOf(say, contract, one));
    const named = known.name ?? (others.length === 1 ? others[0] : `${say.oneOf} ${others.join(", ")}`);
    return choice.length > others.length ? `${named} ${say.orNull}` : named;
  }
  const types = [known.type].flat().filter(Boolean);
  const type = types.find((one) => one !== "null");
  const nullable = types.includes("null") ? ` ${say.orNull}` : "";
  if (type === "array") return `${say.list} ${typeOf(say, contract, known.items)}${nullable}`;
  if (known.additionalProperties && typeof known.additionalProperties === "object") {
    return `${say.map} ${typeOf(say, contract, known.additionalProperties)}${nullable}`;
  }
  const { minimum, maximum } = known;
  const range = minimum !== undefined || maximum !== undefined ? ` ${minimum ?? ""}–${maximum ?? ""}` : "";
  return `${known.name ?? type ?? say.any}${range}${nullable}`;
}
