// In: the segments of an answer, whose text may hold Markdown, complete or still growing. Out: a tree of plain nodes, and
// that tree in the page. This is the one way from a model's words to the screen: text becomes text nodes, HTML in it
// stays text, an image becomes its description, a link stands only when it leads to this server.
//
// A node is `{ text }`, `{ mark: n }` (a citation) or `{ tag, class?, href?, start?, children }`.

import { element } from "./dom.js";

// Stand for marks and for the span that answers while Markdown is read; taken out of the text before.
const [MARK, MARK_END, SPAN, SPAN_END] = "\uE000\uE001\uE002\uE003";
const INLINE =
  /\uE000(\d+)\uE001|\uE002([^\uE003]*)\uE003|`([^`\n]+)`|\*\*(?=\S)((?:(?!\*\*)[^])*\S)\*\*|(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])|!\[([^\]\n]*)\]\([^)\n]*\)|\[([^\]\n]+)\]\(([^)\s]*)[^)\n]*\)/g;
const ITEM = /^(\s*)(?:[-*+•]|(\d{1,3})[.)])\s+(.*)$/;

/** The nodes of an answer. `base` is the server's address, the only place that links may lead to. */
export function answerNodes(segments, base) {
  const source = segments
    .map(({ text, strong, mark }) => {
      if (mark !== undefined) return MARK + mark + MARK_END;
      const plain = text.replace(/[\uE000-\uE003]/g, "");
      return strong ? SPAN + plain + SPAN_END : plain;
    })
    .join("");
  return blocks(source.split("\n"), base);
}

/** The words alone, for a screen reader. */
export function plainText(nodes) {
  return nodes.map(({ text, tag, children }) => (children ? plainText(children) + (/^(p|li|pre)$/.test(tag) ? "\n" : "") : text ?? "")).join("");
}

/**
 * Makes `parent`, which shows the nodes `before`, show `after`. What has not changed stays untouched, so that a chip
 * keeps its focus and a selection survives the stream. `chip(n)` builds the button of a citation.
 */
export function patch(parent, before, after, chip) {
  let same = 0;
  while (same < after.length && same < before.length && JSON.stringify(before[same]) === JSON.stringify(after[same])) same += 1;
  const [old, now] = [before[same], after[same]];
  if (old?.children && now?.children && old.tag === now.tag && old.class === now.class) {
    patch(parent.childNodes[same], old.children, now.children, chip);
    same += 1;
  }
  while (parent.childNodes.length > same) parent.lastChild.remove();
  parent.append(...after.slice(same).map((node) => build(node, chip)));
}

function build({ text, mark, tag, children, class: name, ...attributes }, chip) {
  if (mark !== undefined) return chip(mark);
  if (!children) return document.createTextNode(text);
  return element(tag, { class: name, ...attributes }, children.map((child) => build(child, chip)));
}

function blocks(lines, base) {
  const nodes = [];
  let open = null; // the paragraph, list or code that the next line may belong to
  const begin = (node) => nodes.push((open = node));
  for (const line of lines) {
    const item = ITEM.exec(line);
    const heading = /^#{1,6}\s+(.*)$/.exec(line);
    if (open?.tag === "pre") {
      if (line.startsWith("```")) open = null;
      else open.children[0].text += `${line}\n`;
    } else if (line.startsWith("```")) begin({ tag: "pre", children: [{ text: "" }] });
    else if (line.trim() === "") open = null;
    else if (heading) {
      begin({ tag: "p", class: "heading", children: inline(heading[1], base) });
      open = null;
    } else if (item) {
      const tag = item[2] ? "ol" : "ul";
      if (open?.tag !== tag) begin(item[2] ? { tag, start: item[2], children: [] } : { tag, children: [] });
      open.children.push({ tag: "li", class: item[1].length > 1 ? "deep" : "", children: inline(item[3], base) });
    } else if (open?.tag === "p") open.source += `\n${line}`;
    else begin({ tag: "p", source: line });
  }
  return nodes.map(({ source, ...node }) => (source === undefined ? node : { ...node, children: inline(source, base) }));
}

function inline(source, base) {
  const nodes = [];
  let from = 0;
  const add = (text) => text && nodes.push({ text });
  for (const match of source.matchAll(INLINE)) {
    const [all, mark, span, code, strong, em, alt, label, href] = match;
    add(source.slice(from, match.index));
    from = match.index + all.length;
    if (mark) nodes.push({ mark: Number(mark) });
    else if (code) nodes.push({ tag: "code", children: [{ text: code }] });
    else if (span ?? strong) nodes.push({ tag: "strong", children: inline(span ?? strong, base) });
    else if (em) nodes.push({ tag: "em", children: inline(em, base) });
    else if (alt !== undefined) add(alt);
    else if (isOwn(href, base)) nodes.push({ tag: "a", href, target: "_blank", rel: "noopener", children: [{ text: label }] });
    else add(label);
  }
  add(source.slice(from));
  return nodes;
}

function isOwn(href, base) {
  return URL.canParse(href, base) && new URL(href, base).href.startsWith(base);
}
