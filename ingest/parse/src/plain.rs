//! Plain text: paragraphs are separated by empty lines, hard-wrapped lines are joined.
//!
//! A short first line is not made a title: in a plain file nothing says that it is one.

use super::encoding::decode;
use super::text::TextBuilder;
use super::{BlockKind, ParseError, Parsed, Sink, Source};

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let limit_chars = source.limits.max_document_chars;
    refuse_too_long(source.bytes, limit_chars)?;
    let text = decode(source.bytes, None)?;
    let mut builder = TextBuilder::new(limit_chars);
    push_paragraphs(&mut builder, &text);
    let _ = sink(Parsed::Document(builder.finish()?.into_document(source.media_type)));
    Ok(())
}

/// A character has four bytes at most, so that the size alone can be enough; a bomb of spaces is not decoded first.
pub(crate) fn refuse_too_long(bytes: &[u8], limit_chars: usize) -> Result<(), ParseError> {
    if bytes.len() / 4 > limit_chars { Err(ParseError::TooLong { limit_chars }) } else { Ok(()) }
}

/// Appends plain text, one block for each paragraph or list item.
pub(crate) fn push_paragraphs(builder: &mut TextBuilder, text: &str) {
    let mut open: Option<(BlockKind, String)> = None;
    for line in text.lines() {
        let starts_item = is_list_item(line);
        if (line.trim().is_empty() || starts_item || line.contains('\u{c}'))
            && let Some((kind, text)) = open.take()
        {
            builder.push(kind, &text);
        }
        match &mut open {
            Some((_, text)) => {
                text.push('\n');
                text.push_str(line);
            }
            None if line.trim().is_empty() => {}
            None => {
                let kind = if starts_item { BlockKind::ListItem } else { BlockKind::Paragraph };
                open = Some((kind, line.to_owned()));
            }
        }
    }
    if let Some((kind, text)) = open {
        builder.push(kind, &text);
    }
}

/// `- item`, `• item`, `* item`, `3. item`, `3) item`, `3、item`, `(3) item`. The mark stays part of the text.
pub(crate) fn is_list_item(line: &str) -> bool {
    let line = line.trim_start();
    let Some(first) = line.chars().next() else { return false };
    let rest = &line[first.len_utf8()..];
    if matches!(first, '-' | '*' | '•' | '‣' | '▪' | '·' | '–') {
        return rest.starts_with([' ', '\t']);
    }
    let digits = line.trim_start_matches(['(', '(']);
    let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let count = digits.len() - after.len();
    (1..=3).contains(&count) && (after.starts_with(". ") || after.starts_with(") ") || after.starts_with(['、', ')']))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, documents};
    use super::*;

    #[test]
    fn wrapped_lines_are_joined() {
        check(
            "a.txt",
            "Everyone has fifteen days\r\nof leave a year.\r\n\r\nAsk two\nweeks before.\n",
            "p: Everyone has fifteen days of leave a year.\np: Ask two weeks before.",
        );
        check("a.txt", "员工每年享有\n十五天年假。\n\n请提前申请。", "p: 员工每年享有十五天年假。\np: 请提前申请。");
    }

    #[test]
    fn list_items_are_blocks_of_their_own() {
        check(
            "a.txt",
            "Bring:\n- a laptop\n  with its charger\n- a badge\n\n1. First\n2. Second\n(三)不是\n2026年、第二",
            "p: Bring:\nli: - a laptop with its charger\nli: - a badge\nli: 1. First\nli: 2. Second (三)不是 2026年、第二",
        );
    }

    #[test]
    fn white_space_is_no_text() {
        assert_eq!(documents("a.txt", b" \n\t\n"), Err(ParseError::Empty));
    }
}
