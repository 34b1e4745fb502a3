//! Who may call: the Host header, pages of other origins, and where the server listens.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use taproot_schemas::answer::Answer;
use taproot_schemas::error::ErrorCode;

use crate::support::examples::examples;
use crate::support::http::{Http, ok, refused};
use crate::support::server::{PUBLIC, Server};
use crate::support::taproot::Taproot;

fn http() -> Http {
    Http::to(&examples().server)
}

fn search(http: &Http) -> RequestBuilder {
    http.post("/v1/search", &json!({"query": "probe", "k": 1}))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_of_the_machine_is_refused() {
    let http = http();
    for host in ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example"] {
        refused(http.get("/v1/documents").header("host", host), ErrorCode::HostNotAllowed).await;
        refused(http.get("/").header("host", host), ErrorCode::HostNotAllowed).await;
    }
    for host in ["localhost", "LOCALHOST:1", "[::1]:8080", "127.0.0.1"] {
        let response = http.get("/v1/documents").header("host", host).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_this_machine_may_ask_and_others_may_not() {
    let http = http();
    for origin in ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"] {
        let response = search(&http).header("origin", origin).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{origin}");
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
    }
    for origin in ["https://evil.example", "http://localhost.evil.example", "null", "file://"] {
        refused(search(&http).header("origin", origin), ErrorCode::OriginNotAllowed).await;
        let response = search(&http).header("origin", origin).send().await.expect("an answer");
        assert!(!response.headers().contains_key("access-control-allow-origin"), "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_is_answered_for_allowed_pages() {
    let http = http();
    let preflight = |origin: &str| {
        http.request(Method::OPTIONS, "/v1/ask")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
    };
    let response = preflight("http://localhost:3000").send().await.expect("an answer");
    assert!(response.status().is_success(), "{response:?}");
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_ascii_lowercase();
    assert_eq!(header("access-control-allow-origin"), "http://localhost:3000");
    assert!(header("access-control-allow-methods").contains("post"));
    assert!(header("access-control-allow-headers").contains("content-type"));
    refused(preflight("https://evil.example"), ErrorCode::OriginNotAllowed).await;
}

/// Any page may embed the widget: its files are the same for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn the_widget_may_be_loaded_by_any_page() {
    let http = http();
    for path in ["/widget.js", "/web/chat/component.js"] {
        let response = http.get(path).header("origin", "https://intranet.example").send().await.expect("an answer");
        assert_eq!(
            (response.status(), &response.headers()["access-control-allow-origin"]),
            (StatusCode::OK, &"*".parse().expect("a value"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_port_deletes_nothing() {
    let http = http();
    let document = &http.documents().await[0];
    let delete = http.delete(&format!("/v1/documents/{}", document.id)).header("origin", "http://localhost:3000");
    refused(delete, ErrorCode::Forbidden).await;
    let job = http.post("/v1/jobs", &json!({"path": "/"})).header("origin", "http://localhost:3000");
    refused(job, ErrorCode::Forbidden).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_add_origins_and_hosts() {
    let taproot = Taproot::new();
    let settings = [
        PUBLIC,
        ("TAPROOT_SERVER_ALLOWED_ORIGINS", "https://intranet.example"),
        ("TAPROOT_SERVER_ALLOWED_HOSTS", "kb.example"),
    ];
    let server = Server::with(&taproot, &settings, None);
    let http = Http::to(&server);
    let asked = http.post("/v1/ask", &json!({"question": "Why?"}));
    let _: Answer = ok(asked.header("origin", "https://intranet.example").header("host", "kb.example")).await;
    refused(search(&http).header("origin", "https://other.example"), ErrorCode::OriginNotAllowed).await;
    refused(search(&http).header("host", "other.example"), ErrorCode::HostNotAllowed).await;
}

#[test]
fn it_listens_on_this_machine_only() {
    let server = &examples().server;
    assert!(server.address.starts_with("127.0.0.1:"), "{}", server.address);
    let taproot = Taproot::new();
    let help = String::from_utf8(taproot.run(&["serve", "--help"]).stdout).expect("UTF-8");
    assert!(help.contains("127.0.0.1:8080"), "the address when nothing is said: {help}");
}
