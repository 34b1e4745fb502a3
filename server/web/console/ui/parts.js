// Small things that pages are made of: badges, fields, selects, empty states, definition lists, bars. No state.

import { element } from "../../chat/dom.js";
import { icon } from "../icons.js";

let ids = 0;

export function badge(text, kind = "") {
  return element("span", { class: `badge ${kind}` }, text);
}

/** A label above its control, with a hint below it. */
export function field(label, control, hint) {
  control.id ||= `field-${++ids}`;
  const note = hint ? element("p", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return element("div", { class: "field-row" }, element("label", { for: control.id }, label), control, note);
}

/** `options`: `[value, text]` pairs. */
export function select(options, value, attributes = {}) {
  const node = element("select", attributes, options.map(([key, text]) => element("option", { value: key, selected: key === value }, text)));
  return node;
}

export function checkbox(label, attributes = {}) {
  return element("label", { class: "check" }, element("input", { type: "checkbox", ...attributes }), element("span", {}, label));
}

export function emptyState(name, title, text, ...actions) {
  return element("div", { class: "empty-state", "data-testid": "empty-state" }, icon(name), element("h2", {}, title), text ? element("p", {}, text) : null, actions);
}

/** Pairs of a term and what it says; those without a value are left out. */
export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element("dl", { class: "facts" }, rows.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))));
}

/** A bar of parts, each `{ share, kind, title }` with shares of 0 to 1. */
export function bar(parts, label) {
  const node = element("div", { class: "bar-track", role: "img", "aria-label": label });
  for (const { share, kind, title } of parts) {
    const part = element("span", { class: `bar-part ${kind}`, title });
    part.style.inlineSize = `${Math.max(0, Math.min(1, share)) * 100}%`;
    node.append(part);
  }
  return node;
}

/** How far something is; null while that is not known. */
export function progressBar(share, label) {
  const node = element("progress", { max: 1, "aria-label": label });
  if (share !== null) node.value = share;
  return node;
}

/** A plain table in a box that scrolls sideways. `columns`: `{ title, class? }`. */
export function table(columns, rows, caption) {
  const head = columns.map(({ title, class: name }) => element("th", { scope: "col", class: name }, title));
  return element(
    "div",
    { class: "table-box", tabindex: 0, role: "region", "aria-label": caption },
    element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows)),
  );
}

/** One row for `table`. */
export function row(cells, attributes = {}) {
  return element("tr", attributes, cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : element("td", {}, cell ?? "—"))));
}

/** Buttons of which one is chosen. `options`: `[value, text]`; `chosen(value)` is called at a change. */
export function segments(options, value, label, chosen) {
  const name = `segments-${++ids}`;
  return element(
    "fieldset",
    { class: "segments" },
    element("legend", { class: "unseen" }, label),
    options.map(([key, text]) =>
      element(
        "label",
        {},
        element("input", { type: "radio", name, value: key, checked: key === value, "data-testid": `segment-${key}`, onchange: () => chosen(key) }),
        element("span", {}, text),
      ),
    ),
  );
}
