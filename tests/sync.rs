//! `/v1/sync`: a folder of another machine is kept in step, whatever breaks on the way; and `taproot sync`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::stream;
use serde_json::{Value, json};
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobStatus, Report};
use taproot_schemas::search::SearchResponse;
use taproot_schemas::sync::{ManifestDiff, StagedContent};

use crate::support::files::Numbers;
use crate::support::http::{Http, ok, refused};
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::upload::{hash, manifest, put};

/// Sends all that is missing, commits, and follows the job to its end.
async fn synced(http: &Http, files: &[(&str, &[u8])]) -> (ManifestDiff, Job) {
    let body = manifest("birds", files);
    let diff: ManifestDiff = ok(http.post("/v1/sync/diff", &body)).await;
    for missing in &diff.missing {
        let (_, content) = files.iter().find(|(path, _)| *path == missing.path).expect("a file of the manifest");
        let _: StagedContent = ok(put(http, "birds", &missing.hash, content.to_vec())).await;
    }
    let job: Job = ok(http.post("/v1/sync/commit", &body)).await;
    let job = http.ended(&job.id).await;
    assert_eq!(job.status, JobStatus::Succeeded, "{job:?}");
    (diff, job)
}

async fn uris(http: &Http) -> Vec<String> {
    http.documents().await.into_iter().map(|document| document.uri).collect()
}

async fn texts(http: &Http, query: &str) -> String {
    let found: SearchResponse = ok(http.post("/v1/search", &json!({"query": query}))).await;
    found.hits.into_iter().map(|hit| hit.text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_kept_in_step() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let heron: &[u8] = b"The heron stands in the reeds.\n";
    let (diff, job) =
        synced(&http, &[("a/heron.md", heron), ("ibis.md", b"The ibis walks.\n"), ("copy.md", heron)]).await;
    assert_eq!((diff.missing.len(), diff.unchanged, diff.delete_count), (2, 0, 0), "a content is sent once: {diff:?}");
    assert_eq!(job.report.as_ref().map(|report| report.added), Some(3), "{job:?}");
    let before = http.document("ibis.md").await;

    let files: [(&str, &[u8]); 2] = [("b/heron.md", heron), ("ibis.md", b"The ibis wades.\n")];
    let (diff, job) = synced(&http, &files).await;
    assert_eq!((diff.missing.len(), diff.moved, diff.to_delete.len()), (1, 1, 1), "{diff:?}");
    let Report { added, changed, moved, deleted, .. } = job.report.expect("a report");
    assert_eq!((added, changed, moved, deleted), (0, 1, 1, 1), "a move is a move");
    assert_eq!(uris(&http).await, ["b/heron.md", "ibis.md"]);
    let after = http.document("ibis.md").await;
    assert_eq!((after.id.as_str(), after.version), (before.id.as_str(), 2));
    assert!(texts(&http, "ibis").await.contains("wades") && !texts(&http, "ibis").await.contains("walks"));
    let original = http.get(&format!("/v1/documents/{}/original", after.id)).send().await.expect("an answer");
    assert_eq!(original.text().await.expect("a body"), "The ibis wades.\n");

    let (diff, job) = synced(&http, &files).await;
    assert_eq!((diff.missing.len(), diff.unchanged), (0, 2), "nothing to do: {diff:?}");
    assert_eq!(job.report.map(|report| report.unchanged), Some(2));
    taproot.assert_healthy();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_arrived_is_not_sent_again_after_a_kill() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let files: [(&str, &[u8]); 2] = [("one.md", b"The smew dives.\n"), ("two.md", b"The teal sleeps.\n")];
    let body = manifest("birds", &files);
    let _: StagedContent = ok(put(&http, "birds", &hash(files[0].1), files[0].1.to_vec())).await;
    // Half of the second one, and then the sender is gone.
    let blocks = stream::iter([Ok("The teal "), Err(std::io::Error::other("the line is cut"))]);
    let broken = put(&http, "birds", &hash(files[1].1), reqwest::Body::wrap_stream(blocks)).send().await;
    assert!(broken.is_err(), "{broken:?}");
    drop(server);

    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let diff: ManifestDiff = ok(http.post("/v1/sync/diff", &body)).await;
    let missing: Vec<&str> = diff.missing.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(missing, ["two.md"]);
    let error = refused(http.post("/v1/sync/commit", &body), ErrorCode::ContentMissing).await;
    assert!(error.message.contains("two.md") && !error.message.contains("one.md"), "{error:?}");
    assert!(uris(&http).await.is_empty(), "nothing was touched");
    let (_, job) = synced(&http, &files).await;
    assert_eq!(job.report.map(|report| report.added), Some(2));

    // A server that was killed after the commit goes on with the job.
    let mut more = files.to_vec();
    more.push(("three.md", b"The wigeon whistles.\n"));
    let _: StagedContent = ok(put(&http, "birds", &hash(more[2].1), more[2].1.to_vec())).await;
    let job: Job = ok(http.post("/v1/sync/commit", &manifest("birds", &more))).await;
    drop(server);
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    assert_eq!(http.ended(&job.id).await.status, JobStatus::Succeeded);
    assert_eq!(uris(&http).await, ["one.md", "three.md", "two.md"]);
}

/// Every file below a folder, by its path.
fn on_disk(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
                found.insert(below, std::fs::read(path).expect("a file"));
            }
        }
    }
    found
}

