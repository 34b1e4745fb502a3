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
    #[error("there is no such key")]
    KeyNotFound,
    #[error("there is no such user")]
    UserNotFound,
    #[error("no document {id}")]
    DocumentNotFound { id: String },
    #[error("no such conversation")]
    ConversationNotFound,
    #[error("no such answer was kept")]
    AnswerNotFound,
    #[error("no topic {id}")]
    TopicNotFound { id: String },
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
    /// The detail is written here, never taken over from the other side, which may repeat the key.
    #[error("the upstream model gave no answer: {detail}")]
    Upstream { kind: UpstreamFailure, detail: String },
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

/// Why an upstream model gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamFailure {
    /// The settings keep every passage that was found from leaving; nothing was sent.
    Forbidden,
    /// No passage was found, or none fits into the model's window; nothing was sent.
    NothingToSend,
    /// As many questions wait for it as may; nothing was sent.
    Busy,
    /// It failed too often lately; nothing was sent.
    CircuitOpen,
    /// No connection, or one that broke before the answer began.
    Unreachable,
    TimedOut,
    /// Status 401 or 403.
    KeyRefused,
    /// Status 404: address, model or deployment.
    NotFound,
    /// The account has no money or no quota left.
    Exhausted,
    /// Status 429.
    RateLimited,
    /// It does not take this request: too long, or fields that it does not know.
    Rejected,
    /// Its filter of contents held back the question or the answer.
    Filtered,
    /// It sends elsewhere; documents go only where the settings say.
    Redirected,
    /// Status 5xx.
    Unwell,
    /// It answers something that is no stream of chat completions.
    Protocol,
    /// The answer ended before its end.
    Broken,
    /// It wrote nothing.
    Empty,
}

impl UpstreamFailure {
    /// Whether the same request may go well a little later.
    pub(crate) fn passes(self) -> bool {
        use UpstreamFailure::{Broken, RateLimited, TimedOut, Unreachable, Unwell};
        matches!(self, Unreachable | TimedOut | RateLimited | Unwell | Broken)
    }

    /// Whether it tells that the model's server is of no use to any question now.
    pub(crate) fn is_of_the_server(self) -> bool {
        use UpstreamFailure::{Exhausted, KeyRefused, NotFound, Protocol, Redirected};
        self.passes() || matches!(self, Exhausted | KeyRefused | NotFound | Protocol | Redirected)
    }

    fn hint(self) -> &'static str {
        use UpstreamFailure as F;
        match self {
            F::Forbidden => "ask other collections, or let this one be sent: allow_upstream under [collections.NAME]",
            F::NothingToSend => "raise upstream.max_context_tokens if the model takes more",
            F::Busy => "ask again later, or raise upstream.max_concurrent if the model takes more at a time",
            F::Unreachable | F::Redirected => "check upstream.url, and that this machine reaches it without a proxy",
            F::KeyRefused => "check the key that upstream.key_env or upstream.key_file names",
            F::NotFound => "check upstream.url, upstream.model and upstream.api_version",
            F::Exhausted => "look into the account of the model's provider",
            F::Rejected | F::Protocol => "compare [upstream] in taproot.toml with docs/upstream.md",
            F::TimedOut => "ask again later, or raise upstream.timeout_s",
            F::CircuitOpen | F::RateLimited | F::Filtered | F::Unwell | F::Broken | F::Empty => {
                ErrorCode::UpstreamUnavailable.hint()
            }
        }
    }
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
            Error::Upstream { kind, .. } => kind.hint(),
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
            Error::KeyNotFound => ErrorCode::KeyNotFound,
            Error::UserNotFound => ErrorCode::UserNotFound,
            Error::ConversationNotFound => ErrorCode::ConversationNotFound,
            Error::AnswerNotFound => ErrorCode::AnswerNotFound,
            Error::TopicNotFound { .. } => ErrorCode::TopicNotFound,
            Error::OriginalGone { .. } => ErrorCode::OriginalGone,
            Error::AmbiguousUri { .. } => ErrorCode::AmbiguousUri,
            Error::InvalidRequest { .. } => ErrorCode::InvalidRequest,
            Error::TooManyDeletions { .. } => ErrorCode::TooManyDeletions,
            Error::StorageFull { .. } => ErrorCode::StorageFull,
            Error::Overloaded { .. } => ErrorCode::Overloaded,
            Error::Upstream { .. } => ErrorCode::UpstreamUnavailable,
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
