//! The data of one event of a completion → what it adds to the answer.
//!
//! Shapes as in OpenAI's API reference, "chat completion chunk", without what is of no use here. Azure OpenAI begins with a
//! chunk without choices (its filter's verdict on the question); the last one has the usage and no choices either. What reasoning
//! models send beside the content (`reasoning_content`, `reasoning`) is no part of an answer and is passed over.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// What one event adds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delta {
    pub text: String,
    pub finish: Option<Finish>,
    pub usage: Option<TokenUsage>,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    Stop,
    /// Its room was full.
    Length,
    /// A filter of contents stopped it.
    Filter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct TokenUsage {
    pub prompt_tokens: u32,
    #[serde(default)]
    pub completion_tokens: u32,
}

/// Event → meaning.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Delta(Delta),
    /// `[DONE]`: nothing follows.
    Done,
    /// The server failed within the stream.
    Failed,
}

const DONE: &str = "[DONE]";

#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    /// Whatever it is: an answer is not lost because its tokens cannot be read.
    usage: Option<Value>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(default)]
    delta: Content,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Content {
    content: Option<String>,
}

/// `Err` says what is wrong with it, in words of this program.
pub fn read(data: &str) -> Result<Event, &'static str> {
    if data.trim() == DONE {
        return Ok(Event::Done);
    }
    let chunk: Chunk = serde_json::from_str(data).map_err(|_| "an event of its stream is no chunk of a completion")?;
    if chunk.error.is_some() {
        return Ok(Event::Failed);
    }
    if chunk.choices.is_none() && chunk.usage.is_none() {
        return Err("an event of its stream has neither choices nor usage");
    }
    let usage = chunk.usage.and_then(|usage| serde_json::from_value(usage).ok());
    let mut delta = Delta { usage, ..Delta::default() };
    for choice in chunk.choices.unwrap_or_default() {
        if choice.index != 0 {
            return Err("it sends several answers at once");
        }
        delta.text.push_str(choice.delta.content.as_deref().unwrap_or_default());
        if let Some(reason) = choice.finish_reason.as_deref().filter(|reason| !reason.is_empty()) {
            delta.finish = Some(finish(reason)?);
        }
    }
    Ok(Event::Delta(delta))
}

fn finish(reason: &str) -> Result<Finish, &'static str> {
    match reason {
        "stop" => Ok(Finish::Stop),
        "length" => Ok(Finish::Length),
        "content_filter" => Ok(Finish::Filter),
        "tool_calls" | "function_call" => Err("it calls a tool, and there is none"),
        _ => Err("it stopped for a reason that is not known"),
    }
}

/// Codes of errors that say more than the status does; any other text of the other side is left where it came from, because it
/// may repeat what was sent, the key among it.
pub fn error_code(body: &[u8]) -> Option<&'static str> {
    const KNOWN: [&str; 4] = ["context_length_exceeded", "content_filter", "insufficient_quota", "model_not_found"];
    #[derive(Deserialize)]
    struct Body {
        error: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        code: Option<Value>,
        r#type: Option<Value>,
    }
    let Body { error } = serde_json::from_slice(body).ok()?;
    let said = [error.code, error.r#type];
    said.iter().flatten().find_map(|said| KNOWN.into_iter().find(|known| said.as_str() == Some(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, finish: Option<Finish>) -> Result<Event, &'static str> {
        Ok(Event::Delta(Delta { text: text.into(), finish, usage: None }))
    }

    #[test]
    fn chunks_as_the_services_send_them() {
        let usage = Some(TokenUsage { prompt_tokens: 12, completion_tokens: 3 });
        for (data, expected) in [
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
                text("", None),
            ),
            (r#"{"choices":[{"index":0,"delta":{"content":"年假"}}],"usage":null}"#, text("年假", None)),
            (r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm","content":null}}]}"#, text("", None)),
            (r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#, text("", Some(Finish::Stop))),
            (r#"{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#, text("", Some(Finish::Length))),
            (
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}"#,
                text("", Some(Finish::Filter)),
            ),
            (r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":""}]}"#, text("a", None)),
            (r#"{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#, text("", None)),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}"#,
                Ok(Event::Delta(Delta { usage, ..Delta::default() })),
            ),
            (r#"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{}}"#, text("a", None)),
            ("[DONE]", Ok(Event::Done)),
            (r#"{"error":{"message":"overloaded","type":"server_error"}}"#, Ok(Event::Failed)),
        ] {
            assert_eq!(read(data), expected, "{data}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_told() {
        for data in [
            "",
            "hello",
            "[]",
            "{}",
            r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":7}}]}"#,
            r#"{"choices":"none"}"#,
        ] {
            assert!(read(data).is_err(), "{data}");
        }
    }

    #[test]
    fn of_an_error_only_known_codes_are_taken_over() {
        for (body, expected) in [
            (r#"{"error":{"code":"content_filter","message":"sk-secret"}}"#, Some("content_filter")),
            (r#"{"error":{"type":"insufficient_quota","code":null}}"#, Some("insufficient_quota")),
            (r#"{"error":{"code":"sk-secret"}}"#, None),
            (r#"{"error":{"code":401}}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(error_code(body.as_bytes()), expected, "{body}");
        }
    }
}
