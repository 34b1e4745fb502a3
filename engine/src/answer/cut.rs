//! A model's text, as it comes → whole sentences, each with the marks that follow it.
//!
//! In: pieces of any length. Out: sentences in order, as soon as it is certain that they are over: marks such as `[1]` may
//! stand behind the full stop. Nothing is lost but white space.

use crate::text::{sentences, slice_chars};

/// A sentence that has not ended by then is cut: nothing that comes from outside may grow without end.
const MAX_SENTENCE_CHARS: usize = 2_000;

/// Brackets of marks.
const OPENING: [char; 3] = ['[', '【', '［'];

/// Collects text until sentences are over.
#[derive(Debug, Default)]
pub struct Cutter {
    text: String,
}

impl Cutter {
    /// Adds a piece; returns the sentences that are over now.
    pub fn push(&mut self, piece: &str) -> Vec<String> {
        self.text.push_str(piece);
        let mut whole = split(&self.text);
        let chars = whole.last().map_or(0, |last| last.chars().count());
        // The last one may go on, or have marks that are still to come.
        let last = if chars > MAX_SENTENCE_CHARS { String::new() } else { whole.pop().unwrap_or_default() };
        let tail = self.text.len() - self.text.trim_end().len();
        let gap = self.text[self.text.len() - tail..].to_owned();
        self.text = last + &gap;
        whole
    }

    /// What is left at the end.
    pub fn rest(self) -> Vec<String> {
        split(&self.text)
    }
}

/// The sentences of a text; marks at the beginning of one belong to the one before.
fn split(text: &str) -> Vec<String> {
    let mut spans = sentences(text);
    // The rules for sentences take the bracket of a mark for one that closes.
    for at in 1..spans.len() {
        let before = slice_chars(text, spans[at - 1].start, spans[at - 1].end);
        if before.ends_with(OPENING) && before.chars().count() > 1 {
            spans[at - 1].end -= 1;
            spans[at].start = spans[at - 1].end;
        }
    }
    let mut whole: Vec<String> = Vec::new();
    for span in spans {
        let sentence = slice_chars(text, span.start, span.end).trim();
        let marks = leading_marks(sentence);
        match whole.last_mut().filter(|_| marks > 0) {
            Some(before) => {
                before.push(' ');
                before.push_str(sentence[..marks].trim_end());
                let rest = &sentence[marks..];
                if !rest.is_empty() {
                    whole.push(rest.to_owned());
                }
            }
            None => whole.push(sentence.to_owned()),
        }
    }
    whole
}

/// Bytes of the marks, with white space around them, that a sentence begins with; an open one counts whole.
fn leading_marks(sentence: &str) -> usize {
    let mut rest = sentence;
    while let Some(inside) = rest.strip_prefix(OPENING) {
        let Some(close) = inside.find([']', '】', '］']) else { return sentence.len() };
        let mark = &inside[..close];
        if mark.chars().any(|c| !(c.is_ascii_digit() || c.is_whitespace() || matches!(c, ',' | '^' | '，' | '、'))) {
            break;
        }
        rest = inside[close..].trim_start_matches([']', '】', '］']).trim_start_matches([' ', '.', '。']);
    }
    sentence.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::Cutter;

    /// However a text is cut into pieces, the same sentences come out.
    fn check(text: &str, expected: &[&str]) {
        for size in [1, 2, 3, 7, 1_000] {
            let chars: Vec<char> = text.chars().collect();
            let mut cutter = Cutter::default();
            let mut found: Vec<String> = Vec::new();
            for piece in chars.chunks(size) {
                found.extend(cutter.push(&piece.iter().collect::<String>()));
            }
            found.extend(cutter.rest());
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn marks_stay_with_their_sentence() {
        check("Leave is 25 days. [1] It rises to 28. [2][3]", &["Leave is 25 days. [1]", "It rises to 28. [2][3]"]);
        check("Leave is 25 days [1]. It rises.", &["Leave is 25 days [1].", "It rises."]);
        check(
            "年假为15天。【1】超过五年为20天。[2]\n病假另计",
            &["年假为15天。 【1】", "超过五年为20天。 [2]", "病假另计"],
        );
        check("Ask Dr. Jansen. He knows.", &["Ask Dr. Jansen.", "He knows."]);
        check("", &[]);
    }

    #[test]
    fn a_sentence_without_end_is_cut() {
        let mut cutter = Cutter::default();
        let cut: Vec<String> = (0..100).flat_map(|_| cutter.push(&"word ".repeat(50))).collect();
        assert!(!cut.is_empty() && cut.iter().all(|sentence| sentence.len() < 20_000));
    }
}
