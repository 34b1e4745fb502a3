//! The program `taproot` in a folder of its own: `documents/` to ingest and `data/` to keep.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use taproot_schemas::doctor::DoctorReport;
use taproot_schemas::document::{Document, DocumentList, DocumentText};
use taproot_schemas::job::Report;
use taproot_schemas::search::{Hit, SearchResponse};
use tempfile::TempDir;

use super::repository;

/// A command that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(180);
/// Set on machines behind a proxy; nothing here goes through one.
const PROXIES: [&str; 6] = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

pub struct Taproot {
    root: PathBuf,
    /// Gone with the value; none for a folder that is removed by somebody else.
    _folder: Option<TempDir>,
}

impl Taproot {
    pub fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for the test");
        let mut taproot = Self::in_folder(folder.path().to_path_buf());
        taproot._folder = Some(folder);
        taproot
    }

    pub fn in_folder(root: PathBuf) -> Self {
        std::fs::create_dir_all(root.join("documents")).expect("the folder of the documents");
        Self { root, _folder: None }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub fn documents_folder(&self) -> PathBuf {
        self.root.join("documents")
    }

    /// Writes a file below the documents' folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.documents_folder().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(path, content).expect("the file is written");
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.documents_folder().join(name)).expect("the file was there");
    }

    pub fn rename(&self, from: &str, to: &str) {
        let (from, to) = (self.documents_folder().join(from), self.documents_folder().join(to));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("the folder is made");
        std::fs::rename(from, to).expect("the file was there");
    }

    /// `taproot --data … ARGS`, with nothing of the caller's settings.
    pub fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taproot"));
        command.arg("--data").arg(self.data()).args(args).current_dir(&self.root).stdin(Stdio::null());
        let settings = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TAPROOT_"));
        for (name, _) in settings {
            command.env_remove(name);
        }
        for name in PROXIES.into_iter().chain(["RUST_LOG"]) {
            command.env_remove(name);
        }
        command.env("TAPROOT_MODELS_DIR", models());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        output_of(self.command(args))
    }

    /// The JSON value that a command prints, which has to succeed.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self, args: &[&str]) -> T {
        let output = self.run(&[&["--json"], args].concat());
        assert!(output.status.success(), "taproot {}: {}", args.join(" "), told(&output));
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("taproot {}: {e}: {}", args.join(" "), told(&output)))
    }

    /// What a command says on standard error; it has to fail with exit code 1.
    #[track_caller]
    pub fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "taproot {}: {}", args.join(" "), told(&output));
        String::from_utf8(output.stderr).expect("messages are UTF-8")
    }

    /// The same with these variables in the environment.
    #[track_caller]
    pub fn fails_with(&self, args: &[&str], settings: &[(&str, &str)]) -> String {
        let mut command = self.command(args);
        command.envs(settings.iter().copied());
        let output = output_of(command);
        assert_eq!(output.status.code(), Some(1), "taproot {}: {}", args.join(" "), told(&output));
        String::from_utf8(output.stderr).expect("messages are UTF-8")
    }

    /// Ingests the documents' folder.
    #[track_caller]
    pub fn ingest(&self) -> Report {
        self.json(&["ingest", &self.documents_folder().to_string_lossy()])
    }

    #[track_caller]
    pub fn documents(&self) -> Vec<Document> {
        self.json::<DocumentList>(&["documents", "list"]).documents
    }

    #[track_caller]
    pub fn uris(&self) -> Vec<String> {
        self.documents().into_iter().map(|document| document.uri).collect()
    }

    #[track_caller]
    pub fn text(&self, uri: &str) -> String {
        self.json::<DocumentText>(&["documents", "text", uri]).text
    }

    #[track_caller]
    pub fn search(&self, query: &str) -> Vec<Hit> {
        self.json::<SearchResponse>(&["search", query]).hits
    }

    /// Asserts that the three stores hold the same.
    #[track_caller]
    pub fn assert_healthy(&self) {
        let report: DoctorReport = self.json(&["doctor"]);
        assert!(report.healthy && report.differences.is_empty() && !report.repaired, "{report:?}");
        assert_eq!(report.catalog_chunks, report.lexical_chunks, "{report:?}");
        assert_eq!(report.catalog_chunks, report.vector_chunks, "{report:?}");
    }
}

/// The folder of the ONNX models and the runtime library.
pub fn models() -> PathBuf {
    let folder = repository().join(".cache/models");
    assert!(folder.join("models.toml").is_file(), "the models are missing; run python3 scripts/setup.py models");
    folder
}

/// Runs a command to its end, or to the deadline.
pub fn output_of(mut command: Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(DEADLINE) {
        Ok(output) => output.expect("the output can be read"),
        Err(_) => {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
            panic!("{command:?} did not end within {} s", DEADLINE.as_secs());
        }
    }
}

/// What a command printed, for the message of a failed assertion.
pub fn told(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n--- stdout\n{out}\n--- stderr\n{err}", output.status)
}
