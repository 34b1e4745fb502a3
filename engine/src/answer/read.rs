//! Passages → the sentences that may answer, best first, and how sure one can be that any of them does.
//!
//! Every sentence of the passages is described by a few numbers ([`Clues`]) and scored by a logistic model over them:
//! one for questions in a language that the reader knows, one for the others, which have words alone to go by.

mod clues;
mod weights;

use crate::models::Models;
use crate::retrieve::{Found, Query};
use crate::store::Lexical;
use crate::text::{SentenceSpan, addresses_a_model, slice_chars};
use crate::{AccessScope, Result};

/// A sentence that may answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Index of the passage among the hits.
    pub hit: usize,
    /// The sentence, in characters of the passage.
    pub sentence: SentenceSpan,
    /// The exact answer, in characters of the passage, when the reader is sure of one.
    pub span: Option<(usize, usize)>,
    /// Log-odds that the sentence answers.
    pub score: f32,
}

/// What reading brought.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// 0 to 1.
    pub confidence: f32,
    /// Passages that were read.
    pub passages: usize,
}

/// Reads the passages of the hits. How rare a word is, is counted among what the scope sees.
pub fn read(
    models: &Models,
    lexical: &Lexical,
    scope: &AccessScope,
    query: &Query,
    found: &[Found],
) -> Result<Evidence> {
    let question = clues::Question::new(models, lexical, scope, query)?;
    let mut candidates = Vec::new();
    for (hit, passage) in found.iter().enumerate() {
        candidates.extend(question.candidates(hit, passage, found)?);
    }
    // Whoever plants an order to the machine in a document does not get to speak through it.
    candidates.retain(|candidate| {
        let SentenceSpan { start, end } = candidate.sentence;
        !addresses_a_model(slice_chars(&found[candidate.hit].chunk.text, start, end))
    });
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.hit.cmp(&b.hit)));
    let best = candidates.first().map_or(f32::NEG_INFINITY, |candidate| candidate.score);
    Ok(Evidence { candidates, confidence: logistic(best), passages: found.len() })
}

impl Evidence {
    /// The exact answer of the best sentence, where the reader found one.
    pub fn short_answer(&self, found: &[Found]) -> Option<String> {
        let best = self.candidates.first()?;
        let (start, end) = best.span?;
        Some(slice_chars(&found[best.hit].chunk.text, start, end).to_owned())
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
