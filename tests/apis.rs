//! Doors in the form of other APIs: OpenAI's, each spoken to by its official clients.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::clients;
use crate::support::examples::examples;
use crate::support::http::{Http, ok};

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
