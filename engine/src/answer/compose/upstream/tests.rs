//! The upstream composer against a strict stand-in, over real HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use taproot_schemas::search::Explanation;
use tokio::sync::mpsc;

use super::*;
use crate::answer::read::{Candidate, Clues, Evidence};
use crate::retrieve::Found;
use crate::store::{ChunkId, StoredChunk};
use crate::text::SentenceSpan;

/// The one that the end-to-end tests use, too.
#[path = "../../../../../tests/support/upstream.rs"]
mod stand_in;

use stand_in::{API_VERSION, KEY, MODEL, Manner, Reply, StandIn, TOKENS};

const PATIENCE: Duration = Duration::from_secs(20);

fn config(stand_in: &StandIn) -> UpstreamConfig {
    UpstreamConfig {
        url: stand_in.url(),
        api: Api::OpenAi,
        model: MODEL.into(),
        key: Some(Secret::new(KEY)),
        price: Some(Price { tokens_in: 0.5, tokens_out: 2.0, currency: "EUR".into() }),
        connect_timeout: Duration::from_secs(2),
        timeout: Duration::from_secs(5),
        retries: 0,
        max_context_tokens: 4_096,
        max_answer_tokens: 256,
        answer_tokens_field: AnswerTokensField::MaxTokens,
        temperature: Some(0.0),
        include_usage: true,
        max_concurrent: 2,
        max_queue: 4,
        closed_collections: Default::default(),
    }
}

fn upstream(config: &UpstreamConfig) -> Upstream {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut upstream = Upstream::new(config).expect("it can be used");
    upstream.retry.first_pause = Duration::from_millis(1);
    upstream
}

fn hit(collection: &str, title: &str, text: &str) -> Found {
    let chunk = StoredChunk {
        id: ChunkId::new(title, 1, 0),
        document_id: format!("doc-id-of-{title}"),
        version: 1,
        ordinal: 0,
        collection: collection.into(),
        uri: format!("secret/path/of/{title}.md"),
        title: title.into(),
        page: Some(7),
        heading: Some("A heading".into()),
        table_header: None,
        language: Some("en".into()),
        start: 0,
        end: text.chars().count(),
        text: text.into(),
    };
    let explanation = Explanation::default();
    Found { chunk: chunk.into(), score: 1.0, explanation, rerank: None, highlights: Vec::new(), copies: Vec::new() }
}

fn task(found: Vec<Found>) -> Task {
    Task {
        question: "How many days of leave do contractors have?".into(),
        asked: "And contractors?".into(),
        language: Some("en"),
        evidence: Arc::new(Evidence { confidence: 0.5, passages: found.len(), ..Evidence::default() }),
        found: Arc::new(found),
        asker: "ann@example.com".into(),
    }
}

fn leave() -> Task {
    task(vec![hit("hr", "Leave", "Contractors have 12 days. Employees have 25 days.")])
}

/// What was composed, and what came of it.
async fn composed(upstream: &Upstream, task: &Task) -> (String, Result<Spent>) {
    let (sender, mut pieces) = mpsc::channel(64);
    let reading = async {
        let mut text = String::new();
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Text(more) => text.push_str(&more),
                other => panic!("a model only writes: {other:?}"),
            }
        }
        text
    };
    let writing = async move { upstream.compose(task, &sender).await };
    let (text, spent) = tokio::join!(reading, writing);
    (text, spent)
}

fn kind(spent: &Result<Spent>) -> UpstreamFailure {
    match spent {
        Err(Error::Upstream { kind, .. }) => *kind,
        other => panic!("not refused by the upstream composer: {other:?}"),
    }
}

