//! Text → sentences, with offsets in characters.
//!
//! A line break always ends a sentence (blocks of a document are separated by line breaks). Inside a line the
//! bounds are those of UAX #29, joined again where an abbreviation or an initial was taken for an end.

use unicode_segmentation::UnicodeSegmentation;

/// A sentence of a text: `text[start..end]` in characters, without white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentenceSpan {
    pub start: usize,
    pub end: usize,
}

/// The sentences of a text, in order, without overlap.
pub fn sentences(text: &str) -> Vec<SentenceSpan> {
    let mut out = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        line_sentences(line, start, &mut out);
        start += line.chars().count() + 1;
    }
    out
}

fn line_sentences(line: &str, line_start: usize, out: &mut Vec<SentenceSpan>) {
    let mut at = line_start;
    let mut open: Option<SentenceSpan> = None;
    let mut open_text = String::new();
    let mut pieces = line.split_sentence_bounds().peekable();
    while let Some(piece) = pieces.next() {
        let chars = piece.chars().count();
        open_text.push_str(piece);
        let span = SentenceSpan { start: open.map_or(at, |span| span.start), end: at + chars };
        at += chars;
        let quoted = pieces.peek().is_some_and(|next| ends_in_quote(&open_text, next));
        if quoted || ends_in_abbreviation(open_text.trim_end()) || ends_within_address(&open_text) {
            open = Some(span);
            continue;
        }
        push_trimmed(span, &open_text, out);
        open = None;
        open_text.clear();
    }
    if let Some(span) = open {
        push_trimmed(span, &open_text, out);
    }
}

fn push_trimmed(span: SentenceSpan, text: &str, out: &mut Vec<SentenceSpan>) {
    let leading = text.chars().take_while(|c| c.is_whitespace()).count();
    let trailing = text.chars().rev().take_while(|c| c.is_whitespace()).count();
    if leading + trailing < span.end - span.start {
        out.push(SentenceSpan { start: span.start + leading, end: span.end - trailing });
    }
}

/// Abbreviations after which a sentence goes on.
const ABBREVIATIONS: &[&str] = &[
    "approx.", "art.", "cf.", "dept.", "dr.", "e.g.", "ed.", "eq.", "est.", "et al.", "fig.", "i.e.", "inc.", "mr.",
    "mrs.", "ms.", "no.", "nos.", "p.", "pp.", "prof.", "ref.", "sec.", "st.", "vol.", "vs.",
];

fn ends_in_abbreviation(text: &str) -> bool {
    if !text.ends_with('.') {
        return false;
    }
    let last = text.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or(text).to_lowercase();
    // A single letter with a full stop is an initial ("J. Smith"), except where it ends a longer text as a word ("plan B.").
    let initial = last.chars().count() == 2 && last.starts_with(char::is_alphabetic);
    // The number of a list item ("4. Tighten the screw.").
    let item_number = text.len() <= 4 && text[..text.len() - 1].bytes().all(|b| b.is_ascii_digit());
    initial || item_number || ABBREVIATIONS.contains(&last.as_str())
}

/// `example.com/a?` goes on with `b=1`: without a space behind it, a sign within an address ends nothing.
fn ends_within_address(text: &str) -> bool {
    let token = text.rsplit(|c: char| c.is_whitespace() || !c.is_ascii()).next().unwrap_or(text);
    token.ends_with(['?', '!', '.']) && (token.contains("://") || token.contains('/') && token.contains('.'))
}

/// A sentence goes on behind a question that it quotes: `Who asks "Is it open?" is told …`, `问“几点开门？”时，…`.
fn ends_in_quote(text: &str, next: &str) -> bool {
    let text = text.trim_end();
    let quoted = text.trim_end_matches(['"', '”', '’', '»', '」', '』']);
    quoted.len() < text.len()
        && quoted.ends_with(['?', '!', '？', '！'])
        && next.starts_with(|c: char| c.is_lowercase() || matches!(c, '时' | '時' | '的' | '，' | '、' | ','))
}

#[cfg(test)]
mod tests {
    use super::sentences;
    use crate::text::slice_chars;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = sentences(text).iter().map(|s| slice_chars(text, s.start, s.end)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn splits_english_and_keeps_abbreviations() {
        check(
            "Leave is 25 days. It rises to 28.5 after 5 years!",
            &["Leave is 25 days.", "It rises to 28.5 after 5 years!"],
        );
        check("Ask Dr. Jansen. He knows.", &["Ask Dr. Jansen.", "He knows."]);
        check("4. Tighten the screw. 5 Nm is enough.", &["4. Tighten the screw.", "5 Nm is enough."]);
        check("Use a tool (e.g. Grep) here. Done", &["Use a tool (e.g. Grep) here.", "Done"]);
        check("Open http://a.example/b?c=1 now. Done", &["Open http://a.example/b?c=1 now.", "Done"]);
        check("See http://a.example/b. Done", &["See http://a.example/b.", "Done"]);
        check("Open a.example/?c=1 now. Done", &["Open a.example/?c=1 now.", "Done"]);
        check("To \"Is it open?\" say so. Is it? Yes.", &["To \"Is it open?\" say so.", "Is it?", "Yes."]);
    }

    #[test]
    fn splits_chinese_and_lines() {
        check("年假为15天。超过五年为20天！\n病假另计", &["年假为15天。", "超过五年为20天！", "病假另计"]);
        check("有人问“几点开门？”时，回答九点。好吗？好。", &["有人问“几点开门？”时，回答九点。", "好吗？", "好。"]);
        check("", &[]);
        check(" \n \n", &[]);
    }
}
