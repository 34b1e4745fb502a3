//! What the console lists: documents by filters, chunks, collections; and a file that is read again on demand.

use reqwest::{RequestBuilder, StatusCode};
use serde_json::json;
use taproot_schemas::document::{ChunkList, CollectionList, Document, DocumentList};
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobStatus};

use crate::support::files::{encrypted_pdf, pdf};
use crate::support::http::{Http, ok, refused};
use crate::support::server::{PUBLIC, Server};
use crate::support::slice;
use crate::support::taproot::Taproot;

const CLOSED: &str = "allow = [\"hr\"]\ncollection = \"people\"\n";

fn with_documents() -> Taproot {
    let taproot = Taproot::new();
    taproot.write("pumps/p-100.md", "# Pump P-100\n\nThe seal of the pump is changed each year.\n");
    taproot.write("pumps/50%.md", "# Half load\n\nAt half load the pump hums.\n");
    taproot.write("人事/年假.md", "# 年假制度\n\n员工每年享有十五天带薪年假。试用期员工不享有带薪年假。\n");
    taproot.write("hr/.taproot.toml", CLOSED);
    taproot.write("hr/salaries.md", "# Salaries of pump fitters\n\nA fitter of pumps earns 4,100 euros a month.\n");
    taproot.write("scan.pdf", pdf(&["The boiler room is locked at night."]));
    assert_eq!(taproot.ingest().added, 5);
    taproot
}

/// The same request from somewhere else: through a proxy, so that nobody knows whose it is.
fn from_outside(request: RequestBuilder) -> RequestBuilder {
    request.header("x-forwarded-for", "203.0.113.7")
}

