//! Passages → the sentences that may answer, best first, and how sure one can be that any of them does.
//!
//! Every sentence of the passages is described by a few numbers ([`Clues`]) and scored by a logistic model over them:
//! one for questions in a language that the reader knows, one for the others, which have words alone to go by.

mod asked;
mod clues;
mod weights;

pub use clues::Clues;

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::answer::ground::may_be_shown;
use crate::models::cosine;
use crate::retrieve::{Found, Query, Retriever};
use crate::text::{SentenceSpan, slice_chars};
use crate::{AccessScope, Result};

/// Confidence at which it is in doubt whether there is an answer, so that the question is compared with the best sentences as a whole,
/// which costs a run of the embedder for each.
pub(super) const DOUBT: RangeInclusive<f32> = 0.1..=0.5;
/// Sentences that are compared with the question.
const COMPARED: usize = 2;

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
    pub clues: Clues,
}

/// What reading brought.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// 0 to 1.
    pub confidence: f32,
    /// Confidence from which on each level of strictness answers.
    pub least_confidence: [f32; 5],
    /// Passages that were read.
    pub passages: usize,
}

impl Retriever {
    /// Reads the passages of the hits, each by itself: a quantised model is slower on a batch, and what it says of a passage
    /// would depend on what else is in it. How rare a word is, is counted among what the scope sees. `vector` is the query's;
    /// confidences within `doubt` are looked into.
    pub(super) async fn read(
        &self,
        query: &Query,
        vector: Option<Vec<f32>>,
        scope: &AccessScope,
        found: &Arc<Vec<Found>>,
        doubt: RangeInclusive<f32>,
    ) -> Result<Evidence> {
        let (models, lexical) = (Arc::clone(&self.models), self.lexical.clone());
        let (query, scope) = (query.clone(), scope.clone());
        let question = self.executor.run(move || clues::Question::new(models, &lexical, &scope, query)).await?;
        let question = Arc::new(question);
        let passages = (0..found.len()).map(|hit| {
            let (question, found) = (Arc::clone(&question), Arc::clone(found));
            move || sentences(&question, hit, &found)
        });
        let read = self.executor.run_all(passages.collect()).await?;
        let mut candidates: Vec<Candidate> = read.into_iter().flatten().collect();
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.hit.cmp(&b.hit)));
        let mut confidence = candidates.first().map_or(0.0, |best| question.confidence(&best.clues));
        let compares = question.compares() && doubt.contains(&confidence);
        if let Some(vector) = vector.filter(|_| compares) {
            let likeness = self.likeness(vector, &candidates, found).await?;
            candidates.iter_mut().for_each(|candidate| candidate.clues.likeness = likeness);
            confidence = candidates.first().map_or(0.0, |best| question.confidence_in_doubt(&best.clues));
        }
        Ok(Evidence { candidates, confidence, least_confidence: question.least_confidence(), passages: found.len() })
    }

    /// See [`Clues::likeness`].
    async fn likeness(&self, vector: Vec<f32>, best_first: &[Candidate], found: &[Found]) -> Result<f32> {
        let vector = Arc::new(vector);
        let knows =
            |hit: &Found| hit.chunk.language.as_deref().is_none_or(|language| self.models.embedder.knows(language));
        let best = best_first.iter().filter(|candidate| knows(&found[candidate.hit])).take(COMPARED);
        let compared = best.map(|candidate| {
            let (models, vector) = (Arc::clone(&self.models), Arc::clone(&vector));
            let SentenceSpan { start, end } = candidate.sentence;
            let sentence = slice_chars(&found[candidate.hit].chunk.text, start, end).to_owned();
            move || Ok(cosine(&vector, &models.embedder.embed_passage(&sentence)?))
        });
        Ok(self.executor.run_all(compared.collect()).await?.into_iter().fold(0.0, f32::max))
    }
}

/// Whoever plants an order to the machine, or a link out, in a document does not get to speak through it.
fn sentences(question: &clues::Question, hit: usize, found: &[Found]) -> Result<Vec<Candidate>> {
    let mut candidates = question.candidates(hit, found)?;
    candidates.retain(|candidate| {
        let SentenceSpan { start, end } = candidate.sentence;
        let text = slice_chars(&found[hit].chunk.text, start, end);
        may_be_shown(text) && !(candidate.clues.heading > 0.0 && only_names(text))
    });
    Ok(candidates)
}

impl Evidence {
    /// The exact answer of the best sentence, where the reader found one.
    pub fn short_answer(&self, found: &[Found]) -> Option<String> {
        let best = self.candidates.first()?;
        let (start, end) = best.span?;
        Some(slice_chars(&found[best.hit].chunk.text, start, end).to_owned())
    }
}

/// Whether a heading only names what comes: it has no figure behind its number, and announces no list.
fn only_names(heading: &str) -> bool {
    let title = heading.trim_start_matches(|c: char| !c.is_alphabetic());
    !title.chars().any(|c| c.is_ascii_digit()) && !title.ends_with([':', '：'])
}

#[cfg(test)]
mod tests {
    use super::only_names;

    #[test]
    fn a_heading_with_a_figure_may_answer() {
        assert!(only_names("2. Annual leave entitlement"));
        assert!(only_names("三、结转"));
        assert!(!only_names("Version 2.3.1 (18 March 2025)"));
        assert!(!only_names("Do this:"));
    }
}
