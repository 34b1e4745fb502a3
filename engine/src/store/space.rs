//! Room on the disk of the data directory.
//!
//! The vector store writes through memory maps: a disk that runs full under them ends the process. So a commit asks
//! first, and leaves a reserve that the operating system, the other stores and deletions can use.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Free bytes below which nothing is added.
const RESERVE_BYTES: u64 = 128 << 20;
/// Bytes on the disk that a byte of text comes to at most, in the three stores and their logs; and of a chunk beside.
const PER_TEXT_BYTE: u64 = 8;
const PER_CHUNK: u64 = 16 << 10;

/// Watches the disk of one folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Space {
    folder: PathBuf,
    reserve_bytes: u64,
}

impl Space {
    pub fn of(folder: &Path) -> Space {
        Space { folder: folder.to_owned(), reserve_bytes: RESERVE_BYTES }
    }

    /// # Errors
    /// [`Error::StorageFull`] when that much could not be added safely.
    pub fn expect(&self, text_bytes: u64, chunks: u64) -> Result<()> {
        let source = |error: rustix::io::Errno| Error::Io { path: self.folder.clone(), source: error.into() };
        let disk = rustix::fs::statvfs(&self.folder).map_err(source)?;
        let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        let needed_bytes = self.reserve_bytes + text_bytes * PER_TEXT_BYTE + chunks * PER_CHUNK;
        if free_bytes < needed_bytes {
            return Err(Error::StorageFull { path: self.folder.clone(), free_bytes, needed_bytes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_begun() {
        let folder = tempfile::tempdir().expect("a folder");
        let space = Space { reserve_bytes: 0, ..Space::of(folder.path()) };
        space.expect(1, 1).expect("there is room for one chunk");
        let refused = space.expect(u64::MAX / 16, 0).expect_err("no disk is that large");
        assert!(matches!(refused, Error::StorageFull { .. }), "{refused}");
    }
}
