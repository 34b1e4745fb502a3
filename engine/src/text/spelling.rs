//! Whether two questions are the same text: width, script, case, punctuation and white space do not matter.

use super::fold;

/// Digits of a spelling.
const DIGITS: usize = 32;

/// The same for texts that differ in nothing that matters. It is a hash, so that it is short and says nothing of the text.
pub fn spelling(text: &str) -> String {
    let folded = fold::lower(&fold::characters(text));
    let mut hasher = blake3::Hasher::new();
    // Signs part words, but for those that stand in a figure or a name (4.5, C++, ERR-4012).
    for word in folded.split(|c: char| !(c.is_alphanumeric() || "+#.-".contains(c))) {
        let word = word.trim_end_matches(['.', '-']);
        if !word.is_empty() {
            hasher.update(word.as_bytes()).update(b" ");
        }
    }
    hasher.finalize().to_hex()[..DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use super::spelling;

    #[test]
    fn what_does_not_matter_makes_no_difference() {
        for (one, other) in [
            ("How many days?", "  how MANY\ndays ?!"),
            ("年假有几天？", "年假有几天"),
            ("年假 有幾天？", "年假 有几天"),
            ("What is ERR-4012?", "what is err-4012..."),
        ] {
            assert_eq!(spelling(one), spelling(other), "{one} {other}");
        }
        for (one, other) in
            [("ERR-4012?", "ERR-4013?"), ("C++", "C"), ("4.5 days", "45 days"), ("年假有几天", "病假有几天")]
        {
            assert_ne!(spelling(one), spelling(other), "{one} {other}");
        }
    }
}
