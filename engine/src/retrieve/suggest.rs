//! A word that stands in nothing that the caller may see → the word that was probably meant.
//!
//! The index tells which of its stems are near; the word itself is taken from the text of a hit that the catalog shows
//! this caller, so that nobody is told a word of a hidden document. Identifiers, numbers, acronyms, short words and
//! scripts without spaces are never corrected: there another letter is another thing.

use std::collections::BTreeMap;

use super::Retriever;
use super::plan::Plan;
use super::query::{Query, is_question_word};
use crate::Result;
use crate::store::{ChunkId, Filter, Wanted};
use crate::text::{Piece, Unit, pieces, slice_chars};

/// Words of a query that are looked at, candidates for each, and chunks read for each candidate, at the most.
const MAX_WORDS: usize = 3;
const MAX_CANDIDATES: usize = 16;
const SAMPLES: usize = 8;
/// Letters from which on one change is taken for a mistake, and two.
const LETTERS_FOR_ONE: usize = 5;
const LETTERS_FOR_TWO: usize = 9;
/// Letters of the longest word looked at.
const MAX_LETTERS: usize = 40;

/// A word that stands nowhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// As typed.
    word: String,
    pub term: String,
    candidates: Vec<Candidate>,
}

/// An index term that is spelled alike, and chunks with it.
#[derive(Debug, Clone, PartialEq)]
struct Candidate {
    term: String,
    frequency: u64,
    chunks: Vec<ChunkId>,
}

/// A word that stands somewhere, for one that does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// As typed.
    pub word: String,
    pub term: String,
    pub instead: Instead,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Instead {
    /// As it is written in a document.
    pub word: String,
    pub term: String,
}

impl Retriever {
    /// Words of a query that stand in nothing that the scope sees, with what is spelled alike.
    pub fn unknown(&self, query: &Query, plan: &Plan, filter: &Filter) -> Result<Vec<Unknown>> {
        let pieces = pieces(&query.text);
        let mut found: Vec<Unknown> = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let compound = piece.joined || pieces.get(at + 1).is_some_and(|next| next.joined);
            let Some(term) = correctable(piece).filter(|_| !compound) else { continue };
            let looked_for = query.terms.contains(&term) && !plan.known.contains(&term);
            if looked_for
                && found.len() < MAX_WORDS
                && found.iter().all(|known| known.term != term)
                && !self.lexical.occurs(&term, &filter.scope)?
            {
                let candidates = self.candidates(piece.text, filter)?;
                found.push(Unknown { word: piece.text.to_owned(), term, candidates });
            }
        }
        found.retain(|unknown| !unknown.candidates.is_empty());
        Ok(found)
    }

    fn candidates(&self, word: &str, filter: &Filter) -> Result<Vec<Candidate>> {
        let distance = allowed(word);
        let mut candidates = Vec::new();
        for term in self.lexical.similar(word, distance)? {
            let frequency = self.lexical.frequency(&term, &filter.scope)?;
            if frequency > 0 && !is_question_word(&term) {
                candidates.push(Candidate { term, frequency, chunks: Vec::new() });
            }
        }
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.frequency));
        candidates.truncate(MAX_CANDIDATES);
        for candidate in &mut candidates {
            let hits = self.lexical.search(&Wanted::terms([&candidate.term]), filter, SAMPLES)?;
            candidate.chunks = hits.into_iter().map(|(id, _)| id).collect();
        }
        Ok(candidates)
    }

    /// What was probably meant, where the texts of visible chunks tell.
    pub async fn corrections(&self, unknown: Vec<Unknown>, filter: &Filter) -> Result<Vec<Correction>> {
        let candidates = unknown.iter().flat_map(|unknown| &unknown.candidates);
        let ids: Vec<ChunkId> = candidates.flat_map(|candidate| candidate.chunks.iter().copied()).collect();
        let live = self.catalog.live_chunks(filter, &ids).await?;
        let corrected = self.executor.run(move || {
            let texts = |candidate: &Candidate| -> Vec<String> {
                let chunks = candidate.chunks.iter().filter_map(|id| live.get(id));
                chunks
                    .map(|chunk| [&chunk.title, chunk.heading.as_deref().unwrap_or(""), &chunk.text].join("\n"))
                    .collect()
            };
            Ok(unknown.into_iter().filter_map(|unknown| nearest(unknown, texts)).collect())
        });
        corrected.await
    }
}

/// The query with the corrected words in their places.
pub fn suggestion(query: &Query, corrections: &[Correction]) -> Option<String> {
    let mut suggested = String::with_capacity(query.typed.len());
    let mut at = 0;
    for piece in pieces(&query.typed) {
        let Some(correction) = corrections.iter().find(|correction| correction.word == piece.text) else { continue };
        suggested.push_str(slice_chars(&query.typed, at, piece.start));
        suggested.push_str(&correction.instead.word);
        at = piece.end;
    }
    suggested.push_str(slice_chars(&query.typed, at, usize::MAX));
    (at > 0).then_some(suggested)
}

