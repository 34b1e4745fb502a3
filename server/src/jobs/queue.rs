//! The queue itself: which jobs there are, which wait, which one runs. Plain data under the lock of `Jobs`.

use std::collections::VecDeque;

use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobStatus, Progress, Report};
use tokio::sync::watch;
use uuid::Uuid;

use super::JobOrder;
use crate::clock;
use crate::uploads;

/// Jobs that may wait for the one that runs.
const MAX_WAITING: usize = 100;
/// Jobs that are remembered.
pub const MAX_KEPT: usize = 200;
/// Of the jobs of a source that found nothing to do, those that are remembered besides the last one: somebody may just be
/// reading them.
const IDLE_KEPT: usize = 4;
/// A job that was begun so often, and took the process down each time, is not begun again.
const MAX_STARTS: u32 = 3;

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
    pub error: Option<(String, Option<ErrorCode>)>,
}

impl Outcome {
    pub fn of(status: JobStatus) -> Self {
        Self { status, report: None, error: None }
    }

    pub fn failed(told: impl Into<String>, code: Option<ErrorCode>) -> Self {
        Self { status: JobStatus::Failed, report: None, error: Some((told.into(), code)) }
    }
}

impl Queue {
    /// The queue of a server that starts: jobs that waited or ran when the last one ended wait again, in their order.
    /// `jobs` come newest first. `today` says what an order is by the settings of today, none when they have it no more.
    /// Also the ids of those that are others now than they were kept.
    pub fn resumed(jobs: Vec<Job>, today: impl Fn(JobOrder) -> Option<JobOrder>) -> (Queue, Vec<String>) {
        let mut queue = Queue { jobs: jobs.into(), ..Queue::default() };
        let mut changed = Vec::new();
        for job in queue.jobs.iter_mut().rev() {
            let was_running = job.status == JobStatus::Running;
            if !was_running && !matches!(job.status, JobStatus::Queued | JobStatus::Interrupted) {
                continue;
            }
            changed.push(job.id.clone());
            match JobOrder::of(job) {
                Some(_) if was_running && job.starts >= MAX_STARTS => {
                    job.status = JobStatus::Failed;
                    job.error = Some(format!(
                        "the server went down {} times while this job ran, so it is not begun again; look in the \
                         server's log for what happened, then order it anew",
                        job.starts
                    ));
                    job.finished_at = Some(clock::now());
                }
                Some(order) => {
                    let Some(order) = today(order) else {
                        job.status = JobStatus::Failed;
                        job.error = Some("the settings do not name this source any more".to_owned());
                        job.finished_at = Some(clock::now());
                        continue;
                    };
                    job.collection = order.collection.clone();
                    job.options = Some(order.options());
                    job.status = JobStatus::Queued;
                    job.progress = Progress::default();
                    job.report = None;
                    job.finished_at = None;
                    queue.waiting.push_back((job.id.clone(), order));
                }
                // A record of a program that did not keep what was ordered.
                None => job.status = JobStatus::Interrupted,
            }
        }
        (queue, changed)
    }

    pub fn take(&mut self, order: JobOrder) -> Result<Job, NotTaken> {
        let path = order.path.display().to_string();
        let file = |job: &Job| job.options.as_ref().and_then(|options| options.file.clone());
        let same = |job: &&Job| !job.status.ended() && job.path == path && file(job) == order.file;
        if let Some(job) = self.jobs.iter().find(same) {
            return Err(NotTaken::AlreadyRunning { job_id: job.id.clone() });
        }
        self.push(order)
    }

    /// For a folder that has just been changed: a job that waits will see the change, one that runs may not. A job that
    /// waits for the same folder becomes this order: else it would file the new content under the groups of the old.
    pub fn take_after_change(&mut self, order: JobOrder) -> Result<Job, NotTaken> {
        let Some((id, waiting)) =
            self.waiting.iter_mut().find(|(_, waiting)| waiting.path == order.path && waiting.file.is_none())
        else {
            return self.push(order);
        };
        let id = id.clone();
        *waiting = order.clone();
        if let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) {
            job.collection = order.collection.clone();
            job.options = Some(order.options());
        }
        match self.get(&id) {
            Some(job) => Ok(job),
            None => self.push(order),
        }
    }

    fn push(&mut self, order: JobOrder) -> Result<Job, NotTaken> {
        if self.stopping {
            return Err(NotTaken::Stopping);
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(NotTaken::QueueFull { waiting: self.waiting.len() });
        }
        let job = Job {
            id: format!("job_{}", Uuid::now_v7().simple()),
            path: order.path.display().to_string(),
            collection: order.collection.clone(),
            options: Some(order.options()),
            status: JobStatus::Queued,
            progress: Progress::default(),
            report: None,
            error: None,
            error_code: None,
            starts: 0,
            created_at: clock::now(),
            finished_at: None,
        };
        self.waiting.push_back((job.id.clone(), order));
        self.jobs.push_front(job.clone());
        while self.jobs.len() > MAX_KEPT
            && let Some(oldest) = self.jobs.iter().rposition(|job| job.status.ended())
        {
            self.jobs.remove(oldest);
        }
        Ok(job)
    }

    pub fn get(&self, id: &str) -> Option<Job> {
        self.jobs.iter().find(|job| job.id == id).map(|job| self.as_it_stands(job))
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
        (job.error, job.error_code) = match outcome.error {
            Some((told, code)) => (Some(told), code),
            None => (None, None),
        };
        if outcome.status == JobStatus::Interrupted {
            // It ended in good order: that it did not come to its end is not its doing.
            job.starts = 0;
        }
        job.finished_at = Some(clock::now());
        Some(job.clone())
    }

    /// Forgets the older jobs of a source of the settings that found nothing to do: a folder that is looked at every
    /// minute would push out all others. Returns their ids.
    pub fn forget_idle_before(&mut self, job: &Job) -> Vec<String> {
        let Some(source) = source_of(job).filter(|_| found_nothing(job)) else { return Vec::new() };
        let is_older = |other: &Job| other.id != job.id && source_of(other) == Some(source) && found_nothing(other);
        // Newest first.
        let older = self.jobs.iter().filter(|other| is_older(other)).skip(IDLE_KEPT);
        let ids: Vec<String> = older.map(|other| other.id.clone()).collect();
        self.jobs.retain(|other| !ids.contains(&other.id));
        ids
    }
}

