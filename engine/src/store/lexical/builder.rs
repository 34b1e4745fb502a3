//! Writes an index from nothing, with every core, and commits once.

use std::path::Path;

use tantivy::IndexWriter;

use super::{Fields, WRITER_BYTES, failed, index};
use crate::Result;
use crate::store::types::IndexedChunk;

/// Threads that analyse and index; each has memory of its own.
const MAX_THREADS: usize = 4;

pub struct Builder {
    writer: IndexWriter,
    fields: Fields,
}

impl Builder {
    /// Begins an index in an empty folder, which it makes.
    pub fn new(dir: &Path) -> Result<Builder> {
        let (index, fields) = index(dir)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let writer = index.writer_with_num_threads(threads, threads * WRITER_BYTES).map_err(failed)?;
        Ok(Builder { writer, fields })
    }

    /// Adds chunks, each once; waits when the threads have more than enough to do.
    pub fn add(&self, chunks: &[IndexedChunk]) -> Result<()> {
        for chunk in chunks {
            self.writer.add_document(self.fields.document(chunk)).map_err(failed)?;
        }
        Ok(())
    }

    /// Makes the index durable. When it returns, nothing holds the folder open.
    pub fn finish(mut self) -> Result<()> {
        self.writer.commit().map_err(failed)?;
        self.writer.wait_merging_threads().map_err(failed)
    }
}
