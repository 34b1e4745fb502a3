//! What is on disk against what was last seen: add, change, move, delete, unchanged. By content hash, so that a
//! rename costs nothing and a touched file is not read twice.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use taproot_engine::store::FileRecord;
use taproot_schemas::job::{FileErrorCode, PlannedChanges, PlannedMove};

use crate::scan::ScannedFile;

/// A file with the hash of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    pub file: ScannedFile,
    /// blake3, hex.
    pub hash: String,
}

impl HashedFile {
    /// The record of this file once it is done.
    pub fn record(&self, pipeline: &Pipeline, error: Option<(FileErrorCode, String)>) -> FileRecord {
        FileRecord {
            path: self.file.path.clone(),
            bytes: self.file.bytes,
            modified_ns: self.file.modified_ns,
            hash: self.hash.clone(),
            pipeline: pipeline.of(&self.file),
            labels: self.file.settings.labels(),
            error,
        }
    }
}

/// What the result of reading a file depends on besides its content.
#[derive(Debug, Clone)]
pub struct Pipeline {
    documents: String,
    files: String,
}

impl Pipeline {
    /// `documents` is what the stored form of every document depends on; `reading` is what may make other documents
    /// of a file. Where only that changes, files are read again, and what comes out as before is not embedded again.
    pub fn new(documents: &str, reading: &str) -> Pipeline {
        Pipeline { documents: documents.to_owned(), files: format!("{documents}/{reading}") }
    }

    /// Of a file, with what its folder says of it.
    pub fn of(&self, file: &ScannedFile) -> String {
        with_language(&self.files, file)
    }

    /// Of its documents.
    pub fn of_documents(&self, file: &ScannedFile) -> String {
        with_language(&self.documents, file)
    }
}

fn with_language(pipeline: &str, file: &ScannedFile) -> String {
    let language = file.settings.language.as_deref().unwrap_or("-");
    format!("{pipeline}/{language}")
}

/// What has to be done. Every file on disk is in exactly one of `add`, `change`, `moved` and `unchanged`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// New files: to be read.
    pub add: Vec<HashedFile>,
    /// Files with other content, or that were read in another way or failed then: to be read.
    pub change: Vec<HashedFile>,
    /// Where files were, and where they are.
    pub moved: Vec<(String, HashedFile)>,
    /// As they were last seen, those that failed then among them.
    pub unchanged: Vec<FileRecord>,
    /// Those of the unchanged whose labels are others now, or whose time is: to be recorded.
    pub relabel: Vec<HashedFile>,
    pub touched: Vec<HashedFile>,
    /// Paths that were seen and are gone.
    pub gone: Vec<String>,
    /// Files that were read before, and those of them that are gone.
    pub seen: usize,
    pub lost: usize,
}

/// Compares. `documents` counts the live documents of each path.
pub fn plan(
    on_disk: Vec<HashedFile>,
    seen: Vec<FileRecord>,
    documents: &HashMap<String, u64>,
    pipeline: &Pipeline,
) -> Plan {
    // A file that was announced and never read is nothing to lose, unless its ingest was killed between the commit of its
    // documents and its record.
    let was_read = |record: &&FileRecord| !record.hash.is_empty() || documents.contains_key(&record.path);
    let mut plan = Plan { seen: seen.iter().filter(was_read).count(), ..Plan::default() };
    let mut seen: BTreeMap<String, FileRecord> = seen.into_iter().map(|record| (record.path.clone(), record)).collect();
    let mut new = Vec::new();
    for file in on_disk {
        match seen.remove(&file.file.path) {
            Some(record)
                if record.hash == file.hash && record.pipeline == pipeline.of(&file.file) && is_settled(&record) =>
            {
                if record.labels != file.file.settings.labels() {
                    plan.relabel.push(file);
                } else if record.modified_ns != file.file.modified_ns {
                    plan.touched.push(file);
                }
                plan.unchanged.push(record);
            }
            Some(_) => plan.change.push(file),
            None => new.push(file),
        }
    }
    // What is left of `seen` is gone from its place; a new file with the same content is where it went.
    let mut gone_by_hash: HashMap<(String, String, String), Vec<String>> = HashMap::new();
    for record in seen.values().rev().filter(|record| record.error.is_none() && !record.hash.is_empty()) {
        let key = (record.hash.clone(), record.pipeline.clone(), extension(&record.path));
        gone_by_hash.entry(key).or_default().push(record.path.clone());
    }
    for file in new {
        let key = (file.hash.clone(), pipeline.of(&file.file), extension(&file.file.path));
        match gone_by_hash.get_mut(&key).and_then(Vec::pop) {
            Some(from) => {
                seen.remove(&from);
                plan.moved.push((from, file));
            }
            None => plan.add.push(file),
        }
    }
    plan.lost = seen.values().filter(was_read).count();
    plan.gone = seen.into_keys().collect();
    plan
}

