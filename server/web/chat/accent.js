// In: a colour of the company, as CSS writes it. Out: `--brand` on an element, from which styles/tokens.js derives what
// can be read on both grounds. Anything that is no colour is ignored, and the accent of the style sheet stays.

/** Gives `node` the company's colour, or takes it away. */
export function applyAccent(node, colour) {
  const known = Boolean(colour) && CSS.supports("color", colour);
  node.toggleAttribute("data-brand", known);
  if (known) node.style.setProperty("--brand", colour);
}