/// Contents go round among the paths, some go, some come; none is text, so that there is nothing to embed.
fn edition(number: usize) -> Vec<(String, Vec<u8>)> {
    const FILES: usize = 300;
    let content = |which: usize| [&[0, 1, 2, 0][..], &which.to_le_bytes()].concat();
    let file = |at: usize| (format!("{}/{at}.bin", at % 7), content((at + number * 11) % (FILES + number)));
    (number * 5..FILES + number * 3).map(file).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_killed_is_completed_by_the_next_one() {
    let taproot = Taproot::new();
    let folder = taproot.data().join("uploads/birds");
    let mut moments = Numbers::seeded(20_261_124);
    let mut killed = 0;
    for round in 0..4 {
        let files = edition(round);
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(path, content)| (path.as_str(), content.as_slice())).collect();
        let body = manifest("birds", &files);
        let server = Server::start(&taproot);
        let http = Http::to(&server);
        let diff: ManifestDiff = ok(http.post("/v1/sync/diff", &body)).await;
        for missing in &diff.missing {
            let (_, content) = files.iter().find(|(path, _)| *path == missing.path).expect("a file of the manifest");
            let _: StagedContent = ok(put(&http, "birds", &missing.hash, content.to_vec())).await;
        }
        // The moment of the kill is the point of this test, not a way to wait for something.
        let patience = Duration::from_millis(moments.below(60));
        let answered = tokio::time::timeout(patience, http.post("/v1/sync/commit", &body).send()).await;
        drop(server);
        killed += usize::from(answered.is_err());

        let server = Server::start(&taproot);
        let http = Http::to(&server);
        let diff: ManifestDiff = ok(http.post("/v1/sync/diff", &body)).await;
        assert_eq!(diff.missing, [], "round {round}: nothing that had arrived is lost");
        let job: Job = ok(http.post("/v1/sync/commit", &body)).await;
        assert_eq!(http.ended(&job.id).await.status, JobStatus::Succeeded);
        let wanted: BTreeMap<String, Vec<u8>> =
            files.iter().map(|(path, content)| (path.to_string(), content.to_vec())).collect();
        assert!(on_disk(&folder) == wanted, "round {round}");
    }
    assert!(killed > 0, "no commit was still under way when it was killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_announced_is_taken() {
    let taproot = Taproot::new();
    let settings = [("TAPROOT_INGEST_MAX_FILE_MIB", "1")];
    let server = Server::with(&taproot, &settings, None);
    let http = Http::to(&server);
    let known = hash(b"announced");
    let error = refused(put(&http, "birds", &known, "something else"), ErrorCode::HashMismatch).await;
    assert!(error.message.contains(&known), "{error:?}");
    refused(put(&http, "birds", &known, vec![0; 2 << 20]), ErrorCode::BodyTooLarge).await;
    refused(put(&http, "birds", "abc", "announced"), ErrorCode::InvalidRequest).await;
    refused(put(&http, "birds", &"Z".repeat(64), "announced"), ErrorCode::InvalidRequest).await;
    for source in ["..%2Fx", ".staging", "@default", ""] {
        refused(put(&http, source, &known, "announced"), ErrorCode::InvalidRequest).await;
    }
    for _ in 0..2 {
        let staged: StagedContent = ok(put(&http, "birds", &known, "announced")).await;
        assert_eq!(staged, StagedContent { hash: known.clone(), bytes: 9 }, "and once more changes nothing");
    }

    let file = |path: &str| json!({"path": path, "bytes": 9, "hash": known});
    let tricks =
        ["/etc/passwd", "../escaped.md", "a/../../escaped.md", "a//b", "", "a\0b", "a\\..\\b", "./a", &"x".repeat(300)];
    let mut refusals: Vec<(Value, ErrorCode)> = tricks
        .into_iter()
        .map(|path| (json!({"source": "birds", "files": [file(path)]}), ErrorCode::InvalidPath))
        .collect();
    refusals.extend([
        (json!({"source": "birds", "files": [file("a"), file("a")]}), ErrorCode::InvalidPath),
        (json!({"source": "birds", "files": [file("a"), file("a/b")]}), ErrorCode::InvalidPath),
        (json!({"source": "../birds", "files": []}), ErrorCode::InvalidRequest),
        (json!({"source": "birds", "files": [], "allow": ["a,b"]}), ErrorCode::InvalidRequest),
        (json!({"source": "birds"}), ErrorCode::InvalidRequest),
        (
            json!({"source": "birds", "files": [{"path": "a", "bytes": 2 << 20, "hash": known}]}),
            ErrorCode::BodyTooLarge,
        ),
    ]);
    for (body, code) in &refusals {
        for route in ["/v1/sync/diff", "/v1/sync/commit"] {
            refused(http.post(route, body), *code).await;
        }
    }
    let uploads = taproot.data().join("uploads");
    assert!(!uploads.join("birds").exists(), "nothing was put anywhere");
    let arriving = std::fs::read_dir(uploads.join(".staging/@incoming")).expect("the folder").count();
    assert_eq!(arriving, 0, "and nothing was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_lost_most_of_its_files_raises_a_question() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let files: [(&str, &[u8]); 3] = [("a.md", b"An auk.\n"), ("b.md", b"A bittern.\n"), ("c.md", b"A crake.\n")];
    synced(&http, &files).await;
    let mut body = manifest("birds", &files[..1]);
    let diff: ManifestDiff = ok(http.post("/v1/sync/diff", &body)).await;
    assert_eq!((diff.delete_count, diff.to_delete), (2, vec!["b.md".to_owned(), "c.md".to_owned()]));
    let error = refused(http.post("/v1/sync/commit", &body), ErrorCode::TooManyDeletions).await;
    assert!(error.message.contains("2 of the 3") && error.hint.contains("confirm_delete"), "{error:?}");
    assert_eq!(uris(&http).await.len(), 3, "nothing was touched");
    body["confirm_delete"] = true.into();
    let job: Job = ok(http.post("/v1/sync/commit", &body)).await;
    assert_eq!(http.ended(&job.id).await.report.map(|report| report.deleted), Some(2));
    assert_eq!(uris(&http).await, ["a.md"]);

    body["collection"] = "elsewhere".into();
    let error = refused(http.post("/v1/sync/commit", &body), ErrorCode::InvalidRequest).await;
    assert!(error.message.contains("default"), "{error:?}");
}

#[test]
fn the_command_sends_a_folder() {
    let (here, there) = (Taproot::new(), Taproot::new());
    let server = Server::start(&there);
    here.write("hr/leave.md", "# Leave\n\nThe dodo has thirty days of leave.\n");
    here.write("old/rules.md", "The moa pays for its lunch.\n");
    here.write("drafts/x.md", "Nobody reads this.\n");
    here.write(".taprootignore", "drafts/\n");
    let folder = here.documents_folder();
    let folder = folder.to_string_lossy();
    let url = server.url("");
    let sync =
        |more: &[&str]| here.json::<Report>(&[&["sync", &folder, "--to", &url, "--source", "hr"], more].concat());
    assert_eq!(sync(&[]).added, 2);
    assert_eq!(there.uris(), ["hr/leave.md", "old/rules.md"]);
    here.rename("old/rules.md", "new/rules.md");
    here.write("hr/leave.md", "# Leave\n\nThe dodo has forty days of leave.\n");
    let report = sync(&[]);
    assert_eq!((report.changed, report.moved, report.deleted), (1, 1, 0), "{report:?}");
    assert!(there.text("hr/leave.md").contains("forty"));

    here.remove("hr/leave.md");
    here.remove("new/rules.md");
    let told = here.fails(&["sync", &folder, "--to", &url, "--source", "hr"]);
    assert!(told.contains("2 of the 2") && told.contains("hint: "), "{told}");
    assert_eq!(sync(&["--confirm-delete"]).deleted, 2);
    assert!(there.uris().is_empty());
    assert!(here.fails(&["sync", &folder, "--to", "nowhere", "--source", "hr"]).contains("nowhere"));
}
