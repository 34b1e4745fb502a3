//! What can be told of a sentence beside a question.
//!
//! A word of the question weighs as much as it is rare (IDF). A sentence is read with its neighbours and its headings,
//! which name what it says "it" of.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::Candidate;
use super::asked::{asks_for_name, asks_for_number, has_new_name, has_new_number, particulars};
use super::weights::{self, Model};
use crate::models::{Models, Reader, Reading};
use crate::retrieve::{Found, Query, is_question_word};
use crate::store::Lexical;
use crate::text::{SentenceSpan, sentences, slice_chars, words_in};
use crate::{AccessScope, Result};

/// Margin of the reader from which on it is as good as sure: a greater one says little more.
const SURE_MARGIN: f32 = 8.0;

/// Numbers that describe a sentence; each is between about 0 and 1, but for `span`, which is from -1 on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Clues {
    /// The reader's margin for the best span in the sentence (span score − no-answer score), by its hyperbolic tangent.
    pub span: f32,
    /// How far that margin is below the best of the passage, likewise.
    pub behind_best_span: f32,
    /// Share of the question's weight that the sentence holds, that the sentences beside it add, that headings add.
    pub own_words: f32,
    pub near_words: f32,
    pub heading_words: f32,
    /// Retrieval's score of the passage over that of the best one.
    pub retrieval: f32,
    /// 1 for the first passage.
    pub first: f32,
    /// Cosine of question and passage, as the vector leg gave it.
    pub vector: f32,
    /// 1 when a number is asked for and the sentence has one that the question has not.
    pub number: f32,
    /// 1 when the sentence is a heading or only announces what follows, when it asks itself.
    pub heading: f32,
    pub asks: f32,
    /// Share of the sentence's words that are not the question's: what it could tell.
    pub news: f32,
    /// 1 for sentences of fewer than four words.
    pub short: f32,
    /// Share of the question's weight that only the rest of the passage holds.
    pub passage_words: f32,
    /// Weight of the rarest word of the question that neither passage nor headings hold, over that of its rarest word.
    pub missing: f32,
    /// Share of the question's names and numbers that passage and headings hold; 1 when it has none.
    pub particulars: f32,
    /// 1 when a name is asked for and the sentence has one that the question has not; −1 when it has none.
    pub name: f32,
    /// Share of the question's neighbouring words that stand side by side in the sentence.
    pub pairs: f32,
    /// Retrieval's score of the passage, as it is.
    pub found: f32,
    /// Greatest cosine of the question and one of the sentences that the other clues put first, the same for all of them: it
    /// tells whether any of them answers, and not which. 0 where it was not asked for.
    pub likeness: f32,
}

impl Clues {
    /// In the order of the fields, with their names.
    pub fn named(&self) -> [(&'static str, f32); 20] {
        [
            ("span", self.span),
            ("behind_best_span", self.behind_best_span),
            ("own_words", self.own_words),
            ("near_words", self.near_words),
            ("heading_words", self.heading_words),
            ("retrieval", self.retrieval),
            ("first", self.first),
            ("vector", self.vector),
            ("number", self.number),
            ("heading", self.heading),
            ("asks", self.asks),
            ("news", self.news),
            ("short", self.short),
            ("passage_words", self.passage_words),
            ("missing", self.missing),
            ("particulars", self.particulars),
            ("name", self.name),
            ("pairs", self.pairs),
            ("found", self.found),
            ("likeness", self.likeness),
        ]
    }
}

/// A question, ready to be held against passages.
pub struct Question {
    query: Query,
    models: Arc<Models>,
    /// Whether the reader knows its language.
    with_reader: bool,
    /// In order, so that the sums over them come out the same each time.
    weights: BTreeMap<String, f32>,
    total: f32,
    wants_number: bool,
    wants_name: bool,
    particulars: Vec<String>,
    /// Neighbouring words.
    pairs: Vec<(String, String)>,
    model: &'static Model,
}

impl Question {
    pub fn new(models: Arc<Models>, lexical: &Lexical, scope: &AccessScope, query: Query) -> Result<Question> {
        let knows = |reader: &Reader| query.language.is_some_and(|language| reader.knows(language));
        let with_reader = models.reader.as_ref().is_some_and(knows);
        let words = words_in(&query.text, query.language);
        let pairs = neighbours(&words).into_iter().map(|(one, other)| (one.to_owned(), other.to_owned())).collect();
        let telling = words.into_iter().filter(|term| !is_question_word(term));
        let unique: Vec<String> = telling.collect::<BTreeSet<String>>().into_iter().collect();
        let idf = lexical.idf(&unique, scope)?;
        let weights: BTreeMap<String, f32> = unique.into_iter().zip(idf).collect();
        Ok(Question {
            total: weights.values().sum::<f32>().max(f32::MIN_POSITIVE),
            weights,
            wants_number: asks_for_number(&query.text),
            wants_name: asks_for_name(&query.text),
            particulars: particulars(&query.text),
            pairs,
            model: if with_reader { &weights::WITH_READER } else { &weights::WORDS_ALONE },
            query,
            models,
            with_reader,
        })
    }

