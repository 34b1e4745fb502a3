//! A question → whether, and by what, it needs the conversation to be understood.

use super::phrases::{Phrase, Token};
use super::words::{Class, Pointer, goes_on, kind, points_back};

/// By what a question shows that it goes on from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signs {
    /// The word that stands for something named before: its token, and how it points.
    pub pointer: Option<(usize, Pointer)>,
    /// What it asks was said before, and only what is new is said: "And for contractors?", "那试用期呢？"
    pub elliptic: bool,
    /// A word that tells what it asks for from something before: "another", "else", "there".
    pub goes_on: bool,
    /// It asks what one thing is.
    pub defines: bool,
}

pub fn of(tokens: &[Token], own: &[Phrase]) -> Signs {
    Signs {
        pointer: pointer(tokens, own),
        elliptic: elliptic(tokens),
        goes_on: tokens.iter().any(|token| goes_on(&token.lower)),
        defines: own.len() == 1 && defines(tokens),
    }
}

/// The first word that points out of the question.
fn pointer(tokens: &[Token], own: &[Phrase]) -> Option<(usize, Pointer)> {
    let said = opening(tokens);
    let mut found =
        tokens.iter().enumerate().skip(said).filter_map(|(at, token)| Some((at, points_back(&token.lower)?)));
    found.find(|&(at, pointer)| !is_empty(tokens, at) && !binds(tokens, at, pointer) && !within(tokens, own, at))
}

/// Longest sentence that only takes note of an answer, in words.
const MAX_NOTE: usize = 4;

/// Words of the sentences before the question that say nothing: "Got it.", "That is fine."
fn opening(tokens: &[Token]) -> usize {
    let mut said = 0;
    loop {
        let Some(length) = tokens[said..].iter().skip(1).position(|token| token.first).map(|at| at + 1) else {
            return said;
        };
        let note = &tokens[said..said + length];
        if length > MAX_NOTE || note.iter().any(|token| matches!(token.class, Class::Strong | Class::Participle)) {
            return said;
        }
        said += length;
    }
}

/// "Is it possible to …", "How long does it take to …", "it is true that …"
fn is_empty(tokens: &[Token], at: usize) -> bool {
    const BE: [&str; 6] = ["is", "was", "be", "would", "will", "isn't"];
    const SAYS: [&str; 21] = [
        "possible",
        "true",
        "safe",
        "common",
        "normal",
        "legal",
        "better",
        "best",
        "important",
        "worth",
        "necessary",
        "mandatory",
        "hard",
        "difficult",
        "easy",
        "easier",
        "harder",
        "bad",
        "good",
        "ok",
        "okay",
    ];
    const BINDS: [&str; 4] = ["to", "that", "for", "if"];
    let is = |offset: isize, words: &[&str]| {
        let there = at.checked_add_signed(offset).and_then(|at| tokens.get(at));
        there.is_some_and(|token| words.contains(&token.lower.as_str()))
    };
    tokens[at].lower == "it"
        && ((is(-1, &BE) && is(1, &SAYS) && is(2, &BINDS))
            || (is(1, &BE) && is(2, &SAYS) && is(3, &BINDS))
            || (is(1, &["take"]) && is(2, &["to", "for"])))
}

/// Whether a "that" only binds: "breeds that are independent", "is it true that whales sing".
fn binds(tokens: &[Token], at: usize, pointer: Pointer) -> bool {
    if pointer != Pointer::This || tokens[at].lower != "that" || at == 0 {
        return false;
    }
    let before = tokens[at - 1].class;
    let Some(next) = tokens.get(at + 1).filter(|next| !next.breaks) else { return false };
    let after_noun = !tokens[at].breaks && !matches!(before, Class::Function | Class::Verb);
    let clause = match next.class {
        Class::Function => !matches!(next.lower.as_str(), "is" | "was" | "be" | "are" | "the"),
        _ => before != Class::Function,
    };
    after_noun || clause
}

/// Whether what it stands for is named in a clause of the question before it.
fn within(tokens: &[Token], own: &[Phrase], at: usize) -> bool {
    const CLAUSE: [&str; 10] = ["and", "when", "if", "because", "so", "but", "while", "since", "但", "而且"];
    let begins = |before: &usize| tokens[*before].breaks || CLAUSE.contains(&tokens[*before].lower.as_str());
    let clause = (0..=at).rev().find(begins);
    clause.is_some_and(|clause| own.iter().any(|phrase| phrase.start < tokens[clause].start))
}

/// Longest question, in words, that may be no more than a question word.
const MAX_BARE: usize = 2;
/// And that may have no predicate without being a list of words to search for.
const MAX_SHORT: usize = 3;

fn elliptic(tokens: &[Token]) -> bool {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    let has_verb = |from: usize| tokens.iter().skip(from).any(|token| is_auxiliary(&token.lower));
    let opens =
        matches!((word(0), word(1)), ("what" | "how", "about") | ("and" | "or" | "but" | "also" | "那" | "那么", _));
    let bare = matches!(word(0), "why" | "when" | "where" | "how" | "who" | "really") && tokens.len() <= MAX_BARE;
    let says_nothing =
        tokens.len() <= MAX_SHORT && !has_verb(0) && tokens.iter().all(|token| token.class != Class::Strong);
    (opens && !has_verb(1)) || tokens.last().is_some_and(|last| last.lower == "呢") || bare || says_nothing
}

/// Verbs by which one sees that a question has a predicate.
fn is_auxiliary(word: &str) -> bool {
    const KNOWN: [&str; 20] = [
        "is", "are", "was", "were", "do", "does", "did", "can", "could", "should", "would", "will", "has", "have",
        "had", "may", "must", "what's", "how's", "who's",
    ];
    KNOWN.contains(&word)
}

fn defines(tokens: &[Token]) -> bool {
    let words: Vec<&str> = tokens.iter().take(4).map(|token| token.lower.as_str()).collect();
    let asks = matches!(
        words.as_slice(),
        ["what" | "who", "is" | "are" | "was" | "were", ..]
            | ["what's" | "who's" | "describe" | "define", ..]
            | ["tell", "me", "about", ..]
            | ["tell", "me", "more", "about"]
            | ["什么", "是", ..]
    );
    let of_what = |token: &Token| token.class == Class::Weak && !kind(&token.lower) && token.lower != "more";
    asks && tokens.last().is_some_and(|token| token.class != Class::Verb) && !tokens.iter().skip(2).any(of_what)
}
