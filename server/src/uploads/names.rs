//! Which names of sources, paths and hashes are taken.

use std::collections::BTreeMap;

use taproot_schemas::sync::Manifest;

use super::{Belonging, MAX_FILES, Result, UploadError};
use crate::config::{DEFAULT_COLLECTION, is_plain_name};

const MAX_SOURCE_CHARS: usize = 100;
/// `PATH_MAX` of Linux is 4,096 with the folders above.
const MAX_PATH_BYTES: usize = 2_048;
/// `NAME_MAX` of Linux.
const MAX_PART_BYTES: usize = 255;
const MAX_PARTS: usize = 64;
const HASH_DIGITS: usize = 64;
/// The first sign of the folders that forms fill; no source of a manifest begins with it.
const OF_UPLOADS: char = '@';

/// A manifest that was looked through.
pub struct Checked {
    pub source: String,
    pub collection: String,
    /// Sorted.
    pub allow: Vec<String>,
    pub files: BTreeMap<String, Content>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub hash: String,
    pub bytes: u64,
}

impl Checked {
    pub fn of(manifest: Manifest, max_file_bytes: u64) -> Result<Checked> {
        let Manifest { source, collection, mut allow, files, confirm_delete: _ } = manifest;
        check_source(&source)?;
        let collection = collection.unwrap_or_else(|| DEFAULT_COLLECTION.into());
        check_collection(&collection, &allow)?;
        if files.len() > MAX_FILES {
            let detail = format!("has {} files, allowed are {MAX_FILES}", files.len());
            return Err(UploadError::Invalid { what: "the manifest", detail });
        }
        let mut checked = BTreeMap::new();
        for file in files {
            check_path(&file.path)?;
            check_hash(&file.hash)?;
            if file.bytes > max_file_bytes {
                return Err(UploadError::TooLarge { what: file.path, limit_bytes: max_file_bytes });
            }
            let content = Content { hash: file.hash, bytes: file.bytes };
            if checked.insert(file.path.clone(), content).is_some() {
                return Err(UploadError::InvalidPath { path: file.path, why: "stands in the manifest twice" });
            }
        }
        for path in checked.keys() {
            if folders_above(path).any(|folder| checked.contains_key(folder)) {
                return Err(UploadError::InvalidPath {
                    path: path.clone(),
                    why: "has a file of the manifest as its folder",
                });
            }
        }
        allow.sort();
        allow.dedup();
        Ok(Checked { source, collection, allow, files: checked })
    }
}

/// `a/b/c` → `a/b`, `a`.
pub fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(at, _)| &path[..at])
}

pub fn check_source(name: &str) -> Result<()> {
    let plain = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    let fits = name.chars().count() <= MAX_SOURCE_CHARS && name.len() + ".files".len() <= MAX_PART_BYTES;
    if fits && name.starts_with(char::is_alphanumeric) && name.chars().all(plain) {
        return Ok(());
    }
    let detail = format!(
        "{name:?} is not 1 to {MAX_SOURCE_CHARS} letters, digits, -, _, . or spaces that begin with a letter or digit"
    );
    Err(UploadError::Invalid { what: "the name of the source", detail })
}

pub fn check_collection(collection: &str, allow: &[String]) -> Result<()> {
    match allow.iter().map(String::as_str).chain([collection]).find(|name| !is_plain_name(name)) {
        None => Ok(()),
        Some(name) => Err(UploadError::Invalid {
            what: "the name of a group or collection",
            detail: format!("{name:?} is empty, too long, or has one of \" \\ , * in it"),
        }),
    }
}

pub fn check_hash(hash: &str) -> Result<()> {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hash.len() == HASH_DIGITS && hash.bytes().all(digit) {
        return Ok(());
    }
    Err(UploadError::Invalid { what: "the hash", detail: "is not 64 digits of lower-case hex (BLAKE3)".into() })
}

/// A path that stays below its folder, and that a file of any system could have.
pub fn check_path(path: &str) -> Result<()> {
    let wrong = |why| Err(UploadError::InvalidPath { path: path.chars().take(200).collect(), why });
    if path.is_empty() {
        return wrong("is empty");
    }
    if path.len() > MAX_PATH_BYTES {
        return wrong("is too long");
    }
    if path.starts_with('/') {
        return wrong("is absolute");
    }
    if path.contains(|c: char| c.is_control() || c == '\\') {
        return wrong("holds a backslash or a control character");
    }
    let mut parts = 0;
    for part in path.split('/') {
        parts += 1;
        match part {
            "" => return wrong("has an empty part"),
            "." | ".." => return wrong("has . or .. as a part"),
            _ if part.len() > MAX_PART_BYTES => return wrong("has a part that is too long"),
            _ => {}
        }
    }
    if parts > MAX_PARTS { wrong("lies too deep") } else { Ok(()) }
}

