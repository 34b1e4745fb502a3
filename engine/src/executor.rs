//! The one place where CPU work leaves the async runtime: a few threads behind a bounded queue.
//!
//! The threads are the executor's own, not Tokio's blocking ones behind a semaphore: whoever has finished takes the next piece
//! at once, instead of waking a task that wakes a thread, which costs a search of a dozen pieces more than a millisecond.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};
use futures_util::{StreamExt, TryFutureExt, TryStreamExt, stream};
use tokio::sync::oneshot;

use crate::{Error, Result};

/// Pieces of one request that run at the same time: all at once would fill the queue, and others would be turned away.
const AT_A_TIME: usize = 2;

type Work = Box<dyn FnOnce() + Send>;

/// Runs at most `threads` pieces of work at a time and lets at most `max_queue` wait. Cheap to clone; the threads end with the
/// last clone.
#[derive(Clone)]
pub struct Executor {
    work: Sender<Work>,
    waiting: Arc<AtomicUsize>,
    max_queue: usize,
}

impl Executor {
    pub fn new(threads: usize, max_queue: usize) -> std::io::Result<Executor> {
        // Bounded by `max_queue`, which is counted.
        let (work, queue) = unbounded();
        for number in 0..threads.max(1) {
            let queue: Receiver<Work> = queue.clone();
            std::thread::Builder::new()
                .name(format!("executor-{number}"))
                .spawn(move || queue.iter().for_each(|work| work()))?;
        }
        Ok(Executor { work, waiting: Arc::default(), max_queue })
    }

    /// Runs `work` on one of the threads. Fails at once with [`Error::Overloaded`] when the queue is full. Work that has begun
    /// is finished also when the caller goes away; work that waits is passed over then.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let waiting = Waiting::enter(&self.waiting);
        if waiting.place > self.max_queue {
            return Err(Error::Overloaded { waiting: waiting.place });
        }
        let (done, result) = oneshot::channel();
        let run = move || {
            drop(waiting);
            if !done.is_closed() {
                // Whoever waited may have gone meanwhile.
                let _ = done.send(caught(work));
            }
        };
        self.work.send(Box::new(run)).map_err(|_| Error::Stopped)?;
        result.await.map_err(|_| Error::Stopped)?
    }

    /// Runs the pieces of one request's work, a few at a time. Results are in the order of the pieces.
    pub async fn run_all<T, W>(&self, pieces: Vec<W>) -> Result<Vec<T>>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T> + Send + 'static,
    {
        let numbered = pieces.into_iter().enumerate();
        let running: Vec<_> = numbered.map(|(at, work)| self.run(work).map_ok(move |result| (at, result))).collect();
        let mut done: Vec<(usize, T)> = stream::iter(running).buffer_unordered(AT_A_TIME).try_collect().await?;
        done.sort_unstable_by_key(|(at, _)| *at);
        Ok(done.into_iter().map(|(_, result)| result).collect())
    }

    /// Requests that wait for a thread.
    pub fn queued(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A panic is an error of this piece alone; the thread goes on.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let detail = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::Panicked { detail: detail.unwrap_or_else(|| "a panic without a text".into()) })
    })
}

/// Counts a waiting piece of work.
struct Waiting {
    count: Arc<AtomicUsize>,
    place: usize,
}

impl Waiting {
    fn enter(count: &Arc<AtomicUsize>) -> Self {
        Waiting { place: count.fetch_add(1, Ordering::Relaxed) + 1, count: Arc::clone(count) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn results_come_in_the_order_of_the_pieces() {
        let executor = Executor::new(2, 10).expect("threads");
        let pieces = (0..6_u64).map(|n| {
            move || {
                std::thread::sleep(Duration::from_millis(6 - n));
                Ok(n)
            }
        });
        assert_eq!(executor.run_all(pieces.collect()).await.expect("all"), [0, 1, 2, 3, 4, 5]);
        let pieces = (0..3).map(|n| move || if n == 1 { Err(Error::Stopped) } else { Ok(n) });
        assert!(executor.run_all(pieces.collect()).await.is_err());
    }

    #[tokio::test]
    async fn a_panic_takes_nobody_along() {
        let executor = Executor::new(1, 10).expect("threads");
        let failed = executor.run(|| -> Result<()> { panic!("by purpose") }).await;
        assert!(matches!(failed, Err(Error::Panicked { detail }) if detail == "by purpose"));
        assert_eq!(executor.run(|| Ok(1)).await.expect("a result"), 1);
    }

    #[tokio::test]
    async fn a_full_queue_turns_away_and_who_goes_is_passed_over() {
        let executor = Executor::new(1, 1).expect("threads");
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let busy = executor.clone();
        let first = tokio::spawn(async move {
            let work = move || {
                let _ = begun.send(());
                let _ = may_go_on.recv();
                Ok(())
            };
            busy.run(work).await
        });
        tokio::task::spawn_blocking(move || has_begun.recv()).await.expect("a thread").expect("it has begun");
        let (ran, has_run) = mpsc::channel();
        let mut gone = Box::pin(executor.run(move || {
            let _ = ran.send(());
            Ok(())
        }));
        assert!(futures_util::poll!(&mut gone).is_pending());
        assert!(matches!(executor.run(|| Ok(())).await, Err(Error::Overloaded { waiting: 2 })));
        assert_eq!(executor.queued(), 1);
        drop(gone);
        go_on.send(()).expect("it waits");
        first.await.expect("a task").expect("a result");
        while executor.queued() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        executor.run(|| Ok(())).await.expect("room again");
        assert!(has_run.try_recv().is_err());
    }
}
