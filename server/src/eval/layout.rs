//! Sets of questions as they lie on the disk.
//!
//! - `corpus.jsonl`, `queries.jsonl`, `qrels.tsv`: queries and judged documents, as BEIR has them;
//! - `questions.jsonl` beside `documents/`: questions with answers and sources;
//! - `conversations.jsonl` beside `documents/`, with questions or alone: questions that go on from what was said before;
//! - a `.jsonl` file alone: the same questions, asked of documents that are there already.
//!
//! In: a path. Out: a [`Set`]. A line that is not right is told by its number before any work begins.

mod conversations;
mod judgments;
mod questions;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

pub use conversations::FollowUp;
pub use questions::asked;

use super::metrics::{GoldAnswers, Grades};
use crate::error::{Error, Result};

const CORPUS: &str = "corpus.jsonl";
const QUERIES: &str = "queries.jsonl";
const QRELS: &str = "qrels.tsv";
const QUESTIONS: &str = "questions.jsonl";
const CONVERSATIONS: &str = "conversations.jsonl";
/// The folder beside the questions; sources may be named with it or without.
const DOCUMENTS: &str = "documents";
/// Lines that a file of a set may have.
const MAX_LINES: usize = 1_000_000;
/// Bytes that a file of questions or judgments may have: it is held in memory.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// What is to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ranking,
    Answers,
}

#[derive(Debug, PartialEq)]
pub struct Set {
    pub name: String,
    pub documents: Documents,
    pub questions: Vec<Question>,
    pub follow_ups: Vec<FollowUp>,
}

/// Where the documents are that hold the answers.
#[derive(Debug, PartialEq)]
pub enum Documents {
    /// A folder or a file that belongs to the set.
    Own(PathBuf),
    /// Those of the data directory.
    Existing,
}

/// One question, with what is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub id: String,
    /// Fingerprint of the question and what is expected.
    pub key: String,
    pub text: String,
    pub language: String,
    /// Judged documents; `None` when nothing relevant is named.
    pub grades: Option<Grades>,
    /// `None` for queries of a ranking set.
    pub gold: Option<Gold>,
}

/// What an answer is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Gold {
    pub answerable: bool,
    pub answers: GoldAnswers,
    /// Documents that a citation may name.
    pub documents: BTreeSet<String>,
}

impl Set {
    /// `kind` chooses where a folder holds both.
    pub fn read(path: &Path, kind: Option<Kind>) -> Result<Set> {
        let set = if path.is_file() { read_file(path, kind)? } else { read_folder(path, kind)? };
        if set.questions.is_empty() && set.follow_ups.is_empty() {
            return Err(no_set(
                path,
                "holds no question that could be measured",
                "see docs/evaluation.md for its form",
            ));
        }
        Ok(set)
    }
}

impl Set {
    /// Whether documents are lines of a corpus, called by their ids.
    pub fn has_corpus(&self) -> bool {
        matches!(&self.documents, Documents::Own(path) if path.ends_with(CORPUS))
    }
}

fn read_file(path: &Path, kind: Option<Kind>) -> Result<Set> {
    let questions = questions::read(path)?.into_iter().filter(|question| fits(question, kind)).collect();
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Set { name, documents: Documents::Existing, questions, follow_ups: Vec::new() })
}

