//! Walks a folder: which files there are.
//!
//! Ignore files (`.gitignore`, `.ignore`, `.taprootignore`) are honoured, hidden files left out, links never followed.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use taproot_schemas::job::{FileErrorCode, FileFailure};

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedFile {
    /// Below the root, with `/` between the parts.
    pub path: String,
    pub absolute: PathBuf,
    pub bytes: u64,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Scan {
    /// In the order of their paths.
    pub files: Vec<ScannedFile>,
    pub failed: Vec<FileFailure>,
    /// False when a part of the tree could not be read: what was not seen may still be there.
    pub complete: bool,
}

/// All regular files below `root`; or the one file that `root` is, whose path then is its name.
pub fn scan(root: &Path) -> Scan {
    let mut scan = Scan { complete: true, ..Scan::default() };
    let base = if root.is_file() { root.parent().unwrap_or(root) } else { root };
    let walk = WalkBuilder::new(root)
        .follow_links(false)
        .require_git(false)
        .parents(false)
        .git_global(false)
        .add_custom_ignore_filename(".taprootignore")
        .sort_by_file_path(Path::cmp)
        .build();
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                let metadata = entry.metadata().map(|metadata| metadata.len());
                match (relative(base, entry.path()), metadata) {
                    (Ok(path), Ok(bytes)) => scan.files.push(ScannedFile { path, absolute: entry.into_path(), bytes }),
                    (Err(shown), _) => scan.fail(shown, "the name is not valid Unicode; rename the file".into()),
                    (Ok(path), Err(error)) => scan.fail(path, error.to_string()),
                }
            }
            Ok(_) => {}
            Err(error) => {
                scan.complete = false;
                scan.fail(root.display().to_string(), error.to_string());
            }
        }
    }
    scan
}

impl Scan {
    fn fail(&mut self, path: String, reason: String) {
        self.failed.push(FileFailure { path, code: FileErrorCode::Unreadable, reason });
    }
}

/// The path below `base`, or a lossy form of it to show when it is not Unicode.
fn relative(base: &Path, path: &Path) -> Result<String, String> {
    let below = path.strip_prefix(base).unwrap_or(path);
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| below.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn honours_ignore_files_and_stays_inside() {
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("secret.txt"), "x").expect("written");
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(root.path().join("人事/旧")).expect("made");
        for (path, text) in [
            ("a.md", "a"),
            ("人事/b.txt", "b"),
            ("人事/旧/c.md", "c"),
            (".hidden", "h"),
            (".taprootignore", "旧/\n"),
            ("d.log", "d"),
            (".gitignore", "*.log\n"),
        ] {
            std::fs::write(root.path().join(path), text).expect("written");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), root.path().join("link")).expect("linked");
        let found = scan(root.path());
        assert!(found.complete && found.failed.is_empty(), "{found:?}");
        assert_eq!(found.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a.md", "人事/b.txt"]);

        let one = scan(&root.path().join("人事/b.txt"));
        assert_eq!(one.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["b.txt"]);
    }
}
