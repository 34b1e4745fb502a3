//! Words of letters and digits, and what joiners make of them.
//!
//! A compound such as `ERR-4012`, `v2.3.1`, `max_retries`, `ops@example.com`, `e-mail` or `getUserById` gives its parts
//! and one term for the whole, so that `ERR4012`, `err 4012` and `ERR-4012` all find it.

use super::analyze::{Kind, Terms};
use super::{fold, stem};

/// Characters that may join the parts of a compound.
pub fn joins(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '\'' | ',' | '+' | '#' | '&')
}

/// Letters below which the part of a name in camel case is taken for an abbreviation (`iPhone`, `mRNA`, `McKay`).
const MIN_CAMEL_PART: usize = 3;

/// The terms of a compound, in the case in which it is written. Positions count parts.
pub fn push(compound: &str, out: &mut Terms<'_>) {
    let lower = fold::lower(compound);
    if !lower.contains(joins) {
        push_word(compound, &lower, out);
        return;
    }
    let parts: Vec<&str> = lower.split(joins).filter(|part| !part.is_empty()).collect();
    let has_digit = compound.contains(|c: char| c.is_ascii_digit());
    let identifier = has_digit || compound.contains(['@', '_']);
    match () {
        _ if lower.bytes().all(|b| b.is_ascii_digit() || b == b',') => {
            out.push(Kind::Word, whole(&lower), 0, 1);
            out.advance(1);
            return;
        }
        _ if identifier => out.push(Kind::Form, whole(&lower), 0, parts.len()),
        _ if parts.iter().all(|part| part.chars().nth(1).is_none()) && lower.contains(['.', '&']) => {
            // `U.S.A`, `R&D`: letters that say nothing one by one.
            out.push(Kind::Form, lower.replace('.', ""), 0, parts.len());
        }
        _ if lower.contains('\'') => {}
        _ if lower.contains(['-', '.', '&']) => out.push(Kind::Form, stem::stem(&whole(&lower)), 0, parts.len()),
        _ => {}
    }
    let mut written = compound.split(joins).filter(|part| !part.is_empty());
    for (i, part) in parts.iter().enumerate() {
        let clitic = i > 0 && lower.contains('\'') && matches!(*part, "s" | "t" | "re" | "ve" | "ll" | "d" | "m");
        match written.next() {
            _ if clitic => {}
            Some(written) => push_word(written, part, out),
            None => push_word(part, part, out),
        }
    }
}

/// A word by itself: `written` as it stands, `word` in lower case.
fn push_word(written: &str, word: &str, out: &mut Terms<'_>) {
    let stemmed = if is_plural_of_letters(written) { word[..word.len() - 1].to_owned() } else { stem::stem(word) };
    let own = out.language.and_then(|language| stem::in_language(word, language)).filter(|own| *own != stemmed);
    out.push(Kind::Word, stemmed, 0, 1);
    if let Some(own) = own {
        out.push(Kind::Form, own, 0, 1);
    }
    if let Some(version) = without_version_prefix(word) {
        out.push(Kind::Form, version.to_owned(), 0, 1);
    }
    match camel_parts(written) {
        Some(parts) => {
            for part in parts {
                out.push(Kind::Form, stem::stem(&fold::lower(part)), 0, 1);
                out.advance(1);
            }
        }
        None => out.advance(1),
    }
}

/// `APIs`, `KPIs`, `RNAs`: an abbreviation in the plural, whose `s` a stemmer takes for a letter of the word.
fn is_plural_of_letters(written: &str) -> bool {
    let letters = written.strip_suffix('s').unwrap_or_default();
    letters.len() > 1 && letters.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The words of `getUserById` and `HTTPServer`; `None` where there is one, or where they are too short to be words.
fn camel_parts(word: &str) -> Option<Vec<&str>> {
    let bytes = word.as_bytes();
    if !word.is_ascii() || !bytes[1..].iter().any(u8::is_ascii_uppercase) || !bytes.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    let begins = |at: usize| {
        let (before, here, after) = (bytes[at - 1], bytes[at], bytes.get(at + 1).copied().unwrap_or(b' '));
        here.is_ascii_uppercase() && (!before.is_ascii_uppercase() || after.is_ascii_lowercase())
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for at in (1..bytes.len()).filter(|at| begins(*at)).chain([bytes.len()]) {
        parts.push(&word[from..at]);
        from = at;
    }
    (parts.iter().filter(|part| part.len() >= MIN_CAMEL_PART).count() > 1).then_some(parts)
}

/// One spelling of an identifier: `err-4012` and `err4012` are the same, `v2.3.1` is `2.3.1`, `1,200` is `1200`.
fn whole(compound: &str) -> String {
    let spelled: String = compound.chars().filter(|&c| !joins(c) || matches!(c, '.' | '@' | ':' | '/' | '&')).collect();
    match without_version_prefix(&spelled) {
        Some(version) => version.to_owned(),
        None => spelled,
    }
}

fn without_version_prefix(word: &str) -> Option<&str> {
    word.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
