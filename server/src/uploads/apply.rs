//! Makes a folder what a plan says. Each file gets to its place by one rename.
//!
//! The order is what makes a kill harmless: contents that move are first linked into the staging folder, then files are
//! placed, then the rest goes. Whatever is left half-way, the next diff finds every content either in place or staged.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use uuid::Uuid;

use super::folder::Folder;
use super::names::{check_path, folders_above};
use super::plan::Changes;
use super::staging::PART;
use super::{Result, UploadError};

pub fn apply(folder: &Folder, staging: &Path, changes: &Changes) -> Result<()> {
    make_folder(folder.root())?;
    make_folder(staging)?;
    for (hash, path) in &changes.in_place {
        let staged = staging.join(hash);
        if !staged.is_file() {
            link(&folder.root().join(path), &staged)?;
        }
    }
    // A file that becomes a folder, or a folder that becomes a file, has to go first.
    let gone: HashSet<&str> = changes.gone.iter().map(String::as_str).collect();
    for (path, _) in &changes.to_place {
        for above in folders_above(path).filter(|above| gone.contains(above)) {
            remove(folder, above)?;
        }
        let target = folder.root().join(path);
        if target.is_dir() {
            // Nothing in it is of the manifest, or its path would lie below a file.
            fs::remove_dir_all(&target)?;
        }
    }
    for (path, hash) in &changes.to_place {
        let target = folder.root().join(path);
        make_folder(target.parent().unwrap_or(folder.root()))?;
        let new = staging.join(format!("{}{PART}", Uuid::new_v4().simple()));
        link(&staging.join(hash), &new)?;
        // Who goes by size and time sees that another content stands here, whenever it was sent.
        File::open(&new)?.set_modified(SystemTime::now())?;
        fs::rename(&new, &target)?;
        // Where both are one file already, the rename leaves the new name behind.
        let _ = fs::remove_file(&new);
    }
    for path in &changes.gone {
        remove(folder, path)?;
    }
    // One flush for all the renames.
    rustix::fs::syncfs(File::open(folder.root())?).map_err(io::Error::from)?;
    for (_, hash) in &changes.to_place {
        let _ = fs::remove_file(staging.join(hash));
    }
    Ok(())
}

/// Whether a file can be put under this path.
pub fn check_place(folder: &Folder, path: &str) -> Result<()> {
    check_path(path)?;
    let wrong = |why| Err(UploadError::InvalidPath { path: path.to_owned(), why });
    if folder.root().join(path).is_dir() {
        return wrong("is a folder");
    }
    if folders_above(path).any(|above| folder.root().join(above).is_file()) {
        return wrong("has a file as its folder");
    }
    Ok(())
}

/// Takes a file away, and the folders above it that are empty then. False when there was none.
pub fn remove(folder: &Folder, path: &str) -> io::Result<bool> {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    match fs::remove_file(folder.root().join(path)) {
        Ok(()) => {}
        // It is gone, or something else stands there by now.
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | IsADirectory) => return Ok(false),
        Err(error) => return Err(error),
    }
    for above in folders_above(path) {
        // Fails on the first that is not empty.
        if fs::remove_dir(folder.root().join(above)).is_err() {
            break;
        }
    }
    Ok(true)
}

/// The documents of the owner are nobody else's to read.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Replaces a small file as a whole.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let new = beside(path);
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        let _ = fs::remove_file(&new);
    }
    done
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(PART);
    path.with_file_name(name)
}

/// A second name for a content, or a copy of it where the file system has no links or not so many.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    use io::ErrorKind::{PermissionDenied, TooManyLinks, Unsupported};
    match fs::hard_link(from, to) {
        Err(error) if matches!(error.kind(), PermissionDenied | TooManyLinks | Unsupported) => {
            let copied = fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
            if copied.is_err() {
                let _ = fs::remove_file(to);
            }
            copied
        }
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::names::Content;
    use super::*;

    /// A folder with files that hold their letters, brought to another state; "path=content …".
    fn check(before: &str, after: &str) {
        let temp = tempfile::tempdir().unwrap();
        let (root, staging) = (temp.path().join("f"), temp.path().join("staging"));
        let pairs = |text: &'static str| text.split_whitespace().filter_map(|pair| pair.split_once('='));
        let (before, after): (&'static str, &'static str) = (before.to_owned().leak(), after.to_owned().leak());
        for (path, content) in pairs(before) {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), content).unwrap();
        }
        let folder = Folder::new(root, temp.path().join("f.files"));
        let hash = |content: &str| blake3::hash(content.as_bytes()).to_hex().to_string();
        let wanted: BTreeMap<String, Content> = pairs(after)
            .map(|(path, content)| (path.to_owned(), Content { hash: hash(content), bytes: content.len() as u64 }))
            .collect();
        fs::create_dir_all(&staging).unwrap();
        let present = folder.files().unwrap();
        for (_, content) in pairs(after) {
            if !present.values().any(|now| now.hash == hash(content)) {
                fs::write(staging.join(hash(content)), content).unwrap();
            }
        }
        let changes = Changes::between(present, &wanted, |hash| staging.join(hash).is_file());
        assert!(changes.missing.is_empty());
        apply(&folder, &staging, &changes).unwrap();
        assert_eq!(folder.files().unwrap(), wanted, "{before} → {after}");
        assert_eq!(fs::read_dir(&staging).unwrap().count(), 0, "nothing is left behind: {before} → {after}");
    }

    #[test]
    fn folders_become_what_they_should_be() {
        for (before, after) in [
            ("", "a=1 b/c=2"),
            ("a=1 b=2", "a=2 b=1"),
            ("a=1 b=2 c=3", "b=1 c=2 a=3"),
            ("a=1", "a=1 b=1 c/d=1"),
            ("a=1", "a/b=1"),
            ("a/b=1 a/c=2", "a=1"),
            ("a/b/c=1", ""),
            ("a=1 b=2", "b=2 a=3"),
            ("a=1 b=1", "c=1"),
        ] {
            check(before, after);
        }
    }
}