    /// Confidence from which on each level of strictness answers.
    pub fn least_confidence(&self) -> [f32; 5] {
        self.model.least_confidence
    }

    /// Probability that a sentence with these clues, the best one of all passages, answers.
    pub fn confidence(&self, clues: &Clues) -> f32 {
        self.model.confidence.probability(clues)
    }

    /// The same, when its likeness is known.
    pub fn confidence_in_doubt(&self, clues: &Clues) -> f32 {
        self.model.in_doubt.as_ref().unwrap_or(&self.model.confidence).probability(clues)
    }

    /// Whether likeness counts for questions of this kind.
    pub fn compares(&self) -> bool {
        self.model.in_doubt.is_some()
    }

    /// The sentences of one of the passages.
    pub fn candidates(&self, hit: usize, all: &[Found]) -> Result<Vec<Candidate>> {
        let found = &all[hit];
        let passage = Passage::new(found);
        let readings = self.read(found, &passage)?;
        let best_span = readings.iter().flatten().map(|reading| reading.margin).fold(f32::NEG_INFINITY, f32::max);
        let best_retrieval = all.iter().map(|hit| hit.score).fold(f32::MIN_POSITIVE, f32::max);
        let shared = Clues {
            retrieval: found.score / best_retrieval,
            first: f32::from(u8::from(hit == 0)),
            vector: found.scores().vector.unwrap_or(0.0),
            found: found.score,
            missing: self.missing(&passage),
            particulars: self.shared_particulars(found),
            ..Clues::default()
        };
        let mut out = Vec::with_capacity(passage.sentences.len());
        for (at, sentence) in passage.sentences.iter().enumerate() {
            let mut clues = self.clues(shared, &passage, at, found);
            if let Some(reading) = readings[at] {
                clues.span = (reading.margin / SURE_MARGIN).tanh();
                clues.behind_best_span = ((best_span - reading.margin) / SURE_MARGIN).tanh();
            }
            let span = readings[at].map(|reading| (reading.start, reading.end));
            out.push(Candidate { hit, sentence: *sentence, span, score: self.model.sentence.score(&clues), clues });
        }
        Ok(out)
    }

    fn read(&self, found: &Found, passage: &Passage<'_>) -> Result<Vec<Option<Reading>>> {
        let readable = |reader: &&Reader| found.chunk.language.as_deref().is_none_or(|language| reader.knows(language));
        match self.models.reader.as_ref().filter(|_| self.with_reader).filter(readable) {
            Some(reader) => reader.read(&self.query.text, &found.chunk.text, &passage.sentences),
            None => Ok(vec![None; passage.sentences.len()]),
        }
    }

    fn clues(&self, shared: Clues, passage: &Passage<'_>, at: usize, found: &Found) -> Clues {
        let own = &passage.terms[at];
        let near = |term: &str| {
            let before = at.checked_sub(1).map(|at| &passage.terms[at]);
            before.is_some_and(|terms| terms.contains(term))
                || passage.terms.get(at + 1).is_some_and(|terms| terms.contains(term))
        };
        let text = passage.texts[at];
        let told = |term: &str| own.contains(term) || near(term) || passage.headings.contains(term);
        let news = own.iter().filter(|term| !self.weights.contains_key(*term) && !is_question_word(term)).count();
        Clues {
            own_words: self.share(|term| own.contains(term)),
            near_words: self.share(|term| !own.contains(term) && near(term)),
            heading_words: self.share(|term| !own.contains(term) && !near(term) && passage.headings.contains(term)),
            passage_words: self.share(|term| !told(term) && passage.holds(term)),
            pairs: self.shared_pairs(&passage.words[at]),
            name: match (self.wants_name, has_new_name(text, &self.query.text)) {
                (false, _) => 0.0,
                (true, false) => -1.0,
                (true, true) => 1.0,
            },
            number: flag(self.wants_number && has_new_number(text, &self.query.text)),
            heading: flag(passage.is_heading(at, found) || text.ends_with([':', '：'])),
            asks: flag(passage.asks(at)),
            news: if own.is_empty() { 0.0 } else { news as f32 / own.len() as f32 },
            short: flag(own.len() < 4),
            ..shared
        }
    }

