//! Where the words that were looked for stand in the text of a hit.
//!
//! Words match by their stems, an identifier in any spelling, characters of scripts without spaces wherever they stand
//! side by side: also inside of what the dictionary takes for one longer word.

use std::collections::{HashMap, HashSet};

use taproot_schemas::search::Highlight;

use super::query::Query;
use crate::store::Wanted;
use crate::text::{Phrase, Piece, Unit, folded, is_unspaced, pieces, slice_chars, terms};

/// Highlights of one hit, at the most.
const MAX_HIGHLIGHTS: usize = 50;

/// What is highlighted.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    words: HashSet<String>,
    /// What the words begin with, see [`beginning`].
    beginnings: HashSet<[u8; 2]>,
    /// Terms of scripts without spaces, in their folded characters.
    runs: Vec<Vec<char>>,
    phrases: Vec<Phrase>,
}

impl Marks {
    /// Everything that was looked for, in whatever words.
    pub fn of(query: &Query, wanted: &Wanted) -> Marks {
        let mut marks = Marks { phrases: query.phrases.clone(), ..Marks::default() };
        for term in wanted.any.iter().flat_map(|group| &group.0).flat_map(|way| way.terms()) {
            if term.contains(is_unspaced) {
                marks.runs.push(term.chars().map(folded).collect());
            } else {
                marks.words.insert(term.to_owned());
            }
        }
        // Beside words a single character says nothing: 年 of 年假 also stands in 2026年.
        if marks.runs.iter().any(|run| run.len() > 1) {
            marks.runs.retain(|run| run.len() > 1);
        }
        marks.beginnings = marks.words.iter().filter_map(|word| beginning(word)).collect();
        marks
    }

    /// In order, not overlapping.
    pub fn find(&self, text: &str) -> Vec<Highlight> {
        let pieces = pieces(text);
        let mut stems: HashMap<&str, Unit> = HashMap::new();
        let mut units = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            units.push(match self.is_out(piece) {
                true => Unit::Word(String::new()),
                false => stems.entry(piece.text).or_insert_with(|| piece.unit()).clone(),
            });
        }
        let mut marked = vec![false; pieces.len()];
        for at in 0..pieces.len() {
            if let Unit::Word(word) = &units[at] {
                marked[at] |= word.split(' ').any(|term| self.words.contains(term));
            }
            for length in self.lengths_at(&pieces[at..], &units[at..]) {
                marked[at..at + length].fill(true);
            }
        }
        self.mark_identifiers(text, &pieces, &mut marked);
        merge(&pieces, &marked)
    }

    /// Whether a word is surely not looked for, so that nobody has to ask for its stem, which takes most of the time. Only
    /// where it has no other term than its stem, and is a part of nothing that is compared unit by unit.
    fn is_out(&self, piece: &Piece<'_>) -> bool {
        let mut letters = piece.text.bytes();
        let capital_or_not = letters.next().is_some_and(|first| first.is_ascii_alphabetic());
        let simple = capital_or_not && letters.all(|letter| letter.is_ascii_lowercase());
        if !simple || !self.phrases.is_empty() {
            return false;
        }
        match beginning(&piece.text[..piece.text.len().min(2)].to_ascii_lowercase()) {
            // dying → die
            Some([_, b'y']) => false,
            Some(two @ [one, _]) => !self.beginnings.contains(&two) && !self.beginnings.contains(&[one, 0]),
            None => false,
        }
    }

    /// Lengths of what begins at the first of the pieces.
    fn lengths_at<'a>(&'a self, pieces: &'a [Piece<'_>], units: &'a [Unit]) -> impl Iterator<Item = usize> + 'a {
        let first = match units.first() {
            Some(Unit::Character(c)) => Some(*c),
            _ => None,
        };
        let begins = move |run: &&Vec<char>| {
            if first.is_none() || run.first() != first.as_ref() {
                return false;
            }
            let characters = run.iter().map(|&c| Unit::Character(c));
            units.len() >= run.len()
                && characters.eq(units[..run.len()].iter().cloned())
                && pieces[..run.len()].windows(2).all(|pair| pair[0].end == pair[1].start)
        };
        let runs = self.runs.iter().filter(begins).map(Vec::len);
        let phrases = self.phrases.iter().map(Phrase::units).filter(|phrase| units.starts_with(phrase));
        runs.chain(phrases.map(<[Unit]>::len))
    }

    /// `ERR-4012` in a text has the term `err4012`, which none of its two pieces has.
    fn mark_identifiers(&self, text: &str, pieces: &[Piece<'_>], marked: &mut [bool]) {
        let mut at = 0;
        while at < pieces.len() {
            let parts = 1 + pieces[at + 1..].iter().take_while(|piece| piece.joined).count();
            let (start, end) = (pieces[at].start, pieces[at + parts - 1].end);
            if parts > 1 && terms(slice_chars(text, start, end)).first().is_some_and(|whole| self.words.contains(whole))
            {
                marked[at..at + parts].fill(true);
            }
            at += parts;
        }
    }
}

