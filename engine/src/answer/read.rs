//! Passages → the sentences that may answer, best first, and how sure one can be that any of them does.
//!
//! Where the reader model knows the language, it finds the span; otherwise sentences are scored by the question's
//! words that they hold, each weighted by how rare it is. Both give scores on one scale: 0 is the border between
//! answering and refusing.

mod lexical;
mod span;

use crate::Result;
use crate::models::Models;
use crate::retrieve::{Found, Query};
use crate::store::Lexical;
use crate::text::SentenceSpan;

/// A sentence that may answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Index of the passage among the hits.
    pub hit: usize,
    /// The sentence, in characters of the passage.
    pub sentence: SentenceSpan,
    /// The exact answer, in characters of the passage, when the reader found one.
    pub span: Option<(usize, usize)>,
    /// Above 0: answers.
    pub score: f32,
}

/// What reading brought.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Those that answer, best first; empty means that one has to refuse.
    pub candidates: Vec<Candidate>,
    /// 0 to 1.
    pub confidence: f32,
    /// Passages that were read.
    pub passages: usize,
}

/// Reads the passages of the hits.
pub fn read(models: &Models, lexical: &Lexical, query: &Query, found: &[Found]) -> Result<Evidence> {
    let reader = models.reader.as_ref().filter(|reader| query.language.is_some_and(|language| reader.knows(language)));
    let mut candidates = match reader {
        Some(reader) => span::candidates(reader, query, found)?,
        None => lexical::candidates(lexical, query, found)?,
    };
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.hit.cmp(&b.hit)));
    let best = candidates.first().map_or(f32::NEG_INFINITY, |candidate| candidate.score);
    candidates.retain(|candidate| candidate.score > 0.0);
    Ok(Evidence { candidates, confidence: logistic(best), passages: found.len() })
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
