//! Server-sent events: how an answer or a job is written while it comes about.
//!
//! In: a channel of events and the task that feeds it. Out: bytes of a `text/event-stream`
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::convert::Infallible;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::Stream;
use serde::Serialize;
use taproot_schemas::answer::AnswerEvent;

use super::ask::Asking;

/// Proxies close connections on which nothing is said for long; the shortest usual patience is 30 s.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A comment, which is no event.
pub const HEARTBEAT: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// Writes `first`, then what `asking` brings until it ends. When the stream is dropped, because the reader is
/// gone, `asking` is dropped with it and the work stops.
pub fn stream(first: AnswerEvent, asking: Asking) -> impl Stream<Item = Result<Bytes, Infallible>> {
    futures_util::stream::unfold((Some(first), asking), |(first, mut asking)| async move {
        let event = match first {
            Some(first) => Some(first),
            None => match tokio::time::timeout(KEEP_ALIVE, asking.next()).await {
                Ok(event) => event,
                Err(_) => return Some((Ok(HEARTBEAT), (None, asking))),
            },
        };
        Some((Ok(answer_frame(&event?)), (None, asking)))
    })
}

fn answer_frame(event: &AnswerEvent) -> Bytes {
    match event {
        AnswerEvent::SearchResults(data) => frame(event.name(), data),
        AnswerEvent::Message(data) => frame(event.name(), data),
        AnswerEvent::Retract(data) => frame(event.name(), data),
        AnswerEvent::Citation(data) => frame(event.name(), data),
        AnswerEvent::FinalAnswer(data) => frame(event.name(), data),
        AnswerEvent::Error(data) => frame(event.name(), data),
    }
}

/// One event on the wire. JSON in one line has no line break, so one `data:` line is enough.
pub fn frame(name: &str, data: &impl Serialize) -> Bytes {
    // None of the events' types can fail to be written: they have no maps with keys that are no strings.
    let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_string());
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use taproot_schemas::answer::MessageDelta;

    use super::*;

    #[test]
    fn an_event_is_two_lines_and_an_empty_one() {
        let event = AnswerEvent::Message(MessageDelta { delta: "一行\nand another".into(), sentence: 0 });
        assert_eq!(answer_frame(&event), "event: message\ndata: {\"delta\":\"一行\\nand another\",\"sentence\":0}\n\n");
    }
}
