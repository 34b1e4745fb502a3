//! Which language a text is written in: by its script first, then by its function words, and by its letters' statistics
//! where neither tells. Statistics on a few words are noise, so a short text without function words counts as English.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{fold, is_han};

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
    let sample: String = text.chars().take(SAMPLE_CHARS).collect();
    if counts.latin_letters >= counts.other_letters {
        if let Some(language) = by_function_words(&sample) {
            return Some(language);
        }
        if counts.latin_letters < MIN_LATIN_LETTERS {
            return Some("en");
        }
    }
    match whatlang::detect(&sample) {
        Some(found) if found.is_reliable() => Some(primary_subtag(found.lang())),
        _ if counts.latin_letters >= counts.other_letters => Some("en"),
        _ => None,
    }
}

/// Words that bind others, by language; those that English has too count for both.
const FUNCTION_WORDS: &[(Language, &str)] = &[
    (
        "en",
        "the of and to is are was were for with that this from what which how does do did when where who why by be can \
         not no it its at on or as an in my i you your we our they their have has will should must if after a me",
    ),
    (
        "de",
        "der die das und ist ich nicht für wie wird werden sind mit auf bei ein eine einen einem einer viele welche welcher \
         welches wann wo kann muss zum zur über nach oder von dem den des sich auch durch wenn haben hat wer was im in",
    ),
    (
        "fr",
        "le la les des du de et est une un dans pour par sur avec qui que quel quelle quels comment quand où sont ne pas \
         au aux ce cette mon ma combien nous vous en il elle mes",
    ),
    (
        "es",
        "el la los las de del y es una un en para por con que qué cómo cuándo cuál dónde son no se su al cuántos cuántas \
         como más puedo mi hay",
    ),
    (
        "it",
        "il lo la gli di del della dei delle è una un per con che come quando quale quali dove sono non si nel nella alla \
         quanti quanto i le mio posso da",
    ),
    (
        "pt",
        "o a os as um uma de do da dos das em para por com que qual quais quando onde são não se no na como ao é quantos \
         quantas meu minha",
    ),
    (
        "nl",
        "de het een en van is voor met op niet dat die zijn wat hoe welke wanneer waar kan moet worden wordt bij ik aan \
         als heb hoeveel mijn in te",
    ),
    ("sv", "och är att en ett för med som på av inte den det till hur vad när vilka kan jag från har många min i"),
    ("da", "og er at en et for med som på af ikke den det til hvordan hvad hvornår kan jeg fra har hvor mange min i"),
    ("nb", "og er å en et for med som på av ikke den det til hvordan hva når kan jeg fra har hvor mange min i"),
    ("fi", "ja on ei että se mikä miten milloin kuinka ovat oli voi minun kun tai monta"),
    ("pl", "i w na się nie jest do z jak co że czy kiedy ile są dla od po jakie"),
];
/// Function words below which they say nothing, and the share of all words below which they are names (`de la Cruz`).
const MIN_FUNCTION_WORDS: usize = 2;
const MIN_FUNCTION_SHARE: usize = 5;

/// The language with the most function words, when it has more of them than any other.
fn by_function_words(text: &str) -> Option<Language> {
    static LANGUAGES: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
        let mut languages: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, (_, words)) in FUNCTION_WORDS.iter().enumerate() {
            for word in words.split_whitespace() {
                languages.entry(word).or_default().push(at);
            }
        }
        languages
    });
    let mut found = [0usize; FUNCTION_WORDS.len()];
    let mut words = 0;
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        words += 1;
        for &at in LANGUAGES.get(fold::lower(word).as_str()).into_iter().flatten() {
            found[at] += 1;
        }
    }
    let (best, &most) = found.iter().enumerate().max_by_key(|(_, count)| **count)?;
    let alone = found.iter().filter(|count| **count == most).count() == 1;
    (alone && most >= MIN_FUNCTION_WORDS && most * MIN_FUNCTION_SHARE >= words).then(|| FUNCTION_WORDS[best].0)
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
        Bul => "bg",
        Bel => "be",
        Srp => "sr",
        Hrv => "hr",
        Slv => "sl",
        Mkd => "mk",
        Lit => "lt",
        Lav => "lv",
        Est => "et",
        Cat => "ca",
        Lat => "la",
        Epo => "eo",
        Afr => "af",
        Pes => "fa",
        Urd => "ur",
        Yid => "yi",
        Tuk => "tk",
        Uzb => "uz",
        Aze => "az",
        Hye => "hy",
        Kat => "ka",
        Amh => "am",
        Ben => "bn",
        Guj => "gu",
        Pan => "pa",
        Mar => "mr",
        Nep => "ne",
        Ori => "or",
        Tam => "ta",
        Tel => "te",
        Kan => "kn",
        Mal => "ml",
        Sin => "si",
        Mya => "my",
        Khm => "km",
        Jav => "jv",
        Tgl => "tl",
        Sna => "sn",
        Zul => "zu",
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
            ("Wie viele Urlaubstage habe ich?", Some("de")),
            ("Combien de jours de congé ?", Some("fr")),
            ("¿Cuántos días de vacaciones hay?", Some("es")),
            ("Quanti giorni di ferie?", Some("it")),
            ("Hoeveel dagen vakantie heb ik?", Some("nl")),
            ("Hur många semesterdagar har jag?", Some("sv")),
            ("Ile jest dni urlopu?", Some("pl")),
            ("Rio de Janeiro office", Some("en")),
            ("VPN client error", Some("en")),
            ("สวัสดีครับ วันลาพักร้อนมีกี่วัน", Some("th")),
            ("2024-01-31", None),
            ("", None),
        ] {
            assert_eq!(detect(text), expected, "{text}");
        }
    }
}
