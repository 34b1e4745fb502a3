// Colours, fonts and the reset: what the chat and the widget's bubble share.
// Nothing of the page around comes in: `all: initial` on an inner element that no rule of the page can reach.
// Sizes of text are in em of the reader's own `medium`, never rem: a page may have set its root to anything.
// A company's colour keeps its hue: as text it is darkened or lightened until it can be read, and what stands on it is
// white below the lightness of .56 (where both white and black have about 4.5), else black.
// Contrast of text on its ground is at least 4.5, of edges at least 3 (WCAG 2.2 § 1.4.3, § 1.4.11).

/** The declarations of all colours; the console puts them on its `:root`. */
export const colours = `
  --ground: light-dark(#fbfcfb, #111614);
  --surface: light-dark(#ffffff, #181e1b);
  --sunken: light-dark(#f2f5f3, #1d2421);
  --text: light-dark(#17211d, #e7edea);
  --muted: light-dark(#56645e, #9dada5);
  --line: light-dark(#dfe6e2, #2c3531);
  --edge: light-dark(#84938c, #6d7d76);
  --accent: light-dark(#0d6552, #62c8aa);
  --fill: light-dark(#0f6b57, #62c8aa);
  --on-fill: light-dark(#ffffff, #06231b);
  --tint: color-mix(in srgb, var(--accent) 11%, var(--surface));
  --quote: light-dark(#fbefb4, #4f4516);
  --alarm: light-dark(#8f2d16, #f3b6a6);
  --alarm-ground: light-dark(#fcf1ee, #2c1c18);
  --shadow: light-dark(rgb(20 40 32 / .14), rgb(0 0 0 / .5));
`;

export const tokens = `
:host { display: block; height: 100%; }
:host([hidden]), [hidden] { display: none !important; }

.root {
  all: initial;
  color-scheme: light dark;
  ${colours}
  display: block;
  color: var(--text);
  font: 400 medium/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif;
  text-align: start;
  overflow-wrap: anywhere;
  -webkit-text-size-adjust: 100%;
  -webkit-tap-highlight-color: transparent;
}
.root[data-theme="light"] { color-scheme: light; }
.root[data-theme="dark"] { color-scheme: dark; }

.root[data-brand] { --accent: light-dark(oklch(from var(--brand) min(l, .5) c h), oklch(from var(--brand) max(l, .78) c h)); --fill: var(--brand); --on-fill: oklch(from var(--brand) clamp(.1, (.56 - l) * 1000, 1) 0 0); }

*, *::before, *::after { box-sizing: border-box; }
h2, h3, h4, p, ol, ul, li, pre, blockquote, fieldset, legend { margin: 0; padding: 0; border: 0; font: inherit; list-style: none; }
button, textarea, input { margin: 0; padding: 0; border: 0; background: none; color: inherit; font: inherit; letter-spacing: inherit; }
button { cursor: pointer; text-align: start; }
a { color: var(--accent); text-underline-offset: .2em; }
strong { font-weight: 650; }

:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.icon { width: 1.25em; height: 1.25em; flex: none; display: block; }
.mark { width: 1.75em; height: 1.75em; flex: none; display: block; color: var(--accent); }

.icon-button { width: 40px; height: 40px; flex: none; display: grid; place-items: center; border-radius: 10px; color: var(--muted); }
.icon-button:hover { background: var(--sunken); color: var(--text); }

.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
`;
