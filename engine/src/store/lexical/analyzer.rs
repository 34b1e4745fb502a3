//! [`crate::text::analyze`] as a tantivy tokenizer.
//!
//! A tokenizer is given a text and nothing else, so a text whose language matters carries it in front ([`mark`]).

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::text::{self, Term};

/// Between the language and the text; a control character that no parser leaves in a text.
const SEPARATOR: char = '\u{1f}';
/// Longest language that is looked for in front of a text, in bytes.
const MAX_LANGUAGE: usize = 8;

/// A text with its language, where it is known and adds terms of its own.
pub fn mark(text: &str, language: Option<&str>) -> String {
    match language.filter(|language| *language != "en" && language.len() <= MAX_LANGUAGE) {
        Some(language) => format!("{language}{SEPARATOR}{text}"),
        None => text.to_owned(),
    }
}

fn marked(text: &str) -> (Option<&str>, &str) {
    match text.bytes().take(MAX_LANGUAGE + 1).position(|b| b == SEPARATOR as u8) {
        Some(at) => (Some(&text[..at]), &text[at + 1..]),
        None => (None, text),
    }
}

#[derive(Clone)]
pub struct Analyzer;

pub struct Terms {
    terms: std::vec::IntoIter<Term>,
    token: Token,
}

impl Tokenizer for Analyzer {
    type TokenStream<'a> = Terms;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Terms {
        let (language, text) = marked(text);
        Terms { terms: text::analyze(text, language).into_iter(), token: Token::default() }
    }
}

impl TokenStream for Terms {
    fn advance(&mut self) -> bool {
        let Some(term) = self.terms.next() else { return false };
        self.token.position = term.position;
        self.token.position_length = term.span;
        self.token.text = term.text;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::{mark, marked};

    #[test]
    fn a_text_carries_its_language() {
        for (text, language, expected) in [
            ("Urlaub", Some("de"), (Some("de"), "Urlaub")),
            ("leave", Some("en"), (None, "leave")),
            ("年假有十五天", None, (None, "年假有十五天")),
            ("", Some("fr"), (Some("fr"), "")),
        ] {
            assert_eq!(marked(&mark(text, language)), expected, "{text}");
        }
    }
}
