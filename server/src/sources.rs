//! The folders of the settings, kept in step: a job at the start, one at each interval, one when something changed.
//!
//! In: the sources of the settings. Out: orders for the jobs' queue. A source never has two jobs waiting or running:
//! what changes while its job runs is looked at by the next one. What a job does is not known here.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use taproot_ingest::watch::{Watch, WatchOptions};
use taproot_schemas::job::Job;
use taproot_schemas::source::{SourceList, SourceState, WatchMethod};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::clock;
use crate::config::SourceConfig;
use crate::jobs::{JobOrder, Jobs, NotTaken, readable_path};
use crate::uploads;

/// A full queue is tried again after this time.
const RETRY: Duration = Duration::from_secs(5);

/// Cheap to clone; all clones are the same sources.
#[derive(Clone)]
pub struct Sources(Arc<Vec<Source>>);

struct Source {
    config: SourceConfig,
    now: Mutex<Now>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Now {
    next_run: Option<String>,
    watching: Option<WatchMethod>,
}

impl Sources {
    /// Runs the first job of each source, and keeps them in step from then on.
    pub fn start(configs: &[SourceConfig], full_check: Duration, jobs: &Jobs) -> Sources {
        let new =
            |config: &SourceConfig| Source { config: config.clone(), now: Mutex::default(), keeper: Mutex::new(None) };
        let sources = Sources(Arc::new(configs.iter().map(new).collect()));
        for number in 0..configs.len() {
            let keeper = tokio::spawn(sources.clone().keep(number, full_check, jobs.clone()));
            *sources.0[number].keeper.lock() = Some(keeper);
        }
        sources
    }

    /// No more jobs are ordered; those that are go on.
    pub fn stop(&self) {
        for source in self.0.iter() {
            if let Some(keeper) = source.keeper.lock().take() {
                keeper.abort();
            }
        }
    }

    pub fn list(&self, jobs: &Jobs) -> SourceList {
        let jobs = jobs.list();
        let state = |source: &Source| {
            let SourceConfig { name, path, collection, allow, delete, every, .. } = &source.config;
            let of_this_one =
                |job: &&Job| job.options.as_ref().is_some_and(|options| options.source.as_ref() == Some(name));
            let now = source.now.lock();
            SourceState {
                name: name.clone(),
                path: path.display().to_string(),
                collection: collection.clone(),
                allow: allow.clone(),
                delete: *delete,
                every_s: every.map(|every| every.as_secs()),
                next_run: now.next_run.clone(),
                watching: now.watching,
                // Newest first.
                last_job: jobs.iter().find(of_this_one).cloned(),
            }
        };
        SourceList { sources: self.0.iter().map(state).collect() }
    }

    /// What to order for the source of this name.
    pub fn order(&self, name: &str) -> Option<JobOrder> {
        self.0.iter().find(|source| source.config.name == name).map(|source| order(&source.config))
    }

    async fn keep(self, number: usize, full_check: Duration, jobs: Jobs) {
        let source = &self.0[number];
        let SourceConfig { path, every, watch, .. } = &source.config;
        let mut watch = match watch {
            // From before the first look on, so that nothing is changed in between.
            true => Some(Watch::start(path, WatchOptions { full_check, ..WatchOptions::default() }).await),
            false => None,
        };
        loop {
            let next_run = every.map(|every| Instant::now() + every);
            {
                let mut now = source.now.lock();
                now.next_run = every.and_then(clock::in_the_future);
                now.watching = watch.as_ref().map(method);
            }
            if !run(&source.config, &jobs).await {
                return;
            }
            tokio::select! {
                () = until(next_run) => {}
                () = changed(&mut watch) => {}
            }
        }
    }
}

fn method(watch: &Watch) -> WatchMethod {
    if watch.is_by_events() { WatchMethod::Events } else { WatchMethod::Polling }
}

/// What an order that was given before this server started is by the settings of today: who may read a source is said in
/// them, and what was confirmed was what the folder looked like then. What was uploaded is as its commit left it.
pub fn today(configs: &[SourceConfig], given: JobOrder) -> Option<JobOrder> {
    let given = match &given.source {
        Some(name) if name.starts_with(uploads::SOURCES) => return Some(given),
        Some(name) => {
            let config = configs.iter().find(|config| config.name == *name)?;
            let JobOrder { collection, allow, delete, .. } = order(config);
            JobOrder { collection, allow, delete, ..given }
        }
        None => given,
    };
    Some(JobOrder { confirm_delete: false, ..given })
}

fn order(config: &SourceConfig) -> JobOrder {
    let SourceConfig { name, path, collection, allow, delete, .. } = config.clone();
    JobOrder { path, collection, allow, delete, confirm_delete: false, dry_run: false, file: None, source: Some(name) }
}

/// One job from its order to its end. False when the server takes no more.
async fn run(config: &SourceConfig, jobs: &Jobs) -> bool {
    let mut order = order(config);
    let path = order.path.clone();
    // A folder that is not there makes a job that fails and says so, where everybody looks for it.
    if let Ok(Ok(real)) = tokio::task::spawn_blocking(move || readable_path(&path)).await {
        order.path = real;
    }
    loop {
        match jobs.submit(order.clone()).await {
            Ok(job) => {
                jobs.ended(&job.id).await;
                return true;
            }
            // A job that has begun may not have seen the change, and one that somebody ordered for the same folder may
            // bring it elsewhere: one more comes after it.
            Err(NotTaken::AlreadyRunning { job_id }) => {
                let is_same = jobs.is_waiting(&job_id, &order);
                jobs.ended(&job_id).await;
                if is_same {
                    return true;
                }
            }
            Err(NotTaken::QueueFull { .. }) => sleep(RETRY).await,
            Err(NotTaken::Stopping) => return false,
        }
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn changed(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => drop(watch.tick().await),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(source: Option<&str>) -> JobOrder {
        JobOrder {
            path: "/docs".into(),
            collection: "default".into(),
            allow: Vec::new(),
            delete: true,
            confirm_delete: true,
            dry_run: false,
            file: None,
            source: source.map(str::to_owned),
        }
    }

    #[test]
    fn an_old_order_of_a_source_is_held_to_the_settings_of_today() {
        let config = SourceConfig {
            name: "hr".into(),
            path: "/docs".into(),
            collection: "people".into(),
            allow: vec!["hr".into()],
            every: None,
            watch: false,
            delete: true,
        };
        let today = |source| today(std::slice::from_ref(&config), given(source));
        let narrowed = today(Some("hr")).unwrap();
        assert_eq!((narrowed.collection.as_str(), narrowed.allow.len(), narrowed.confirm_delete), ("people", 1, false));
        assert_eq!(today(Some("gone")), None);
        assert!(!today(None).unwrap().confirm_delete, "confirmed was what the folder looked like then");
        assert_eq!(today(Some("uploads/birds")), Some(given(Some("uploads/birds"))));
    }
}
