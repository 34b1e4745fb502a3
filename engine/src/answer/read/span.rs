//! Candidates by the reader model: the sentence around the best span of each passage.

use super::Candidate;
use crate::Result;
use crate::models::Reader;
use crate::retrieve::{Found, Query};
use crate::text::{SentenceSpan, sentences};

/// What a passage's rank is worth beside the reader's margin: the reader sees one passage at a time and is as sure of
/// a lookalike as of the right one; retrieval compares them.
const RETRIEVAL_WEIGHT: f32 = 4.0;

pub fn candidates(reader: &Reader, query: &Query, found: &[Found]) -> Result<Vec<Candidate>> {
    let best_retrieval = found.iter().map(|hit| hit.score).fold(f32::MIN_POSITIVE, f32::max);
    let mut out = Vec::with_capacity(found.len());
    for (index, hit) in found.iter().enumerate() {
        let text = &hit.chunk.text;
        let known = hit.chunk.language.as_deref().is_none_or(|language| reader.knows(language));
        if !known {
            continue;
        }
        let Some(reading) = reader.read(&query.text, text)? else { continue };
        let behind = 1.0 - hit.score / best_retrieval;
        out.push(Candidate {
            hit: index,
            sentence: around(text, reading.start, reading.end),
            span: Some((reading.start, reading.end)),
            score: reading.margin - reader.threshold() - RETRIEVAL_WEIGHT * behind,
        });
    }
    Ok(out)
}

/// The sentence or sentences that hold a span.
fn around(text: &str, start: usize, end: usize) -> SentenceSpan {
    let all = sentences(text);
    let first = all.iter().rev().find(|sentence| sentence.start <= start);
    let last = all.iter().find(|sentence| sentence.end >= end);
    match (first, last) {
        (Some(first), Some(last)) if first.start <= last.end => {
            SentenceSpan { start: first.start, end: last.end.max(end) }
        }
        _ => SentenceSpan { start, end },
    }
}

#[cfg(test)]
mod tests {
    use super::around;
    use crate::text::slice_chars;

    #[test]
    fn a_span_grows_to_its_sentence() {
        let text = "Leave is 25 days. It is paid.\nAsk HR.";
        for (start, end, expected) in [
            (9, 11, "Leave is 25 days."),
            (21, 23, "It is paid."),
            (9, 23, "Leave is 25 days. It is paid."),
            (34, 36, "Ask HR."),
        ] {
            let sentence = around(text, start, end);
            assert_eq!(slice_chars(text, sentence.start, sentence.end), expected);
        }
    }
}
