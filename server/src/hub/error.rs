//! What can go wrong on the way from a hub. No message holds the token, or an address with what follows its path:
//! storage hosts sign their addresses.

use std::path::PathBuf;

use reqwest::StatusCode;

#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error("{name:?} is no name of a model on a hub")]
    BadName { name: String },
    #[error("{name:?} cannot be a model's name here")]
    BadLocalName { name: String },
    #[error("HF_ENDPOINT is {endpoint:?}, which is no address of a hub")]
    BadEndpoint { endpoint: String },
    #[error("the hub names the file {path:?}, which leads out of the model's folder")]
    BadPath { path: String },
    #[error("{host} cannot be reached: {reason}")]
    Unreachable { host: String, reason: String },
    #[error("{host} does not know {what}")]
    NotFound { host: String, what: String, with_token: bool },
    #[error("{host} does not accept the token")]
    BadToken { host: String },
    #[error("{host} gives {what} only to accounts that have been let in")]
    Gated { host: String, what: String, with_token: bool },
    #[error("{host} answered {status} for {what}")]
    Status { host: String, what: String, status: StatusCode },
    #[error("{host} redirects {what} {problem}")]
    Redirect { host: String, what: String, problem: &'static str },
    #[error("{host} answered for {what} with something that a hub would not say: {detail}")]
    Protocol { host: String, what: String, detail: String },
    #[error("{what} is larger than {limit_mib} MiB")]
    TooLarge { what: String, limit_mib: u64 },
    #[error("the download of {what} broke off at {done} bytes: {reason}")]
    Interrupted { what: String, done: u64, reason: String },
    #[error("{what} arrived with the sum {got} instead of {expected}")]
    WrongSum { what: String, got: String, expected: String },
    #[error("{repository} has no {what}")]
    Lacks { repository: String, what: String },
    #[error("{repository} has several ONNX files: {}", files.join(", "))]
    WhichFile { repository: String, files: Vec<String> },
    #[error("the files of the model do not tell {what}")]
    CannotTell { what: &'static str, option: &'static str },
    #[error("{what} of the model is not supported: {detail}")]
    Unsupported { what: &'static str, detail: String },
    #[error("{path} is not the JSON that it should be: {detail}")]
    Json { path: String, detail: String },
    #[error("{} lists another model named {name}, from {source_of}", list.display())]
    NameTaken { list: PathBuf, name: String, source_of: String },
    #[error("{} is there and belongs to no listed model", folder.display())]
    FolderTaken { folder: PathBuf },
    #[error("another pull into {} is running", folder.display())]
    Busy { folder: PathBuf },
    #[error("the disk of {} has {free_mib} MiB, the model needs {needed_mib}", folder.display())]
    NoRoom { folder: PathBuf, free_mib: u64, needed_mib: u64 },
    #[error("cannot read or write {}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("a thread of the pull failed")]
    Broken(#[source] tokio::task::JoinError),
    #[error(transparent)]
    Engine(#[from] taproot_engine::Error),
}

impl HubError {
    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            HubError::BadName { .. } => "write hf:OWNER/NAME, or hf:OWNER/NAME@REVISION".into(),
            HubError::BadLocalName { .. } => {
                "use 1 to 96 lower-case letters, digits, . _ and -, the first a letter or a digit; not \"runtime\"".into()
            }
            HubError::BadEndpoint { .. } => "write an address like https://huggingface.co".into(),
            HubError::Unreachable { .. } => {
                "check the network and the proxy's settings, or name a mirror with HF_ENDPOINT; without a network, pull \
                 on another machine and copy its models folder"
                    .into()
            }
            HubError::NotFound { with_token: false, .. } => {
                "check the name and the revision; for a private model set HF_TOKEN".into()
            }
            HubError::NotFound { with_token: true, .. } => {
                "check the name and the revision, and that the account of HF_TOKEN may read it".into()
            }
            HubError::BadToken { .. } => "make a new token with the right to read, and set HF_TOKEN to it".into(),
            HubError::Gated { with_token: false, .. } => {
                "accept the model's conditions on its page, and set HF_TOKEN to a token of that account".into()
            }
            HubError::Gated { with_token: true, .. } => {
                "accept the model's conditions on its page with the account of HF_TOKEN".into()
            }
            HubError::Status { .. } => "try again later".into(),
            HubError::Interrupted { .. } => "run the same command again: it goes on from there".into(),
            HubError::WrongSum { .. } => {
                "run the same command again; if it happens again, the hub or a proxy serves another file".into()
            }
            HubError::Lacks { .. } => "look for a repository with an ONNX export of the model (onnx/model.onnx), or \
                                       export it with optimum-cli export onnx"
                .into(),
            HubError::WhichFile { .. } => "name one with --file".into(),
            HubError::CannotTell { option, .. } => format!("say it with {option}"),
            HubError::NameTaken { .. } => "give this one another name with --name".into(),
            HubError::FolderTaken { .. } => "remove the folder, or give the model another name with --name".into(),
            HubError::Busy { .. } => "wait until it ends".into(),
            HubError::NoRoom { .. } => "make room, or set models.dir to a folder on another disk".into(),
            HubError::Io { .. } => {
                "the models folder must be writable: copy it, and set models.dir (TAPROOT_MODELS_DIR) to the copy".into()
            }
            HubError::Engine(_) => "the files lie well, but the model does not run; docs/models.md says what can".into(),
            _ => return None,
        })
    }
}
