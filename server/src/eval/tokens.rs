//! Answers as tokens, so that what differs only in writing counts as the same.
//!
//! In: a text and its language. Out: words for languages that separate them, characters for Chinese and Japanese. The
//! English rules are those of SQuAD (Rajpurkar et al. 2016), over NFKC.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

const ARTICLES: [&str; 3] = ["a", "an", "the"];

/// The tokens that answers of this language are compared by.
pub fn tokens(text: &str, language: &str) -> Vec<String> {
    let text: String = text.nfkc().collect::<String>().to_lowercase();
    if language.starts_with("zh") || language.starts_with("ja") { characters(&text) } else { words(&text) }
}

/// Lower case, no punctuation, no articles.
fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c.general_category_group() {
            GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol => {}
            GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other => plain.push(' '),
            _ => plain.push(c),
        }
    }
    plain.split_whitespace().filter(|word| !ARTICLES.contains(word)).map(str::to_owned).collect()
}

/// Each ideograph, kana and hangul syllable is a token, so is a run of other letters and digits; the rest is dropped.
fn characters(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut run = String::new();
    for c in text.chars() {
        let group = c.general_category_group();
        let stands_alone = is_east_asian(c);
        if matches!(group, GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number) && !stands_alone {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            tokens.push(std::mem::take(&mut run));
        }
        if stands_alone {
            tokens.push(c.to_string());
        }
    }
    if !run.is_empty() {
        tokens.push(run);
    }
    tokens
}

fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ac00}'..='\u{d7af}')
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[track_caller]
    fn check(text: &str, language: &str, expected: &str) {
        assert_eq!(tokens(text, language).join(" "), expected);
    }

    #[test]
    fn english_is_compared_by_words() {
        check("The  Cat's, hat!", "en", "cats hat");
        check("at least\u{a0}12 weeks (84 days)", "en", "at least 12 weeks 84 days");
        check("An $5.00 fee\u{200b}a day", "en", "500 fee day");
        check("Ｆｕｌｌ　ｗｉｄｔｈ", "en", "full width");
        check("été à Noël", "fr", "été à noël");
        check("", "en", "");
    }

    #[test]
    fn chinese_is_compared_by_characters() {
        check("TiDB 默认为１２８张表。", "zh", "tidb 默 认 为 128 张 表");
        check("4 核 16G 以上", "zh-TW", "4 核 16g 以 上");
        check("《失落的故事集》", "zh", "失 落 的 故 事 集");
        check("v2.3_beta", "zh", "v2 3 beta");
        check("カタカナ", "ja", "カ タ カ ナ");
    }
}
