//! What the documents of hits tell of themselves, worked out once and kept: when they are from, how they stand, what they
//! are about.
//!
//! Comes in: title, uri and beginning of a version of a document, which never change but for the uri. Goes out: a
//! [`Paper`]. Who may see a document is not asked here: papers are asked for of hits that the catalog let through.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use quick_cache::sync::Cache;

use super::Found;
use super::notices::{ENDED, Standing, folded, stem};
use crate::store::Head;
use crate::text::terms;

/// Versions of documents of which papers are kept, about a KiB each.
const MAX_PAPERS: usize = 10_000;

/// Words of names that tell nothing of the matter.
const FILLERS: [&str; 17] = [
    "version", "ver", "rev", "revis", "revision", "edit", "edition", "v", "final", "draft", "new", "old", "copi", "版",
    "版本", "新", "旧",
];
/// Index terms of the marks on titles.
static MARKS: LazyLock<HashSet<String>> = LazyLock::new(|| ENDED.iter().flat_map(|ended| terms(ended)).collect());

/// What one version of a document tells of itself.
#[derive(Debug)]
pub struct Paper {
    /// Of which it was made: a moved document has another.
    uri: String,
    /// When it was modified, or else sent, or else created.
    pub date: Option<Date>,
    pub standing: Standing,
    /// Words of its name that tell what it is about.
    pub matter: BTreeSet<String>,
    pub version: Option<Vec<u32>>,
    /// Title and name of the file, folded.
    pub name: String,
}

impl Paper {
    pub fn of(title: &str, uri: &str, head: &Head) -> Paper {
        let (name, file) = (folded(title), folded(uri));
        Paper {
            uri: uri.to_owned(),
            date: head.date.as_deref().and_then(|date| date.get(..10)?.parse().ok()),
            standing: Standing::of(title, uri, head),
            matter: matter(&name),
            version: version(&name).or_else(|| version(stem(&file))),
            name: format!("{name} {}", stem(&file)),
        }
    }
}

/// By document id.
pub type PapersOfHits = HashMap<String, Arc<Paper>>;

/// The papers that were last asked for. Cheap to clone; all clones share them.
#[derive(Clone)]
pub struct Papers {
    /// By document id and version.
    kept: Arc<Cache<(String, i64), Arc<Paper>>>,
}

impl Default for Papers {
    fn default() -> Self {
        Papers { kept: Arc::new(Cache::new(MAX_PAPERS)) }
    }
}

impl Papers {
    /// The papers of the hits' documents that are kept, and the versions of documents of which there are none.
    pub fn known(&self, found: &[Found]) -> (PapersOfHits, Vec<(String, i64)>) {
        let mut papers = PapersOfHits::with_capacity(found.len());
        let mut missing = Vec::new();
        for hit in found {
            let chunk = &hit.chunk;
            let key = (chunk.document_id.clone(), chunk.version);
            if papers.contains_key(&chunk.document_id) || missing.contains(&key) {
                continue;
            }
            match self.kept.get(&key).filter(|paper| paper.uri == chunk.uri) {
                Some(paper) => _ = papers.insert(key.0, paper),
                None => missing.push(key),
            }
        }
        (papers, missing)
    }

    /// Works out the papers of those of the hits' documents of which there are heads, and keeps them.
    pub fn add(&self, papers: &mut PapersOfHits, found: &[Found], heads: &HashMap<String, Head>) {
        for hit in found {
            let chunk = &hit.chunk;
            let Some(head) = heads.get(&chunk.document_id) else { continue };
            papers.entry(chunk.document_id.clone()).or_insert_with(|| {
                let paper = Arc::new(Paper::of(&chunk.title, &chunk.uri, head));
                self.kept.insert((chunk.document_id.clone(), chunk.version), Arc::clone(&paper));
                paper
            });
        }
    }
}

/// The words of a name that tell what it is about: without marks, numbers and versions.
fn matter(name: &str) -> BTreeSet<String> {
    let tells = |term: &String| !has_digit(term) && !MARKS.contains(term) && !FILLERS.contains(&term.as_str());
    terms(name).into_iter().filter(tells).collect()
}

/// `policy-v2`, `Policy, version 2.1`, `制度（第3版）`, `制度 2.0版`.
fn version(name: &str) -> Option<Vec<u32>> {
    let numbers = |text: &str| -> Option<Vec<u32>> {
        let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok().filter(|n| *n < 1_000)).collect();
        parts.filter(|parts| !text.is_empty() && parts.len() <= 4)
    };
    if let Some((edition, _)) = name.split_once('版')
        && let Some(number) = edition.rsplit(|c: char| !(c.is_ascii_digit() || c == '.')).next()
        && let Some(version) = numbers(number)
    {
        return Some(version);
    }
    let mut words = name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let word = word.trim_matches('.');
        let version = match word {
            "version" | "ver" | "v" | "rev" | "revision" | "edition" => {
                words.clone().next().and_then(|next| numbers(next.trim_matches('.')))
            }
            _ => ["version", "ver", "rev", "v"].iter().find_map(|prefix| word.strip_prefix(prefix)).and_then(numbers),
        };
        if version.is_some() {
            return version;
        }
    }
    None
}

pub fn has_digit(term: &str) -> bool {
    term.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_of_names() {
        for (name, expected) in [
            ("policy-v2", Some(vec![2])),
            ("policy, version 2.1", Some(vec![2, 1])),
            ("制度 第3版", Some(vec![3])),
            ("制度2.0版", Some(vec![2, 0])),
            ("policy 2026", None),
            ("制度（2026版）", None),
            ("vacation", None),
        ] {
            assert_eq!(version(name), expected, "{name}");
        }
    }
}
