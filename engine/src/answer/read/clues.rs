//! What can be told of a sentence beside a question.
//!
//! A word of the question weighs as much as it is rare (IDF). A sentence is read with its neighbours and its headings,
//! which name what it says "it" of.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Candidate;
use super::weights::{self, Weights};
use crate::models::{Models, Reader, Reading};
use crate::retrieve::{Found, Query, is_question_word};
use crate::store::Lexical;
use crate::text::{SentenceSpan, sentences, slice_chars, words_in};
use crate::{AccessScope, Result};

/// Numbers that describe a sentence; each is between about 0 and 1, but for `span`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Clues {
    /// The reader's margin for the best span in the sentence (span score − no-answer score), a tenth of it.
    pub span: f32,
    /// How far that margin is below the best of the passage, a tenth of it.
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
    /// 1 when the sentence is a heading, when it asks itself.
    pub heading: f32,
    pub asks: f32,
    /// Share of the sentence's words that are not the question's: what it could tell.
    pub news: f32,
    /// 1 for sentences of fewer than four words.
    pub short: f32,
}

impl Clues {
    /// In the order of the fields.
    pub fn values(&self) -> [f32; 13] {
        [
            self.span,
            self.behind_best_span,
            self.own_words,
            self.near_words,
            self.heading_words,
            self.retrieval,
            self.first,
            self.vector,
            self.number,
            self.heading,
            self.asks,
            self.news,
            self.short,
        ]
    }
}

/// A question, ready to be held against passages.
pub struct Question<'a> {
    query: &'a Query,
    reader: Option<&'a Reader>,
    /// In order, so that the sums over them come out the same each time.
    weights: BTreeMap<String, f32>,
    total: f32,
    wants_number: bool,
    model: &'static Weights,
}

impl<'a> Question<'a> {
    pub fn new(models: &'a Models, lexical: &Lexical, scope: &AccessScope, query: &'a Query) -> Result<Question<'a>> {
        let reader =
            models.reader.as_ref().filter(|reader| query.language.is_some_and(|language| reader.knows(language)));
        let words = words_in(&query.text, query.language).into_iter().filter(|term| !is_question_word(term));
        let unique: Vec<String> = words.collect::<BTreeSet<String>>().into_iter().collect();
        let idf = lexical.idf(&unique, scope)?;
        let weights: BTreeMap<String, f32> = unique.into_iter().zip(idf).collect();
        Ok(Question {
            query,
            reader,
            total: weights.values().sum::<f32>().max(f32::MIN_POSITIVE),
            weights,
            wants_number: asks_for_number(&query.text),
            model: if reader.is_some() { &weights::WITH_READER } else { &weights::WORDS_ALONE },
        })
    }

    /// Log-odds from which on a sentence answers.
    pub fn threshold(&self) -> f32 {
        self.model.threshold
    }

    /// The sentences of a passage.
    pub fn candidates(&self, hit: usize, found: &Found, all: &[Found]) -> Result<Vec<Candidate>> {
        let passage = Passage::new(found);
        let readings = self.read(found, &passage)?;
        let best_span = readings.iter().flatten().map(|reading| reading.margin).fold(f32::NEG_INFINITY, f32::max);
        let best_retrieval = all.iter().map(|hit| hit.score).fold(f32::MIN_POSITIVE, f32::max);
        let shared = Clues {
            retrieval: found.score / best_retrieval,
            first: f32::from(u8::from(hit == 0)),
            vector: found.scores().vector.unwrap_or(0.0),
            ..Clues::default()
        };
        let mut out = Vec::with_capacity(passage.sentences.len());
        for (at, sentence) in passage.sentences.iter().enumerate() {
            let mut clues = self.clues(shared, &passage, at, found);
            if let Some(reading) = readings[at] {
                clues.span = reading.margin / 10.0;
                clues.behind_best_span = (best_span - reading.margin) / 10.0;
            }
            // Short of the reader's own "nothing here" its span is a guess, which is not to be shown as the answer.
            let span = readings[at].filter(|reading| reading.margin > 0.0).map(|reading| (reading.start, reading.end));
            out.push(Candidate { hit, sentence: *sentence, span, score: self.model.score(&clues) });
        }
        Ok(out)
    }

    fn read(&self, found: &Found, passage: &Passage<'_>) -> Result<Vec<Option<Reading>>> {
        let readable = |reader: &&Reader| found.chunk.language.as_deref().is_none_or(|language| reader.knows(language));
        match self.reader.filter(readable) {
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
        let flag = |condition: bool| f32::from(u8::from(condition));
        let news = own.iter().filter(|term| !self.weights.contains_key(*term) && !is_question_word(term)).count();
        Clues {
            own_words: self.share(|term| own.contains(term)),
            near_words: self.share(|term| !own.contains(term) && near(term)),
            heading_words: self.share(|term| !own.contains(term) && !near(term) && passage.headings.contains(term)),
            number: flag(self.wants_number && has_new_number(passage.texts[at], &self.query.text)),
            heading: flag(passage.is_heading(at, found)),
            asks: flag(passage.asks(at)),
            news: if own.is_empty() { 0.0 } else { news as f32 / own.len() as f32 },
            short: flag(own.len() < 4),
            ..shared
        }
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
        Passage {
            terms: texts.iter().map(|text| words_in(text, language).into_iter().collect()).collect(),
            headings: words_in(&headings, language).into_iter().collect(),
            sentences,
            texts,
        }
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

/// Whether a sentence has a number that the question does not name already.
fn has_new_number(sentence: &str, question: &str) -> bool {
    let numbers = |text: &str| -> HashSet<String> {
        text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).map(str::to_owned).collect()
    };
    let spelled =
        sentence.contains(['一', '二', '两', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '万']);
    spelled || numbers(sentence).difference(&numbers(question)).next().is_some()
}

fn asks_for_number(question: &str) -> bool {
    const CUES: &[&str] = &[
        "多少",
        "几",
        "幾",
        "多久",
        "多长",
        "多長",
        "多大",
        "多高",
        "多远",
        "何时",
        "何時",
        "什么时候",
        "什麼時候",
        "哪年",
        "哪一年",
        "日期",
        "比例",
        "how many",
        "how much",
        "how long",
        "how far",
        "how soon",
        "how often",
        "how old",
        "when",
        "what year",
        "what date",
        "what percentage",
        "what share",
        "price",
        "cost",
    ];
    let question = question.to_lowercase();
    CUES.iter().any(|cue| question.contains(cue))
}

#[cfg(test)]
mod tests {
    use super::{asks_for_number, has_new_number};

    #[test]
    fn knows_questions_for_numbers() {
        for (question, expected) in
            [("年假有多少天？", true), ("How many days?", true), ("谁批准请假？", false), ("Who approves?", false)]
        {
            assert_eq!(asks_for_number(question), expected, "{question}");
        }
    }

    #[test]
    fn a_number_of_the_question_is_no_news() {
        for (sentence, question, expected) in [
            ("After 7 years: 15 days", "I am here for 7 years", true),
            ("After 7 years", "7 years", false),
            ("试用期三个月", "多久", true),
        ] {
            assert_eq!(has_new_number(sentence, question), expected, "{sentence}");
        }
    }
}
