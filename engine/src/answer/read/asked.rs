//! What kind of thing a question asks for, and whether a sentence tells one.

use std::collections::HashSet;

use crate::text::is_han;

/// Whether a number, a date or an amount is asked for.
pub fn asks_for_number(question: &str) -> bool {
    const CUES: &[&str] = &[
        "多少",
        "几",
        "幾",
        "多久",
        "多长",
        "多長",
        "多大",
        "多高",
        "多远",
        "何时",
        "何時",
        "什么时候",
        "什麼時候",
        "哪年",
        "哪一年",
        "日期",
        "比例",
        "how many",
        "how much",
        "how long",
        "how far",
        "how soon",
        "how often",
        "how old",
        "when",
        "what year",
        "what date",
        "what percentage",
        "what share",
        "price",
        "cost",
    ];
    let question = question.to_lowercase();
    CUES.iter().any(|cue| question.contains(cue))
}

/// Whether a person, an organisation or a place is asked for.
pub fn asks_for_name(question: &str) -> bool {
    const BEGIN: [&str; 5] = ["who", "whom", "whose", "where", "who's"];
    let question = question.to_lowercase();
    question.split(|c: char| !c.is_alphanumeric() && c != '\'').any(|word| BEGIN.contains(&word))
}

/// Whether a sentence has a number that the question does not name already.
pub fn has_new_number(sentence: &str, question: &str) -> bool {
    let numbers = |text: &str| -> HashSet<String> {
        text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).map(str::to_owned).collect()
    };
    let spelled =
        sentence.contains(['一', '二', '两', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '万']);
    spelled || numbers(sentence).difference(&numbers(question)).next().is_some()
}

/// Whether a sentence has a name that the question does not: a capital letter inside of it.
pub fn has_new_name(sentence: &str, question: &str) -> bool {
    let question = question.to_lowercase();
    capitalised(sentence).skip(1).any(|word| !question.contains(&word.to_lowercase()))
}

/// The names and numbers of a question, which a passage that answers it has to share: words with a capital letter, but
/// for the first one, words with a digit, and Latin words within Chinese. In lower case.
pub fn particulars(question: &str) -> Vec<String> {
    let chinese = question.chars().any(is_han);
    let words = question.split(|c: char| !c.is_alphanumeric() || is_han(c)).filter(|word| !word.is_empty());
    let telling = words.enumerate().filter(|(at, word)| {
        let capital = word.chars().next().is_some_and(char::is_uppercase) && word.chars().count() > 1;
        let foreign = chinese && word.len() > 1 && word.is_ascii();
        (capital && *at > 0) || foreign || word.chars().any(|c| c.is_ascii_digit())
    });
    telling.map(|(_, word)| word.to_lowercase()).collect()
}

fn capitalised(sentence: &str) -> impl Iterator<Item = &str> {
    let words = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    // The first word has a capital letter whatever it is.
    words
        .enumerate()
        .filter(|(at, word)| *at == 0 || word.chars().next().is_some_and(char::is_uppercase))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_questions_for_numbers() {
        for (question, expected) in
            [("年假有多少天？", true), ("How many days?", true), ("谁批准请假？", false), ("Who approves?", false)]
        {
            assert_eq!(asks_for_number(question), expected, "{question}");
        }
    }

    #[test]
    fn a_number_of_the_question_is_no_news() {
        for (sentence, question, expected) in [
            ("After 7 years: 15 days", "I am here for 7 years", true),
            ("After 7 years", "7 years", false),
            ("试用期三个月", "多久", true),
        ] {
            assert_eq!(has_new_number(sentence, question), expected, "{sentence}");
        }
    }

    #[test]
    fn names_are_told_by_their_capitals() {
        assert!(asks_for_name("Who approves leave in Berlin?"));
        assert!(!asks_for_name("What is the whole price?"));
        assert!(has_new_name("It is approved by Ann Lee.", "Who approves it?"));
        assert!(!has_new_name("Ann approves it.", "Does Ann approve it?"));
        assert_eq!(particulars("Which port does VPN-809 need in Berlin?"), ["vpn", "809", "berlin"]);
        assert_eq!(particulars("Rust 语言的master节点有3个吗"), ["rust", "master", "3"]);
    }
}
