//! What a caller typed → what the legs look for.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::syntax::{self, Intent};
use crate::store::{ChunkId, Pair, Wanted};
use crate::text::{self, Kind, Language, Phrase, Term};
use crate::{Error, Result};

/// Whether the best hits are read again before they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reread {
    Nothing,
    /// By a model that was made to rank, where there is one. For an answer, whose passages the reader reads anyway.
    ByReranker,
    /// Else by the reader.
    ByAny,
}

/// An analysed query.
#[derive(Debug, Clone)]
pub struct Query {
    /// As typed, without white space around it and with compatibility forms folded.
    pub typed: String,
    /// The same without what is to be left out.
    pub text: String,
    pub language: Option<Language>,
    /// Index terms, without the words that only ask.
    pub terms: Vec<String>,
    /// What those of the terms count for that count for less than 1.
    pub lighter: HashMap<String, f32>,
    /// Neighbours among the terms, with what they have between them.
    pub pairs: Vec<Pair>,
    /// Whether it is a question, rather than key words or a statement.
    pub asks: bool,
    pub reread: Reread,
    /// Have to stand in a hit.
    pub phrases: Vec<Phrase>,
    /// Must not stand in a hit.
    pub excluded: Vec<Phrase>,
}

impl Query {
    /// Checks and analyses what is searched for.
    pub fn search(typed: &str, max_chars: usize) -> Result<Query> {
        Query::analyze("query", typed, Intent::Search, max_chars)
    }

    /// Checks and analyses a question: nothing in it is taken for an exclusion.
    pub fn question(typed: &str, max_chars: usize) -> Result<Query> {
        Query::analyze("question", typed, Intent::Question, max_chars)
    }

    /// `what` names it in errors.
    fn analyze(what: &'static str, typed: &str, intent: Intent, max_chars: usize) -> Result<Query> {
        let typed: String = typed.trim().nfkc().collect();
        if typed.is_empty() {
            return Err(Error::EmptyQuery { what });
        }
        let chars = typed.chars().count();
        if chars > max_chars {
            return Err(Error::QueryTooLong { chars, limit: max_chars });
        }
        let syntax::Parts { text, phrases, excluded } = syntax::parse(&typed, intent);
        let language = text::detect(&text);
        let analyzed = text::analyze(&text, language);
        let told = telling(&analyzed);
        let pairs = pairs(&told);
        let asks = intent == Intent::Question
            || text.ends_with('?')
            || analyzed.first().is_some_and(|first| asks(&first.text));
        // Who asks in a sentence mentions what is in quotes; who lists words means it.
        let phrases = if asks { Vec::new() } else { phrases };
        let lighter =
            told.iter().filter(|term| term.weight() < 1.0).map(|term| (term.text.clone(), term.weight())).collect();
        let terms = told.into_iter().map(|term| term.text.clone()).collect();
        let reread = match intent {
            Intent::Search => Reread::ByAny,
            Intent::Question => Reread::ByReranker,
        };
        Ok(Query { typed, language, text, terms, lighter, pairs, asks, reread, phrases, excluded })
    }

    /// The same with the words of its phrases anywhere.
    pub fn without_phrases(&self) -> Query {
        Query { phrases: Vec::new(), ..self.clone() }
    }

    pub fn has_conditions(&self) -> bool {
        !self.phrases.is_empty() || !self.excluded.is_empty()
    }

    /// Asks for those of the chunks that have what is required and nothing that is excluded.
    pub fn conditions(&self, among: Vec<ChunkId>) -> Wanted {
        let (required, excluded) = (self.phrases.clone(), self.excluded.clone());
        Wanted { any: Vec::new(), required, excluded, among: Some(among) }
    }

    /// Whether hits have to be looked at, because the index cannot tell for certain that they are what is asked for.
    pub fn needs_the_text(&self) -> bool {
        self.phrases.iter().chain(&self.excluded).any(Phrase::needs_the_text)
    }

    /// Whether a chunk of these texts (title, headings, body) has what is required and nothing that is excluded.
    pub fn admits(&self, texts: &[&str]) -> bool {
        let holds = |phrase: &Phrase| texts.iter().any(|text| phrase.stands_in(text));
        // Of the others the index was certain.
        self.phrases.iter().filter(|phrase| phrase.needs_the_text()).all(holds)
            && !self.excluded.iter().filter(|phrase| phrase.needs_the_text()).any(holds)
    }
}