impl Plan {
    /// The files to be read, in the order of their paths.
    pub fn into_read(self) -> Vec<HashedFile> {
        let mut read = self.add;
        read.extend(self.change);
        read.sort_by(|a, b| a.file.path.cmp(&b.file.path));
        read
    }

    /// For whoever asks what would be done.
    pub fn told(&self) -> PlannedChanges {
        let paths = |files: &[HashedFile]| files.iter().take(LISTED).map(|file| file.file.path.clone()).collect();
        PlannedChanges {
            add: paths(&self.add),
            change: paths(&self.change),
            moved: self
                .moved
                .iter()
                .take(LISTED)
                .map(|(from, to)| PlannedMove { from: from.clone(), to: to.file.path.clone() })
                .collect(),
            delete: self.gone.iter().take(LISTED).cloned().collect(),
            retag: paths(&self.relabel),
            unchanged: (self.unchanged.len() - self.relabel.len()) as u64,
            needs_confirmation: self.loses_too_much(),
        }
    }

    /// Nothing is known of what is not on the disk: it is neither gone nor moved.
    pub fn keep_all(&mut self) {
        self.gone.clear();
        self.lost = 0;
        self.add.extend(self.moved.drain(..).map(|(_, file)| file));
    }

    /// More than half of what was there is gone: rather a share that is not mounted than somebody's wish.
    pub fn loses_too_much(&self) -> bool {
        self.lost * 2 > self.seen
    }
}

