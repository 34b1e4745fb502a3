//! Where words stand in a text: by which units a phrase is compared, and what of a text is shown as matching.
//!
//! Comes in: text as written. Goes out: pieces (a word of letters and digits, or one character of a script without
//! spaces) with their offsets, each as the index terms fold it. A dictionary's cuts play no part here: what people put
//! in quotes, or look for with their eyes, may begin and end in the middle of one of its words.

use std::cell::RefCell;
use std::collections::HashMap;

use super::analyze::{Class, is_mark, joins, terms};

/// A word, or one character of a script that puts no spaces between words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Offsets in characters of the text.
    pub start: usize,
    pub end: usize,
    /// As written.
    pub text: &'a str,
    /// Only a `-`, `.`, `/` or the like is between it and the piece before: both are parts of a compound.
    pub joined: bool,
    class: Class,
}

/// What pieces are compared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Index terms of a word: stemmed, in one case and width.
    Word(String),
    /// A character in its folded form, so that traditional and simplified ones are as equal as in the index.
    Character(char),
}

/// The pieces of a text, in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found: Vec<Piece<'_>> = Vec::with_capacity(text.len() / 5 + 1);
    // Byte offset at which the word at hand began.
    let mut began = 0;
    // Gaps since the last piece, and whether the last one could join.
    let (mut gaps, mut joiner) = (usize::MAX, false);
    for (at, (byte, c)) in text.char_indices().enumerate() {
        let class = Class::of(c);
        let end = byte + c.len_utf8();
        match (class, found.last_mut()) {
            (_, Some(last)) if gaps == 0 && is_mark(c) => (last.end, last.text) = (at + 1, &text[began..end]),
            (Class::Gap, _) => {
                gaps = gaps.saturating_add(1);
                joiner = joins(c);
            }
            (Class::Word, Some(last)) if gaps == 0 && last.class == Class::Word => {
                (last.end, last.text) = (at + 1, &text[began..end]);
            }
            (_, last) => {
                let both_words = class == Class::Word && last.is_some_and(|last| last.class == Class::Word);
                let joined = both_words && gaps == 1 && joiner;
                began = byte;
                gaps = 0;
                found.push(Piece { start: at, end: at + 1, text: &text[byte..end], joined, class });
            }
        }
    }
    found
}

impl Piece<'_> {
    /// Whether it is a character of a script without spaces.
    pub fn is_character(&self) -> bool {
        self.class == Class::Segmented
    }

    pub fn unit(&self) -> Unit {
        match self.text.chars().next() {
            Some(c) if self.is_character() => Unit::Character(folded(c)),
            _ => Unit::Word(terms(self.text).join(" ")),
        }
    }
}

/// Whether a character belongs to a script that puts no spaces between words.
pub fn is_unspaced(c: char) -> bool {
    Class::of(c) == Class::Segmented
}

/// The character as index terms have it.
pub fn folded(c: char) -> char {
    thread_local! {
        /// As many as there are such characters in Unicode, at the most.
        static KNOWN: RefCell<HashMap<char, char>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        *known.entry(c).or_insert_with(|| {
            let term = terms(c.encode_utf8(&mut [0; 4])).into_iter().next().unwrap_or_default();
            let mut chars = term.chars();
            chars.next().filter(|_| chars.next().is_none()).unwrap_or(c)
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{folded, pieces};
    use crate::text::slice_chars;

    #[test]
    fn words_are_whole_and_characters_single() {
        for (text, expected) in [
            ("Sick leave: 5 days", "Sick leave 5 days"),
            ("ERR-4012, err_code", "ERR +4012 err +code"),
            ("VPN连接 10.0.0.1", "VPN 连 接 10 +0 +0 +1"),
            ("well - known", "well known"),
            ("ไม่ cafe\u{301}", "ไ ม่ cafe\u{301}"),
            ("…", ""),
        ] {
            let found = pieces(text);
            let shown: Vec<String> =
                found.iter().map(|piece| format!("{}{}", if piece.joined { "+" } else { "" }, piece.text)).collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn words_are_compared_by_stem_and_characters_by_their_folded_form() {
        let units = |text: &str| pieces(text).iter().map(|piece| piece.unit()).collect::<Vec<_>>();
        assert_eq!(units("Annual  LEAVES"), units("annual leave"));
        assert_eq!(units("ＶＰＮ 连接"), units("vpn连接"));
        assert_ne!(units("annual leave"), units("leave annual"));
        assert_eq!(folded('年'), '年');
    }

    proptest! {
        #[test]
        fn pieces_stand_where_they_say(text in "[a-z年假\u{e9}\u{301} ._\"-]{0,60}") {
            let found = pieces(&text);
            prop_assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
            for piece in found {
                prop_assert_eq!(slice_chars(&text, piece.start, piece.end), piece.text);
            }
        }
    }
}
