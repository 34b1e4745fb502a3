//! Question and passage → the span that answers, and how sure the model is that the passage answers at all.

use std::path::Path;

use tokenizers::{Encoding, Tokenizer, TruncationDirection, TruncationParams, TruncationStrategy};

use super::embedder::plain_tokenizer;
use super::pool::Pool;
use super::registry::ReaderEntry;
use super::runtime::{Input, Model, Runtime};
use crate::{Error, Result};

/// Tokens that two windows of a long passage share.
const WINDOW_OVERLAP_TOKENS: usize = 64;

/// The extractive reader.
pub struct Reader {
    entry: ReaderEntry,
    tokenizer: Tokenizer,
    pool: Pool,
}

/// The best span of one passage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Offsets in characters of the passage.
    pub start: usize,
    pub end: usize,
    /// Span score minus the no-answer score; the larger, the surer that the passage answers.
    pub margin: f32,
    /// Start plus end logit of the span.
    pub span_score: f32,
}

impl Reader {
    pub(super) fn load(runtime: &Runtime, dir: &Path, entry: &ReaderEntry, sessions: usize) -> Result<Reader> {
        let mut tokenizer = plain_tokenizer(&dir.join(&entry.tokenizer), &entry.name)?;
        let windows = TruncationParams {
            max_length: entry.max_tokens,
            stride: WINDOW_OVERLAP_TOKENS,
            strategy: TruncationStrategy::OnlySecond,
            direction: TruncationDirection::Right,
        };
        tokenizer
            .with_truncation(Some(windows))
            .map_err(|e| Error::Model { name: entry.name.clone(), detail: e.to_string() })?;
        let pool = Pool::new(runtime.sessions(&dir.join(&entry.path), sessions)?);
        Ok(Reader { entry: entry.clone(), tokenizer, pool })
    }

    /// Whether the model can read this language.
    pub fn knows(&self, language: &str) -> bool {
        self.entry.languages.iter().any(|known| known == language || known == "*")
    }

    /// Margin from which on a span counts as an answer.
    pub fn threshold(&self) -> f32 {
        self.entry.no_answer_threshold
    }

    /// The best span of the passage; `None` when the passage has no token or the question leaves no room for it.
    pub fn read(&self, question: &str, passage: &str) -> Result<Option<Reading>> {
        let encoding = self
            .tokenizer
            .encode_char_offsets((question, passage), true)
            .map_err(|e| Error::Model { name: self.entry.name.clone(), detail: e.to_string() })?;
        self.pool.with(|model| {
            let mut best: Option<Reading> = None;
            // The windows of a passage answer together: the surest span against the surest "nothing here".
            let mut null_score = f32::INFINITY;
            for window in std::iter::once(&encoding).chain(encoding.get_overflowing()) {
                let Some((reading, null)) = read_window(model, window, self.entry.max_answer_tokens)? else { continue };
                null_score = null_score.min(null);
                if best.is_none_or(|known| reading.span_score > known.span_score) {
                    best = Some(reading);
                }
            }
            Ok(best.map(|reading| Reading { margin: reading.span_score - null_score, ..reading }))
        })
    }
}

/// The best span of one window, and the window's no-answer score.
fn read_window(model: &mut Model, window: &Encoding, max_span: usize) -> Result<Option<(Reading, f32)>> {
    let widen = |values: &[u32]| values.iter().map(|&v| i64::from(v)).collect::<Vec<_>>();
    let (ids, mask, types) =
        (widen(window.get_ids()), widen(window.get_attention_mask()), widen(window.get_type_ids()));
    let inputs = [
        Input { name: "input_ids", values: &ids },
        Input { name: "attention_mask", values: &mask },
        Input { name: "token_type_ids", values: &types },
    ];
    let outputs = model.run(&inputs, &["start_logits", "end_logits", "null_score"])?;
    let [start_logits, end_logits, null] = outputs.as_slice() else { return Ok(None) };
    let in_passage: Vec<bool> = window
        .get_type_ids()
        .iter()
        .zip(window.get_special_tokens_mask())
        .map(|(&segment, &special)| segment == 1 && special == 0)
        .collect();
    let Some((first, last, span_score)) = best_span(start_logits, end_logits, &in_passage, max_span) else {
        return Ok(None);
    };
    let offsets = window.get_offsets();
    let reading = Reading { start: offsets[first].0, end: offsets[last].1, margin: 0.0, span_score };
    Ok(Some((reading, null.first().copied().unwrap_or(f32::INFINITY))))
}

/// Argmax of start + end logit over spans inside the passage of at most `max_span` tokens.
fn best_span(start: &[f32], end: &[f32], in_passage: &[bool], max_span: usize) -> Option<(usize, usize, f32)> {
    let mut best: Option<(usize, usize, f32)> = None;
    for first in (0..start.len()).filter(|&i| in_passage[i]) {
        let stop = (first + max_span).min(end.len());
        for last in (first..stop).filter(|&i| in_passage[i]) {
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
