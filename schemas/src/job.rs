//! Ingest jobs: what was asked, how far it is, what came of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ErrorCode;

/// Starts the ingest of a folder or file that the server can read: `path`, or a `source` of the settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobRequest {
    /// Absolute path on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Name of a `[[sources]]` entry of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `default` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// Groups that may read the documents; empty means everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Keep documents whose files are gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_delete: bool,
    /// Delete even when the source has lost more than half of its files, or all of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm_delete: bool,
    /// Change nothing; the report says in `planned` what would be done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobList {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// Pass as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    pub id: String,
    pub path: String,
    pub collection: String,
    /// What was ordered besides; null in records of programs that did not keep it.
    #[serde(default)]
    pub options: Option<JobOptions>,
    pub status: JobStatus,
    pub progress: Progress,
    /// What came of it; null until the job has ended.
    pub report: Option<Report>,
    /// Why the job as a whole failed; null unless it did.
    pub error: Option<String>,
    /// The code of `error`, where there is one.
    #[serde(default)]
    pub error_code: Option<ErrorCode>,
    /// How often the work was begun since the server last stopped in good order. A job that is begun for the fourth
    /// time fails instead: it seems to take the server down.
    #[serde(default)]
    pub starts: u32,
    pub created_at: String,
    pub finished_at: Option<String>,
}

/// How a job goes about its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobOptions {
    /// The `[[sources]]` entry of the settings, or the uploaded source, that the job belongs to.
    pub source: Option<String>,
    /// Groups that may read the documents; empty means everybody.
    pub allow: Vec<String>,
    /// Whether documents whose files are gone are deleted.
    pub delete: bool,
    pub confirm_delete: bool,
    pub dry_run: bool,
    /// Only this file, below the job's path, was to be read, whether it had changed or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// A job on its way, as its stream of events tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobProgress {
    pub id: String,
    pub status: JobStatus,
    pub progress: Progress,
}

/// An event of `GET /v1/jobs/{id}/events`; its name on the wire is the variant in snake case.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum JobEvent {
    /// At most four a second, and only when something has changed.
    Progress(JobProgress),
    /// The last one: the job as it ended.
    End(Box<Job>),
}

impl JobEvent {
    pub fn name(&self) -> &'static str {
        match self {
            JobEvent::Progress(_) => "progress",
            JobEvent::End(_) => "end",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    Queued,
    Running,
    Succeeded,
    Failed,
    /// Somebody stopped it; what was committed stays.
    Cancelled,
    /// The server stopped before the job ended; what was committed stays. The job goes on, under the same id, when
    /// the server starts again.
    Interrupted,
}

impl JobStatus {
    /// Whether nothing more comes of the job while this server runs.
    pub fn ended(self) -> bool {
        !matches!(self, JobStatus::Queued | JobStatus::Running)
    }
}

/// What an ingest is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It has not begun.
    #[default]
    Waiting,
    /// Looking for files.
    Scanning,
    /// Comparing the files with what is known.
    Planning,
    /// Reading, embedding and committing.
    Reading,
    /// All files are done, the last records are written.
    Finishing,
    Done,
}

/// How far an ingest is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    #[serde(default)]
    pub stage: Stage,
    /// Files found so far; final once `scanned` is true.
    pub files_total: u64,
    pub files_done: u64,
    pub scanned: bool,
    /// Bytes of the files that have to be read, and of those read so far.
    pub bytes_total: u64,
    pub bytes_done: u64,
    /// Documents and chunks committed so far.
    pub documents: u64,
    pub chunks: u64,
    #[serde(default)]
    pub files_per_second: f32,
    #[serde(default)]
    pub bytes_per_second: f32,
    pub chunks_per_second: f32,
    /// Estimated seconds left; null while it cannot be told. Each file counts as its bytes and a fixed part.
    pub eta_s: Option<f32>,
}

/// What an ingest did. Counts are of documents, `failed` of files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    pub added: u64,
    pub changed: u64,
    pub moved: u64,
    /// Documents whose groups, tags or collection changed, and nothing else.
    #[serde(default)]
    pub relabelled: u64,
    pub deleted: u64,
    pub unchanged: u64,
    /// Files of formats that are not read.
    pub skipped: u64,
    pub failed: Vec<FileFailure>,
    pub chunks: u64,
    pub seconds: f32,
    pub stage_seconds: StageSeconds,
    /// What would be done; null unless it was a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<PlannedChanges>,
}

/// The plan of an ingest, as paths of files below the source; of each kind the first 10,000 are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedChanges {
    pub add: Vec<String>,
    pub change: Vec<String>,
    #[serde(rename = "move")]
    pub moved: Vec<PlannedMove>,
    pub delete: Vec<String>,
    /// Files whose groups, tags or collection change, and nothing else.
    pub retag: Vec<String>,
    pub unchanged: u64,
    /// More than half of the files are gone: without `confirm_delete` nothing would be done.
    pub needs_confirmation: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedMove {
    pub from: String,
    pub to: String,
}

/// Seconds of work in each stage, added up over its threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageSeconds {
    pub hash_s: f32,
    pub parse_s: f32,
    pub chunk_s: f32,
    pub embed_s: f32,
    pub commit_s: f32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileFailure {
    /// Path below the ingested folder.
    pub path: String,
    pub code: FileErrorCode,
    /// What is wrong with the file, for a person.
    pub reason: String,
}

/// Why a file could not be ingested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileErrorCode {
    Unreadable,
    TooLarge,
    Encrypted,
    Corrupt,
    /// The file holds no text (an empty file, a scan without a text layer).
    Empty,
    UnsupportedFormat,
    Timeout,
    MemoryLimit,
    /// The parser ended without an answer.
    ParserCrashed,
}
