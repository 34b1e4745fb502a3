//! What a searcher typed → the words to look for, what has to stand side by side, and what must not be there.
//!
//! `"annual leave"` (also “ ” „ “ « » 「 」 『 』 and full-width ＂) is a phrase; `-draft` and `-"first draft"` leave out.
//! Everything else means itself: whatever is not clearly one of these is text, since people paste whole paragraphs.
//! Comes in: text whose compatibility forms are folded already, so that ＂ is `"` and － is `-`.

use crate::text::Phrase;

/// Phrases of a query; what more is in quotes are words.
const MAX_PHRASES: usize = 8;
/// Exclusions of a query; what more has a minus are words.
const MAX_EXCLUSIONS: usize = 16;

/// An opening quotation mark, and those that close it.
const QUOTES: [(char, &[char]); 6] =
    [('"', &['"']), ('“', &['”']), ('„', &['“', '”']), ('«', &['»']), ('「', &['」']), ('『', &['』'])];
/// Hyphen-minus and the minus sign; not dashes, which people write with.
const MINUSES: [char; 2] = ['-', '\u{2212}'];

/// A query in its parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parts {
    /// What was typed but for the exclusions, with its quotation marks.
    pub text: String,
    pub phrases: Vec<Phrase>,
    pub excluded: Vec<Phrase>,
}

/// Whether exclusions are meant as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    Search,
    /// In a question a minus is a dash, or belongs to an option of a program.
    Question,
}

/// Takes a query apart. Nothing that was typed is lost: it is in the text or in an exclusion.
pub fn parse(typed: &str, intent: Intent) -> Parts {
    // What has several lines was pasted, and a minus at the start of a line is a bullet.
    let excludes = intent == Intent::Search && !typed.trim().contains('\n');
    let parts = split(typed, excludes);
    let is_left = parts.text.chars().any(char::is_alphanumeric);
    // Nothing but exclusions looks for nothing: then they are words.
    if is_left || parts.excluded.is_empty() { parts } else { split(typed, false) }
}

fn split(typed: &str, excludes: bool) -> Parts {
    let mut parts = Parts::default();
    let mut rest = typed;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let starts_token = before.is_none_or(char::is_whitespace);
        let taken = if excludes && starts_token && MINUSES.contains(&c) && parts.excluded.len() < MAX_EXCLUSIONS {
            exclusion(&rest[c.len_utf8()..]).map(|(phrase, length)| {
                parts.excluded.push(phrase);
                c.len_utf8() + length
            })
        } else {
            None
        };
        if let Some(length) = taken {
            before = rest[..length].chars().next_back();
            rest = &rest[length..];
            continue;
        }
        let length = match quoted(rest).filter(|_| may_open(before)) {
            Some(quoted) => {
                let room = parts.phrases.len() < MAX_PHRASES;
                parts.phrases.extend(Phrase::new(quoted.inside).filter(|_| room));
                quoted.length
            }
            None => c.len_utf8(),
        };
        parts.text.push_str(&rest[..length]);
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    parts.text.truncate(parts.text.trim_end().len());
    parts
}

/// What follows a minus, when it is a word that begins with a letter, or a phrase; with its length in bytes.
fn exclusion(rest: &str) -> Option<(Phrase, usize)> {
    if let Some(quoted) = quoted(rest) {
        return Phrase::new(quoted.inside).map(|phrase| (phrase, quoted.length));
    }
    // `-5 °C` is a temperature.
    if !rest.starts_with(char::is_alphabetic) {
        return None;
    }
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    Phrase::new(&rest[..length]).map(|phrase| (phrase, length))
}

struct Quoted<'a> {
    inside: &'a str,
    /// With both marks, in bytes.
    length: usize,
}

/// What stands in quotation marks at the start of a text; `None` when no mark closes it.
fn quoted(text: &str) -> Option<Quoted<'_>> {
    let open = text.chars().next()?;
    let (_, closing) = QUOTES.iter().find(|(mark, _)| *mark == open)?;
    let inside = &text[open.len_utf8()..];
    let end = inside.find(*closing)?;
    let close = inside[end..].chars().next()?;
    Some(Quoted { inside: &inside[..end], length: open.len_utf8() + end + close.len_utf8() })
}

