// Sources: the folders of the settings with their schedule and last run, started and stopped here, and the newest jobs.
// A running job is followed by its events, so that nothing is asked again and again.

import { button, element } from "../../chat/dom.js";
import { icon } from "../icons.js";
import { Page } from "../page.js";
import { confirmDialog } from "../ui/dialog.js";
import { ago, dateTime, number, span } from "../ui/format.js";
import { badge, emptyState, facts, progressBar, row, table } from "../ui/parts.js";
import { failureList, followJob, hasEnded, jobBadge, reportLine } from "./jobs.js";

const SHOWN_JOBS = 25;

export default class SourcesPage extends Page {
  #sources = element("div", { class: "sources" });
  #jobs = element("div");
  #followed = new Set(); // ids of jobs whose events are read

  build() {
    const { say } = this;
    const refresh = button({ class: "button", onclick: () => this.#load() }, icon("retry"), say.refresh);
    this.append(
      this.head(say.pages.sources, say.sources.lead, refresh),
      this.#sources,
      element("section", { class: "section" }, element("h2", {}, say.sources.jobs), this.#jobs),
    );
    this.#load();
  }

  #load() {
    this.fill(this.#sources, async () => {
      const { sources } = await this.server.get("v1/sources", {}, this.signal);
      const { say } = this;
      if (sources.length === 0) return emptyState("sources", say.sources.none, say.sources.noneText, element("pre", { class: "snippet" }, SNIPPET));
      return sources.map((source) => this.#card(source));
    });
    this.fill(this.#jobs, async () => {
      const { jobs } = await this.server.get("v1/jobs", {}, this.signal);
      if (jobs.length === 0) return element("p", { class: "muted" }, this.say.sources.noJobs);
      for (const job of jobs) this.#follow(job);
      return this.#jobTable(jobs.slice(0, SHOWN_JOBS));
    });
  }

  #card(source) {
    const { say } = this;
    const words = say.sources;
    const job = source.last_job;
    const running = job && !hasEnded(job);
    if (running) this.#follow(job);
    const look = button({ class: "button small", "data-testid": "source-preview" }, icon("search"), words.preview);
    look.addEventListener("click", () => this.#run(source, look, { dry_run: true }));
    const run = button({ class: "button small primary", "data-testid": "source-run" }, icon("play"), words.run);
    run.addEventListener("click", () => this.#run(source, run));
    const stop = button({ class: "button small danger", "data-testid": "source-stop" }, words.stop);
    stop.addEventListener("click", () => this.#stop(job, stop));
    return element(
      "article",
      { class: "card source", "data-testid": "source-card" },
      element(
        "header",
        { class: "card-head" },
        element("div", {}, element("h2", {}, source.name), element("p", { class: "mono muted small" }, source.path)),
        element("div", { class: "actions" }, running ? stop : [look, run]),
      ),
      facts([
        [say.documents.collection, badge(source.collection)],
        [words.readers, source.allow.length ? source.allow.join(", ") : say.documents.everybody],
        [words.schedule, schedule(say, source)],
        [words.next, source.next_run ? ago(say.tag, source.next_run) : null],
        [words.last, job ? element("span", { title: dateTime(say.tag, job.created_at) }, jobBadge(say, job), " ", ago(say.tag, job.finished_at ?? job.created_at)) : words.never],
        [words.result, job && hasEnded(job) ? reportLine(say, job, { failures: false }) : null],
      ]),
      running ? this.#progress(job) : null,
      job ? failureList(say, job) : null,
    );
  }

  #progress(job) {
    return element("div", { class: "job-progress", "data-job": job.id }, progressOf(this.say, job));
  }

  async #run(source, control, options = {}) {
    const { say } = this;
    let job;
    const started = await this.act(control, async () => (job = await this.server.send("POST", "v1/jobs", { source: source.name, ...options })));
    if (!started) return;
    this.#load();
    try {
      job = await followJob(this.server, job, (now) => this.#told(now), this.signal);
    } catch {
      return; // the page was left, or says so itself
    }
    const emptied = job.error_code === "too_many_deletions" || job.report?.planned?.needs_confirmation;
    if (emptied && !options.confirm_delete) {
      if (await confirmDialog({ say, title: say.sources.emptied, text: say.sources.emptiedText(source.name), yes: say.sources.emptiedYes })) return this.#run(source, null, { confirm_delete: true });
    }
    this.context.toast.say(`${source.name}: ${job.report?.planned ? planLine(say, job.report.planned) : reportLine(say, job)}`);
    this.#load();
  }

  async #stop(job, control) {
    if (await this.act(control, () => this.server.send("DELETE", `v1/jobs/${encodeURIComponent(job.id)}`))) this.#load();
  }

  // Until it ends, what is shown of it is kept right; then all is looked at again.
  async #follow(job) {
    if (hasEnded(job) || this.#followed.has(job.id)) return;
    this.#followed.add(job.id);
    try {
      await followJob(this.server, job, (now) => this.#told(now), this.signal);
    } catch {
      return;
    }
    this.#load();
  }

  #told(job) {
    for (const place of this.querySelectorAll(".job-progress")) if (place.dataset.job === job.id) place.replaceChildren(...progressOf(this.say, job));
  }

  #jobTable(jobs) {
    const { say } = this;
    const words = say.sources;
    const rows = jobs.map((job) =>
      row([
        jobBadge(say, job),
        element("div", {}, element("strong", {}, job.options?.source ?? job.path.split("/").filter(Boolean).pop() ?? job.path), element("div", { class: "muted small" }, job.collection)),
        hasEnded(job) ? [reportLine(say, job, { failures: false }), ...failureList(say, job)] : this.#progress(job),
        element("td", { class: "num" }, job.report ? span(say.tag, job.report.seconds) : ""),
        element("td", { class: "num", title: dateTime(say.tag, job.created_at) }, ago(say.tag, job.created_at)),
      ], { "data-testid": "job-row" }),
    );
    return table([{ title: words.state }, { title: words.what }, { title: words.result }, { title: words.took, class: "num" }, { title: words.started, class: "num" }], rows, words.jobs);
  }
}

function progressOf(say, { progress }) {
  const known = progress.scanned && progress.files_total > 0;
  const left = progress.eta_s !== null ? say.sources.left(span(say.tag, progress.eta_s)) : null;
  const files = progress.files_total ? say.sources.files(number(say.tag, progress.files_done), number(say.tag, progress.files_total)) : null;
  const text = [say.stages[progress.stage], files, left].filter(Boolean).join(" · ");
  return [progressBar(known ? progress.files_done / progress.files_total : null, text), element("p", { class: "muted small" }, text)];
}

function schedule(say, { every_s: every, watching }) {
  const parts = [every ? say.sources.every(span(say.tag, every)) : null, watching ? say.sources.watching[watching] : null];
  return parts.filter(Boolean).join(say.jobs.comma) || say.sources.byHand;
}

function planLine(say, plan) {
  const counts = { added: plan.add, changed: plan.change, moved: plan.moved, deleted: plan.delete, relabelled: plan.retag };
  const parts = Object.entries(counts).filter(([, list]) => list.length > 0).map(([kind, list]) => say.jobs.counts[kind](list.length));
  return parts.length ? say.sources.would(parts.join(say.jobs.comma)) : say.jobs.nothing;
}

const SNIPPET = `[[sources]]
name = "handbook"
path = "/srv/handbook"
collection = "hr"
every = "15m"`;
