//! Which language a text is written in, by its script first and by its letters' statistics where a script
//! serves many languages. Short texts are told by script alone: statistics on a few words are noise.

use super::is_han;

/// BCP 47 primary subtag.
pub type Language = &'static str;

/// Characters looked at; a document's language shows in its first pages.
const SAMPLE_CHARS: usize = 4_000;
/// Letters below which Latin text is taken for English rather than guessed.
const MIN_LATIN_LETTERS: usize = 24;

/// The language of a text, or `None` when its script gives no hint (numbers, an unknown script).
pub fn detect(text: &str) -> Option<Language> {
    let mut counts = Counts::default();
    let mut in_word = false;
    for c in text.chars().take(SAMPLE_CHARS) {
        counts.add(c, &mut in_word);
    }
    let east_asian = counts.han + counts.kana + counts.hangul;
    // One ideograph carries about as much as one Latin word.
    if east_asian > 0 && east_asian >= counts.latin_words {
        return Some(match () {
            _ if counts.hangul * 2 > east_asian => "ko",
            _ if counts.kana * 8 > east_asian => "ja",
            _ => "zh",
        });
    }
    if counts.latin_letters == 0 && counts.other_letters == 0 {
        return None;
    }
    if counts.latin_letters >= counts.other_letters && counts.latin_letters < MIN_LATIN_LETTERS {
        return Some("en");
    }
    let sample: String = text.chars().take(SAMPLE_CHARS).collect();
    match whatlang::detect(&sample) {
        Some(found) if found.is_reliable() => Some(primary_subtag(found.lang())),
        _ if counts.latin_letters >= counts.other_letters => Some("en"),
        _ => None,
    }
}

#[derive(Default)]
struct Counts {
    han: usize,
    kana: usize,
    hangul: usize,
    latin_letters: usize,
    latin_words: usize,
    other_letters: usize,
}

impl Counts {
    fn add(&mut self, c: char, in_word: &mut bool) {
        let latin = c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}');
        if latin {
            self.latin_letters += 1;
            self.latin_words += usize::from(!*in_word);
        } else if is_han(c) {
            self.han += 1;
        } else if matches!(c, '\u{3040}'..='\u{30ff}') {
            self.kana += 1;
        } else if matches!(c, '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}') {
            self.hangul += 1;
        } else if c.is_alphabetic() {
            self.other_letters += 1;
        }
        *in_word = latin || (*in_word && (c == '\'' || c.is_ascii_digit()));
    }
}

/// whatlang names languages by ISO 639-3; the world outside uses the two-letter codes.
fn primary_subtag(language: whatlang::Lang) -> Language {
    use whatlang::Lang::*;
    match language {
        Eng => "en",
        Deu => "de",
        Fra => "fr",
        Spa => "es",
        Ita => "it",
        Por => "pt",
        Nld => "nl",
        Swe => "sv",
        Dan => "da",
        Nob => "nb",
        Fin => "fi",
        Pol => "pl",
        Ces => "cs",
        Slk => "sk",
        Hun => "hu",
        Ron => "ro",
        Tur => "tr",
        Rus => "ru",
        Ukr => "uk",
        Ell => "el",
        Ara => "ar",
        Heb => "he",
        Hin => "hi",
        Tha => "th",
        Vie => "vi",
        Ind => "id",
        Jpn => "ja",
        Kor => "ko",
        Cmn => "zh",
        other => other.code(),
    }
}

#[cfg(test)]
mod tests {
    use super::detect;

    #[test]
    fn tells_languages_by_script_and_statistics() {
        for (text, expected) in [
            ("How many days of annual leave do I get?", Some("en")),
            ("ERR-4012", Some("en")),
            ("年假有多少天？", Some("zh")),
            ("DolphinScheduler 支持哪些注册中心？", Some("zh")),
            ("The word 企业 means enterprise in Chinese business documents", Some("en")),
            ("有給休暇は何日ありますか", Some("ja")),
            ("연차 휴가는 며칠입니까", Some("ko")),
            ("Wie viele Urlaubstage habe ich im ersten Jahr nach der Einstellung?", Some("de")),
            ("Сколько дней отпуска полагается сотрудникам в первый год работы?", Some("ru")),
            ("2024-01-31", None),
            ("", None),
        ] {
            assert_eq!(detect(text), expected, "{text}");
        }
    }
}
