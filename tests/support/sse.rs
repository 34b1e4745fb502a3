//! Server-sent events of one answer, read to the end of the stream.

use reqwest::RequestBuilder;
use serde_json::Value;

/// One event: its name and its data.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub data: Value,
}

/// All events of a stream that has to succeed, in order.
pub async fn events(request: RequestBuilder) -> Vec<Event> {
    let response = request.send().await.expect("an answer");
    let content_type =
        response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (status, body) = (response.status(), response.text().await.expect("a body"));
    assert!(status.is_success() && content_type.starts_with("text/event-stream"), "{status} {content_type}: {body}");
    body.split("\n\n").filter_map(event).collect()
}

/// A comment keeps the connection alive and is no event.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let (name, data) = (field("event")?, field("data")?);
    Some(Event { name: name.to_owned(), data: serde_json::from_str(data).expect("data is JSON") })
}
