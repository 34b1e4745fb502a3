//! Counts what an ingest does, from every thread, and tells whoever watches.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use taproot_engine::store::Committed;
use taproot_schemas::job::{FileErrorCode, FileFailure, Progress, Report, Stage, StageSeconds};
use tokio::sync::watch;

use crate::plan::Plan;

/// Nanoseconds of work in each stage, over all threads.
#[derive(Default)]
pub struct Stages {
    pub hash: AtomicU64,
    pub parse: AtomicU64,
    pub chunk: AtomicU64,
    pub embed: AtomicU64,
    pub commit: AtomicU64,
}

/// Seconds of reading before a rate says something.
const MIN_RATE_SECONDS: f32 = 1.0;
/// What a file costs besides its bytes (a catalog row, a commit, a round through the stages), in bytes that cost as
/// much. With bytes alone a folder of many small files would seem done long before it is, with files alone one of few
/// large ones. An estimate that shifts the time left, and nothing else.
const BYTES_PER_FILE: u64 = 4 * 1024;
/// Failures listed in a report; all are counted in the log.
const LISTED_FAILURES: usize = 10_000;

pub struct Tracker {
    progress: watch::Sender<Progress>,
    report: Mutex<Report>,
    stages: Stages,
    reading_since: Mutex<Option<Instant>>,
}

impl Tracker {
    pub fn new(progress: watch::Sender<Progress>) -> Tracker {
        progress.send_modify(|progress| progress.stage = Stage::Scanning);
        Tracker { progress, report: Mutex::default(), stages: Stages::default(), reading_since: Mutex::default() }
    }

    pub fn scanned(&self, files: usize) {
        self.progress.send_modify(|progress| progress.files_total = files as u64);
    }

    /// All files are found, and are compared now.
    pub fn planning(&self) {
        self.progress.send_modify(|progress| progress.stage = Stage::Planning);
    }

    pub fn planned(&self, plan: &Plan) {
        *self.reading_since.lock() = Some(Instant::now());
        self.progress.send_modify(|progress| {
            progress.stage = Stage::Reading;
            progress.scanned = true;
            let read = || plan.add.iter().chain(&plan.change);
            progress.files_total = read().count() as u64;
            progress.bytes_total = read().map(|file| file.file.bytes).sum();
        });
    }

    pub fn time(&self, stage: impl Fn(&Stages) -> &AtomicU64, spent: Duration) {
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        stage(&self.stages).fetch_add(nanos, Ordering::Relaxed);
    }

    pub fn failed(&self, failure: FileFailure) {
        let mut report = self.report.lock();
        if failure.code == FileErrorCode::UnsupportedFormat {
            report.skipped += 1;
            return;
        }
        tracing::warn!(path = failure.path, code = ?failure.code, reason = failure.reason, "a file could not be ingested");
        if report.failed.len() < LISTED_FAILURES {
            report.failed.push(failure);
        }
    }

    pub fn moved(&self, documents: u64) {
        self.report.lock().moved += documents;
    }

    pub fn relabelled(&self, documents: u64) {
        self.report.lock().relabelled += documents;
    }

    pub fn deleted(&self, documents: u64) {
        self.report.lock().deleted += documents;
    }

    pub fn unchanged(&self, documents: u64) {
        self.report.lock().unchanged += documents;
    }

    pub fn committed(&self, committed: Committed) {
        {
            let mut report = self.report.lock();
            report.added += committed.added;
            report.changed += committed.changed;
            report.chunks += committed.chunks;
        }
        self.advance(|progress| {
            progress.documents += committed.added + committed.changed;
            progress.chunks += committed.chunks;
        });
    }

    pub fn file_done(&self, bytes: u64) {
        self.advance(|progress| {
            progress.files_done += 1;
            progress.bytes_done += bytes;
            if progress.files_done >= progress.files_total {
                progress.stage = Stage::Finishing;
            }
        });
    }

    fn advance(&self, change: impl FnOnce(&mut Progress)) {
        let seconds = self.reading_since.lock().map_or(0.0, |since| since.elapsed().as_secs_f32());
        self.progress.send_modify(|progress| {
            change(progress);
            if seconds > MIN_RATE_SECONDS {
                progress.files_per_second = progress.files_done as f32 / seconds;
                progress.bytes_per_second = progress.bytes_done as f32 / seconds;
                progress.chunks_per_second = progress.chunks as f32 / seconds;
                progress.eta_s = time_left(progress, seconds);
            }
        });
    }

    pub fn report(&self, elapsed: Duration) -> Report {
        let seconds = |nanos: &AtomicU64| nanos.load(Ordering::Relaxed) as f32 / 1e9;
        let mut report = self.report.lock().clone();
        self.progress.send_modify(|progress| {
            progress.stage = Stage::Done;
            progress.eta_s = None;
        });
        report.seconds = elapsed.as_secs_f32();
        report.stage_seconds = StageSeconds {
            hash_s: seconds(&self.stages.hash),
            parse_s: seconds(&self.stages.parse),
            chunk_s: seconds(&self.stages.chunk),
            embed_s: seconds(&self.stages.embed),
            commit_s: seconds(&self.stages.commit),
        };
        report
    }
}

/// Seconds that the rest takes at the pace so far; `None` before the first file is done.
fn time_left(progress: &Progress, seconds: f32) -> Option<f32> {
    let work = |files: u64, bytes: u64| (files * BYTES_PER_FILE + bytes) as f32;
    let done = work(progress.files_done, progress.bytes_done);
    let total = work(progress.files_total, progress.bytes_total);
    (done > 0.0).then(|| seconds * (total - done).max(0.0) / done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After ten seconds, with (files, bytes) done of (files, bytes) in all.
    fn left(done: (u64, u64), total: (u64, u64)) -> Option<f32> {
        let progress = Progress {
            files_done: done.0,
            bytes_done: done.1,
            files_total: total.0,
            bytes_total: total.1,
            ..Progress::default()
        };
        time_left(&progress, 10.0)
    }

    #[test]
    fn neither_small_nor_large_files_mislead_the_time_left() {
        assert_eq!(left((0, 0), (9, 9)), None);
        assert_eq!(left((9, 900), (9, 900)), Some(0.0));
        // Half of the bytes were one file, 10,000 small ones are left: far more than the ten seconds are left.
        let many = left((1, 1_000_000), (10_001, 2_000_000)).unwrap_or(0.0);
        assert!(many > 300.0, "{many}");
        // A thousand small files are done, one large file is left.
        let one = left((1_000, 100_000), (1_001, 500_000_000)).unwrap_or(0.0);
        assert!(one > 500.0, "{one}");
    }
}
