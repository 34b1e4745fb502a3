//! Every shape that leaves the process: over HTTP, onto disk, into a settings file.
//!
//! No logic and no I/O lives here. A type in this crate is a promise to somebody outside: a client, a
//! script that reads `--json`, a settings file. Times are RFC 3339 in UTC, offsets count characters
//! (Unicode scalar values) of a document's extracted text, sizes and limits carry their unit in the name.

pub mod account;
pub mod answer;
pub mod audit;
pub mod conversation;
pub mod dify;
pub mod doctor;
pub mod document;
pub mod error;
pub mod eval;
pub mod evaluation;
pub mod feedback;
pub mod health;
pub mod instance;
pub mod job;
pub mod mcp;
pub mod models;
pub mod openai;
pub mod question;
pub mod search;
pub mod setting;
pub mod settings;
pub mod source;
pub mod sync;
