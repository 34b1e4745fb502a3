//! The queue of ingest jobs: one runs at a time, a bounded number waits.
//!
//! In: [`JobOrder`]s that were checked by whoever took them. Out: [`Job`]s as callers see them, kept by the engine
//! from the moment that they are taken, so that what waited or ran when the process ended goes on at the next start
//! (the plan by hashes makes it continue where it was). The work itself is `taproot_ingest::ingest`. Who may start
//! or stop a job is not decided here.

mod queue;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use taproot_engine::Engine;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobOptions, JobStatus, Progress, Report};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::metrics::Metrics;
use crate::parser::Parser;
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
    /// Only this file, below the folder `path`; it is read even if nothing about it has changed.
    pub file: Option<String>,
    /// The source that the folder is known by, if it is.
    pub source: Option<String>,
}

impl JobOrder {
    /// What was ordered, from the record of a job; `None` where the record does not say.
    fn of(job: &Job) -> Option<JobOrder> {
        let JobOptions { source, allow, delete, confirm_delete, dry_run, file } = job.options.clone()?;
        let (path, collection) = (PathBuf::from(&job.path), job.collection.clone());
        Some(JobOrder { path, collection, allow, delete, confirm_delete, dry_run, file, source })
    }

    fn options(&self) -> JobOptions {
        let JobOrder { source, allow, delete, confirm_delete, dry_run, file, .. } = self.clone();
        JobOptions { source, allow, delete, confirm_delete, dry_run, file }
    }

