// In: a colour of the company (`#rgb` or `#rrggbb`). Out: the accent tokens of an element, readable on both grounds.
// Anything else than such a colour is ignored, and the accent of the style sheet stays.

const READABLE = 4.5; // contrast of text, WCAG 2.2 § 1.4.3
const LIGHT_GROUND = [242, 246, 244];
const DARK_GROUND = [32, 42, 38];
const BLACK = [10, 15, 13];
const WHITE = [255, 255, 255];

/** Sets, or takes away, `--fill`, `--on-fill` and `--accent` on `node`. */
export function applyAccent(node, colour) {
  const rgb = parse(colour ?? "");
  const tokens = rgb && {
    "--fill": css(rgb),
    "--on-fill": css(contrast(WHITE, rgb) >= READABLE ? WHITE : BLACK),
    "--accent": `light-dark(${css(readable(rgb, LIGHT_GROUND, BLACK))}, ${css(readable(rgb, DARK_GROUND, WHITE))})`,
  };
  for (const name of ["--fill", "--on-fill", "--accent"]) {
    if (tokens) node.style.setProperty(name, tokens[name]);
    else node.style.removeProperty(name);
  }
}

function parse(colour) {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour.trim())?.[1];
  if (!hex) return null;
  const pairs = hex.length === 3 ? [...hex].map((digit) => digit + digit) : hex.match(/../g);
  return pairs.map((pair) => Number.parseInt(pair, 16));
}

// Moves the colour towards black or white until it can be read on the ground.
function readable(rgb, ground, target) {
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = rgb.map((part, index) => Math.round(part + (target[index] - part) * share));
    if (contrast(mixed, ground) >= READABLE) return mixed;
  }
  return target;
}

// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
function contrast(a, b) {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function css(rgb) {
  return `rgb(${rgb.join(" ")})`;
}
