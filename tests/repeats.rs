//! What is asked again: writes with the same key are done once, and answers that have not changed are not sent again.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobList, JobStatus};

use crate::support::http::{Http, ok, refused};
use crate::support::server::{PUBLIC, Server};
use crate::support::taproot::Taproot;
use crate::support::upload::form;
use crate::support::wait::eventually;

fn keyed(request: RequestBuilder, key: &str) -> RequestBuilder {
    request.header("idempotency-key", key)
}

async fn answer(request: RequestBuilder) -> (Response, bool) {
    let response = request.send().await.expect("an answer");
    let replayed = response.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    (response, replayed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_ordered_again_is_the_same_job() {
    let taproot = Taproot::new();
    taproot.write("kea.md", "# Kea\n\nThe kea opens bins.\n");
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let order = json!({"path": taproot.documents_folder()});
    let send = |key: &str, order: &Value| answer(keyed(http.post("/v1/jobs", order), key));

    let (response, replayed) = send("k1", &order).await;
    assert_eq!((response.status(), replayed), (StatusCode::ACCEPTED, false));
    let first: Job = response.json().await.expect("a job");
    http.ended(&first.id).await;
    let (response, replayed) = send("k1", &order).await;
    assert_eq!((response.status(), replayed), (StatusCode::ACCEPTED, true));
    assert!(response.headers().contains_key("x-request-id"), "each answer has an id of its own");
    let again: Job = response.json().await.expect("a job");
    assert_eq!((&again.id, again.status), (&first.id, JobStatus::Queued), "what was answered then");
    let jobs: JobList = ok(http.get("/v1/jobs")).await;
    assert_eq!(jobs.jobs.len(), 1);

    let other = json!({"path": taproot.documents_folder(), "dry_run": true});
    refused(keyed(http.post("/v1/jobs", &other), "k1"), ErrorCode::IdempotencyKeyReused).await;
    refused(keyed(http.post("/v1/jobs", &order), &"x".repeat(256)), ErrorCode::InvalidRequest).await;
    let (response, replayed) = send("k2", &order).await;
    assert!(!replayed);
    let second: Job = response.json().await.expect("a job");
    assert_ne!(second.id, first.id, "another key makes another job");
    http.ended(&second.id).await;

    // What was refused is tried anew.
    let later = json!({"path": taproot.root().join("later")});
    let (response, _) = send("k3", &later).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    std::fs::create_dir(taproot.root().join("later")).expect("a folder");
    let (response, replayed) = send("k3", &later).await;
    assert_eq!((response.status(), replayed), (StatusCode::ACCEPTED, false));
    let third: Job = response.json().await.expect("a job");
    http.ended(&third.id).await;

    let page: JobList = ok(http.get("/v1/jobs?limit=2")).await;
    assert_eq!(page.jobs.iter().map(|job| &job.id).collect::<Vec<_>>(), [&third.id, &second.id]);
    let cursor = page.next_cursor.expect("there is more");
    let rest: JobList = ok(http.get(&format!("/v1/jobs?limit=2&cursor={cursor}"))).await;
    assert_eq!((rest.jobs.len(), &rest.jobs[0].id, rest.next_cursor), (1, &first.id, None));

    // A question makes nothing: the key has no meaning there.
    let ask = json!({"question": "What opens bins?"});
    let (_, replayed) = answer(keyed(http.post("/v1/ask", &ask), "k1")).await;
    let (response, again) = answer(keyed(http.post("/v1/ask", &ask), "k1")).await;
    assert_eq!((replayed, again, response.status()), (false, false, StatusCode::OK));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_again_is_the_same_whatever_its_boundary() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let files: [(&str, &[u8]); 1] = [("kea.md", b"# Kea\n\nThe kea opens bins.\n")];
    let first: Job = ok(keyed(form(&http, "", &[], &files), "upload")).await;
    http.ended(&first.id).await;

    // As another client writes the same form, in a request of its own.
    let boundary = "another-line";
    let body = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"kea.md\"\r\n\
         content-type: application/octet-stream\r\n\r\n# Kea\n\nThe kea opens bins.\n\r\n--{boundary}--\r\n"
    );
    let again = http
        .request(reqwest::Method::POST, "/v1/documents")
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(body);
    let (response, replayed) = answer(keyed(again, "upload")).await;
    assert!(replayed, "{}", response.status());
    assert_eq!(response.json::<Job>().await.expect("a job").id, first.id);

    let other: [(&str, &[u8]); 1] = [("kea.md", b"# Kea\n\nThe kea steals wipers.\n")];
    refused(keyed(form(&http, "", &[], &other), "upload"), ErrorCode::IdempotencyKeyReused).await;
    let jobs: JobList = ok(http.get("/v1/jobs")).await;
    assert_eq!(jobs.jobs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_in_use_while_its_request_is_worked_on() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let folder = taproot.documents_folder();
    let order = json!({"path": folder}).to_string();
    let mut slow = TcpStream::connect(&server.address).expect("a connection");
    write!(
        slow,
        "POST /v1/jobs HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nidempotency-key: slow\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{}",
        server.address,
        order.len(),
        &order[..5]
    )
    .expect("the server reads");
    slow.flush().expect("the server reads");
    // When the second comes before the first, it is refused for its body, and its key is free again.
    let second = || async {
        let response =
            keyed(http.post("/v1/jobs", &json!({"path": "no/such"})), "slow").send().await.expect("an answer");
        (response.status() == StatusCode::CONFLICT).then_some(response)
    };
    let refusal: Value = eventually("the key is in use", second).await.json().await.expect("an error");
    assert_eq!(refusal["error"]["code"], "idempotency_key_in_use");

    slow.write_all(&order.as_bytes()[5..]).expect("the server reads");
    let mut text = String::new();
    slow.read_to_string(&mut text).expect("the server answers");
    assert!(text.starts_with("HTTP/1.1 202 "), "{text}");
    let (response, replayed) = answer(keyed(http.post("/v1/jobs", &json!({"path": folder})), "slow")).await;
    assert!(replayed, "{}", response.status());

    // Broken off: the key is free.
    let mut gone = TcpStream::connect(&server.address).expect("a connection");
    write!(
        gone,
        "POST /v1/jobs HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nidempotency-key: gone\r\n\
         content-length: 100\r\n\r\n{{",
        server.address
    )
    .expect("the server reads");
    drop(gone);
    let third = || async {
        let (response, replayed) = answer(keyed(http.post("/v1/jobs", &json!({"path": folder})), "gone")).await;
        (response.status() == StatusCode::ACCEPTED).then_some(replayed)
    };
    assert!(!eventually("the key is free", third).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_sent_again() {
    let taproot = Taproot::new();
    taproot.write("board/.taproot.toml", "allow = [\"board\"]\n");
    taproot.write("board/kea.md", "# Kea\n\nThe kea opens bins.\n");
    taproot.ingest();
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    let id = http.document("board/kea.md").await.id;
    let paths = [
        format!("/v1/documents/{id}"),
        format!("/v1/documents/{id}/text"),
        format!("/v1/documents/{id}/original"),
        "/v1/documents?uri=board/kea.md".to_owned(),
    ];
    let mut tags = Vec::new();
    for path in &paths {
        let response = http.get(path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["cache-control"], "private, no-cache", "{path}");
        let tag = response.headers()["etag"].to_str().expect("text").to_owned();
        let with_tag = || http.get(path).header("if-none-match", format!("\"other\", {tag}"));
        let unchanged = with_tag().send().await.expect("an answer");
        assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(unchanged.headers()["etag"], *tag, "{path}");
        assert_eq!(unchanged.bytes().await.expect("a body").len(), 0);
        // Who may not see it learns nothing from a tag.
        if path.contains(&id) {
            refused(with_tag().header("x-forwarded-for", "203.0.113.7"), ErrorCode::DocumentNotFound).await;
        }
        tags.push(tag);
    }
    taproot.write("board/kea.md", "# Kea\n\nThe kea steals wipers.\n");
    taproot.ingest();
    for (path, tag) in paths.iter().zip(&tags) {
        let response = http.get(path).header("if-none-match", tag).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_ne!(response.headers()["etag"], **tag, "{path}");
    }
}
