//! Evidence → what a careful colleague would quote: the shortest set of whole sentences, list items or rows that answers.
//!
//! A procedure comes with all of its steps, a row with its header. Quotes come in the order of their documents, the best
//! document first. Nothing is written here that does not stand in a document. Deliberately absent: a sentence that leans on
//! the one before ("It …") is quoted without it; the citation opens the place.

use std::collections::HashMap;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::conflict::differ;
use super::{Composer, Piece, Quote, Spent, Task};
use crate::answer::ground::may_be_shown;
use crate::answer::read::Candidate;
use crate::answer::units::{Kind, Lines};
use crate::text::{SentenceSpan, slice_chars};
use crate::{Error, Result};

/// A further sentence is added while its log-odds are no more than this below the best's.
const NEAR_BEST: f32 = 1.5;
/// And one that says something else than the best, of another document, while they are no more than this below.
const NEAR_CONFLICT: f32 = 2.0;
/// A line of several sentences is quoted whole up to this length, in characters: an item of a list, a row of a table.
const MAX_LINE_CHARS: usize = 400;

/// How long an answer may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Sentences, besides the steps of a procedure and the headers of tables.
    pub sentences: usize,
    /// Characters of all quotes together; the first is quoted whatever its length.
    pub chars: usize,
}

/// Quotes the documents.
#[derive(Debug, Clone, Copy)]
pub struct Extractive {
    pub limits: Limits,
}

#[async_trait]
impl Composer for Extractive {
    async fn compose(&self, task: &Task, pieces: &mpsc::Sender<Piece>) -> Result<Spent> {
        for piece in select(task, self.limits) {
            pieces.send(piece).await.map_err(|_| Error::Cancelled)?;
        }
        Ok(Spent::default())
    }
}

/// The pieces of the answer, in their order; none when there is no evidence.
pub fn select(task: &Task, limits: Limits) -> Vec<Piece> {
    let Some(best) = task.evidence.candidates.first() else { return Vec::new() };
    let mut selection = Selection { task, lines: HashMap::new(), quotes: Vec::new(), limits };
    if !(wants_many(&task.question) && selection.add_list(best)) {
        selection.add(best);
        for candidate in task.evidence.candidates[1..].iter().take_while(|next| next.score >= best.score - NEAR_BEST) {
            if selection.quotes.len() >= limits.sentences {
                break;
            }
            selection.add(candidate);
        }
    }
    let conflict = selection.add_conflict(best);
    selection.into_pieces(conflict)
}

/// What was chosen so far.
struct Selection<'a> {
    task: &'a Task,
    lines: HashMap<usize, Lines>,
    quotes: Vec<Quote>,
    limits: Limits,
}

