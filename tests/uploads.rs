//! `POST /v1/documents`: files of a form become documents, are replaced, and go for good.

use reqwest::{Method, StatusCode};
use serde_json::json;
use taproot_schemas::document::Deleted;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobStatus};
use taproot_schemas::search::SearchResponse;

use crate::support::files::pdf;
use crate::support::http::{Http, ok, refused};
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::upload::form;

async fn hits(http: &Http, query: &str) -> Vec<String> {
    let found: SearchResponse = ok(http.post("/v1/search", &json!({"query": query}))).await;
    found.hits.into_iter().filter(|hit| hit.text.contains(query)).map(|hit| hit.uri).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_searched_replaced_and_gone() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let fields = [("collection", "guides"), ("path", "birds/")];
    let leaflet = pdf(&["The kagu cannot fly."]);
    let files: [(&str, &[u8]); 2] = [("kea.md", b"# Kea\n\nThe kea opens bins.\n"), ("传单.pdf", &leaflet)];
    let response = form(&http, "?wait=true", &fields, &files).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let job: Job = response.json().await.expect("a job");
    assert_eq!((job.status, job.report.map(|report| report.added)), (JobStatus::Succeeded, Some(2)));
    let document = http.document("birds/kea.md").await;
    assert_eq!((document.collection.as_str(), document.version), ("guides", 1));
    assert_eq!(hits(&http, "kagu").await, ["birds/传单.pdf"]);

    let newer: [(&str, &[u8]); 1] = [("kea.md", b"# Kea\n\nThe kea steals wipers.\n")];
    let response = form(&http, "", &fields, &newer).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let job: Job = response.json().await.expect("a job");
    assert_eq!(http.ended(&job.id).await.report.map(|report| report.changed), Some(1));
    let replaced = http.document("birds/kea.md").await;
    assert_eq!((replaced.id.as_str(), replaced.version), (document.id.as_str(), 2), "a new version of the same");
    assert!(hits(&http, "bins").await.is_empty());
    let original = format!("/v1/documents/{}/original", replaced.id);
    let text = http.get(&original).send().await.expect("an answer").text().await.expect("a body");
    assert!(text.contains("wipers"), "{text}");

    let deleted: Deleted = ok(http.delete(&format!("/v1/documents/{}", replaced.id))).await;
    assert!(deleted.file_removed, "{deleted:?}");
    assert!(hits(&http, "wipers").await.is_empty());
    refused(http.get(&original), ErrorCode::DocumentNotFound).await;
    let again: [(&str, &[u8]); 1] = [("moa.md", b"The moa is extinct.\n")];
    let job: Job = ok(form(&http, "?wait=true", &fields, &again)).await;
    assert_eq!(job.status, JobStatus::Succeeded, "{job:?}");
    assert!(hits(&http, "wipers").await.is_empty(), "the next ingest does not bring it back");
    assert_eq!(http.documents().await.len(), 2);
    let job: Job = ok(form(&http, "?wait=true", &fields, &newer)).await;
    assert_eq!(job.report.map(|report| report.added), Some(1), "but who sends it again has it again");
    assert_eq!(hits(&http, "wipers").await, ["birds/kea.md"]);
    taproot.assert_healthy();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_for_fewer_people_is_nowhere_open() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let wages: [(&str, &[u8]); 1] = [("wages.md", b"The wages of the dodo.\n")];
    let lunch: [(&str, &[u8]); 1] = [("lunch.md", b"The lunch of the dodo.\n")];
    let _: Job = ok(form(&http, "?wait=true", &[], &wages)).await;
    let _: Job = ok(form(&http, "?wait=true", &[], &lunch)).await;
    let groups = [("allow", "hr"), ("allow", "board")];
    let _: Job = ok(form(&http, "?wait=true", &groups, &wages)).await;
    let wages = http.document("wages.md").await;
    assert_eq!(wages.allow, ["board", "hr"], "there is one, for the groups only");
    assert!(http.document("lunch.md").await.allow.is_empty(), "the others stay as they are");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_taken_leaves_nothing() {
    let taproot = Taproot::new();
    let settings = [("TAPROOT_SERVER_MAX_UPLOAD_MIB", "2"), ("TAPROOT_INGEST_MAX_FILE_MIB", "1")];
    let server = Server::with(&taproot, &settings, None);
    let http = Http::to(&server);
    let small: (&str, &[u8]) = ("a.md", b"An auk.\n");
    let large = vec![b'x'; (1 << 20) - 1];
    let too_large = vec![b'x'; (1 << 20) + 1];
    for (fields, files, code) in [
        (vec![], vec![], ErrorCode::InvalidRequest),
        (vec![("colection", "a")], vec![small], ErrorCode::InvalidRequest),
        (vec![("collection", "*")], vec![small], ErrorCode::InvalidRequest),
        (vec![("path", "../a.md")], vec![small], ErrorCode::InvalidPath),
        (vec![], vec![("..", small.1)], ErrorCode::InvalidPath),
        (vec![], vec![(".env", small.1)], ErrorCode::InvalidPath),
        (vec![], vec![small, ("b.md", too_large.as_slice())], ErrorCode::BodyTooLarge),
        (vec![], vec![("a", large.as_slice()), ("b", &large), ("c", &large)], ErrorCode::BodyTooLarge),
    ] {
        refused(form(&http, "", &fields, &files), code).await;
    }
    refused(http.post("/v1/documents", &json!({})), ErrorCode::UnsupportedMediaType).await;
    refused(form(&http, "?wiat=true", &[], &[small]), ErrorCode::InvalidRequest).await;
    let from_a_page = form(&http, "", &[], &[small]).header("origin", "http://localhost:3000");
    refused(from_a_page, ErrorCode::Forbidden).await;
    let foreign = form(&http, "", &[], &[small]).header("origin", "https://evil.example");
    refused(foreign, ErrorCode::OriginNotAllowed).await;
    for (method, path) in
        [(Method::GET, "/v1/sources"), (Method::GET, "/v1/jobs/x/events"), (Method::PUT, "/v1/sync/files/x?source=a")]
    {
        let request = http.request(method, path).header("x-forwarded-for", "203.0.113.7");
        refused(request, ErrorCode::Unauthorized).await;
    }
    let arriving = std::fs::read_dir(taproot.data().join("uploads/.staging/@incoming")).expect("the folder").count();
    assert_eq!(arriving, 0);
    assert!(http.documents().await.is_empty());
}

/// A document of a folder on disk: its file is the user's, and stays.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_document_leaves_a_file_that_was_not_uploaded() {
    let taproot = Taproot::new();
    taproot.write("a.md", "An auk.\n");
    taproot.ingest();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let document = http.document("a.md").await;
    let deleted: Deleted = ok(http.delete(&format!("/v1/documents/{}", document.id))).await;
    assert!(!deleted.file_removed && taproot.documents_folder().join("a.md").exists());
    assert!(http.documents().await.is_empty());
}
