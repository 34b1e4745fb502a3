// In: a tag, attributes and children. Out: an element.
// Data only ever becomes text nodes and attribute values: there is no way to pass HTML or an inline style.

/** `on…` keys are listeners; null and false attributes are left out; string children become text. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** A button that never submits a form of the page around it. */
export function button(attributes, ...children) {
  return element("button", { type: "button", ...attributes }, ...children);
}

/** A style sheet for `adoptedStyleSheets`, which a content security policy without 'unsafe-inline' allows. */
export function styleSheet(text) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}
