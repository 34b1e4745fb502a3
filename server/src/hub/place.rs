//! The models folder: where a pull gathers files, and how a model comes to be listed.
//!
//! Files gather in `.pull/OWNER--NAME@COMMIT` below it, so that the last step is a rename on one disk: the folder takes
//! its name, then `models.toml` is replaced by itself and the new entry. A pull that ends before that changes nothing that
//! a reader of the folder sees.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use taproot_engine::models::{FileSum, LIST, ModelEntry, Registry};

use super::download::file_sha256;
use super::{HubError, Pulled, Result};

const STAGING: &str = ".pull";
const LOCK: &str = "lock";
/// What a pull that failed has gathered is kept for so long.
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// What a download leaves free.
const RESERVE_BYTES: u64 = 128 << 20;

/// One pull into a folder at a time; it ends when the value is dropped.
pub struct Lock {
    _file: File,
}

pub fn lock(models_dir: &Path) -> Result<Lock> {
    let folder = models_dir.join(STAGING);
    std::fs::create_dir_all(&folder).map_err(io(&folder))?;
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(io(&path))?;
    match file.try_lock() {
        Ok(()) => {
            forget_old(&folder);
            Ok(Lock { _file: file })
        }
        Err(TryLockError::WouldBlock) => Err(HubError::Busy { folder: models_dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(HubError::Io { path, source }),
    }
}

/// Takes away what nobody has gone on with for long.
fn forget_old(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = changed.ok().and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > KEPT);
        if is_old && entry.path().is_dir() && std::fs::remove_dir_all(entry.path()).is_err() {
            tracing::warn!(folder = %entry.path().display(), "what an old pull left cannot be removed");
        }
    }
}

/// Where the files of one commit gather.
pub struct Staging {
    pub folder: PathBuf,
}

impl Staging {
    pub fn open(models_dir: &Path, repository: &str, commit: &str) -> Result<Staging> {
        let folder = models_dir.join(STAGING).join(format!("{}@{commit}", repository.replace('/', "--")));
        std::fs::create_dir_all(&folder).map_err(io(&folder))?;
        Ok(Staging { folder })
    }

    /// Whether so many bytes more have room; what is here already counts as room.
    pub fn expect_room(&self, bytes: u64) -> Result<()> {
        let disk = rustix::fs::statvfs(&self.folder).map_err(|error| io(&self.folder)(error.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize).saturating_add(held(&self.folder));
        let needed = bytes.saturating_add(RESERVE_BYTES);
        if free < needed {
            let folder = self.folder.clone();
            return Err(HubError::NoRoom { folder, free_mib: free >> 20, needed_mib: needed >> 20 });
        }
        Ok(())
    }
}

/// Bytes of the files below a folder.
fn held(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => held(&entry.path()),
            _ => entry.metadata().map_or(0, |metadata| metadata.len()),
        })
        .sum()
}

/// The model when it is listed from this source and its files are as they were; `None` when it has to be fetched.
pub fn known(models_dir: &Path, name: &str, source: &str) -> Result<Option<Pulled>> {
    let registry = Registry::read(models_dir)?;
    match registry.model(name) {
        Some(entry) if entry.source == source => {
            let bytes = state(models_dir, entry);
            Ok(bytes.ok().map(|bytes| Pulled { entry: entry.clone(), bytes, was_there: true }))
        }
        Some(entry) => {
            let (name, source_of) = (name.to_owned(), entry.source.clone());
            Err(HubError::NameTaken { list: models_dir.join(LIST), name, source_of })
        }
        None if models_dir.join(name).exists() => Err(HubError::FolderTaken { folder: models_dir.join(name) }),
        None => Ok(None),
    }
}

/// Why files of a model are not as they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    Missing(PathBuf),
    WrongSum(PathBuf),
}

/// Compares every file with its sum, as far as there is one. Bytes of all of them.
pub fn state(models_dir: &Path, entry: &ModelEntry) -> Result<u64, Damage> {
    let mut bytes = 0;
    for (path, sum) in entry.files() {
        let file = models_dir.join(path);
        bytes += file.metadata().map_err(|_| Damage::Missing(path.clone()))?.len();
        let is = |sum: &str| file_sha256(&file).is_ok_and(|found| found == sum);
        if sum.is_some_and(|sum| !is(sum)) {
            return Err(Damage::WrongSum(path.clone()));
        }
    }
    Ok(bytes)
}