/// The index term of a word that may be misspelled.
fn correctable(piece: &Piece<'_>) -> Option<String> {
    let letters = piece.text.chars().count();
    let is_word = !piece.is_character() && piece.text.chars().all(char::is_alphabetic);
    let acronym = piece.text.chars().all(char::is_uppercase);
    if !is_word || acronym || !(LETTERS_FOR_ONE..=MAX_LETTERS).contains(&letters) {
        return None;
    }
    match piece.unit() {
        Unit::Word(term) if !term.contains(' ') => Some(term),
        _ => None,
    }
}

/// Changes that are taken for a mistake in a word of this length.
fn allowed(word: &str) -> u8 {
    if word.chars().count() < LETTERS_FOR_TWO { 1 } else { 2 }
}

/// Distance, frequency of the index term (less is better), the word in small letters: the least is the best.
type Nearness = (usize, std::cmp::Reverse<u64>, String);
/// The index term, and how often each spelling of the word was met.
type Met = (String, BTreeMap<String, usize>);

/// Of the words in the texts of the candidates the nearest; of equally near ones that of the most frequent term, in small
/// letters where it is met so, else in the spelling that is met most often.
fn nearest(unknown: Unknown, texts: impl Fn(&Candidate) -> Vec<String>) -> Option<Correction> {
    let typed = unknown.word.to_lowercase();
    let mut met: BTreeMap<Nearness, Met> = BTreeMap::new();
    for candidate in &unknown.candidates {
        for text in texts(candidate) {
            for piece in pieces(&text) {
                let small = piece.text.to_lowercase();
                let distance = distance(&typed, &small);
                if piece.is_character()
                    || distance > usize::from(allowed(&typed))
                    || piece.unit() != Unit::Word(candidate.term.clone())
                {
                    continue;
                }
                let spellings = met.entry((distance, std::cmp::Reverse(candidate.frequency), small)).or_default();
                spellings.0.clone_from(&candidate.term);
                *spellings.1.entry(piece.text.to_owned()).or_default() += 1;
            }
        }
    }
    let ((_, _, small), (term, spellings)) = met.into_iter().next()?;
    let frequent = spellings.into_iter().max_by_key(|(spelling, count)| (*spelling == small, *count));
    let (word, _) = frequent?;
    Some(Correction { word: unknown.word, term: unknown.term, instead: Instead { word, term } })
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment, as in Damerau,
/// 1964). People seldom err in the first letter: another one counts for two.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().take(MAX_LETTERS + 2).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let same = one[i - 1] == other[j - 1];
            let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + usize::from(!same));
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    let swapped = one.len() > 1 && other.len() > 1 && one[0] == other[1] && one[1] == other[0];
    let other_start = one.first() != other.first() && !swapped;
    rows[one.len()][other.len()] + usize::from(other_start)
}

#[cfg(test)]
mod tests {
    use super::{Correction, Instead, correctable, distance, suggestion};
    use crate::retrieve::query::Query;
    use crate::text::pieces;

    #[test]
    fn distances_are_counted_as_people_err() {
        for (one, other, expected) in [
            ("leave", "leave", 0),
            ("leave", "laeve", 1),
            ("vaccation", "vacation", 1),
            ("recieve", "receive", 1),
            ("applicaton", "application", 1),
            ("house", "mouse", 2),
            ("hte", "the", 1),
            ("", "ab", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_words_are_corrected() {
        for (typed, expected) in [
            ("parantal", true),
            ("leav", false),
            ("VPNX", false),
            ("KUBERNETES", false),
            ("err4012x", false),
            ("12345", false),
            ("年", false),
            ("отпускк", true),
        ] {
            let found = pieces(typed).first().and_then(correctable);
            assert_eq!(found.is_some(), expected, "{typed}");
        }
    }

    #[test]
    fn a_suggestion_is_the_query_with_other_words() {
        let query = Query::search("\"parantal leave\" for staf -parantal 年假", 100).expect("a query");
        let instead = |word: &str| Instead { word: word.into(), term: String::new() };
        let correction =
            |word: &str, other: &str| Correction { word: word.into(), term: String::new(), instead: instead(other) };
        let corrections = [correction("parantal", "parental"), correction("staf", "staff")];
        let expected = "\"parental leave\" for staff -parental 年假";
        assert_eq!(suggestion(&query, &corrections).as_deref(), Some(expected));
        assert_eq!(suggestion(&query, &[]), None);
    }
}
