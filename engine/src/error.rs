//! The engine's one error type.

use std::path::PathBuf;

use taproot_schemas::error::ErrorCode;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// `Display` is for people and logs and never repeats the source; [`Error::code`] is what a caller of the API sees.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the {what} is empty")]
    EmptyQuery { what: &'static str },
    #[error("the text has {chars} characters, the limit is {limit}")]
    QueryTooLong { chars: usize, limit: usize },
    #[error("no document {id}")]
    DocumentNotFound { id: String },
    #[error("no such conversation")]
    ConversationNotFound,
    #[error("the original of {uri} is no longer there")]
    OriginalGone { uri: String },
    #[error("{count} documents have the uri {uri}")]
    AmbiguousUri { uri: String, count: usize },
    #[error("invalid {what}: {detail}")]
    InvalidRequest { what: &'static str, detail: String },
    #[error("{gone} of the {total} files of the source are gone; nothing was deleted")]
    TooManyDeletions { gone: usize, total: usize },
    #[error("too many requests are waiting ({waiting})")]
    Overloaded { waiting: usize },
    #[error("the model {name} cannot be used: {detail}")]
    Model { name: String, detail: String },
    #[error("the glossary {} is not right: {problem}", path.display())]
    Glossary { path: PathBuf, problem: String },
    #[error("cannot read or write {path}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error(
        "the disk of {path} is full: {} MiB are free, {} MiB are needed",
        free_bytes >> 20, needed_bytes >> 20
    )]
    StorageFull { path: PathBuf, free_bytes: u64, needed_bytes: u64 },
    #[error("the catalog failed")]
    Catalog(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the lexical index failed")]
    Lexical(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the vector store failed: {detail}")]
    Vectors { detail: String },
    #[error("the data directory was made with {found}, this program uses {expected}")]
    Incompatible { found: String, expected: String },
    #[error("a worker failed unexpectedly: {detail}")]
    Panicked { detail: String },
    #[error("the caller went away")]
    Cancelled,
    #[error("the engine is shutting down")]
    Stopped,
}

impl Error {
    /// What to do about it on this machine. A caller of the API is told the hint of [`Error::code`].
    pub fn hint(&self) -> &'static str {
        match self {
            Error::Incompatible { .. } => {
                "name another folder with --data and ingest again, or go back to what made this one: for an embedder \
                 with embedder = \"NAME\" under [models] in taproot.toml"
            }
            Error::Glossary { .. } => "mend that place, or take the file away; docs/search.md says how it is written",
            Error::Model { .. } => "compare models.toml with docs/models.md; taproot models list checks the files",
            _ => self.code().hint(),
        }
    }

    /// The code that a caller of the API is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::EmptyQuery { .. } => ErrorCode::EmptyQuery,
            Error::QueryTooLong { .. } => ErrorCode::QueryTooLong,
            Error::DocumentNotFound { .. } => ErrorCode::DocumentNotFound,
            Error::ConversationNotFound => ErrorCode::ConversationNotFound,
            Error::OriginalGone { .. } => ErrorCode::OriginalGone,
            Error::AmbiguousUri { .. } => ErrorCode::AmbiguousUri,
            Error::InvalidRequest { .. } => ErrorCode::InvalidRequest,
            Error::TooManyDeletions { .. } => ErrorCode::TooManyDeletions,
            Error::StorageFull { .. } => ErrorCode::StorageFull,
            Error::Overloaded { .. } => ErrorCode::Overloaded,
            Error::Vectors { .. } => ErrorCode::StoreUnavailable,
            Error::Stopped => ErrorCode::NotReady,
            Error::Model { .. }
            | Error::Glossary { .. }
            | Error::Io { .. }
            | Error::Catalog(_)
            | Error::Lexical(_)
            | Error::Cancelled
            | Error::Panicked { .. }
            | Error::Incompatible { .. } => ErrorCode::Internal,
        }
    }
}
