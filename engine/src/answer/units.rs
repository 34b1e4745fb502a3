//! A passage → its lines, by what they are: prose, items of a list, rows of a table.
//!
//! In: the text of a passage, in which a line break ends a block, and cells of a row are separated by ` | `. Out: lines
//! with offsets in characters, and which of them belong together.

use std::ops::Range;

use crate::text::SentenceSpan;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Prose,
    /// Of a list: `numbered` items have an order.
    Item {
        numbered: bool,
    },
    Row,
}

/// A line of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// In characters of the passage, without white space around it.
    pub span: SentenceSpan,
    pub kind: Kind,
    /// Ends in a colon: what follows belongs to it.
    pub opens: bool,
}

/// The lines of a passage, in order; empty ones left out.
#[derive(Debug, Clone, Default)]
pub struct Lines(Vec<Line>);

const CELLS: &str = " | ";
const BULLETS: &[char] = &['-', '*', '•', '·', '–', '—', '▪', '●', '○', '□'];

impl Lines {
    pub fn of(passage: &str) -> Lines {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in passage.split('\n') {
            let text = line.trim();
            if !text.is_empty() {
                let leading = line.chars().take_while(|c| c.is_whitespace()).count();
                let span = SentenceSpan { start: start + leading, end: start + leading + text.chars().count() };
                lines.push(Line { span, kind: kind(text), opens: text.ends_with([':', '：']) });
            }
            start += line.chars().count() + 1;
        }
        Lines(lines)
    }

    pub fn get(&self, at: usize) -> Option<Line> {
        self.0.get(at).copied()
    }

    /// The line that a place of the passage is in.
    pub fn at(&self, place: usize) -> Option<usize> {
        self.0.iter().position(|line| line.span.start <= place && place < line.span.end)
    }

    /// The lines around one that are of its kind without another between them: its list or its table.
    pub fn block(&self, at: usize) -> Range<usize> {
        let Some(line) = self.get(at) else { return at..at };
        let alike = |other: &&Line| std::mem::discriminant(&other.kind) == std::mem::discriminant(&line.kind);
        let before = self.0[..at].iter().rev().take_while(alike).count();
        let after = self.0[at..].iter().take_while(alike).count();
        at - before..at + after
    }
}

fn kind(line: &str) -> Kind {
    if line.contains(CELLS) || (line.starts_with('|') && line.ends_with('|') && line.len() > 1) {
        return Kind::Row;
    }
    if line.strip_prefix(BULLETS).is_some_and(|rest| rest.starts_with(char::is_whitespace)) {
        return Kind::Item { numbered: false };
    }
    if is_numbered(line) { Kind::Item { numbered: true } } else { Kind::Prose }
}

/// `1. `, `2)`, `（3）`, `4、`, `a) `, `Step 5`, `步骤六`, `第七步`.
fn is_numbered(line: &str) -> bool {
    let lower = line.to_lowercase();
    if let Some(rest) = lower.strip_prefix("step ").or_else(|| lower.strip_prefix("步骤")) {
        return rest.trim_start().starts_with(is_digit);
    }
    if let Some(rest) = lower.strip_prefix('第') {
        return rest.trim_start_matches(is_digit).starts_with('步') && rest.starts_with(is_digit);
    }
    let inner = lower.strip_prefix(['(', '（']);
    let text = inner.unwrap_or(&lower);
    let digits = text.chars().take_while(|c| is_digit(*c)).count();
    let letter = digits == 0 && text.starts_with(|c: char| c.is_ascii_lowercase());
    let marker = if letter { 1 } else { digits };
    let mut rest = text.chars().skip(marker);
    let (close, next) = (rest.next(), rest.next());
    match (marker, close) {
        (0, _) => false,
        (1..=3, Some(')' | '）')) => true,
        (1..=3, Some('、' | '．')) => !letter && inner.is_none(),
        (1..=3, Some('.')) => inner.is_none() && !letter && next.is_some_and(char::is_whitespace),
        _ => false,
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || "一二三四五六七八九十".contains(c)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Lines};

    #[test]
    fn lines_are_told_by_how_they_begin() {
        let (prose, row) = (Kind::Prose, Kind::Row);
        let (bullet, number) = (Kind::Item { numbered: false }, Kind::Item { numbered: true });
        for (line, expected) in [
            ("Leave is 25 days.", prose),
            ("- one", bullet),
            ("-5 degrees", prose),
            ("1. Open the valve", number),
            ("1.5 litres are enough", prose),
            ("2025 was a good year", prose),
            ("a) first", number),
            ("A man came", prose),
            ("（2）填写申请表", number),
            ("三、审批", number),
            ("三个月后转正", prose),
            ("第二步 提交", number),
            ("Step 3: press start", number),
            ("steps are counted", prose),
            ("Name | Days", row),
        ] {
            let lines = Lines::of(line);
            assert_eq!(lines.get(0).map(|line| line.kind), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_block_ends_where_the_kind_changes() {
        let lines = Lines::of("Do this:\n1. a\n\n2. b\nDone.\n3. c");
        assert_eq!(lines.block(1), 1..3);
        assert_eq!(lines.block(0), 0..1);
        assert!(lines.get(0).is_some_and(|line| line.opens));
        assert_eq!(lines.at(0), Some(0));
        assert_eq!(lines.at(8), None, "between two lines");
        assert_eq!(lines.at(9), Some(1));
    }
}
