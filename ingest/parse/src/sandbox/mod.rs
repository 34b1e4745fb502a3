//! The parser child: a process with limits that turns files into documents.
//!
//! Files come from anywhere and parsers are large; whatever a file does to its parser (panic, overflow the stack, eat
//! memory, never end), the ingest goes on. A [`Parser`] owns one child and hands it one file after the other; the
//! child is killed when a file takes too long, replaced when it dies, and renewed now and then.
//!
//! ```text
//! Parser::parse ── Settings, then Request… ──▶ stdin   run_worker: limits on itself, then parse()
//!      sink ◀── Document | PartFailed …, Done | Failed ── stdout
//!       ocr ◀── Recognise, and its text back on stdin
//! ```
//!
//! The child is the same program, called as `taproot parse-worker`. It gets no environment and opens the files itself.
//! It is not a jail: it runs as the same user and may read what that user may read.

mod parser;
mod protocol;
mod worker;

pub use parser::{ParseSummary, Parser, ParserLimits};
pub use worker::run_worker;

/// The argument after which a program has to call [`run_worker`].
pub const WORKER_ARGUMENT: &str = "parse-worker";
