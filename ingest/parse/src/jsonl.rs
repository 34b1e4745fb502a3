//! JSON Lines: one document a line, `{"_id" | "id", "title"?, "text", "url"?, "metadata"?}`.
//!
//! Lines are read one by one. A line that is no document is reported and the rest goes on; a file none of whose lines
//! has a text is not a collection of documents and is refused as a whole.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::Value;

use super::encoding::decode;
use super::plain::push_paragraphs;
use super::text::{TextBuilder, normalized};
use super::{ParseError, Parsed, ParsedDocument, PartFailure, Sink, Source};

/// The fields of a line that are used; others are ignored.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_id")]
    underscore_id: Option<Value>,
    id: Option<Value>,
    title: Option<String>,
    text: Option<String>,
    url: Option<String>,
    metadata: Option<BTreeMap<String, Value>>,
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let decoded;
    let bytes = if std::str::from_utf8(source.bytes).is_ok() {
        source.bytes
    } else {
        decoded = decode(source.bytes, None)?;
        decoded.as_bytes()
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = || bytes.split(|byte| *byte == b'\n').zip(1u64..).filter(|(line, _)| !line.trim_ascii().is_empty());
    let is_document = |line: &[u8]| serde_json::from_slice::<Line>(line).is_ok_and(|line| line.text.is_some());
    if !lines().any(|(line, _)| is_document(line)) {
        return Err(ParseError::Unsupported("no line of the file is an object with a \"text\"".to_owned()));
    }
    for (line, number) in lines() {
        let parsed = match parse_line(line, number, source) {
            Ok(document) => Parsed::Document(document),
            Err(error) => {
                let suffix = format!("#{number}");
                Parsed::PartFailed(PartFailure { suffix, code: error.code(), reason: error.to_string() })
            }
        };
        if let ControlFlow::Break(()) = sink(parsed) {
            break;
        }
    }
    Ok(())
}

fn parse_line(line: &[u8], number: u64, source: &Source<'_>) -> Result<ParsedDocument, ParseError> {
    let line: Line = serde_json::from_slice(line).map_err(ParseError::corrupt)?;
    let key = match line.underscore_id.or(line.id) {
        Some(Value::String(id)) if !id.is_empty() => id,
        Some(Value::Number(id)) => id.to_string(),
        None => number.to_string(),
        Some(_) => return Err(ParseError::corrupt("the id is neither a text nor a number")),
    };
    let text = line.text.ok_or_else(|| ParseError::corrupt("the line has no \"text\""))?;
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    push_paragraphs(&mut builder, &text);
    let built = builder.finish()?;
    let mut metadata = line.metadata.unwrap_or_default();
    if let Some(url) = line.url {
        metadata.insert("url".to_owned(), Value::String(url));
    }
    Ok(ParsedDocument {
        suffix: format!("#{key}"),
        title: line.title.map(|title| normalized(&title)).filter(|title| !title.is_empty()),
        metadata,
        ..built.into_document(source.media_type)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{LIMITS, documents};
    use super::super::{ParseError, Parsed, Recognition, parse};
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: &[&str]) {
        let mut found = Vec::new();
        let result = parse("a.jsonl", lines.as_bytes(), LIMITS, &|_| Recognition::Unavailable, &mut |parsed| {
            found.push(match parsed {
                Parsed::Document(d) => {
                    format!("{} [{}] {}", d.suffix, d.title.unwrap_or_default(), d.text.replace('\n', "⏎"))
                }
                Parsed::PartFailed(failure) => format!("{}: {:?}", failure.suffix, failure.code),
            });
            ControlFlow::Continue(())
        });
        assert_eq!(result, Ok(()));
        assert_eq!(found, expected);
    }

    #[test]
    fn one_document_a_line() {
        check(
            "\u{feff}{\"_id\":\"a\",\"title\":\"T\",\"text\":\"one\\n\\ntwo\"}\r\n\n{\"id\":7,\"text\":\"x\"}\n{\"text\":\"y\"}",
            &["#a [T] one⏎⏎two", "#7 [] x", "#4 [] y"],
        );
    }

    #[test]
    fn bad_lines_do_not_stop_the_rest() {
        check(
            "{\"id\":\"a\"}\nnot json\n{\"id\":\"b\",\"text\":\"  \"}\n{\"id\":[1],\"text\":\"x\"}\n{\"id\":\"c\",\"text\":\"ok\"}",
            &["#1: Corrupt", "#2: Corrupt", "#3: Empty", "#4: Corrupt", "#c [] ok"],
        );
    }

    #[test]
    fn other_json_lines_are_no_documents() {
        assert!(matches!(documents("a.jsonl", b"{\"question\":\"?\"}\n[1]\n"), Err(ParseError::Unsupported(_))));
    }

    #[test]
    fn url_and_metadata_are_kept() {
        let line = r#"{"id":"a","text":"t","url":"https://example.com","metadata":{"year":2024}}"#;
        let metadata = documents("a.jsonl", line.as_bytes()).unwrap().remove(0).metadata;
        assert_eq!(
            serde_json::to_value(metadata).unwrap(),
            serde_json::json!({"url": "https://example.com", "year": 2024})
        );
    }

    #[test]
    fn the_sink_can_stop() {
        let mut count = 0;
        let lines = "{\"text\":\"x\"}\n".repeat(10);
        let result = parse("a.jsonl", lines.as_bytes(), LIMITS, &|_| Recognition::Unavailable, &mut |_| {
            count += 1;
            ControlFlow::Break(())
        });
        assert_eq!((result, count), (Ok(()), 1));
    }
}