    /// What has to be there to be read.
    fn target(&self) -> PathBuf {
        self.file.as_ref().map_or_else(|| self.path.clone(), |file| self.path.join(file))
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
    /// Counts up whenever a job has ended.
    ended: watch::Sender<u64>,
    /// Records are written one after the other, each as the job then stands.
    saving: tokio::sync::Mutex<()>,
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
    /// Takes up the jobs that are remembered and starts the runner on the current runtime. Jobs that the last process
    /// left open wait again, in their order.
    pub async fn start(
        engine: Engine,
        parser: Parser,
        metrics: Metrics,
        today: impl Fn(JobOrder) -> Option<JobOrder>,
    ) -> taproot_engine::Result<Jobs> {
        let (queue, changed) = Queue::resumed(engine.jobs(MAX_KEPT).await?, today);
        if !queue.waiting.is_empty() {
            tracing::info!(jobs = queue.waiting.len(), "jobs of the last run go on");
        }
        for job in queue.jobs.iter().filter(|job| changed.contains(&job.id)) {
            engine.save_job(job).await?;
        }
        let shared = Shared {
            engine,
            parser,
            metrics,
            queue: Mutex::new(queue),
            changed: Notify::new(),
            ended: watch::Sender::new(0),
            saving: tokio::sync::Mutex::new(()),
            runner: Mutex::new(None),
        };
        let queue = Jobs(Arc::new(shared));
        *queue.0.runner.lock() = Some(tokio::spawn(queue.clone().run()));
        Ok(queue)
    }

    /// Takes an order, unless a job for its path waits or runs. The job is kept when this returns.
    pub async fn submit(&self, order: JobOrder) -> Result<Job, NotTaken> {
        let job = self.0.queue.lock().take(order)?;
        Ok(self.taken(job).await)
    }

    /// Takes an order for a folder that has just been changed: a job that waits with the same order is the one.
    pub async fn submit_after_change(&self, order: JobOrder) -> Result<Job, NotTaken> {
        let job = self.0.queue.lock().take_after_change(order)?;
        Ok(self.taken(job).await)
    }

    async fn taken(&self, job: Job) -> Job {
        self.save(&job.id).await;
        self.0.changed.notify_one();
        job
    }

    /// The job when it has ended; `None` when it is not known.
    pub async fn ended(&self, id: &str) -> Option<Job> {
        let mut ended = self.0.ended.subscribe();
        loop {
            let job = self.get(id)?;
            if job.status.ended() {
                return Some(job);
            }
            ended.changed().await.ok()?;
        }
    }

    pub fn parser(&self) -> &Parser {
        &self.0.parser
    }

    /// Newest first.
    pub fn list(&self) -> Vec<Job> {
        let queue = self.0.queue.lock();
        queue.jobs.iter().map(|job| queue.as_it_stands(job)).collect()
    }

    pub fn get(&self, id: &str) -> Option<Job> {
        self.0.queue.lock().get(id)
    }

    /// Whether the job is of this order, and has not begun.
    pub fn is_waiting(&self, id: &str, order: &JobOrder) -> bool {
        self.0.queue.lock().waiting.iter().any(|(waiting, of)| waiting == id && of == order)
    }

    pub fn waiting(&self) -> usize {
        self.0.queue.lock().waiting.len()
    }

    /// Takes a waiting job out of the queue; asks a running one to stop after its batch. A job that has ended
    /// stays as it is.
    pub async fn cancel(&self, id: &str) -> Option<Job> {
        let waited = {
            let mut queue = self.0.queue.lock();
            if let Some(running) = queue.running.as_ref().filter(|running| running.id == id) {
                running.cancel.send_replace(true);
            }
            let waited = queue.waiting.iter().any(|(waiting, _)| waiting == id);
            if waited {
                queue.waiting.retain(|(waiting, _)| waiting != id);
                queue.end(id, Outcome::of(JobStatus::Cancelled));
            }
            waited
        };
        if waited {
            self.tell_ended(id).await;
        }
        self.get(id)
    }

    /// Takes no more orders, stops the running job after its batch, and returns when it is saved. What waits or runs
    /// goes on at the next start.
    pub async fn stop(&self) {
        let waited: Vec<String> = {
            let mut queue = self.0.queue.lock();
            queue.stopping = true;
            let waited: Vec<String> = queue.waiting.drain(..).map(|(id, _)| id).collect();
            for id in &waited {
                queue.end(id, Outcome::of(JobStatus::Interrupted));
            }
            if let Some(running) = &queue.running {
                running.cancel.send_replace(true);
            }
            waited
        };
        for id in waited {
            self.tell_ended(&id).await;
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
        job.starts += 1;
        Some(Work { job: job.clone(), order, progress, cancelled })
    }

    async fn work(&self, work: Work) {
        let Work { job, order, progress, cancelled } = work;
        let asked_to_stop = cancelled.clone();
        self.save(&job.id).await;
        tracing::info!(job_id = job.id, path = job.path, starts = job.starts, "ingest starts");
        let ended = self.ingest(order, progress, cancelled).await;
        let (ended, idle) = {
            let mut queue = self.0.queue.lock();
            let if_done = match (queue.stopping, *asked_to_stop.borrow()) {
                (_, false) => JobStatus::Succeeded,
                (true, true) => JobStatus::Interrupted,
                (false, true) => JobStatus::Cancelled,
            };
            let job = queue.end(&job.id, outcome(&job.id, if_done, ended));
            queue.running = None;
            let idle = job.as_ref().map(|job| queue.forget_idle_before(job)).unwrap_or_default();
            (job, idle)
        };
        if let Some(job) = ended {
            tracing::info!(job_id = job.id, status = ?job.status, report = ?job.report, "ingest ended");
            self.0.metrics.job_ended(job.status, job.report.as_ref());
            self.tell_ended(&job.id).await;
        }
        for id in idle {
            if let Err(error) = self.0.engine.forget_job(&id).await {
                tracing::warn!(job_id = id, error = %crate::error::chain(&error), "cannot forget the record of a job");
            }
        }
    }

    async fn ingest(
        &self,
        order: JobOrder,
        progress: watch::Sender<Progress>,
        cancelled: watch::Receiver<bool>,
    ) -> Result<Report, Unfinished> {
        let (engine, path) = (self.0.engine.clone(), order.target());
        let request = self.0.parser.request(order);
        // A task of its own: should the ingest panic, this job fails and the next one still runs.
        let ended = tokio::spawn(async move {
            let looked = tokio::task::spawn_blocking(move || readable_path(&path)).await;
            looked.map_err(Unfinished::Broken)?.map_err(Unfinished::Unreadable)?;
            taproot_ingest::ingest(&engine, request, progress, cancelled).await.map_err(Unfinished::Failed)
        });
        ended.await.map_err(Unfinished::Broken)?
    }

    /// A job whose record cannot be kept is done all the same; the log has the reason.
    async fn save(&self, id: &str) {
        let _one_at_a_time = self.0.saving.lock().await;
        let Some(job) = self.get(id) else { return };
        if let Err(error) = self.0.engine.save_job(&job).await {
            tracing::error!(job_id = id, error = %crate::error::chain(&error), "cannot keep the record of a job");
        }
    }

    async fn tell_ended(&self, id: &str) {
        self.save(id).await;
        self.0.ended.send_modify(|count| *count += 1);
    }
}

struct Work {
    job: Job,
    order: JobOrder,
    progress: watch::Sender<Progress>,
    cancelled: watch::Receiver<bool>,
}

/// Why an ingest came to no report.
enum Unfinished {
    /// The folder is not there, or may not be read.
    Unreadable(std::io::Error),
    Failed(taproot_engine::Error),
    Broken(tokio::task::JoinError),
}

/// What a job is told to have come to. What failed inside goes to the log; the job names only the log.
fn outcome(id: &str, if_done: JobStatus, ended: Result<Report, Unfinished>) -> Outcome {
    match ended {
        Ok(report) => Outcome { report: Some(report), ..Outcome::of(if_done) },
        Err(Unfinished::Unreadable(error)) => {
            let told = format!("the folder or file cannot be read: {}; nothing was changed", error.kind());
            Outcome::failed(told, Some(ErrorCode::UnreadablePath))
        }
        Err(Unfinished::Failed(taproot_engine::Error::Stopped)) => Outcome::of(JobStatus::Interrupted),
        Err(Unfinished::Failed(error)) => {
            tracing::error!(job_id = id, error = %crate::error::chain(&error), "ingest failed");
            let code = error.code();
            let told = match code {
                ErrorCode::Internal => format!("something failed inside; look for {id} in the server's log"),
                ErrorCode::TooManyDeletions => format!("{error}. Are they meant to be gone? If so, {CONFIRM}"),
                _ => error.to_string(),
            };
            Outcome::failed(told, Some(code))
        }
        Err(Unfinished::Broken(error)) => {
            tracing::error!(job_id = id, %error, "ingest broke");
            let told = format!("the ingest broke; look for {id} in the server's log");
            Outcome::failed(told, Some(ErrorCode::Internal))
        }
    }
}

/// How the question is answered that a folder raises which has lost most of its files.
const CONFIRM: &str = "run the job again with confirm_delete (taproot ingest PATH --confirm-delete)";
