//! Evaluations that a running server makes, and its settings as an administrator sees them.

use reqwest::StatusCode;
use serde_json::{Value, json};
use taproot_schemas::conversation::ConversationList;
use taproot_schemas::document::Deleted;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::eval::Verdict;
use taproot_schemas::evaluation::{EvaluationComparison, EvaluationList, EvaluationOutcome, EvaluationRun};
use taproot_schemas::job::JobStatus;
use taproot_schemas::question::TopicList;
use taproot_schemas::setting::{SettingList, SettingSource};

use crate::support::http::{Http, ok, refused};
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::tenants::{GROUPS, Somebody, Tenants, all, canary};
use crate::support::wait::eventually;

fn with_documents() -> Taproot {
    let taproot = Taproot::new();
    taproot.write("heron.md", "# Heron\n\nThe grey heron waits at the weir. It catches eleven eels on a good day.\n");
    taproot.write("shuttle.md", "# Shuttle\n\nThe shuttle bus leaves the main gate at 18:20 on working days.\n");
    taproot.write("试用期.md", "# 试用期\n\n新员工的试用期为三个月。试用期满后由主管评估。\n");
    assert_eq!(taproot.ingest().added, 3);
    taproot
}

fn set() -> Value {
    json!([
        {"question": "How many eels does the grey heron catch on a good day?", "answers": ["eleven"], "uri": "heron.md"},
        {"question": "新员工的试用期为多久？", "answers": ["三个月"], "uri": "试用期.md"},
        {"question": "When does the shuttle bus leave the main gate?", "answers": ["20:15"]},
        {"question": "Who painted the ceiling of the opera house in Manaus?", "answerable": false},
        {"question": "When does the shuttle bus leave on working days?", "answerable": false},
        {"question": "Where does the grey heron wait?"},
    ])
}

async fn started(http: &Http, order: &Value) -> EvaluationRun {
    let response = http.post("/v1/evaluations", order).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    response.json().await.expect("a run")
}

async fn ended(http: &Http, id: &str) -> EvaluationRun {
    let path = format!("/v1/evaluations/{id}");
    let look = || async { Some(ok::<EvaluationRun>(http.get(&path)).await).filter(|run| run.status.ended()) };
    eventually("the evaluation ends", look).await
}

