//! `/v1/jobs`: ingest a folder that the server can read, and follow it.

use reqwest::StatusCode;
use serde_json::json;
use taproot_schemas::document::DocumentList;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobList, JobProgress, JobStatus, Report, Stage};

use crate::support::files::report;
use crate::support::http::{Http, error_of, ok, refused};
use crate::support::server::Server;
use crate::support::sse::events;
use crate::support::taproot::Taproot;
use crate::support::wait::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_followed_to_its_report() {
    let taproot = Taproot::new();
    taproot.write("a.md", "# A\n\nThe shrike keeps a larder.\n");
    taproot.write("empty.txt", "");
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let folder = taproot.documents_folder();
    let body = json!({"path": folder, "collection": "birds", "allow": ["keepers"]});
    let response = http.post("/v1/jobs", &body).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let taken: Job = response.json().await.expect("a job");
    assert!(taken.report.is_none() && taken.finished_at.is_none() && !taken.status.ended(), "{taken:?}");

    let job = http.ended(&taken.id).await;
    assert_eq!(
        (job.status, job.collection.as_str(), job.error.as_deref()),
        (JobStatus::Succeeded, "birds", None),
        "{job:?}"
    );
    let report = job.report.clone().expect("a report");
    assert_eq!((report.added, report.failed.len()), (1, 1), "{report:?}");
    assert!(job.finished_at.as_ref() >= Some(&job.created_at), "{job:?}");
    assert!(job.progress.scanned && job.progress.documents == 1 && job.progress.chunks == report.chunks, "{job:?}");
    let document = http.document("a.md").await;
    assert_eq!((document.collection.as_str(), document.allow.as_slice()), ("birds", ["keepers".to_owned()].as_slice()));

    let list: JobList = ok(http.get("/v1/jobs")).await;
    assert_eq!(list.jobs, std::slice::from_ref(&job));
    drop(server);
    let server = Server::start(&taproot);
    let list: JobList = ok(Http::to(&server).get("/v1/jobs")).await;
    assert_eq!(list.jobs, [job], "jobs are known after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_taken_is_refused() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    for (body, code) in [
        (json!({}), ErrorCode::InvalidRequest),
        (json!({"path": "relative/folder"}), ErrorCode::InvalidRequest),
        (json!({"path": "/tmp", "source": "hr"}), ErrorCode::InvalidRequest),
        (json!({"path": "/tmp", "recursive": true}), ErrorCode::InvalidRequest),
        (json!({"source": "hr"}), ErrorCode::SourceNotFound),
        (json!({"path": taproot.root().join("none")}), ErrorCode::UnreadablePath),
    ] {
        refused(http.post("/v1/jobs", &body), code).await;
    }
    let list: JobList = ok(http.get("/v1/jobs")).await;
    assert!(list.jobs.is_empty(), "{list:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_is_one_job_at_a_time() {
    let taproot = Taproot::new();
    for number in 0..40 {
        taproot.write(&format!("{number}.md"), report(number, 1));
    }
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let body = json!({"path": taproot.documents_folder()});
    let first: Job = ok(http.post("/v1/jobs", &body)).await;
    let second = http.post("/v1/jobs", &body).send().await.expect("an answer");
    // The first may have ended before the second came.
    if second.status() == StatusCode::CONFLICT {
        let error = error_of(second, ErrorCode::AlreadyRunning).await;
        assert!(error.message.contains(&first.id) || error.hint.contains(&first.id), "{error:?}");
    } else {
        assert!(http.ended(&first.id).await.status.ended());
    }
    let answers: serde_json::Value = ok(http.post("/v1/search", &json!({"query": "pump"}))).await;
    assert!(answers["hits"].is_array(), "questions are answered while a job runs");
    assert_eq!(http.ended(&first.id).await.status, JobStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_the_settings_is_known_by_name() {
    let taproot = Taproot::new();
    taproot.write("rota.txt", "The night shift starts at ten.\n");
    let settings =
        "[[sources]]\nname = \"rota\"\npath = \"../documents\"\ncollection = \"shifts\"\nallow = [\"crew\"]\n";
    std::fs::create_dir_all(taproot.data()).expect("the data directory");
    std::fs::write(taproot.data().join("taproot.toml"), settings).expect("the settings");
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    // The source has a job of its own when the server starts.
    let job = eventually("a job is taken by the name of the source", || async {
        let answer = http.post("/v1/jobs", &json!({"source": "rota"})).send().await.expect("an answer");
        if answer.status() == StatusCode::CONFLICT { None } else { Some(answer.json::<Job>().await.expect("a job")) }
    })
    .await;
    assert_eq!(http.ended(&job.id).await.status, JobStatus::Succeeded);
    assert_eq!(job.options.and_then(|options| options.source).as_deref(), Some("rota"));
    let document = http.document("rota.txt").await;
    assert_eq!((document.collection.as_str(), document.allow.join(",")), ("shifts", "crew".to_owned()));
}

/// A folder that takes a while, and one that waits for it.
fn busy_and_waiting(taproot: &Taproot) -> (serde_json::Value, serde_json::Value) {
    for number in 0..FILES {
        taproot.write(&format!("busy/{number}.md"), report(number, 1));
    }
    taproot.write("waiting/a.md", "The avocet waits.\n");
    let folder = |name: &str| taproot.documents_folder().join(name);
    (json!({"path": folder("busy")}), json!({"path": folder("waiting"), "collection": "second", "allow": ["crew"]}))
}

const FILES: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn jobs_go_on_after_the_server_was_killed() {
    let taproot = Taproot::new();
    let (busy, waiting) = busy_and_waiting(&taproot);
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let first: Job = ok(http.post("/v1/jobs", &busy)).await;
    let second: Job = ok(http.post("/v1/jobs", &waiting)).await;
    eventually("the first job has committed something", || async {
        let job: Job = ok(http.get(&format!("/v1/jobs/{}", first.id))).await;
        (job.progress.documents > 0).then_some(())
    })
    .await;
    // SIGKILL.
    drop(server);

    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let (first, second) = (http.ended(&first.id).await, http.ended(&second.id).await);
    assert_eq!((first.status, second.status), (JobStatus::Succeeded, JobStatus::Succeeded), "{first:?} {second:?}");
    let Report { added, changed, unchanged, .. } = first.report.clone().expect("a report");
    assert_eq!((added + unchanged, changed), (FILES as u64, 0), "{first:?}");
    assert!(first.finished_at <= second.finished_at, "in the same order");
    let document = http.list(&[("collection", "second")]);
    let document = &ok::<DocumentList>(document).await.documents[0];
    assert_eq!(document.allow, ["crew"], "as it was ordered");
    assert_eq!(http.documents().await.len(), FILES + 1);
    let list: JobList = ok(http.get("/v1/jobs")).await;
    assert_eq!(list.jobs.len(), 2, "no job was made anew");
    taproot.assert_healthy();
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_go_on_after_the_server_was_stopped() {
    let taproot = Taproot::new();
    let (busy, waiting) = busy_and_waiting(&taproot);
    let mut server = Server::start(&taproot);
    let http = Http::to(&server);
    let first: Job = ok(http.post("/v1/jobs", &busy)).await;
    let second: Job = ok(http.post("/v1/jobs", &waiting)).await;
    server.interrupt();
    assert!(server.ended().success());
    std::fs::remove_dir_all(taproot.documents_folder().join("waiting")).expect("the folder was there");

    let server = Server::start(&taproot);
    let http = Http::to(&server);
    assert_eq!(http.ended(&first.id).await.status, JobStatus::Succeeded);
    let second = http.ended(&second.id).await;
    assert_eq!((second.status, second.error_code), (JobStatus::Failed, Some(ErrorCode::UnreadablePath)));
    assert!(second.error.is_some_and(|told| told.contains("cannot be read")));
    assert_eq!(http.documents().await.len(), FILES, "nothing was deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_told_as_it_goes() {
    let taproot = Taproot::new();
    for number in 0..30 {
        taproot.write(&format!("{number}.md"), report(number, 1));
    }
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let job: Job = ok(http.post("/v1/jobs", &json!({"path": taproot.documents_folder()}))).await;
    let mut told = events(http.get(&format!("/v1/jobs/{}/events", job.id))).await;
    let end = told.pop().expect("an end");
    let ended: Job = serde_json::from_value(end.data).expect("a job");
    assert_eq!((end.name.as_str(), ended.status), ("end", JobStatus::Succeeded));
    assert_eq!(ended.progress.stage, Stage::Done, "{ended:?}");
    assert!(!told.is_empty(), "progress is told before the end");
    let mut before = 0;
    for event in told {
        assert_eq!(event.name, "progress");
        let JobProgress { id, status, progress } = serde_json::from_value(event.data).expect("progress");
        assert!(id == job.id && !status.ended() && progress.files_done >= before, "{progress:?}");
        before = progress.files_done;
    }
    let again = events(http.get(&format!("/v1/jobs/{}/events", job.id))).await;
    assert_eq!(again.len(), 1, "of a job that has ended there is only the end");
    refused(http.get("/v1/jobs/job_0/events"), ErrorCode::JobNotFound).await;
}
