//! `/v1/jobs`: ingest a folder that the server can read, and follow it.

use reqwest::StatusCode;
use serde_json::json;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobList, JobStatus};

use crate::support::files::report;
use crate::support::http::{Http, error_of, ok, refused};
use crate::support::server::Server;
use crate::support::taproot::Taproot;

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
    let job: Job = ok(http.post("/v1/jobs", &json!({"source": "rota"}))).await;
    assert_eq!(http.ended(&job.id).await.status, JobStatus::Succeeded);
    let document = http.document("rota.txt").await;
    assert_eq!((document.collection.as_str(), document.allow.join(",")), ("shifts", "crew".to_owned()));
}
