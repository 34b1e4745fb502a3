//! A command's way to the data: the directory itself, or the server that owns it.
//!
//! In: a request. Out: the same answer on both ways. Commands do not know which one they are on.

use std::path::{Path, PathBuf};

use taproot_engine::{AccessScope, Asker, Counts, Engine, ListDocuments, Past, Resolved};
use taproot_schemas::answer::{Answer, AskRequest};
use taproot_schemas::doctor::DoctorReport;
use taproot_schemas::document::{Deleted, Document, DocumentList, DocumentText};
use taproot_schemas::job::{Progress, Report};
use taproot_schemas::search::{Hit, SearchRequest, SearchResponse};
use tokio::sync::watch;

use super::client::Client;
use super::output::Output;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::instance::{Claim, Instance};
use crate::jobs::JobOrder;
use crate::parser::Parser;
use crate::uploads::Uploads;

pub enum Session {
    Local(Box<Local>),
    Remote(Client),
}

/// The data directory, owned by this process.
pub struct Local {
    engine: Engine,
    parser: Parser,
    uploads: Uploads,
    /// Keeps other processes out for as long as the session lasts.
    _instance: Instance,
}

/// What a data directory holds.
pub struct Holdings {
    pub documents: u64,
    pub chunks: u64,
    /// Fingerprint of the model that its vectors are from.
    pub embedder: String,
}

impl Session {
    pub async fn open(config: &Config, output: &Output) -> Result<Session> {
        match Instance::acquire(&config.data_dir)? {
            Claim::Owned(instance) => {
                let engine = Engine::open(config.engine()?).await?;
                let parser = config.parser();
                let uploads = Uploads::open(&config.data_dir, config.parser_limits.max_file_bytes)
                    .map_err(|source| Error::DataDir { path: config.data_dir.clone(), source })?;
                Ok(Session::Local(Box::new(Local { engine, parser, uploads, _instance: instance })))
            }
            Claim::ServedAt(served) => {
                let client = Client::new(served)?;
                client.wait_until_ready(output).await?;
                Ok(Session::Remote(client))
            }
            Claim::Busy { pid } => Err(Error::Busy { pid, data: config.data_dir.clone() }),
        }
    }

    /// Flushes what has to be flushed. A session that is dropped without it loses nothing that was acknowledged.
    pub async fn close(self) -> Result<()> {
        match self {
            Session::Local(local) => Ok(local.engine.close().await?),
            Session::Remote(_) => Ok(()),
        }
    }

    pub async fn search(&self, request: &SearchRequest) -> Result<SearchResponse> {
        match self {
            Session::Local(local) => Ok(local.engine.search(&AccessScope::owner(), request).await?),
            Session::Remote(client) => client.post("/v1/search", request).await,
        }
    }

    pub async fn ask(&self, request: &AskRequest) -> Result<Answer> {
        match self {
            Session::Local(local) => {
                Ok(local.engine.converse(&AccessScope::owner(), &Asker::owner(), request, None).await?)
            }
            Session::Remote(client) => client.post("/v1/ask", request).await,
        }
    }

    /// A question as it stands alone after these turns, the oldest first. A server does not tell that.
    pub async fn resolve(&self, history: Vec<Past>, question: &str) -> Result<Resolved> {
        match self {
            Session::Local(local) => Ok(local.engine.resolve(&AccessScope::owner(), history, question).await?),
            Session::Remote(_) => Err(not_of_a_server()),
        }
    }

    /// The best passages for a question after these turns. A server does not tell that.
    pub async fn retrieve(&self, history: Vec<Past>, question: &str, k: usize) -> Result<Vec<Hit>> {
        let request = AskRequest { question: question.to_owned(), ..AskRequest::default() };
        match self {
            Session::Local(local) => Ok(local.engine.retrieve(&AccessScope::owner(), history, &request, k).await?),
            Session::Remote(_) => Err(not_of_a_server()),
        }
    }

    /// Runs an ingest to its end. `cancel` turning true ends it after the batch at hand.
    pub async fn ingest(
        &self,
        order: JobOrder,
        progress: watch::Sender<Progress>,
        cancel: watch::Receiver<bool>,
    ) -> Result<Report> {
        match self {
            Session::Local(local) => {
                let request = local.parser.request(order);
                Ok(taproot_ingest::ingest(&local.engine, request, progress, cancel).await?)
            }
            Session::Remote(client) => client.ingest(order, progress, cancel).await,
        }
    }

    /// Whether a server does the work, with settings of its own.
    pub fn is_remote(&self) -> bool {
        matches!(self, Session::Remote(_))
    }

    /// What is searched; `None` on the way over a server.
    pub async fn holdings(&self) -> Result<Option<Holdings>> {
        let Session::Local(local) = self else { return Ok(None) };
        let Counts { documents, chunks } = local.engine.counts(&AccessScope::owner()).await?;
        Ok(Some(Holdings { documents, chunks, embedder: local.engine.models().embedder.fingerprint() }))
    }

    pub async fn list_documents(&self, list: &ListDocuments) -> Result<DocumentList> {
        match self {
            Session::Local(local) => Ok(local.engine.list_documents(&AccessScope::owner(), list).await?),
            Session::Remote(client) => client.list_documents(list).await,
        }
    }

    pub async fn document(&self, id: &str) -> Result<Document> {
        match self {
            Session::Local(local) => Ok(local.engine.document(&AccessScope::owner(), id).await?),
            Session::Remote(client) => client.get(&["v1", "documents", id]).await,
        }
    }

    pub async fn document_text(&self, id: &str) -> Result<DocumentText> {
        match self {
            Session::Local(local) => Ok(local.engine.document_text(&AccessScope::owner(), id).await?),
            Session::Remote(client) => client.get(&["v1", "documents", id, "text"]).await,
        }
    }

    pub async fn delete_document(&self, id: &str) -> Result<Deleted> {
        match self {
            Session::Local(local) => {
                Ok(local.uploads.delete_document(&local.engine, &AccessScope::owner(), id).await?)
            }
            Session::Remote(client) => client.delete(&["v1", "documents", id]).await,
        }
    }

    pub async fn doctor(&self, repair: bool) -> Result<DoctorReport> {
        match self {
            Session::Local(local) => Ok(crate::parser::doctor(&local.engine, &local.parser, repair).await?),
            Session::Remote(client) => client.doctor(repair).await,
        }
    }
}

fn not_of_a_server() -> Error {
    Error::Incomparable {
        problem: "a server runs on the data directory, and does not tell what a conversation makes of a question"
            .into(),
        hint: "stop the server".into(),
    }
}

/// What a person typed for a folder or a file, as one real path.
pub fn readable(path: &Path) -> Result<PathBuf> {
    crate::jobs::readable_path(path).map_err(|source| Error::UnreadablePath { path: path.to_path_buf(), source })
}