/// Puts the files under the model's name and the entry into the list. The entry's paths are from the staging folder.
pub fn place(models_dir: &Path, staging: Staging, entry: ModelEntry) -> Result<Pulled> {
    let entry = below(entry);
    let list = models_dir.join(LIST);
    let text = std::fs::read_to_string(&list).map_err(io(&list))?;
    let listed = Registry::parse(models_dir, &text)?.model(&entry.name).is_some();
    let text = if listed { text } else { with_entry(models_dir, text, &entry)? };
    let target = models_dir.join(&entry.name);
    if target.exists() {
        // Listed from the same source, and damaged: the whole folder is exchanged.
        let old = models_dir.join(STAGING).join(format!("{}.old", entry.name));
        remove(&old)?;
        std::fs::rename(&target, &old).map_err(io(&target))?;
    }
    std::fs::rename(&staging.folder, &target).map_err(io(&target))?;
    if !listed {
        replace(&list, &text)?;
    }
    remove(&models_dir.join(STAGING).join(format!("{}.old", entry.name)))?;
    // Their sums were compared when they arrived.
    let bytes = entry.files().iter().map(|(path, _)| models_dir.join(path).metadata().map_or(0, |it| it.len())).sum();
    Ok(Pulled { entry, bytes, was_there: false })
}

/// The entry with its paths from the models folder.
fn below(mut entry: ModelEntry) -> ModelEntry {
    let folder = PathBuf::from(&entry.name);
    entry.path = folder.join(&entry.path);
    entry.tokenizer = folder.join(&entry.tokenizer);
    let data = std::mem::take(&mut entry.external_data);
    entry.external_data = data.into_iter().map(|file| FileSum { path: folder.join(&file.path), ..file }).collect();
    entry
}

/// The list and the entry after it: every byte of what somebody wrote stays.
fn with_entry(models_dir: &Path, text: String, entry: &ModelEntry) -> Result<String> {
    let text = format!("{}\n\n{}", text.trim_end(), entry.to_toml()?);
    Registry::parse(models_dir, &text)?;
    Ok(text)
}

/// Replaces a small file at once.
fn replace(path: &Path, text: &str) -> Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let write = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)
    };
    write().map_err(io(path))
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(folder)(error)),
        _ => Ok(()),
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> HubError + use<> {
    let path = path.to_owned();
    move |source| HubError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_fetched() {
        let models = tempfile::tempdir().expect("a folder");
        let staging = Staging::open(models.path(), "a/b", "0123").expect("a folder");
        staging.expect_room(1).expect("there is room for a byte");
        let refused = staging.expect_room(u64::MAX).expect_err("no disk is that large");
        assert!(matches!(refused, HubError::NoRoom { .. }), "{refused}");
    }

    #[test]
    fn one_pull_at_a_time() {
        let models = tempfile::tempdir().expect("a folder");
        let first = lock(models.path()).expect("nobody has it");
        assert!(matches!(lock(models.path()), Err(HubError::Busy { .. })));
        drop(first);
        lock(models.path()).expect("it was let go");
    }

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() {
        let models = tempfile::tempdir().expect("a folder");
        std::fs::write(models.path().join(LIST), "[runtime]\nversion = \"1\"\nlibrary = \"l\"\n").expect("written");
        std::fs::create_dir(models.path().join("mine")).expect("a folder");
        assert!(matches!(known(models.path(), "mine", "hf:a/b"), Err(HubError::FolderTaken { .. })));
        assert!(known(models.path(), "new", "hf:a/b").expect("a list").is_none());
    }

    #[test]
    fn what_was_left_long_ago_goes() {
        let models = tempfile::tempdir().expect("a folder");
        let of = |name: &str| Staging::open(models.path(), name, "0123").expect("a folder").folder;
        let (old, new) = (of("a/old"), of("a/new"));
        let long_ago = std::time::SystemTime::now() - 2 * KEPT;
        File::open(&old).and_then(|folder| folder.set_modified(long_ago)).expect("its time is set");
        lock(models.path()).expect("nobody has it");
        assert!(!old.exists() && new.exists());
    }
}
