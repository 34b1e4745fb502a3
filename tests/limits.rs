//! What one caller may ask for, and what nobody but it feels.

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use taproot_schemas::error::ErrorCode;

use crate::support::http::{client, error_of, ok, refused};
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::tenants::Tenants;

/// The first of many requests that is one too many. How many come before it depends on how slow the machine is.
async fn refused_at_last(request: impl Fn() -> RequestBuilder) -> Response {
    for _ in 0..1_000 {
        let response = request().send().await.expect("an answer");
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            return response;
        }
    }
    panic!("a thousand requests, and none was too many");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_has_its_own_requests() {
    let tenants = Tenants::with(&[("TAPROOT_LIMITS_REQUESTS_PER_MINUTE", "5")]);
    let http = tenants.http();
    let (one, other) = (tenants.key("reader", "north", &[]).await, tenants.key("reader", "north", &[]).await);
    let response = refused_at_last(|| one.ask(http.get("/v1/documents"))).await;
    let after: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&after), "{after}");
    error_of(response, ErrorCode::RateLimited).await;
    let _: Value = ok(other.ask(http.get("/v1/documents"))).await;
    // Probes are nobody's requests.
    for _ in 0..20 {
        let _: Value = ok(one.ask(http.get("/healthz"))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_keys_is_slowed_down() {
    let tenants = Tenants::with(&[("TAPROOT_LIMITS_FAILED_SIGN_INS_PER_MINUTE", "3")]);
    let http = tenants.http();
    tenants.key("reader", "north", &[]).await;
    refused(http.get("/v1/documents").bearer_auth("taproot_sk_0"), ErrorCode::Unauthorized).await;
    let by_key = refused_at_last(|| http.get("/v1/documents").bearer_auth("taproot_sk_1")).await;
    error_of(by_key, ErrorCode::RateLimited).await;
    let by_sign_in = refused_at_last(|| http.post("/v1/session", &json!({"key": "taproot_sk_2"}))).await;
    error_of(by_sign_in, ErrorCode::RateLimited).await;
    // Whoever has a key is not kept out by others' guesses.
    let _: Value = ok(http.get("/v1/documents").bearer_auth(&tenants.admin)).await;
}

/// Behind a proxy that the settings trust each address counts for itself, at every door; refusals count as well.
#[tokio::test(flavor = "multi_thread")]
async fn people_behind_a_proxy_are_told_apart() {
    let tenants = Tenants::with(&[
        ("TAPROOT_SERVER_TRUSTED_PROXIES", "127.0.0.1"),
        ("TAPROOT_LIMITS_FAILED_SIGN_INS_PER_MINUTE", "2"),
        ("TAPROOT_LIMITS_ANONYMOUS_REQUESTS_PER_MINUTE", "2"),
    ]);
    let http = tenants.http();
    tenants.key("reader", "north", &[]).await;
    let guess =
        |address: &str| http.post("/v1/session", &json!({"key": "taproot_sk_x"})).header("x-forwarded-for", address);
    let exchange = |address: &str| {
        http.post("/v1/widget/token", &json!({"key": "taproot_pk_x"})).header("x-forwarded-for", address)
    };
    let list = |address: &str| http.get("/v1/documents").header("x-forwarded-for", address);
    for (request, code) in [
        (&guess as &dyn Fn(&str) -> RequestBuilder, ErrorCode::InvalidKey),
        (&exchange, ErrorCode::InvalidKey),
        (&list, ErrorCode::Unauthorized),
    ] {
        refused_at_last(|| request("203.0.113.1")).await;
        refused(request("203.0.113.2"), code).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_caller_gets_so_many_answers_at_a_time() {
    let tenants = Tenants::with(&[("TAPROOT_LIMITS_ANSWERS_AT_A_TIME", "1")]);
    let http = tenants.http();
    let one = tenants.key("reader", "north", &[]).await;
    let ask =
        |stream: bool| one.ask(http.post("/v1/ask", &json!({"question": "Who checks the lamp?", "stream": stream})));
    let all = futures_util::future::join_all((0..6).map(|_| ask(false).send())).await;
    let statuses: Vec<StatusCode> = all.into_iter().map(|answer| answer.expect("an answer").status()).collect();
    let count = |wanted: StatusCode| statuses.iter().filter(|status| **status == wanted).count();
    let (answered, waits) = (count(StatusCode::OK), count(StatusCode::TOO_MANY_REQUESTS));
    assert!(answered >= 1 && waits >= 1 && answered + waits == 6, "{statuses:?}");
    // The place is free again when an answer has ended, a stream's too.
    for _ in 0..2 {
        let response = ask(true).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.text().await.expect("all of it").contains("final_answer"));
    }
}

/// With a certificate the server speaks TLS, and the command line of its machine reaches it all the same.
#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_tls_when_it_is_given_a_certificate() {
    let taproot = Taproot::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (taproot.root().join("cert.pem"), taproot.root().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let (certificate, key) = (certificate.to_string_lossy().into_owned(), key.to_string_lossy().into_owned());
    let told = taproot.fails_with(&["serve"], &[("TAPROOT_SERVER_TLS_CERTIFICATE", &certificate)]);
    assert!(told.contains("server.tls_key is missing"), "{told}");
    let swapped = [("TAPROOT_SERVER_TLS_CERTIFICATE", key.as_str()), ("TAPROOT_SERVER_TLS_KEY", certificate.as_str())];
    let told = taproot.fails_with(&["serve"], &swapped);
    assert!(told.contains("cannot use the TLS file") && told.contains("hint: "), "{told}");

    let settings = [("TAPROOT_SERVER_TLS_CERTIFICATE", certificate.as_str()), ("TAPROOT_SERVER_TLS_KEY", key.as_str())];
    let server = Server::at(&taproot, "127.0.0.1:0", &settings);
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trusting = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().expect("a client");
    let port = server.address.rsplit(':').next().expect("a port");
    let health: Value = ok(trusting.get(format!("https://localhost:{port}/healthz"))).await;
    assert_eq!(health["status"], "ok");
    assert!(client().get(format!("http://localhost:{port}/healthz")).send().await.is_err(), "no TLS, no answer");
    assert!(taproot.uris().is_empty());
}
