//! Evidence → what the answer says. Three composers behind one trait; whatever they write is held against its sources
//! (`ground`) before it is final.

mod conflict;
mod extractive;
mod generative;
mod pack;
pub(super) mod prompt;
pub mod upstream;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::read::Evidence;
use crate::Result;
use crate::retrieve::Found;

pub use extractive::{Extractive, Limits};
pub use generative::Generative;

/// What a composer gets.
#[derive(Clone)]
pub struct Task {
    /// The question as it stands alone. What the conversation adds may be words of earlier answers, thus of documents.
    pub question: String,
    /// The question as it was typed.
    pub asked: String,
    /// Of the question, ISO 639-1, where it can be told.
    pub language: Option<&'static str>,
    /// Passages, best first, and what reading them brought; the evidence names passages by their index.
    pub found: Arc<Vec<Found>>,
    pub evidence: Arc<Evidence>,
    /// Whose turn it is when many wait for a model: one name for all that one caller asks.
    pub asker: String,
}

impl Task {
    /// Indexes of the passages: those with the most promising sentences first, then the others by rank.
    pub fn best_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::with_capacity(self.found.len());
        let promising = self.evidence.candidates.iter().map(|candidate| candidate.hit);
        for hit in promising.chain(0..self.found.len()) {
            if !order.contains(&hit) {
                order.push(hit);
            }
        }
        order
    }
}

/// A numbered source as a model is shown it: whole sentences of a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// [`Source::number`] of the passage; a model writes `[n]` behind what it takes from here.
    pub n: u32,
    /// Index of the passage among the hits.
    pub hit: usize,
    pub title: String,
    pub text: String,
}

impl Source {
    /// The number by which a model names a passage: its index among the hits, from 1, whatever else is shown.
    pub fn number(hit: usize) -> u32 {
        hit as u32 + 1
    }
}

/// A piece of an answer, as it comes about.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Text of a model, of any length, with marks (`[1]`).
    Text(String),
    /// Whole sentences, a list item or a row of a table, as the document has them.
    Quote(Quote),
    /// The header of the table that a passage begins in the middle of.
    Header { hit: usize },
    /// Two passages, by their indexes, say different things.
    Differ { one: usize, other: usize },
}

/// A place in a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// Index of the passage among the hits.
    pub hit: usize,
    /// Characters of the passage.
    pub start: usize,
    pub end: usize,
    /// The exact answer within, in characters of the passage.
    pub span: Option<(usize, usize)>,
}

/// What writing took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    pub model: Option<String>,
    pub prompt_tokens: u32,
    pub completion_tokens: u32,
    /// The numbers of tokens are estimates, and so is the cost.
    pub estimated: bool,
    pub cost: Option<f64>,
    /// Of the cost, as in ISO 4217.
    pub currency: Option<String>,
    /// The text ends where its room ended, most likely within a sentence.
    pub cut_off: bool,
}

/// Writes an answer.
#[async_trait]
pub trait Composer: Send + Sync {
    /// Sends the pieces as they come about. A receiver that is gone ends the writing: `Error::Cancelled`.
    async fn compose(&self, task: &Task, pieces: &mpsc::Sender<Piece>) -> Result<Spent>;
}
