//! `taproot ingest PATH…`

use std::path::PathBuf;

use clap::Args;
use taproot_schemas::job::{Progress, Report};
use tokio::sync::watch;

use super::output::Output;
use super::progress;
use super::session::{Session, readable};
use super::signals::end_at_once;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::jobs::JobOrder;

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
    #[arg(long)]
    dry_run: bool,
}

impl Ingest {
    /// Files that cannot be read are told and do not fail the command; a PATH that cannot be read does.
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        // All of them before the first: half of an order is not what was asked for.
        let paths = self.paths.iter().map(|path| readable(path)).collect::<Result<Vec<_>>>()?;
        let session = Session::open(config, output).await?;
        let cancel = stop_on_ctrl_c(*output);
        let mut total = Report::default();
        for path in paths {
            let order = JobOrder {
                path,
                collection: self.collection.clone(),
                allow: self.allow.clone(),
                delete: !self.no_delete,
                confirm_delete: self.confirm_delete,
                dry_run: self.dry_run,
            };
            add(&mut total, ingest_one(&session, order, cancel.clone(), output).await?);
            if *cancel.borrow() {
                break;
            }
        }
        session.close().await?;
        for failure in &total.failed {
            output.tell(&format!("failed: {} ({})", failure.path, failure.reason));
        }
        output.result(&total, summary)?;
        if *cancel.borrow() { Err(Error::Stopped) } else { Ok(()) }
    }
}

async fn ingest_one(
    session: &Session,
    order: JobOrder,
    cancel: watch::Receiver<bool>,
    output: &Output,
) -> Result<Report> {
    let (progress, seen) = watch::channel(Progress::default());
    let shown = tokio::spawn(progress::show(*output, seen));
    let report = session.ingest(order, progress, cancel).await;
    // The bar goes away when the ingest has dropped its end; plain lines may just end.
    if output.is_watched() {
        let _ = shown.await;
    } else {
        shown.abort();
    }
    report
}

/// The first Ctrl-C finishes the batch at hand, the second one ends the program as it is: what was committed stays.
fn stop_on_ctrl_c(output: Output) -> watch::Receiver<bool> {
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
    }
}

fn summary(report: &Report) -> String {
    let Report { added, changed, moved, deleted, unchanged, skipped, failed, chunks, seconds, .. } = report;
    let failed = failed.len();
    format!(
        "{added} added, {changed} changed, {moved} moved, {deleted} deleted, {unchanged} unchanged, \
         {skipped} skipped, {failed} failed · {chunks} chunks in {seconds:.1} s\n"
    )
}

#[cfg(test)]
mod tests {
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
}