    /// See [`Clues::missing`].
    fn missing(&self, passage: &Passage<'_>) -> f32 {
        let rarest = self.weights.values().copied().fold(f32::MIN_POSITIVE, f32::max);
        let absent = self.weights.iter().filter(|(term, _)| !passage.holds(term) && !passage.headings.contains(*term));
        absent.map(|(_, weight)| weight / rarest).fold(0.0, f32::max)
    }

    fn shared_particulars(&self, found: &Found) -> f32 {
        if self.particulars.is_empty() {
            return 1.0;
        }
        let chunk = &found.chunk;
        let text =
            format!("{}\n{}\n{}", chunk.title, chunk.heading.as_deref().unwrap_or_default(), chunk.text).to_lowercase();
        let held = self.particulars.iter().filter(|word| text.contains(word.as_str())).count();
        held as f32 / self.particulars.len() as f32
    }

    /// Share of the question's pairs among the words of a sentence.
    fn shared_pairs(&self, words: &[String]) -> f32 {
        if self.pairs.is_empty() {
            return 0.0;
        }
        let theirs: HashSet<(&str, &str)> = neighbours(words).into_iter().collect();
        let held = |(one, other): &&(String, String)| theirs.contains(&(one.as_str(), other.as_str()));
        self.pairs.iter().filter(held).count() as f32 / self.pairs.len() as f32
    }

    /// Share of the question's weight in the words for which `holds` is true.
    fn share(&self, holds: impl Fn(&str) -> bool) -> f32 {
        self.weights.iter().filter(|(term, _)| holds(term)).map(|(_, weight)| weight).sum::<f32>() / self.total
    }
}

/// A passage, cut into sentences.
struct Passage<'a> {
    sentences: Vec<SentenceSpan>,
    texts: Vec<&'a str>,
    /// Words of each sentence, in order and as a set.
    words: Vec<Vec<String>>,
    terms: Vec<HashSet<String>>,
    headings: HashSet<String>,
}

impl<'a> Passage<'a> {
    fn new(found: &'a Found) -> Passage<'a> {
        let chunk = &found.chunk;
        let sentences = sentences(&chunk.text);
        let texts: Vec<&str> = sentences.iter().map(|s| slice_chars(&chunk.text, s.start, s.end)).collect();
        let language = chunk.language.as_deref();
        let headings = format!("{}\n{}", chunk.title, chunk.heading.as_deref().unwrap_or_default());
        let words: Vec<Vec<String>> = texts.iter().map(|text| words_in(text, language)).collect();
        Passage {
            terms: words.iter().map(|words| words.iter().cloned().collect()).collect(),
            words,
            headings: words_in(&headings, language).into_iter().collect(),
            sentences,
            texts,
        }
    }

    /// Whether any sentence has the term.
    fn holds(&self, term: &str) -> bool {
        self.terms.iter().any(|terms| terms.contains(term))
    }

    fn asks(&self, at: usize) -> bool {
        self.texts[at].ends_with(['?', '？'])
    }

    fn is_heading(&self, at: usize, found: &Found) -> bool {
        let text = self.texts[at];
        let path = found.chunk.heading.as_deref().unwrap_or_default();
        found.chunk.title == text || path.split(" › ").any(|heading| heading == text)
    }
}

/// Words that stand side by side, those that only ask or bind left out.
fn neighbours(words: &[String]) -> Vec<(&str, &str)> {
    let telling: Vec<&str> = words.iter().map(String::as_str).filter(|word| !is_question_word(word)).collect();
    telling.windows(2).map(|two| (two[0], two[1])).collect()
}

fn flag(condition: bool) -> f32 {
    f32::from(u8::from(condition))
}
