//! What was put in the place of what: a claim laid beside the sentence that it was taken from, word by word.
//!
//! In: a claim and a source sentence. Out: whether, where both say nearly the same, a name or a figure of the claim stands where
//! the source has another one. That one finds what the other checks cannot: a name or a number that the source has, too,
//! but says something else of. Sentences in other words are left alone.

use std::ops::Range;

use super::facts::{Fact, Fit};
use super::names;
use super::said::{Said, is_function_word};

/// Share of the claim's words that must stand in the source in the same order.
const ALIKE: f32 = 0.6;
/// Words, or twice as many characters, that can be put in the place of others.
const MOST: usize = 5;
/// Longest sentence that is laid beside another, in words or characters; more is cut off.
const MAX_TOKENS: usize = 300;

/// What was put in the place of something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    Figure,
    Name,
}

/// The first figure or name of the claim that stands where the source has another; the question's words may stand for the
/// source's.
pub fn replaced(claim: &Said, source: &Said, question: &Said) -> Option<Replaced> {
    let pairs = matched(claim, source);
    let length = claim.tokens.len().min(MAX_TOKENS);
    if length == 0 || (pairs.len() as f32) < ALIKE * length as f32 {
        return None;
    }
    gaps(&pairs, claim.tokens.len(), source.tokens.len()).into_iter().find_map(|(here, there)| {
        if another_figure(claim, &here, source, &there) {
            return Some(Replaced::Figure);
        }
        another_name(claim, &here, source, &there, question).then_some(Replaced::Name)
    })
}

/// Share of the claim's words that stand in the source in the same order.
pub fn alike(claim: &Said, source: &Said) -> f32 {
    let length = claim.tokens.len().min(MAX_TOKENS);
    if length == 0 { 0.0 } else { matched(claim, source).len() as f32 / length as f32 }
}

