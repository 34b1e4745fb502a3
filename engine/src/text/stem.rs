//! Words → stems.
//!
//! A word of Latin letters gets its English stem whatever it is written in, so that product names and loan words are
//! found from every language. A script that belongs to one language that has a stemmer gets that one. Where the
//! language of a text is known and is another one in Latin letters, [`in_language`] gives the word's second form.

use rust_stemmers::{Algorithm, Stemmer};

use super::fold;

/// Languages in Latin letters with a stemmer of their own.
const LATIN: &[(&str, Algorithm)] = &[
    ("da", Algorithm::Danish),
    ("de", Algorithm::German),
    ("es", Algorithm::Spanish),
    ("fi", Algorithm::Finnish),
    ("fr", Algorithm::French),
    ("hu", Algorithm::Hungarian),
    ("it", Algorithm::Italian),
    ("nb", Algorithm::Norwegian),
    ("nl", Algorithm::Dutch),
    ("no", Algorithm::Norwegian),
    ("pt", Algorithm::Portuguese),
    ("ro", Algorithm::Romanian),
    ("sv", Algorithm::Swedish),
    ("tr", Algorithm::Turkish),
];

/// The term of a word in lower case, whatever the language.
pub fn stem(word: &str) -> String {
    let plain = fold::letters(word);
    let Some(algorithm) = of_script(&plain) else { return plain.into_owned() };
    let stemmed = Stemmer::create(algorithm).stem(&plain).into_owned();
    match stemmed.strip_suffix('s') {
        _ if stemmed.is_empty() => plain.into_owned(),
        Some(singular) if algorithm == Algorithm::English && is_abbreviation(singular) => singular.to_owned(),
        _ => stemmed,
    }
}

/// The term of a word in lower case in a language of Latin letters: by that language's stemmer, or as it is written,
/// accents included, where there is none. `None` for English, for other scripts and for what says nothing new.
pub fn in_language(word: &str, language: &str) -> Option<String> {
    let letters =
        word.chars().all(|c| c.is_ascii_lowercase() || (c.is_lowercase() && c < '\u{250}') || is_vietnamese(c));
    if language == "en" || !letters {
        return None;
    }
    let own = match LATIN.iter().find(|(name, _)| *name == language) {
        Some((_, algorithm)) => fold::letters(&Stemmer::create(*algorithm).stem(word)).into_owned(),
        None if word.is_ascii() => return None,
        None => word.to_owned(),
    };
    (!own.is_empty()).then_some(own)
}

/// What is left of `rnas`, `cdks`: a plural that the rules for words leave alone, since no vowel is before its end. The same
/// is done to a few words (`canvas`), to all of their forms alike.
fn is_abbreviation(singular: &str) -> bool {
    singular.len() > 2 && !singular.ends_with(['s', 'u', 'i'])
}

fn is_vietnamese(c: char) -> bool {
    matches!(c, '\u{1ea0}'..='\u{1ef9}')
}

fn of_script(word: &str) -> Option<Algorithm> {
    if word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Some(Algorithm::English);
    }
    match word.chars().next()? {
        '\u{430}'..='\u{451}' => Some(Algorithm::Russian),
        '\u{3b1}'..='\u{3c9}' => Some(Algorithm::Greek),
        '\u{620}'..='\u{64a}' => Some(Algorithm::Arabic),
        '\u{b80}'..='\u{bff}' => Some(Algorithm::Tamil),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{in_language, stem};

    #[test]
    fn inflected_forms_meet() {
        for (one, other) in [
            ("policies", "policy"),
            ("cafés", "cafe"),
            ("cdks", "cdk"),
            ("mrnas", "mrna"),
            ("отпуска", "отпуск"),
            ("договоров", "договор"),
            ("συμβάσεις", "συμβασεισ"),
            ("الكتاب", "كتاب"),
        ] {
            assert_eq!(stem(one), stem(other), "{one}, {other}");
        }
    }

    #[test]
    fn each_language_has_its_stemmer() {
        for (language, one, other) in [
            ("de", "häuser", "haus"),
            ("fr", "généraux", "général"),
            ("es", "contratos", "contrato"),
            ("it", "contratti", "contratto"),
            ("pt", "licenças", "licença"),
            ("nl", "contracten", "contract"),
            ("sv", "avtalen", "avtal"),
            ("da", "aftalerne", "aftale"),
            ("nb", "avtalene", "avtale"),
            ("fi", "sopimuksen", "sopimukset"),
            ("hu", "szerződések", "szerződés"),
            ("ro", "contractelor", "contracte"),
            ("tr", "sözleşmeler", "sözleşme"),
        ] {
            assert_eq!(in_language(one, language), in_language(other, language), "{language}: {one}, {other}");
            assert!(in_language(one, language).is_some(), "{language}");
        }
        assert_eq!(in_language("policies", "en"), None);
        assert_eq!(in_language("má", "vi").as_deref(), Some("má"), "no stemmer: the accents tell");
        assert_eq!(in_language("15gb", "de"), None);
    }
}
