//! Takes out what a model thinks before it answers: `<think>…</think>` at the beginning, as servers pass it on that do not part the
//! two (vLLM without a reasoning parser, older versions of Ollama). The text may be cut anywhere.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

#[derive(Debug, Default)]
pub enum Thoughts {
    /// Nothing but white space and the beginning of the mark has come.
    #[default]
    Undecided,
    Begun {
        held: String,
    },
    Thinking {
        /// The end of what came, as much of it as may begin the closing mark.
        held: String,
    },
    Over,
}

impl Thoughts {
    /// What of a further piece belongs to the answer.
    pub fn without(&mut self, piece: &str) -> String {
        match std::mem::replace(self, Thoughts::Over) {
            Thoughts::Over => piece.to_owned(),
            Thoughts::Undecided => self.begin(piece.to_owned()),
            Thoughts::Begun { held } => self.begin(held + piece),
            Thoughts::Thinking { held } => self.think(held + piece),
        }
    }

    /// What was held back, when nothing follows any more: the beginning of a mark that was none.
    pub fn rest(&mut self) -> String {
        match std::mem::replace(self, Thoughts::Over) {
            Thoughts::Begun { held } => held,
            _ => String::new(),
        }
    }

    fn begin(&mut self, text: String) -> String {
        let said = text.trim_start();
        if let Some(thought) = said.strip_prefix(OPEN) {
            return self.think(thought.to_owned());
        }
        if !OPEN.starts_with(said) {
            return text;
        }
        // White space alone need not be kept: an answer does not begin with it.
        *self = if said.is_empty() { Thoughts::Undecided } else { Thoughts::Begun { held: said.to_owned() } };
        String::new()
    }

    fn think(&mut self, text: String) -> String {
        if let Some((_, answer)) = text.split_once(CLOSE) {
            return answer.trim_start().to_owned();
        }
        let begun = (1..CLOSE.len()).rev().find(|length| text.ends_with(&CLOSE[..*length])).unwrap_or(0);
        *self = Thoughts::Thinking { held: CLOSE[..begun].to_owned() };
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(pieces: &[&str]) -> String {
        let mut thoughts = Thoughts::default();
        let mut text: String = pieces.iter().map(|piece| thoughts.without(piece)).collect();
        text.push_str(&thoughts.rest());
        text
    }

    #[test]
    fn only_thoughts_at_the_beginning_are_taken_out() {
        for (text, expected) in [
            ("12 days [1].", "12 days [1]."),
            ("<think>Hm, 13? No.</think>\n\n12 days [1].", "12 days [1]."),
            ("\n <think>\n</think>年假", "年假"),
            ("<think>never ends", ""),
            ("<think>a</thin b</think>c", "c"),
            ("<thin", "<thin"),
            ("< 5 days", "< 5 days"),
            ("Use <think>.", "Use <think>."),
            ("", ""),
        ] {
            assert_eq!(answer(&[text]), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn where_the_text_is_cut_makes_no_difference(text in "\n?(<think>[a</think>年 ]{0,12}(</think>)?)?[a<年]{1,6}", cut in 1usize..5) {
            let characters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = characters.chunks(cut).map(|piece| piece.iter().collect()).collect();
            let cut_up = answer(&pieces.iter().map(String::as_str).collect::<Vec<_>>());
            let whole = answer(&[&text]);
            prop_assert_eq!(cut_up.trim_start(), whole.trim_start());
        }
    }
}
