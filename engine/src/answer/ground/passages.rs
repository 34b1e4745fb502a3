//! The sources of an answer, cut into sentences, and the choice of those that bear a claim out.

use std::collections::{HashMap, HashSet};

use super::facts::{Fact, Fit};
use super::said::Said;
use crate::text::{SentenceSpan, sentences, slice_chars};

/// A passage as it is held against claims.
pub struct Passage {
    pub text: String,
    pub sentences: Vec<SentenceSpan>,
    pub said: Vec<Said>,
    /// Title, heading path, header of the table.
    pub beside: Said,
}

/// A sentence of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the passage.
    pub hit: usize,
    /// Index of its sentence.
    pub sentence: usize,
}

/// All passages of an answer, and how rare their words are.
pub struct Passages {
    pub all: Vec<Passage>,
    sentences_with: HashMap<String, u32>,
    total: u32,
    /// Stems that stand somewhere with a capital within a sentence, and those that stand somewhere without.
    pub capitalised: HashSet<String>,
    pub lower: HashSet<String>,
}

/// Sentences that one claim may rest on.
const MOST_PLACES: usize = 3;
/// What a further sentence has to add, as a share of the claim: beside one that is chosen, and elsewhere.
const ADDS_NEAR: f32 = 0.06;
const ADDS_FAR: f32 = 0.2;
/// Sentences within so many of each other are near.
const NEAR: usize = 2;
/// What a fact of the claim counts for in the choice, beside its rarest words.
const FACT_WEIGHT: f32 = 2.0;

impl Passage {
    pub fn new(text: &str, beside: &str) -> Passage {
        let spans = sentences(text);
        let said = spans.iter().map(|span| Said::new(slice_chars(text, span.start, span.end))).collect();
        Passage { text: text.to_owned(), sentences: spans, said, beside: Said::new(beside) }
    }

    /// A sentence as it is written.
    pub fn slice(&self, sentence: usize) -> &str {
        let SentenceSpan { start, end } = self.sentences[sentence];
        slice_chars(&self.text, start, end)
    }
}

impl Passages {
    pub fn new(all: Vec<Passage>) -> Passages {
        let mut sentences_with: HashMap<String, u32> = HashMap::new();
        let (mut capitalised, mut lower, mut total) = (HashSet::new(), HashSet::new(), 0);
        for said in all.iter().flat_map(|passage| &passage.said) {
            total += 1;
            for word in &said.words {
                *sentences_with.entry(word.clone()).or_default() += 1;
            }
            for token in said.tokens.iter().filter(|token| !token.is_character) {
                match (token.marked, token.first) {
                    (true, false) => drop(capitalised.insert(token.stem.clone())),
                    (false, _) => drop(lower.insert(token.stem.clone())),
                    _ => {}
                }
            }
        }
        Passages { all, sentences_with, total, capitalised, lower }
    }

    /// How much a word counts for: more, the fewer sentences have it.
    pub fn weight(&self, word: &str) -> f32 {
        let with = self.sentences_with.get(word).copied().unwrap_or(0);
        (1.0 + self.total as f32 / (1.0 + with as f32)).ln()
    }

    pub fn said(&self, place: Place) -> &Said {
        &self.all[place.hit].said[place.sentence]
    }

    /// Share of the weight of `words` for which `holds` is true; `None` for no words.
    pub fn share<'w>(&self, words: impl Iterator<Item = &'w String>, holds: impl Fn(&str) -> bool) -> Option<f32> {
        let (mut held, mut total) = (0.0, 0.0);
        for word in words {
            let weight = self.weight(word);
            total += weight;
            held += if holds(word) { weight } else { 0.0 };
        }
        (total > 0.0).then(|| held / total)
    }

    /// The sentences of these passages that bear a claim out best, the best first: at most three, each of which adds to
    /// what the others say. Empty when none shares a word with the claim.
    pub fn choose(&self, claim: &Said, hits: &[usize]) -> Vec<Place> {
        let places: Vec<Place> = hits
            .iter()
            .flat_map(|&hit| (0..self.all[hit].said.len()).map(move |sentence| Place { hit, sentence }))
            .collect();
        let mut words: Vec<(&String, f32)> = claim.words.iter().map(|word| (word, self.weight(word))).collect();
        // In order, so that sums come out the same each time.
        words.sort_by(|a, b| a.0.cmp(b.0));
        let mut facts: Vec<&Fact> = claim.facts.iter().filter(|fact| fact.firm).collect();
        let total = words.iter().map(|(_, weight)| weight).sum::<f32>() + FACT_WEIGHT * facts.len() as f32;
        let mut chosen: Vec<Place> = Vec::new();
        while chosen.len() < MOST_PLACES {
            let gain = |place: &Place| {
                let said = self.said(*place);
                let new: f32 = words.iter().filter(|(word, _)| said.has(word)).map(|(_, weight)| weight).sum();
                let borne =
                    facts.iter().filter(|fact| said.facts.iter().any(|known| fact.fits(known) >= Fit::Unit)).count();
                // Of sentences that say the same, the one that says less besides.
                (new + FACT_WEIGHT * borne as f32) / total.max(f32::MIN_POSITIVE) - 1e-4 * said.words.len() as f32
            };
            let near = |place: &Place| {
                chosen.iter().any(|known| known.hit == place.hit && known.sentence.abs_diff(place.sentence) <= NEAR)
            };
            let enough = |place: &Place, gain: f32| match chosen.is_empty() {
                true => gain > 0.0,
                false => gain >= if near(place) { ADDS_NEAR } else { ADDS_FAR },
            };
            let left = places.iter().filter(|place| !chosen.contains(place));
            let best = left.map(|place| (place, gain(place))).filter(|(place, gain)| enough(place, *gain));
            let Some((best, _)) = best.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(a.0))) else { break };
            chosen.push(*best);
            let said = self.said(*best);
            words.retain(|(word, _)| !said.has(word));
            facts.retain(|fact| !said.facts.iter().any(|known| fact.fits(known) >= Fit::Unit));
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::{Passage, Passages, Place, Said};

    #[test]
    fn the_sentences_that_bear_a_claim_out_are_chosen() {
        let passages = Passages::new(vec![
            Passage::new("Parking is free. Leave is approved by the manager.", "Yard"),
            Passage::new("Employees get 25 days of leave. Contractors get none. The yard is closed.", "Leave"),
        ]);
        let chosen = |claim: &str| passages.choose(&Said::new(claim), &[0, 1]);
        assert_eq!(chosen("Employees get 25 days of leave."), [Place { hit: 1, sentence: 0 }]);
        let two = chosen("Employees get 25 days of leave and contractors get none.");
        assert_eq!(two, [Place { hit: 1, sentence: 0 }, Place { hit: 1, sentence: 1 }]);
        assert_eq!(chosen("Xylophone"), []);
    }
}
