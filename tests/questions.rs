//! Ratings, questions that are passed on, and what those see of it who look after the documents; through the real server.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::conversation::{ConversationDeleted, Transcript};
use taproot_schemas::error::ErrorCode;
use taproot_schemas::feedback::{Feedback, FeedbackDeleted, FeedbackReason, Handoff, Rating};
use taproot_schemas::job::JobStatus;
use taproot_schemas::question::{Topic, TopicKind, TopicList, TopicState};

use crate::support::http::{Http, ok, refused};
use crate::support::server::{PUBLIC, Server};
use crate::support::taproot::Taproot;

const CARRY: &str = "How many days of annual leave can employees carry over?";
const DOGS: &str = "Can I bring my dog to the office?";
const PETS: [&str; 2] = ["办公室可以带宠物吗？", "可以带宠物来办公室吗？"];

fn with_documents() -> Taproot {
    let taproot = Taproot::new();
    taproot.write(
        "leave.md",
        "# Annual leave\n\nEmployees carry over five days of annual leave into the next year. Annual leave that was carried \
         over is lost on 31 March.\n",
    );
    taproot.write("年假.md", "# 年假\n\n员工每年享有十五天带薪年假。试用期员工不享有带薪年假。\n");
    taproot.write("hr/.taproot.toml", "allow = [\"hr\"]\n");
    taproot.write("hr/pay.md", "# Pay\n\nThe pay of fitters rises in May.\n");
    assert_eq!(taproot.ingest().added, 3);
    taproot
}

/// The same request from somewhere else: through a proxy, so that nobody knows whose it is.
fn from_outside(request: RequestBuilder) -> RequestBuilder {
    request.header("x-forwarded-for", "203.0.113.7")
}

async fn ask(http: &Http, question: &str) -> Answer {
    ok(http.post("/v1/ask", &json!({"question": question}))).await
}

async fn refused_answer(http: &Http, question: &str) -> Answer {
    let answer = ask(http, question).await;
    assert_eq!(answer.status, Status::Abstained, "{answer:?}");
    answer
}

async fn topics(http: &Http, parameters: &str) -> Vec<Topic> {
    ok::<TopicList>(http.get(&format!("/v1/questions{parameters}"))).await.topics
}

