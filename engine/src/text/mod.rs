//! What the engine knows about written language, without any model: which language a text is in, its index
//! terms, its sentences, and offsets counted in characters.

mod analyze;
mod compound;
pub(crate) mod dates;
pub(crate) mod fold;
mod han;
mod instructions;
mod language;
mod offsets;
mod phrase;
mod sentences;
mod spans;
mod spelling;
mod stem;
pub(crate) mod units;

pub use analyze::{Kind, Term, VERSION, analyze, phrase, terms, terms_in, words_in};
pub use han::cut as han_words;
pub use instructions::{addresses_a_model, passages_to_a_model};
pub use language::{Language, detect};
pub use offsets::CharIndex;
pub use phrase::Phrase;
pub use sentences::{SentenceSpan, sentences};
pub use spans::{Piece, Unit, folded, is_unspaced, pieces};
pub use spelling::spelling;

/// Whether a character is a Chinese ideograph (also used in Japanese).
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '々' | '〇')
}

/// The part of `text` from character `start` to character `end`, clamped to the text.
pub fn slice_chars(text: &str, start: usize, end: usize) -> &str {
    let byte = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    let from = byte(start);
    let length = text[from..].char_indices().nth(end.saturating_sub(start)).map_or(text.len() - from, |(at, _)| at);
    &text[from..from + length]
}

#[cfg(test)]
mod tests {
    use super::slice_chars;

    #[test]
    fn slices_by_characters_not_bytes() {
        assert_eq!(slice_chars("年假 15 天", 0, 2), "年假");
        assert_eq!(slice_chars("年假 15 天", 3, 5), "15");
        assert_eq!(slice_chars("abc", 1, 99), "bc");
        assert_eq!(slice_chars("abc", 9, 99), "");
    }
}
