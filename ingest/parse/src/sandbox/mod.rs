//! The parser child: a process with limits that turns files into documents.
//!
//! Files come from anywhere and parsers are large; whatever a file does to its parser (panic, overflow the stack, eat
//! memory, never end), the ingest goes on. A [`Parser`] owns one child and hands it one file after the other; the
//! child is killed when a file takes too long, replaced when it dies, and renewed now and then.
//!
//! ```text
//! Parser::parse ── Settings, then Request and content… ──▶ stdin   run_worker: confines itself, then parse()
//!      sink ◀── Ready, then Document | PartFailed …, Done | Failed ── stdout
//!       ocr ◀── Recognise, and its text back on stdin
//! ```
//!
//! Images are read by another program, started in the same way: see [`ocr`].
//!
//! The child is the same program, called as `taproot parse-worker`. It gets no environment, and no file but the bytes
//! of the one at hand, over its standard input: what it gives up is in [`confine`].

mod child;
mod confine;
mod file;
mod ocr;
mod parser;
mod protocol;
mod worker;

pub use confine::{Confinement, Door, Layer};
pub use ocr::{FileOcr, OcrProgram, OcrSettings, OcrStatus, Tesseract};
pub use parser::{ParseSummary, Parser, ParserError, ParserLimits};
pub use worker::run_worker;

/// The argument after which a program has to call [`run_worker`].
pub const WORKER_ARGUMENT: &str = "parse-worker";
