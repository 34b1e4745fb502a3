// The one line a company puts on its pages:
//   <script src="https://taproot.example.com/widget.js" defer></script>
// In: data-lang (en|zh|auto), data-position (right|left), data-title, data-greeting, data-accent (#rrggbb),
//     data-theme (light|dark|auto), data-collections (a,b), data-suggestions (JSON array).
// Out: a bubble that opens the chat. A page that has a <taproot-chat> of its own gets that one and no bubble.
// A classic script, so that it runs on any page; all else is modules of the server it came from.

(() => {
  const once = Symbol.for("taproot.widget");
  const script = document.currentScript;
  if (window[once] || !script) return;
  window[once] = true;

  const base = new URL(".", script.src).href;
  const options = { ...script.dataset };

  async function start() {
    try {
      if (document.querySelector("taproot-chat")) {
        await import(`${base}web/chat/component.js`);
        return;
      }
      const { mountBubble } = await import(`${base}web/widget/bubble.js`);
      mountBubble(base, options);
    } catch {
      // The server is away: the page of the company stays as it is, without a bubble that would not work.
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
