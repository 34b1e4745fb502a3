//! Words in order and side by side: what a searcher puts in quotes.
//!
//! Words are compared by their stems, in any case and width, as in the index. Of a single character of a script without
//! spaces, and of Thai, the index cannot say for certain that it stands in a text; then [`Phrase::stands_in`] looks at
//! the text itself.

use super::analyze::{self, Kind, analyze};
use super::spans::{Unit, pieces};

/// Most index terms of a phrase.
const MAX_PHRASE_TERMS: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// As typed, without quotes.
    pub typed: String,
    /// Index terms that stand at these distances from one another wherever the phrase stands; may be none.
    pub terms: Vec<(usize, String)>,
    units: Vec<Unit>,
    certain: bool,
}

impl Phrase {
    /// `None` when there is no word in it, or more than [`MAX_PHRASE_TERMS`].
    pub fn new(typed: &str) -> Option<Phrase> {
        let units: Vec<Unit> = pieces(typed).iter().map(|piece| piece.unit()).collect();
        let terms = analyze::phrase(typed);
        if units.is_empty() || terms.len() > MAX_PHRASE_TERMS {
            return None;
        }
        Some(Phrase { typed: typed.trim().to_owned(), terms, units, certain: is_certain(typed) })
    }

    /// Whether its terms in the index do not mean quite the same as the phrase in the text.
    pub fn needs_the_text(&self) -> bool {
        !self.certain
    }

    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    pub fn stands_in(&self, text: &str) -> bool {
        let Some(first) = self.units.first() else { return false };
        let units: Vec<Unit> = pieces(text).iter().map(|piece| piece.unit()).collect();
        units.windows(self.units.len()).any(|window| window[0] == *first && window == self.units)
    }
}

/// Whether every place of it has a term that is there in any text that has the phrase.
fn is_certain(typed: &str) -> bool {
    let terms = analyze(typed, None);
    let end = terms.iter().map(|term| term.position + term.span).max().unwrap_or_default();
    let sure = |at: usize| {
        let mut here = terms.iter().filter(|term| matches!(term.kind, Kind::Word | Kind::Pair));
        here.any(|term| (term.position..term.position + term.span).contains(&at))
    };
    end > 0 && (0..end).all(sure)
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
        let terms = |typed: &str| -> Vec<String> {
            Phrase::new(typed).expect("words").terms.into_iter().map(|(_, term)| term).collect()
        };
        assert_eq!(terms("ERR-4012"), ["err4012"]);
        assert_eq!(terms("ERR 4012"), ["err", "4012"]);
        assert_eq!(terms("bye bye"), ["bye", "bye"]);
    }

    #[test]
    fn a_single_character_needs_the_text() {
        for (phrase, expected) in [
            ("annual leave", false),
            ("年假", false),
            ("假", true),
            ("VPN 假", true),
            ("ERR-4012", false),
            ("ไทย", true),
        ] {
            assert_eq!(Phrase::new(phrase).expect("words").needs_the_text(), expected, "{phrase}");
        }
    }
}