/// The terms without the words that only ask, and without what overlaps them (the pairs of 时 in 什么时候); all of them
/// when nothing else is left.
fn telling(all: &[Term]) -> Vec<&Term> {
    let asking: Vec<&Term> =
        all.iter().filter(|term| term.kind != Kind::Form && is_question_word(&term.text)).collect();
    let overlaps = |term: &Term| {
        asking.iter().any(|asks| {
            let same_script = asks.kind == Kind::Word || term.kind != Kind::Word;
            same_script && asks.position < term.position + term.span && term.position < asks.position + asks.span
        })
    };
    let telling: Vec<&Term> = all.iter().filter(|term| !overlaps(term)).collect();
    if telling.is_empty() { all.iter().collect() } else { telling }
}

/// Most positions from one word of a pair to the other: one word that only asks may stand between them.
const MAX_GAP: usize = 2;

/// Words that stand next to each other. Scripts without spaces have their pairs among the terms.
fn pairs(terms: &[&Term]) -> Vec<Pair> {
    let words: Vec<&Term> = terms.iter().copied().filter(|term| term.kind == Kind::Word).collect();
    let near = words.windows(2).filter(|pair| {
        let gap = pair[1].position.saturating_sub(pair[0].position);
        (1..=MAX_GAP).contains(&gap) && pair[0].text != pair[1].text
    });
    near.map(|pair| [(0, pair[0].text.clone()), (pair[1].position - pair[0].position, pair[1].text.clone())]).collect()
}

/// Words that a question begins with, as index terms.
fn asks(first: &str) -> bool {
    const BEGIN: [&str; 22] = [
        "what", "which", "who", "whom", "whose", "when", "where", "whi", "why", "how", "do", "doe", "did", "is", "are",
        "was", "were", "can", "could", "should", "would", "will",
    ];
    BEGIN.contains(&first)
}

/// Words by which a question asks. They are rare in documents, so BM25 would take them for the most telling ones.
pub fn is_question_word(term: &str) -> bool {
    const CHINESE: &[&str] = &[
        "什么",
        "什麼",
        "甚么",
        "谁",
        "誰",
        "哪",
        "哪些",
        "哪个",
        "哪個",
        "哪里",
        "哪裡",
        "哪儿",
        "哪一",
        "怎么",
        "怎麼",
        "怎样",
        "怎樣",
        "如何",
        "为什么",
        "為什麼",
        "为何",
        "多少",
        "几",
        "幾",
        "几个",
        "多久",
        "多长",
        "吗",
        "嗎",
        "呢",
        "么",
        "麼",
        "请问",
        "請問",
        "是否",
        "何时",
        "何時",
        "的",
        "了",
        "是",
        "在",
        "和",
        "与",
        "有",
        "要",
    ];
    const ENGLISH: &[&str] = &[
        "what", "which", "who", "whom", "whose", "when", "where", "why", "how", "do", "doe", "did", "is", "are", "was",
        "were", "be", "been", "a", "an", "the", "of", "to", "in", "for", "on", "and", "or", "i", "we", "you", "my",
        "our", "your", "it", "can", "could", "should", "would", "will", "shall", "may", "must", "there", "this",
        "that", "with", "by", "at", "from", "as", "if", "me", "us", "have", "has", "had", "mani", "much",
    ];
    CHINESE.contains(&term) || ENGLISH.contains(&term)
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn keeps_what_tells_and_drops_what_asks() {
        for (typed, expected) in [
            ("What does ERR-4012 mean?", "err4012 err 4012 mean"),
            ("who are you", "who are you"),
            ("ＥＲＲ－４０１２", "err4012 err 4012"),
            ("U.S. law", "us u s law"),
            ("什么时候可以用年假", "时候 候可 可以 以用 用 用年 年 年假 假"),
            ("請問計程車費用怎麼報銷", "出租 车 计程 程车 车费 费用 报销"),
        ] {
            let query = Query::search(typed, 100).expect("a good query");
            assert_eq!(query.terms.join(" "), expected, "{typed}");
        }
        assert!(Query::search(" \n", 100).is_err());
        assert!(Query::search(&"x".repeat(101), 100).is_err());
    }
}
