//! The queue itself: which jobs there are, which wait, which one runs. Plain data under the lock of `Jobs`.

use std::collections::VecDeque;

use taproot_schemas::job::{Job, JobStatus, Progress, Report};
use tokio::sync::watch;
use uuid::Uuid;

use super::JobOrder;
use crate::clock;

/// Jobs that may wait for the one that runs.
const MAX_WAITING: usize = 100;
/// Jobs that are remembered.
pub const MAX_KEPT: usize = 200;

/// Why an order was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum NotTaken {
    AlreadyRunning { job_id: String },
    QueueFull { waiting: usize },
    Stopping,
}

#[derive(Default)]
pub struct Queue {
    /// Newest first.
    pub jobs: VecDeque<Job>,
    pub waiting: VecDeque<(String, JobOrder)>,
    pub running: Option<Running>,
    pub stopping: bool,
}

pub struct Running {
    pub id: String,
    pub progress: watch::Receiver<Progress>,
    pub cancel: watch::Sender<bool>,
}

pub struct Outcome {
    pub status: JobStatus,
    pub report: Option<Report>,
    pub error: Option<String>,
}

impl Outcome {
    pub fn interrupted() -> Self {
        Self { status: JobStatus::Interrupted, report: None, error: None }
    }
}

impl Queue {
    pub fn take(&mut self, order: JobOrder) -> Result<Job, NotTaken> {
        self.may_take(&order)?;
        let job = Job {
            id: format!("job_{}", Uuid::now_v7().simple()),
            path: order.path.display().to_string(),
            collection: order.collection.clone(),
            status: JobStatus::Queued,
            progress: Progress::default(),
            report: None,
            error: None,
            created_at: clock::now(),
            finished_at: None,
        };
        self.waiting.push_back((job.id.clone(), order));
        self.jobs.push_front(job.clone());
        // What still waits is among the newest, because fewer may wait than are kept.
        self.jobs.truncate(MAX_KEPT);
        Ok(job)
    }

    fn may_take(&self, order: &JobOrder) -> Result<(), NotTaken> {
        if self.stopping {
            return Err(NotTaken::Stopping);
        }
        let path = order.path.display().to_string();
        if let Some(job) = self.jobs.iter().find(|job| !job.status.ended() && job.path == path) {
            return Err(NotTaken::AlreadyRunning { job_id: job.id.clone() });
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(NotTaken::QueueFull { waiting: self.waiting.len() });
        }
        Ok(())
    }

    /// The job with the progress of this moment.
    pub fn as_it_stands(&self, job: &Job) -> Job {
        let running = self.running.as_ref().filter(|running| running.id == job.id);
        Job { progress: running.map_or(job.progress, |running| *running.progress.borrow()), ..job.clone() }
    }

    pub fn end(&mut self, id: &str, outcome: Outcome) -> Option<Job> {
        let last_seen =
            self.running.as_ref().filter(|running| running.id == id).map(|running| *running.progress.borrow());
        let job = self.jobs.iter_mut().find(|job| job.id == id)?;
        job.progress = last_seen.unwrap_or(job.progress);
        job.status = outcome.status;
        job.report = outcome.report;
        job.error = outcome.error;
        job.finished_at = Some(clock::now());
        Some(job.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(path: &str) -> JobOrder {
        JobOrder {
            path: path.into(),
            collection: "default".into(),
            allow: Vec::new(),
            delete: true,
            confirm_delete: false,
            dry_run: false,
        }
    }

    fn take(queue: &mut Queue, path: &str) -> Result<String, NotTaken> {
        queue.take(order(path)).map(|job| job.id)
    }

    #[test]
    fn a_path_is_ingested_once_at_a_time() {
        let mut queue = Queue::default();
        let first = take(&mut queue, "/docs").unwrap();
        assert_eq!(take(&mut queue, "/docs"), Err(NotTaken::AlreadyRunning { job_id: first.clone() }));
        queue.end(&first, Outcome::interrupted());
        assert!(take(&mut queue, "/docs").is_ok());
    }

    #[test]
    fn the_queue_is_bounded_and_so_is_the_memory_of_it() {
        let mut queue = Queue::default();
        for n in 0..MAX_WAITING {
            take(&mut queue, &format!("/{n}")).unwrap();
        }
        assert_eq!(take(&mut queue, "/more"), Err(NotTaken::QueueFull { waiting: MAX_WAITING }));
        for n in 0..2 * MAX_KEPT {
            queue.waiting.clear();
            let id = take(&mut queue, &format!("/again/{n}")).unwrap();
            queue.end(&id, Outcome::interrupted());
        }
        assert_eq!(queue.jobs.len(), MAX_KEPT);
        queue.stopping = true;
        assert_eq!(take(&mut queue, "/late"), Err(NotTaken::Stopping));
    }
}
