//! Checks a sentence against its sources. What is not supported is withdrawn.

use std::collections::HashSet;

use crate::text::terms;

/// Share of a sentence's words that its sources must hold.
const MIN_SUPPORT: f32 = 0.6;

/// The share of the sentence's different words that the source holds, 0 to 1. A sentence without words has none.
pub fn support(sentence: &str, source: &str) -> f32 {
    let source: HashSet<String> = terms(source).into_iter().collect();
    let words: HashSet<String> = terms(sentence).into_iter().collect();
    if words.is_empty() {
        return 0.0;
    }
    words.iter().filter(|word| source.contains(*word)).count() as f32 / words.len() as f32
}

pub fn supported(support: f32) -> bool {
    support >= MIN_SUPPORT
}

#[cfg(test)]
mod tests {
    use super::support;

    #[test]
    fn counts_the_words_that_the_source_holds() {
        assert_eq!(support("Leave is 25 days.", "leave is 25 days"), 1.0);
        assert_eq!(support("Leave is 30 days", "leave is 25 days"), 0.75);
        assert_eq!(support("", "leave"), 0.0);
    }
}
