//! The questions that went wrong, most telling first.
//!
//! In: a question with what came for it. Out: a [`Failure`] when something is wrong with that, and a list that keeps
//! the worst of them. An answer that misleads comes before one that is missing, and the surer it was the earlier.

use std::cmp::Ordering;

use taproot_schemas::answer::Answer;
use taproot_schemas::eval::{AnswerRow, Came, Failure, FailureKind, RankingRow};

use super::layout::{FollowUp, Gold, Question};

/// Failures that a result lists.
pub const LISTED: usize = 200;
/// Documents that a failure shows.
pub const SHOWN: usize = 10;
/// Characters of a passage that a failure shows.
const QUOTE_CHARS: usize = 280;
/// Characters of a question, an answer, or a gold answer that a failure shows.
const TEXT_CHARS: usize = 2_000;

/// The worst failures so far; it never holds more than twice what it lists.
#[derive(Default)]
pub struct Failures {
    kept: Vec<Failure>,
    count: u64,
}

impl Failures {
    pub fn add(&mut self, failure: Option<Failure>) {
        let Some(failure) = failure else { return };
        self.count += 1;
        self.kept.push(failure);
        if self.kept.len() >= 2 * LISTED {
            self.sort();
        }
    }

    /// How many there were, and the worst of them in order.
    pub fn finish(mut self) -> (u64, Vec<Failure>) {
        self.sort();
        (self.count, self.kept)
    }

    fn sort(&mut self) {
        self.kept.sort_by(most_telling);
        self.kept.truncate(LISTED);
    }
}

fn most_telling(a: &Failure, b: &Failure) -> Ordering {
    let class = |failure: &Failure| match failure.kind {
        FailureKind::MadeUp | FailureKind::Wrong | FailureKind::NotFound => 0,
        FailureKind::WrongSource | FailureKind::RankedLow => 1,
        FailureKind::Refused => 2,
    };
    let confidence = |failure: &Failure| failure.confidence.unwrap_or(0.0);
    class(a)
        .cmp(&class(b))
        .then_with(|| confidence(b).total_cmp(&confidence(a)))
        .then_with(|| b.first_relevant.cmp(&a.first_relevant))
}

/// What is wrong with a ranking, if anything.
pub fn of_ranking(question: &Question, row: &RankingRow, came: impl FnOnce() -> Vec<Came>) -> Option<Failure> {
    let kind = match row.first_relevant {
        Some(1) => return None,
        Some(_) => FailureKind::RankedLow,
        None => FailureKind::NotFound,
    };
    let relevant = question.grades.iter().flatten().filter(|(_, grade)| **grade > 0.0);
    Some(Failure {
        expected_documents: relevant.map(|(document, _)| document.clone()).take(SHOWN).collect(),
        first_relevant: row.first_relevant,
        came: came(),
        ..blank(kind, question)
    })
}

/// What is wrong with what was found for a question in its conversation, if anything.
pub fn of_follow_up(
    follow_up: &FollowUp,
    place: Option<u32>,
    standalone: &str,
    came: impl FnOnce() -> Vec<Came>,
) -> Option<Failure> {
    let kind = match place {
        Some(1) => return None,
        Some(_) => FailureKind::RankedLow,
        None => FailureKind::NotFound,
    };
    let question = &follow_up.question;
    let blank = blank(kind, question);
    Some(Failure {
        question: shortened(&format!("{} → {standalone}", question.text), TEXT_CHARS),
        expected_documents: question.grades.iter().flatten().map(|(name, _)| name.clone()).take(SHOWN).collect(),
        first_relevant: place,
        came: came(),
        ..blank
    })
}

/// What is wrong with an answer, if anything. `first_relevant` is the place of a gold document in the search.
pub fn of_answer(
    question: &Question,
    gold: &Gold,
    row: &AnswerRow,
    answer: &Answer,
    first_relevant: Option<u32>,
    name: impl Fn(&str) -> String,
) -> Option<Failure> {
    let kind = kind(row)?;
    let came = answer.citations.iter().take(SHOWN).map(|citation| {
        let document = name(&citation.uri);
        Came {
            title: citation.title.clone(),
            relevant: gold.documents.contains(&document),
            document,
            score: f64::from(citation.score),
            quote: shortened(&citation.quote, QUOTE_CHARS),
        }
    });
    Some(Failure {
        expected_answers: gold.answers.answers.iter().map(|answer| shortened(answer, TEXT_CHARS)).take(SHOWN).collect(),
        expected_documents: gold.documents.iter().take(SHOWN).cloned().collect(),
        first_relevant,
        answer: (!row.abstained).then(|| shortened(&answer.answer, TEXT_CHARS)),
        confidence: Some(row.confidence),
        came: came.collect(),
        ..blank(kind, question)
    })
}

/// In what way an answer is wrong; `None` when it is right.
pub fn kind(row: &AnswerRow) -> Option<FailureKind> {
    match (row.answerable, row.abstained) {
        (false, true) => None,
        (false, false) => Some(FailureKind::MadeUp),
        (true, true) => Some(FailureKind::Refused),
        (true, false) if row.scores.is_some_and(|scores| scores.contains == 0.0) => Some(FailureKind::Wrong),
        (true, false) if row.citations.is_some_and(|citations| citations.hit == 0.0) => Some(FailureKind::WrongSource),
        (true, false) => None,
    }
}

fn blank(kind: FailureKind, question: &Question) -> Failure {
    Failure {
        kind,
        id: question.id.clone(),
        language: question.language.clone(),
        question: shortened(&question.text, TEXT_CHARS),
        expected_answers: Vec::new(),
        expected_documents: Vec::new(),
        first_relevant: None,
        answer: None,
        confidence: None,
        came: Vec::new(),
    }
}

/// The beginning of a passage, on one line.
pub fn quote(text: &str) -> String {
    shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "), QUOTE_CHARS)
}

fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailureKind, confidence: f64, id: &str) -> Failure {
        let question = Question {
            id: id.into(),
            key: String::new(),
            text: "年假".into(),
            language: "zh".into(),
            grades: None,
            gold: None,
        };
        Failure { confidence: Some(confidence), ..blank(kind, &question) }
    }

    #[test]
    fn what_misleads_comes_first() {
        let mut failures = Failures::default();
        for (kind, confidence, id) in [
            (FailureKind::Refused, 0.9, "refused"),
            (FailureKind::Wrong, 0.4, "unsure"),
            (FailureKind::WrongSource, 1.0, "elsewhere"),
            (FailureKind::MadeUp, 0.8, "sure"),
        ] {
            failures.add(Some(failure(kind, confidence, id)));
        }
        failures.add(None);
        let (count, kept) = failures.finish();
        assert_eq!(count, 4);
        assert!(kept.iter().map(|failure| failure.id.as_str()).eq(["sure", "unsure", "elsewhere", "refused"]));
    }

    #[test]
    fn the_list_is_bounded_and_all_are_counted() {
        let mut failures = Failures::default();
        (0..1_000).for_each(|at| failures.add(Some(failure(FailureKind::Wrong, f64::from(at), "x"))));
        let (count, kept) = failures.finish();
        assert_eq!((count, kept.len(), kept[0].confidence), (1_000, LISTED, Some(999.0)));
    }

    #[test]
    fn quotes_are_cut_between_characters() {
        assert_eq!(quote("年  假\n条"), "年 假 条");
        assert_eq!(quote(&"年".repeat(300)).chars().count(), QUOTE_CHARS + 1);
    }
}
