//! Conversations through the real server: kept, continued, listed, renamed, exported, deleted, and nobody else's.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::conversation::{Conversation, ConversationDeleted, ConversationList, Transcript};
use taproot_schemas::document::Deleted;
use taproot_schemas::error::ErrorCode;

use crate::support::http::{Http, ok, refused};
use crate::support::server::{PUBLIC, Server};
use crate::support::sse::events;
use crate::support::taproot::Taproot;

const CARRY: &str = "How many days of annual leave can employees carry over?";
const DATABASE: &str = "conversations.sqlite";

fn with_documents() -> Taproot {
    let taproot = Taproot::new();
    taproot.write(
        "leave.md",
        "# Annual leave\n\nEmployees carry over five days of annual leave into the next year. Annual leave that was carried \
         over is lost on 31 March.\n\n# Contractors\n\nContractors have no annual leave and carry nothing over.\n",
    );
    taproot.write("heliotrope.md", "# Heliotrope\n\nThe Heliotrope merger is signed on 4 May by the board.\n");
    taproot.write("年假.md", "# 年假\n\n员工每年享有十五天带薪年假。试用期员工不享有带薪年假。\n");
    assert_eq!(taproot.ingest().added, 3);
    taproot
}

async fn ask(http: &Http, question: &str, conversation: Option<&str>) -> Answer {
    let mut body = json!({"question": question});
    if let Some(id) = conversation {
        body["conversation_id"] = json!(id);
    }
    ok(http.post("/v1/ask", &body)).await
}

fn path(id: &str) -> String {
    format!("/v1/conversations/{id}")
}

