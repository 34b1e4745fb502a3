//! The two threads behind the store: one writes, one optimizes.
//!
//! What 0.7.2 demands: `update` and `flush` are called by one thread at a time, and `flush` panics when somebody holds
//! the segments for writing. The optimizer does so twice for a moment, when it puts stand-ins in place of the segments
//! that it rebuilds and when it swaps the new one in; in between, which may be minutes, reading and writing go on.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use qdrant_edge::{EdgeShard, PointOperations, UpdateOperation};
use tokio::sync::{mpsc, oneshot};

use super::failed;
use super::journal::{Fate, Journal};
use crate::store::types::ChunkId;
use crate::{Error, Result};

/// Points that are searched one by one before it is worth to build a graph for them; about a millisecond of a search.
pub const INDEX_FROM: usize = 5_000;
/// In a large store, the share of the points that may wait for the graph: each time, a large part is copied.
const WAITING_SHARE: usize = 100;
/// Points that must have come since the optimizer was last asked.
const ASK_EVERY: usize = 1_000;
/// How long a store that is closed waits for an optimization. One that is left behind is as one that crashed.
const PATIENCE: Duration = Duration::from_secs(5);
/// The optimizer gives way to searches.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
/// A swap of segments takes a few milliseconds.
const FLUSH_TRIES: u32 = 1_000;
const FLUSH_PAUSE: Duration = Duration::from_millis(5);

/// What the writer thread is asked to do.
pub struct Write {
    pub operation: PointOperations,
    pub fate: Fate,
    pub ids: Vec<ChunkId>,
    pub done: oneshot::Sender<Result<()>>,
}

/// Whoever writes, flushes or notes holds the lock of the journal.
struct Shared {
    shard: Arc<EdgeShard>,
    journal: Mutex<Journal>,
}

/// The writer thread: applies one write after the other, each durable before it is answered. Ends when all senders are
/// gone and the optimizer has ended or is left behind.
pub fn run(shard: Arc<EdgeShard>, journal: Journal, mut writes: mpsc::Receiver<Write>) {
    let shared = Arc::new(Shared { shard, journal: Mutex::new(journal) });
    let (ask, asked) = sync_channel(1);
    let (ending, ended) = sync_channel::<()>(0);
    let optimizing = Arc::clone(&shared);
    let spawned = std::thread::Builder::new().name("vector-optimizer".into()).spawn(move || {
        optimize_when_asked(&optimizing, &asked);
        drop(optimizing);
        drop(ending);
    });
    if let Err(error) = &spawned {
        tracing::warn!(%error, "the vector store cannot be optimized; searches go on, slower");
    }
    shared.ask_if_due(&ask);
    let mut since_asked = 0;
    while let Some(write) = writes.blocking_recv() {
        since_asked += write.ids.len();
        let result = shared.apply(write.operation, write.fate, &write.ids);
        // The caller may be gone; the write counts all the same.
        let _ = write.done.send(result);
        if since_asked >= ASK_EVERY && shared.ask_if_due(&ask) {
            since_asked = 0;
        }
    }
    drop((ask, shared));
    if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        tracing::info!("closed the vector store while it was being optimized; that begins anew next time");
    }
}

impl Shared {
    fn apply(&self, operation: PointOperations, fate: Fate, ids: &[ChunkId]) -> Result<()> {
        let mut journal = self.journal.lock();
        journal.note(fate, ids)?;
        self.shard.update(UpdateOperation::PointOperation(operation)).map_err(failed)?;
        self.flush()
    }

    fn flush(&self) -> Result<()> {
        for _ in 0..FLUSH_TRIES {
            // Waits as long as somebody holds the segments, which `flush` does not.
            self.shard.info();
            match catch_unwind(AssertUnwindSafe(|| self.shard.flush())) {
                Ok(()) => return Ok(()),
                Err(panic) if is_busy(&*panic) => std::thread::sleep(FLUSH_PAUSE),
                Err(panic) => resume_unwind(panic),
            }
        }
        Err(Error::Vectors { detail: "the segments are always held".into() })
    }

    /// Whether the optimizer was asked, or is at it.
    fn ask_if_due(&self, ask: &SyncSender<()>) -> bool {
        let info = self.shard.info();
        let waiting = info.points_count.saturating_sub(info.indexed_vectors_count);
        let due = waiting >= INDEX_FROM.max(info.points_count / WAITING_SHARE);
        due && ask.try_send(()).is_ok()
    }

    fn optimize(&self) -> Result<()> {
        self.journal.lock().begin()?;
        let optimized = self.shard.optimize().map_err(failed);
        let mut journal = self.journal.lock();
        self.flush()?;
        journal.end()?;
        optimized.map(|_| ())
    }
}

/// `flush` says so when the lock of the segments is held. Nothing is changed then: it has not begun.
fn is_busy(panic: &(dyn std::any::Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.is_some_and(|text| text.contains("segment holder lock"))
}

/// The optimizer thread: merges segments and builds the HNSW graph of what has none.
fn optimize_when_asked(shared: &Shared, asked: &Receiver<()>) {
    // Only on Linux is this of a thread and not of the process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the optimizer runs with the priority of the searches");
    }
    while asked.recv().is_ok() {
        let began = std::time::Instant::now();
        match shared.optimize() {
            Ok(()) => tracing::debug!(seconds = began.elapsed().as_secs_f32(), "optimized the vector store"),
            Err(error) => tracing::warn!(%error, "the vector store could not be optimized; searches go on, slower"),
        }
    }
}
