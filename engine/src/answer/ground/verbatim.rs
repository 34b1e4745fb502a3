//! Whether a claim is a quote: a whole sentence of a passage, or a part of one that leaves out nothing that turns it around.

use super::passages::{Passage, Place};
use super::said::Said;

/// Words that a sentence may hold and that must not be cut off from what is quoted of it.
const TURNS: &[&str] = &[
    "not",
    "n't",
    "no",
    "never",
    "none",
    "neither",
    "without",
    "cannot",
    "except",
    "unless",
    "if",
    "only",
    "false",
    "untrue",
    "wrong",
    "incorrect",
    "denied",
    "deny",
    "claim",
    "claimed",
    "claims",
    "alleged",
    "reportedly",
    "rumour",
    "rumor",
    "myth",
    "proposed",
    "不",
    "没",
    "未",
    "无",
    "除",
    "如果",
    "若",
    "仅",
    "谣",
    "虚假",
    "错误",
    "并非",
    "禁",
    "据称",
];

/// The place at which a claim stands word for word.
pub fn quoted(claim: &Said, passages: &[Passage], hits: &[usize]) -> Option<Place> {
    let text = squeezed(&claim.text);
    if text.is_empty() {
        return None;
    }
    hits.iter().find_map(|&hit| {
        let passage = &passages[hit];
        let sentence = (0..passage.said.len()).find(|&sentence| holds(&passage.said[sentence].text, &text))?;
        Some(Place { hit, sentence })
    })
}

fn holds(sentence: &str, claim: &str) -> bool {
    let sentence = squeezed(sentence);
    let Some(at) = sentence.find(claim) else { return false };
    let (before, after) = (&sentence[..at], &sentence[at + claim.len()..]);
    let bound = |outer: Option<char>, inner: Option<char>| {
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        !(word(outer) && word(inner))
    };
    // `25` of `25.5` is no quote of it.
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let cut_number =
        after.starts_with(['.', ',']) && digit(&after[1..]) && claim.ends_with(|c: char| c.is_ascii_digit());
    let turns = |rest: &str| {
        TURNS.iter().any(|word| match word.is_ascii() {
            true => rest
                .split(|c: char| !c.is_alphanumeric() && c != '\'')
                .any(|known| known == *word || known.ends_with("n't")),
            false => rest.contains(word),
        })
    };
    bound(before.chars().next_back(), claim.chars().next())
        && bound(after.chars().next(), claim.chars().next_back())
        && !cut_number
        && !turns(before)
        && !turns(after)
}

/// In lower case, with single spaces, without what ends or begins a sentence or an item of a list.
fn squeezed(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = words.join(" ").to_lowercase();
    joined
        .trim_matches(|c: char| {
            matches!(c, '.' | '。' | '!' | '！' | ';' | '；' | '*' | '-' | '•' | '#' | '"' | '“' | '”' | ' ')
        })
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Passage, Said, quoted};

    #[track_caller]
    fn check(claim: &str, passage: &str, expected: Option<usize>) {
        let passages = [Passage::new(passage, "")];
        assert_eq!(quoted(&Said::new(claim), &passages, &[0]).map(|place| place.sentence), expected, "{claim}");
    }

    #[test]
    fn sentences_and_harmless_parts_are_quotes() {
        let text = "Parking is free. Employees get 25.5 days of leave. It is not true that dogs may enter the lab.\n年假为15天，病假另计。";
        check("Employees get 25.5 days of leave.", text, Some(1));
        check("employees  get 25.5 days", text, Some(1));
        check("Employees get 25", text, None);
        check("Employees get 26 days of leave.", text, None);
        check("dogs may enter the lab.", text, None);
        check("It is not true that dogs may enter the lab", text, Some(2));
        check("年假为15天。", text, Some(3));
    }
}
