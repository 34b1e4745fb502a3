//! Whether a figure or a name of a claim belongs, in the source, to what the claim says of it.

use std::collections::HashSet;

use super::facts::Fit;
use super::names::names;
use super::passages::{Passages, Place};
use super::said::{FUNCTION_CHARACTERS, Said, is_function_word};

/// Words to each side that say what a figure or a name is of; of scripts without spaces, characters.
const AROUND_WORDS: usize = 6;
const AROUND_CHARACTERS: usize = 9;

/// Of the figures and names of the claim, the one that is attached worst: the share of what stands around it that stands in the
/// chosen sentence that has it, or beside it; 1 when there is nothing to attach.
pub fn attached(claim: &Said, places: &[Place], passages: &Passages, question: &Said) -> f32 {
    let mut worst: f32 = 1.0;
    for fact in claim.facts.iter().filter(|fact| fact.firm) {
        let inside: Vec<usize> = (0..claim.tokens.len())
            .filter(|&at| claim.tokens[at].start < fact.end && fact.start < claim.tokens[at].end)
            .collect();
        let (Some(first), Some(last)) = (inside.first(), inside.last()) else { continue };
        let has = |said: &Said| said.facts.iter().any(|known| fact.fits(known) >= Fit::Unit);
        worst = worst.min(best(claim, *first, *last, places, passages, question, has));
    }
    for name in names(claim) {
        let stems: Vec<&String> = claim.tokens[name.first..=name.last].iter().map(|token| &token.stem).collect();
        let has = |said: &Said| stems.iter().all(|stem| said.tokens.iter().any(|token| &&token.stem == stem));
        worst = worst.min(best(claim, name.first, name.last, places, passages, question, has));
    }
    worst
}

/// Share of the words around a name that must stand in the sentence from which it is taken, when that is not the one on
/// which the claim rests first.
const TAKEN_ALONG: f32 = 0.6;

/// Whether a name of the claim is taken from a sentence that says something else: it is neither in the first of the chosen
/// sentences nor beside them, and where it stands, little of what the claim says of it does.
pub fn has_stray_name(claim: &Said, places: &[Place], passages: &Passages, question: &Said) -> bool {
    let Some((first, others)) = places.split_first() else { return false };
    let beside = &passages.all[first.hit].beside;
    let near = [passages.said(*first), beside, question];
    names(claim).into_iter().any(|name| {
        let tokens = claim.tokens[name.first..=name.last].iter().filter(|token| !is_function_word(&token.stem));
        let stray: Vec<&str> =
            tokens.map(|token| token.stem.as_str()).filter(|stem| near.iter().all(|said| !holds(said, stem))).collect();
        if stray.is_empty() {
            return false;
        }
        let around = around(claim, name.first, name.last);
        let taken_along = others.iter().map(|place| passages.said(*place)).any(|said| {
            let here = passages.share(around.iter(), |word| said.has(word) || beside.has(word));
            stray.iter().all(|stem| holds(said, stem)) && here.is_none_or(|share| share >= TAKEN_ALONG)
        });
        let known_as_name = |stem: &&str| passages.capitalised.contains(*stem) && !passages.lower.contains(*stem);
        (name.sure || stray.iter().all(known_as_name)) && !taken_along
    })
}

fn holds(said: &Said, stem: &str) -> bool {
    said.has(stem) || said.tokens.iter().any(|token| token.stem == stem)
}

/// The best share among the sentences that have it; 1 when none has, which is another check's business.
fn best(
    claim: &Said,
    first: usize,
    last: usize,
    places: &[Place],
    passages: &Passages,
    question: &Said,
    has: impl Fn(&Said) -> bool,
) -> f32 {
    let around = around(claim, first, last);
    let shares = places.iter().filter(|place| has(passages.said(**place))).filter_map(|place| {
        let (said, beside) = (passages.said(*place), &passages.all[place.hit].beside);
        passages.share(around.iter(), |word| said.has(word) || beside.has(word) || question.has(word))
    });
    shares.fold(None, |best: Option<f32>, share| Some(best.map_or(share, |best| best.max(share)))).unwrap_or(1.0)
}

/// What stands around the tokens `first..=last`.
fn around(claim: &Said, first: usize, last: usize) -> HashSet<String> {
    let tokens = &claim.tokens;
    let reach = if tokens[first].is_character || tokens.get(last + 1).is_some_and(|next| next.is_character) {
        AROUND_CHARACTERS
    } else {
        AROUND_WORDS
    };
    let (from, to) = (first.saturating_sub(reach), (last + 1 + reach).min(tokens.len()));
    let mut found = HashSet::new();
    for range in [from..first, last + 1..to] {
        for at in range.clone() {
            let token = &tokens[at];
            if !token.is_character {
                if !is_function_word(&token.stem) && !token.stem.bytes().all(|b| b.is_ascii_digit()) {
                    found.insert(token.stem.clone());
                }
            } else if range.contains(&(at + 1)) && tokens[at + 1].is_character && token.end == tokens[at + 1].start {
                let blank = |at: usize| FUNCTION_CHARACTERS.contains(tokens[at].stem.as_str());
                if !(blank(at) && blank(at + 1)) {
                    found.insert(format!("{}{}", token.stem, tokens[at + 1].stem));
                }
            }
        }
    }
    found
}
