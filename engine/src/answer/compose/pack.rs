//! Passages → the sources that a model is shown: best first, whole sentences, never more tokens than there is room for.

use super::{Source, Task};
use crate::text::{addresses_a_model, sentences, slice_chars};

/// Tokens of a source besides its text: number, title, fence.
const FRAME_TOKENS: usize = 24;
/// A source of fewer tokens tells nothing.
const MIN_TOKENS: usize = 16;

/// As much of the passages as fits into `room` tokens by `count`. Sentences that address a model are left out: whoever
/// plants an order in a document does not get it before one.
pub fn pack(task: &Task, room: usize, count: impl Fn(&str) -> usize) -> Vec<Source> {
    let mut left = room;
    let mut sources = Vec::new();
    for hit in task.best_first() {
        let chunk = &task.found[hit].chunk;
        let frame = FRAME_TOKENS + count(&chunk.title);
        let Some(space) = left.checked_sub(frame).filter(|space| *space >= MIN_TOKENS) else { break };
        let (text, used) = whole_sentences(&chunk.text, space, &count);
        if !text.is_empty() {
            left -= frame + used;
            sources.push(Source { n: Source::number(hit), hit, title: chunk.title.clone(), text });
        }
    }
    sources
}

/// The sentences of a passage from its beginning, while there is room, and their tokens.
fn whole_sentences(passage: &str, room: usize, count: &impl Fn(&str) -> usize) -> (String, usize) {
    let mut text = String::new();
    let mut used = 0;
    let mut end = 0;
    for sentence in sentences(passage) {
        let said = slice_chars(passage, sentence.start, sentence.end);
        if addresses_a_model(said) {
            continue;
        }
        let tokens = count(said) + 1;
        if used + tokens > room {
            break;
        }
        if !text.is_empty() {
            let between = slice_chars(passage, end, sentence.start);
            text.push(if between.contains('\n') { '\n' } else { ' ' });
        }
        text.push_str(said);
        used += tokens;
        end = sentence.end;
    }
    (text, used)
}
