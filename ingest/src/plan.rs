//! What is on disk against what was last seen: add, change, move, delete, unchanged. By content hash, so that a
//! rename costs nothing and a touched file is not read twice.

use std::collections::{BTreeMap, HashMap};

use taproot_engine::store::FileRecord;

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
            Some(record) if record.hash == file.hash && record.pipeline == pipeline => plan.unchanged.push(record),
            Some(_) => plan.read.push(file),
            None => new.push(file),
        }
    }
    // What is left of `seen` is gone from its place; a new file with the same content is where it went.
    let mut gone_by_hash: HashMap<(String, String), Vec<String>> = HashMap::new();
    for record in seen.values().rev().filter(|record| record.error.is_none()) {
        gone_by_hash.entry((record.hash.clone(), record.pipeline.clone())).or_default().push(record.path.clone());
    }
    for file in new {
        let key = (file.hash.clone(), pipeline.to_owned());
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
    fn another_pipeline_reads_again() {
        let plan = plan(vec![disk("a", "1"), disk("moved", "2")], vec![seen("a", "1"), seen("b", "2")], "q");
        assert_eq!((plan.read.len(), plan.gone.len()), (2, 1));
    }
}
