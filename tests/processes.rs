//! Two processes and one data directory; and how a server stops.

use std::time::{Duration, Instant};

use serde_json::json;
use taproot_schemas::answer::Answer;
use taproot_schemas::doctor::DoctorReport;
use taproot_schemas::document::DocumentText;
use taproot_schemas::job::{Job, JobStatus, Report};

use crate::support::files::report;
use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::taproot::{Taproot, told};
use crate::support::wait::eventually;

const GRACE: Duration = Duration::from_secs(30);

fn library() -> Taproot {
    let taproot = Taproot::new();
    taproot.write("leave.md", "# Leave\n\nA full-time colleague has 28 days of annual leave.\n");
    taproot.write("codes.md", "# Codes\n\nERR-4012 means that the probe is dry. Soak it for one hour.\n");
    taproot
}

#[test]
fn commands_say_the_same_with_and_without_a_server() {
    let taproot = library();
    assert_eq!(taproot.ingest().added, 2);
    let question = "How many days of annual leave does a full-time colleague have?";
    let look = || {
        let answer: Answer = taproot.json(&["ask", question]);
        let text: DocumentText = taproot.json(&["documents", "text", "leave.md"]);
        let doctor: DoctorReport = taproot.json(&["doctor"]);
        let counts = (doctor.catalog_chunks, doctor.lexical_chunks, doctor.vector_chunks, doctor.healthy);
        (taproot.search("ERR-4012"), answer.answer, answer.citations, taproot.documents(), text, counts)
    };
    let alone = look();
    let server = Server::start(&taproot);
    assert_eq!(look(), alone);
    let refused = taproot.fails(&["documents", "text", "none.md"]);
    assert!(refused.contains("none.md"), "{refused}");
    drop(server);
    assert_eq!(look(), alone, "and after it was killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingest_goes_through_the_server() {
    let taproot = library();
    let server = Server::start(&taproot);
    let report: Report = taproot.ingest();
    assert_eq!((report.added, report.failed.len()), (2, 0), "{report:?}");
    let documents = Http::to(&server).documents().await;
    assert_eq!(documents.len(), 2, "the server sees it at once");
    taproot.remove("codes.md");
    let report = taproot.ingest();
    assert_eq!((report.deleted, report.unchanged), (1, 1), "{report:?}");
    assert_eq!(Http::to(&server).documents().await.len(), 1);
    taproot.assert_healthy();
}

#[test]
fn a_second_server_is_refused() {
    let taproot = Taproot::new();
    let first = Server::start(&taproot);
    let error = taproot.fails(&["serve", "--address", "127.0.0.1:0"]);
    assert!(error.contains(&first.address) && error.contains("hint: "), "{error}");

    let instance = first.instance();
    assert_eq!(instance.address.as_deref(), Some(first.address.as_str()));
    assert!(instance.token.is_some_and(|token| token.len() >= 32));
    let mode = std::os::unix::fs::PermissionsExt::mode(&lock_file(&taproot).permissions());
    assert_eq!(mode & 0o077, 0, "the token is for the owner's eyes only: {mode:o}");
    drop(first);
    let _second = Server::start(&taproot);
}

fn lock_file(taproot: &Taproot) -> std::fs::Metadata {
    std::fs::metadata(taproot.data().join("taproot.lock")).expect("a lock file")
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let error = Taproot::new().fails(&["serve", "--address", &address]);
    assert!(error.contains(&address) && error.contains("hint: "), "{error}");
}

#[test]
fn an_idle_server_stops_at_once() {
    let taproot = library();
    taproot.ingest();
    let mut server = Server::start(&taproot);
    server.interrupt();
    let asked = Instant::now();
    assert_eq!(server.ended().code(), Some(0));
    assert!(asked.elapsed() < GRACE, "{:?}", asked.elapsed());
    assert_eq!(taproot.uris(), ["codes.md", "leave.md"], "the command line opens the data itself");
}

/// What was committed before Ctrl-C is there after the next start, and the job goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_during_an_ingest_loses_nothing() {
    const FILES: usize = 120;
    let taproot = Taproot::new();
    for number in 0..FILES {
        taproot.write(&format!("{number:03}.md"), report(number, 1));
    }
    let mut server = Server::start(&taproot);
    let http = Http::to(&server);
    let job: Job = ok(http.post("/v1/jobs", &json!({"path": taproot.documents_folder()}))).await;
    let path = format!("/v1/jobs/{}", job.id);
    let acknowledged = eventually("a part of the ingest is committed", || async {
        let job: Job = ok(http.get(&path)).await;
        let committed = if job.progress.documents > 0 { http.documents().await } else { Vec::new() };
        (!committed.is_empty()).then_some(committed)
    })
    .await;

    server.interrupt();
    let asked = Instant::now();
    assert_eq!(server.ended().code(), Some(0));
    assert!(asked.elapsed() < GRACE, "{:?}", asked.elapsed());
    drop(server);

    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let after = http.documents().await;
    for document in &acknowledged {
        assert!(after.contains(document), "{} was acknowledged and is lost", document.uri);
    }
    let job = http.ended(&job.id).await;
    assert_eq!(job.status, JobStatus::Succeeded, "{job:?}");
    assert_eq!(http.documents().await.len(), FILES);
    taproot.assert_healthy();
    assert_eq!(taproot.ingest().unchanged as usize, FILES, "and nothing is left to do");
}

#[test]
fn the_settings_are_checked_with_a_message() {
    let taproot = Taproot::new();
    let mut command = taproot.command(["doctor"]);
    command.env("TAPROOT_SERVER_MAX_QUEUE", "0");
    let output = crate::support::taproot::output_of(command);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(error.contains("server.max_queue") && error.contains("hint: "), "{error}");
    let mut command = taproot.command(["doctor"]);
    command.env("TAPROOT_MODELS_DIR", taproot.root().join("none"));
    let output = crate::support::taproot::output_of(command);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("models") && error.contains("hint: "), "{error}");
}

/// A stop in the middle of a long file, with more files waiting than the pipeline's channels hold, once never ended.
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_in_the_middle_of_a_long_file_ends_too() {
    let taproot = Taproot::new();
    let line = |number| format!("{}\n", json!({"_id": number, "text": report(number, 1)}));
    taproot.write("a.jsonl", (0..5_000).map(line).collect::<String>());
    for number in 0..60 {
        taproot.write(&format!("b/{number:03}.md"), report(number, 2));
    }
    let mut server = Server::start(&taproot);
    let http = Http::to(&server);
    let job: Job = ok(http.post("/v1/jobs", &json!({"path": taproot.documents_folder()}))).await;
    eventually("a part of the file is committed", || async {
        let job: Job = ok(http.get(&format!("/v1/jobs/{}", job.id))).await;
        (job.progress.documents > 0).then_some(())
    })
    .await;
    server.interrupt();
    let asked = Instant::now();
    assert_eq!(server.ended().code(), Some(0));
    assert!(asked.elapsed() < GRACE, "{:?}", asked.elapsed());
    drop(server);
    taproot.assert_healthy();
}
