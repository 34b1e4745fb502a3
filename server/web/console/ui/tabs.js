// Tabs as WAI-ARIA describes them: arrow keys go between them, a panel is built when it is first opened.
// In: a name, and `{ name, title, build(place) }` for each. Out: an element.

import { button, element } from "../../chat/dom.js";

let ids = 0;

export function tabs(label, list) {
  const id = `tabs-${++ids}`;
  const panels = new Map();
  const buttons = list.map(({ name, title }, index) =>
    button(
      { role: "tab", id: `${id}-${name}`, "aria-controls": `${id}-${name}-panel`, "data-testid": `tab-${name}`, onclick: () => choose(index), onkeydown: (event) => move(event, index) },
      title,
    ),
  );
  const box = element("div", { class: "tab-panels" });
  const choose = (chosen) => {
    buttons.forEach((node, index) => {
      node.setAttribute("aria-selected", String(index === chosen));
      node.tabIndex = index === chosen ? 0 : -1;
    });
    const { name, build } = list[chosen];
    if (!panels.has(name)) {
      const panel = element("div", { role: "tabpanel", id: `${id}-${name}-panel`, "aria-labelledby": `${id}-${name}`, class: "tab-panel", tabindex: 0 });
      panels.set(name, panel);
      box.append(panel);
      build(panel);
    }
    for (const [key, panel] of panels) panel.hidden = key !== name;
  };
  const move = (event, index) => {
    const forward = document.documentElement.dir === "rtl" ? -1 : 1;
    const to = { ArrowRight: index + forward, ArrowLeft: index - forward, Home: 0, End: list.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const chosen = (to + list.length) % list.length;
    choose(chosen);
    buttons[chosen].focus();
  };
  choose(0);
  return element("div", {}, element("div", { class: "tabs", role: "tablist", "aria-label": label }, buttons), box);
}
