//! A conversation → Markdown for people.
//!
//! What documents and askers wrote is text here and nothing else: no link, no image, no heading of theirs comes out.

use std::fmt::Write as _;

use taproot_schemas::answer::{Answer, Citation};
use taproot_schemas::conversation::{Transcript, Turn};

pub fn markdown(transcript: &Transcript) -> String {
    let conversation = &transcript.conversation;
    let mut text =
        format!("# {}\n\n{} – {}\n", plain(&conversation.title), conversation.created_at, conversation.updated_at);
    for turn in &transcript.turns {
        push_turn(&mut text, turn);
    }
    text
}

/// Writing to a String cannot fail.
fn push_turn(text: &mut String, turn: &Turn) {
    let Answer { question, standalone_question, answer, citations, .. } = &turn.answer;
    let _ = write!(text, "\n## {}\n\n", plain(question));
    if standalone_question != question {
        let _ = write!(text, "*{}*\n\n", plain(standalone_question));
    }
    for line in answer.lines().filter(|line| !line.trim().is_empty()) {
        let _ = write!(text, "{}\n\n", plain(line));
    }
    for citation in citations {
        let _ = writeln!(text, "- \\[{}\\] {}", citation.n, plain(&source(citation)));
        let _ = writeln!(text, "  > {}", plain(&citation.quote));
    }
    if !turn.withdrawn.is_empty() {
        let numbers: Vec<String> = turn.withdrawn.iter().map(|n| format!("\\[{n}\\]")).collect();
        let _ = writeln!(text, "\n{}: no longer readable", numbers.join(", "));
    }
}

fn source(citation: &Citation) -> String {
    let page = citation.page.map(|page| format!(", p. {page}")).unwrap_or_default();
    let heading = citation.heading.as_ref().map(|heading| format!(", {heading}")).unwrap_or_default();
    format!("{} ({}{page}{heading})", citation.title, citation.uri)
}

/// One line in which no sign means anything to Markdown or HTML.
fn plain(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut escaped = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        let begins_a_block = at == 0 && matches!(c, '#' | '-' | '+' | '=' | ':');
        // "1. " begins a list.
        let numbers = matches!(c, '.' | ')') && line[..at].chars().all(|c| c.is_ascii_digit()) && at > 0;
        if begins_a_block || numbers || "\\`*_[]<>!|~&".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    // Readers make links of bare addresses.
    escaped.replace("://", ":\\//").replace("www.", "www\\.")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_of_a_document_acts() {
        for (text, expected) in [
            ("![x](http://evil.example/?q=1)", "\\!\\[x\\](http:\\//evil.example/?q=1)"),
            ("<img src=x>", "\\<img src=x\\>"),
            ("# Title\nmore", "\\# Title more"),
            ("1. first", "1\\. first"),
            ("in 2026. Then", "in 2026. Then"),
            ("年假 15 天", "年假 15 天"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
