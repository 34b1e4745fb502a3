//! The one place where CPU work leaves the async runtime: a bounded pool in front of Tokio's blocking threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::{Error, Result};

/// Runs at most `threads` pieces of work at a time and lets at most `max_queue` wait. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    threads: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    max_queue: usize,
}

impl Executor {
    pub fn new(threads: usize, max_queue: usize) -> Executor {
        Executor { threads: Arc::new(Semaphore::new(threads.max(1))), waiting: Arc::default(), max_queue }
    }

    /// Runs `work` on a blocking thread. Fails at once with [`Error::Overloaded`] when the queue is full. Work that
    /// has begun is finished also when the caller goes away; work that waits is dropped with its caller.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let permit = {
            let waiting = Waiting::enter(&self.waiting);
            if waiting.place > self.max_queue {
                return Err(Error::Overloaded { waiting: waiting.place });
            }
            Arc::clone(&self.threads).acquire_owned().await.map_err(|_| Error::Stopped)?
        };
        let joined = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        joined.await.map_err(|e| Error::Panicked { detail: e.to_string() })?
    }

    /// Requests that wait for a thread.
    pub fn queued(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Counts a waiting caller, also one that goes away while it waits.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    place: usize,
}

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        Waiting { count, place: count.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
