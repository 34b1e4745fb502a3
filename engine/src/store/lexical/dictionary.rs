//! What the index's dictionary says: which terms are spelled alike.
//!
//! A dictionary knows the terms of hidden chunks too. Nothing of it is shown: its terms are looked for, and what is
//! found is filtered like any other hit.

use std::collections::BTreeSet;

use tantivy::Term;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::termdict::TermDictionary;

use super::{Lexical, failed};
use crate::text::terms;
use crate::{Error, Result};

/// Terms taken that are spelled like a word, at the most.
const MAX_SIMILAR: usize = 200;

impl Lexical {
    /// Index terms of words that are at most `distance` (1 or 2) insertions, deletions, replacements and swaps of
    /// neighbours away from `word`. Since the index holds stems, terms are near the word's stem, or the stem of what is
    /// one change away from the word itself: `applicaton` is far from `applic`, but not from `application`.
    pub fn similar(&self, word: &str, distance: u8) -> Result<Vec<String>> {
        let stems = terms(word);
        let [stem] = stems.as_slice() else { return Ok(Vec::new()) };
        let mut variants: BTreeSet<String> = variants(word).iter().flat_map(|variant| terms(variant)).collect();
        let beginnings = match distance {
            // To ask for every word that is one change away costs far less than to go through the dictionary.
            1 if stem.bytes().all(|letter| letter.is_ascii_lowercase()) => {
                variants.extend(self::variants(stem));
                Vec::new()
            }
            1 => vec![None],
            _ => beginnings(stem),
        };
        let mut found = BTreeSet::new();
        self.each_dictionary(|field, dictionary| {
            let near = FuzzyTermQuery::new(Term::from_field_text(field, stem), distance, true);
            for beginning in &beginnings {
                let near = dictionary.search(near.automaton()?);
                let mut near = match beginning {
                    None => near.into_stream()?,
                    Some([from, to]) => near.ge(from).lt(to).into_stream()?,
                };
                while found.len() < MAX_SIMILAR && near.advance() {
                    found.extend(std::str::from_utf8(near.key()).ok().map(str::to_owned));
                }
            }
            for variant in &variants {
                if found.len() < MAX_SIMILAR && dictionary.term_ord(variant)?.is_some() {
                    found.insert(variant.clone());
                }
            }
            Ok(())
        })?;
        found.remove(stem);
        Ok(found.into_iter().collect())
    }

    /// Goes through the dictionaries of all segments and of the fields that are searched.
    fn each_dictionary(&self, mut look: impl FnMut(Field, &TermDictionary) -> tantivy::Result<()>) -> Result<()> {
        let mut look = |field: Field| {
            let searcher = self.reader.searcher();
            searcher
                .segment_readers()
                .iter()
                .try_for_each(|segment| look(field, segment.inverted_index(field)?.terms()))
        };
        look(self.fields.text).map_err(|error: tantivy::TantivyError| -> Error { failed(error) })
    }
}

/// Where to look for terms that are two changes from a stem: only where terms begin with the stem's first letter, or with its
/// second one, whose swap is one of the changes. Another first letter counts for two, and all that is a single change away is
/// asked for by itself. The whole dictionary is ten times as much.
fn beginnings(stem: &str) -> Vec<Option<[String; 2]>> {
    let first: BTreeSet<char> = stem.chars().take(2).collect();
    let range = |letter: char| Some([letter.to_string(), char::from_u32(u32::from(letter) + 1)?.to_string()]);
    first.into_iter().map(range).collect()
}

/// Everything that is one change away from a word of Latin letters.
fn variants(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    let mut found = Vec::with_capacity(54 * letters.len() + 26);
    for at in 0..=letters.len() {
        let (head, tail) = letters.split_at(at);
        let spelled = |middle: &[char], tail: &[char]| [head, middle, tail].concat().iter().collect::<String>();
        if let [first, rest @ ..] = tail {
            found.push(spelled(&[], rest));
            if let [second, rest @ ..] = rest {
                found.push(spelled(&[*second, *first], rest));
            }
        }
        for letter in 'a'..='z' {
            found.push(spelled(&[letter], tail));
            if let [_, rest @ ..] = tail {
                found.push(spelled(&[letter], rest));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::variants;

    #[test]
    fn every_single_change_is_made() {
        let found = variants("leav");
        for expected in ["leave", "lav", "lea", "elav", "laev", "lexv", "xleav"] {
            assert!(found.iter().any(|variant| variant == expected), "{expected}");
        }
        assert_eq!(found.len(), 4 + 3 + 26 * 4 + 26 * 5);
    }
}