async fn eventually(what: &str, probe: impl Fn() -> bool) {
    let begun = Instant::now();
    while !probe() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn rules_sources_and_question_leave_and_nothing_else() {
    let stand_in = StandIn::openai();
    let text = ["Contractors", " have 12 days", " [1].\n", "合同工有十二天🌿 [1]。"];
    stand_in.then(Reply::in_manner(&text, Manner::ByteByByte));
    let (said, spent) = composed(&upstream(&config(&stand_in)), &leave()).await;
    assert_eq!(said, text.concat());
    let (prompt_tokens, completion_tokens) = TOKENS;
    let expected = Spent {
        model: Some(MODEL.into()),
        prompt_tokens,
        completion_tokens,
        estimated: false,
        cost: Some(0.668),
        currency: Some("EUR".into()),
        cut_off: false,
    };
    assert_eq!(spent.expect("an answer"), expected);

    let body = stand_in.taken().remove(0);
    let mut fields: Vec<&String> = body.as_object().expect("an object").keys().collect();
    fields.sort();
    assert_eq!(fields, ["max_tokens", "messages", "model", "stream", "stream_options", "temperature"]);
    let user = body["messages"][1]["content"].as_str().expect("a text");
    assert_eq!(
        user,
        "<source number=\"1\" title=\"Leave\">\nContractors have 12 days. Employees have 25 days.\n</source>\n\n\
         How many days of leave do contractors have?"
    );
    let bytes = String::from_utf8(stand_in.bytes()).expect("UTF-8");
    for kept in
        ["ann@example.com", "secret/path", "doc-id-of", "A heading", "hr\"", "And contractors", "referer", "cookie"]
    {
        assert!(!bytes.contains(kept), "{kept} left: {bytes}");
    }
}

#[tokio::test]
async fn azure_has_its_own_path_and_header() {
    let stand_in = StandIn::azure();
    let azure = UpstreamConfig {
        api: Api::Azure { version: API_VERSION.into() },
        temperature: None,
        price: None,
        ..config(&stand_in)
    };
    stand_in.then(Reply::says(&["12 days [1]."]));
    let (said, spent) = composed(&upstream(&azure), &leave()).await;
    let spent = spent.unwrap_or_else(|error| panic!("{error}: {:?}", stand_in.refused()));
    assert_eq!((said.as_str(), spent.cost, spent.currency), ("12 days [1].", None, None));
    let body = stand_in.taken().remove(0);
    assert_eq!((&body["max_tokens"], &body["model"]), (&256.into(), &serde_json::Value::Null));

    // The other kind of service does not take it, nor does it another version or another key.
    for wrong in [
        UpstreamConfig { api: Api::OpenAi, ..azure.clone() },
        UpstreamConfig { api: Api::Azure { version: "2023-05-15".into() }, ..azure.clone() },
        UpstreamConfig { key: Some(Secret::new("other")), ..azure.clone() },
        UpstreamConfig { model: "other".into(), ..azure },
    ] {
        let failure = kind(&composed(&upstream(&wrong), &leave()).await.1);
        assert!(matches!(failure, UpstreamFailure::NotFound | UpstreamFailure::KeyRefused), "{failure:?}");
    }
    assert_eq!(stand_in.taken().len(), 1);
}

#[tokio::test]
async fn without_the_other_sides_numbers_tokens_are_estimated_and_said_to_be() {
    let stand_in = StandIn::openai();
    stand_in.then(Reply::without_usage(&["Contractors have 12 days [1]."]));
    let (_, spent) = composed(&upstream(&config(&stand_in)), &leave()).await;
    let spent = spent.expect("an answer");
    assert!(spent.estimated && spent.prompt_tokens > 50 && spent.completion_tokens > 5, "{spent:?}");
    let silent = UpstreamConfig { include_usage: false, key: None, ..config(&stand_in) };
    assert_eq!(kind(&composed(&upstream(&silent), &leave()).await.1), UpstreamFailure::KeyRefused);
    let answer_tokens_field = AnswerTokensField::MaxCompletionTokens;
    let silent = UpstreamConfig { include_usage: false, answer_tokens_field, ..config(&stand_in) };
    assert!(composed(&upstream(&silent), &leave()).await.1.expect("an answer").estimated);
    let body = stand_in.taken().remove(1);
    assert!(body["stream_options"].is_null() && body["max_tokens"].is_null(), "{body}");
    assert_eq!(body["max_completion_tokens"], 256);
}

#[tokio::test]
async fn each_failure_has_its_kind_and_only_what_may_pass_is_tried_again() {
    use UpstreamFailure as F;
    let status = |status: u16, body: &'static str| Reply::Status(status, Vec::new(), body);
    let event = |text: &str| Reply::Raw(format!("data: {text}\n\n").into_bytes());
    let page = Reply::Status(200, Vec::new(), "<html>Sign in</html>");
    for (reply, expected, tries) in [
        (status(500, ""), F::Unwell, 3),
        (status(503, "{}"), F::Unwell, 3),
        (status(429, r#"{"error":{"code":"rate_limit_exceeded"}}"#), F::RateLimited, 3),
        (Reply::Status(429, vec![("retry-after", "3600".into())], ""), F::RateLimited, 1),
        (status(429, r#"{"error":{"code":"insufficient_quota"}}"#), F::Exhausted, 1),
        (status(402, "{}"), F::Exhausted, 1),
        (
            status(401, r#"{"error":{"message":"Incorrect API key provided: sk-stand-in-4f1c9d2e7ab35086"}}"#),
            F::KeyRefused,
            1,
        ),
        (status(403, ""), F::KeyRefused, 1),
        (status(404, r#"{"error":{"code":"model_not_found"}}"#), F::NotFound, 1),
        (status(400, r#"{"error":{"code":"context_length_exceeded"}}"#), F::Rejected, 1),
        (status(400, r#"{"error":{"code":"content_filter"}}"#), F::Filtered, 1),
        (status(422, ""), F::Rejected, 1),
        (page, F::Protocol, 1),
        (event("no json"), F::Protocol, 1),
        (event(r#"{"error":{"message":"overloaded"}}"#), F::Unwell, 3),
        (Reply::Raw([b"data: ".as_slice(), &vec![b'x'; 300 << 10]].concat()), F::Protocol, 1),
        (Reply::Raw(b"data: \xff\xfe\n\n".to_vec()), F::Protocol, 1),
        (Reply::Raw(b"data: [DONE]\n\n".to_vec()), F::Broken, 3),
        (Reply::in_manner(&["a"], Manner::BreaksAfter(0)), F::Broken, 3),
        (Reply::in_manner(&["a"], Manner::EndsAfter(0)), F::Broken, 3),
        (Reply::says(&[]), F::Empty, 1),
        (Reply::finished(&[], "length"), F::Empty, 1),
        (Reply::finished(&[], "content_filter"), F::Filtered, 1),
        (Reply::finished(&["a"], "tool_calls"), F::Protocol, 1),
        (Reply::says(&[&"long ".repeat(10_000)]), F::Protocol, 1),
    ] {
        let stand_in = StandIn::openai();
        (0..3).for_each(|_| stand_in.then(reply.clone()));
        let (_, spent) = composed(&upstream(&UpstreamConfig { retries: 2, ..config(&stand_in) }), &leave()).await;
        assert_eq!((kind(&spent), stand_in.taken().len()), (expected, tries), "{reply:?}");
        let error = spent.expect_err("a failure");
        let told = format!("{error} {error:?} {}", error.hint());
        assert!(!told.contains(KEY) && !told.contains("Incorrect") && !told.contains("127.0.0.1"), "{told}");
    }
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    let stand_in = StandIn::openai();
    stand_in.then(Reply::Status(500, Vec::new(), ""));
    stand_in.then(Reply::Status(429, vec![("retry-after-ms", "150".into())], ""));
    stand_in.then(Reply::says(&["12 days [1]."]));
    let (begun, asked) = (Instant::now(), UpstreamConfig { retries: 2, ..config(&stand_in) });
    let (said, spent) = composed(&upstream(&asked), &leave()).await;
    assert_eq!((said.as_str(), spent.is_ok(), stand_in.taken().len()), ("12 days [1].", true, 3));
    assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_was_begun_is_not_begun_again() {
    for manner in [Manner::BreaksAfter(1), Manner::EndsAfter(1)] {
        let stand_in = StandIn::openai();
        stand_in.then(Reply::in_manner(&["12 days ", "[1]."], manner));
        let asked = UpstreamConfig { retries: 2, ..config(&stand_in) };
        let (said, spent) = composed(&upstream(&asked), &leave()).await;
        assert_eq!((said.as_str(), kind(&spent)), ("12 days ", UpstreamFailure::Broken), "{manner:?}");
        assert_eq!(stand_in.taken().len(), 1, "{manner:?}");
    }
}

#[tokio::test]
async fn what_a_model_thinks_is_no_part_of_the_answer() {
    let stand_in = StandIn::openai();
    stand_in.then(Reply::says(&["<th", "ink>13? No, ", "that is old.</", "think>\n\n12 days", " [1]."]));
    assert_eq!(composed(&upstream(&config(&stand_in)), &leave()).await.0, "12 days [1].");
    stand_in.then(Reply::finished(&["<think>On and on"], "length"));
    let (said, spent) = composed(&upstream(&config(&stand_in)), &leave()).await;
    assert_eq!((said.as_str(), kind(&spent)), ("", UpstreamFailure::Empty));
}

#[tokio::test]
async fn an_answer_that_filled_its_room_is_said_to_be_cut_off() {
    let stand_in = StandIn::openai();
    stand_in.then(Reply::finished(&["Contractors have 12"], "length"));
    let (said, spent) = composed(&upstream(&config(&stand_in)), &leave()).await;
    assert_eq!((said.as_str(), spent.expect("an answer").cut_off), ("Contractors have 12", true));
}

#[tokio::test]
async fn silence_ends_at_the_limit_and_slowness_does_not() {
    let stand_in = StandIn::openai();
    let limited = UpstreamConfig { timeout: Duration::from_millis(400), ..config(&stand_in) };
    stand_in.then(Reply::in_manner(&["12 ", "days ", "in all ", "[1]."], Manner::Slowly(Duration::from_millis(150))));
    let (said, spent) = composed(&upstream(&limited), &leave()).await;
    assert!(spent.is_ok() && said == "12 days in all [1].", "{said:?} {spent:?}");

    stand_in.then(Reply::in_manner(&["12 ", "days"], Manner::StallsAfter(1)));
    let (said, spent) = composed(&upstream(&limited), &leave()).await;
    assert_eq!((said.as_str(), kind(&spent)), ("12 ", UpstreamFailure::TimedOut));
    eventually("the connection is closed", || stand_in.gone() == 1).await;
}

#[tokio::test]
async fn a_reader_that_goes_ends_the_request() {
    let stand_in = StandIn::openai();
    stand_in.then(Reply::in_manner(&["12 ", "days"], Manner::StallsAfter(1)));
    let (upstream, task) = (upstream(&config(&stand_in)), leave());
    let (sender, mut pieces) = mpsc::channel(4);
    let reading = async move {
        // It comes while the rest is still being written.
        assert_eq!(pieces.recv().await, Some(Piece::Text("12 ".into())));
    };
    let (spent, ()) = tokio::join!(upstream.compose(&task, &sender), reading);
    assert!(matches!(spent, Err(Error::Cancelled)), "{spent:?}");
    eventually("the connection is closed", || stand_in.gone() == 1).await;
}

#[tokio::test]
async fn who_finds_the_queue_full_is_told_at_once() {
    let stand_in = StandIn::openai();
    let narrow = upstream(&UpstreamConfig { max_concurrent: 1, max_queue: 1, ..config(&stand_in) });
    stand_in.then(Reply::in_manner(&["12 ", "days"], Manner::StallsAfter(1)));
    let (task, (sender, mut pieces)) = (leave(), mpsc::channel(4));
    let first = narrow.compose(&task, &sender);
    let others = async {
        assert!(pieces.recv().await.is_some(), "the first has the only place");
        let second = composed(&narrow, &task);
        let third = async {
            eventually("the second waits", || narrow.waiting.load(Ordering::Relaxed) == 1).await;
            let (_, spent) = composed(&narrow, &task).await;
            assert_eq!(kind(&spent), UpstreamFailure::Busy);
            drop(pieces);
        };
        let ((said, spent), ()) = tokio::join!(second, third);
        assert!(spent.is_ok() && said == "[1]", "the second gets its turn: {spent:?}");
    };
    let (spent, ()) = tokio::join!(first, others);
    assert!(matches!(spent, Err(Error::Cancelled)), "{spent:?}");
    assert_eq!((stand_in.taken().len(), narrow.waiting.load(Ordering::Relaxed)), (2, 0));
}

#[tokio::test]
async fn a_model_that_keeps_failing_is_left_alone() {
    let stand_in = StandIn::openai();
    let failing = upstream(&config(&stand_in));
    for _ in 0..5 {
        stand_in.then(Reply::Status(500, Vec::new(), ""));
        assert_eq!(kind(&composed(&failing, &leave()).await.1), UpstreamFailure::Unwell);
    }
    assert_eq!(kind(&composed(&failing, &leave()).await.1), UpstreamFailure::CircuitOpen);
    assert_eq!((stand_in.taken().len(), stand_in.refused()), (5, vec![]));

    // A request that it does not take is the request's fault.
    let strict = upstream(&config(&stand_in));
    for _ in 0..8 {
        stand_in.then(Reply::Status(400, Vec::new(), ""));
        assert_eq!(kind(&composed(&strict, &leave()).await.1), UpstreamFailure::Rejected);
    }
}

#[tokio::test]
async fn documents_are_not_sent_where_a_redirect_leads() {
    let (stand_in, elsewhere) = (StandIn::openai(), StandIn::openai());
    let location = format!("{}/chat/completions", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        stand_in.then(Reply::Status(status, vec![("location", location.clone())], ""));
        let (_, spent) = composed(&upstream(&config(&stand_in)), &leave()).await;
        assert_eq!(kind(&spent), UpstreamFailure::Redirected, "{status}");
    }
    assert_eq!(elsewhere.bytes(), b"");
}

#[tokio::test]
async fn nobody_there_is_told_as_that() {
    let stand_in = StandIn::openai();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let lost = UpstreamConfig { url: format!("http://{nobody}/v1"), ..config(&stand_in) };
    assert_eq!(kind(&composed(&upstream(&lost), &leave()).await.1), UpstreamFailure::Unreachable);
}

#[tokio::test]
async fn of_a_closed_collection_nothing_leaves() {
    let stand_in = StandIn::openai();
    let closed = UpstreamConfig { closed_collections: ["Board".to_owned()].into(), ..config(&stand_in) };
    let upstream = upstream(&closed);
    let mut task = task(vec![
        hit("board", "Canaryminutes", "Canarydays: contractors have 13 days. 金丝雀决议：合同工十三天。"),
        hit("hr", "Leave", "Contractors have 12 days."),
        hit(" BOARD ", "Canaryplan", "Canaryword of the plan."),
        hit("hr", "Staff", "Employees have 25 days."),
    ]);
    // Words of an earlier answer, thus of a document, that resolving the follow-up brought in.
    task.question = "How many days do contractors of project Canaryfollow have?".into();
    let candidate = |hit: usize, score: f32| {
        let sentence = SentenceSpan { start: 0, end: 9 };
        Candidate { hit, sentence, span: None, score, clues: Clues::default() }
    };
    let candidates = vec![candidate(0, 9.0), candidate(3, 5.0), candidate(2, 4.0), candidate(1, 1.0)];
    task.evidence = Arc::new(Evidence { candidates, confidence: 0.9, passages: 4, ..Evidence::default() });

    composed(&upstream, &task).await.1.expect("an answer");
    let user = stand_in.taken()[0]["messages"][1]["content"].as_str().expect("a text").to_owned();
    let expected = "<source number=\"4\" title=\"Staff\">\nEmployees have 25 days.\n</source>\n\
                    <source number=\"2\" title=\"Leave\">\nContractors have 12 days.\n</source>\n\nAnd contractors?";
    assert_eq!(user, expected, "best first, by the numbers that the passages have among all hits");
    let bytes = String::from_utf8_lossy(&stand_in.bytes()).to_lowercase();
    assert!(!bytes.contains("canary") && !bytes.contains("金丝雀") && !bytes.contains("13 days"), "{bytes}");
    let may: Vec<bool> = task.found.iter().map(|hit| upstream.gate.may_leave(hit)).collect();
    assert_eq!(may, [false, true, false, true]);

    let seen = stand_in.bytes().len();
    let only = self::task(vec![task.found[0].clone(), task.found[2].clone()]);
    assert_eq!(kind(&composed(&upstream, &only).await.1), UpstreamFailure::Forbidden);
    assert_eq!(kind(&composed(&upstream, &self::task(Vec::new())).await.1), UpstreamFailure::NothingToSend);
    assert_eq!(stand_in.bytes().len(), seen, "nothing was sent");
}

#[tokio::test]
async fn what_is_sent_fits_into_the_window() {
    let stand_in = StandIn::openai();
    let small = UpstreamConfig { max_context_tokens: 700, max_answer_tokens: 100, ..config(&stand_in) };
    let passages =
        (0..20).map(|n| hit("hr", &format!("Passage {n}"), &"There is a sentence of some length here. ".repeat(6)));
    composed(&upstream(&small), &task(passages.collect())).await.1.expect("an answer");
    let body = stand_in.taken().remove(0);
    let messages = body["messages"].as_array().expect("messages").iter();
    let tokens: usize = messages.map(|message| estimate(message["content"].as_str().expect("a text"))).sum();
    assert!((400..=600).contains(&tokens), "{tokens} tokens of 700 less 100 for the answer");

    let mut long = leave();
    long.question = "Why? ".repeat(2_000);
    assert_eq!(kind(&composed(&upstream(&small), &long).await.1), UpstreamFailure::NothingToSend);
}
