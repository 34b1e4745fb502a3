//! The product without HTTP: stores, models, retrieval and answers behind one door, [`Engine`].
//!
//! What comes in: documents with their chunks and vectors (from `taproot-ingest`), questions and queries
//! with the caller's [`AccessScope`]. What goes out: the shapes of `taproot-schemas`. The engine knows nothing
//! of HTTP, command lines or file formats.

mod answer;
mod asker;
mod engine;
mod error;
mod executor;
mod failpoint;
pub mod models;
mod questions;
mod retrieve;
mod scope;
pub mod store;
pub mod text;

pub use answer::{Past, Resolved, Said, Weighed, ground};
pub use asker::Asker;
/// What an upstream model is: an API of chat completions, its key, its price, its limits.
pub mod upstream {
    pub use crate::answer::{AnswerTokensField, Api, Price, Secret, UpstreamConfig};
}

pub use engine::{Counts, DocumentFile, Engine, EngineConfig, ListDocuments, QdrantServer};
pub use error::{Error, Result, UpstreamFailure};
pub use failpoint::failpoint;
pub use retrieve::Evidence;
pub use scope::{Access, AccessScope, check_name};
pub use store::{Accounts, Holder, Identity, ListTopics, Reach};
