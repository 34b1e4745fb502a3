//! Prompt → text, by a decoder of the models folder.
//!
//! ```text
//! write(asker, prepare) → queue (fair, bounded) → a worker: prepare the prompt, decode → Writing (a channel)
//! ```
//!
//! Workers are threads of their own, as many as there are sessions, apart from those that search and read: an answer
//! takes seconds. A worker loads its session (some hundred MB) when the first prompt comes, and gives it back when none
//! came for [`IDLE`]. A worker never waits for who listens: the channel has room for a whole answer.
//!
//! What a prompt says, and whether an answer is right, is not known here.

mod chat;
mod decode;
mod queue;
mod sampler;
mod stream;
mod vocabulary;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;

pub use chat::ChatMessage;
pub use decode::{End, Finished, Prompt};
pub use vocabulary::Vocabulary;

use super::entry::{Generation, ModelEntry, Task};
use super::registry::GeneratorPool;
use super::runtime::Runtime;
use crate::{Error, Result};
use queue::Turns;
use worker::{Job, Worker};

/// After this time without a prompt a session gives its memory back.
const IDLE: Duration = Duration::from_secs(600);

/// A language model, loaded when it is needed.
pub struct Generator {
    description: Generation,
    inner: Arc<Inner>,
    pool: GeneratorPool,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

/// What workers share.
struct Inner {
    runtime: Runtime,
    dir: PathBuf,
    entry: ModelEntry,
    threads: usize,
    turns: Turns<Job>,
    vocabulary: Mutex<Option<Arc<Vocabulary>>>,
}

/// Something of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Whole characters.
    Text(String),
    /// The last that comes.
    End(Finished),
}

/// An answer that is being written. Dropping it ends the writing.
pub struct Writing {
    written: mpsc::Receiver<Result<Written>>,
}

impl Writing {
    /// What comes next; `None` after the end.
    pub async fn next(&mut self) -> Option<Result<Written>> {
        self.written.recv().await
    }
}

impl Generator {
    /// Looks whether the files are there; they are read when the first prompt comes.
    pub(super) fn new(runtime: &Runtime, dir: &Path, entry: &ModelEntry, pool: &GeneratorPool) -> Result<Generator> {
        let Task::Generator(description) = &entry.task else { return Err(entry.failed("it is no generator")) };
        for path in [&entry.path, &entry.tokenizer] {
            if !dir.join(path).is_file() {
                return Err(entry.failed(format!("{} is not there", path.display())));
            }
        }
        let inner = Inner {
            runtime: runtime.clone(),
            dir: dir.to_owned(),
            entry: entry.clone(),
            threads: pool.threads,
            turns: Turns::new(pool.max_waiting),
            vocabulary: Mutex::new(None),
        };
        Ok(Generator {
            description: description.clone(),
            inner: Arc::new(inner),
            pool: pool.clone(),
            workers: Mutex::new(Vec::new()),
        })
    }

    pub fn name(&self) -> &str {
        &self.inner.entry.name
    }

    /// How the model is asked and how it writes.
    pub fn description(&self) -> &Generation {
        &self.description
    }

    /// Tokens of prompt and answer together.
    pub fn window(&self) -> usize {
        self.inner.entry.max_tokens
    }

    /// Whether the model was trained on this language.
    pub fn knows(&self, language: &str) -> bool {
        self.inner.entry.knows(language)
    }

    /// Writes an answer when it is the asker's turn. `prepare` makes the prompt, on the worker's thread.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once when too many wait, or too many of this asker.
    pub fn write(
        &self,
        asker: &str,
        prepare: impl FnOnce(&Vocabulary) -> Result<Prompt> + Send + 'static,
    ) -> Result<Writing> {
        self.start_workers()?;
        // Room for a piece of text a token, the rest, and the end.
        let (sender, written) = mpsc::channel(self.window() + 2);
        self.inner.turns.push(asker, Job { prepare: Box::new(prepare), sender }, |job| job.sender.is_closed())?;
        Ok(Writing { written })
    }

    fn start_workers(&self) -> Result<()> {
        let mut workers = self.workers.lock();
        while workers.len() < self.pool.sessions.max(1) {
            let worker = Worker::new(Arc::clone(&self.inner));
            let thread = std::thread::Builder::new().name(format!("generator-{}", workers.len()));
            let started = thread.spawn(move || worker.run());
            workers.push(started.map_err(|e| self.inner.entry.failed(format!("no thread for it: {e}")))?);
        }
        Ok(())
    }
}

impl Drop for Generator {
    /// An answer that is being written ends with its next token.
    fn drop(&mut self) {
        self.inner.turns.close();
        for worker in self.workers.get_mut().drain(..) {
            // Workers catch panics; one that died all the same holds nothing any more.
            let _ = worker.join();
        }
    }
}

impl Inner {
    fn vocabulary(&self) -> Result<Arc<Vocabulary>> {
        let mut loaded = self.vocabulary.lock();
        if let Some(vocabulary) = &*loaded {
            return Ok(Arc::clone(vocabulary));
        }
        let vocabulary = Arc::new(Vocabulary::load(&self.dir, &self.entry)?);
        *loaded = Some(Arc::clone(&vocabulary));
        Ok(vocabulary)
    }

    fn failed(&self, detail: impl ToString) -> Error {
        self.entry.failed(detail)
    }
}

/// Loads a generator and lets it write one token: whether its description is right.
pub(super) fn try_out(runtime: &Runtime, dir: &Path, entry: &ModelEntry) -> Result<()> {
    let pool = GeneratorPool { sessions: 1, ..GeneratorPool::default() };
    let generator = Generator::new(runtime, dir, entry, &pool)?;
    worker::try_out(&generator.inner)
}

#[cfg(test)]
mod tests;
