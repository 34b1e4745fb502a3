//! Walks a folder: which files there are, and what the folders say of them.
//!
//! Ignore files (`.gitignore`, `.ignore`, `.taprootignore`) are honoured, hidden files left out, links never followed.

mod settings;

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ignore::WalkBuilder;
use taproot_engine::Result;
use taproot_schemas::job::{FileErrorCode, FileFailure};

pub use settings::FolderSettings;
use settings::Inherited;

/// A file that was modified less than this before it was looked at may change again without its time telling.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedFile {
    /// Below the root, with `/` between the parts.
    pub path: String,
    pub absolute: PathBuf,
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970, as the system notes it whatever a program says of the time;
    /// 0 when that must not be relied on.
    pub modified_ns: i64,
    /// What holds for it: of its own folder, or else of the one above, or else of the request.
    pub settings: FolderSettings,
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

/// All regular files below `root`; or the one file that `root` is, whose path then is its name. `told` is called with
/// the number of files found so far.
///
/// # Errors
/// A `.taproot.toml` cannot be used: it says who may read what, so nothing is guessed.
pub fn scan(root: &Path, outermost: FolderSettings, told: impl Fn(usize)) -> Result<Scan> {
    let base = if root.is_file() { root.parent().unwrap_or(root) } else { root };
    scan_below(base, root, outermost, told)
}

/// The same for a folder or file that lies somewhere below `base`, which the paths are told from.
pub fn scan_below(base: &Path, root: &Path, outermost: FolderSettings, told: impl Fn(usize)) -> Result<Scan> {
    let mut scan = Scan { complete: true, ..Scan::default() };
    let mut inherited = Inherited::new(base, outermost)?;
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
                match (relative(base, entry.path()), entry.metadata()) {
                    (Ok(path), Ok(metadata)) => {
                        let settings = inherited.of(entry.path().parent().unwrap_or(base))?;
                        let (bytes, modified_ns) = (metadata.len(), settled(changed(&metadata)));
                        scan.files.push(ScannedFile {
                            path,
                            absolute: entry.into_path(),
                            bytes,
                            modified_ns,
                            settings,
                        });
                        told(scan.files.len());
                    }
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
    Ok(scan)
}

impl Scan {
    fn fail(&mut self, path: String, reason: String) {
        self.failed.push(FileFailure { path, code: FileErrorCode::Unreadable, reason });
    }
}

/// See [`ScannedFile::modified_ns`].
fn settled(changed: Option<SystemTime>) -> i64 {
    nanoseconds(changed.filter(|at| at.elapsed().is_ok_and(|age| age > SETTLED_AFTER)))
}

/// The time of the last change of a file at this moment; 0 when it cannot be told.
pub fn changed_ns(path: &Path) -> i64 {
    nanoseconds(std::fs::symlink_metadata(path).ok().as_ref().and_then(changed))
}

/// The change of the inode: unlike the time of modification, no program sets it back.
fn changed(metadata: &Metadata) -> Option<SystemTime> {
    let nanoseconds = u32::try_from(metadata.ctime_nsec()).ok()?;
    Some(UNIX_EPOCH + Duration::new(u64::try_from(metadata.ctime()).ok()?, nanoseconds))
}

fn nanoseconds(time: Option<SystemTime>) -> i64 {
    let since = time.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// The path below `base`, or a lossy form of it to show when it is not Unicode.
fn relative(base: &Path, path: &Path) -> Result<String, String> {
    let below = path.strip_prefix(base).unwrap_or(path);
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| below.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        root
    }

    fn paths(root: &Path) -> Vec<String> {
        let found = scan(root, FolderSettings::default(), |_| {}).expect("a scan");
        assert!(found.complete && found.failed.is_empty(), "{found:?}");
        found.files.into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn honours_ignore_files_and_stays_inside() {
        let outside = folder(&[("secret.txt", "x")]);
        let root = folder(&[
            ("a.md", "a"),
            ("人事/b.txt", "b"),
            ("人事/旧/c.md", "c"),
            (".hidden", "h"),
            (".taprootignore", "旧/\n"),
            ("d.log", "d"),
            (".gitignore", "*.log\n"),
        ]);
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), root.path().join("link")).expect("linked");
        assert_eq!(paths(root.path()), ["a.md", "人事/b.txt"]);
        assert_eq!(paths(&root.path().join("人事/b.txt")), ["b.txt"]);
    }

    #[test]
    fn the_nearest_folder_says_what_holds() {
        let root = folder(&[
            ("a.md", "a"),
            ("hr/b.md", "b"),
            ("hr/pay/c.md", "c"),
            ("hr/.taproot.toml", "allow = [\"hr\"]\ntags = [\"people\"]\n"),
            (
                "hr/pay/.taproot.toml",
                "allow = [\"payroll\"]\ndeny = [\"interns\"]\ncollection = \"pay\"\nlanguage = \"zh\"\n",
            ),
        ]);
        let outermost = FolderSettings { collection: Some("all".into()), ..FolderSettings::default() };
        let found = scan(root.path(), outermost, |_| {}).expect("a scan");
        let shown: Vec<String> = found
            .files
            .iter()
            .map(|file| {
                let labels = file.settings.labels();
                let (access, tags) = (&labels.access, &labels.tags);
                format!(
                    "{} {} {:?} {:?} {tags:?} {:?}",
                    file.path, labels.collection, access.allow, access.deny, file.settings.language
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "a.md all [] [] [] None",
                "hr/b.md all [\"hr\"] [] [\"people\"] None",
                "hr/pay/c.md pay [\"payroll\"] [\"interns\"] [\"people\"] Some(\"zh\")",
            ]
        );
    }

    #[test]
    fn settings_that_cannot_be_used_stop_everything() {
        for wrong in ["allow = \"hr\"", "alow = [\"hr\"]", "allow = [\"a,b\"]", "language = \"Chinese!\""] {
            let root = folder(&[("a.md", "a"), ("hr/b.md", "b"), ("hr/.taproot.toml", wrong)]);
            let error = scan(root.path(), FolderSettings::default(), |_| {}).expect_err(wrong).to_string();
            assert!(error.contains("hr/.taproot.toml"), "{error}");
        }
    }

    #[test]
    fn a_time_that_is_too_fresh_is_not_relied_on() {
        let now = SystemTime::now();
        assert_eq!(settled(Some(now)), 0);
        assert_eq!(settled(Some(now + Duration::from_secs(100))), 0);
        assert_ne!(settled(Some(now - Duration::from_secs(100))), 0);
    }
}
