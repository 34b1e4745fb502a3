//! Folder → files → documents → chunks → vectors → committed.
//!
//! ```text
//! scan ──► plan ──►(16)──► parse + chunk ──►(8)──► embed ──►(16)──► commit
//! one walk  hashes          a child process          sessions         one batch
//!           of all files    a thread                 of the model     at a time
//! ```
//!
//! The numbers are the capacities of the channels between the stages: memory does not grow with the folder.

mod chunk;
mod hygiene;
mod labels;
mod pipeline;
mod plan;
mod progress;
mod run;
mod scan;
pub mod watch;

pub use chunk::Chunking;
pub use run::{IngestRequest, ingest};
pub use scan::{FolderSettings, Scan, ScannedFile, scan};
