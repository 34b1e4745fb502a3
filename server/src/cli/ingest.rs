//! `taproot ingest PATH…`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use futures_util::future::select_all;
use taproot_ingest::watch::{Watch, WatchOptions};
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{PlannedChanges, Progress, Report};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::output::Output;
use super::progress;
use super::session::{Session, readable};
use super::signals::end_at_once;
use crate::config::Config;
use crate::error::{Error, Result, chain};
use crate::jobs::JobOrder;

/// A path that somebody else ingests is tried again after this time.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub struct Ingest {
    /// Folders or files; what has changed since the last time is brought in, what is gone is taken out
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Name under which the documents can be searched apart from others
    #[arg(long, default_value = "default")]
    collection: String,
    /// Group that may read the documents, may be given several times [default: everybody]
    #[arg(long, value_name = "GROUP")]
    allow: Vec<String>,
    /// Keep documents whose files are gone
    #[arg(long)]
    no_delete: bool,
    /// Delete even when a folder has lost more than half of its files
    #[arg(long)]
    confirm_delete: bool,
    /// Change nothing, and say what would be done
    #[arg(long, conflicts_with = "watch")]
    dry_run: bool,
    /// Ingest again whenever something changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

impl Ingest {
    /// Files that cannot be read are told and do not fail the command; a PATH that cannot be read does.
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        // All of them before the first: half of an order is not what was asked for.
        let paths = self.paths.iter().map(|path| readable(path)).collect::<Result<Vec<_>>>()?;
        let session = Session::open(config, output).await?;
        let cancel = stop_on_ctrl_c(*output);
        // From before the first look on, so that nothing is changed in between.
        let watches = if self.watch { watch_all(&paths, config).await } else { Vec::new() };
        let mut total = Report::default();
        for path in &paths {
            add(&mut total, self.ingest_one(&session, path, &cancel, output).await?);
            if *cancel.borrow() {
                break;
            }
        }
        tell_failures(&total, output);
        if self.watch {
            tell_round(&total, output)?
        } else {
            output.result(&total, summary)?
        }
        let was_stopped = *cancel.borrow();
        if self.watch && !was_stopped {
            self.watch(&session, &paths, watches, cancel, output).await?;
        }
        session.close().await?;
        if was_stopped { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Ingests each path again when something in it has changed. Ctrl-C is the way that this ends, and no failure.
    async fn watch(
        &self,
        session: &Session,
        paths: &[PathBuf],
        mut watches: Vec<Watch>,
        mut cancel: watch::Receiver<bool>,
        output: &Output,
    ) -> Result<()> {
        output.tell("watching; press Ctrl-C to stop");
        loop {
            let ticks = select_all(watches.iter_mut().map(|watch| Box::pin(watch.tick())));
            let (_, changed, _) = tokio::select! {
                tick = ticks => tick,
                _ = cancel.wait_for(|stop| *stop) => return Ok(()),
            };
            match self.ingest_one(session, &paths[changed], &cancel, output).await {
                Ok(report) if is_quiet(&report) => {}
                Ok(report) => {
                    tell_failures(&report, output);
                    tell_round(&report, output)?;
                }
                Err(Error::Stopped) if *cancel.borrow() => return Ok(()),
                // The next change, or the next full check, tries again.
                Err(error) => {
                    output.tell(&format!("error: {}", chain(&error)));
                    error.hint().into_iter().for_each(|hint| output.tell(&format!("hint: {hint}")));
                }
            }
            if *cancel.borrow() {
                return Ok(());
            }
        }
    }

    /// One path. While it is watched, a job that somebody else has ordered for it is waited for: it may not have seen
    /// what has changed.
    async fn ingest_one(
        &self,
        session: &Session,
        path: &Path,
        cancel: &watch::Receiver<bool>,
        output: &Output,
    ) -> Result<Report> {
        let order = JobOrder {
            path: path.to_owned(),
            collection: self.collection.clone(),
            allow: self.allow.clone(),
            delete: !self.no_delete,
            confirm_delete: self.confirm_delete,
            dry_run: self.dry_run,
            file: None,
            source: None,
        };
        loop {
            let shown = Shown::start(output);
            let report = session.ingest(order.clone(), shown.progress.clone(), cancel.clone()).await;
            shown.end().await;
            match report {
                Err(Error::Refused(detail))
                    if self.watch && detail.code == ErrorCode::AlreadyRunning && !*cancel.borrow() =>
                {
                    tokio::time::sleep(RETRY).await;
                }
                report => return report,
            }
        }
    }
}

async fn watch_all(paths: &[PathBuf], config: &Config) -> Vec<Watch> {
    let options = WatchOptions { full_check: config.serve.full_check, ..WatchOptions::default() };
    let mut watches = Vec::new();
    for path in paths {
        watches.push(Watch::start(path, options).await);
    }
    watches
}

/// Progress that is shown while something runs.
pub struct Shown {
    pub progress: watch::Sender<Progress>,
    task: JoinHandle<()>,
    is_watched: bool,
}

impl Shown {
    pub fn start(output: &Output) -> Self {
        let (progress, seen) = watch::channel(Progress::default());
        let task = tokio::spawn(progress::show(*output, seen));
        Self { progress, task, is_watched: output.is_watched() }
    }