fn uris(list: &DocumentList) -> Vec<&str> {
    assert_eq!(list.total as usize, list.documents.len(), "{list:?}");
    list.documents.iter().map(|document| document.uri.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_found_by_what_people_know_of_them() {
    let taproot = with_documents();
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    for (filter, expected) in [
        (vec![("q", "PUMP")], vec!["hr/salaries.md", "pumps/50%.md", "pumps/p-100.md"]),
        (vec![("q", "pump p-100")], vec!["pumps/p-100.md"]),
        (vec![("q", "年假")], vec!["人事/年假.md"]),
        (vec![("q", "50%")], vec!["pumps/50%.md"]),
        (vec![("q", "p_100")], vec![]),
        (vec![("language", "zh")], vec!["人事/年假.md"]),
        (vec![("type", "application/pdf")], vec!["scan.pdf"]),
        (vec![("collection", "people")], vec!["hr/salaries.md"]),
        (vec![("q", "pump"), ("collection", "people")], vec!["hr/salaries.md"]),
        (vec![("status", "stale")], vec![]),
    ] {
        let list: DocumentList = ok(http.list(&filter)).await;
        assert_eq!(uris(&list), expected, "{filter:?}");
    }
    for wrong in [("status", "fine"), ("q", &*"x".repeat(201)), ("type", "")] {
        if wrong.0 == "type" {
            assert!(ok::<DocumentList>(http.list(&[wrong])).await.documents.is_empty());
        } else {
            refused(http.list(&[wrong]), ErrorCode::InvalidRequest).await;
        }
    }
    // Whoever may not see a document is not told by a number either.
    let outside: DocumentList = ok(from_outside(http.list(&[("q", "pump")]))).await;
    assert_eq!(uris(&outside), ["pumps/50%.md", "pumps/p-100.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_count_what_the_caller_sees() {
    let taproot = with_documents();
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    let told = |list: &CollectionList| {
        let told = list.collections.iter().map(|c| (c.name.clone(), c.documents, c.groups.clone()));
        told.collect::<Vec<_>>()
    };
    let all: CollectionList = ok(http.get("/v1/collections")).await;
    let groups = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(told(&all), [("default".to_owned(), 4, groups(&[])), ("people".to_owned(), 1, groups(&["hr"]))]);
    assert!(all.collections.iter().all(|collection| collection.chunks >= collection.documents), "{all:?}");
    let outside: CollectionList = ok(from_outside(http.get("/v1/collections"))).await;
    assert_eq!(told(&outside), [("default".to_owned(), 4, None)], "what is hidden has not even a name");
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_the_text_in_pieces() {
    let taproot = with_documents();
    let sections = (1..=40).map(|n| format!("## Section {n}\n\n{}\n", format!("Valve {n} closes. ").repeat(40)));
    taproot.write("manual.md", format!("# Manual\n\n{}", sections.collect::<String>()));
    assert_eq!(taproot.ingest().added, 1);
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    let manual = http.document("manual.md").await;
    let text = http.text(&manual.id).await.text;
    let path = format!("/v1/documents/{}/chunks", manual.id);
    let (mut chunks, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: ChunkList = ok(http.get(&format!("{path}?limit=7{cursor}"))).await;
        assert_eq!((page.total, page.version), (u64::from(manual.chunks), manual.version));
        chunks.extend(page.chunks);
        let Some(next) = page.next_cursor else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(chunks.len() > 7 && chunks.len() == manual.chunks as usize, "{} chunks", chunks.len());
    for (number, chunk) in chunks.iter().enumerate() {
        assert_eq!((chunk.ordinal as usize, &chunk.text), (number, &slice(&text, chunk.start, chunk.end)));
    }
    assert!(chunks[20].heading.as_deref().is_some_and(|heading| heading.starts_with("Manual › Section")), "{chunks:?}");

    // A cursor is of one version.
    taproot.write("manual.md", "# Manual\n\nThere are no valves any more.\n");
    let order = json!({"path": taproot.documents_folder()});
    assert_eq!(http.finished_job(&order).await.status, JobStatus::Succeeded);
    let error = refused(http.get(&format!("{path}?cursor=1-7")), ErrorCode::InvalidRequest).await;
    assert!(error.message.contains("changed"), "{error:?}");
    refused(http.get(&format!("{path}?limit=0")), ErrorCode::InvalidRequest).await;
    refused(http.get("/v1/documents/none/chunks"), ErrorCode::DocumentNotFound).await;
    let hidden = http.document("hr/salaries.md").await;
    let hidden = format!("/v1/documents/{}/chunks", hidden.id);
    refused(from_outside(http.get(&hidden)), ErrorCode::DocumentNotFound).await;
}

async fn reread(http: &Http, document: &Document) -> Job {
    let response = http.post(&format!("/v1/documents/{}/reread", document.id), &json!(null)).send().await;
    let response = response.expect("an answer");
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let job: Job = response.json().await.expect("a job");
    let job = http.ended(&job.id).await;
    assert_eq!(job.status, JobStatus::Succeeded, "{job:?}");
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_again_on_demand_and_no_other() {
    let taproot = with_documents();
    let server = Server::with(&taproot, &[PUBLIC], None);
    let http = Http::to(&server);
    // Ingested for a group, without a word about it in the folder.
    let order = json!({"path": taproot.documents_folder().join("pumps"), "collection": "closed", "allow": ["fitters"]});
    assert_eq!(http.finished_job(&order).await.status, JobStatus::Succeeded);
    let closed: DocumentList = ok(http.list(&[("collection", "closed"), ("q", "p-100")])).await;
    let closed = closed.documents.into_iter().next().expect("a document");
    assert_eq!(closed.uri, "p-100.md");

    // An ingest of the folder does not look into a file that has not changed.
    let unchanged = http.finished_job(&order).await;
    assert_eq!(unchanged.progress.bytes_done, 0, "{unchanged:?}");
    let job = reread(&http, &closed).await;
    assert_eq!(job.progress.bytes_done, closed.bytes, "the file was read: {job:?}");
    let report = job.report.expect("a report");
    assert_eq!((report.unchanged, report.changed, report.deleted), (1, 0, 0), "{report:?}");

    // What has changed comes in, for the same group; what happened to other files is none of its business.
    taproot.write("pumps/p-100.md", "# Pump P-100\n\nThe seal is changed twice a year.\n");
    taproot.remove("pumps/50%.md");
    taproot.write("pumps/new.md", "# New\n\nA new pump.\n");
    reread(&http, &closed).await;
    let after: Document = ok(http.get(&format!("/v1/documents/{}", closed.id))).await;
    assert_eq!((after.version, &after.allow), (closed.version + 1, &closed.allow));
    assert!(http.text(&closed.id).await.text.contains("twice a year"));
    let others: DocumentList = ok(http.list(&[("collection", "closed")])).await;
    assert_eq!(uris(&others), ["50%.md", "p-100.md"]);

    // A file that cannot be read any more keeps what there was, and says so.
    let scan = http.document("scan.pdf").await;
    taproot.write("scan.pdf", &pdf(&["The boiler room is locked at night."])[..200]);
    reread(&http, &scan).await;
    let stale: DocumentList = ok(http.list(&[("status", "stale")])).await;
    assert_eq!(uris(&stale), ["scan.pdf"]);
    assert!(stale.documents[0].failure.is_some(), "{stale:?}");
    let ready: DocumentList = ok(http.list(&[("status", "ready"), ("type", "application/pdf")])).await;
    assert!(ready.documents.is_empty());
    taproot.write("scan.pdf", encrypted_pdf());
    let job = reread(&http, &scan).await;
    assert_eq!(job.report.expect("a report").deleted, 1, "nobody is shown what its owner has locked");

    let gone = http.document("pumps/50%.md").await;
    let path = |document: &Document| format!("/v1/documents/{}/reread", document.id);
    refused(http.post(&path(&gone), &json!(null)), ErrorCode::OriginalGone).await;
    refused(from_outside(http.post(&path(&closed), &json!(null))), ErrorCode::Unauthorized).await;
    refused(http.post("/v1/documents/none/reread", &json!(null)), ErrorCode::DocumentNotFound).await;
    server.interrupt();
    drop(server);
    taproot.assert_healthy();
}
