//! What lies in a folder against what a manifest says: pure comparison, by content.

use std::collections::{BTreeMap, HashMap, HashSet};

use taproot_schemas::sync::{ManifestDiff, ManifestFile};

use super::names::Content;

/// Deleted paths that a diff lists.
const LISTED: usize = 1_000;

/// What has to happen to the folder.
#[derive(Debug, Default)]
pub struct Changes {
    /// Files of the folder as it is.
    pub present: usize,
    /// Path and hash of what is not in place.
    pub to_place: Vec<(String, String)>,
    /// Hash → a path of the folder where that content stands now; only what `to_place` needs.
    pub in_place: HashMap<String, String>,
    /// Paths that are in the folder and not in the manifest, moved ones among them.
    pub gone: Vec<String>,
    /// Those of `gone` whose content does not stand under another path of the manifest.
    pub deleted: Vec<String>,
    /// Contents that are nowhere, each once.
    pub missing: Vec<ManifestFile>,
    pub moved: usize,
}

impl Changes {
    pub fn between(
        present: BTreeMap<String, Content>,
        wanted: &BTreeMap<String, Content>,
        is_staged: impl Fn(&str) -> bool,
    ) -> Changes {
        let mut changes = Changes { present: present.len(), ..Changes::default() };
        let by_hash: HashMap<&str, &str> =
            present.iter().map(|(path, content)| (content.hash.as_str(), path.as_str())).collect();
        let mut missing = HashSet::new();
        let mut arriving: HashMap<&str, usize> = HashMap::new();
        for (path, content) in wanted {
            if present.get(path).is_some_and(|now| now.hash == content.hash) {
                continue;
            }
            changes.to_place.push((path.clone(), content.hash.clone()));
            if let Some(place) = by_hash.get(content.hash.as_str()) {
                changes.in_place.insert(content.hash.clone(), place.to_string());
                *arriving.entry(content.hash.as_str()).or_default() += 1;
            } else if !is_staged(&content.hash) && missing.insert(content.hash.as_str()) {
                changes.missing.push(ManifestFile {
                    path: path.clone(),
                    bytes: content.bytes,
                    hash: content.hash.clone(),
                });
            }
        }
        for (path, content) in &present {
            if wanted.contains_key(path) {
                continue;
            }
            changes.gone.push(path.clone());
            match arriving.get_mut(content.hash.as_str()) {
                Some(places) if *places > 0 => {
                    *places -= 1;
                    changes.moved += 1;
                }
                _ => changes.deleted.push(path.clone()),
            }
        }
        changes
    }

    pub fn diff(self, wanted: &BTreeMap<String, Content>) -> ManifestDiff {
        ManifestDiff {
            unchanged: (wanted.len() - self.to_place.len()) as u64,
            moved: self.moved as u64,
            delete_count: self.deleted.len() as u64,
            to_delete: self.deleted.into_iter().take(LISTED).collect(),
            missing: self.missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> BTreeMap<String, Content> {
        let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.map(|(path, hash)| (path.to_owned(), Content { hash: hash.to_owned(), bytes: 1 })).collect()
    }

    /// Folder, manifest and staged hashes → "missing: … unchanged: n moved: n delete: …".
    fn check(present: &str, wanted: &str, staged: &str, expected: &str) {
        let wanted = files(wanted);
        let is_staged = |hash: &str| staged.split_whitespace().any(|staged| staged == hash);
        let diff = Changes::between(files(present), &wanted, is_staged).diff(&wanted);
        let missing: Vec<&str> = diff.missing.iter().map(|file| file.path.as_str()).collect();
        let shown = format!(
            "missing: {} unchanged: {} moved: {} delete: {}",
            missing.join(","),
            diff.unchanged,
            diff.moved,
            diff.to_delete.join(",")
        );
        assert_eq!(shown, expected, "{present} | {staged}");
    }

    #[test]
    fn only_what_is_nowhere_is_asked_for() {
        check("", "a=1 b=2 c=1", "", "missing: a,b unchanged: 0 moved: 0 delete: ");
        check("", "a=1 b=2 c=1", "2", "missing: a unchanged: 0 moved: 0 delete: ");
        check("a=1 b=2", "a=1 b=3", "", "missing: b unchanged: 1 moved: 0 delete: ");
        check("a=1 b=2", "c=1", "", "missing:  unchanged: 0 moved: 1 delete: b");
        check("a=1 b=1", "a=1", "", "missing:  unchanged: 1 moved: 0 delete: b");
        check("a=1 b=2", "a=2 b=1", "", "missing:  unchanged: 0 moved: 0 delete: ");
        check("a=1 b=2", "", "", "missing:  unchanged: 0 moved: 0 delete: a,b");
    }
}