    pub async fn end(self) {
        drop(self.progress);
        // The bar goes away when every sender is dropped; plain lines may just end.
        if self.is_watched {
            let _ = self.task.await;
        } else {
            self.task.abort();
        }
    }
}

/// The first Ctrl-C finishes the batch at hand, the second one ends the program as it is: what was committed stays.
pub fn stop_on_ctrl_c(output: Output) -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if stop.send_replace(true) {
                end_at_once();
            }
            output.tell("stopping after the batch at hand; press Ctrl-C again to stop at once");
        }
    });
    stopped
}

fn tell_failures(report: &Report, output: &Output) {
    for failure in &report.failed {
        output.tell(&format!("failed: {} ({})", failure.path, failure.reason));
    }
}

/// One line for each round, as JSON if that was asked for.
fn tell_round(report: &Report, output: &Output) -> Result<()> {
    if output.is_json() { output.json_line(report) } else { output.text(&summary(report)) }
}

/// Whether a round changed nothing. Files that failed before fail again in each round: they were told.
fn is_quiet(report: &Report) -> bool {
    report.added + report.changed + report.moved + report.relabelled + report.deleted == 0
}

/// Adds what a further path came to.
fn add(total: &mut Report, report: Report) {
    total.added += report.added;
    total.changed += report.changed;
    total.moved += report.moved;
    total.relabelled += report.relabelled;
    total.deleted += report.deleted;
    total.unchanged += report.unchanged;
    total.skipped += report.skipped;
    total.chunks += report.chunks;
    total.seconds += report.seconds;
    total.failed.extend(report.failed);
    let (sum, part) = (&mut total.stage_seconds, report.stage_seconds);
    sum.hash_s += part.hash_s;
    sum.parse_s += part.parse_s;
    sum.chunk_s += part.chunk_s;
    sum.embed_s += part.embed_s;
    sum.commit_s += part.commit_s;
    if let Some(part) = report.planned {
        let sum = total.planned.get_or_insert_default();
        sum.add.extend(part.add);
        sum.change.extend(part.change);
        sum.moved.extend(part.moved);
        sum.delete.extend(part.delete);
        sum.retag.extend(part.retag);
        sum.unchanged += part.unchanged;
        sum.needs_confirmation |= part.needs_confirmation;
    }
}

pub fn summary(report: &Report) -> String {
    let Report {
        added, changed, moved, relabelled, deleted, unchanged, skipped, failed, chunks, seconds, planned, ..
    } = report;
    if let Some(planned) = planned {
        return plan(planned);
    }
    let failed = failed.len();
    let relabelled = if *relabelled > 0 { format!("{relabelled} relabelled, ") } else { String::new() };
    format!(
        "{added} added, {changed} changed, {moved} moved, {relabelled}{deleted} deleted, {unchanged} unchanged, \
         {skipped} skipped, {failed} failed · {chunks} chunks in {seconds:.1} s\n"
    )
}

/// What a dry run says: a line for each file, and the counts.
fn plan(planned: &PlannedChanges) -> String {
    let PlannedChanges { add, change, moved, delete, retag, unchanged, needs_confirmation } = planned;
    let mut text = String::new();
    let moves: Vec<String> = moved.iter().map(|moved| format!("{} → {}", moved.from, moved.to)).collect();
    for (what, paths) in [("add", add), ("change", change), ("move", &moves), ("retag", retag), ("delete", delete)] {
        for path in paths {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{what:<7} {path}");
        }
    }
    let counts = [add, change, &moves, retag, delete].map(Vec::len);
    let [add, change, moved, retag, delete] = counts;
    let _ = writeln!(
        text,
        "{add} to add, {change} to change, {moved} to move, {retag} to retag, {delete} to delete, {unchanged} unchanged \
         · a dry run, nothing was changed"
    );
    if *needs_confirmation {
        text.push_str("more than half of the files are gone: nothing would be done without --confirm-delete\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use taproot_schemas::job::PlannedMove;

    use super::*;

    #[test]
    fn several_paths_make_one_report() {
        let mut total = Report { added: 1, seconds: 0.5, ..Report::default() };
        add(&mut total, Report { added: 2, unchanged: 3, chunks: 9, seconds: 1.0, ..Report::default() });
        assert_eq!(
            summary(&total),
            "3 added, 0 changed, 0 moved, 0 deleted, 3 unchanged, 0 skipped, 0 failed · 9 chunks in 1.5 s\n"
        );
    }

    #[test]
    fn a_dry_run_names_each_file() {
        let planned = |add: &str| PlannedChanges { add: vec![add.into()], unchanged: 2, ..PlannedChanges::default() };
        let mut total = Report { planned: Some(planned("a.md")), ..Report::default() };
        let moved = vec![PlannedMove { from: "x.md".into(), to: "y.md".into() }];
        let second = PlannedChanges { moved, delete: vec!["z.md".into()], ..planned("b.md") };
        add(&mut total, Report { planned: Some(second), ..Report::default() });
        assert_eq!(
            summary(&total),
            "add     a.md\nadd     b.md\nmove    x.md → y.md\ndelete  z.md\n\
             2 to add, 0 to change, 1 to move, 0 to retag, 1 to delete, 4 unchanged · a dry run, nothing was changed\n"
        );
    }
}
