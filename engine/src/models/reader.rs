//! Question and passage → the span that answers, and how sure the model is that the passage answers at all.

use std::path::Path;

use tokenizers::{Encoding, Tokenizer, TruncationDirection, TruncationParams, TruncationStrategy};

use super::entry::{ModelEntry, Task};
use super::pool::Pool;
use super::runtime::{Input, Model, Runtime};
use super::tokenizer;
use crate::Result;
use crate::text::SentenceSpan;

/// Tokens that two windows of a long passage share.
const WINDOW_OVERLAP_TOKENS: usize = 64;
/// [CLS] question [SEP] passage [SEP].
const SPECIAL_TOKENS: usize = 3;

/// The extractive reader.
pub struct Reader {
    entry: ModelEntry,
    max_answer_tokens: usize,
    tokenizer: Tokenizer,
    /// The same, without truncation.
    plain: Tokenizer,
    pool: Pool,
}

/// The best span of one sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Offsets in characters of the passage.
    pub start: usize,
    pub end: usize,
    /// Span score minus the no-answer score; the larger, the surer that the passage answers.
    pub margin: f32,
}

impl Reader {
    pub(super) fn load(runtime: &Runtime, dir: &Path, entry: &ModelEntry, sessions: usize) -> Result<Reader> {
        let Task::Reader { max_answer_tokens } = entry.task else { return Err(entry.failed("it is no reader")) };
        let windows = TruncationParams {
            max_length: entry.max_tokens,
            stride: WINDOW_OVERLAP_TOKENS,
            strategy: TruncationStrategy::OnlySecond,
            direction: TruncationDirection::Right,
        };
        Ok(Reader {
            entry: entry.clone(),
            max_answer_tokens,
            tokenizer: tokenizer::cutting(dir, entry, windows, None)?,
            plain: tokenizer::plain(dir, entry)?,
            pool: Pool::new(runtime.sessions(&dir.join(&entry.path), sessions)?),
        })
    }

    /// Whether the model can read this language.
    pub fn knows(&self, language: &str) -> bool {
        self.entry.knows(language)
    }

    /// As much of a question as leaves the passage windows that move on: more than their overlap.
    fn beginning<'q>(&self, question: &'q str) -> Result<&'q str> {
        let room = self.entry.max_tokens.saturating_sub(2 * WINDOW_OVERLAP_TOKENS + SPECIAL_TOKENS);
        tokenizer::beginning(&self.plain, &self.entry, question, room)
    }

    /// The best span inside each of the passage's sentences; `None` for one that the model could not see. Passages
    /// longer than the model's input are read in windows, which answer together: the surest span of a sentence
    /// against the surest "nothing here" of any window.
    pub fn read(&self, question: &str, passage: &str, sentences: &[SentenceSpan]) -> Result<Vec<Option<Reading>>> {
        let question = self.beginning(question)?;
        let pair = self.tokenizer.encode_char_offsets((question, passage), true);
        let encoding = pair.map_err(|e| self.entry.failed(e))?;
        let mut best: Vec<Option<Reading>> = vec![None; sentences.len()];
        let mut null_score = f32::INFINITY;
        self.pool.with(|model| {
            for window in std::iter::once(&encoding).chain(encoding.get_overflowing()) {
                let logits = Logits::of(model, window)?;
                null_score = null_score.min(logits.null_score);
                for (known, sentence) in best.iter_mut().zip(sentences) {
                    let found = logits.best_span(window, *sentence, self.max_answer_tokens);
                    if let Some(found) = found.filter(|found| known.is_none_or(|known| found.margin > known.margin)) {
                        *known = Some(found);
                    }
                }
            }
            Ok(())
        })?;
        Ok(best
            .into_iter()
            .map(|found| found.map(|found| Reading { margin: found.margin - null_score, ..found }))
            .collect())
    }
}

/// What the model says of one window.
struct Logits {
    start: Vec<f32>,
    end: Vec<f32>,
    null_score: f32,
}

impl Logits {
    fn of(model: &mut Model, window: &Encoding) -> Result<Logits> {
        let widen = |values: &[u32]| values.iter().map(|&v| i64::from(v)).collect::<Vec<_>>();
        let (ids, mask) = (widen(window.get_ids()), widen(window.get_attention_mask()));
        let types = widen(window.get_type_ids());
        let inputs = [
            Input { name: "input_ids", values: &ids },
            Input { name: "attention_mask", values: &mask },
            Input { name: "token_type_ids", values: &types },
        ];
        let mut outputs = model.run(&inputs, &["start_logits", "end_logits", "null_score"])?.into_iter();
        let mut next = || outputs.next().map(|output| output.values).unwrap_or_default();
        let (start, end, null) = (next(), next(), next());
        Ok(Logits { start, end, null_score: null.first().copied().unwrap_or(f32::INFINITY) })
    }

    /// The best span among the tokens of a sentence; its `margin` is the bare span score.
    fn best_span(&self, window: &Encoding, sentence: SentenceSpan, max_span: usize) -> Option<Reading> {
        let offsets = window.get_offsets();
        let inside: Vec<bool> = (0..offsets.len())
            .map(|i| {
                let (start, end) = offsets[i];
                let in_passage = window.get_type_ids()[i] == 1 && window.get_special_tokens_mask()[i] == 0;
                in_passage && start >= sentence.start && end <= sentence.end
            })
            .collect();
        let (first, last, score) = best_span(&self.start, &self.end, &inside, max_span)?;
        Some(Reading { start: offsets[first].0, end: offsets[last].1, margin: score })
    }
}

/// Argmax of start + end logit over spans of tokens that are `inside`, of at most `max_span` tokens.
fn best_span(start: &[f32], end: &[f32], inside: &[bool], max_span: usize) -> Option<(usize, usize, f32)> {
    let mut best: Option<(usize, usize, f32)> = None;
    for first in (0..start.len()).filter(|&i| inside[i]) {
        let stop = (first + max_span).min(end.len());
        for last in (first..stop).filter(|&i| inside[i]) {
            let score = start[first] + end[last];
            if best.is_none_or(|(_, _, known)| score > known) {
                best = Some((first, last, score));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::best_span;

    #[test]
    fn best_span_stays_inside_the_passage_and_in_order() {
        let start = [9.0, 1.0, 0.0, 3.0];
        let end = [9.0, 0.0, 5.0, 1.0];
        assert_eq!(best_span(&start, &end, &[false, true, true, true], 30), Some((1, 2, 6.0)));
        assert_eq!(best_span(&start, &end, &[false, false, false, false], 30), None);
    }
}
