//! Words in order and side by side: what a searcher puts in quotes.
//!
//! Words are compared by their stems, in any case and width, as in the index. Where a phrase has characters of a script
//! without spaces, the index cannot say for certain that it stands in a text, because a dictionary may cut the text
//! elsewhere; then [`Phrase::stands_in`] looks at the text itself.

use super::spans::{Unit, pieces};
use super::terms;

/// Most index terms of a phrase.
pub const MAX_PHRASE_TERMS: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// As typed, without quotes.
    pub typed: String,
    /// Index terms, in order.
    pub terms: Vec<String>,
    units: Vec<Unit>,
}

impl Phrase {
    /// `None` when there is no word in it, or more than [`MAX_PHRASE_TERMS`].
    pub fn new(typed: &str) -> Option<Phrase> {
        let mut found = terms(typed);
        if found.is_empty() || found.len() > MAX_PHRASE_TERMS {
            return None;
        }
        let pieces = pieces(typed);
        // One identifier has a term for the whole, which finds it in every spelling.
        let compound = pieces.len() > 1 && pieces[1..].iter().all(|piece| piece.joined);
        if compound && found[1..].concat() == found[0] {
            found.truncate(1);
        }
        let units = pieces.iter().map(|piece| piece.unit()).collect();
        Some(Phrase { typed: typed.trim().to_owned(), terms: found, units })
    }

    /// Whether its terms side by side in the index do not mean quite the same as the phrase in the text.
    pub fn needs_the_text(&self) -> bool {
        self.units.iter().any(|unit| matches!(unit, Unit::Character(_)))
    }

    /// The characters of scripts without spaces in it, folded.
    pub fn characters(&self) -> impl Iterator<Item = char> + '_ {
        self.units.iter().filter_map(|unit| match unit {
            Unit::Character(c) => Some(*c),
            Unit::Word(_) => None,
        })
    }

    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    pub fn stands_in(&self, text: &str) -> bool {
        let Some(first) = self.units.first() else { return false };
        let pieces = pieces(text);
        let units: Vec<Unit> = pieces.iter().map(|piece| piece.unit()).collect();
        units.windows(self.units.len()).any(|window| window[0] == *first && window == self.units)
    }
}

#[cfg(test)]
mod tests {
    use super::Phrase;

    #[test]
    fn stands_where_its_words_are_side_by_side() {
        for (phrase, text, expected) in [
            ("annual leave", "The Annual  leaves of staff", true),
            ("annual leave", "leave that is annual", false),
            ("annual leave", "annual sick leave", false),
            ("年假", "员工享有带薪年假。", true),
            ("薪年", "员工享有带薪年假。", true),
            ("年假", "今年放假", false),
            ("ＶＰＮ连接", "重新建立 VPN 连接", true),
            ("VPN连接", "连接 VPN", false),
        ] {
            assert_eq!(Phrase::new(phrase).expect("words").stands_in(text), expected, "{phrase} in {text}");
        }
        assert!(Phrase::new(" … ").is_none());
        assert!(Phrase::new(&"word ".repeat(65)).is_none());
    }

    #[test]
    fn an_identifier_is_its_whole() {
        assert_eq!(Phrase::new("ERR-4012").expect("a word").terms, ["err4012"]);
        assert_eq!(Phrase::new("ERR 4012").expect("words").terms, ["err", "4012"]);
        assert_eq!(Phrase::new("bye bye").expect("words").terms, ["bye", "bye"]);
    }
}
