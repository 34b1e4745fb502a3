//! One spelling for what is written in several: forms of width and compatibility, Chinese scripts, dashes and
//! apostrophes, letters with accents.
//!
//! Two steps, because a stemmer wants the accents of its language: [`characters`] folds a text before it is cut, and
//! [`letters`] takes the accents from a word that is a term.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::han;

/// A text with compatibility forms folded (NFKC: full-width `Ａ`, `℃`, `ﬁ`), Chinese in simplified characters, one
/// kind of hyphen and apostrophe, and nothing that is invisible. Case and accents stay.
pub fn characters(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii() {
            let end = rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len());
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        if let Some(folded) = alone(first) {
            out.push(folded);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c| alone(c).is_some()).unwrap_or(rest.len());
        let letter = if is_combining_mark(first) { out.pop() } else { None };
        let composed = letter.into_iter().chain(rest[..end].chars()).nfkc();
        out.extend(composed.filter(|c| !is_invisible(*c)).map(|c| alone(c).unwrap_or(c)));
        rest = &rest[end..];
    }
    Cow::Owned(out)
}

/// What NFKC makes of a character that it changes, if at all, without looking at its neighbours; `None` for all others.
/// Thai and Lao stay as they are: NFKC takes their vowel AM apart, and no dictionary has it so.
fn alone(c: char) -> Option<char> {
    match c {
        '\0'..='\x7f' => Some(c),
        '\u{3400}'..='\u{9fff}' => Some(han::simplified(c)),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{a0}' | '\u{3000}' => Some(' '),
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => Some('\''),
        '\u{2010}' | '\u{2011}' => Some('-'),
        '\u{c0}'..='\u{ff}' | '\u{400}'..='\u{45f}' | '\u{e00}'..='\u{eff}' => Some(c),
        '\u{3001}'..='\u{3003}' | '\u{3005}'..='\u{3011}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fc}' => {
            Some(c)
        }
        '\u{ac00}'..='\u{d7a3}' | '\u{2013}' | '\u{2014}' | '\u{201c}' | '\u{201d}' => Some(c),
        _ => None,
    }
}

/// Soft hyphens, zero-width spaces and joiners, marks of direction.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// A word in lower case.
pub fn lower(word: &str) -> String {
    if word.is_ascii() { word.to_ascii_lowercase() } else { word.chars().flat_map(char::to_lowercase).collect() }
}

/// A word in lower case without accents: `café` is `cafe`, `straße` is `strasse`, `ёлка` is `елка`. Letters that only
/// look alike (Cyrillic `й`, which is no `и`) and the vowel signs of Indian scripts stay.
pub fn letters(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            '\0'..='\x7f' => out.push(c),
            // Accents of Latin and Greek that are left alone, points of Hebrew, vowels of Arabic and its long dash.
            '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{640}' | '\u{670}' => {}
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            'ø' => out.push('o'),
            'đ' | 'ð' => out.push('d'),
            'ł' => out.push('l'),
            'ı' => out.push('i'),
            'ς' => out.push('σ'),
            'ё' => out.push('е'),
            'أ' | 'إ' | 'آ' | 'ٱ' => out.push('ا'),
            'ى' | 'ی' => out.push('ي'),
            'ک' => out.push('ك'),
            'ة' => out.push('ه'),
            '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}' => {
                decompose_canonical(c, |part| {
                    if !is_combining_mark(part) {
                        out.push(part);
                    }
                });
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::{characters, letters, lower};

    #[test]
    fn a_text_has_one_spelling() {
        for (text, expected) in [
            ("plain", "plain"),
            ("ＥＲＲ－４０１２", "ERR-4012"),
            ("30℃ ﬁle ㎏ ﾃﾞｰﾀ", "30°C file kg データ"),
            ("300\u{212a}", "300K"),
            ("cafe\u{301} in\u{ad}struc\u{200b}tion", "café instruction"),
            ("employee’s e\u{2011}mail", "employee's e-mail"),
            ("開發軟體與後臺", "开发软体与后台"),
            ("網路\u{3000}電話", "网路 电话"),
            ("น้ำยา", "น้ำยา"),
        ] {
            assert_eq!(characters(text), expected, "{text}");
        }
    }

    #[test]
    fn accents_go_and_letters_stay() {
        for (word, expected) in [
            ("Café", "cafe"),
            ("Straße", "strasse"),
            ("SMØRREBRØD", "smorrebrod"),
            ("İstanbul", "istanbul"),
            ("ёлка", "елка"),
            ("мой", "мой"),
            ("Λόγος", "λογοσ"),
            ("हिन्दी", "हिन्दी"),
            ("שָׁלוֹם", "שלום"),
            ("Việt", "viet"),
        ] {
            assert_eq!(letters(&lower(word)), expected, "{word}");
        }
    }
}
