// The bubble and its panel. The host element has no box of its own, so that no rule of the page can move,
// hide or cover it: among important declarations those inside a shadow tree win over the page's.

export const bubbleStyle = `
:host { all: initial !important; display: contents !important; }

.root { position: fixed; inset: auto; width: 0; height: 0; } /* no gap in a body that is a flex or grid box */

.bubble { position: fixed; z-index: 2147483000; inset-block-end: max(20px, env(safe-area-inset-bottom)); inset-inline-end: 20px; width: 58px; height: 58px; display: grid; place-items: center; border-radius: 50%; background: var(--fill); color: var(--on-fill); box-shadow: 0 6px 24px -6px rgb(10 40 30 / .5); transition: transform .15s; }
.bubble:hover { transform: scale(1.05); }
.bubble:focus-visible { outline-width: 3px; outline-offset: 3px; }
.bubble .mark { width: 32px; height: 32px; color: inherit; }

.panel { position: fixed; z-index: 2147483000; inset-block-end: 92px; inset-inline-end: 20px; width: min(420px, calc(100vw - 40px)); height: min(680px, calc(100vh - 112px)); overflow: hidden; border: 1px solid var(--line); border-radius: 18px; background: var(--ground); box-shadow: 0 16px 56px -12px var(--shadow), 0 2px 8px -2px var(--shadow); animation: open .18s ease-out; }

.root[data-position="left"] > * { inset-inline: auto; left: 20px; }
.root[data-position="right"] > * { inset-inline: auto; right: 20px; }

@media (max-width: 520px), (max-height: 480px) {
  .root > .panel { inset: 0; width: auto; height: auto; border: 0; border-radius: 0; }
  .root[data-open] > .bubble { visibility: hidden; }
}

@keyframes open { from { opacity: 0; transform: translateY(10px); } }
`;
