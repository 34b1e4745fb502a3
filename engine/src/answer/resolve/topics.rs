//! Past turns → what the conversation is about.
//!
//! A phrase weighs by how rare its words are, and by where it was mentioned: in a question of its own, in an answer, in
//! several turns. What a long answer does not mention any more has hardly to do with what is asked next. All numbers
//! were chosen on one half of three sets of conversations; docs/conversations.md says what they give on the other.

use std::collections::{HashMap, HashSet};

use super::Past;
use super::phrases::{Phrase, phrases};
use crate::Result;
use crate::text::slice_chars;

/// What a mention counts for beside one in the turn after it: for what the conversation is about, and for what a pronoun
/// stands for.
const RECENCY: f32 = 0.9;
const FOCUS: f32 = 0.6;
/// What each further turn that mentions it adds.
const RECURRENCE: f32 = 0.3;
const NAME: f32 = 1.25;
/// The one phrase of a question: "Tell me about makos."
const INTRODUCED: f32 = 2.0;
/// What was carried into a turn for certain, or as a guess.
const CARRIED: f32 = 1.5;
const GUESSED: f32 = 1.0;
/// What the last answer alone names: once, and four times.
const NAMED_ONCE: f32 = 0.15;
const NAMED_OFTEN: f32 = 0.85;
const OFTEN: usize = 4;
/// What a mention in the last answer makes of a topic, times the logarithm of their number; and none at all.
const CONFIRMED: f32 = 1.0;
const UNCONFIRMED: f32 = 0.2;
/// Turns that are looked at.
const TURNS: usize = 8;
/// Phrases of a question that are looked at: a pasted text has no end of them.
const PHRASES: usize = 64;
/// Words of a phrase that count: a long one is not more of a topic.
const COUNTED: usize = 2;
/// Of an answer, characters that are looked at.
const ANSWER_CHARS: usize = 2_000;
/// Most words of an answer's phrase: longer ones are clauses.
const ANSWER_WORDS: usize = 4;

/// Something that the conversation is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    pub phrase: Phrase,
    /// How much the conversation as a whole is about it.
    pub score: f32,
    /// How much the last turns are about it.
    pub focus: f32,
}

/// What the turns are about, best first. `rarity` gives the inverse document frequency of each term.
pub fn of(history: &[Past], rarity: &dyn Fn(&[String]) -> Result<Vec<f32>>) -> Result<Vec<Topic>> {
    let turns: Vec<Vec<(Phrase, f32)>> = history.iter().rev().take(TURNS).map(mentioned).collect();
    let answer = history.last().and_then(|past| past.answer.as_deref()).unwrap_or_default();
    let answer = Answer::new(phrases(slice_chars(answer, 0, ANSWER_CHARS)));
    let all = turns.iter().flatten().map(|(phrase, _)| phrase).chain(&answer.phrases);
    let rarity = Rarity::of(all, rarity)?;
    let mut topics: Vec<Topic> = Vec::new();
    for (age, phrases) in turns.iter().enumerate() {
        for (phrase, part) in phrases {
            if topics.iter().any(|topic| topic.phrase.holds(phrase)) {
                continue;
            }
            let mentions = turns.iter().filter(|turn| turn.iter().any(|(other, _)| other.holds(phrase))).count();
            let recurrence = 1.0 + RECURRENCE * mentions.saturating_sub(1) as f32;
            let score = rarity.weight(phrase) * answer.confirms(phrase) * part * recurrence;
            let aged = |share: f32| score * share.powi(i32::try_from(age).unwrap_or(i32::MAX));
            topics.push(Topic { phrase: phrase.clone(), score: aged(RECENCY), focus: aged(FOCUS) });
        }
    }
    for phrase in answer.phrases.iter().filter(|phrase| phrase.text.split(' ').count() <= ANSWER_WORDS) {
        if topics.iter().any(|topic| topic.phrase.holds(phrase) || phrase.holds(&topic.phrase)) {
            continue;
        }
        let often = answer.count(phrase).clamp(1, OFTEN) - 1;
        let part = NAMED_ONCE + (NAMED_OFTEN - NAMED_ONCE) * often as f32 / (OFTEN - 1) as f32;
        let score = part * rarity.weight(phrase);
        topics.push(Topic { phrase: phrase.clone(), score, focus: score });
    }
    topics.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(topics)
}

/// What a turn names, and what each counts for.
fn mentioned(past: &Past) -> Vec<(Phrase, f32)> {
    let part = if past.sure { CARRIED } else { GUESSED };
    let carried = past.carried.iter().filter_map(|text| Phrase::of(text)).map(|phrase| (phrase, part));
    let mut own = phrases(&past.question);
    own.truncate(PHRASES);
    let alone = own.len() == 1 && (past.carried.is_empty() || !past.sure);
    let part = if alone { INTRODUCED } else { 1.0 };
    carried.chain(own.into_iter().map(|phrase| (phrase, part))).collect()
}

/// The last answer.
struct Answer {
    phrases: Vec<Phrase>,
    /// How often each term stands in it.
    terms: HashMap<String, usize>,
}

impl Answer {
    fn new(phrases: Vec<Phrase>) -> Answer {
        let mut terms: HashMap<String, usize> = HashMap::new();
        for term in phrases.iter().flat_map(|phrase| &phrase.terms) {
            *terms.entry(term.clone()).or_default() += 1;
        }
        Answer { phrases, terms }
    }

    fn count(&self, phrase: &Phrase) -> usize {
        phrase.terms.iter().map(|term| self.terms.get(term).copied().unwrap_or(0)).min().unwrap_or(0)
    }

    fn confirms(&self, phrase: &Phrase) -> f32 {
        match self.count(phrase) {
            // Nothing was answered.
            _ if self.phrases.is_empty() => 1.0,
            0 => UNCONFIRMED,
            count => 1.0 + CONFIRMED * (count as f32).ln(),
        }
    }
}

/// Inverse document frequencies.
struct Rarity(HashMap<String, f32>);

impl Rarity {
    fn of<'a>(
        phrases: impl Iterator<Item = &'a Phrase>,
        rarity: &dyn Fn(&[String]) -> Result<Vec<f32>>,
    ) -> Result<Rarity> {
        let terms: HashSet<&String> = phrases.flat_map(|phrase| &phrase.terms).collect();
        let terms: Vec<String> = terms.into_iter().cloned().collect();
        let rare = rarity(&terms)?;
        Ok(Rarity(terms.into_iter().zip(rare).collect()))
    }

    /// Of the rarest words; the root keeps words that stand nowhere from outweighing all others.
    fn weight(&self, phrase: &Phrase) -> f32 {
        let mut weights: Vec<f32> = phrase.terms.iter().filter_map(|term| self.0.get(term).copied()).collect();
        weights.sort_by(|a, b| b.total_cmp(a));
        weights.iter().take(COUNTED).map(|weight| weight.max(0.0).sqrt()).sum::<f32>()
            * if phrase.proper { NAME } else { 1.0 }
    }
}
