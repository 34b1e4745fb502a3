//! Slicing a long text by characters, often.

/// Bytes of every [`STEP`]th character of a text.
pub struct CharIndex<'a> {
    text: &'a str,
    /// Byte offset of characters 0, STEP, 2·STEP, …
    marks: Vec<usize>,
    chars: usize,
}

const STEP: usize = 128;

impl<'a> CharIndex<'a> {
    pub fn new(text: &'a str) -> CharIndex<'a> {
        let mut marks = Vec::with_capacity(text.len() / STEP + 1);
        let mut chars = 0;
        for (byte, _) in text.char_indices() {
            if chars % STEP == 0 {
                marks.push(byte);
            }
            chars += 1;
        }
        CharIndex { text, marks, chars }
    }

    /// Length of the text in characters.
    pub fn chars(&self) -> usize {
        self.chars
    }

    /// The part from character `start` to character `end`, clamped to the text.
    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        let (from, to) = (self.byte(start), self.byte(end.max(start)));
        &self.text[from..to]
    }

    fn byte(&self, at: usize) -> usize {
        if at >= self.chars {
            return self.text.len();
        }
        let mark = self.marks[at / STEP];
        self.text[mark..].char_indices().nth(at % STEP).map_or(self.text.len(), |(offset, _)| mark + offset)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CharIndex;
    use crate::text::slice_chars;

    proptest! {
        #[test]
        fn slices_like_the_plain_way(text in "[a年\u{1F600} ]{0,400}", start in 0usize..450, length in 0usize..450) {
            prop_assert_eq!(CharIndex::new(&text).slice(start, start + length), slice_chars(&text, start, start + length));
        }
    }
}
