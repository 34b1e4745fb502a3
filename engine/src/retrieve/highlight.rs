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
        marks
    }

    /// In order, not overlapping.
    pub fn find(&self, text: &str) -> Vec<Highlight> {
        let pieces = pieces(text);
        let mut stems: HashMap<&str, Unit> = HashMap::new();
        let units: Vec<Unit> =
            pieces.iter().map(|piece| stems.entry(piece.text).or_insert_with(|| piece.unit()).clone()).collect();
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

    /// Lengths of what begins at the first of the pieces.
    fn lengths_at<'a>(&'a self, pieces: &'a [Piece<'_>], units: &'a [Unit]) -> impl Iterator<Item = usize> + 'a {
        let begins = move |run: &&Vec<char>| {
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
    use super::Marks;
    use crate::retrieve::query::Query;
    use crate::store::Wanted;
    use crate::text::slice_chars;

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
}