/// The same request from somewhere else: through a proxy, so that nobody knows whose it is.
fn from_outside(request: RequestBuilder) -> RequestBuilder {
    request.header("x-forwarded-for", "203.0.113.7")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_is_understood_by_what_was_asked_before() {
    let taproot = with_documents();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let first = ask(&http, CARRY, None).await;
    assert_eq!(first.standalone_question, CARRY);
    assert_eq!(first.conversation_id.len(), 32, "128 bits: {first:?}");
    let second = ask(&http, "And for contractors?", Some(&first.conversation_id)).await;
    assert_eq!((&second.conversation_id, second.question.as_str()), (&first.conversation_id, "And for contractors?"));
    assert!(second.standalone_question.contains("annual leave"), "{second:?}");
    assert!(second.timings_ms.resolve > 0.0);
    assert!(second.citations.iter().any(|citation| citation.uri == "leave.md"), "{second:?}");
    let alone = ask(&http, "And for contractors?", None).await;
    assert_eq!(alone.standalone_question, "And for contractors?", "a new conversation knows nothing of another");

    let chinese = ask(&http, "带薪年假有几天？", None).await;
    let request = json!({"question": "那试用期呢？", "conversation_id": chinese.conversation_id, "stream": true});
    let events = events(http.post("/v1/ask", &request)).await;
    let last: Answer = serde_json::from_value(events[events.len() - 1].data.clone()).expect("an answer");
    assert!(last.standalone_question.contains("年假"), "{last:?}");

    // A topic of its own is searched as it was typed.
    let other = ask(&http, "When is the Heliotrope merger signed?", Some(&first.conversation_id)).await;
    assert!(other.citations[0].uri == "heliotrope.md", "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_server_is_killed() {
    let taproot = with_documents();
    let mut server = Server::start(&taproot);
    let http = Http::to(&server);
    let first = ask(&http, CARRY, None).await;
    let second = ask(&http, "And for contractors?", Some(&first.conversation_id)).await;
    // It was acknowledged: whatever comes now, it is kept.
    server.kill();

    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let transcript: Transcript = ok(http.get(&path(&first.conversation_id))).await;
    let answers: Vec<&Answer> = transcript.turns.iter().map(|turn| &turn.answer).collect();
    assert_eq!(answers, [&first, &second], "byte for byte what was answered");
    assert_eq!((transcript.conversation.title.as_str(), transcript.conversation.turns), (CARRY, 2));
    let third = ask(&http, "And for interns?", Some(&first.conversation_id)).await;
    assert!(third.standalone_question.contains("annual leave"), "the thread is not lost either: {third:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_listed_renamed_exported_and_deleted() {
    let taproot = with_documents();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let mut ids = Vec::new();
    for question in [CARRY, "When is the Heliotrope merger signed?", "带薪年假有几天？"] {
        ids.push(ask(&http, question, None).await.conversation_id);
    }
    let page: ConversationList = ok(http.get("/v1/conversations?limit=2")).await;
    let shown: Vec<&String> = page.conversations.iter().map(|conversation| &conversation.id).collect();
    assert_eq!(shown, [&ids[2], &ids[1]], "the newest first");
    let cursor = page.next_cursor.expect("there is more");
    let rest: ConversationList = ok(http.get(&format!("/v1/conversations?limit=2&cursor={cursor}"))).await;
    assert_eq!((rest.conversations.len(), rest.next_cursor), (1, None));
    refused(http.get("/v1/conversations?cursor=x"), ErrorCode::InvalidRequest).await;
    refused(http.get("/v1/conversations?limit=0"), ErrorCode::InvalidRequest).await;

    let patch = |body: Value| http.request(Method::PATCH, &path(&ids[1])).json(&body);
    let renamed: Conversation = ok(patch(json!({"title": " The  merger "}))).await;
    assert_eq!(renamed.title, "The merger");
    refused(patch(json!({"title": " "})), ErrorCode::InvalidRequest).await;
    refused(patch(json!({"title": "x".repeat(201)})), ErrorCode::InvalidRequest).await;

    let exported: Transcript = ok(http.get(&format!("{}/export", path(&ids[1])))).await;
    assert_eq!(exported, ok::<Transcript>(http.get(&path(&ids[1]))).await);
    let file = http.get(&format!("{}/export?format=markdown", path(&ids[1]))).send().await.expect("an answer");
    let header = |name: &str| file.headers()[name].to_str().expect("text").to_owned();
    assert!(header("content-type").starts_with("text/markdown"));
    assert!(header("content-disposition").starts_with("attachment"));
    let text = file.text().await.expect("a body");
    assert!(text.starts_with("# The merger") && text.contains("4 May") && text.contains("heliotrope.md"), "{text}");
    refused(http.get(&format!("{}/export?format=pdf", path(&ids[1]))), ErrorCode::InvalidRequest).await;

    let stands = |text: &str| {
        [DATABASE, "conversations.sqlite-wal"].iter().any(|name| {
            let bytes = std::fs::read(taproot.data().join(name)).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    assert!(stands("Heliotrope merger signed"));
    let gone: ConversationDeleted = ok(http.delete(&path(&ids[1]))).await;
    assert_eq!(gone.conversation_id, ids[1]);
    assert!(!stands("Heliotrope merger signed"), "deleted for real");
    refused(http.get(&path(&ids[1])), ErrorCode::ConversationNotFound).await;
    refused(http.delete(&path(&ids[1])), ErrorCode::ConversationNotFound).await;
    let body = json!({"question": "And then?", "conversation_id": ids[1]});
    refused(http.post("/v1/ask", &body), ErrorCode::ConversationNotFound).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_s_conversation_is_as_absent_as_one_that_never_was() {
    let taproot = with_documents();
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    let own = ask(&http, CARRY, None).await.conversation_id;
    let outside: Answer = ok(from_outside(http.post("/v1/ask", &json!({"question": CARRY})))).await;
    let export = |id: &str| format!("{}/export", path(id));
    let never = "0".repeat(32);
    let mut told = Vec::new();
    for id in [&own, &never] {
        for request in [
            http.get(&path(id)),
            http.get(&export(id)),
            http.delete(&path(id)),
            http.request(Method::PATCH, &path(id)).json(&json!({"title": "mine"})),
            http.post("/v1/ask", &json!({"question": "And then?", "conversation_id": id})),
            http.post("/v1/ask", &json!({"question": "And then?", "conversation_id": id, "stream": true})),
        ] {
            let error = refused(from_outside(request), ErrorCode::ConversationNotFound).await;
            told.push((error.message, error.hint));
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    // Nobody's conversation goes on for whoever has its id, and is nobody else's, not even the owner's.
    refused(from_outside(http.get("/v1/conversations")), ErrorCode::Forbidden).await;
    let body = json!({"question": "And for contractors?", "conversation_id": outside.conversation_id});
    let more: Answer = ok(from_outside(http.post("/v1/ask", &body))).await;
    assert!(more.standalone_question.contains("annual leave"), "{more:?}");
    refused(http.get(&path(&outside.conversation_id)), ErrorCode::ConversationNotFound).await;
    let _: ConversationDeleted = ok(from_outside(http.delete(&path(&outside.conversation_id)))).await;
    // A page on another port of this machine reads like its user, and deletes nothing in the user's name.
    let page = |request: RequestBuilder| request.header("origin", "http://127.0.0.1:1");
    let _: Transcript = ok(page(http.get(&path(&own)))).await;
    refused(page(http.delete(&path(&own))), ErrorCode::Forbidden).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_any_more_leaves_the_past_too() {
    let taproot = with_documents();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let answer = ask(&http, "When is the Heliotrope merger signed?", None).await;
    assert_eq!(answer.status, Status::Answered, "{answer:?}");
    let document = http.document("heliotrope.md").await;
    let _: Deleted = ok(http.delete(&format!("/v1/documents/{}", document.id))).await;
    for file in ["", "/export", "/export?format=markdown"] {
        let response = http.get(&format!("{}{file}", path(&answer.conversation_id))).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let text = response.text().await.expect("a body");
        assert!(!text.contains("4 May") && !text.contains("by the board"), "{text}");
        assert!(text.contains("When is the Heliotrope merger signed?"), "the question is the asker's own: {text}");
    }
    let transcript: Transcript = ok(http.get(&path(&answer.conversation_id))).await;
    assert!(!transcript.turns[0].withdrawn.is_empty(), "{transcript:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_retention_nothing_is_written() {
    let taproot = with_documents();
    // Kept once, so that there is something to forget.
    let server = Server::start(&taproot);
    let before = ask(&Http::to(&server), CARRY, None).await;
    drop(server);
    assert!(taproot.data().join(DATABASE).exists());

    let none = [("TAPROOT_ANSWER_KEEP_CONVERSATIONS_DAYS", "0")];
    let server = Server::with(&taproot, &none, None);
    let http = Http::to(&server);
    refused(http.get(&path(&before.conversation_id)), ErrorCode::ConversationNotFound).await;
    let first = ask(&http, CARRY, None).await;
    let second = ask(&http, "And for contractors?", Some(&first.conversation_id)).await;
    assert!(second.standalone_question.contains("annual leave"), "{second:?}");
    let written = std::fs::read_dir(taproot.data()).expect("a folder").filter_map(|entry| entry.ok());
    let written: Vec<_> =
        written.filter(|entry| entry.file_name().to_string_lossy().contains("conversation")).collect();
    assert!(written.is_empty(), "{written:?}");
    drop(server);

    let server = Server::with(&taproot, &none, None);
    refused(Http::to(&server).get(&path(&first.conversation_id)), ErrorCode::ConversationNotFound).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_goes_on_and_a_question_may_be_kept_by_nobody() {
    let taproot = with_documents();
    let first: Answer = taproot.json(&["ask", CARRY]);
    let more: Answer = taproot.json(&["ask", "And for contractors?", "--conversation", &first.conversation_id]);
    assert!(more.standalone_question.contains("annual leave"), "{more:?}");
    assert!(taproot.fails(&["ask", "And then?", "--conversation", "c-1"]).contains("conversation"));

    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let unkept: Answer = ok(http.post("/v1/ask", &json!({"question": CARRY, "keep": false}))).await;
    refused(http.get(&path(&unkept.conversation_id)), ErrorCode::ConversationNotFound).await;
    let list: ConversationList = ok(http.get("/v1/conversations")).await;
    let ids: Vec<&str> = list.conversations.iter().map(|conversation| conversation.id.as_str()).collect();
    assert_eq!(ids, [first.conversation_id.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_questions_are_taken_whole() {
    let taproot = with_documents();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let long = |chars: usize| CARRY.chars().cycle().take(chars).collect::<String>().replace(char::is_whitespace, "_");
    let whole = ask(&http, &long(8_000), None).await;
    assert_eq!(whole.question.chars().count(), 8_000);
    let error = refused(http.post("/v1/ask", &json!({"question": long(8_001)})), ErrorCode::QueryTooLong).await;
    assert!(error.message.contains("8001") && error.message.contains("8000"), "{error:?}");
    let more = ask(&http, "Why is it so?", Some(&whole.conversation_id)).await;
    assert_eq!(more.question, "Why is it so?");
}
