//! Candidates without a model: sentences scored by the question's words that they hold.
//!
//! A word weighs as much as it is rare (IDF). A sentence is read with its neighbours and its headings, which name what
//! it says "it" of: their words count, less. A question that asks for a number is answered by a sentence that has one.

use std::collections::{HashMap, HashSet};

use super::Candidate;
use crate::Result;
use crate::retrieve::{Found, Query, is_question_word};
use crate::store::Lexical;
use crate::text::{SentenceSpan, sentences, slice_chars, terms};

/// How much a word counts where it stands, besides 1 in the sentence itself.
const NEIGHBOUR: f32 = 0.6;
const HEADING: f32 = 0.5;
/// Share of the question's weight that has to be found for a sentence to answer.
const THRESHOLD: f32 = 0.6;
/// Scores are spread so that a candidate's confidence moves between about .1 and .9.
const SPREAD: f32 = 8.0;
/// Worth of a number where one is asked for.
const NUMBER_BONUS: f32 = 0.08;
/// What a passage's rank is worth.
const RETRIEVAL_WEIGHT: f32 = 0.15;

pub fn candidates(lexical: &Lexical, query: &Query, found: &[Found]) -> Result<Vec<Candidate>> {
    let weights = weights(lexical, query)?;
    let total: f32 = weights.values().sum();
    if total <= 0.0 {
        return Ok(Vec::new());
    }
    let best_retrieval = found.iter().map(|hit| hit.score).fold(f32::MIN_POSITIVE, f32::max);
    let wants_number = asks_for_number(&query.text);
    let mut out = Vec::new();
    for (index, hit) in found.iter().enumerate() {
        let passage = Passage::new(hit);
        let behind = RETRIEVAL_WEIGHT * (1.0 - hit.score / best_retrieval);
        for (at, sentence) in passage.sentences.iter().enumerate() {
            if passage.asks(at) || passage.is_heading(at, hit) {
                continue;
            }
            let number = if wants_number && passage.has_number(at) { NUMBER_BONUS } else { 0.0 };
            let covered = passage.coverage(at, &weights) / total;
            let score = SPREAD * (covered + number - behind - THRESHOLD);
            out.push(Candidate { hit: index, sentence: *sentence, span: None, score });
        }
    }
    Ok(out)
}

/// The question's words and what each weighs.
fn weights(lexical: &Lexical, query: &Query) -> Result<HashMap<String, f32>> {
    let unique: HashSet<String> = query.terms.iter().filter(|term| !is_question_word(term)).cloned().collect();
    let unique: Vec<String> = unique.into_iter().collect();
    let idf = lexical.idf(&unique)?;
    Ok(unique.into_iter().zip(idf).collect())
}

struct Passage<'a> {
    sentences: Vec<SentenceSpan>,
    texts: Vec<&'a str>,
    terms: Vec<HashSet<String>>,
    headings: HashSet<String>,
}

impl<'a> Passage<'a> {
    fn new(hit: &'a Found) -> Passage<'a> {
        let chunk = &hit.chunk;
        let sentences = sentences(&chunk.text);
        let texts: Vec<&str> = sentences.iter().map(|s| slice_chars(&chunk.text, s.start, s.end)).collect();
        let headings = format!("{}\n{}", chunk.title, chunk.heading.as_deref().unwrap_or_default());
        Passage {
            terms: texts.iter().map(|text| terms(text).into_iter().collect()).collect(),
            headings: terms(&headings).into_iter().collect(),
            sentences,
            texts,
        }
    }

    /// Weight of the question's words found in or around a sentence.
    fn coverage(&self, at: usize, weights: &HashMap<String, f32>) -> f32 {
        let before = at.checked_sub(1).map(|at| &self.terms[at]);
        let after = self.terms.get(at + 1);
        weights
            .iter()
            .map(|(term, weight)| {
                let near =
                    before.is_some_and(|terms| terms.contains(term)) || after.is_some_and(|terms| terms.contains(term));
                let share = match () {
                    _ if self.terms[at].contains(term) => 1.0,
                    _ if near => NEIGHBOUR,
                    _ if self.headings.contains(term) => HEADING,
                    _ => 0.0,
                };
                share * weight
            })
            .sum()
    }

    /// A question does not answer one; what follows it may.
    fn asks(&self, at: usize) -> bool {
        self.texts[at].ends_with(['?', '？'])
    }

    fn is_heading(&self, at: usize, hit: &Found) -> bool {
        let text = self.texts[at];
        let innermost = hit.chunk.heading.as_deref().and_then(|path| path.rsplit(" › ").next());
        innermost == Some(text) || hit.chunk.title == text
    }

    fn has_number(&self, at: usize) -> bool {
        self.texts[at].contains(|c: char| c.is_numeric() || "一二三四五六七八九十百千万两".contains(c))
    }
}

fn asks_for_number(question: &str) -> bool {
    [
        "多少",
        "几",
        "幾",
        "多久",
        "多长",
        "多長",
        "多大",
        "何时",
        "何時",
        "什么时候",
        "什麼時候",
        "哪年",
        "哪一年",
        "日期",
        "how many",
        "how much",
        "how long",
        "when",
    ]
    .iter()
    .any(|cue| question.to_lowercase().contains(cue))
}

#[cfg(test)]
mod tests {
    use super::asks_for_number;

    #[test]
    fn knows_questions_for_numbers() {
        for (question, expected) in
            [("年假有多少天？", true), ("How many days?", true), ("谁批准请假？", false), ("Who approves?", false)]
        {
            assert_eq!(asks_for_number(question), expected, "{question}");
        }
    }
}