fn source_of(job: &Job) -> Option<&str> {
    let source = job.options.as_ref()?.source.as_deref()?;
    // Somebody sent these, and may follow the job.
    (!source.starts_with(uploads::SOURCES)).then_some(source)
}

fn found_nothing(job: &Job) -> bool {
    let nothing = |report: &Report| {
        report.added + report.changed + report.moved + report.relabelled + report.deleted == 0
            && report.planned.is_none()
    };
    job.status == JobStatus::Succeeded && job.report.as_ref().is_some_and(nothing)
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
            file: None,
            source: None,
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
        queue.end(&first, Outcome::of(JobStatus::Interrupted));
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
            queue.end(&id, Outcome::of(JobStatus::Interrupted));
        }
        assert_eq!(queue.jobs.len(), MAX_KEPT);
        queue.stopping = true;
        assert_eq!(take(&mut queue, "/late"), Err(NotTaken::Stopping));
    }

    #[test]
    fn a_change_is_seen_by_the_job_that_waits_or_by_one_more() {
        let mut queue = Queue::default();
        let first = queue.take_after_change(order("/docs")).unwrap();
        assert_eq!(queue.take_after_change(order("/docs")).unwrap().id, first.id, "it still waits");
        let other = JobOrder { allow: vec!["hr".into()], ..order("/docs") };
        assert_eq!(queue.take_after_change(other.clone()).unwrap().id, first.id, "it waits, and becomes the new order");
        assert_eq!(queue.waiting.front().map(|(_, order)| order), Some(&other));
        assert_eq!(queue.get(&first.id).and_then(|job| job.options), Some(other.options()));
        queue.waiting.clear();
        assert_ne!(queue.take_after_change(order("/docs")).unwrap().id, first.id, "it runs already");
    }

    #[test]
    fn what_waited_or_ran_waits_again_in_its_order() {
        let mut queue = Queue::default();
        let ids: Vec<String> = (0..5).map(|n| take(&mut queue, &format!("/{n}")).unwrap()).collect();
        queue.end(&ids[0], Outcome::of(JobStatus::Succeeded));
        queue.end(&ids[2], Outcome::of(JobStatus::Interrupted));
        let mut jobs: Vec<Job> = queue.jobs.into();
        jobs[3].status = JobStatus::Running;
        jobs[0].options = None;
        let (queue, changed) = Queue::resumed(jobs, Some);
        assert_eq!(changed.len(), 4, "all but the one that had ended");
        let waiting: Vec<&str> = queue.waiting.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(waiting, [&ids[1], &ids[2], &ids[3]]);
        assert_eq!(queue.waiting[0].1, order("/1"), "as it was ordered");
        assert_eq!(queue.get(&ids[2]).unwrap().finished_at, None);
        assert_eq!(queue.get(&ids[4]).unwrap().status, JobStatus::Interrupted, "nobody knows what was ordered");
    }

    #[test]
    fn a_job_that_takes_the_process_down_does_not_do_so_for_ever() {
        let mut queue = Queue::default();
        let id = take(&mut queue, "/docs").unwrap();
        let mut jobs: Vec<Job> = queue.jobs.into();
        for starts in 1..=MAX_STARTS {
            (jobs[0].status, jobs[0].starts) = (JobStatus::Running, starts);
            let (queue, _) = Queue::resumed(jobs.clone(), Some);
            assert_eq!(queue.waiting.len(), usize::from(starts < MAX_STARTS), "{starts}");
            let job = queue.get(&id).unwrap();
            assert_eq!(job.error.is_some_and(|told| told.contains("3 times")), starts == MAX_STARTS);
        }
    }

    #[test]
    fn looks_that_found_nothing_do_not_push_out_what_happened() {
        let mut queue = Queue::default();
        let mut look = |source: Option<&str>, added: u64| {
            let order = JobOrder { source: source.map(str::to_owned), ..order("/docs") };
            let id = queue.take(order).unwrap().id;
            let report = Some(Report { added, ..Report::default() });
            let ended = queue.end(&id, Outcome { report, ..Outcome::of(JobStatus::Succeeded) }).unwrap();
            (queue.forget_idle_before(&ended).len(), queue.jobs.len())
        };
        assert_eq!(look(Some("hr"), 3), (0, 1));
        for n in 0..=IDLE_KEPT {
            assert_eq!(look(Some("hr"), 0), (0, 2 + n));
        }
        let kept = IDLE_KEPT + 2;
        assert_eq!(look(Some("hr"), 0), (1, kept), "the oldest of them is forgotten");
        assert_eq!(look(Some("it"), 0), (0, kept + 1), "another source");
        assert_eq!(look(None, 0), (0, kept + 2), "somebody ordered it");
        assert_eq!(look(Some("hr"), 1), (0, kept + 3), "it brought something");
        assert_eq!(look(Some("uploads/hr"), 0), (0, kept + 4), "somebody sent it");
        assert_eq!(look(Some("uploads/hr"), 0), (0, kept + 5));
    }
}
