//! What a crash during an optimization would undo.
//!
//! While the optimizer rebuilds a segment, Qdrant Edge 0.7.2 keeps the deletions from it in memory, and `load` does not
//! replay the log: after a crash the points would be back. So as long as an optimization runs, every write notes its ids
//! here first, and the next start deletes again what was deleted last. The file is 17 bytes a point and goes when the
//! optimization is over and flushed.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::store::types::ChunkId;
use crate::{Error, Result};

const FILE: &str = "during-optimization";
const RECORD_BYTES: usize = 17;

/// What a write does to a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Written,
    Deleted,
}

pub struct Journal {
    path: PathBuf,
    /// While an optimization runs.
    file: Option<File>,
}

impl Journal {
    /// The journal of a store, with the points that its last optimization left deleted when it never ended.
    pub fn open(dir: &Path) -> Result<(Journal, Vec<ChunkId>)> {
        let journal = Journal { path: dir.join(FILE), file: None };
        let bytes = match std::fs::read(&journal.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((journal, Vec::new())),
            Err(error) => return Err(journal.failed(error)),
        };
        let mut fates = HashMap::new();
        // A record that the crash cut short was not acknowledged.
        for record in bytes.chunks_exact(RECORD_BYTES) {
            if let Ok(id) = Uuid::from_slice(&record[1..]) {
                fates.insert(ChunkId(id), record[0]);
            }
        }
        let deleted = fates.into_iter().filter(|(_, fate)| *fate == Fate::Deleted as u8).map(|(id, _)| id);
        Ok((journal, deleted.collect()))
    }

    pub fn begin(&mut self) -> Result<()> {
        self.file = Some(File::create(&self.path).map_err(|error| self.failed(error))?);
        Ok(())
    }

    /// Durable when it returns.
    pub fn note(&mut self, fate: Fate, ids: &[ChunkId]) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut records = Vec::with_capacity(ids.len() * RECORD_BYTES);
        for id in ids {
            records.push(fate as u8);
            records.extend_from_slice(id.0.as_bytes());
        }
        let noted = file.write_all(&records).and_then(|()| file.sync_data());
        noted.map_err(|error| self.failed(error))
    }

    /// To be called when the store is flushed.
    pub fn end(&mut self) -> Result<()> {
        self.file = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.failed(error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::Io { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deleted_last_is_told_after_a_crash() {
        let dir = tempfile::tempdir().expect("a folder");
        let ids: Vec<ChunkId> = (0..3).map(|n| ChunkId::new("d", 1, n)).collect();
        let (mut journal, left) = Journal::open(dir.path()).expect("a journal");
        assert!(left.is_empty());
        journal.note(Fate::Deleted, &ids).expect("noted");
        assert!(Journal::open(dir.path()).expect("a journal").1.is_empty(), "nothing is noted at rest");

        journal.begin().expect("begun");
        journal.note(Fate::Deleted, &ids).expect("noted");
        journal.note(Fate::Written, &ids[1..]).expect("noted");
        journal.note(Fate::Deleted, &ids[2..]).expect("noted");
        drop(journal);
        let (mut journal, mut left) = Journal::open(dir.path()).expect("a journal");
        left.sort();
        let mut expected = vec![ids[0], ids[2]];
        expected.sort();
        assert_eq!(left, expected);

        journal.end().expect("ended");
        assert!(Journal::open(dir.path()).expect("a journal").1.is_empty());
    }
}
