//! The write-ahead log that Qdrant Edge 0.7.2 writes, never reads back and never shortens.
//!
//! All that is acknowledged is flushed, and `load` does not replay the log; only the numbers of its records go on. So
//! before the store is opened, all of its closed files but the newest go, as Qdrant's own `prefix_truncate` would have it.

use std::path::Path;

use crate::{Error, Result};

/// Name of a closed file, before the number of its first record.
const CLOSED: &str = "closed-";

/// Removes what is not needed of the log of the store in `dir`, which must not be open.
pub fn shorten(dir: &Path) -> Result<()> {
    let log = dir.join("wal");
    let failed = |source| Error::Io { path: log.clone(), source };
    let entries = match std::fs::read_dir(&log) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let mut closed = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let first_record = entry.file_name().to_str().and_then(|name| name.strip_prefix(CLOSED)?.parse::<u64>().ok());
        closed.extend(first_record.map(|first| (first, entry.path())));
    }
    closed.sort();
    // The newest one says where the numbers go on. Oldest first: a log may begin anywhere, but must have no gap.
    closed.pop();
    for (_, path) in closed {
        std::fs::remove_file(path).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn the_newest_closed_file_and_the_open_ones_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        shorten(dir.path()).expect("nothing to do");
        let log = dir.path().join("wal");
        std::fs::create_dir(&log).expect("a folder");
        for name in ["closed-9", "closed-10", "closed-0", "open-4", "first-index"] {
            std::fs::write(log.join(name), "x").expect("a file");
        }
        shorten(dir.path()).expect("shortened");
        let mut left: Vec<_> =
            std::fs::read_dir(&log).expect("a folder").map(|e| e.expect("a file").file_name()).collect();
        left.sort();
        assert_eq!(left, ["closed-10", "first-index", "open-4"]);
    }
}
