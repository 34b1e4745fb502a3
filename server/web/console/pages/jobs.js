// What pages tell of ingest jobs: followed as they go, summed up in a line, their failures listed.

import { element } from "../../chat/dom.js";
import { badge } from "../ui/parts.js";

const ENDED = ["succeeded", "failed", "cancelled", "interrupted"];
const KINDS = { succeeded: "good", failed: "bad", cancelled: "", interrupted: "warn", running: "live", queued: "live" };
const SHOWN_FAILURES = 100;

export function hasEnded(job) {
  return ENDED.includes(job.status);
}

/** Calls `changed(job)` until the job has ended, and gives it as it ended. */
export async function followJob(server, job, changed, signal) {
  if (hasEnded(job)) return job;
  changed(job);
  for await (const { event, data } of server.events(`v1/jobs/${encodeURIComponent(job.id)}/events`, signal)) {
    if (event === "end") return data;
    changed({ ...job, ...data });
  }
  return server.get(`v1/jobs/${encodeURIComponent(job.id)}`, {}, signal); // the stream was cut
}

export function jobBadge(say, job) {
  const failures = job.status === "succeeded" && job.report?.failed.length > 0;
  return badge(failures ? say.jobs.withFailures : say.jobs[job.status], failures ? "warn" : KINDS[job.status]);
}

/**
 * "3 added, 1 changed", or that nothing changed, or why it failed. `failures`: count the files that could not be read
 * too, where `failureList` does not stand beside it.
 */
export function reportLine(say, job, { failures = true } = {}) {
  if (job.error) return job.error;
  const { report } = job;
  if (!report) return say.jobs[job.status];
  const counts = ["added", "changed", "moved", "relabelled", "deleted", "skipped"]
    .filter((kind) => report[kind] > 0)
    .map((kind) => say.jobs.counts[kind](report[kind]));
  if (failures && report.failed.length > 0) counts.push(say.jobs.counts.failed(report.failed.length));
  return counts.join(say.jobs.comma) || say.jobs.nothing;
}

/** The files that could not be read, each with its reason; nothing when all could. */
export function failureList(say, job) {
  const failed = job.report?.failed ?? [];
  if (failed.length === 0) return [];
  const items = failed.slice(0, SHOWN_FAILURES).map(({ path, code, reason }) => element("li", {}, element("strong", {}, path), element("span", {}, say.fileErrors[code] ?? reason)));
  if (failed.length > SHOWN_FAILURES) items.push(element("li", { class: "muted" }, say.documents.andMore(failed.length - SHOWN_FAILURES)));
  return [
    element("details", { class: "failures", open: failed.length <= 3 }, element("summary", {}, say.jobs.counts.failed(failed.length)), element("ul", { role: "list" }, items)),
  ];
}
