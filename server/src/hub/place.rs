//! The models folder: where a pull gathers files, and how a model comes to be listed.
//!
//! Files gather in `.pull/OWNER--NAME@COMMIT` below it, so that the last step is a rename on one disk: the folder takes
//! its name, then `models.toml` is replaced by itself and the new entry. A pull that ends before that changes nothing that
//! a reader of the folder sees.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use taproot_engine::models::{FileSum, LIST, ModelEntry, Registry};

use super::download::file_sha256;
use super::{HubError, Pulled, Result};

const STAGING: &str = ".pull";
const LOCK: &str = "lock";
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
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(HubError::Busy { folder: models_dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(HubError::Io { path, source }),
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
        Some(_) => Err(HubError::NameTaken { list: models_dir.join(LIST), name: name.to_owned() }),
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
    let bytes = state(models_dir, &entry).map_err(|damage| {
        let (Damage::Missing(path) | Damage::WrongSum(path)) = damage;
        io(&path)(std::io::ErrorKind::InvalidData.into())
    })?;
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
