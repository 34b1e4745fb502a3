// One document in a drawer: what was extracted, its chunks, who may read it, and what was found in it on its way in.
// In: an id. Out: a dialog; `gone()` after it was deleted. Each tab is fetched when it is first opened.

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { hasRole } from "../pages.js";
import { confirmDialog, openDialog } from "../ui/dialog.js";
import { bytes, dateTime, mediaType, number } from "../ui/format.js";
import { badge, facts } from "../ui/parts.js";
import { tabs } from "../ui/tabs.js";
import { followJob, reportLine } from "./jobs.js";

const TEXT_STEP = 30_000; // characters that are shown at a time
const CHUNKS = 50;

export function openDocument({ page, id, closed, gone }) {
  const { say, server } = page;
  const path = `v1/documents/${encodeURIComponent(id)}`;
  const body = element("div", { class: "document", "data-testid": "document-view" });
  const dialog = openDialog({ say, title: say.documents.one, kind: "drawer", testid: "document-drawer", content: body, closed });
  page.fill(body, async () => {
    const document = await server.get(path, {}, page.signal);
    dialog.querySelector("h2").textContent = document.title || document.uri;
    dialog.setAttribute("aria-label", document.title || document.uri);
    return [
      element("p", { class: "mono muted doc-uri" }, document.uri),
      actions({ page, document, path, dialog, gone }),
      tabs(say.documents.tabs.label, [
        { name: "text", title: say.documents.tabs.text, build: (place) => page.fill(place, () => textTab(page, path)) },
        { name: "chunks", title: `${say.documents.tabs.chunks} (${number(say.tag, document.chunks)})`, build: (place) => page.fill(place, () => chunksTab(page, path)) },
        { name: "about", title: say.documents.tabs.about, build: (place) => place.append(aboutTab(say, document)) },
      ]),
    ];
  });
  return dialog;
}

function actions({ page, document, path, dialog, gone }) {
  const { say, server } = page;
  const list = [element("a", { class: "button small", href: `${server.base}${path}/original`, target: "_blank", rel: "noopener noreferrer" }, icon("original"), say.original)];
  if (hasRole(page.context.session, "editor")) {
    const reread = button({ class: "button small", "data-testid": "document-reread" }, icon("retry"), say.documents.reread);
    reread.addEventListener("click", async () => {
      let line = "";
      const worked = await page.act(reread, async () => {
        const job = await followJob(server, await server.send("POST", `${path}/reread`), () => {}, page.signal);
        line = reportLine(say, job);
      });
      if (worked) page.context.toast.say(line);
    });
    const remove = button({ class: "button small danger", "data-testid": "document-delete" }, icon("trash"), say.delete);
    remove.addEventListener("click", async () => {
      const text = say.documents.deleteText(document.title || document.uri);
      if (!(await confirmDialog({ say, title: say.documents.deleteTitle, text, yes: say.delete }))) return;
      let deleted;
      const worked = await page.act(remove, async () => (deleted = await server.send("DELETE", path)));
      if (!worked) return;
      page.context.toast.say(deleted.file_removed ? say.documents.deleted : say.documents.deletedFileStays);
      dialog.close();
      gone();
    });
    list.push(reread, remove);
  }
  return element("div", { class: "actions doc-actions" }, list);
}

async function textTab(page, path) {
  const { text, outline } = await page.server.get(`${path}/text`, {}, page.signal);
  const { say } = page;
  if (text.trim() === "") return element("p", { class: "notice" }, say.documents.noText);
  const pre = element("div", { class: "extracted", lang: "", dir: "auto", "data-testid": "document-text" });
  let shown = 0;
  const more = button({ class: "button small" }, say.documents.moreText);
  const grow = () => {
    pre.append(text.slice(shown, shown + TEXT_STEP));
    shown += TEXT_STEP;
    more.hidden = shown >= text.length;
  };
  more.addEventListener("click", grow);
  grow();
  const pages = new Set(outline.map(({ page: number }) => number).filter(Boolean)).size;
  const told = [say.documents.characters(number(say.tag, [...text].length)), pages ? say.documents.pages(number(say.tag, pages)) : null];
  return [element("p", { class: "hint" }, told.filter(Boolean).join(" · ")), pre, more];
}

async function chunksTab(page, path) {
  const { say, server } = page;
  const list = element("ol", { class: "chunks", role: "list" });
  const more = button({ class: "button small" }, say.more);
  let cursor = null;
  const grow = async () => {
    const { chunks, next_cursor: next } = await server.get(`${path}/chunks`, { limit: CHUNKS, cursor }, page.signal);
    cursor = next ?? null;
    more.hidden = cursor === null;
    list.append(...chunks.map((chunk) => chunkItem(say, chunk)));
  };
  more.addEventListener("click", () => page.act(more, grow));
  await grow();
  return [element("p", { class: "hint" }, say.documents.chunksHint), list, more];
}

function chunkItem(say, chunk) {
  const where = [chunk.heading, chunk.page ? say.page(chunk.page) : null].filter(Boolean).join(" · ");
  const range = `${number(say.tag, chunk.start)}–${number(say.tag, chunk.end)}`;
  return element(
    "li",
    { class: "chunk", "data-testid": "chunk" },
    element("p", { class: "chunk-head" }, element("span", { class: "chunk-number" }, String(chunk.ordinal + 1)), element("span", {}, where), element("span", { class: "num" }, range)),
    chunk.table_header ? element("p", { class: "chunk-table" }, chunk.table_header) : null,
    element("p", { class: "chunk-text", dir: "auto" }, chunk.text),
  );
}

function aboutTab(say, document) {
  const words = say.documents;
  const names = new Intl.DisplayNames(say.tag, { type: "language" });
  const notes = Object.entries(document.notes).filter(([, count]) => count > 0);
  const readers = element(
    "div",
    { class: "badges" },
    document.allow.length ? document.allow.map((group) => badge(group, "good")) : badge(words.everybody, "good"),
    document.deny.map((group) => badge(words.not(group), "bad")),
  );
  const metadata = Object.entries(document.metadata).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  return element(
    "div",
    { class: "about" },
    document.failure ? element("p", { class: "notice warn" }, `${words.staleText} ${say.fileErrors[document.failure.code] ?? document.failure.reason}`) : null,
    section(words.permissions, readers, element("p", { class: "hint" }, words.permissionsHint)),
    notes.length
      ? section(words.found, element("ul", { class: "notes", role: "list" }, notes.map(([kind, count]) => element("li", {}, icon("warning"), element("span", {}, say.notes[kind] ?? kind), badge(number(say.tag, count))))))
      : null,
    section(
      words.facts,
      facts([
        [words.type, `${mediaType(document.media_type)} (${document.media_type})`],
        [words.size, bytes(say.tag, document.bytes)],
        [words.language, document.language ? names.of(document.language) : null],
        [words.collection, document.collection],
        [words.version, String(document.version)],
        [words.tags, document.tags.join(", ")],
        [words.partOf, document.part_of],
        [words.created, dateTime(say.tag, document.created_at)],
        [words.updated, dateTime(say.tag, document.updated_at)],
        ["ID", element("code", {}, document.id)],
      ]),
    ),
    metadata.length ? section(words.metadata, facts(metadata)) : null,
  );
}

function section(title, ...content) {
  return element("section", { class: "section" }, element("h2", {}, title), content);
}
