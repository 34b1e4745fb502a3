//! Files → committed documents: the stages that read, embed and commit, joined by bounded channels.
//!
//! Parsing and chunking run on plain threads with a parser child each, embedding on as many threads as there are
//! sessions, committing on the async runtime since the catalog and a Qdrant server are. A file is recorded as done
//! when all its documents are committed, so that a killed ingest reads it again.

mod commit;
mod piece;
mod read;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;
use taproot_engine::models::Models;
use taproot_engine::store::NewDocument;
use taproot_engine::{Engine, Error, Result, failpoint};
use taproot_schemas::job::FileFailure;
use tokio::sync::{mpsc, watch};

use crate::plan::{HashedFile, Pipeline};
use crate::progress::Tracker;
use crate::run::IngestRequest;
use piece::Piece;

/// Capacities of the channels between the stages, in files, pieces of documents, and events.
const FILES_WAITING: usize = 16;
const PIECES_TO_EMBED: usize = 8;
const EVENTS_TO_COMMIT: usize = 16;
/// An ingest gives way to searches, but not to what else a machine does at nice 10.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// What every stage knows.
pub struct Context {
    pub request: IngestRequest,
    pub source_id: String,
    /// See [`taproot_engine::store::FileRecord::pipeline`].
    pub pipeline: Pipeline,
    pub models: Arc<Models>,
    pub threads: usize,
    pub tracker: Tracker,
    pub cancel: watch::Receiver<bool>,
}

impl Context {
    pub fn cancelled(&self) -> bool {
        *self.cancel.borrow()
    }
}

/// A file to read, with the hashes of its live documents by uri.
struct Work {
    file: HashedFile,
    known: HashMap<String, String>,
}

/// What reaches the committer.
enum Event {
    /// A document with its vectors; `file` is the index that its [`Event::FileEnd`] carries.
    Document {
        file: usize,
        document: Box<NewDocument>,
    },
    FileEnd(Box<FileEnd>),
    /// A stage failed in a way that is not the file's fault.
    Broken(Error),
}

/// A file was read to its end; `produced` documents of it are on their way or committed.
struct FileEnd {
    index: usize,
    file: HashedFile,
    produced: usize,
    unchanged: u64,
    /// Uris of all the documents that the file holds now.
    uris: HashSet<String>,
    failures: Vec<FileFailure>,
    /// Failures that are only counted.
    unlisted: u64,
    /// The file as a whole could not be read.
    failed: bool,
}

type Shared<T> = Arc<Mutex<mpsc::Receiver<T>>>;

/// Reads the files and commits what they hold.
pub async fn run(engine: &Engine, context: Arc<Context>, files: Vec<HashedFile>) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let catalog = engine.catalog()?;
    let paths: Vec<&str> = files.iter().map(|file| file.file.path.as_str()).collect();
    catalog.announce_files(&context.source_id, &paths).await?;
    failpoint("announced");

    let (work_sender, work) = mpsc::channel::<(usize, Work)>(FILES_WAITING);
    let (parsed_sender, parsed) = mpsc::channel(PIECES_TO_EMBED);
    let (event_sender, events) = mpsc::channel(EVENTS_TO_COMMIT);
    let work: Shared<_> = Arc::new(Mutex::new(work));
    let parsed: Shared<_> = Arc::new(Mutex::new(parsed));
    let mut threads = Vec::new();
    for number in 0..context.threads {
        let reader = (Arc::clone(&context), Arc::clone(&work), parsed_sender.clone(), event_sender.clone());
        threads.push(spawn(format!("read-{number}"), move || {
            read::read_files(&reader.0, &reader.1, &reader.2, &reader.3)
        })?);
        let embedder = (Arc::clone(&context), Arc::clone(&parsed), event_sender.clone());
        threads.push(spawn(format!("embed-{number}"), move || embed_pieces(&embedder.0, &embedder.1, &embedder.2))?);
    }
    // Only the threads own the receivers: when one stage gives up, the stages before it see their channel closed.
    drop((parsed_sender, event_sender, work, parsed));

    let feed = feed(engine, &context, files, work_sender);
    let commit = commit::commit_events(engine, &context, events);
    let (fed, committed) = tokio::join!(feed, commit);
    let joined = tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok())).await;
    committed?;
    fed?;
    match joined {
        Ok(true) => Ok(()),
        _ => Err(Error::Panicked { detail: "a thread of the ingest".into() }),
    }
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>> {
    let spawned = thread::Builder::new().name(name.clone()).spawn(move || {
        give_way();
        work();
    });
    spawned.map_err(|source| Error::Io { path: name.into(), source })
}

/// Lets searches of the same process go first. Only on Linux is this of a thread and not of the process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the ingest runs with the priority of the searches");
    }
}

/// Gives the readers their files, with what is known of each. Ends when the committer gave up, or on cancel.
async fn feed(
    engine: &Engine,
    context: &Context,
    files: Vec<HashedFile>,
    work: mpsc::Sender<(usize, Work)>,
) -> Result<()> {
    let catalog = engine.catalog()?;
    for (index, file) in files.into_iter().enumerate() {
        if context.cancelled() {
            break;
        }
        let known = catalog.documents_of_file(&context.source_id, &file.file.path).await?;
        let known = known.into_iter().map(|document| (document.uri, document.hash)).collect();
        if work.send((index, Work { file, known })).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The embedding stage: one text a call, a session a thread.
fn embed_pieces(context: &Context, pieces: &Shared<Piece>, events: &mpsc::Sender<Event>) {
    while let Some(piece) = take(pieces) {
        let begun = Instant::now();
        let embedded = piece.embed(&context.models);
        context.tracker.time(|stages| &stages.embed, begun.elapsed());
        let event = match embedded {
            Ok(Some((file, document))) => Event::Document { file, document },
            Ok(None) => continue,
            Err(error) => Event::Broken(error),
        };
        if events.blocking_send(event).is_err() {
            return;
        }
    }
}

/// The next item of a channel that several threads read from.
fn take<T>(receiver: &Shared<T>) -> Option<T> {
    receiver.lock().blocking_recv()
}
