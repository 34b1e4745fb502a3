//! What can go wrong between the command line and the engine.
//!
//! `Display` says what happened and never repeats the source; [`Error::hint`] says what to do. Errors of HTTP
//! requests are another matter, see `http::error`.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use taproot_schemas::error::{ErrorCode, ErrorDetail};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the settings file {}", path.display())]
    SettingsFile { path: PathBuf, source: io::Error },
    #[error("the settings file {} is not right: {detail}", path.display())]
    SettingsSyntax { path: PathBuf, detail: String },
    #[error("the setting {field} {problem}")]
    Setting { field: String, problem: String, allowed: String },
    #[error("the models are nowhere to be found; looked in {}", looked_in.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))]
    ModelsNotFound { looked_in: Vec<PathBuf> },
    #[error("cannot use the data directory {}", path.display())]
    DataDir { path: PathBuf, source: io::Error },
    #[error("process {} is using the data directory {}", pid.map_or("(unknown)".into(), |pid| pid.to_string()), data.display())]
    Busy { pid: Option<u32>, data: PathBuf },
    #[error("a server already serves this data directory at {address}")]
    AlreadyServed { address: String },
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("nobody could be told apart from anybody at {address}: no key has been made")]
    NobodyMayAsk { address: SocketAddr, first_key: Option<String> },
    #[error("cannot use the TLS file {}: {problem}", path.display())]
    Tls { path: PathBuf, problem: String },
    #[error("the HTTP server failed")]
    Http(#[source] io::Error),
    #[error("cannot start the asynchronous runtime")]
    Runtime(#[source] io::Error),
    #[error("cannot read {}", path.display())]
    UnreadablePath { path: PathBuf, source: io::Error },
    #[error("line {line} of {} {problem}", path.display())]
    BatchLine { path: PathBuf, line: usize, problem: String },
    #[error("line {line} of {} {problem}", path.display())]
    SetLine { path: PathBuf, line: usize, problem: String, hint: &'static str },
    #[error("{} {problem}", path.display())]
    NoSet { path: PathBuf, problem: String, hint: String },
    #[error("the two cannot be compared: {problem}")]
    Incomparable { problem: String, hint: String },
    #[error("no document has the uri or the id {name}")]
    NoSuchDocument { name: String },
    #[error("{count} documents have the uri {uri}")]
    AmbiguousUri { uri: String, count: u64 },
    #[error(transparent)]
    Engine(#[from] taproot_engine::Error),
    #[error(transparent)]
    Hub(#[from] crate::hub::HubError),
    #[error("{}", .0.message)]
    Refused(Box<ErrorDetail>),
    #[error("the server at {address} does not answer")]
    Unreachable { address: String, source: reqwest::Error },
    #[error("the server at {address} answered with something else than Taproot's JSON (status {status})")]
    NotTaproot { address: String, status: u16 },
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("the ingest failed: {reason}")]
    IngestFailed { reason: String, code: Option<ErrorCode> },
    #[error("the address {address:?} is no address of a server")]
    BadAddress { address: String },
    #[error("the folder kept changing while it was sent")]
    KeepsChanging,
    #[error("stopped on request")]
    Stopped,
    #[error("the stores differ")]
    Unhealthy,
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    #[error("cannot write {}", path.display())]
    OutputFile { path: PathBuf, source: io::Error },
}

impl Error {
    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Setting { allowed, .. } => allowed.clone(),
            Error::SettingsFile { .. } => "check the path given with --config".into(),
            Error::ModelsNotFound { .. } => "run make run once, or set models.dir".into(),
            Error::Busy { .. } => "wait until that process ends, or name another folder with --data".into(),
            Error::AlreadyServed { .. } => "use that server, or name another folder with --data".into(),
            Error::Listen { .. } => "choose another address with --address, or stop the program that holds it".into(),
            Error::NobodyMayAsk { .. } => {
                "make an administrator's key first: taproot keys create NAME --role admin --groups '*'; or listen on \
                 127.0.0.1, or set [oidc]"
                    .into()
            }
            Error::Tls { .. } => "server.tls_certificate and server.tls_key name PEM files: the certificate with its \
                                  chain, and its private key"
                .into(),
            Error::SetLine { hint, .. } => (*hint).into(),
            Error::NoSet { hint, .. } | Error::Incomparable { hint, .. } => hint.clone(),
            Error::NoSuchDocument { .. } => "list the documents with taproot documents list".into(),
            Error::AmbiguousUri { .. } => "name the collection with --collection, or give the document's id".into(),
            Error::Engine(error) => error.hint().into(),
            Error::Hub(error) => return error.hint(),
            Error::Refused(detail) => format!("{} (request id {})", detail.hint, detail.request_id),
            Error::Unreachable { .. } | Error::NotTaproot { .. } => "look at the log of the server".into(),
            Error::IngestFailed { code, .. } => (*code)?.hint().into(),
            Error::BadAddress { .. } => "write an address like https://kb.example.com or http://127.0.0.1:8080".into(),
            Error::KeepsChanging => "wait until nobody writes to it, then run the same command again".into(),
            Error::Stopped => "run the same command again to go on".into(),
            Error::Unhealthy => "mend them with taproot doctor --repair".into(),
            _ => return None,
        })
    }

    /// Whether the reader of the output has gone away (`taproot search … | head -1`), which is no failure.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Error::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// An error with its causes, in one line for the log.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(|error| error.to_string())
        .collect::<Vec<_>>()
        .join(": ")
}
