//! An answer in Slack's Block Kit (<https://docs.slack.dev/reference/block-kit/blocks>).
//!
//! In: an [`Answer`]. Out: sections with the text, then one context block for each source, and a plain text for
//! notifications and readers without blocks. Slack refuses a message that breaks one of its limits, so all of them
//! are kept here.

use serde::Serialize;
use taproot_schemas::answer::{Answer, Citation, Status};

/// Characters in the text of one section or context element.
const MAX_TEXT_CHARS: usize = 3_000;
/// Blocks in one message.
const MAX_BLOCKS: usize = 50;
/// Characters of the plain text; Slack cuts off beyond.
const MAX_FALLBACK_CHARS: usize = 4_000;
/// A quote is shown up to here; the whole of it is in the document.
const MAX_QUOTE_CHARS: usize = 300;

/// The body of a message, without its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Shown in notifications and where blocks are not.
    pub text: String,
    pub blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    Section { text: Text },
    Context { elements: Vec<Text> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Text {
    Mrkdwn { text: String },
}

/// The answer, and its sources by number.
pub fn answer(answer: &Answer) -> Message {
    let mut blocks = sections(&answer.answer);
    if !answer.citations.is_empty() {
        blocks.push(context(format!("*{}*", heading(answer))));
    }
    blocks.extend(answer.citations.iter().map(|citation| context(source(citation))));
    blocks.truncate(MAX_BLOCKS);
    Message { text: cut(&escape(&answer.answer), MAX_FALLBACK_CHARS), blocks }
}

/// A sentence of the bot's own.
pub fn note(text: &str) -> Message {
    Message { text: cut(&escape(text), MAX_FALLBACK_CHARS), blocks: sections(text) }
}

fn heading(answer: &Answer) -> &'static str {
    let chinese = answer.question.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    match (answer.status, chinese) {
        (Status::Answered, false) => "Sources",
        (Status::Answered, true) => "来源",
        (Status::Abstained, false) => "Nearest documents",
        (Status::Abstained, true) => "最接近的文档",
    }
}

/// `[1] *Title* · path, p. 3 › heading` and the quote below.
fn source(citation: &Citation) -> String {
    let mut line = format!("[{}] *{}* · {}", citation.n, escape(&citation.title), escape(&citation.uri));
    if let Some(page) = citation.page {
        line.push_str(&format!(", p. {page}"));
    }
    if let Some(heading) = &citation.heading {
        line.push_str(&format!(" · {}", escape(heading)));
    }
    let mut quote = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
    if quote.chars().count() > MAX_QUOTE_CHARS {
        quote = quote.chars().take(MAX_QUOTE_CHARS).collect::<String>() + "…";
    }
    if !quote.is_empty() {
        line.push_str(&format!("\n>{}", escape(&quote)));
    }
    line
}

/// As many sections as the text needs; none for an empty text, which Slack would refuse.
fn sections(text: &str) -> Vec<Block> {
    let mut sections = Vec::new();
    let (mut piece, mut chars) = (String::new(), 0);
    for c in text.chars() {
        let escaped = escaped(c);
        let length = escaped.map_or(1, str::len);
        if chars + length > MAX_TEXT_CHARS {
            sections.push(std::mem::take(&mut piece));
            chars = 0;
        }
        match escaped {
            Some(escaped) => piece.push_str(escaped),
            None => piece.push(c),
        }
        chars += length;
    }
    sections.push(piece);
    let text = |text| Text::Mrkdwn { text };
    sections
        .into_iter()
        .filter(|piece| !piece.trim().is_empty())
        .map(|piece| Block::Section { text: text(piece) })
        .collect()
}

fn context(text: String) -> Block {
    Block::Context { elements: vec![Text::Mrkdwn { text: cut(&text, MAX_TEXT_CHARS) }] }
}

/// The three characters that Slack's markup is made of, and no others, are escaped.
fn escape(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for c in text.chars() {
        match escaped(c) {
            Some(escaped) => whole.push_str(escaped),
            None => whole.push(c),
        }
    }
    whole
}

fn escaped(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// At most `max` characters, and never a half of an escape.
fn cut(escaped: &str, max: usize) -> String {
    if escaped.chars().count() <= max {
        return escaped.to_string();
    }
    let mut short = escaped.chars().take(max - 1).collect::<String>();
    if let Some(start) = short.rfind('&')
        && !short[start..].contains(';')
    {
        short.truncate(start);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use taproot_schemas::answer::{Mode, Timings, Usage};

    use super::*;

    fn sample(text: &str, citations: Vec<Citation>) -> Answer {
        Answer {
            id: "ans_1".into(),
            conversation_id: "conv_1".into(),
            question_id: None,
            question: "how many days?".into(),
            standalone_question: "how many days?".into(),
            status: Status::Answered,
            answer: text.into(),
            short_answer: None,
            sentences: Vec::new(),
            citations,
            confidence: 0.9,
            mode: Mode::Extractive,
            usage: Usage::default(),
            timings_ms: Timings::default(),
        }
    }

    fn citation(n: u32, quote: &str) -> Citation {
        Citation {
            n,
            document_id: "doc".into(),
            chunk_id: "chunk".into(),
            title: "R&D <leave>".into(),
            uri: "leave/parental.md".into(),
            page: Some(3),
            heading: Some("Leave › Parental".into()),
            quote: quote.into(),
            start: 0,
            end: quote.chars().count(),
            span: None,
            date: None,
            score: 1.0,
        }
    }

    fn text_of(block: &Block) -> &str {
        match block {
            Block::Section { text: Text::Mrkdwn { text } } => text,
            Block::Context { elements } => match &elements[0] {
                Text::Mrkdwn { text } => text,
            },
        }
    }

    #[test]
    fn an_answer_has_its_text_and_its_numbered_sources() {
        let message = answer(&sample("20 days & <more> [1].", vec![citation(1, "You get\n20 days.")]));
        assert_eq!(message.text, "20 days &amp; &lt;more&gt; [1].");
        let json = serde_json::to_value(&message).unwrap();
        assert_eq!(json["blocks"][0]["type"], "section");
        assert_eq!(json["blocks"][0]["text"]["type"], "mrkdwn");
        assert_eq!(json["blocks"][1]["elements"][0]["text"], "*Sources*");
        assert_eq!(
            text_of(&message.blocks[2]),
            "[1] *R&amp;D &lt;leave&gt;* · leave/parental.md, p. 3 · Leave › Parental\n>You get 20 days."
        );
    }

    #[test]
    fn limits_of_slack_are_kept() {
        let long = "&甲".repeat(10_000);
        let many = (1..=100).map(|n| citation(n, &long)).collect();
        let message = answer(&sample(&long, many));
        assert!(message.blocks.len() <= MAX_BLOCKS);
        assert!(message.text.chars().count() <= MAX_FALLBACK_CHARS);
        for block in &message.blocks {
            let text = text_of(block);
            assert!((1..=MAX_TEXT_CHARS).contains(&text.chars().count()));
            assert_eq!(
                text.matches('&').count(),
                text.matches("&amp;").count() + text.matches("&lt;").count() + text.matches("&gt;").count()
            );
        }
    }

    #[test]
    fn headings_speak_the_language_of_the_question() {
        let mut refusal = sample("文档中没有答案。", vec![citation(1, "年假")]);
        refusal.question = "年假有几天？".into();
        refusal.status = Status::Abstained;
        assert_eq!(text_of(&answer(&refusal).blocks[1]), "*最接近的文档*");
    }
}
