//! `POST /v1/ask` with `stream: true`: the events, their order, and that they add up to the answer.

use serde_json::{Value, json};
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::error::ErrorCode;

use crate::support::examples::examples;
use crate::support::http::{Http, ok, refused};
use crate::support::sse::{Event, events};

const ANSWERED: &str = "A redox probe reports ERR-4012. How long should the customer soak it before calibrating again?";
const REFUSED: &str = "What colour is the flag of Neptune's navy?";

async fn stream(question: &str) -> Vec<Event> {
    let http = Http::to(&examples().server);
    events(http.post("/v1/ask", &json!({"question": question, "stream": true}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citation_comes_before_its_mark_and_the_answer_last() {
    let events = stream(ANSWERED).await;
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!((names[0], names[names.len() - 1]), ("search_results", "final_answer"), "{names:?}");
    let middle = &names[1..names.len() - 1];
    assert!(middle.iter().all(|name| ["message", "citation"].contains(name)), "{names:?}");

    assert!(!events[0].data["hits"].as_array().expect("hits").is_empty());
    let (mut text, mut cited) = (String::new(), Vec::new());
    for event in &events {
        match event.name.as_str() {
            "message" => text.push_str(event.data["delta"].as_str().expect("a delta")),
            "citation" => cited.push(event.data.clone()),
            _ => {}
        }
        for mark in marks(&text) {
            assert!(
                cited.iter().any(|citation| citation["n"] == mark),
                "[{mark}] was said before its citation: {names:?}"
            );
        }
    }
    let answer: Answer = serde_json::from_value(events[events.len() - 1].data.clone()).expect("an answer");
    assert_eq!(answer.status, Status::Answered, "{answer:?}");
    assert_eq!(text, answer.answer, "the deltas are the answer");
    cited.sort_by_key(|citation| citation["n"].as_u64());
    let last = events[events.len() - 1].data["citations"].clone();
    assert_eq!(Value::Array(cited), last, "each citation once");
}

/// The numbers in `[1]`, `[2]`, …
fn marks(text: &str) -> Vec<u64> {
    text.split('[').skip(1).filter_map(|rest| rest.split_once(']')?.0.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_streamed_too() {
    let events = stream(REFUSED).await;
    let text: String = events.iter().filter_map(|event| event.data["delta"].as_str()).collect();
    let last = &events[events.len() - 1];
    assert_eq!((last.name.as_str(), &last.data["status"]), ("final_answer", &json!("abstained")), "{events:?}");
    assert_eq!(last.data["answer"], text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_and_the_single_answer_say_the_same() {
    let http = Http::to(&examples().server);
    let single: Answer = ok(http.post("/v1/ask", &json!({"question": ANSWERED}))).await;
    let events = stream(ANSWERED).await;
    let streamed: Answer = serde_json::from_value(events[events.len() - 1].data.clone()).expect("an answer");
    assert_eq!((single.answer, single.citations), (streamed.answer, streamed.citations));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_streamed_is_refused_with_its_status() {
    let http = Http::to(&examples().server);
    let ask = |body: Value| http.post("/v1/ask", &body);
    refused(ask(json!({"question": " ", "stream": true})), ErrorCode::EmptyQuery).await;
    refused(ask(json!({"question": "x".repeat(8_001), "stream": true})), ErrorCode::QueryTooLong).await;
    refused(ask(json!({"question": "x", "stream": "yes"})), ErrorCode::InvalidRequest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_disturbs_nobody() {
    let http = Http::to(&examples().server);
    for _ in 0..5 {
        let asked = http.post("/v1/ask", &json!({"question": ANSWERED, "stream": true}));
        let mut response = asked.send().await.expect("an answer");
        assert!(response.chunk().await.expect("a part of the stream").is_some());
        drop(response);
    }
    let answer: Answer = ok(http.post("/v1/ask", &json!({"question": ANSWERED}))).await;
    assert_eq!(answer.status, Status::Answered);
}
