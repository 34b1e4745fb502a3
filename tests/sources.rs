//! `[[sources]]` of the settings: ingested at the start, watched, listed; and `taproot ingest --watch`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::{Job, JobStatus, Report};
use taproot_schemas::search::SearchResponse;
use taproot_schemas::source::{SourceList, SourceState, WatchMethod};

use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::tether::Tethered;
use crate::support::wait::{PATIENCE, eventually, until};

fn with_settings(settings: &str) -> Taproot {
    let taproot = Taproot::new();
    std::fs::create_dir_all(taproot.data()).expect("the data directory");
    std::fs::write(taproot.data().join("taproot.toml"), settings).expect("the settings");
    taproot
}

async fn source(http: &Http) -> SourceState {
    let list: SourceList = ok(http.get("/v1/sources")).await;
    assert_eq!(list.sources.len(), 1, "{list:?}");
    list.sources.into_iter().next().expect("there is one")
}

async fn is_found(http: &Http, word: &str) -> bool {
    let found: SearchResponse = ok(http.post("/v1/search", &json!({"query": word}))).await;
    found.hits.iter().any(|hit| hit.text.contains(word))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_source_follows_its_folder() {
    let taproot = with_settings(
        "[[sources]]\nname = \"rota\"\npath = \"../documents\"\ncollection = \"shifts\"\nevery = \"1h\"\nwatch = true\n",
    );
    taproot.write("early.txt", "The lapwing has the early shift.\n");
    taproot.write("late.txt", "The nightjar has the late shift.\n");
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    eventually("the source is ingested at the start", || async { is_found(&http, "lapwing").await.then_some(()) })
        .await;
    let state = eventually("the first job ends", || async {
        let state = source(&http).await;
        state.last_job.as_ref().is_some_and(|job| job.status.ended()).then_some(state)
    })
    .await;
    assert_eq!((state.every_s, state.watching), (Some(3_600), Some(WatchMethod::Events)), "{state:?}");
    assert!(state.next_run.is_some() && state.delete && state.collection == "shifts", "{state:?}");
    assert_eq!(state.last_job.map(|job| job.status), Some(JobStatus::Succeeded));

    taproot.write("night/new.txt", "The potoo has the night shift.\n");
    eventually("a new file is found", || async { is_found(&http, "potoo").await.then_some(()) }).await;
    taproot.remove("late.txt");
    eventually("a deleted file is gone", || async { (!is_found(&http, "nightjar").await).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_there_says_so_and_the_server_starts() {
    let taproot = with_settings("[[sources]]\nname = \"gone\"\npath = \"nowhere\"\n");
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let state = eventually("the job fails", || async {
        let state = source(&http).await;
        state.last_job.as_ref().is_some_and(|job| job.status.ended()).then_some(state)
    })
    .await;
    let job = state.last_job.expect("a job");
    assert_eq!(job.status, JobStatus::Failed);
    assert!(job.error.is_some_and(|told| told.contains("cannot be read")));
    assert_eq!((state.every_s, state.next_run, state.watching), (None, None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_lost_most_of_its_files_raises_a_question() {
    let taproot = with_settings("[[sources]]\nname = \"rota\"\npath = \"../documents\"\n");
    for name in ["a", "b", "c"] {
        taproot.write(&format!("{name}.txt"), format!("The shift of {name}.\n"));
    }
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    eventually("the source is ingested", || async { (http.documents().await.len() == 3).then_some(()) }).await;
    drop(server);
    taproot.remove("a.txt");
    taproot.remove("b.txt");

    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let failed = eventually("the job asks", || async {
        source(&http).await.last_job.filter(|job| job.status == JobStatus::Failed)
    })
    .await;
    assert_eq!(failed.error_code, Some(ErrorCode::TooManyDeletions));
    let question = failed.error.expect("a question");
    assert!(question.contains("2 of the 3") && question.contains("confirm_delete"), "{question}");
    assert_eq!(http.documents().await.len(), 3, "nothing was deleted");
    let told = taproot.fails(&["ingest", &taproot.documents_folder().to_string_lossy(), "--collection", "default"]);
    assert!(told.contains("2 of the 3") && told.contains("hint: ") && told.contains("--confirm-delete"), "{told}");

    let job: Job = ok(http.post("/v1/jobs", &json!({"source": "rota", "confirm_delete": true}))).await;
    assert_eq!(http.ended(&job.id).await.report.map(|report| report.deleted), Some(2));
    assert_eq!(http.documents().await.len(), 1);
}

#[test]
fn a_dry_run_says_what_would_be_done() {
    let taproot = Taproot::new();
    let _server = Server::start(&taproot);
    taproot.write("a.txt", "The avocet wades.\n");
    let output = taproot.run(&["ingest", "--dry-run", &taproot.documents_folder().to_string_lossy()]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.starts_with("add     a.txt\n1 to add, 0 to change"), "{told}");
    assert!(taproot.uris().is_empty());
}

#[test]
fn settings_that_cannot_be_followed_stop_the_start() {
    let taproot = with_settings("[[sources]]\nname = \"a\"\npath = \"x\"\nevery = \"10s\"\n");
    let told = taproot.fails(&["serve", "--address", "127.0.0.1:0"]);
    assert!(told.contains("sources.every") && told.contains("10s") && told.contains("hint: "), "{told}");
}

/// `taproot ingest --watch`, and the rounds that it tells.
struct Watching {
    process: Tethered,
    rounds: mpsc::Receiver<Report>,
}

impl Watching {
    fn start(taproot: &Taproot) -> Self {
        let mut command = taproot.command(["--json", "ingest", "--watch"]);
        command.arg(taproot.documents_folder());
        let mut process = Tethered::spawn(&command, None, Stdio::piped(), Stdio::null());
        let lines = BufReader::new(process.child.stdout.take().expect("a pipe")).lines();
        let (sender, rounds) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let report = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if sender.send(report).is_err() {
                    return;
                }
            }
        });
        Self { process, rounds }
    }

    fn round(&self) -> Report {
        self.rounds.recv_timeout(PATIENCE).expect("a round")
    }

    /// Ctrl-C, and the exit code.
    fn end(mut self) -> Option<i32> {
        let id = Pid::from_raw(self.process.id()).expect("a process id");
        kill_process(id, Signal::INT).expect("it is there");
        until("the command ends", || self.process.child.try_wait().expect("a child")).code()
    }
}

fn follows_the_folder(taproot: &Taproot) {
    taproot.write("a.txt", "The avocet wades.\n");
    let watching = Watching::start(taproot);
    assert_eq!(watching.round().added, 1);
    taproot.write("b.txt", "The bittern booms.\n");
    let round = watching.round();
    assert_eq!((round.added, round.unchanged), (1, 1), "{round:?}");
    taproot.remove("a.txt");
    assert_eq!(watching.round().deleted, 1);
    assert_eq!(watching.end(), Some(0));
    assert_eq!(taproot.uris(), ["b.txt"]);
}

#[test]
fn the_command_watches_by_itself() {
    follows_the_folder(&Taproot::new());
}

#[test]
fn the_command_watches_for_a_server() {
    let taproot = Taproot::new();
    let _server = Server::start(&taproot);
    follows_the_folder(&taproot);
    taproot.assert_healthy();
}
