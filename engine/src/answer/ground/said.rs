//! What a sentence says, taken apart once and compared often: its words, its figures, its names.
//!
//! In: a sentence or a heading. Out: [`Said`]. Words are compared by their stems, scripts without spaces by their
//! characters and by every two neighbours.

use std::collections::HashSet;

use super::facts::{Fact, facts};
use crate::text::{Unit, fold, pieces, words_in};

/// A text, taken apart.
#[derive(Debug, Clone)]
pub struct Said {
    /// Folded; offsets of tokens and facts are bytes of it.
    pub text: String,
    pub tokens: Vec<Token>,
    pub facts: Vec<Fact>,
    /// Stems of words, and every two neighbours of a script without spaces.
    pub words: HashSet<String>,
}

/// A word, or a character of a script without spaces.
#[derive(Debug, Clone)]
pub struct Token {
    /// Stem of a word, or the character.
    pub stem: String,
    pub start: usize,
    pub end: usize,
    pub is_character: bool,
    /// Part of a compound that the token before belongs to.
    pub joined: bool,
    /// Written with a capital, or with digits and letters.
    pub marked: bool,
    /// First of its sentence, its quotation or its line.
    pub first: bool,
}

impl Said {
    pub fn new(text: &str) -> Said {
        let text = fold::characters(text).into_owned();
        let tokens = tokens(&text);
        Said { facts: facts(&text), words: content(&text, &tokens), tokens, text }
    }

    /// As it is written.
    pub fn written(&self, token: &Token) -> &str {
        &self.text[token.start..token.end]
    }

    /// Whether a text of these units stands here.
    pub fn has(&self, stem: &str) -> bool {
        self.words.contains(stem)
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    bytes.push(text.len());
    let mut out: Vec<Token> = Vec::new();
    for piece in pieces(text) {
        let (start, end) = (bytes[piece.start], bytes[piece.end]);
        let stem = match piece.unit() {
            Unit::Word(stem) if stem.is_empty() => piece.text.to_lowercase(),
            // A compound in camel case has terms for its parts as well.
            Unit::Word(stem) => stem.split(' ').next().unwrap_or_default().to_owned(),
            Unit::Character(c) => c.to_string(),
        };
        let before = text[out.last().map_or(0, |last| last.end)..start].trim();
        let first =
            out.is_empty() || before.ends_with(['.', '!', '?', ':', ';', '"', '“', '。', '\n', '•', '*', '#', '|']);
        let written = piece.text;
        let capital = written.chars().next().is_some_and(char::is_uppercase);
        let code =
            written.contains(|c: char| c.is_ascii_digit()) && written.contains(|c: char| c.is_ascii_alphabetic());
        let inner = written.chars().skip(1).any(char::is_uppercase);
        out.push(Token {
            stem,
            start,
            end,
            is_character: piece.is_character(),
            joined: piece.joined,
            marked: capital || code || inner,
            first,
        });
    }
    out
}

/// Words that tell nothing by themselves.
pub fn is_function_word(stem: &str) -> bool {
    const WORDS: &[&str] = &[
        "a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "from", "with", "and", "or", "but", "as", "is",
        "are", "was", "were", "be", "been", "being", "it", "its", "this", "that", "these", "those", "he", "she",
        "they", "them", "his", "her", "their", "which", "who", "whom", "whose", "what", "when", "where", "will",
        "would", "can", "could", "may", "might", "must", "shall", "should", "do", "does", "did", "has", "have", "had",
        "not", "no", "also", "than", "then", "there", "so", "such", "if", "into", "about", "up", "out", "you", "your",
        "we", "our", "i", "my", "me", "us", "s", "t", "thi", "doe", "wa", "ha", "hi", "it", "becaus", "while", "dure",
        "through", "between", "both", "each", "other", "more", "most", "some", "ani", "all", "onli", "ver", "veri",
        "just", "how", "whi", "answer", "accord",
    ];
    WORDS.contains(&stem)
}

/// Characters of Chinese that tell nothing by themselves.
pub const FUNCTION_CHARACTERS: &str = "的了是在和与及等之其为有被把将对从到于不也都而且就还很个以所由会可能这那此该并或者地得着过给让使向自因但如若则即又再已曾我你他她它们吗呢吧";

fn content(text: &str, tokens: &[Token]) -> HashSet<String> {
    let mut words: HashSet<String> = tokens
        .iter()
        .filter(|token| !token.is_character && !is_function_word(&token.stem))
        .map(|token| token.stem.clone())
        .collect();
    words.extend(words_in(text, None).into_iter().filter(|word| word.is_ascii() && !is_function_word(word)));
    for pair in tokens.windows(2) {
        if pair[0].is_character && pair[1].is_character && pair[0].end == pair[1].start {
            let blank = |token: &Token| FUNCTION_CHARACTERS.contains(token.stem.as_str());
            if !(blank(&pair[0]) && blank(&pair[1])) {
                words.insert(format!("{}{}", pair[0].stem, pair[1].stem));
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::Said;

    #[test]
    fn a_sentence_is_taken_apart() {
        let said = Said::new("Form HR-114 goes to Tesla: 年假为15天。");
        assert!(said.has("tesla") && said.has("hr114") && said.has("年假") && !said.has("to"), "{:?}", said.words);
        let marked: Vec<&str> =
            said.tokens.iter().filter(|token| token.marked).map(|token| said.written(token)).collect();
        assert_eq!(marked, ["Form", "HR", "Tesla"]);
        assert!(said.tokens[0].first && !said.tokens[1].first);
        assert_eq!(said.facts.len(), 1);
    }
}