fn read_folder(path: &Path, kind: Option<Kind>) -> Result<Set> {
    let folder = path.canonicalize().map_err(|source| Error::UnreadablePath { path: path.to_path_buf(), source })?;
    let has = |name: &str| folder.join(name).exists();
    let (ranked, asked) = (has(QUERIES) && has(QRELS) && has(CORPUS), has(QUESTIONS));
    // What a search finds for a follow-up is measured, not what is answered.
    let goes_on = has(CONVERSATIONS) && has(DOCUMENTS) && kind != Some(Kind::Answers);
    let follow_ups = |goes_on: bool| match goes_on {
        true => conversations::read(&folder.join(CONVERSATIONS)),
        false => Ok(Vec::new()),
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match (ranked, asked, kind) {
        (true, true, None) => Err(no_set(
            path,
            "holds both queries.jsonl and questions.jsonl",
            "choose with --kind retrieval or --kind questions",
        )),
        (true, false, Some(Kind::Answers)) => Err(no_set(
            path,
            "holds judged queries and no questions.jsonl",
            "leave out --kind, or give --kind retrieval",
        )),
        (true, _, None | Some(Kind::Ranking)) => {
            let questions = judgments::read(&folder.join(QUERIES), &folder.join(QRELS))?;
            Ok(Set { name, documents: Documents::Own(folder.join(CORPUS)), questions, follow_ups: Vec::new() })
        }
        (_, true, _) if has(DOCUMENTS) => {
            let questions = questions::read(&folder.join(QUESTIONS))?;
            let questions = questions.into_iter().filter(|question| fits(question, kind)).collect();
            let follow_ups = follow_ups(goes_on)?;
            Ok(Set { name, documents: Documents::Own(folder.join(DOCUMENTS)), questions, follow_ups })
        }
        (false, false, _) if goes_on => {
            let follow_ups = follow_ups(goes_on)?;
            Ok(Set { name, documents: Documents::Own(folder.join(DOCUMENTS)), questions: Vec::new(), follow_ups })
        }
        (_, true, _) => Err(no_set(
            path,
            "holds questions.jsonl and no folder documents/",
            "give the file itself to ask its questions of the documents in the data directory",
        )),
        (false, false, _) => Err(no_set(path, "is no set of questions", &inside(&folder))),
    }
}

/// Sets in the folder, for whoever gave a folder of sets.
fn inside(folder: &Path) -> String {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_set = |path: &PathBuf| [QUESTIONS, QRELS, CONVERSATIONS].iter().any(|file| path.join(file).is_file());
    let mut names: Vec<String> =
        found.filter(is_set).filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    names.sort();
    match names.is_empty() {
        true => "a set has questions.jsonl beside documents/, or corpus.jsonl, queries.jsonl and qrels.tsv".into(),
        false => format!("give one of the sets in it: {}", names.join(", ")),
    }
}

fn fits(question: &Question, kind: Option<Kind>) -> bool {
    kind != Some(Kind::Ranking) || question.grades.is_some()
}

/// The name that a document goes by in comparisons: sources may be named with the folder `documents/` or without.
pub fn document_name(name: &str) -> &str {
    name.strip_prefix("documents/").unwrap_or(name)
}

fn no_set(path: &Path, problem: &str, hint: &str) -> Error {
    Error::NoSet { path: path.to_path_buf(), problem: problem.into(), hint: hint.into() }
}

/// The lines of a file that are not empty, with their numbers.
fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let unreadable = |source| Error::UnreadablePath { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > MAX_BYTES {
        return Err(no_set(path, "is larger than 256 MiB", "split it, and measure the parts"));
    }
    let mut lines = Vec::new();
    for (line, number) in BufReader::new(file).lines().zip(1..) {
        let line = line.map_err(unreadable)?;
        if !line.trim().is_empty() {
            lines.push((number, line));
        }
        if lines.len() > MAX_LINES {
            return Err(no_set(path, "has more than 1,000,000 lines", "split it, and measure the parts"));
        }
    }
    Ok(lines)
}

/// Says which line of which file is wrong.
struct At<'a> {
    path: &'a Path,
    line: usize,
}

impl At<'_> {
    fn wrong(&self, problem: impl Into<String>, hint: &'static str) -> Error {
        Error::SetLine { path: self.path.to_path_buf(), line: self.line, problem: problem.into(), hint }
    }

    fn json<T: DeserializeOwned>(&self, text: &str, hint: &'static str) -> Result<T> {
        // A byte order mark is what some editors begin a file with.
        serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| self.wrong(format!("is not what is expected: {error}"), hint))
    }
}

fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The language that a question says it is in, or looks like.
fn language(said: Option<String>, text: &str) -> String {
    said.filter(|language| !language.is_empty())
        .unwrap_or_else(|| taproot_engine::text::detect(text).unwrap_or("und").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    #[track_caller]
    fn refused(files: &[(&str, &str)], kind: Option<Kind>, message: &str, hint: &str) {
        let error = Set::read(folder(files).path(), kind).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some_and(|said| said.contains(hint)), "{:?}", error.hint());
    }

    const QUESTION: &str = r#"{"id":1,"question":"试用期多久？","answers":["三个月"],"doc":"documents/a.md"}"#;

    #[test]
    fn each_layout_is_told_by_its_files() {
        let ranking = [(CORPUS, "{}"), (QUERIES, r#"{"_id":"q","text":"x"}"#), (QRELS, "q\td 1\t1\n")];
        let set = Set::read(folder(&ranking).path(), None).unwrap();
        assert!(matches!(&set.documents, Documents::Own(path) if path.ends_with(CORPUS)));
        assert_eq!(set.questions[0].grades, Some(Grades::from([("d 1".into(), 1.0)])));

        let asked = folder(&[(QUESTIONS, QUESTION), ("documents/a.md", "a")]);
        let set = Set::read(asked.path(), None).unwrap();
        assert!(matches!(&set.documents, Documents::Own(path) if path.ends_with("documents")));
        assert_eq!((set.questions[0].id.as_str(), set.questions[0].language.as_str()), ("1", "zh"));

        let set = Set::read(&asked.path().join(QUESTIONS), None).unwrap();
        assert_eq!((set.documents, set.name.as_str()), (Documents::Existing, "questions"));
    }

    #[test]
    fn what_is_no_set_says_what_would_be_one() {
        refused(&[("a.md", "x")], None, "is no set of questions", "questions.jsonl beside documents/");
        refused(&[("hr/questions.jsonl", QUESTION), ("b/x", "")], None, "is no set", "give one of the sets in it: hr");
        refused(&[(QUESTIONS, QUESTION)], None, "no folder documents/", "give the file itself");
        refused(&[(QUESTIONS, ""), ("documents/a.md", "a")], None, "no question", "docs/evaluation.md");
        let both = [(CORPUS, ""), (QUERIES, ""), (QRELS, ""), (QUESTIONS, QUESTION)];
        refused(&both, None, "holds both", "--kind");
        refused(&both[..3], Some(Kind::Answers), "no questions.jsonl", "--kind retrieval");
    }
}
