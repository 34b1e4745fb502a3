//! Folder → files → documents → chunks → vectors → committed.

pub mod parse;
mod run;
pub mod sandbox;

pub use run::{IngestRequest, ParserLimits, ingest};
