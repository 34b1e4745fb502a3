// The one line a company puts on its pages (see docs/widget.md):
//   <script src="https://taproot.example.com/widget.js" data-key="…" defer></script>
// In: the data-… attributes of that tag. Out: a bubble that opens the chat, and `window.Taproot`. A page that has a
// <taproot-chat> of its own gets that one and no bubble.
//
// The server joins this module and all that it imports into one classic script (server/src/http/bundle.rs), so that it
// runs on any page, also where a policy lets only this one script in.

import { listen, TaprootChat } from "../chat/component.js";
import { Bubble } from "./bubble.js";

const script = document.currentScript;

function start() {
  if (window.Taproot || !script) return;
  const { key, ...options } = script.dataset;
  TaprootChat.defaults = { src: new URL(".", script.src).href, key };
  if (!customElements.get("taproot-chat")) customElements.define("taproot-chat", TaprootChat);
  const placed = document.querySelector("taproot-chat");
  const target = placed ?? new Bubble(options).host;
  if (!placed) document.body.append(target);
  window.Taproot = {
    open: () => target.open(),
    close: () => target.close(),
    ask: (question) => target.ask(question),
    on: (name, listener) => listen(target, name, listener),
  };
  dispatchEvent(new CustomEvent("taproot"));
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
else start();
