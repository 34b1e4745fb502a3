//! The HTTP contract: routes, error bodies, limits, metrics, the description of the API.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use taproot_schemas::answer::Answer;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::health::{Health, HealthStatus};
use taproot_schemas::search::SearchResponse;

use crate::support::examples::examples;
use crate::support::http::{Http, error_of, ok, refused};
use crate::support::repository;
use crate::support::taproot::told;

fn http() -> Http {
    Http::to(&examples().server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered() {
    let body = json!({"question": "Which version repaired the alarm mails to addresses with a +?"});
    let answer: Value = ok(http().post("/v1/ask", &body)).await;
    let mut fields: Vec<&str> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    let contract = [
        "answer",
        "citations",
        "confidence",
        "conversation_id",
        "id",
        "mode",
        "question",
        "sentences",
        "short_answer",
        "standalone_question",
        "status",
        "timings_ms",
        "usage",
    ];
    assert_eq!(fields, contract);
    let answer: Answer = serde_json::from_value(answer).expect("an answer");
    assert_eq!(answer.question, body["question"]);
    assert!(!answer.id.is_empty() && answer.timings_ms.total > 0.0, "{answer:?}");
    let other: Answer = ok(http().post("/v1/ask", &json!({"question": "And the maps?"}))).await;
    assert!(other.conversation_id != answer.conversation_id && other.id != answer.id, "a new conversation: {other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_can_be_narrowed() {
    let http = http();
    let search = |body: Value| ok::<SearchResponse>(http.post("/v1/search", &body));
    let all = search(json!({"query": "controller 控制器", "k": 50})).await.hits;
    let languages = json!({"query": "controller 控制器", "k": 50, "filters": {"languages": ["zh"]}});
    let chinese = search(languages).await.hits;
    assert!(!chinese.is_empty() && chinese.len() < all.len());
    assert!(chinese.iter().all(|hit| hit.text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))), "{chinese:#?}");
    let id = &all[0].document_id;
    let one = search(json!({"query": "controller", "filters": {"document_ids": [id]}})).await.hits;
    assert!(!one.is_empty() && one.iter().all(|hit| &hit.document_id == id), "{one:#?}");
    assert!(search(json!({"query": "controller", "collections": ["nobody"]})).await.hits.is_empty());
    assert!(!search(json!({"query": "controller", "collections": ["default"]})).await.hits.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_by_code() {
    let http = http();
    let post = |path: &str, body: Value| http.post(path, &body);
    refused(http.get("/v1/nothing/here"), ErrorCode::RouteNotFound).await;
    refused(http.get("/web/../Cargo.toml"), ErrorCode::RouteNotFound).await;
    refused(http.get("/web/none.js"), ErrorCode::RouteNotFound).await;
    refused(http.get("/v1/ask"), ErrorCode::MethodNotAllowed).await;
    refused(http.delete("/v1/search"), ErrorCode::MethodNotAllowed).await;
    refused(http.request(Method::POST, "/v1/ask").body("{}"), ErrorCode::UnsupportedMediaType).await;
    let text = http.request(Method::POST, "/v1/ask").header("content-type", "text/plain").body("{\"question\":\"x\"}");
    refused(text, ErrorCode::UnsupportedMediaType).await;
    let broken =
        http.request(Method::POST, "/v1/ask").header("content-type", "application/json").body("{\"question\":");
    refused(broken, ErrorCode::InvalidRequest).await;
    for body in [
        json!({}),
        json!({"question": 1}),
        json!({"question": "x", "temperature": 1}),
        json!({"question": "x", "mode": "magic"}),
        json!([]),
    ] {
        refused(post("/v1/ask", body), ErrorCode::InvalidRequest).await;
    }
    for body in [
        json!({"query": "x", "k": 0}),
        json!({"query": "x", "k": 101}),
        json!({"query": "x", "filters": {"colours": []}}),
    ] {
        refused(post("/v1/search", body), ErrorCode::InvalidRequest).await;
    }
    refused(post("/v1/ask", json!({"question": "\n"})), ErrorCode::EmptyQuery).await;
    refused(post("/v1/search", json!({"query": ""})), ErrorCode::EmptyQuery).await;
    refused(post("/v1/search", json!({"query": "字".repeat(8_001)})), ErrorCode::QueryTooLong).await;
    refused(post("/v1/ask", json!({"question": "x".repeat(300 * 1024)})), ErrorCode::BodyTooLarge).await;
    refused(http.get("/v1/jobs/none"), ErrorCode::JobNotFound).await;
    refused(post("/v1/admin/doctor", json!({})), ErrorCode::Forbidden).await;
    refused(http.request(Method::POST, "/slack/events").body("{}"), ErrorCode::RouteNotFound).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_the_id_that_it_came_with() {
    let http = http();
    let named = |id: &str| http.get("/v1/documents/none").header("x-request-id", id);
    assert_eq!(refused(named("from-proxy.1"), ErrorCode::DocumentNotFound).await.request_id, "from-proxy.1");
    let forged = refused(named("two words"), ErrorCode::DocumentNotFound).await.request_id;
    assert!(!forged.contains(' '), "{forged}");
    let response = http.get("/healthz").send().await.expect("an answer");
    assert!(response.headers().contains_key("x-request-id"), "successes have one, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_what_is_there() {
    let http = http();
    let live: Health = ok(http.get("/healthz")).await;
    assert!(live.status == HealthStatus::Ok && !live.version.is_empty());
    let ready: Health = ok(http.get("/readyz")).await;
    assert_eq!(ready.documents, Some(http.documents().await.len() as u64), "{ready:?}");
    assert!(ready.chunks >= ready.documents, "{ready:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_in_the_format_of_prometheus() {
    let http = http();
    let count = |text: &str| sample(text, "taproot_http_requests_total", "route=\"/v1/search\"").unwrap_or(0.0);
    let scrape = || async {
        let response = http.get("/metrics").send().await.expect("an answer");
        let content_type = response.headers()["content-type"].to_str().expect("text").to_owned();
        assert!(content_type.starts_with("text/plain"), "{content_type}");
        response.text().await.expect("a body")
    };
    let before = scrape().await;
    let _: SearchResponse = ok(http.post("/v1/search", &json!({"query": "controller"}))).await;
    let after = scrape().await;
    assert!(count(&after) >= count(&before) + 1.0, "{after}");
    assert_eq!(sample(&after, "taproot_documents", ""), Some(http.documents().await.len() as f64));
    for line in after.lines().filter(|line| !line.is_empty()) {
        assert!(is_metric_line(line), "{line:?}");
    }
}

/// `# HELP name text`, `# TYPE name kind`, or `name{label="value",…} number`.
fn is_metric_line(line: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
    if let Some(comment) = line.strip_prefix("# ") {
        let words: Vec<&str> = comment.splitn(3, ' ').collect();
        return ["HELP", "TYPE"].contains(&words[0]) && words.len() == 3 && is_name(words[1]);
    }
    let Some((series, value)) = line.rsplit_once(' ') else { return false };
    let name = series.split('{').next().unwrap_or_default();
    is_name(name) && (series == name || series.ends_with('}')) && value.parse::<f64>().is_ok()
}

/// The sum of the samples of `name` whose labels contain `label`.
fn sample(text: &str, name: &str, label: &str) -> Option<f64> {
    let values = text.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let own = series.split('{').next() == Some(name) && series.contains(label);
        own.then(|| value.parse::<f64>().ok()).flatten()
    });
    values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_of_the_api_is_the_committed_one() {
    let committed = std::fs::read_to_string(repository().join("schemas/openapi.json")).expect("schemas/openapi.json");
    let output = examples().taproot.run(&["openapi"]);
    let printed = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(output.status.success() && !printed.is_empty(), "{}", told(&output));
    assert!(printed == committed, "the API has changed; write it anew with make openapi, and look at the difference");
    let served: Value = ok(http().get("/openapi.json")).await;
    let committed: Value = serde_json::from_str(&committed).expect("JSON");
    assert_eq!(served, committed);
    for path in [
        "/v1/ask",
        "/v1/search",
        "/v1/conversations",
        "/v1/conversations/{id}",
        "/v1/conversations/{id}/export",
        "/v1/documents",
        "/v1/documents/{id}",
        "/v1/documents/{id}/text",
        "/v1/documents/{id}/original",
        "/v1/jobs",
        "/v1/jobs/{id}",
        "/healthz",
        "/readyz",
        "/metrics",
        "/slack/events",
    ] {
        assert!(committed["paths"].get(path).is_some(), "{path} is described");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_end_is_served_with_its_policy() {
    let http = http();
    for (path, content_type) in [
        ("/", "text/html"),
        ("/widget.js", "text/javascript"),
        ("/web/api/page.css", "text/css"),
        ("/api", "text/html"),
    ] {
        let response = http.get(path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
        assert!(header("content-type").starts_with(content_type), "{path}");
        assert!(header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let again = http.get(path).header("if-none-match", header("etag")).send().await.expect("an answer");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_holds_no_path_of_the_machine() {
    let body = json!({"path": "/nowhere/at/all"});
    let response = http().post("/v1/jobs", &body).send().await.expect("an answer");
    let error = error_of(response, ErrorCode::UnreadablePath).await;
    assert!(!error.message.contains("/root"), "{error:?}");
}
