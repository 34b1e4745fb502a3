//! `/v1/documents`: pages, text, originals, deletion.

use std::path::PathBuf;

use reqwest::{Method, Response, StatusCode};
use taproot_schemas::document::{Deleted, DocumentList};
use taproot_schemas::error::ErrorCode;

use crate::support::examples::{documents, examples};
use crate::support::http::{Http, ok, refused};
use crate::support::server::Server;
use crate::support::slice;
use crate::support::taproot::Taproot;

fn examples_http() -> Http {
    Http::to(&examples().server)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_there() {
    let (http, report) = (examples_http(), &examples().report);
    assert!(report.failed.is_empty(), "{report:?}");
    let listed = http.documents().await;
    assert_eq!(listed.len() as u64, report.added, "{report:?}");
    assert!(listed.is_sorted_by_key(|document| document.uri.clone()));
    let mut files: Vec<String> =
        listed.iter().map(|d| d.uri.split('#').next().unwrap_or_default().to_owned()).collect();
    files.dedup();
    assert_eq!(files, files_below(documents()), "every file is at least one document");
    for document in &listed {
        assert!(document.chunks > 0 && document.characters > 0 && document.bytes > 0, "{document:?}");
    }
    let language = |uri: &str| listed.iter().find(|d| d.uri == uri).and_then(|d| d.language.clone());
    assert_eq!(language("hr/leave-policy-2025.md").as_deref(), Some("en"));
    assert_eq!(language("人事/员工休假制度-2025.md").as_deref(), Some("zh"));
    assert_eq!(language("信息技术/信息安全须知.txt").as_deref(), Some("zh"), "GB18030 is read right");
}

fn files_below(folder: PathBuf) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(&folder).expect("below the folder");
                found.push(below.to_str().expect("Unicode").to_owned());
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_add_up_to_the_whole_list() {
    let http = examples_http();
    let all = http.documents().await;
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let after: Vec<(&str, &str)> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
        let page: DocumentList = ok(http.list(&[&[("limit", "7")], after.as_slice()].concat())).await;
        assert_eq!(page.total, all.len() as u64);
        assert!(page.documents.len() == 7 || page.next_cursor.is_none(), "only the last page is short");
        seen.extend(page.documents);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
    for wrong in ["limit=0", "limit=1001", "limit=x", "page=2"] {
        refused(http.get(&format!("/v1/documents?{wrong}")), ErrorCode::InvalidRequest).await;
    }
    let none: DocumentList = ok(http.get("/v1/documents?collection=nobody")).await;
    assert!(none.documents.is_empty() && none.total == 0 && none.next_cursor.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_keeps_its_headings_and_pages() {
    let http = examples_http();
    let manual = http.document("product/varrel-v4-manual.md").await;
    let text = http.text(&manual.id).await;
    assert_eq!((text.document_id, text.version), (manual.id, manual.version));
    assert_eq!(text.text.chars().count() as u64, manual.characters);
    for entry in text.outline.iter().filter(|entry| !entry.heading.is_empty()) {
        let heading = entry.heading.last().expect("one");
        let there = slice(&text.text, entry.start, entry.start + heading.chars().count());
        assert_eq!(&there, heading, "the outline points at its heading");
    }
    assert!(
        text.outline.iter().any(|entry| entry.heading.len() >= 2),
        "headings lie in each other: {:?}",
        text.outline
    );
    assert!(text.outline.is_sorted_by_key(|entry| entry.start));

    let guide = http.text(&http.document("product/g2-gateway-installation.pdf").await.id).await;
    let pages: Vec<_> = guide.outline.iter().filter_map(|entry| entry.page).collect();
    assert!(pages.first() == Some(&1) && pages.is_sorted(), "{pages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn originals_come_back_byte_for_byte() {
    let http = examples_http();
    for (uri, media_type, shown) in [
        ("product/g2-gateway-installation.pdf", "application/pdf", "inline"),
        ("hr/leave-policy-2025.md", "text/markdown", "inline"),
        ("it/accounts-and-vpn.html", "text/html", "attachment"),
        ("信息技术/信息安全须知.txt", "text/plain", "inline"),
        ("hr/parental-leave.docx", "application/vnd", "attachment"),
    ] {
        let document = http.document(uri).await;
        let response = http.get(&format!("/v1/documents/{}/original", document.id)).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{uri}");
        assert!(header(&response, "content-type").starts_with(media_type), "{uri}: {response:?}");
        assert!(
            header(&response, "content-disposition").starts_with(shown),
            "what could run is a download: {response:?}"
        );
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{uri}");
        let bytes = response.bytes().await.expect("a body");
        assert!(bytes == std::fs::read(documents().join(uri)).expect("the file"), "{uri}");
    }
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told() {
    let http = examples_http();
    for path in ["/v1/documents/none", "/v1/documents/none/text", "/v1/documents/none/original"] {
        refused(http.get(path), ErrorCode::DocumentNotFound).await;
    }
    refused(http.delete("/v1/documents/none"), ErrorCode::DocumentNotFound).await;
    refused(http.request(Method::PUT, "/v1/documents"), ErrorCode::MethodNotAllowed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_document_is_gone_from_everywhere() {
    let taproot = Taproot::new();
    taproot.write("kept.md", "# Kept\n\nThe kestrel hovers.\n");
    taproot.write("gone.md", "# Gone\n\nThe merlin hunts low.\n");
    taproot.ingest();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let gone = http.document("gone.md").await;
    let deleted: Deleted = ok(http.delete(&format!("/v1/documents/{}", gone.id))).await;
    assert_eq!(
        (deleted.document_id.as_str(), deleted.uri.as_str(), deleted.chunks),
        (gone.id.as_str(), "gone.md", gone.chunks)
    );
    refused(http.get(&format!("/v1/documents/{}", gone.id)), ErrorCode::DocumentNotFound).await;
    refused(http.delete(&format!("/v1/documents/{}", gone.id)), ErrorCode::DocumentNotFound).await;
    assert_eq!(taproot.uris(), ["kept.md"]);
    assert!(taproot.search("merlin").iter().all(|hit| hit.uri == "kept.md"));
    taproot.assert_healthy();

    std::fs::remove_file(taproot.documents_folder().join("kept.md")).expect("it was there");
    let kept = http.document("kept.md").await;
    refused(http.get(&format!("/v1/documents/{}/original", kept.id)), ErrorCode::OriginalGone).await;
    assert!(http.text(&kept.id).await.text.contains("kestrel"), "the text is in the catalog");
}

#[test]
fn the_command_line_deletes_by_uri_or_id() {
    let taproot = Taproot::new();
    taproot.write("a.txt", "The harrier quarters the reeds.\n");
    taproot.write("b.txt", "The osprey fishes.\n");
    taproot.ingest();
    let deleted: Deleted = taproot.json(&["documents", "delete", "a.txt"]);
    assert_eq!(deleted.uri, "a.txt");
    let id = taproot.documents()[0].id.clone();
    assert_eq!(taproot.json::<Deleted>(&["documents", "delete", &id]).uri, "b.txt");
    assert!(taproot.uris().is_empty());
    assert!(taproot.fails(&["documents", "delete", "a.txt"]).contains("a.txt"));
    taproot.assert_healthy();
}
