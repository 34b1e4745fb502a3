// Files dropped on the documents, or chosen: sent with their progress, then followed while they are read.
// In: files. Out: a panel with a line for what goes on, and `done()` when documents have changed.

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { openDialog } from "../ui/dialog.js";
import { bytes, percent } from "../ui/format.js";
import { field, progressBar } from "../ui/parts.js";
import { failureList, followJob, reportLine } from "./jobs.js";

export class UploadPanel {
  #context;
  #done;
  #veil;
  #depth = 0; // a drag passes from element to element: entered minus left

  /** `place`: where files may be dropped. */
  constructor({ context, place, done }) {
    this.#context = context;
    this.#done = done;
    this.element = element("div", { class: "uploads", "aria-live": "polite" });
    this.#veil = element("div", { class: "drop-veil", hidden: true }, icon("upload"), context.say.documents.drop);
    place.append(this.#veil);
    place.addEventListener("dragenter", (event) => this.#drag(event, 1));
    place.addEventListener("dragleave", (event) => this.#drag(event, -1));
    place.addEventListener("dragover", (event) => event.preventDefault());
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#depth = 0;
      this.#veil.hidden = true;
      this.#ask([...event.dataTransfer.files]);
    });
  }

  /** Opens the system's choice of files. */
  choose() {
    const input = element("input", { type: "file", multiple: true });
    input.addEventListener("change", () => this.#ask([...input.files]));
    input.click();
  }

  #drag(event, step) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#depth = Math.max(0, this.#depth + step);
    this.#veil.hidden = this.#depth === 0;
  }

  // Where to, and who may read: asked once for all files.
  #ask(files) {
    if (files.length === 0) return;
    const { say } = this.#context;
    const words = say.documents;
    const collection = element("input", { value: "default", required: true, maxlength: 200, "data-testid": "upload-collection" });
    const path = element("input", { maxlength: 500, placeholder: "guides/" });
    const allow = element("input", { placeholder: "hr, managers", "data-testid": "upload-allow" });
    const listed = files.slice(0, 8).map((file) => element("li", {}, element("span", {}, file.name), element("span", { class: "muted" }, bytes(say.tag, file.size))));
    if (files.length > listed.length) listed.push(element("li", { class: "muted" }, words.andMore(files.length - listed.length)));
    const send = button({ class: "button primary", type: "submit", form: "upload-form", "data-testid": "upload-send" }, icon("upload"), words.send(files.length));
    const form = element(
      "form",
      { id: "upload-form", class: "stack" },
      element("ul", { class: "file-list", role: "list" }, listed),
      field(words.collection, collection, words.collectionHint),
      field(words.allow, allow, words.allowHint),
      field(words.path, path, words.pathHint),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const data = new FormData();
      data.append("collection", collection.value.trim());
      for (const group of allow.value.split(/[,，]/).map((name) => name.trim()).filter(Boolean)) data.append("allow", group);
      if (path.value.trim()) data.append("path", path.value.trim());
      for (const file of files) data.append("file", file, file.name);
      dialog.close();
      this.#send(data, files);
    });
    const dialog = openDialog({ say, title: words.uploadTitle, testid: "upload-dialog", content: form, actions: [send] });
  }

  async #send(data, files) {
    const { say, server } = this.#context;
    const words = say.documents;
    const name = files.length === 1 ? files[0].name : words.files(files.length);
    const state = element("span", { class: "muted small", "data-testid": "upload-state" });
    const meter = element("div");
    const stop = new AbortController();
    const close = button({ class: "icon-button", "aria-label": say.cancel, title: say.cancel, onclick: () => stop.abort() }, icon("close"));
    const line = element("div", { class: "upload card", "data-testid": "upload-line" }, element("div", { class: "upload-head" }, element("strong", {}, name), state, close), meter);
    this.element.append(line);
    const progress = (text, share) => {
      state.textContent = text;
      meter.replaceChildren(progressBar(share, text));
    };
    close.addEventListener("click", () => line.remove());
    try {
      progress(words.sending(percent(say.tag, 0)), 0);
      let job = await server.upload("v1/documents", data, (share) => progress(words.sending(percent(say.tag, share)), share), stop.signal);
      job = await followJob(server, job, (now) => progress(say.stages[now.progress.stage] ?? "", share(now)), stop.signal);
      meter.replaceChildren(...failureList(say, job));
      state.textContent = reportLine(say, job, { failures: false });
      if (!job.report?.failed.length && job.status === "succeeded") {
        this.#context.toast.say(`${name}: ${state.textContent}`);
        line.remove();
      }
      this.#done();
    } catch (failure) {
      line.remove();
      if (failure.name !== "AbortError") this.#context.toast.fail(failure, this.#context.preferences.language);
    }
  }
}

function share({ progress }) {
  return progress.files_total > 0 && progress.scanned ? progress.files_done / progress.files_total : null;
}