/// The first two letters of a word, or its only one and 0: a stem has those of its word, but for an `y` that becomes an
/// `i`. `None` for the empty word.
fn beginning(word: &str) -> Option<[u8; 2]> {
    let bytes = word.as_bytes();
    Some([*bytes.first()?, bytes.get(1).copied().unwrap_or(0)])
}

/// Marked pieces that touch, or are parts of one compound, are one highlight.
fn merge(pieces: &[Piece<'_>], marked: &[bool]) -> Vec<Highlight> {
    let mut found: Vec<Highlight> = Vec::new();
    let mut before = false;
    for (piece, &marked) in pieces.iter().zip(marked) {
        if marked {
            match found.last_mut() {
                Some(last) if before && (piece.joined || piece.start == last.end) => last.end = piece.end,
                _ => found.push(Highlight { start: piece.start, end: piece.end }),
            }
        }
        before = marked;
    }
    found.truncate(MAX_HIGHLIGHTS);
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::Marks;
    use crate::retrieve::query::Query;
    use crate::store::Wanted;
    use crate::text::{pieces, slice_chars, terms};

    #[track_caller]
    fn check(query: &str, text: &str, expected: &[&str]) {
        let query = Query::search(query, 100).expect("a query");
        let marks = Marks::of(&query, &Wanted::terms(&query.terms));
        let found: Vec<&str> = marks.find(text).iter().map(|one| slice_chars(text, one.start, one.end)).collect();
        assert_eq!(found, expected, "{} in {text}", query.typed);
    }

    #[test]
    fn words_identifiers_and_characters_are_found() {
        check("leaves of staff", "Staff may leave; Leaving staff", &["Staff", "leave", "Leaving", "staff"]);
        check("err4012", "On ERR-4012, or err 4012, stop.", &["ERR-4012"]);
        check("ERR-4012", "On ERR-4012 stop.", &["ERR-4012"]);
        check("\"terms of use\"", "The terms of use, of course", &["terms", "of", "use"]);
        check("年假", "员工享有带薪年假。年假不可转让", &["年假", "年假"]);
        check("带薪年假", "员工享有带薪年假。", &["带薪年假"]);
        check("VPN 连接", "重连VPN连接时", &["VPN连接"]);
        check("nothing", "", &[]);
    }

    #[test]
    fn there_are_only_so_many() {
        let query = Query::search("leave", 100).expect("a query");
        let marks = Marks::of(&query, &Wanted::terms(&query.terms));
        assert_eq!(marks.find(&"leave ".repeat(80)).len(), 50);
    }

    proptest! {
        #[test]
        fn a_word_whose_stem_is_looked_for_is_never_out(
            stem in "[A-Za-z][a-z]{0,7}",
            suffix in "(s|es|ies|ied|ed|ing|ying|ly|ness|ation|ational|al|er|y)?",
        ) {
            let word = stem + &suffix;
            let words: HashSet<String> = terms(&word).into_iter().collect();
            let beginnings = words.iter().filter_map(|word| super::beginning(word)).collect();
            let marks = Marks { words, beginnings, ..Marks::default() };
            prop_assert!(pieces(&word).iter().all(|piece| !marks.is_out(piece)), "{}", word);
        }
    }

    #[test]
    fn words_whose_stems_are_irregular_are_not_out() {
        for word in [
            "dying", "lying", "tying", "skies", "skis", "idly", "gently", "ugly", "early", "only", "singly", "news",
            "ties",
        ] {
            let words: HashSet<String> = terms(word).into_iter().collect();
            let beginnings = words.iter().filter_map(|word| super::beginning(word)).collect();
            let marks = Marks { words, beginnings, ..Marks::default() };
            assert!(!marks.is_out(&pieces(word)[0]), "{word}");
        }
    }
}
