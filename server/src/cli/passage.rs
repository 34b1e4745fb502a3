//! What of a hit's text is shown to a person: one line, with what matches in bold on a terminal.

use taproot_schemas::search::Highlight;

use super::output::Style;

/// Characters that are shown.
const SHOWN_CHARS: usize = 240;
/// Characters in front of the first match, when the text is not shown from its beginning.
const LEAD_CHARS: usize = 60;
/// ECMA-48, SGR 1 and 22.
const BOLD: &str = "\u{1b}[1m";
const NORMAL: &str = "\u{1b}[22m";

/// The beginning of the text, or what is around the first match if that is further on.
pub fn passage(text: &str, highlights: &[Highlight], style: Style) -> String {
    let first = highlights.first().map_or(0, |highlight| highlight.start);
    let from = if first < SHOWN_CHARS / 2 { 0 } else { word_start(text, first - LEAD_CHARS) };
    let is_marked = |at: usize| style == Style::Terminal && highlights.iter().any(|h| (h.start..h.end).contains(&at));
    let mut shown = String::from(if from > 0 { "…" } else { "" });
    let (mut count, mut spaced, mut bold) = (0, true, false);
    for (at, c) in text.chars().enumerate().skip(from) {
        if bold != is_marked(at) {
            bold = !bold;
            shown.push_str(if bold { BOLD } else { NORMAL });
        }
        if count == SHOWN_CHARS {
            shown.push('…');
            break;
        }
        // Nothing of a document speaks to the terminal.
        let space = c.is_whitespace() || c.is_control();
        if !(space && spaced) {
            shown.push(if space { ' ' } else { c });
            count += 1;
        }
        spaced = space;
    }
    shown.push_str(if bold { NORMAL } else { "" });
    shown.trim_end().to_owned()
}

/// The first character of the next word; in a long run without spaces, the place itself.
fn word_start(text: &str, at: usize) -> usize {
    let space = text.chars().skip(at).take(LEAD_CHARS / 2).position(char::is_whitespace);
    space.map_or(at, |space| at + space + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_bold_on_a_terminal_only() {
        let text = "Annual  leave\nis long";
        let highlights = [Highlight { start: 0, end: 6 }, Highlight { start: 17, end: 21 }];
        assert_eq!(passage(text, &highlights, Style::Plain), "Annual leave is long");
        assert_eq!(
            passage(text, &highlights, Style::Terminal),
            "\u{1b}[1mAnnual\u{1b}[22m leave is \u{1b}[1mlong\u{1b}[22m"
        );
    }

    #[test]
    fn a_long_passage_is_shown_around_its_first_match() {
        let text = format!("{}年假 days {}", "some words ".repeat(40), "more words ".repeat(40));
        let start = "some words ".chars().count() * 40;
        let shown = passage(&text, &[Highlight { start, end: start + 2 }], Style::Plain);
        assert!(shown.starts_with("…") && shown.ends_with('…') && shown.contains("年假 days"), "{shown}");
        assert!(passage(&text, &[], Style::Plain).starts_with("some words"));
    }
}