fn measure(run: &EvaluationRun, name: &str) -> Option<f64> {
    let measure = run.measures.iter().find(|measure| measure.name == name);
    measure.unwrap_or_else(|| panic!("no {name}: {run:?}")).value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_asked_measured_kept_and_compared() {
    use EvaluationOutcome::{Answered, MadeUp, Refused, RefusedRightly, Right, Wrong};
    let taproot = with_documents();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let begun = started(&http, &json!({"name": " May ", "questions": set()})).await;
    assert_eq!((begun.name.as_str(), begun.questions, begun.progress.total), ("May", 6, 6));
    let first = ended(&http, &begun.id).await;
    assert_eq!((first.status, first.progress.done), (JobStatus::Succeeded, 6), "{first:?}");
    let outcomes: Vec<_> = first.results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Right, Right, Wrong, RefusedRightly, MadeUp, Answered], "{first:?}");
    assert_eq!(first.results[0].citations[0].uri, "heron.md");
    assert!(first.results[3].answer.is_none() && first.results[0].latency_ms.is_some_and(|ms| ms > 0.0));
    // By hand, over the five that say what is expected.
    assert_eq!(measure(&first, "right"), Some(0.6));
    assert_eq!(measure(&first, "contains"), Some(2.0 / 3.0));
    assert_eq!(measure(&first, "citation_precision"), Some(1.0));
    assert_eq!(measure(&first, "abstention_precision"), Some(1.0));
    assert_eq!(measure(&first, "answered_although_unanswerable"), Some(0.5));
    assert!(measure(&first, "latency_p50_ms").is_some());
    let right = first.measures.iter().find(|measure| measure.name == "right").expect("there");
    assert!(right.over == 5 && right.low < right.value && right.value < right.high, "{right:?}");

    // Nothing of it is a conversation, or a question that somebody asked.
    assert!(ok::<ConversationList>(http.get("/v1/conversations")).await.conversations.is_empty());
    assert!(ok::<TopicList>(http.get("/v1/questions")).await.topics.is_empty());

    // Without a document one question comes out otherwise.
    let heron = http.document("heron.md").await;
    let _: Deleted = ok(http.delete(&format!("/v1/documents/{}", heron.id))).await;
    let second = ended(&http, &started(&http, &json!({"questions": set()})).await.id).await;
    assert_eq!(second.results[0].outcome, Refused);
    // Kept over a restart.
    drop(server);
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let compare = format!("/v1/evaluations/{}/compare?against={}", second.id, first.id);
    let compared: EvaluationComparison = ok(http.get(&compare)).await;
    assert_eq!((compared.compared, compared.left_out, compared.decided_by.as_str()), (5, 0, "right"));
    assert_eq!(compared.verdict, Verdict::Unclear, "one question of five may be chance");
    let right = &compared.differences[0];
    assert_eq!((right.this, right.against, right.losses), (0.4, 0.6, Some(1)));
    let changed: Vec<_> = compared.changed.iter().map(|change| (change.before, change.after)).collect();
    assert_eq!(changed, [(Right, Refused), (Answered, Refused)], "{compared:?}");

    let list: EvaluationList = ok(http.get("/v1/evaluations?limit=1")).await;
    assert_eq!((list.evaluations[0].id.as_str(), list.evaluations[0].results.len()), (second.id.as_str(), 0));
    let cursor = list.next_cursor.expect("there is one more");
    let rest: EvaluationList = ok(http.get(&format!("/v1/evaluations?cursor={cursor}"))).await;
    assert_eq!((rest.evaluations.len(), rest.evaluations[0].measures == first.measures), (1, true));
    assert!(rest.next_cursor.is_none());

    let gone: EvaluationRun = ok(http.delete(&format!("/v1/evaluations/{}", first.id))).await;
    assert_eq!(gone.id, first.id);
    refused(http.get(&compare), ErrorCode::EvaluationNotFound).await;
    refused(http.get("/v1/evaluations?cursor=x"), ErrorCode::InvalidRequest).await;
    for wrong in [
        json!({"questions": []}),
        json!({"questions": [{"question": "x", "colour": "red"}]}),
        json!({"questions": vec![json!({"question": "x"}); 1_001]}),
    ] {
        refused(http.post("/v1/evaluations", &wrong), ErrorCode::InvalidRequest).await;
    }
    // A way of answering that there is not fails the run with its reason.
    let order = json!({"questions": set(), "mode": "upstream"});
    let failed = ended(&http, &started(&http, &order).await.id).await;
    assert_eq!(failed.status, JobStatus::Failed);
    assert!(failed.error.as_ref().is_some_and(|why| why.contains("mode")), "{failed:?}");
    let unfinished = format!("/v1/evaluations/{}/compare?against={}", failed.id, second.id);
    refused(http.get(&unfinished), ErrorCode::AlreadyRunning).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_runs_at_a_time_and_is_stopped() {
    let taproot = with_documents();
    let mut server = Server::start(&taproot);
    let http = Http::to(&server);
    let questions: Vec<Value> =
        (0..1_000).map(|number| json!({"question": format!("How many eels does heron {number} catch?")})).collect();
    let run = started(&http, &json!({"questions": questions})).await;
    refused(http.post("/v1/evaluations", &json!({"questions": set()})), ErrorCode::AlreadyRunning).await;
    let path = format!("/v1/evaluations/{}", run.id);
    eventually("some are asked", || async {
        let now: EvaluationRun = ok(http.get(&path)).await;
        (now.progress.done > 0).then_some(())
    })
    .await;
    let _: EvaluationRun = ok(http.delete(&path)).await;
    let stopped = ended(&http, &run.id).await;
    assert_eq!((stopped.status, stopped.measures.len()), (JobStatus::Cancelled, 0));
    assert!(!stopped.results.is_empty() && stopped.results.len() < 1_000);

    // A crash leaves one that did not end, and it does not begin again.
    let run = started(&http, &json!({"questions": questions})).await;
    server.kill();
    drop(server);
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let interrupted: EvaluationRun = ok(http.get(&format!("/v1/evaluations/{}", run.id))).await;
    assert_eq!(interrupted.status, JobStatus::Interrupted);

    // A server that is told to end does not wait for the last question.
    let run = started(&http, &json!({"questions": questions})).await;
    server.interrupt();
    let mut server = server;
    assert!(server.ended().success());
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let interrupted: EvaluationRun = ok(http.get(&format!("/v1/evaluations/{}", run.id))).await;
    assert_eq!(interrupted.status, JobStatus::Interrupted);
}

