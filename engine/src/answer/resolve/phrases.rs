//! Text → what it can be about: runs of words that say something, as they were written.

use std::collections::HashSet;

use super::words::{Class, class, kind};
use crate::text::{folded, han_words, is_han, terms};

/// Characters of the longest phrase.
const MAX_PHRASE_CHARS: usize = 80;

/// A word as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Offsets in bytes.
    pub start: usize,
    pub end: usize,
    /// As lists have it: lower case, simplified.
    pub lower: String,
    /// The class of the word in the lists.
    pub class: Class,
    /// Whether something else than a space is between it and the word before.
    pub breaks: bool,
    /// Whether it begins a sentence.
    pub first: bool,
    /// Whether it begins with a capital letter, or is nothing but capitals and digits.
    pub capital: bool,
}

/// A run of words.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    /// As written.
    pub text: String,
    /// Offset in bytes.
    pub start: usize,
    /// Index terms of its words.
    pub terms: Vec<String>,
    /// A name: it has a capital letter where none is needed.
    pub proper: bool,
}

impl Phrase {
    /// All of a text as one phrase; `None` when it has no words.
    pub fn of(text: &str) -> Option<Phrase> {
        let tokens = tokens(text);
        let (first, last) = (tokens.first()?, tokens.last()?);
        let proper = tokens.iter().any(|token| token.capital);
        let text = text[first.start..last.end].to_owned();
        Some(Phrase { text, start: 0, terms: terms_of(&tokens), proper })
    }

    pub fn plural(&self) -> bool {
        let last = self.text.rsplit(' ').next().unwrap_or_default();
        last.len() > 3 && last.ends_with('s') && !last.ends_with("ss") && !last.ends_with("is") && !last.ends_with("us")
    }

    /// Whether it has all terms of the other.
    pub fn holds(&self, other: &Phrase) -> bool {
        other.terms.iter().all(|term| self.terms.contains(term))
    }

    /// Whether it has one of these terms.
    pub fn meets(&self, terms: &HashSet<String>) -> bool {
        self.terms.iter().any(|term| terms.contains(term))
    }

    /// Whether it has no other terms than these.
    pub fn within(&self, terms: &HashSet<String>) -> bool {
        self.terms.iter().all(|term| terms.contains(term))
    }
}

/// The words of a text.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut at = 0;
    let (mut breaks, mut first) = (false, true);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if is_han(c) {
            let run = &rest[..rest.find(|c| !is_han(c)).unwrap_or(rest.len())];
            let simple: String = run.chars().map(folded).collect();
            let mut chars = run.char_indices().map(|(byte, _)| byte).chain([run.len()]);
            let mut from = chars.next().unwrap_or_default();
            for word in han_words(&simple) {
                let to = chars.nth(word.chars().count().saturating_sub(1)).unwrap_or(run.len());
                let class = class(word);
                let (start, end) = (at + from, at + to);
                found.push(Token { start, end, lower: word.to_owned(), class, breaks, first, capital: false });
                (breaks, first, from) = (false, false, to);
            }
            at += run.len();
        } else if c.is_alphanumeric() {
            let end = at + word_end(rest);
            let word = &text[at..end];
            let lower = word.to_lowercase().replace('’', "'");
            let capital = c.is_uppercase() || word.chars().skip(1).any(char::is_uppercase);
            let class = match class(&lower) {
                // "the story received", but "organized crime" and "United Nations".
                Class::Strong if !capital && lower.len() > 4 && lower.ends_with("ed") => Class::Participle,
                Class::Strong if !capital && lower.len() > 4 && lower.ends_with("ly") => Class::Weak,
                class => class,
            };
            found.push(Token { start: at, end, lower, class, breaks, first, capital });
            (breaks, first) = (false, false);
            at = end;
        } else {
            breaks |= !c.is_whitespace();
            first |= matches!(c, '.' | '?' | '!' | '。' | '？' | '！' | '\n');
            at += c.len_utf8();
        }
    }
    found
}

/// End of the word that `text` begins with; a hyphen, a full stop and the like stay inside of one.
fn word_end(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let inside = |c: char| c.is_alphanumeric() && !is_han(c);
        let joins = "-'’._/+&@".contains(c) && chars.peek().is_some_and(|&(_, next)| inside(next));
        if !inside(c) && !joins {
            return at;
        }
    }
    text.len()
}

/// What a text can be about, in its order.
pub fn phrases(text: &str) -> Vec<Phrase> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut from = 0;
    while from < tokens.len() {
        let begins = match tokens[from].class {
            Class::Strong => true,
            Class::Participle => tokens.get(from + 1).is_some_and(|next| !next.breaks && next.class == Class::Strong),
            _ => false,
        };
        if !begins {
            from += 1;
            continue;
        }
        let to = run_end(&tokens, from);
        // Weak words before the first strong one belong to it when they are names.
        let start = (0..from)
            .rev()
            .take_while(|&at| {
                tokens[at].capital && !tokens[at].first && !tokens[at + 1].breaks && tokens[at].class == Class::Weak
            })
            .last()
            .unwrap_or(from);
        let run = &tokens[start..to];
        let end = run[run.len() - 1].end;
        from = to;
        let written = possessed(&text[run[0].start..end]);
        let characters = written.chars().count();
        // A single ideograph is seldom a word, and what is very long is none.
        if characters > MAX_PHRASE_CHARS || (characters == 1 && written.chars().all(is_han)) {
            continue;
        }
        let proper = run.iter().any(|token| token.capital && !token.first)
            || run.iter().filter(|token| token.capital).count() > 1;
        found.push(Phrase { text: written.to_owned(), start: run[0].start, terms: terms_of(run), proper });
    }
    found
}

/// Index of the token after the run that begins at `from`: strong words, weak ones between or names behind them.
fn run_end(tokens: &[Token], from: usize) -> usize {
    let (mut to, mut last) = (from + 1, from + 1);
    while let Some(token) = tokens.get(to).filter(|token| !token.breaks && !possesses(&tokens[to - 1].lower)) {
        // "Lord of the Rings", "Bank of England"
        let binds = matches!(token.lower.as_str(), "of" | "the") && tokens[last - 1].capital;
        match token.class {
            Class::Strong if to == last || token.capital => last = to + 1,
            Class::Weak if to == last && token.capital && !token.first => last = to + 1,
            Class::Weak => {
                // In between, when a strong one follows.
                let next = tokens.get(to + 1).filter(|next| !next.breaks && next.class == Class::Strong);
                // Or at the end, when it says what kind of thing it is.
                if to != last || next.is_none() && !kind(&token.lower) {
                    break;
                }
                last = to + 1;
            }
            Class::Function if binds && to < last + 2 => {}
            _ => break,
        }
        to += 1;
    }
    last
}

fn possesses(word: &str) -> bool {
    word.ends_with("'s") || word.ends_with("s'")
}

fn possessed(text: &str) -> &str {
    text.strip_suffix("'s").or_else(|| text.strip_suffix("’s")).or_else(|| text.strip_suffix('\'')).unwrap_or(text)
}

fn terms_of(run: &[Token]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if run.iter().all(|token| token.lower.chars().all(is_han)) {
        let whole: String = run.iter().map(|token| token.lower.as_str()).collect();
        return terms(&whole);
    }
    for token in run.iter().filter(|token| token.class != Class::Function) {
        for term in terms(possessed(&token.lower)) {
            if !found.contains(&term) {
                found.push(term);
            }
        }
    }
    found
}
