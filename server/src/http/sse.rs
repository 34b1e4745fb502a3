//! Server-sent events: how an answer is written while it comes about.
//!
//! In: a channel of events and the task that feeds it. Out: bytes of a `text/event-stream`
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::convert::Infallible;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::Stream;
use taproot_schemas::answer::AnswerEvent;

use super::ask::Asking;

/// Proxies close connections on which nothing is said for long; the shortest usual patience is 30 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Writes `first`, then what `asking` brings until it ends. When the stream is dropped, because the reader is
/// gone, `asking` is dropped with it and the work stops.
pub fn stream(first: AnswerEvent, asking: Asking) -> impl Stream<Item = Result<Bytes, Infallible>> {
    futures_util::stream::unfold((Some(first), asking), |(first, mut asking)| async move {
        let event = match first {
            Some(first) => Some(first),
            None => match tokio::time::timeout(KEEP_ALIVE, asking.next()).await {
                Ok(event) => event,
                Err(_) => return Some((Ok(Bytes::from_static(b": keep-alive\n\n")), (None, asking))),
            },
        };
        Some((Ok(frame(&event?)), (None, asking)))
    })
}

/// One event on the wire. JSON in one line has no line break, so one `data:` line is enough.
fn frame(event: &AnswerEvent) -> Bytes {
    let data = match event {
        AnswerEvent::SearchResults(data) => serde_json::to_string(data),
        AnswerEvent::Message(data) => serde_json::to_string(data),
        AnswerEvent::Citation(data) => serde_json::to_string(data),
        AnswerEvent::FinalAnswer(data) => serde_json::to_string(data),
        AnswerEvent::Error(data) => serde_json::to_string(data),
    };
    // None of these types can fail to be written: they have no maps with keys that are no strings.
    Bytes::from(format!("event: {}\ndata: {}\n\n", event.name(), data.unwrap_or_else(|_| "null".to_string())))
}

#[cfg(test)]
mod tests {
    use taproot_schemas::answer::MessageDelta;

    use super::*;

    #[test]
    fn an_event_is_two_lines_and_an_empty_one() {
        let event = AnswerEvent::Message(MessageDelta { delta: "一行\nand another".into() });
        assert_eq!(frame(&event), "event: message\ndata: {\"delta\":\"一行\\nand another\"}\n\n");
    }
}