/// Results hold what documents say: whoever sees less than the one who ordered them sees none of it.
#[tokio::test(flavor = "multi_thread")]
async fn results_are_for_those_who_see_as_much() {
    let tenants = Tenants::start();
    let http = tenants.http();
    let new = json!({"name": "an administrator of a group", "role": "admin", "groups": [GROUPS[0]]});
    let limited = Somebody { shows: Some(tenants.create(&new).await.secret), ..tenants.admin() };
    let admin = tenants.admin();
    let set = json!({"questions": [{"question": "What is the code name of the lighthouse in the lamp report?"}]});
    let asked = async |somebody: &Somebody| {
        let run: EvaluationRun = ok(somebody.ask(http.post("/v1/evaluations", &set))).await;
        let path = format!("/v1/evaluations/{}", run.id);
        let look = || async {
            Some(ok::<EvaluationRun>(somebody.ask(http.get(&path))).await).filter(|run| run.status.ended())
        };
        eventually("the evaluation ends", look).await
    };
    let everything = asked(&admin).await;
    let own = asked(&limited).await;
    let text = serde_json::to_string(&own).expect("JSON");
    assert!(text.contains("zanzu"), "it was answered: {text}");
    for (tenant, group) in all().filter(|(_, group)| group.is_some_and(|group| group != GROUPS[0])) {
        assert!(!text.contains(&canary(tenant, group)), "{text}");
    }
    let list: EvaluationList = ok(limited.ask(http.get("/v1/evaluations"))).await;
    assert_eq!(list.evaluations.iter().map(|run| &run.id).collect::<Vec<_>>(), [&own.id]);
    for path in ["", "/compare?against=x"] {
        let path = format!("/v1/evaluations/{}{path}", everything.id);
        refused(limited.ask(http.get(&path)), ErrorCode::EvaluationNotFound).await;
    }
    let both: EvaluationList = ok(admin.ask(http.get("/v1/evaluations"))).await;
    assert_eq!(both.evaluations.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_told_without_secrets() {
    let taproot = with_documents();
    std::fs::write(
        taproot.data().join("taproot.toml"),
        "[answer]\nstrictness = 2\n[slack]\napi_url = \"http://127.0.0.1:1\"\n",
    )
    .expect("settings");
    let variables = [
        ("TAPROOT_ANSWER_PASSAGES", "5"),
        ("TAPROOT_SLACK_SIGNING_SECRET", "hush-hush"),
        ("TAPROOT_SLACK_BOT_TOKEN", "xoxb-hush"),
    ];
    let server = Server::with(&taproot, &variables, None);
    let http = Http::to(&server);
    let response = http.get("/v1/settings").send().await.expect("an answer");
    let text = response.text().await.expect("a body");
    assert!(!text.contains("hush"), "{text}");
    let list: SettingList = serde_json::from_str(&text).expect("settings");
    let one = |name: &str| list.settings.iter().find(|setting| setting.name == name).expect(name);
    for (name, value, source) in [
        ("answer.strictness", json!(2), SettingSource::File),
        ("answer.passages", json!(5), SettingSource::Environment),
        ("answer.max_sentences", json!(3), SettingSource::Default),
        ("slack.bot_token", json!("set"), SettingSource::Environment),
        ("vectors.api_key", json!("not set"), SettingSource::Default),
        ("server.address", json!("127.0.0.1:0"), SettingSource::CommandLine),
    ] {
        assert_eq!((&one(name).value, one(name).source), (&value, source), "{name}");
    }
}
