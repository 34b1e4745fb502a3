//! Holds what was written against its sources, sentence by sentence, before it is final.
//!
//! In: a sentence without its marks, and the passages that its writer named. Out: a [`Verdict`]: how well it is borne out, the
//! places that bear it out, and what is wrong with it. The passages that were named are tried first, then all others: a wrong
//! mark is mended, and one that names nothing counts for nothing. A sentence that stands in a passage word for word is a
//! quote and passes. Any other one has to keep every figure (`facts`), name (`names`) and negation (`polarity`) of the
//! sentences that it rests on, must not put one in another's place (`align`), and must say no more than they say
//! (`support`). What must never be shown is in `safety`.
//!
//! Deliberately not here: cutting a text into sentences, what happens to one that fails, and whether a sentence answers
//! the question.

mod align;
mod attach;
mod facts;
mod marks;
mod names;
mod passages;
mod polarity;
mod safety;
mod said;
mod support;
mod verbatim;

use std::sync::Arc;

use taproot_schemas::answer::RetractReason;

use super::compose::Quote;
use crate::Result;
use crate::models::{Models, cosine};
use crate::retrieve::Found;
use crate::text;

use facts::{Fact, Fit};
use passages::{Passage, Passages, Place};
use said::Said;

pub use marks::strip_marks;
pub use safety::may_be_shown;
pub use support::{Clues, ENOUGH};

/// What a sentence is held against.
#[derive(Debug, Clone)]
pub struct Source {
    pub text: String,
    /// Title, heading path and table header, a line each: what a passage's "it" may be.
    pub beside: String,
}

