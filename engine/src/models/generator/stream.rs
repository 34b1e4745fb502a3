//! Tokens, one by one → text of whole characters, up to a stop text.
//!
//! A character may be spread over several tokens, and a stop text too: what may still become one or the other is held
//! back. Bytes that never become a character are left out.

use tokenizers::Tokenizer;

/// What a decoder writes for bytes that are no character, or not yet.
const UNFINISHED: char = '\u{fffd}';

pub struct TextStream<'v> {
    tokenizer: &'v Tokenizer,
    stops: &'v [String],
    ids: Vec<u32>,
    /// Decoding begins here: decoders treat the first token of a text differently, so some that were said come along.
    start: usize,
    /// Up to here, `ids` made whole characters.
    whole: usize,
    /// Bytes of the text of `ids[start..]` that were taken.
    taken: usize,
    /// Taken, and perhaps the beginning of a stop text.
    held: String,
}

/// What a token brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    /// A stop text came; nothing is to follow.
    pub stopped: bool,
}

impl<'v> TextStream<'v> {
    pub fn new(tokenizer: &'v Tokenizer, stops: &'v [String]) -> TextStream<'v> {
        TextStream { tokenizer, stops, ids: Vec::new(), start: 0, whole: 0, taken: 0, held: String::new() }
    }

    pub fn push(&mut self, id: u32) -> tokenizers::Result<Said> {
        self.ids.push(id);
        let text = self.tokenizer.decode(&self.ids[self.start..], true)?;
        let whole = text.trim_end_matches(UNFINISHED);
        if let Some(new) = whole.get(self.taken..) {
            self.held.push_str(new);
            self.taken = whole.len();
        }
        if whole.len() == text.len() {
            self.start = self.whole;
            self.whole = self.ids.len();
            self.taken = self.tokenizer.decode(&self.ids[self.start..], true)?.len();
        }
        Ok(self.release())
    }

    /// What was held back, when no token follows.
    pub fn finish(self) -> String {
        self.held
    }

    fn release(&mut self) -> Said {
        let found = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
        if let Some(at) = found {
            self.held.truncate(at);
            return Said { text: std::mem::take(&mut self.held), stopped: true };
        }
        let held_from = self.stops.iter().map(|stop| beginning_of(stop, &self.held)).min().unwrap_or(self.held.len());
        let rest = self.held.split_off(held_from);
        Said { text: std::mem::replace(&mut self.held, rest), stopped: false }
    }
}

/// Where the longest end of `text` that begins `stop` begins; the end of `text` if none does.
fn beginning_of(stop: &str, text: &str) -> usize {
    let earliest = text.len().saturating_sub(stop.len());
    let starts = text.char_indices().map(|(at, _)| at).filter(|&at| at >= earliest);
    starts.into_iter().find(|&at| stop.starts_with(&text[at..])).unwrap_or(text.len())
}
