//! The ingest's door.

use std::path::PathBuf;
use std::time::Duration;

use taproot_engine::{Engine, Result};
use taproot_schemas::job::{Progress, Report};
use tokio::sync::watch;

/// One ingest of one folder or file.
#[derive(Debug, Clone)]
pub struct IngestRequest {
    /// Folder or file.
    pub path: PathBuf,
    pub collection: String,
    /// Groups that may read the documents; empty means everybody.
    pub allow: Vec<String>,
    /// Whether documents whose files are gone are deleted.
    pub delete: bool,
    /// The program that runs as parser child (`PROGRAM parse-worker`): normally this program itself.
    pub parser: PathBuf,
    pub limits: ParserLimits,
}

/// Limits of the parser child, for each file.
#[derive(Debug, Clone, Copy)]
pub struct ParserLimits {
    pub max_file_bytes: u64,
    pub max_document_chars: usize,
    /// Wall-clock time without a sign of life.
    pub timeout: Duration,
    pub memory_bytes: u64,
}

/// Brings the collection to the state of the folder, and returns when all of it is committed. One bad file never
/// stops the rest. `cancel` turning true stops after the batch at hand; what was committed stays.
pub async fn ingest(
    _engine: &Engine,
    _request: IngestRequest,
    _progress: watch::Sender<Progress>,
    _cancel: watch::Receiver<bool>,
) -> Result<Report> {
    unimplemented!()
}
