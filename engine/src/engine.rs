//! The engine's door.

use std::path::PathBuf;

use taproot_schemas::answer::{Answer, AnswerEvent, AskRequest};
use taproot_schemas::doctor::DoctorReport;
use taproot_schemas::document::{Deleted, Document, DocumentList, DocumentText};
use taproot_schemas::job::Job;
use taproot_schemas::search::{SearchRequest, SearchResponse};
use tokio::sync::mpsc;

use crate::{AccessScope, Result};

/// What the engine needs to open.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    pub data_dir: PathBuf,
    /// Folder with `models.toml`, the ONNX files and the runtime library.
    pub models_dir: PathBuf,
    /// Threads that run models and searches.
    pub threads: usize,
    /// Requests that may wait for one of those threads.
    pub max_queue: usize,
    pub max_query_chars: usize,
    /// A Qdrant server; embedded when `None`.
    pub qdrant: Option<QdrantServer>,
    /// Passages read for one question.
    pub passages: usize,
    /// Sentences in one answer at the most.
    pub max_sentences: usize,
}

#[derive(Clone)]
pub struct QdrantServer {
    pub url: String,
    pub api_key: Option<String>,
    pub collection: String,
}

/// Which documents to list.
#[derive(Debug, Clone, Default)]
pub struct ListDocuments {
    pub collection: Option<String>,
    /// Exactly this uri.
    pub uri: Option<String>,
    /// 1 to 1,000.
    pub limit: usize,
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub documents: u64,
    pub chunks: u64,
}

/// Cheap to clone; all clones share the stores and the models.
#[derive(Clone)]
pub struct Engine;

impl std::fmt::Debug for QdrantServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QdrantServer").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the data directory (and makes it when it is not there), loads the models, finishes or undoes what a
    /// crash left between the steps of a commit.
    pub async fn open(_config: EngineConfig) -> Result<Engine> {
        unimplemented!()
    }
    pub async fn search(&self, _scope: &AccessScope, _request: &SearchRequest) -> Result<SearchResponse> {
        unimplemented!()
    }
    /// Answers a question. Events are sent as they come about; the last one is `FinalAnswer`. A receiver that is
    /// gone cancels the rest of the work.
    pub async fn answer(
        &self,
        _scope: &AccessScope,
        _request: &AskRequest,
        _events: Option<mpsc::Sender<AnswerEvent>>,
    ) -> Result<Answer> {
        unimplemented!()
    }
    pub async fn list_documents(&self, _scope: &AccessScope, _list: &ListDocuments) -> Result<DocumentList> {
        unimplemented!()
    }
    pub async fn document(&self, _scope: &AccessScope, _id: &str) -> Result<Document> {
        unimplemented!()
    }
    /// The one document with this uri.
    pub async fn document_by_uri(&self, _scope: &AccessScope, _uri: &str) -> Result<Document> {
        unimplemented!()
    }
    pub async fn document_text(&self, _scope: &AccessScope, _id: &str) -> Result<DocumentText> {
        unimplemented!()
    }
    /// Where the original file lies, and its media type.
    pub async fn original(&self, _scope: &AccessScope, _id: &str) -> Result<(PathBuf, String)> {
        unimplemented!()
    }
    /// Returns when the document is gone from every store.
    pub async fn delete_document(&self, _scope: &AccessScope, _id: &str) -> Result<Deleted> {
        unimplemented!()
    }
    pub async fn counts(&self) -> Result<Counts> {
        unimplemented!()
    }
    /// Keeps the record of a job, so that it is still known after a restart.
    pub async fn save_job(&self, _job: &Job) -> Result<()> {
        unimplemented!()
    }
    /// The newest jobs first, at most `limit`.
    pub async fn jobs(&self, _limit: usize) -> Result<Vec<Job>> {
        unimplemented!()
    }
    pub async fn doctor(&self, _repair: bool) -> Result<DoctorReport> {
        unimplemented!()
    }
    /// Flushes and closes every store; later calls fail with [`crate::Error::Stopped`].
    pub async fn close(&self) -> Result<()> {
        unimplemented!()
    }
}
