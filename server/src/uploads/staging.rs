//! Contents on their way in: written under a name that nobody looks at, hashed as they come, flushed, and only then
//! given a name. What is dropped before leaves nothing behind.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::apply::make_folder;
use super::{Result, UploadError, blocking};

pub const FOLDER: &str = ".staging";
/// How the names of unfinished files end.
pub const PART: &str = ".part";
/// Where contents are received; no name of a source begins like this.
const INCOMING: &str = "@incoming";
/// Uploads leave this much of the disk free: the stores need room for what the uploaded files say, and do not bear a full
/// disk as well as a file does.
const RESERVE_BYTES: u64 = 256 << 20;
/// So often, in bytes received, it is looked whether there is room.
const LOOK_EVERY_BYTES: u64 = 4 << 20;
/// Contents that nobody commits are kept for this long.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
const CLEAN_EVERY: Duration = Duration::from_secs(60 * 60);

/// A content that is being received.
pub struct Incoming {
    file: tokio::fs::File,
    part: Part,
    hasher: blake3::Hasher,
    bytes: u64,
    /// When this many have come, the disk is looked at.
    look_at_bytes: u64,
    limit_bytes: u64,
}

/// A content that is here, whole and flushed, without a name yet.
pub struct Arrived {
    part: Part,
    hash: String,
    bytes: u64,
}

/// A file that goes when nobody gave it a name.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Incoming {
    pub async fn open(root: &Path, limit_bytes: u64) -> Result<Incoming> {
        let folder = root.join(FOLDER).join(INCOMING);
        let part = Part(folder.join(format!("{}{PART}", Uuid::new_v4().simple())));
        blocking(move || Ok(make_folder(&folder)?)).await?;
        let file = tokio::fs::File::create_new(&part.0).await?;
        Ok(Incoming { file, part, hasher: blake3::Hasher::new(), bytes: 0, look_at_bytes: 0, limit_bytes })
    }

    pub async fn write(&mut self, block: &[u8]) -> Result<()> {
        self.bytes += block.len() as u64;
        if self.bytes > self.limit_bytes {
            return Err(UploadError::TooLarge { what: "the file".into(), limit_bytes: self.limit_bytes });
        }
        if self.bytes > self.look_at_bytes {
            expect_room(&self.part.0, RESERVE_BYTES)?;
            self.look_at_bytes = self.bytes + LOOK_EVERY_BYTES;
        }
        self.hasher.update(block);
        Ok(self.file.write_all(block).await?)
    }

    pub async fn finish(mut self) -> Result<Arrived> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        Ok(Arrived { part: self.part, hash: self.hasher.finalize().to_hex().to_string(), bytes: self.bytes })
    }
}

impl Arrived {
    /// BLAKE3, hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives the content its name; what had it before is replaced.
    pub fn keep_at(self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        make_folder(folder)?;
        fs::rename(&self.part.0, path)?;
        File::open(folder)?.sync_all()
    }
}

fn expect_room(path: &Path, reserve_bytes: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(path).map_err(io::Error::from)?;
    if disk.f_bavail.saturating_mul(disk.f_frsize) < reserve_bytes {
        return Err(UploadError::Full(io::ErrorKind::StorageFull.into()));
    }
    Ok(())
}

/// Takes away what the last run left unfinished, and then every hour what waits for too long.
pub async fn keep_clean(root: PathBuf, turn: Arc<Mutex<()>>) {
    let started = SystemTime::now();
    loop {
        let staging = root.join(FOLDER);
        let cleaned = {
            let _turn = Arc::clone(&turn).lock_owned().await;
            blocking(move || Ok(clean(&staging, started, SystemTime::now())?)).await
        };
        if let Err(error) = cleaned {
            tracing::warn!(error = %crate::error::chain(&error), "cannot clean up what was uploaded and not committed");
        }
        tokio::time::sleep(CLEAN_EVERY).await;
    }
}

/// Unfinished files from before `started`, and all files that have waited for too long.
fn clean(staging: &Path, started: SystemTime, now: SystemTime) -> io::Result<()> {
    let sources = match fs::read_dir(staging) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        sources => sources?,
    };
    for source in sources {
        for entry in fs::read_dir(source?.path())? {
            let entry = entry?;
            let modified = entry.metadata()?.modified()?;
            let is_part = entry.file_name().to_string_lossy().ends_with(PART);
            let waits_too_long = now.duration_since(modified).is_ok_and(|age| age > KEPT);
            if waits_too_long || (is_part && modified < started) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_dropped_leaves_nothing_behind() {
        let temp = tempfile::tempdir().unwrap();
        let incoming = temp.path().join(FOLDER).join(INCOMING);
        let mut dropped = Incoming::open(temp.path(), 10).await.unwrap();
        dropped.write(b"half").await.unwrap();
        assert_eq!(fs::read_dir(&incoming).unwrap().count(), 1);
        drop(dropped);
        let mut large = Incoming::open(temp.path(), 10).await.unwrap();
        assert!(matches!(large.write(b"12345678901").await, Err(UploadError::TooLarge { .. })));
        drop(large);
        let mut whole = Incoming::open(temp.path(), 10).await.unwrap();
        whole.write(b"whole").await.unwrap();
        let whole = whole.finish().await.unwrap();
        assert_eq!((whole.hash(), whole.bytes()), (blake3::hash(b"whole").to_hex().as_str(), 5));
        whole.keep_at(&temp.path().join("a/b")).unwrap();
        assert_eq!(fs::read(temp.path().join("a/b")).unwrap(), b"whole");
        assert_eq!(fs::read_dir(&incoming).unwrap().count(), 0);
    }

    #[test]
    fn a_disk_is_full_before_it_is_full() {
        let temp = tempfile::tempdir().unwrap();
        assert!(expect_room(temp.path(), 0).is_ok());
        assert!(matches!(expect_room(temp.path(), u64::MAX), Err(UploadError::Full(_))));
    }

    #[test]
    fn what_nobody_commits_goes_after_a_day() {
        let temp = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let write = |path: &str, age: Duration| {
            let path = temp.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            File::options().write(true).open(path).unwrap().set_modified(now - age).unwrap();
        };
        let hour = Duration::from_secs(60 * 60);
        write("a/old", 25 * hour);
        write("a/young", 23 * hour);
        write("b/old", 25 * hour);
        write("@incoming/left.part", hour);
        write("@incoming/coming.part", Duration::ZERO);
        clean(temp.path(), now - Duration::from_secs(1), now).unwrap();
        for (path, is_there) in [
            ("a/old", false),
            ("a/young", true),
            ("b/old", false),
            ("@incoming/left.part", false),
            ("@incoming/coming.part", true),
        ] {
            assert_eq!(temp.path().join(path).exists(), is_there, "{path}");
        }
        clean(&temp.path().join("none"), now, now).unwrap();
    }
}
