//! The queue of ingest jobs: one runs at a time, a bounded number waits.
//!
//! In: [`JobOrder`]s that were checked by whoever took them. Out: [`Job`]s as callers see them, kept through a
//! restart by the engine (when they start and when they end). The work itself is `taproot_ingest::ingest`. Who
//! may start or stop a job is not decided here.

mod queue;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use taproot_engine::Engine;
use taproot_ingest::{Chunking, IngestRequest};
use taproot_parse::sandbox::ParserLimits;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobStatus, Progress, Report};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::clock;
use crate::metrics::Metrics;
use queue::{MAX_KEPT, Outcome, Queue, Running};

pub use queue::NotTaken;

/// What to ingest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOrder {
    /// As [`readable_path`] gives it.
    pub path: PathBuf,
    pub collection: String,
    pub allow: Vec<String>,
    /// Whether documents whose files are gone are deleted.
    pub delete: bool,
    /// Delete even when the source has lost more than half of its files.
    pub confirm_delete: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// How parsers are run.
#[derive(Debug, Clone)]
pub struct Parser {
    pub program: PathBuf,
    pub limits: ParserLimits,
    pub chunking: Chunking,
}

impl Parser {
    pub fn request(&self, order: JobOrder) -> IngestRequest {
        IngestRequest {
            path: order.path,
            collection: order.collection,
            allow: order.allow,
            delete: order.delete,
            confirm_delete: order.confirm_delete,
            dry_run: order.dry_run,
            parser: self.program.clone(),
            limits: self.limits,
            chunking: self.chunking,
        }
    }
}

/// Cheap to clone; all clones are one queue.
#[derive(Clone)]
pub struct Jobs(Arc<Shared>);

struct Shared {
    engine: Engine,
    parser: Parser,
    metrics: Metrics,
    queue: Mutex<Queue>,
    /// Told whenever the runner should look at the queue again.
    changed: Notify,
    runner: Mutex<Option<JoinHandle<()>>>,
}

/// The folder or file by its one real path, so that one folder is one job and one root however it is named.
/// Fails when it is not there or may not be read.
pub fn readable_path(path: &Path) -> std::io::Result<PathBuf> {
    let real = path.canonicalize()?;
    if real.is_dir() {
        std::fs::read_dir(&real)?;
    } else {
        std::fs::File::open(&real)?;
    }
    Ok(real)
}

impl Jobs {
    /// Takes up the jobs that are remembered and starts the runner on the current runtime. Jobs that a killed
    /// process left open are interrupted: nobody works on them any more.
    pub async fn start(engine: Engine, parser: Parser, metrics: Metrics) -> taproot_engine::Result<Jobs> {
        let mut jobs = VecDeque::from(engine.jobs(MAX_KEPT).await?);
        for job in jobs.iter_mut().filter(|job| !job.status.ended()) {
            job.status = JobStatus::Interrupted;
            job.finished_at = Some(clock::now());
            engine.save_job(job).await?;
        }
        let shared = Shared {
            engine,
            parser,
            metrics,
            queue: Mutex::new(Queue { jobs, ..Queue::default() }),
            changed: Notify::new(),
            runner: Mutex::new(None),
        };
        let queue = Jobs(Arc::new(shared));
        *queue.0.runner.lock() = Some(tokio::spawn(queue.clone().run()));
        Ok(queue)
    }

    pub fn submit(&self, order: JobOrder) -> Result<Job, NotTaken> {
        let job = self.0.queue.lock().take(order)?;
        self.0.changed.notify_one();
        Ok(job)
    }

    /// Newest first.
    pub fn list(&self) -> Vec<Job> {
        let queue = self.0.queue.lock();
        queue.jobs.iter().map(|job| queue.as_it_stands(job)).collect()
    }

    pub fn get(&self, id: &str) -> Option<Job> {
        let queue = self.0.queue.lock();
        queue.jobs.iter().find(|job| job.id == id).map(|job| queue.as_it_stands(job))
    }

    pub fn waiting(&self) -> usize {
        self.0.queue.lock().waiting.len()
    }

    /// Takes a waiting job out of the queue; asks a running one to stop after its batch. A job that has ended
    /// stays as it is.
    pub fn cancel(&self, id: &str) -> Option<Job> {
        let mut queue = self.0.queue.lock();
        if let Some(running) = queue.running.as_ref().filter(|running| running.id == id) {
            running.cancel.send_replace(true);
        } else if queue.waiting.iter().any(|(waiting, _)| waiting == id) {
            queue.waiting.retain(|(waiting, _)| waiting != id);
            queue.end(id, Outcome { status: JobStatus::Cancelled, report: None, error: None });
        }
        queue.jobs.iter().find(|job| job.id == id).map(|job| queue.as_it_stands(job))
    }

