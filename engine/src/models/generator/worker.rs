//! A thread that writes answers, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::super::entry::{CacheStyle, Task};
use super::super::runtime::DecoderOptions;
use super::decode::{Finished, Listener, Prompt, Session};
use super::queue::Next;
use super::vocabulary::Vocabulary;
use super::{ChatMessage, IDLE, Inner, Written};
use crate::{Error, Result};

/// Makes a prompt out of what the vocabulary counts.
type Prepare = Box<dyn FnOnce(&Vocabulary) -> Result<Prompt> + Send>;

pub(super) struct Job {
    pub prepare: Prepare,
    pub sender: mpsc::Sender<Result<Written>>,
}

pub(super) struct Worker {
    inner: Arc<Inner>,
    session: Option<Session>,
}

impl Worker {
    pub fn new(inner: Arc<Inner>) -> Worker {
        Worker { inner, session: None }
    }

    /// Until the generator is dropped.
    pub fn run(mut self) {
        loop {
            match self.inner.turns.next(self.session.is_some().then_some(IDLE)) {
                Next::Job(job) if job.sender.is_closed() => {}
                Next::Job(job) => self.answer(job),
                Next::Idle => self.session = None,
                Next::Closed => return,
            }
        }
    }

    fn answer(&mut self, Job { prepare, sender }: Job) {
        let listener = Channel { sender: sender.clone(), inner: Arc::clone(&self.inner) };
        let written = catch_unwind(AssertUnwindSafe(|| self.write(prepare, listener))).unwrap_or_else(|_| {
            // Nothing tells in which state a panic leaves a session.
            self.session = None;
            Err(Error::Panicked { detail: "the generator".into() })
        });
        // Who has gone does not want to know how it ended.
        let _ = sender.try_send(written.map(Written::End));
    }

    fn write(&mut self, prepare: Prepare, mut listener: Channel) -> Result<Finished> {
        let vocabulary = self.inner.vocabulary()?;
        let prompt = prepare(&vocabulary)?;
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(open(&self.inner)?),
        };
        let finished = session.write(&vocabulary, &prompt, &mut listener)?;
        tracing::debug!(model = self.inner.entry.name, ?finished, "wrote an answer");
        Ok(finished)
    }
}

fn open(inner: &Inner) -> Result<Session> {
    let Task::Generator(generation) = &inner.entry.task else { return Err(inner.failed("it is no generator")) };
    let begun = Instant::now();
    let options = DecoderOptions {
        threads: inner.threads,
        in_place: generation.cache == CacheStyle::InPlace,
        window: inner.entry.max_tokens,
    };
    let decoder = inner.runtime.decoder(&inner.dir.join(&inner.entry.path), options)?;
    tracing::info!(model = inner.entry.name, took_ms = begun.elapsed().as_millis() as u64, "loaded the generator");
    Ok(Session::new(inner.entry.clone(), decoder))
}

/// One token, to nobody.
pub(super) fn try_out(inner: &Inner) -> Result<()> {
    let vocabulary = inner.vocabulary()?;
    let ids = vocabulary.chat(&[ChatMessage { role: "user", content: "a".into() }])?;
    let prompt = Prompt { ids, max_new_tokens: 2, sampling: Default::default(), seed: 0, stop: Vec::new() };
    open(inner)?.write(&vocabulary, &prompt, &mut Nobody).map(drop)
}

/// Who waits at the other end of a channel, for as long as the generator is there.
struct Channel {
    sender: mpsc::Sender<Result<Written>>,
    inner: Arc<Inner>,
}

impl Listener for Channel {
    fn hear(&mut self, text: String) -> bool {
        !self.inner.turns.is_closed() && self.sender.try_send(Ok(Written::Text(text))).is_ok()
    }

    fn is_there(&self) -> bool {
        !self.inner.turns.is_closed() && !self.sender.is_closed()
    }
}

struct Nobody;

impl Listener for Nobody {
    fn hear(&mut self, _: String) -> bool {
        true
    }

    fn is_there(&self) -> bool {
        true
    }
}