/// Files listed of each kind of change.
const LISTED: usize = 10_000;

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
    use crate::scan::FolderSettings;

    fn disk(path: &str, hash: &str) -> HashedFile {
        let file = ScannedFile {
            path: path.into(),
            absolute: path.into(),
            bytes: 1,
            modified_ns: 5,
            settings: FolderSettings::default(),
        };
        HashedFile { file, hash: hash.into() }
    }

    fn seen(path: &str, hash: &str) -> FileRecord {
        disk(path, hash).record(&pipeline(), None)
    }

    fn pipeline() -> Pipeline {
        Pipeline::new("p", "r")
    }

    /// Of records that were kept, no document counts besides.
    fn plan(on_disk: Vec<HashedFile>, seen: Vec<FileRecord>, pipeline: &Pipeline) -> Plan {
        super::plan(on_disk, seen, &HashMap::new(), pipeline)
    }

    /// `on_disk` and `known` as "path=hash …"; the plan as "add: … change: … moved: … unchanged: … gone: …".
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
            &pipeline(),
        );
        let paths = |files: &[HashedFile]| files.iter().map(|f| f.file.path.clone()).collect::<Vec<_>>().join(",");
        let shown = format!(
            "add: {} change: {} moved: {} unchanged: {} gone: {}",
            paths(&plan.add),
            paths(&plan.change),
            plan.moved.iter().map(|(a, b)| format!("{a}>{}", b.file.path)).collect::<Vec<_>>().join(","),
            plan.unchanged.iter().map(|r| r.path.as_str()).collect::<Vec<_>>().join(","),
            plan.gone.join(","),
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn tells_what_changed() {
        check("a=1 b=2", "", "add: a,b change:  moved:  unchanged:  gone: ");
        check("a=1", "a=1 b=2", "add:  change:  moved:  unchanged: a gone: b");
        check("a=9", "a=1", "add:  change: a moved:  unchanged:  gone: ");
        check("new/a=1", "a=1", "add:  change:  moved: a>new/a unchanged:  gone: ");
        check("a=1 copy=1", "a=1", "add: copy change:  moved:  unchanged: a gone: ");
        check("x=1 y=1", "a=1 b=1", "add:  change:  moved: a>x,b>y unchanged:  gone: ");
        check("a=2 b=1", "a=1 b=2", "add:  change: a,b moved:  unchanged:  gone: ");
    }

    #[test]
    fn a_name_that_changes_how_a_file_is_read_is_no_move() {
        check("a.md=1", "a.txt=1", "add: a.md change:  moved:  unchanged:  gone: a.txt");
        check("b.TXT=1", "a.txt=1", "add:  change:  moved: a.txt>b.TXT unchanged:  gone: ");
    }

    #[test]
    fn what_may_have_been_a_passing_fault_is_read_again() {
        for (code, read) in
            [(FileErrorCode::Timeout, 1), (FileErrorCode::ParserCrashed, 1), (FileErrorCode::Corrupt, 0)]
        {
            let record = FileRecord { error: Some((code, "why".into())), ..seen("a", "1") };
            assert_eq!(plan(vec![disk("a", "1")], vec![record], &pipeline()).change.len(), read, "{code:?}");
        }
    }

    #[test]
    fn another_pipeline_or_language_reads_again() {
        let on_disk = vec![disk("a", "1"), disk("moved", "2")];
        let plan_of = |pipeline| plan(on_disk.clone(), vec![seen("a", "1"), seen("b", "2")], &pipeline);
        let plan = plan_of(Pipeline::new("q", "r"));
        assert_eq!((plan.add.len(), plan.change.len(), plan.gone.len()), (1, 1, 1));

        let mut chinese = disk("a", "1");
        chinese.file.settings.language = Some("zh".into());
        assert_eq!(super::plan(vec![chinese], vec![seen("a", "1")], &HashMap::new(), &pipeline()).change.len(), 1);
    }

    #[test]
    fn other_labels_are_no_other_content() {
        let mut closed = disk("a", "1");
        closed.file.settings.allow = Some(vec!["hr".into()]);
        let plan = plan(vec![closed.clone(), disk("b", "1")], vec![seen("a", "1"), seen("b", "1")], &pipeline());
        assert_eq!((plan.relabel, plan.unchanged.len(), plan.touched.len()), (vec![closed], 2, 0));
    }

    #[test]
    fn a_source_that_lost_more_than_half_is_suspicious() {
        let files = |names: &[&str]| names.iter().map(|name| disk(name, name)).collect::<Vec<_>>();
        let check = |on_disk: &[&str], expected: bool| {
            let records = ["a", "b", "c", "d"].map(|name| seen(name, name)).to_vec();
            assert_eq!(plan(files(on_disk), records, &pipeline()).loses_too_much(), expected, "{on_disk:?}");
        };
        check(&["a", "b", "c", "d"], false);
        check(&["a", "b"], false);
        check(&["a", "e", "f", "g"], true);
        check(&[], true);
        assert!(!plan(Vec::new(), Vec::new(), &pipeline()).loses_too_much());
    }

    #[test]
    fn a_file_whose_ingest_was_killed_is_lost_when_it_has_documents() {
        let announced = || vec![FileRecord { hash: String::new(), pipeline: String::new(), ..seen("a", "") }];
        let check = |documents: &[(&str, u64)], expected: bool| {
            let documents = documents.iter().map(|(path, count)| ((*path).to_owned(), *count)).collect();
            let plan = super::plan(Vec::new(), announced(), &documents, &pipeline());
            assert_eq!(plan.loses_too_much(), expected);
        };
        check(&[("a", 1)], true);
        check(&[], false);
    }
}