fn decide(http: &Http, topic: &Topic, decision: &Value) -> RequestBuilder {
    http.request(Method::PATCH, &format!("/v1/questions/{}", topic.id)).json(decision)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_rated_by_whoever_got_it() {
    let taproot = with_documents();
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    let answer = ask(&http, CARRY).await;
    let down = json!({"answer_id": answer.id, "rating": "down", "reason": "outdated", "comment": " It is seven now. "});
    let kept: Feedback = ok(http.post("/v1/feedback", &down)).await;
    assert_eq!((kept.rating, kept.reason), (Rating::Down, Some(FeedbackReason::Outdated)));
    let up: Feedback = ok(http.post("/v1/feedback", &json!({"answer_id": answer.id, "rating": "up"}))).await;
    assert_eq!((up.reason, up.comment.as_deref()), (None, None), "the second takes the place of the first");
    let again: Feedback = ok(http.post("/v1/feedback", &down)).await;
    assert_eq!(again.comment.as_deref(), Some("It is seven now."));

    // It is another's: as absent as one that never was.
    let mine = json!({"answer_id": answer.id, "rating": "up"});
    let none = json!({"answer_id": "0198-none", "rating": "up"});
    let told = [
        refused(from_outside(http.post("/v1/feedback", &mine)), ErrorCode::AnswerNotFound).await.message,
        refused(http.post("/v1/feedback", &none), ErrorCode::AnswerNotFound).await.message,
        refused(from_outside(http.delete(&format!("/v1/feedback/{}", answer.id))), ErrorCode::AnswerNotFound)
            .await
            .message,
        refused(from_outside(http.post("/v1/handoffs", &json!({"answer_id": answer.id}))), ErrorCode::AnswerNotFound)
            .await
            .message,
    ];
    assert!(told.iter().all(|message| *message == told[0]), "{told:?}");
    // A private question leaves nothing that could be rated.
    let private: Answer = ok(http.post("/v1/ask", &json!({"question": CARRY, "keep": false}))).await;
    refused(http.post("/v1/feedback", &json!({"answer_id": private.id, "rating": "up"})), ErrorCode::AnswerNotFound)
        .await;
    for wrong in [
        json!({"answer_id": answer.id, "rating": "sideways"}),
        json!({"answer_id": answer.id, "rating": "up", "reason": "wrong"}),
        json!({"answer_id": answer.id, "rating": "down", "comment": "x".repeat(2_001)}),
        json!({"answer_id": answer.id, "rating": "down", "stars": 1}),
    ] {
        refused(http.post("/v1/feedback", &wrong), ErrorCode::InvalidRequest).await;
    }

    // A reload shows it, also after a restart.
    drop(server);
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    let path = format!("/v1/conversations/{}", answer.conversation_id);
    let transcript: Transcript = ok(http.get(&path)).await;
    assert_eq!(transcript.turns[0].feedback, Some(again));
    let gone: FeedbackDeleted = ok(http.delete(&format!("/v1/feedback/{}", answer.id))).await;
    assert_eq!(gone.answer_id, answer.id);
    let transcript: Transcript = ok(http.get(&path)).await;
    assert_eq!(transcript.turns[0].feedback, None);
    assert!(topics(&http, "").await.is_empty(), "nothing is wrong with it any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_answered_is_listed_by_topic() {
    let taproot = with_documents();
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    refused_answer(&http, DOGS).await;
    refused_answer(&http, "can i bring my dog to the office").await;
    refused_answer(&http, "Are dogs allowed in the office?").await;
    let outside: Answer = ok(from_outside(http.post("/v1/ask", &json!({"question": DOGS})))).await;
    assert_eq!(outside.status, Status::Abstained, "{outside:?}");
    for question in PETS {
        refused_answer(&http, question).await;
    }
    let private: Answer = ok(http.post("/v1/ask", &json!({"question": "Is there a sauna?", "keep": false}))).await;
    assert_eq!(private.status, Status::Abstained);
    let rated = ask(&http, CARRY).await;
    assert_eq!(rated.status, Status::Answered, "{rated:?}");
    let down = json!({"answer_id": rated.id, "rating": "down", "reason": "outdated", "comment": "It is seven now."});
    let _: Feedback = ok(http.post("/v1/feedback", &down)).await;

    let all = topics(&http, "").await;
    let told: Vec<_> = all.iter().map(|topic| (topic.kind, topic.count, topic.askers)).collect();
    let expected = [(TopicKind::Down, 1, 1), (TopicKind::Unanswered, 2, 1), (TopicKind::Unanswered, 4, 2)];
    assert_eq!(told, expected, "newest activity first: {all:?}");
    let labels: Vec<&str> = all.iter().map(|topic| topic.label.as_str()).collect();
    assert_eq!((labels[0], labels[2]), (CARRY, DOGS));
    assert!(PETS.contains(&labels[1]), "{labels:?}");
    let wordings: Vec<_> = all[2].questions.iter().map(|wording| (wording.count, wording.question.as_str())).collect();
    assert_eq!(wordings, [(3, DOGS), (1, "Are dogs allowed in the office?")]);
    assert_eq!(all[2].questions[0].answer_id, outside.id, "of the last answer");
    assert_eq!(all[0].questions[0].notes, ["It is seven now."]);
    let text = serde_json::to_string(&all).expect("JSON");
    assert!(!text.contains("sauna") && !text.contains("owner"), "neither what was private nor who asked: {text}");

    for (parameters, expected) in [
        ("?kind=down", vec![CARRY]),
        ("?kind=handoff", vec![]),
        ("?state=answered", vec![]),
        ("?kind=unanswered&state=open&limit=1", vec![labels[1]]),
    ] {
        let listed = topics(&http, parameters).await;
        let listed: Vec<&str> = listed.iter().map(|topic| topic.label.as_str()).collect();
        assert_eq!(listed, expected, "{parameters}");
    }
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: TopicList = ok(http.get(&format!("/v1/questions?limit=1{cursor}"))).await;
        paged.extend(page.topics.into_iter().map(|topic| topic.label));
        let Some(next) = page.next_cursor else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, labels, "pages add up");
    for wrong in ["?limit=0", "?state=lost", "?cursor=x"] {
        refused(http.get(&format!("/v1/questions{wrong}")), ErrorCode::InvalidRequest).await;
    }
    refused(from_outside(http.get("/v1/questions")), ErrorCode::Unauthorized).await;

    // What an asker deletes is gone from the topic; the numbers stay.
    let _: ConversationDeleted =
        ok(from_outside(http.delete(&format!("/v1/conversations/{}", outside.conversation_id)))).await;
    let dogs = topics(&http, "").await.swap_remove(2);
    assert_eq!((dogs.count, dogs.askers, dogs.questions[0].count), (4, 2, 2), "{dogs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_answered_by_a_document_and_opens_itself_again() {
    let taproot = with_documents();
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    let answer = refused_answer(&http, DOGS).await;
    assert!(answer.answer.contains("You can pass the question on"), "{answer:?}");
    let private: Answer = ok(http.post("/v1/ask", &json!({"question": DOGS, "keep": false}))).await;
    assert!(!private.answer.contains("pass the question on"), "it promises nothing: {private:?}");

    // The sentence of the refusal has a door.
    let handoff = json!({"answer_id": answer.id, "note": "It is a small one."});
    let handed: Handoff = ok(http.post("/v1/handoffs", &handoff)).await;
    let transcript: Transcript = ok(http.get(&format!("/v1/conversations/{}", answer.conversation_id))).await;
    assert_eq!(transcript.turns[0].handed_on_at, Some(handed.handed_on_at));
    let topic = topics(&http, "?kind=handoff").await.swap_remove(0);
    assert_eq!((topic.handoffs, topic.unanswered, topic.count, topic.state), (1, 1, 1, TopicState::Open));
    assert_eq!(topic.questions[0].notes, ["It is a small one."]);

    // A document is written, and named.
    taproot.write("dogs.md", "# Dogs\n\nEmployees may bring dogs to the office on Fridays.\n");
    let order = json!({"path": taproot.documents_folder()});
    assert_eq!(http.finished_job(&order).await.status, JobStatus::Succeeded);
    let document = http.document("dogs.md").await;
    let decision = json!({"state": "answered", "document_id": document.id, "note": "Fridays."});
    let answered: Topic = ok(decide(&http, &topic, &decision)).await;
    assert_eq!(answered.document.as_ref().map(|document| document.uri.as_str()), Some("dogs.md"));
    assert_eq!((answered.state, answered.note.as_deref()), (TopicState::Answered, Some("Fridays.")));
    assert!(topics(&http, "?state=open").await.is_empty());

    refused(decide(&http, &topic, &json!({"state": "answered", "document_id": "none"})), ErrorCode::DocumentNotFound)
        .await;
    let misplaced = json!({"state": "open", "document_id": document.id});
    refused(decide(&http, &topic, &misplaced), ErrorCode::InvalidRequest).await;
    refused(from_outside(decide(&http, &topic, &decision)), ErrorCode::Unauthorized).await;
    let nowhere = http.request(Method::PATCH, "/v1/questions/none").json(&json!({"state": "dismissed"}));
    refused(nowhere, ErrorCode::TopicNotFound).await;

    // Asked again and answered, it stays answered; refused again, it is open.
    assert_eq!(ask(&http, DOGS).await.status, Status::Answered);
    assert!(topics(&http, "?state=open").await.is_empty());
    taproot.write("dogs.md", "# Nothing\n\nThis page is empty.\n");
    assert_eq!(http.finished_job(&order).await.status, JobStatus::Succeeded);
    refused_answer(&http, DOGS).await;
    let open = topics(&http, "?state=open").await;
    assert_eq!(open.len(), 1);
    assert_eq!((&open[0].id, open[0].count), (&topic.id, 2));
}
