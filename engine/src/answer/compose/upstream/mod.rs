//! The composer that asks a model behind an API: OpenAI, Azure OpenAI, and whatever else speaks their chat completions.
//!
//! In: a task. Out: pieces of text as they come, and what they cost. Between: what may leave (`outgoing`) → a turn → leave of the
//! circuit breaker (`breaker`) → one request (`client`, `sse`, `reply`,
//! `thoughts`) → perhaps another (`retry`).
//!
//! Whatever fails is an [`Error::Upstream`] with its kind, upon which the caller composes an answer otherwise; pieces may have been
//! sent by then. Deliberately absent: a check of what the model says (`ground`), and a cache.

mod breaker;
mod client;
mod config;
mod outgoing;
mod reply;
mod retry;
mod sse;
#[cfg(test)]
mod tests;
mod thoughts;
mod tokens;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc};

use super::prompt::Message;
use super::{Composer, Piece, Spent, Task};
use crate::{Error, Result, UpstreamFailure};

use breaker::Breaker;
use client::{Client, Completion};
pub use config::{AnswerTokensField, Api, Price, Secret, UpstreamConfig};
use outgoing::Gate;
use retry::Retry;
use tokens::estimate;

/// An answer with all its retries takes no longer; the time that is left of a request is for composing it otherwise.
const LONGEST: Duration = Duration::from_secs(90);

pub struct Upstream {
    gate: Gate,
    client: Client,
    retry: Retry,
    breaker: Breaker,
    turns: Semaphore,
    waiting: AtomicUsize,
    max_queue: usize,
    model: String,
    price: Option<Price>,
}

impl Upstream {
    /// # Errors
    /// When the address or the key cannot be used. Nothing is sent.
    pub fn new(config: &UpstreamConfig) -> Result<Self> {
        Ok(Self {
            gate: Gate::new(&config.closed_collections, config.max_context_tokens, config.max_answer_tokens as usize),
            client: Client::new(config)?,
            retry: Retry::new(config.retries),
            breaker: Breaker::new(),
            turns: Semaphore::new(config.max_concurrent),
            waiting: AtomicUsize::new(0),
            max_queue: config.max_queue,
            model: config.model.clone(),
            price: config.price.clone(),
        })
    }

    async fn answer(&self, messages: &[Message], pieces: &mpsc::Sender<Piece>) -> Result<Spent> {
        let _turn = self.turn().await?;
        let mut retries = 0;
        loop {
            let pass = self.breaker.admit(Instant::now()).map_err(|wait| {
                let detail = format!("it failed too often lately and is left alone for {} s more", wait.as_secs() + 1);
                Error::Upstream { kind: UpstreamFailure::CircuitOpen, detail }
            })?;
            let failed = match self.client.complete(messages, pieces).await {
                Ok(completion) => {
                    pass.ended(true, Instant::now());
                    return Ok(self.spent(messages, &completion));
                }
                Err(failed) => failed,
            };
            let Error::Upstream { kind, .. } = &failed.error else { return Err(failed.error) };
            pass.ended(!kind.is_of_the_server(), Instant::now());
            retries += 1;
            let again = kind.passes() && !failed.begun;
            let Some(pause) = self.retry.pause(retries, failed.asked).filter(|_| again) else {
                tracing::warn!(error = %failed.error, retries = retries - 1, "the upstream model is given up");
                return Err(failed.error);
            };
            tracing::info!(error = %failed.error, retries, ?pause, "the upstream model is asked again");
            tokio::time::sleep(pause).await;
        }
    }

    /// A place among those that are written at a time, first come, first served.
    async fn turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.max_queue {
            let detail = format!("{} questions wait for it", self.max_queue);
            return Err(Error::Upstream { kind: UpstreamFailure::Busy, detail });
        }
        let turn = self.turns.acquire().await.map_err(|_| Error::Stopped)?;
        drop(waiting);
        Ok(turn)
    }

    fn spent(&self, messages: &[Message], completion: &Completion) -> Spent {
        let (prompt_tokens, completion_tokens) = match completion.usage {
            Some(usage) => (usage.prompt_tokens, usage.completion_tokens),
            None => {
                let sent = messages.iter().map(|message| estimate(&message.content)).sum::<usize>();
                (sent as u32, estimate(&completion.written) as u32)
            }
        };
        Spent {
            model: Some(self.model.clone()),
            prompt_tokens,
            completion_tokens,
            estimated: completion.usage.is_none(),
            cost: self.price.as_ref().map(|price| price.of(prompt_tokens, completion_tokens)),
            currency: self.price.as_ref().map(|price| price.currency.clone()),
            cut_off: completion.cut_off,
        }
    }
}

#[async_trait]
impl Composer for Upstream {
    async fn compose(&self, task: &Task, pieces: &mpsc::Sender<Piece>) -> Result<Spent> {
        let messages = self.gate.messages(task)?;
        // Whichever ends first, the request ends with it: its connection is closed when its future is dropped.
        tokio::select! {
            biased;
            () = pieces.closed() => Err(Error::Cancelled),
            answered = tokio::time::timeout(LONGEST, self.answer(&messages, pieces)) => answered.unwrap_or_else(|_| {
                let detail = format!("an answer may take {} s", LONGEST.as_secs());
                Err(Error::Upstream { kind: UpstreamFailure::TimedOut, detail })
            }),
        }
    }
}

/// Counts down also for a caller that goes away while it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
