//! One answer against what is expected of it.
//!
//! In: a question with its gold answers and documents, and what was answered. Out: the row that measures are taken over.

use std::collections::BTreeSet;

use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::eval::{AnswerRow, AnswerScores};

use super::layout::{Gold, Question};
use super::metrics::citation_scores;

/// `name` is what the set calls a document of this uri.
pub fn judge<'a>(question: &Question, gold: &Gold, answer: &'a Answer, name: impl Fn(&'a str) -> &'a str) -> AnswerRow {
    let sentences: Vec<&str> = answer.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    let text = sentences.join(" ");
    let abstained = answer.status == Status::Abstained || text.trim().is_empty();
    let cited: BTreeSet<&str> = answer.citations.iter().map(|citation| name(&citation.uri)).collect();
    let scores = match gold.answerable && !gold.answers.answers.is_empty() {
        true if abstained => Some(AnswerScores::default()),
        true => Some(gold.answers.score(&text, answer.short_answer.as_deref())),
        false => None,
    };
    AnswerRow {
        id: question.id.clone(),
        key: question.key.clone(),
        language: question.language.clone(),
        answerable: gold.answerable,
        abstained,
        confidence: f64::from(answer.confidence),
        scores,
        citations: if gold.answerable && !abstained { citation_scores(&cited, &gold.documents) } else { None },
        latency_ms: None,
    }
}