/// Longest common subsequence of the tokens, as pairs of indexes.
fn matched(claim: &Said, source: &Said) -> Vec<(usize, usize)> {
    let here: Vec<&str> = claim.tokens.iter().take(MAX_TOKENS).map(|token| token.stem.as_str()).collect();
    let there: Vec<&str> = source.tokens.iter().take(MAX_TOKENS).map(|token| token.stem.as_str()).collect();
    let width = there.len() + 1;
    let mut length = vec![0u16; (here.len() + 1) * width];
    for i in (0..here.len()).rev() {
        for j in (0..there.len()).rev() {
            length[i * width + j] = if here[i] == there[j] {
                length[(i + 1) * width + j + 1] + 1
            } else {
                length[(i + 1) * width + j].max(length[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < here.len() && j < there.len() {
        if here[i] == there[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if length[(i + 1) * width + j] >= length[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Where both have something between two common words, or before the first and behind the last.
fn gaps(pairs: &[(usize, usize)], claim: usize, source: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let (mut i, mut j) = (0, 0);
    let mut found = Vec::new();
    for &(next, other) in pairs.iter().chain([&(claim.min(MAX_TOKENS), source.min(MAX_TOKENS))]) {
        if next > i && other > j {
            found.push((i..next, j..other));
        }
        (i, j) = (next + 1, other + 1);
    }
    found
}

/// Whether the claim has a figure in a gap of which the source has others in its place, and none that fits.
fn another_figure(claim: &Said, here: &Range<usize>, source: &Said, there: &Range<usize>) -> bool {
    let (said, known) = (figures(claim, here), figures(source, there));
    let close = there.len() <= MOST * if claim.tokens[here.start].is_character { 2 } else { 1 };
    close
        && !known.is_empty()
        && said.iter().any(|fact| fact.firm && known.iter().all(|known| fact.fits(known) == Fit::Other))
}

/// The facts that begin within a range of tokens.
fn figures<'s>(said: &'s Said, range: &Range<usize>) -> Vec<&'s Fact> {
    let Some(tokens) = said.tokens.get(range.clone()) else { return Vec::new() };
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return Vec::new() };
    said.facts.iter().filter(|fact| fact.start < last.end && first.start < fact.end).collect()
}

fn another_name(claim: &Said, here: &Range<usize>, source: &Said, there: &Range<usize>, question: &Said) -> bool {
    let (Some(said), Some(known)) = (claim.tokens.get(here.clone()), source.tokens.get(there.clone())) else {
        return false;
    };
    if said.iter().all(|token| token.is_character) {
        return another_chinese_name(claim, here, source, there, question);
    }
    let short = |length: usize| length <= MOST;
    let name = |token: &&super::said::Token| token.marked && !is_function_word(&token.stem) && !token.is_character;
    let (ours, theirs): (Vec<_>, Vec<_>) = (said.iter().filter(name).collect(), known.iter().filter(name).collect());
    // A name that was left out is none that was replaced: `John Smith`, `Smith`.
    short(here.len())
        && short(there.len())
        && !ours.is_empty()
        && !theirs.is_empty()
        && ours.iter().any(|token| !token.first || source.has(&token.stem) || !theirs[0].first)
        && !initials(&ours, claim, &theirs, source)
}

/// Whether one is the first letters of the other.
fn initials(ours: &[&super::said::Token], claim: &Said, theirs: &[&super::said::Token], source: &Said) -> bool {
    let letters = |tokens: &[&super::said::Token], said: &Said| -> String {
        tokens.iter().filter_map(|token| said.written(token).chars().next()).flat_map(char::to_lowercase).collect()
    };
    let whole = |tokens: &[&super::said::Token], said: &Said| -> String {
        tokens.iter().map(|token| said.written(token).to_lowercase()).collect()
    };
    whole(ours, claim) == letters(theirs, source) || letters(ours, claim) == whole(theirs, source)
}

fn another_chinese_name(
    claim: &Said,
    here: &Range<usize>,
    source: &Said,
    there: &Range<usize>,
    question: &Said,
) -> bool {
    if !(2..=2 * MOST).contains(&here.len()) || !(2..=2 * MOST).contains(&there.len()) {
        return false;
    }
    let run = |said: &Said, range: &Range<usize>| {
        said.text[said.tokens[range.start].start..said.tokens[range.end - 1].end].to_owned()
    };
    let (ours, theirs) = (run(claim, here), run(source, there));
    // Whoever answers says it in the words of the question.
    if question.text.contains(&ours) {
        return false;
    }
    // Two characters for two others are most often another word for the same (因此, 所以); names are longer, or look it.
    let longer = here.len().max(there.len()) > 2 && !source.text.contains(&ours);
    longer || names::like_chinese_name(&ours) || names::like_chinese_name(&theirs)
}

#[cfg(test)]
mod tests {
    use super::{Replaced, Said, replaced};

    #[track_caller]
    fn check(claim: &str, source: &str, expected: Option<Replaced>) {
        assert_eq!(replaced(&Said::new(claim), &Said::new(source), &Said::new("")), expected, "{claim} / {source}");
    }

    #[test]
    fn what_stands_in_the_place_of_another_is_found() {
        let source = "Alice Brown was born in Lyon in 1950 and Bob Stone in Paris in 1960.";
        check("Alice Brown was born in Lyon in 1960.", source, None);
        check("Alice Brown was born in Paris in 1950 and Bob Stone in Lyon in 1960.", source, Some(Replaced::Name));
        check("Alice Brown was born in Lyon in 1960 and Bob Stone in Paris in 1950.", source, Some(Replaced::Figure));
        check("The race was won by Bob in May.", "The race was won by Alice in May.", Some(Replaced::Name));
        check("The race was won by her in May.", "The race was won by Alice in May.", None);
        check("The race was won by Alice in May.", "The race was won by her in May.", None);
        check("Smith won the race in May.", "John Smith won the race in May.", None);
        check("大厦是布袋戏笔记的总部，高六十层。", "大厦是交通银行的总部，高六十层。", Some(Replaced::Name));
        check("所以员工每年享有十五天年假。", "因此员工每年享有十五天年假。", None);
    }
}
