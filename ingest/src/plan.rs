//! What is on disk against what was last seen: add, change, move, delete, unchanged. By content hash, so that a
//! rename costs nothing and a touched file is not read twice.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use taproot_engine::store::FileRecord;
use taproot_schemas::job::FileErrorCode;

use crate::scan::ScannedFile;

/// A file with the hash of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    pub file: ScannedFile,
    /// blake3, hex.
    pub hash: String,
}

/// What has to be done. Every file on disk is in exactly one of `read`, `moved` and `unchanged`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// New files and files with other content: to be read.
    pub read: Vec<HashedFile>,
    /// (from, to)
    pub moved: Vec<(String, String)>,
    /// As they were last seen, those that failed then among them.
    pub unchanged: Vec<FileRecord>,
    /// Paths that were seen and are gone.
    pub gone: Vec<String>,
}

/// Compares. `pipeline` is what the result depends on besides the content: a file that was ingested by another one is
/// read again.
pub fn plan(on_disk: Vec<HashedFile>, seen: Vec<FileRecord>, pipeline: &str) -> Plan {
    let mut seen: BTreeMap<String, FileRecord> = seen.into_iter().map(|record| (record.path.clone(), record)).collect();
    let mut plan = Plan::default();
    let mut new = Vec::new();
    for file in on_disk {
        match seen.remove(&file.file.path) {
            Some(record) if record.hash == file.hash && record.pipeline == pipeline && is_settled(&record) => {
                plan.unchanged.push(record);
            }
            Some(_) => plan.read.push(file),
            None => new.push(file),
        }
    }
    // What is left of `seen` is gone from its place; a new file with the same content is where it went.
    let mut gone_by_hash: HashMap<(String, String), Vec<String>> = HashMap::new();
    for record in seen.values().rev().filter(|record| record.error.is_none() && record.pipeline == pipeline) {
        gone_by_hash.entry((record.hash.clone(), extension(&record.path))).or_default().push(record.path.clone());
    }
    for file in new {
        let key = (file.hash.clone(), extension(&file.file.path));
        match gone_by_hash.get_mut(&key).and_then(Vec::pop) {
            Some(from) => {
                seen.remove(&from);
                plan.moved.push((from, file.file.path));
            }
            None => plan.read.push(file),
        }
    }
    plan.gone = seen.into_keys().collect();
    plan.read.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    plan
}

/// Whether reading the file again, as it is, would come to the same. A time-out or a crash may be a passing fault, and
/// the limits may have been raised since.
fn is_settled(record: &FileRecord) -> bool {
    use FileErrorCode::{Corrupt, Empty, Encrypted, UnsupportedFormat};
    record.error.as_ref().is_none_or(|(code, _)| matches!(code, Corrupt | Empty | Encrypted | UnsupportedFormat))
}

/// The ending has a say in how a file is read: `notes.txt` that becomes `notes.md` is another document.
fn extension(path: &str) -> String {
    Path::new(path).extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(path: &str, hash: &str) -> HashedFile {
        HashedFile { file: ScannedFile { path: path.into(), absolute: path.into(), bytes: 1 }, hash: hash.into() }
    }

    fn seen(path: &str, hash: &str) -> FileRecord {
        FileRecord { path: path.into(), bytes: 1, hash: hash.into(), pipeline: "p".into(), error: None }
    }

    /// `on_disk` and `known` as "path=hash …"; the plan as "read: … moved: … unchanged: … gone: …".
    fn check(on_disk: &str, known: &str, expected: &str) {
        let pairs = |text: &str| {
            text.split_whitespace()
                .filter_map(|p| p.split_once('='))
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .collect::<Vec<_>>()
        };
        let plan = plan(
            pairs(on_disk).iter().map(|(path, hash)| disk(path, hash)).collect(),
            pairs(known).iter().map(|(path, hash)| seen(path, hash)).collect(),
            "p",
        );
        let shown = format!(
            "read: {} moved: {} unchanged: {} gone: {}",
            plan.read.iter().map(|f| f.file.path.as_str()).collect::<Vec<_>>().join(","),
            plan.moved.iter().map(|(a, b)| format!("{a}>{b}")).collect::<Vec<_>>().join(","),
            plan.unchanged.iter().map(|r| r.path.as_str()).collect::<Vec<_>>().join(","),
            plan.gone.join(","),
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn tells_what_changed() {
        check("a=1 b=2", "", "read: a,b moved:  unchanged:  gone: ");
        check("a=1", "a=1 b=2", "read:  moved:  unchanged: a gone: b");
        check("a=9", "a=1", "read: a moved:  unchanged:  gone: ");
        check("new/a=1", "a=1", "read:  moved: a>new/a unchanged:  gone: ");
        check("a=1 copy=1", "a=1", "read: copy moved:  unchanged: a gone: ");
        check("x=1 y=1", "a=1 b=1", "read:  moved: a>x,b>y unchanged:  gone: ");
        check("a=2 b=1", "a=1 b=2", "read: a,b moved:  unchanged:  gone: ");
    }

    #[test]
    fn a_name_that_changes_how_a_file_is_read_is_no_move() {
        check("a.md=1", "a.txt=1", "read: a.md moved:  unchanged:  gone: a.txt");
        check("b.TXT=1", "a.txt=1", "read:  moved: a.txt>b.TXT unchanged:  gone: ");
    }

    #[test]
    fn what_may_have_been_a_passing_fault_is_read_again() {
        for (code, read) in
            [(FileErrorCode::Timeout, 1), (FileErrorCode::ParserCrashed, 1), (FileErrorCode::Corrupt, 0)]
        {
            let record = FileRecord { error: Some((code, "why".into())), ..seen("a", "1") };
            assert_eq!(plan(vec![disk("a", "1")], vec![record], "p").read.len(), read, "{code:?}");
        }
    }

    #[test]
    fn another_pipeline_reads_again() {
        let plan = plan(vec![disk("a", "1"), disk("moved", "2")], vec![seen("a", "1"), seen("b", "2")], "q");
        assert_eq!((plan.read.len(), plan.gone.len()), (2, 1));
    }
}