/// After a letter or a digit a mark closes, or means inches; in a script without spaces it may open anywhere.
fn may_open(before: Option<char>) -> bool {
    before.is_none_or(|c| !c.is_alphanumeric() || crate::text::is_unspaced(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::{Intent, Parts, parse};
    use crate::text::Phrase;

    fn shown(phrases: &[Phrase]) -> Vec<&str> {
        phrases.iter().map(|phrase| phrase.typed.as_str()).collect()
    }

    #[track_caller]
    fn check(typed: &str, text: &str, phrases: &[&str], excluded: &[&str]) {
        let folded: String = typed.nfkc().collect();
        let parts = parse(&folded, Intent::Search);
        assert_eq!(
            (parts.text.as_str(), shown(&parts.phrases), shown(&parts.excluded)),
            (text, phrases.to_vec(), excluded.to_vec())
        );
    }

    #[test]
    fn quotes_of_all_kinds_hold_phrases() {
        check("\"annual leave\" carry", "\"annual leave\" carry", &["annual leave"], &[]);
        check("“annual leave” «sick pay»", "“annual leave” «sick pay»", &["annual leave", "sick pay"], &[]);
        check("„bezahlter Urlaub“", "„bezahlter Urlaub“", &["bezahlter Urlaub"], &[]);
        check("什么是「带薪年假」？", "什么是「带薪年假」?", &["带薪年假"], &[]);
        check("＂带薪年假＂『病假』", "\"带薪年假\"『病假』", &["带薪年假", "病假"], &[]);
        check("什么是\"双减\"政策", "什么是\"双减\"政策", &["双减"], &[]);
    }

    #[test]
    fn a_mark_that_quotes_nothing_is_a_mark() {
        check("12\" pipe and 14\" pipe", "12\" pipe and 14\" pipe", &[], &[]);
        check("the \"annual leave", "the \"annual leave", &[], &[]);
        check("the employee's 'annual leave'", "the employee's 'annual leave'", &[], &[]);
        check("\"\" leave \"?!\"", "\"\" leave \"?!\"", &[], &[]);
        check(&format!("\"{}\"", "word ".repeat(70)), format!("\"{}\"", "word ".repeat(70)).as_str(), &[], &[]);
    }

    #[test]
    fn a_minus_before_a_word_leaves_out() {
        check("leave -sick", "leave", &[], &["sick"]);
        check("-sick leave", " leave", &[], &["sick"]);
        check("leave -\"sick pay\" -draft", "leave", &[], &["sick pay", "draft"]);
        check("年假 －病假 -「试用期」", "年假", &[], &["病假", "试用期"]);
        check("\"annual leave\" \u{2212}draft", "\"annual leave\"", &["annual leave"], &["draft"]);
        check("probe -ERR-4012", "probe", &[], &["ERR-4012"]);
    }

    #[test]
    fn other_minuses_are_text() {
        for typed in [
            "store at -5 °C",
            "ERR-4012",
            "- bullet point",
            "a well-known fact",
            "leave – sick",
            "rm --force dir",
            "a -> b",
            "-only -exclusions",
            "list\n-first\n-second",
        ] {
            check(typed, typed.nfkc().collect::<String>().as_str(), &[], &[]);
        }
        let question = parse("what does rm -rf \"my folder\" do", Intent::Question);
        assert_eq!((shown(&question.phrases), shown(&question.excluded)), (vec!["my folder"], vec![]));
    }

    #[test]
    fn there_are_bounds() {
        let parts = parse(&"\"a b\" -c ".repeat(100), Intent::Search);
        assert_eq!((parts.phrases.len(), parts.excluded.len()), (8, 16));
        assert!(parts.text.contains("-c"), "what is too many stays as text");
    }

    /// Letters and digits, sorted: what must not get lost.
    fn letters(parts: &Parts) -> Vec<char> {
        let excluded = parts.excluded.iter().flat_map(|phrase| phrase.typed.chars());
        let mut found: Vec<char> = parts.text.chars().chain(excluded).filter(|c| c.is_alphanumeric()).collect();
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn nothing_that_was_typed_is_lost(typed in "([a-c年假0-9 \n'\"“”„«»「」『』＂－−-]|\\PC){0,40}", question in any::<bool>()) {
            let intent = if question { Intent::Question } else { Intent::Search };
            let parts = parse(&typed, intent);
            let mut expected: Vec<char> = typed.chars().filter(|c| c.is_alphanumeric()).collect();
            expected.sort_unstable();
            prop_assert_eq!(letters(&parts), expected);
            prop_assert!(parts.phrases.iter().all(|phrase| parts.text.contains(&phrase.typed)));
            let looks_for_nothing = !parts.text.chars().any(char::is_alphanumeric);
            prop_assert!(parts.excluded.is_empty() || !looks_for_nothing);
        }
    }
}
