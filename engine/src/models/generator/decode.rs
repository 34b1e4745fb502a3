//! The decode loop: a prompt → text, token by token, over a cache that is kept for the next prompt.
//!
//! A prompt that begins as the last one did (rules, a conversation so far) continues from the longest beginning of tokens
//! that both have. What is left is fed in pieces, and between any two steps somebody who went away ends the work.

use std::time::{Duration, Instant};

use super::super::entry::{ModelEntry, Sampling};
use super::super::runtime::Decoder;
use super::sampler::Sampler;
use super::stream::TextStream;
use super::vocabulary::Vocabulary;
use crate::{Error, Result};

/// Tokens of a prompt that are fed at once: bounds the logits of graphs that give them for every position, and the time
/// until somebody is found gone.
const PIECE_TOKENS: usize = 256;

/// What to write behind what.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub ids: Vec<u32>,
    /// Fewer where the window ends before.
    pub max_new_tokens: usize,
    pub sampling: Sampling,
    pub seed: u64,
    /// Texts at which the answer ends; they are no part of it.
    pub stop: Vec<String>,
}

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    pub end: End,
    pub prompt_tokens: usize,
    /// Of the prompt, known from the one before.
    pub reused_tokens: usize,
    pub completion_tokens: usize,
    /// From the begin of the work on.
    pub first_token: Duration,
    pub total: Duration,
}

/// Why an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The model ended it, or a stop text came.
    Stop,
    /// It is as long as it may be.
    Length,
    /// Nobody listens any more.
    Cancelled,
}

/// Who gets the text.
pub trait Listener {
    /// Takes text; `false` when nobody listens.
    fn hear(&mut self, text: String) -> bool;
    fn is_there(&self) -> bool;
}

/// A decoder and what its cache holds.
pub struct Session {
    entry: ModelEntry,
    decoder: Decoder,
    known: Vec<u32>,
}

impl Session {
    pub fn new(entry: ModelEntry, decoder: Decoder) -> Session {
        Session { entry, decoder, known: Vec::new() }
    }

    /// Writes the answer to `listener`.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a prompt that leaves no room in the window, [`Error::Model`] for a model that fails.
    pub fn write(
        &mut self,
        vocabulary: &Vocabulary,
        prompt: &Prompt,
        listener: &mut impl Listener,
    ) -> Result<Finished> {
        let written = self.try_write(vocabulary, prompt, listener);
        if written.is_err() {
            // Whatever the cache holds now, nothing will build on it.
            self.known.clear();
        }
        written
    }

    fn try_write(
        &mut self,
        vocabulary: &Vocabulary,
        prompt: &Prompt,
        listener: &mut impl Listener,
    ) -> Result<Finished> {
        let begun = Instant::now();
        let max_new_tokens = self.room(prompt)?;
        let reused_tokens = self.keep_common(&prompt.ids)?;
        self.decoder.reserve(prompt.ids.len() + max_new_tokens)?;
        let mut finished = Finished {
            end: End::Cancelled,
            prompt_tokens: prompt.ids.len(),
            reused_tokens,
            completion_tokens: 0,
            first_token: Duration::ZERO,
            total: Duration::ZERO,
        };
        let mut logits = Vec::new();
        for piece in prompt.ids[reused_tokens..].chunks(PIECE_TOKENS) {
            if !listener.is_there() {
                return Ok(finished);
            }
            logits = self.feed(piece)?;
        }
        let mut sampler = Sampler::new(prompt.sampling, prompt.seed);
        let mut stream = TextStream::new(vocabulary.tokenizer(), &prompt.stop);
        finished.end = loop {
            let token = sampler.next(&mut logits).ok_or_else(|| self.entry.failed("its logits are no numbers"))?;
            if finished.completion_tokens == 0 {
                finished.first_token = begun.elapsed();
            }
            finished.completion_tokens += 1;
            if let Some(end) = self.say(token, vocabulary, &mut stream, listener)? {
                break end;
            }
            if finished.completion_tokens >= max_new_tokens {
                break End::Length;
            }
            logits = self.feed(&[token])?;
        };
        let rest = stream.finish();
        if finished.end != End::Cancelled && !rest.is_empty() && !listener.hear(rest) {
            finished.end = End::Cancelled;
        }
        finished.total = begun.elapsed();
        Ok(finished)
    }

    /// Says what a token brings, and whether the answer ends with it.
    fn say(
        &self,
        token: u32,
        vocabulary: &Vocabulary,
        stream: &mut TextStream<'_>,
        listener: &mut impl Listener,
    ) -> Result<Option<End>> {
        if vocabulary.ends(token) {
            return Ok(Some(End::Stop));
        }
        let said = stream.push(token).map_err(|e| self.entry.failed(e))?;
        let heard = if said.text.is_empty() { listener.is_there() } else { listener.hear(said.text) };
        Ok(match (heard, said.stopped) {
            (false, _) => Some(End::Cancelled),
            (true, true) => Some(End::Stop),
            (true, false) => None,
        })
    }

    /// Tokens that may follow a prompt.
    fn room(&self, prompt: &Prompt) -> Result<usize> {
        let (tokens, window) = (prompt.ids.len(), self.entry.max_tokens);
        if tokens == 0 || tokens >= window {
            let detail = format!("it has {tokens} tokens, {} takes 1 to {}", self.entry.name, window - 1);
            return Err(Error::InvalidRequest { what: "prompt", detail });
        }
        Ok(prompt.max_new_tokens.clamp(1, window - tokens))
    }

    /// Leaves in the cache what begins this prompt as well, but for its last token, whose logits are needed.
    fn keep_common(&mut self, ids: &[u32]) -> Result<usize> {
        let common = self.known.iter().zip(ids).take_while(|(known, id)| known == id).count();
        let kept = common.min(ids.len() - 1);
        self.decoder.keep(kept)?;
        self.known.truncate(kept);
        Ok(kept)
    }

    fn feed(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        let logits = self.decoder.feed(ids)?;
        self.known.extend_from_slice(ids);
        Ok(logits)
    }
}