/// Where a file of a form goes: `path` names it, or the folder that it goes into under its own name.
pub fn file_path(path: Option<&str>, file_name: &str, several: bool) -> Result<String> {
    // Some browsers send the whole path of the visitor's machine.
    let own_name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let whole = match path.unwrap_or_default() {
        "" => own_name.to_owned(),
        path if several || path.ends_with('/') => format!("{}/{own_name}", path.trim_end_matches('/')),
        path => path.to_owned(),
    };
    check_path(&whole)?;
    if whole.split('/').any(|part| part.starts_with('.')) {
        return Err(UploadError::InvalidPath { path: whole, why: "begins with a point; hidden files are not read" });
    }
    Ok(whole)
}

/// The folder of files that were uploaded one by one: readable, and another one for each collection and set of groups.
pub fn of_uploads(belonging: &Belonging) -> String {
    let mut hasher = blake3::Hasher::new();
    for name in std::iter::once(&belonging.collection).chain(&belonging.allow) {
        hasher.update(name.as_bytes()).update(b"\0");
    }
    let key = hasher.finalize().to_hex();
    let readable: String =
        belonging.collection.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).take(40).collect();
    format!("{OF_UPLOADS}{readable}-{}", &key[..16])
}

pub fn is_of_uploads(name: &str) -> bool {
    name.starts_with(OF_UPLOADS)
}

#[cfg(test)]
mod tests {
    use taproot_schemas::error::ErrorCode;
    use taproot_schemas::sync::ManifestFile;

    use super::*;

    #[test]
    fn paths_stay_below_their_folder() {
        for path in ["a.md", "假期/年假.md", "a/b/c d.txt", "...", ".taproot.toml", "a/..b"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        let (long, deep) = ("x".repeat(256), "a/".repeat(70) + "a");
        for path in
            ["", "/etc/passwd", "..", "../a", "a/../../b", "a/./b", "a//b", "a/", "a\0b", "a\\b", "a\nb", &long, &deep]
        {
            assert_eq!(check_path(path).map_err(|error| error.code()), Err(ErrorCode::InvalidPath), "{path:?}");
        }
    }

    #[test]
    fn names_of_sources_are_names_of_folders() {
        for name in ["hr", "HR docs 2025", "人事", "a.b_c-d"] {
            assert!(check_source(name).is_ok(), "{name}");
        }
        for name in ["", ".staging", "@default", "a/b", "..", "a\0", " a", &"x".repeat(101), &"假".repeat(90)] {
            assert!(check_source(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_manifest_is_looked_through() {
        let file = |path: &str| ManifestFile { path: path.into(), bytes: 1, hash: "ab".repeat(32) };
        let check = |files: Vec<ManifestFile>| {
            let manifest =
                Manifest { source: "s".into(), collection: None, allow: vec![], files, confirm_delete: false };
            Checked::of(manifest, 10).map(|checked| checked.files.len()).map_err(|error| error.code())
        };
        assert_eq!(check(vec![file("a"), file("b/c"), file("B/c")]), Ok(3));
        assert_eq!(check(vec![file("a"), file("a")]), Err(ErrorCode::InvalidPath));
        assert_eq!(check(vec![file("a"), file("a/b")]), Err(ErrorCode::InvalidPath));
        assert_eq!(check(vec![ManifestFile { bytes: 11, ..file("a") }]), Err(ErrorCode::BodyTooLarge));
        for hash in ["", "AB", &"AB".repeat(32), &"../".repeat(22)[..64]] {
            assert_eq!(check(vec![ManifestFile { hash: hash.into(), ..file("a") }]), Err(ErrorCode::InvalidRequest));
        }
    }

    #[test]
    fn files_of_forms_get_their_paths() {
        for (path, name, several, expected) in [
            (None, "a.md", false, Some("a.md")),
            (None, "C:\\docs\\a.md", false, Some("a.md")),
            (Some("hr/leave.md"), "a.md", false, Some("hr/leave.md")),
            (Some("hr/"), "a.md", false, Some("hr/a.md")),
            (Some("hr"), "a.md", true, Some("hr/a.md")),
            (Some("../hr/"), "a.md", false, None),
            (None, ".env", false, None),
            (None, "", false, None),
            (Some("/etc/passwd"), "a.md", false, None),
        ] {
            assert_eq!(file_path(path, name, several).ok().as_deref(), expected, "{path:?} {name:?}");
        }
    }

    #[test]
    fn each_set_of_groups_has_a_folder_of_its_own() {
        let name = |collection: &str, allow: &[&str]| {
            of_uploads(&Belonging {
                collection: collection.into(),
                allow: allow.iter().map(|group| group.to_string()).collect(),
            })
        };
        let names = [name("hr", &[]), name("hr", &["a"]), name("hr", &["a", "b"]), name("hra", &[]), name("a/b", &[])];
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| is_of_uploads(name) && check_path(name).is_ok() && !name.contains('/')));
        assert!(name(&"假".repeat(100), &[]).len() < 200);
    }
}