impl Selection<'_> {
    fn text(&self, hit: usize) -> &str {
        &self.task.found[hit].chunk.text
    }

    fn lines(&mut self, hit: usize) -> &Lines {
        let text = &self.task.found[hit].chunk.text;
        self.lines.entry(hit).or_insert_with(|| Lines::of(text))
    }

    fn chars(&self) -> usize {
        self.quotes.iter().map(|quote| quote.end - quote.start).sum()
    }

    /// Adds a candidate as a quote, unless there is no room or it is there already.
    fn add(&mut self, candidate: &Candidate) -> bool {
        let span = self.whole(candidate);
        let quote = Quote { hit: candidate.hit, start: span.start, end: span.end, span: candidate.span };
        self.push(quote)
    }

    fn push(&mut self, quote: Quote) -> bool {
        let (chunk, length) = (&self.task.found[quote.hit].chunk, quote.end - quote.start);
        let place = |quote: &Quote| {
            let start = self.task.found[quote.hit].chunk.start;
            start + quote.start..start + quote.end
        };
        let range = place(&quote);
        // Chunks of one document may share a sentence.
        let known = self.quotes.iter().any(|other| {
            let (theirs, same) = (place(other), self.task.found[other.hit].chunk.document_id == chunk.document_id);
            same && theirs.start < range.end && range.start < theirs.end
        });
        let full = !self.quotes.is_empty() && self.chars() + length > self.limits.chars;
        if known || full || !may_be_shown(slice_chars(&chunk.text, quote.start, quote.end)) {
            return false;
        }
        self.quotes.push(quote);
        true
    }

    /// The candidate's sentence; the whole line of an item or a row.
    fn whole(&mut self, candidate: &Candidate) -> SentenceSpan {
        let lines = self.lines(candidate.hit);
        let line = lines.at(candidate.sentence.start).and_then(|at| lines.get(at));
        match line {
            Some(line) if line.kind != Kind::Prose && line.span.end - line.span.start <= MAX_LINE_CHARS => line.span,
            _ => candidate.sentence,
        }
    }

    /// Adds the whole list that the candidate stands in or opens; false when there is none.
    fn add_list(&mut self, candidate: &Candidate) -> bool {
        let lines = self.lines(candidate.hit);
        let Some(mut at) = lines.at(candidate.sentence.start) else { return false };
        let is_item = |at: usize| lines.get(at).is_some_and(|line| matches!(line.kind, Kind::Item { .. }));
        if !is_item(at) {
            if !(lines.get(at).is_some_and(|line| line.opens) && is_item(at + 1)) {
                return false;
            }
            at += 1;
        }
        let block = lines.block(at);
        if block.len() < 2 {
            return false;
        }
        let opening = block.start.checked_sub(1).filter(|before| lines.get(*before).is_some_and(|line| line.opens));
        let first = opening.unwrap_or(block.start);
        let spans: Vec<SentenceSpan> =
            (first..block.end).filter_map(|at| lines.get(at)).map(|line| line.span).collect();
        for span in spans {
            let inside = candidate.span.filter(|(start, end)| span.start <= *start && *end <= span.end);
            self.push(Quote { hit: candidate.hit, start: span.start, end: span.end, span: inside });
        }
        !self.quotes.is_empty()
    }

    /// Adds the best sentence of another document that says something else than the best one; (said, contradicts), as
    /// indexes of passages.
    fn add_conflict(&mut self, best: &Candidate) -> Option<(usize, usize)> {
        let evidence = std::sync::Arc::clone(&self.task.evidence);
        let said = |this: &Self, candidate: &Candidate| {
            let SentenceSpan { start, end } = candidate.sentence;
            slice_chars(this.text(candidate.hit), start, end).to_owned()
        };
        let text = said(self, best);
        let document = &self.task.found[best.hit].chunk.document_id;
        let other =
            evidence.candidates.iter().take_while(|next| next.score >= best.score - NEAR_CONFLICT).find(|next| {
                self.task.found[next.hit].chunk.document_id != *document
                    && differ(&text, &said(self, next), &self.task.question)
            })?;
        let there = self.quotes.iter().any(|quote| {
            quote.hit == other.hit && quote.start <= other.sentence.start && other.sentence.end <= quote.end
        });
        (there || self.add(other)).then_some((best.hit, other.hit))
    }

    /// In the order of the documents; headers before their rows.
    fn into_pieces(mut self, conflict: Option<(usize, usize)>) -> Vec<Piece> {
        let quotes = std::mem::take(&mut self.quotes);
        let rank = |quote: &Quote| {
            let document = &self.task.found[quote.hit].chunk.document_id;
            quotes.iter().position(|other| self.task.found[other.hit].chunk.document_id == *document)
        };
        let mut ordered: Vec<(Option<usize>, Quote)> =
            quotes.iter().map(|quote| (rank(quote), quote.clone())).collect();
        ordered.sort_by_key(|(rank, quote)| (*rank, self.task.found[quote.hit].chunk.start + quote.start));
        let mut pieces: Vec<Piece> = Vec::new();
        for (_, quote) in ordered {
            if let Some(header) = self.header(&quote)
                && !pieces.contains(&header)
            {
                pieces.push(header);
            }
            pieces.push(Piece::Quote(quote));
        }
        pieces.extend(conflict.map(|(one, other)| Piece::Differ { one, other }));
        pieces
    }

    /// The header of the table that a quoted row is in.
    fn header(&mut self, quote: &Quote) -> Option<Piece> {
        let lines = self.lines(quote.hit);
        let at = lines.at(quote.start)?;
        if lines.get(at)?.kind != Kind::Row {
            return None;
        }
        let first = lines.block(at).start;
        let begins = lines.get(first)?.span;
        if first == 0 && self.task.found[quote.hit].chunk.table_header.is_some() {
            return Some(Piece::Header { hit: quote.hit });
        }
        (first < at).then_some(Piece::Quote(Quote { hit: quote.hit, start: begins.start, end: begins.end, span: None }))
    }
}

/// Whether a question asks for steps, or for all of something.
fn wants_many(question: &str) -> bool {
    const ENGLISH: [&str; 14] = [
        "how do ",
        "how to ",
        "how can ",
        "how should ",
        "how is ",
        "how are ",
        "steps",
        "procedure",
        "process",
        "what are ",
        "which are ",
        "what should ",
        "list ",
        "what must ",
    ];
    const CHINESE: [&str; 13] =
        ["如何", "怎么", "怎麼", "怎样", "怎樣", "步骤", "步驟", "流程", "哪些", "哪几", "哪幾", "有什么", "手续"];
    let question = question.to_lowercase();
    ENGLISH.iter().any(|cue| question.contains(cue)) || CHINESE.iter().any(|cue| question.contains(cue))
}

#[cfg(test)]
mod tests {
    use super::wants_many;

    #[test]
    fn knows_questions_for_more_than_one_thing() {
        for (question, expected) in [
            ("How do I request leave?", true),
            ("How many days of leave?", false),
            ("What are the working hours?", true),
            ("报销需要哪些材料？", true),
            ("年假有几天？", false),
        ] {
            assert_eq!(wants_many(question), expected, "{question}");
        }
    }
}
