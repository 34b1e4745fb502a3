//! What lies in the folder of a source: its files with the hashes of their contents.
//!
//! A file is read once: its hash is remembered for as long as its size, time and inode stay. What is remembered may be
//! lost at any time, the files are then read again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::apply;
use super::names::Content;

pub struct Folder {
    root: PathBuf,
    remembered: PathBuf,
}

/// What is remembered of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    bytes: u64,
    modified_s: i64,
    modified_ns: i64,
    inode: u64,
    hash: String,
}

impl Folder {
    pub fn new(root: PathBuf, remembered: PathBuf) -> Folder {
        Folder { root, remembered }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The files by their paths; none when there is no folder.
    pub fn files(&self) -> io::Result<BTreeMap<String, Content>> {
        let known: BTreeMap<String, Seen> =
            fs::read(&self.remembered).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let mut seen = BTreeMap::new();
        let mut folders = vec![(self.root.clone(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                // Nothing but names of manifests, which are Unicode, is put here.
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = format!("{prefix}{name}");
                let about = entry.metadata()?;
                if about.is_dir() {
                    folders.push((entry.path(), path + "/"));
                } else if about.is_file() {
                    let now = Seen {
                        bytes: about.len(),
                        modified_s: about.mtime(),
                        modified_ns: about.mtime_nsec(),
                        inode: about.ino(),
                        hash: String::new(),
                    };
                    let remembered =
                        known.get(&path).filter(|known| Seen { hash: String::new(), ..(*known).clone() } == now);
                    let hash = match remembered {
                        Some(known) => known.hash.clone(),
                        None => hash(&entry.path())?,
                    };
                    seen.insert(path, Seen { hash, ..now });
                }
            }
        }
        if seen != known {
            apply::write_whole(&self.remembered, &serde_json::to_vec(&seen)?)?;
        }
        Ok(seen.into_iter().map(|(path, Seen { hash, bytes, .. })| (path, Content { hash, bytes })).collect())
    }
}

fn hash(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_seen_whatever_is_remembered() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::new(temp.path().join("f"), temp.path().join(".sources/f.files"));
        assert!(folder.files().unwrap().is_empty(), "there is none");
        fs::create_dir_all(temp.path().join("f/a")).unwrap();
        fs::write(temp.path().join("f/a/b.txt"), "one").unwrap();
        let first = folder.files().unwrap();
        assert_eq!(first["a/b.txt"].hash, blake3::hash(b"one").to_hex().to_string());
        assert_eq!(folder.files().unwrap(), first, "remembered");
        fs::write(temp.path().join("f/new"), "two").unwrap();
        fs::rename(temp.path().join("f/new"), temp.path().join("f/a/b.txt")).unwrap();
        assert_eq!(folder.files().unwrap()["a/b.txt"].hash, blake3::hash(b"two").to_hex().to_string());
        fs::write(temp.path().join(".sources/f.files"), "not json").unwrap();
        assert_eq!(folder.files().unwrap().len(), 1);
    }
}
