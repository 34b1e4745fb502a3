//! Text → index terms, the same for documents and for queries.
//!
//! The text is folded first (NFKC: full-width `ＥＲＲ－４０１２` becomes `ERR-4012`; lower case). Ideographs are cut
//! into words by charabia (jieba's dictionary, script variants folded). Words of letters are stemmed. A compound
//! such as `ERR-4012`, `v2.3.1`, `max_retries` or `ops@example.com` gives its parts and, when it is an
//! identifier, one term for the whole, so that `ERR4012`, `err 4012` and `ERR-4012` all find it.

use charabia::Tokenize;
use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;

use super::is_han;

/// Longest term kept, in bytes; what is longer (base64, hashes of files) is cut, not indexed whole.
const MAX_TERM_BYTES: usize = 64;

/// The index terms of a text, in order. Words share no positions: term `i` stands at position `i`.
pub fn terms(text: &str) -> Vec<String> {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let mut out = Vec::with_capacity(folded.len() / 5 + 1);
    let mut rest = folded.as_str();
    while let Some(first) = rest.chars().next() {
        let class = Class::of(first);
        let end = match class {
            Class::Gap => first.len_utf8(),
            Class::Word => word_end(rest),
            Class::Segmented => rest.find(|c| Class::of(c) != Class::Segmented).unwrap_or(rest.len()),
        };
        let (run, tail) = rest.split_at(end);
        match class {
            Class::Gap => {}
            Class::Word => push_compound(run, &mut out),
            Class::Segmented => push_segmented(run, &mut out),
        }
        rest = tail;
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// White space, punctuation, symbols.
    Gap,
    /// Letters and digits of scripts that put spaces between words.
    Word,
    /// Scripts that do not: a dictionary cuts them.
    Segmented,
}

impl Class {
    pub(super) fn of(c: char) -> Class {
        let segmented =
            is_han(c) || matches!(c, '\u{3040}'..='\u{30ff}' | '\u{0e00}'..='\u{0e7f}' | '\u{1780}'..='\u{17ff}');
        match () {
            _ if segmented => Class::Segmented,
            _ if c.is_alphanumeric() => Class::Word,
            _ => Class::Gap,
        }
    }
}

/// Characters that may join the parts of a compound.
pub(super) fn joins(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '\'' | '’' | ',' | '+' | '#' | '\u{2010}' | '\u{2011}')
}

/// End of the compound that `text` starts with: words held together by single joiners.
fn word_end(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if Class::of(c) == Class::Word || is_mark(c) {
            continue;
        }
        let joined = joins(c) && chars.peek().is_some_and(|&(_, next)| Class::of(next) == Class::Word);
        // A comma joins digits only: `1,200` but not `red,green`.
        let comma_in_words =
            c == ',' && !(ends_in_digit(&text[..at]) && chars.peek().is_some_and(|(_, n)| n.is_ascii_digit()));
        if !joined || comma_in_words {
            return at;
        }
    }
    text.len()
}

pub(super) fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{0900}'..='\u{0903}' | '\u{093a}'..='\u{094f}')
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

fn push_compound(compound: &str, out: &mut Vec<String>) {
    let parts: Vec<&str> = compound.split(joins).filter(|part| !part.is_empty()).collect();
    let identifier = parts.len() > 1 && compound.contains(|c: char| c.is_ascii_digit() || c == '@' || c == '_');
    if identifier {
        push_term(whole(compound), out);
    }
    let plain_number = compound.bytes().all(|b| b.is_ascii_digit() || b == b',');
    if plain_number && parts.len() > 1 {
        return;
    }
    for (i, part) in parts.iter().enumerate() {
        let clitic = i > 0 && !identifier && matches!(*part, "s" | "t" | "re" | "ve" | "ll" | "d" | "m");
        if !clitic {
            push_term(stem(part), out);
        }
    }
    if let [word] = parts[..]
        && let Some(version) = without_version_prefix(word)
    {
        push_term(version.to_owned(), out);
    }
}

/// One spelling of an identifier: `err-4012` and `err4012` are the same, `v2.3.1` is `2.3.1`, `1,200` is `1200`.
fn whole(compound: &str) -> String {
    let spelled: String = compound.chars().filter(|&c| !joins(c) || matches!(c, '.' | '@' | ':' | '/')).collect();
    match without_version_prefix(&spelled) {
        Some(version) => version.to_owned(),
        None => spelled,
    }
}

fn without_version_prefix(word: &str) -> Option<&str> {
    word.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn stem(word: &str) -> String {
    thread_local! {
        static ENGLISH: Stemmer = Stemmer::create(Algorithm::English);
    }
    if word.bytes().all(|b| b.is_ascii_lowercase()) {
        ENGLISH.with(|stemmer| stemmer.stem(word).into_owned())
    } else {
        word.to_owned()
    }
}

fn push_segmented(run: &str, out: &mut Vec<String>) {
    for token in run.tokenize() {
        if token.is_word() {
            push_term(token.lemma().to_owned(), out);
        }
    }
}

fn push_term(term: String, out: &mut Vec<String>) {
    if term.len() <= MAX_TERM_BYTES {
        if !term.is_empty() {
            out.push(term);
        }
        return;
    }
    let end = (0..=MAX_TERM_BYTES).rev().find(|&at| term.is_char_boundary(at)).unwrap_or(0);
    out.push(term[..end].to_owned());
}

#[cfg(test)]
mod tests {
    use super::terms;

    #[test]
    fn cuts_folds_and_stems() {
        for (text, expected) in [
            ("Running shoes", "run shoe"),
            ("ERR-4012", "err4012 err 4012"),
            ("ＥＲＲ－４０１２", "err4012 err 4012"),
            ("err4012", "err4012"),
            ("v2.3.1", "2.3.1 v2 3 1"),
            ("2.3.1", "2.3.1 2 3 1"),
            ("1,200 EUR", "1200 eur"),
            ("the employee's well-known rights", "the employe well known right"),
            ("ops@example.com", "ops@example.com op exampl com"),
            ("max_retries=5", "maxretries max retri 5"),
            ("", ""),
            ("—…!?", ""),
        ] {
            assert_eq!(terms(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn cuts_chinese_into_words() {
        let found = terms("员工每年享有带薪年假");
        assert!(found.contains(&"员工".to_owned()) || found.contains(&"員工".to_owned()), "{found:?}");
        assert!(found.len() >= 4 && found.len() < 10, "{found:?}");
    }

    #[test]
    fn long_garbage_is_bounded() {
        let found = terms(&"x9".repeat(10_000));
        assert!(found.iter().all(|term| term.len() <= 64));
    }
}
