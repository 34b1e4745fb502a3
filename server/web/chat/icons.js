// In: a name. Out: an SVG element, hidden from screen readers and painted in the colour of its text.
// The words for a button stand on the button, not here.

import { button } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

// Outlines on a grid of 24, two units wide.
const OUTLINES = {
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  close: "M6 6l12 12M18 6 6 18",
  fresh: "M12 5v14M5 12h14",
  copy: "M9 9h10v11H9zM5 15V4h10",
  done: "M5 13l4.5 4.5L19 7.5",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.4-5.5M19.5 3.5v4.2h-4.2",
  original: "M13 5h6v6M19 5l-9 9M9 5H5v14h14v-4",
  thumb: "M7 11v9H4v-9zM7 11l4-7.2c1.6 0 2.5 1.2 2.2 2.7L12.4 10H19a1.6 1.6 0 0 1 1.6 2l-1.5 6.6A1.8 1.8 0 0 1 17.3 20H7",
};

export function icon(name) {
  if (name !== "stop") return outline(OUTLINES[name], 2);
  const svg = frame("0 0 24 24", "icon");
  svg.append(shape("rect", { x: 7, y: 7, width: 10, height: 10, rx: 2, fill: "currentColor" }));
  return svg;
}

/** A path on the grid of 24, as a line of the given width. */
export function outline(d, width) {
  const svg = frame("0 0 24 24", "icon");
  svg.append(shape("path", { d, ...line(width) }));
  return svg;
}

/** A button that is only an icon; its name is said and shown on hovering. */
export function iconButton(name, label, attributes) {
  return button({ class: "icon-button", "aria-label": label, title: label, ...attributes }, icon(name));
}

/** The sign of Taproot: two leaves above the ground, one strong root below. */
export function mark() {
  const svg = frame("0 0 32 32", "mark");
  svg.append(
    shape("path", { d: "M16.2 13.6C9.4 14 5 10.8 4.2 4.6c6.8-.2 11.4 3 12 9zM15.6 12C15.4 6 19.6 2.2 26.6 1.6c.4 6.6-4 10.8-11 10.4zM14.5 12.6c0-1.4.6-2.2 1.6-2.2s1.5.8 1.5 2.2c0 6.6-.3 12.6-1.6 18.6-1.3-6-1.6-12-1.5-18.6z", fill: "currentColor" }),
    shape("path", { d: "M4.6 17.2h6.4M21 17.2h6.4M15.1 20.2c-2.6.3-4.7 1.7-6 4.1M17 22.4c2.2.3 3.9 1.5 5 3.6", ...line(1.5) }),
  );
  return svg;
}

function frame(viewBox, className) {
  return shape("svg", { viewBox, class: className, "aria-hidden": "true", focusable: "false" });
}

function line(width) {
  return { fill: "none", stroke: "currentColor", "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" };
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
