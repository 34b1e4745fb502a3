//! Doors in the form of other APIs: OpenAI's, Dify's, the Model Context Protocol, spoken to by official clients where there
//! are some.

use reqwest::StatusCode;
use serde_json::{Value, json};
use taproot_schemas::dify::{DifyError, RetrievalResponse, RetrievedRecord};

use crate::support::clients;
use crate::support::examples::examples;
use crate::support::http::{Http, ok};
use crate::support::server::{PUBLIC, Server};
use crate::support::taproot::Taproot;

fn http() -> Http {
    Http::to(&examples().server)
}

#[test]
fn the_python_client_of_openai_works_unmodified() {
    clients::python("openai_client.py", &[&examples().server.url("")]);
}

#[test]
fn the_node_client_of_openai_works_unmodified() {
    clients::node("openai_client.cjs", &[&examples().server.url("")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_another_api_is_not_kept() {
    let http = http();
    let before: Value = ok(http.get("/v1/conversations?limit=200")).await;
    let body = json!({"model": "taproot", "messages": [{"role": "user", "content": "A question that nobody keeps?"}]});
    let _: Value = ok(http.post("/v1/chat/completions", &body)).await;
    let after: Value = ok(http.get("/v1/conversations?limit=200")).await;
    let titles = |list: &Value| list["conversations"].to_string().matches("nobody keeps").count();
    assert_eq!((titles(&before), titles(&after)), (0, 0), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_before_the_handler_have_the_form_of_their_api() {
    let http = http();
    for (request, status) in [
        (http.get("/v1/chat/completions"), StatusCode::METHOD_NOT_ALLOWED),
        (http.request(reqwest::Method::POST, "/v1/embeddings").body("{}"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (http.post("/v1/chat/completions", &json!([])), StatusCode::BAD_REQUEST),
        (http.get("/v1/models").header("origin", "https://elsewhere.example"), StatusCode::FORBIDDEN),
    ] {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.expect("JSON");
        let error = &body["error"];
        assert!(error["message"].is_string() && error["type"].is_string() && error["code"].is_string(), "{body}");
        assert!(error["param"].is_null() && error["request_id"].is_string() && error["hint"].is_null(), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dify_retrieves_from_a_collection() {
    let http = http();
    let ask = |change: Value| {
        let mut body = json!({"knowledge_id": "default", "query": "How many days of annual leave do employees have?",
            "retrieval_setting": {"top_k": 3, "score_threshold": 0.2}});
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        http.post("/retrieval", &body).header("authorization", "Bearer anything")
    };
    let found: RetrievalResponse = ok(ask(json!({}))).await;
    assert_eq!(found.records.len(), 3);
    let scores: Vec<f32> = found.records.iter().map(|record| record.score).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores.iter().all(|score| (0.2..=1.0).contains(score)), "{scores:?}");
    let first = &found.records[0];
    assert!(first.content.contains("leave") && !first.title.is_empty(), "{first:?}");
    assert!(first.metadata["uri"].as_str().expect("a uri").contains("leave-policy"), "{first:?}");

    let none: RetrievalResponse = ok(ask(json!({"retrieval_setting": {"top_k": 3, "score_threshold": 1.0}}))).await;
    assert!(none.records.iter().all(|record| record.score == 1.0), "{none:?}");
    for (comparison, value, fits) in [("start with", "hr/", true), ("not contains", "hr/", false)] {
        let condition = json!({"logical_operator": "and", "conditions":
            [{"name": ["uri"], "comparison_operator": comparison, "value": value}]});
        let found: RetrievalResponse = ok(ask(json!({"metadata_condition": condition}))).await;
        let in_it = |record: &RetrievedRecord| record.metadata["uri"].as_str().expect("a uri").starts_with("hr/");
        assert!(!found.records.is_empty() && found.records.iter().all(|record| in_it(record) == fits), "{found:?}");
    }

    for (change, status, code) in [
        (json!({"knowledge_id": "nothing of this name"}), StatusCode::NOT_FOUND, 2001),
        (json!({"retrieval_setting": {"top_k": 0}}), StatusCode::BAD_REQUEST, 400),
        (json!({"query": ""}), StatusCode::BAD_REQUEST, 400),
        (json!({"query": 7}), StatusCode::BAD_REQUEST, 400),
    ] {
        let response = ask(change).send().await.expect("an answer");
        assert_eq!(response.status(), status);
        let error: DifyError = response.json().await.expect("Dify's form");
        assert_eq!(error.error_code, code, "{error:?}");
        assert!(!error.error_msg.is_empty());
    }
}

#[test]
fn the_python_client_of_the_model_context_protocol_works() {
    clients::python("mcp_client.py", &[&examples().server.url("")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_clients_of_the_model_context_protocol_are_answered() {
    let http = http();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params":
            {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}});
        let reply: Value = ok(http.post("/mcp", &hello)).await;
        assert_eq!(reply["result"]["protocolVersion"], version, "{reply}");
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let response =
            http.post("/mcp", &notification).header("mcp-protocol-version", version).send().await.expect("an answer");
        assert_eq!((response.status(), response.content_length()), (StatusCode::ACCEPTED, Some(0)));
        let list = json!({"jsonrpc": "2.0", "id": "a", "method": "tools/list"});
        let reply: Value = ok(http.post("/mcp", &list).header("mcp-protocol-version", version)).await;
        assert_eq!((&reply["id"], reply["result"]["tools"].as_array().map(Vec::len)), (&json!("a"), Some(3)));
    }
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2031-01-01"}});
    let reply: Value = ok(http.post("/mcp", &hello)).await;
    assert_eq!(reply["result"]["protocolVersion"], "2025-11-25", "{reply}");

    for (request, status) in [
        (http.get("/mcp").header("accept", "text/event-stream"), StatusCode::METHOD_NOT_ALLOWED),
        (http.delete("/mcp").header("mcp-session-id", "x"), StatusCode::METHOD_NOT_ALLOWED),
        (http.post("/mcp", &json!([])), StatusCode::BAD_REQUEST),
        (http.post("/mcp", &json!({"id": 1})), StatusCode::BAD_REQUEST),
        (http.request(reqwest::Method::POST, "/mcp").body("{}"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (http.post("/mcp", &hello).header("origin", "https://elsewhere.example"), StatusCode::FORBIDDEN),
    ] {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            assert_eq!(response.headers().get("allow").and_then(|methods| methods.to_str().ok()), Some("POST"));
        }
        let reply: Value = response.json().await.expect("JSON");
        assert!(reply["error"]["code"].as_i64().is_some_and(|code| code < 0) && reply["id"].is_null(), "{reply}");
    }
}

/// What one caller finds, by every door of another API.
async fn found_by_all_doors(http: &Http, id: &str, caller: Option<(&str, &str)>) -> String {
    let call = |name: &str, arguments: Value| {
        (
            "/mcp",
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}),
        )
    };
    let question = "What is the canary of the board?";
    let message = json!([{"role": "user", "content": question}]);
    let mut found = String::new();
    for (path, body) in [
        ("/v1/chat/completions", json!({"model": "taproot", "messages": message})),
        ("/v1/chat/completions", json!({"model": "taproot", "messages": message, "stream": true})),
        ("/retrieval", json!({"knowledge_id": "default", "query": question, "retrieval_setting": {"top_k": 10}})),
        call("search_documents", json!({"query": question})),
        call("ask", json!({"question": question})),
        call("get_document", json!({"document_id": id})),
    ] {
        let mut request = http.post(path, &body);
        if let Some((name, value)) = caller {
            request = request.header(name, value);
        }
        let text = request.send().await.expect("an answer").text().await.expect("a body");
        found.push_str(&text.replace(question, ""));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_may_not_see_comes_through_no_door() {
    let taproot = Taproot::new();
    taproot.write("open/leave.md", "# Leave\n\nThe canary of the office lives in the kitchen.\n");
    taproot.write("board/.taproot.toml", "allow = [\"board\"]\n");
    taproot.write("board/secret.md", "# Minutes\n\nThe canary of the board is named Xanthippe.\n");
    assert_eq!(taproot.ingest().added, 2);
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    let id = http.document("board/secret.md").await.id;
    let owner = found_by_all_doors(&http, &id, None).await;
    assert!(owner.matches("Xanthippe").count() >= 6, "{owner}");
    let stranger = found_by_all_doors(&http, &id, Some(("x-forwarded-for", "203.0.113.7"))).await;
    assert!(!stranger.contains("Xanthippe") && !stranger.contains("secret.md"), "{stranger}");
    assert!(stranger.contains("kitchen"), "{stranger}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_limits_are_told_in_the_form_of_each_api() {
    const REQUESTS: &str = "5";
    let taproot = Taproot::new();
    taproot.write("leave.md", "# Leave\n\nEmployees have 25 days of leave.\n");
    taproot.ingest();
    let server = Server::with(&taproot, &[("TAPROOT_LIMITS_REQUESTS_PER_MINUTE", REQUESTS)], None);
    let http = Http::to(&server);
    let made: Value = ok(http.post("/v1/keys", &json!({"name": "client", "groups": ["*"]}))).await;
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let url = server.url("");
    tokio::task::spawn_blocking(move || clients::python("openai_keys.py", &[&url, &secret, REQUESTS]))
        .await
        .expect("the client ends well");

    let body = json!({"knowledge_id": "default", "query": "leave", "retrieval_setting": {"top_k": 1}});
    for (authorization, code) in [(Some("Basic dGFwcm9vdA=="), 1001), (Some("Bearer wrong"), 1002), (None, 1002)] {
        let mut request = http.post("/retrieval", &body);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let error: DifyError = response.json().await.expect("Dify's form");
        assert_eq!(error.error_code, code, "{error:?}");
    }
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let response = http.post("/mcp", &ping).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let reply: Value = response.json().await.expect("JSON");
    assert_eq!(reply["error"]["data"]["code"], "unauthorized", "{reply}");
}