    /// Takes no more orders, stops the running job after its batch, and returns when it is saved.
    pub async fn stop(&self) {
        {
            let mut queue = self.0.queue.lock();
            queue.stopping = true;
            while let Some((id, _)) = queue.waiting.pop_front() {
                queue.end(&id, Outcome::interrupted());
            }
            if let Some(running) = &queue.running {
                running.cancel.send_replace(true);
            }
        }
        self.0.changed.notify_one();
        let runner = self.0.runner.lock().take();
        if let Some(runner) = runner
            && let Err(error) = runner.await
        {
            tracing::error!(%error, "the runner of the jobs broke");
        }
    }

    async fn run(self) {
        loop {
            while let Some(work) = self.next() {
                self.work(work).await;
            }
            if self.0.queue.lock().stopping {
                return;
            }
            self.0.changed.notified().await;
        }
    }

    fn next(&self) -> Option<Work> {
        let mut queue = self.0.queue.lock();
        let (id, order) = queue.waiting.pop_front()?;
        let (progress, progress_seen) = watch::channel(Progress::default());
        let (cancel, cancelled) = watch::channel(false);
        queue.running = Some(Running { id: id.clone(), progress: progress_seen, cancel });
        let job = queue.jobs.iter_mut().find(|job| job.id == id)?;
        job.status = JobStatus::Running;
        Some(Work { job: job.clone(), order, progress, cancelled })
    }

    async fn work(&self, work: Work) {
        let Work { job, order, progress, cancelled } = work;
        self.save(&job).await;
        tracing::info!(job_id = job.id, path = job.path, "ingest starts");
        let (engine, request) = (self.0.engine.clone(), self.0.parser.request(order));
        let asked_to_stop = cancelled.clone();
        // A task of its own: should the ingest panic, this job fails and the next one still runs.
        let ended =
            tokio::spawn(async move { taproot_ingest::ingest(&engine, request, progress, cancelled).await }).await;
        let ended = {
            let mut queue = self.0.queue.lock();
            let stopped_by = match (queue.stopping, *asked_to_stop.borrow()) {
                (_, false) => JobStatus::Succeeded,
                (true, true) => JobStatus::Interrupted,
                (false, true) => JobStatus::Cancelled,
            };
            let job = queue.end(&job.id, outcome(&job.id, stopped_by, ended));
            queue.running = None;
            job
        };
        if let Some(job) = ended {
            tracing::info!(job_id = job.id, status = ?job.status, report = ?job.report, "ingest ended");
            self.0.metrics.job_ended(job.status, job.report.as_ref());
            self.save(&job).await;
        }
    }

    /// A job whose record cannot be kept is done all the same; the log has the reason.
    async fn save(&self, job: &Job) {
        if let Err(error) = self.0.engine.save_job(job).await {
            tracing::error!(job_id = job.id, error = %crate::error::chain(&error), "cannot keep the record of a job");
        }
    }
}

struct Work {
    job: Job,
    order: JobOrder,
    progress: watch::Sender<Progress>,
    cancelled: watch::Receiver<bool>,
}

/// What a job is told to have come to. What failed inside goes to the log; the job names only the log.
fn outcome(
    id: &str,
    if_done: JobStatus,
    ended: Result<taproot_engine::Result<Report>, tokio::task::JoinError>,
) -> Outcome {
    match ended {
        Ok(Ok(report)) => Outcome { status: if_done, report: Some(report), error: None },
        Ok(Err(taproot_engine::Error::Stopped)) => Outcome::interrupted(),
        Ok(Err(error)) => {
            tracing::error!(job_id = id, error = %crate::error::chain(&error), "ingest failed");
            let told = match error.code() {
                ErrorCode::Internal => format!("something failed inside; look for {id} in the server's log"),
                _ => error.to_string(),
            };
            Outcome { status: JobStatus::Failed, report: None, error: Some(told) }
        }
        Err(error) => {
            tracing::error!(job_id = id, %error, "ingest broke");
            let told = format!("the ingest broke; look for {id} in the server's log");
            Outcome { status: JobStatus::Failed, report: None, error: Some(told) }
        }
    }
}
