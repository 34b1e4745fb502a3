//! `taproot sync PATH --to URL --source NAME`: keeps a folder of this machine in step with a server on another one.
//!
//! Names, sizes and hashes go first; the server says which contents it lacks, and only those are sent. A run that was
//! broken off goes on where it was, because the server keeps what has arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt};
use taproot_ingest::FolderSettings;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::Job;
use taproot_schemas::sync::{Manifest, ManifestDiff, ManifestFile};

use super::client::Client;
use super::ingest::{Shown, stop_on_ctrl_c, summary};
use super::output::Output;
use super::session::readable;
use crate::config::Config;
use crate::error::{Error, Result};

/// Contents that are sent at a time.
const AT_A_TIME: usize = 4;
/// A file that is written while it is sent is another one; so often the folder is compared anew.
const ATTEMPTS: usize = 3;
/// Settings of folders are sent though they are hidden: they say who may read what is in them.
const SETTINGS_FILE: &str = ".taproot.toml";

#[derive(Debug, Args)]
pub struct Sync {
    /// Folder to send; ignore files are honoured, links are not followed
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Address of the server, http://HOST:PORT or https://HOST
    #[arg(long, value_name = "URL")]
    to: String,
    /// Token of the server's owner
    #[arg(long, env = "TAPROOT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Name of the folder on the server
    #[arg(long, value_name = "NAME")]
    source: String,
    /// Name under which the documents can be searched apart from others [default: default]
    #[arg(long)]
    collection: Option<String>,
    /// Group that may read the documents, may be given several times [default: everybody]
    #[arg(long, value_name = "GROUP")]
    allow: Vec<String>,
    /// Delete even when the folder has lost more than half of its files
    #[arg(long)]
    confirm_delete: bool,
}

impl Sync {
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        let root = readable(&self.path)?;
        if !root.is_dir() {
            return Err(Error::UnreadablePath { path: root, source: std::io::ErrorKind::NotADirectory.into() });
        }
        let client = Client::at(&self.to, self.token.clone())?;
        let mut cancel = stop_on_ctrl_c(*output);
        let mut attempts = 0;
        let job = loop {
            attempts += 1;
            let sent = tokio::select! {
                sent = self.send(&client, &root, config.parser_limits.max_file_bytes, output) => sent,
                // What has arrived stays there for the next run.
                _ = cancel.wait_for(|stop| *stop) => return Err(Error::Stopped),
            };
            match sent {
                Err(error) if is_changed(&error) && attempts < ATTEMPTS => {}
                Err(error) if is_changed(&error) => return Err(Error::KeepsChanging),
                sent => break sent?,
            }
        };
        let shown = Shown::start(output);
        let report = client.follow(job, shown.progress.clone(), cancel).await;
        shown.end().await;
        let report = report?;
        for failure in &report.failed {
            output.tell(&format!("failed: {} ({})", failure.path, failure.reason));
        }
        output.result(&report, summary)
    }

    /// Sends what is missing, and has the folder become what it is here.
    async fn send(&self, client: &Client, root: &Path, max_bytes: u64, output: &Output) -> Result<Job> {
        let looking = root.to_owned();
        let looked = tokio::task::spawn_blocking(move || look(&looking, max_bytes)).await;
        let Looked { files, left_out } = looked.map_err(|broken| Error::Runtime(std::io::Error::other(broken)))??;
        for (path, why) in left_out {
            output.tell(&format!("left out: {path} ({why})"));
        }
        let manifest = Manifest {
            source: self.source.clone(),
            collection: self.collection.clone(),
            allow: self.allow.clone(),
            files: files.into_values().collect(),
            confirm_delete: self.confirm_delete,
        };
        let diff: ManifestDiff = client.post("/v1/sync/diff", &manifest).await?;
        let bytes: u64 = diff.missing.iter().map(|file| file.bytes).sum();
        if !diff.missing.is_empty() {
            output.tell(&format!("sending {} of {} files, {} bytes", diff.missing.len(), manifest.files.len(), bytes));
        }
        futures_util::stream::iter(diff.missing)
            .map(|file| async move {
                let path = root.join(&file.path);
                let opened = tokio::fs::File::open(&path).await;
                let opened = opened.map_err(|source| Error::UnreadablePath { path, source })?;
                client.send_content(&self.source, &file.hash, opened).await
            })
            .buffer_unordered(AT_A_TIME)
            .try_collect::<()>()
            .await?;
        client.post("/v1/sync/commit", &manifest).await
    }
}

/// Whether a file changed, or went, between its hash and its sending.
fn is_changed(error: &Error) -> bool {
    match error {
        Error::Refused(detail) => matches!(detail.code, ErrorCode::HashMismatch | ErrorCode::ContentMissing),
        Error::UnreadablePath { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

struct Looked {
    files: BTreeMap<String, ManifestFile>,
    /// Path and reason.
    left_out: Vec<(String, String)>,
}

/// The files that an ingest of the folder would read, with the settings of its folders.
fn look(root: &Path, max_bytes: u64) -> Result<Looked> {
    let found = taproot_ingest::scan(root, FolderSettings::default(), |_| {})?;
    if !found.complete {
        // What was not seen would be deleted on the server.
        let reason = found.failed.last().map(|failure| failure.reason.clone()).unwrap_or_default();
        return Err(Error::UnreadablePath { path: root.to_owned(), source: std::io::Error::other(reason) });
    }
    let mut left_out: Vec<(String, String)> =
        found.failed.into_iter().map(|failure| (failure.path, failure.reason)).collect();
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for file in found.files {
        if file.bytes > max_bytes {
            left_out.push((file.path, format!("it is larger than {} MiB", max_bytes >> 20)));
            continue;
        }
        paths.extend(settings_above(root, &file.path));
        paths.insert(file.path);
    }
    let mut files = BTreeMap::new();
    for path in paths {
        match hashed(root, &path) {
            Ok(file) => drop(files.insert(path, file)),
            Err(error) => left_out.push((path, error.kind().to_string())),
        }
    }
    Ok(Looked { files, left_out })
}

fn settings_above(root: &Path, path: &str) -> Vec<String> {
    let folders = path.rmatch_indices('/').map(|(at, _)| &path[..=at]).chain([""]);
    folders.map(|folder| format!("{folder}{SETTINGS_FILE}")).filter(|settings| root.join(settings).is_file()).collect()
}

fn hashed(root: &Path, path: &str) -> std::io::Result<ManifestFile> {
    let mut hasher = blake3::Hasher::new();
    let bytes = std::io::copy(&mut std::fs::File::open(root.join(path))?, &mut hasher)?;
    Ok(ManifestFile { path: path.to_owned(), bytes, hash: hasher.finalize().to_hex().to_string() })
}
