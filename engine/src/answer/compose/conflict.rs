//! Whether two sentences say different things of the same: numbers that differ in words that are alike.

use std::collections::BTreeSet;

use crate::text::{detect, words_in};

/// Share of the words of the shorter sentence that the other has too, numbers apart.
const MIN_ALIKE: f32 = 0.6;
/// Words that are compared at least.
const MIN_WORDS: usize = 3;

/// Whether both give a number that the question does not name, not one of them the same, in sentences that are otherwise
/// alike.
pub fn differ(one: &str, other: &str, question: &str) -> bool {
    let asked = Said::of(question);
    let (one, other) = (Said::of(one), Said::of(other));
    let told = |said: &Said| said.numbers.difference(&asked.numbers).cloned().collect::<BTreeSet<_>>();
    let (ours, theirs) = (told(&one), told(&other));
    if ours.is_empty() || theirs.is_empty() || !ours.is_disjoint(&theirs) {
        return false;
    }
    let shorter = one.words.len().min(other.words.len());
    let common = one.words.intersection(&other.words).count();
    shorter >= MIN_WORDS && common as f32 >= MIN_ALIKE * shorter as f32
}

/// The words and the numbers of a sentence.
struct Said {
    words: BTreeSet<String>,
    numbers: BTreeSet<String>,
}

impl Said {
    fn of(text: &str) -> Said {
        let (numbers, words) =
            words_in(text, detect(text)).into_iter().partition(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        Said { words, numbers }
    }
}

#[cfg(test)]
mod tests {
    use super::differ;

    #[test]
    fn the_same_matter_with_other_numbers() {
        let question = "How many days of annual leave do employees get?";
        for (one, other, expected) in [
            (
                "Full-time employees get 25 days of annual leave.",
                "Full-time employees get 28 days of annual leave a year.",
                true,
            ),
            ("Full-time employees get 25 days of annual leave.", "Employees get 25 days of annual leave.", false),
            ("Full-time employees get 25 days of annual leave.", "The office opens at 8.", false),
            ("Full-time employees get 25 days of annual leave.", "Employees get annual leave.", false),
        ] {
            assert_eq!(differ(one, other, question), expected, "{other}");
        }
        assert!(differ("员工每年享有10天年假。", "员工每年享有15天年假。", "年假有几天？"));
        assert!(!differ("入职满3年享有15天年假。", "入职满3年享有15天年假", "年假有几天？"));
    }
}
