//! Chunks that say the same: a document that is filed in ten folders is one hit with nine copies.
//!
//! Only what the caller may see gets here, so a copy in a folder that is closed to the caller is neither the hit nor
//! named. Chunks that differ in a number or a negation are no copies: that may be what is asked for.

use std::hash::{DefaultHasher, Hash, Hasher};

use taproot_schemas::search::Copy;
use unicode_normalization::UnicodeNormalization;

use super::Found;

/// Share of the three-word sequences of both chunks that they have in common, at least.
const MIN_SIMILARITY: f32 = 0.9;
/// Copies that are named of one hit.
const MAX_COPIES: usize = 20;
/// Words that turn a sentence round, or count.
const TELLING: [&str; 32] = [
    "not", "no", "never", "none", "nor", "without", "except", "cannot", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve", "fifteen", "sixteen", "twenty", "thirty", "sixty", "ninety",
    "hundred", "half", "double", "first", "second", "third",
];
const TELLING_IDEOGRAPHS: &str = "不没沒无無未非勿禁零〇一二三四五六七八九十百千万萬亿億两兩半";

/// The best `k` of the hits, each standing for its copies. `found` is in order, best first.
pub fn collapse(found: Vec<Found>, k: usize) -> Vec<Found> {
    let mut kept: Vec<(Found, Words)> = Vec::new();
    for hit in found {
        let words = Words::of(&hit.chunk.text);
        let original = kept.iter().position(|(known, other)| {
            known.chunk.document_id != hit.chunk.document_id && other.say_the_same_as(&words)
        });
        match original {
            Some(at) => {
                let copies = &mut kept[at].0.copies;
                let copy = Copy { document_id: hit.chunk.document_id.clone(), uri: hit.chunk.uri.clone() };
                if copies.len() < MAX_COPIES && !copies.contains(&copy) {
                    copies.push(copy);
                }
            }
            None if kept.len() == k => break,
            None => kept.push((hit, words)),
        }
    }
    kept.into_iter().map(|(hit, _)| hit).collect()
}

/// What two chunks are compared by.
struct Words {
    /// Numbers and negations, in order.
    telling: Vec<String>,
    /// Hashes of all three-word sequences, in order, each once.
    sequences: Vec<u64>,
}

impl Words {
    fn of(text: &str) -> Words {
        let mut telling = Vec::new();
        // Before the first word and after the last one stands nothing, which is a word too.
        let mut hashes = vec![0];
        each_word(text, |word| {
            hashes.push(hash(word));
            if is_telling(word) {
                telling.push(word.to_owned());
            }
        });
        hashes.push(0);
        let mut sequences: Vec<u64> = hashes.windows(3).map(hash).collect();
        sequences.sort_unstable();
        sequences.dedup();
        Words { telling, sequences }
    }

    fn say_the_same_as(&self, other: &Words) -> bool {
        let (one, two) = (self.sequences.len() as f32, other.sequences.len() as f32);
        // Sets of very different sizes cannot have much in common.
        if one == 0.0 || one.min(two) < MIN_SIMILARITY * one.max(two) || self.telling != other.telling {
            return false;
        }
        let shared = shared(&self.sequences, &other.sequences) as f32;
        shared >= MIN_SIMILARITY * (one + two - shared)
    }
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Members that two sorted lists have in common.
fn shared(one: &[u64], other: &[u64]) -> usize {
    let (mut at, mut count) = (0, 0);
    for member in one {
        at += other[at..].partition_point(|known| known < member);
        count += usize::from(other.get(at) == Some(member));
    }
    count
}

/// Runs of letters and digits, and each ideograph, in lower case and one width.
fn each_word(text: &str, mut seen: impl FnMut(&str)) {
    if text.is_ascii() {
        let text = text.to_ascii_lowercase();
        return text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).for_each(seen);
    }
    let mut word = String::new();
    for character in text.nfkc().flat_map(char::to_lowercase) {
        let ideograph = matches!(character, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
        if !word.is_empty() && (ideograph || !character.is_alphanumeric()) {
            seen(&word);
            word.clear();
        }
        if ideograph {
            seen(character.encode_utf8(&mut [0; 4]));
        } else if character.is_alphanumeric() {
            word.push(character);
        }
    }
    if !word.is_empty() {
        seen(&word);
    }
}

fn is_telling(word: &str) -> bool {
    word.chars().any(|c| c.is_numeric() || TELLING_IDEOGRAPHS.contains(c)) || TELLING.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, same: bool) {
        assert_eq!(Words::of(one).say_the_same_as(&Words::of(other)), same, "{one:?} {other:?}");
    }

    #[test]
    fn the_same_words_are_a_copy() {
        check("Parental leave is sixteen weeks.", "Parental  Leave: is sixteen weeks", true);
        check("年假为十五天，请提前申请。", "年假为十五天,请提前申请", true);
        check("Parental leave is sixteen weeks.", "Sick leave is two weeks.", false);
        check("", "", false);
    }

    #[test]
    fn a_few_other_words_are_a_copy_but_another_number_is_another_fact() {
        let rules: String =
            ('a'..='z').map(|clause| format!("Clause {clause} of the policy holds for staff. ")).collect();
        let policy = |head: &str, limit: &str| format!("{head} {rules}The limit is {limit} a year.");
        check(&policy("Draft.", "5 days"), &policy("Final.", "5 days"), true);
        check(&policy("Draft.", "5 days"), &policy("Final.", "6 days"), false);
        check(&policy("Draft.", "five days"), &policy("Draft.", "ten days"), false);
        check(
            "员工可以申请年假。".repeat(9).as_str(),
            &format!("{}员工不可以申请年假。", "员工可以申请年假。".repeat(8)),
            false,
        );
    }
}