impl Source {
    fn of(found: &Found) -> Source {
        let chunk = &found.chunk;
        let beside = [Some(&chunk.title), chunk.heading.as_ref(), chunk.table_header.as_ref()];
        Source {
            text: chunk.text.clone(),
            beside: beside.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// What the check of a sentence brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// 0 to 1; 1 for a quote.
    pub support: f32,
    /// The places that bear it out, whole sentences, best first, at most three. Of a sentence with a fault, those that come
    /// nearest.
    pub quotes: Vec<Quote>,
    /// Why it must not stand.
    pub fault: Option<RetractReason>,
    /// What the support was told from; absent for a quote and for what was not weighed.
    pub clues: Option<Clues>,
}

/// Checks the sentences of one answer. Plain synchronous work, some milliseconds a sentence at the most.
pub struct Grounder {
    models: Option<Arc<Models>>,
    question: Said,
    passages: Passages,
}

/// One try to bear a claim out.
struct Trial {
    places: Vec<Place>,
    clues: Clues,
    fault: Option<RetractReason>,
}

/// Longest sentence that is checked, in characters; a longer one is no sentence and fails.
const MAX_CHARS: usize = 2_000;

impl Grounder {
    /// `found` are all passages of the answer, by whose indexes quotes and marks name them.
    pub fn new(models: Arc<Models>, question: &str, found: &[Found]) -> Grounder {
        let sources: Vec<Source> = found.iter().map(Source::of).collect();
        Grounder::over(Some(models), question, &sources)
    }

    /// The same over texts; without models, words alone tell the support.
    pub fn over(models: Option<Arc<Models>>, question: &str, sources: &[Source]) -> Grounder {
        let passages = sources.iter().map(|source| Passage::new(&source.text, &source.beside)).collect();
        Grounder { models, question: Said::new(question), passages: Passages::new(passages) }
    }

    /// Checks a sentence. `cited` are the passages that its writer named; they may be wrong or made up.
    pub fn check(&self, sentence: &str, cited: &[usize]) -> Result<Verdict> {
        let all = &self.passages.all;
        let texts = all.iter().flat_map(|passage| [passage.text.as_str(), passage.beside.text.as_str()]);
        if sentence.chars().nth(MAX_CHARS).is_some() {
            return Ok(Verdict::failed(RetractReason::NotSupported));
        }
        if safety::is_unsafe(sentence, texts) {
            return Ok(Verdict::failed(RetractReason::Unsafe));
        }
        let claim = Said::new(sentence);
        let named: Vec<usize> = (0..all.len()).filter(|hit| cited.contains(hit)).collect();
        let others: Vec<usize> = (0..all.len()).filter(|hit| !cited.contains(hit)).collect();
        let in_order: Vec<usize> =
            cited.iter().copied().filter(|hit| *hit < all.len()).chain(others.iter().copied()).collect();
        if let Some(place) = verbatim::quoted(&claim, all, &in_order) {
            return Ok(Verdict { support: 1.0, quotes: self.quotes(&[place]), fault: None, clues: None });
        }
        let mut tries: Vec<Trial> = Vec::new();
        if !named.is_empty() {
            let trial = self.weigh(&claim, &named)?;
            if trial.fault.is_none() {
                return Ok(self.verdict(&trial));
            }
            tries.push(trial);
        }
        // Each of the others by itself, then all together.
        for hits in others.iter().map(|hit| vec![*hit]).chain((all.len() > 1).then(|| (0..all.len()).collect())) {
            tries.push(self.weigh(&claim, &hits)?);
        }
        let sound = |trial: &&Trial| trial.fault.is_none();
        let by_support = |a: &&Trial, b: &&Trial| a.clues.support().total_cmp(&b.clues.support());
        // What it comes nearest to says best what is wrong with it.
        let by_words = |a: &&Trial, b: &&Trial| a.clues.words.total_cmp(&b.clues.words);
        let best = tries.iter().rev().filter(sound).max_by(by_support).or_else(|| tries.iter().rev().max_by(by_words));
        Ok(best.map_or(Verdict::failed(RetractReason::NotSupported), |trial| self.verdict(trial)))
    }

    fn weigh(&self, claim: &Said, hits: &[usize]) -> Result<Trial> {
        let places = self.passages.choose(claim, hits);
        let Some(best) = places.first() else {
            let clues = Clues::default();
            return Ok(Trial { places, clues, fault: Some(RetractReason::NotSupported) });
        };
        let window: Vec<&Said> = places.iter().map(|place| self.passages.said(*place)).collect();
        let mut beside: Vec<&Said> = vec![&self.question];
        beside.extend(places.iter().map(|place| &self.passages.all[place.hit].beside));
        let mut clues = self.clues(claim, &places, &window, &beside);
        let known = names::Known {
            window: &window,
            beside: &beside,
            capitalised: &self.passages.capitalised,
            lower: &self.passages.lower,
        };
        let replaced = align::replaced(claim, self.passages.said(*best), &self.question);
        let mut fault = if self.has_other_figure(claim, &window, &beside) || replaced == Some(align::Replaced::Figure) {
            Some(RetractReason::Number)
        } else if names::missing(claim, &known).is_some()
            || replaced == Some(align::Replaced::Name)
            || attach::has_stray_name(claim, &places, &self.passages, &self.question)
        {
            Some(RetractReason::Name)
        } else if polarity::differs(claim, &window) {
            Some(RetractReason::Negation)
        } else {
            None
        };
        if fault.is_none() {
            clues.cosine = self.cosine(claim, &places)?;
            fault = (clues.support() < ENOUGH).then_some(RetractReason::NotSupported);
        }
        Ok(Trial { places, clues, fault })
    }

    fn clues(&self, claim: &Said, places: &[Place], window: &[&Said], beside: &[&Said]) -> Clues {
        let held = |word: &str| window.iter().chain(&beside[1..]).any(|said| said.has(word));
        let mut words: Vec<&String> = claim.words.iter().collect();
        words.sort();
        let share = |words: &[&String]| self.passages.share(words.iter().copied(), held);
        let news: Vec<&String> = words.iter().copied().filter(|word| !self.question.has(word)).collect();
        let all = share(&words).unwrap_or(0.0);
        Clues {
            words: all,
            news: share(&news).unwrap_or(all),
            order: align::alike(claim, window[0]),
            attached: attach::attached(claim, places, &self.passages, &self.question),
            single: f32::from(u8::from(places.len() == 1)),
            cosine: None,
        }
    }

    /// Whether a figure of the claim is not its sources'. One of the question may be repeated where the sources say no
    /// other of its kind.
    fn has_other_figure(&self, claim: &Said, window: &[&Said], beside: &[&Said]) -> bool {
        let known: Vec<&Fact> = window.iter().chain(&beside[1..]).flat_map(|said| &said.facts).collect();
        let mentions = |unit: &str| window.iter().chain(&beside[1..]).any(|said| facts::mentions(&said.text, unit));
        claim.facts.iter().filter(|fact| fact.firm).any(|fact| {
            let fit = known.iter().map(|known| fact.fits(known)).max().unwrap_or(Fit::Other);
            let borne = match (fit, fact.unit()) {
                (Fit::Same, _) | (Fit::Unit, None) => true,
                (Fit::Unit, Some(unit)) => mentions(unit),
                _ => false,
            };
            let asked = || self.question.facts.iter().any(|asked| fact.fits(asked) == Fit::Same);
            let contradicted = || {
                known.iter().any(|known| {
                    let kind = std::mem::discriminant(&known.value) == std::mem::discriminant(&fact.value);
                    kind && known.unit() == fact.unit() && claim.facts.iter().all(|said| said.fits(known) == Fit::Other)
                })
            };
            !borne && (!asked() || contradicted())
        })
    }

    /// Cosine of the claim and the sentences that it rests on, when the embedder knows the claim's language.
    fn cosine(&self, claim: &Said, places: &[Place]) -> Result<Option<f32>> {
        let Some(models) = &self.models else { return Ok(None) };
        if !text::detect(&claim.text).is_some_and(|language| models.embedder.knows(language)) {
            return Ok(None);
        }
        let mut in_order = places.to_vec();
        in_order.sort();
        let source: Vec<&str> =
            in_order.iter().map(|place| self.passages.all[place.hit].slice(place.sentence)).collect();
        let (claim, source) =
            (models.embedder.embed_passage(&claim.text)?, models.embedder.embed_passage(&source.join(" "))?);
        Ok(Some(cosine(&claim, &source)))
    }

    fn verdict(&self, trial: &Trial) -> Verdict {
        let quotes = self.quotes(&trial.places);
        Verdict { support: trial.clues.support(), quotes, fault: trial.fault, clues: Some(trial.clues) }
    }

    /// The places as quotes; sentences that follow one another are one.
    fn quotes(&self, places: &[Place]) -> Vec<Quote> {
        let mut quotes: Vec<Quote> = Vec::new();
        let mut taken: Vec<Vec<Place>> = Vec::new();
        for place in places {
            let next = |known: &Place| known.hit == place.hit && known.sentence.abs_diff(place.sentence) == 1;
            match taken.iter_mut().find(|group| group.iter().any(next)) {
                Some(group) => group.push(*place),
                None => taken.push(vec![*place]),
            }
        }
        for mut group in taken {
            group.sort();
            let (first, last) = (group[0], group[group.len() - 1]);
            let sentences = &self.passages.all[first.hit].sentences;
            let (start, end) = (sentences[first.sentence].start, sentences[last.sentence].end);
            quotes.push(Quote { hit: first.hit, start, end, span: None });
        }
        quotes
    }
}

impl Verdict {
    fn failed(reason: RetractReason) -> Verdict {
        Verdict { support: 0.0, quotes: Vec::new(), fault: Some(reason), clues: None }
    }
}
