//! Of two hits of which one document takes the place of the other, the newer one comes first.
//!
//! Needs evidence of the documents themselves ([`super::notices`]), and both among the hits: the old one goes below the best
//! hit of the new one, by no more than a bounded part of the score, so that an old text that matches much better stays ahead.
//! A query that asks for the old one gets it.

use std::collections::{BTreeSet, HashMap};

use taproot_schemas::search::BoostName;

use super::Found;
use super::notices::{Standing, folded, stem};
use super::wording::{says, years};
use crate::store::Head;
use crate::text::terms;

/// The most that is taken from a score: where a document says that it ended or what it replaces, and where only the
/// numbers of versions in two names say which one is newer.
const SAID: f32 = 0.3;
const NUMBERED: f32 = 0.1;
/// What the old one ends up below the new one.
const MARGIN: f32 = 0.001;
/// Share of the words of two names that is the same, for a name to be about the same matter.
const MIN_ALIKE: f32 = 0.6;

/// Words by which a query asks for what does not hold any more.
const OLD: [&str; 26] = [
    "old",
    "older",
    "oldest",
    "previous",
    "previously",
    "former",
    "formerly",
    "history",
    "historical",
    "archive",
    "archived",
    "superseded",
    "obsolete",
    "withdrawn",
    "deprecated",
    "used to",
    "original",
    "旧",
    "舊",
    "以前",
    "之前",
    "历史",
    "原来",
    "过去",
    "废止",
    "作废",
];
/// Words of names that tell nothing of the matter.
const FILLERS: [&str; 17] = [
    "version", "ver", "rev", "revis", "revision", "edit", "edition", "v", "final", "draft", "new", "old", "copi", "版",
    "版本", "新", "旧",
];

/// A document among the hits.
struct Paper<'a> {
    id: &'a str,
    uri: &'a str,
    /// Score of its best hit.
    best: f32,
    standing: Standing,
    /// Words of its name that tell what it is about.
    matter: BTreeSet<String>,
    version: Option<Vec<u32>>,
    /// Title and name of the file, folded.
    name: String,
}

/// Takes from hits that are superseded by other hits. `query` is folded and in lower case.
pub fn penalize(found: &mut [Found], heads: &HashMap<String, Head>, query: &str) {
    if OLD.iter().any(|word| says(query, word)) {
        return;
    }
    let penalties = penalties(&papers(found, heads), query);
    for hit in found {
        if let Some((taken, reason)) = penalties.get(&hit.chunk.document_id) {
            hit.boost(BoostName::Superseded, -taken, reason.clone());
        }
    }
}

/// By document id: what is taken, and why.
fn penalties(papers: &[Paper], query: &str) -> HashMap<String, (f32, String)> {
    let successors: Vec<Vec<(usize, f32, String)>> = papers
        .iter()
        .map(|old| {
            let follows = |(at, new): (usize, &Paper)| {
                (old.id != new.id).then(|| succeeds(new, old)).flatten().map(|(most, why)| (at, most, why))
            };
            papers.iter().enumerate().filter_map(follows).collect()
        })
        .collect();
    let mut penalties = HashMap::new();
    for (old, successors_of_old) in papers.iter().zip(&successors) {
        // One that is superseded itself is no successor.
        let mut last = successors_of_old.iter().filter(|(at, ..)| successors[*at].is_empty());
        let Some((at, most, why)) = last.next() else { continue };
        let new = &papers[*at];
        let taken = (old.best - new.best + MARGIN).min(*most);
        if taken > 0.0 && !names_the_old(query, old, new) {
            penalties.insert(old.id.to_owned(), (taken, format!("{} comes after it: {why}", new.uri)));
        }
    }
    penalties
}

/// Whether `new` takes the place of `old`: how much that may take from a score, and the evidence.
fn succeeds(new: &Paper, old: &Paper) -> Option<(f32, String)> {
    if new.standing.ended.is_some() {
        return None;
    }
    if let Some(said) = &old.standing.ended
        && (is_named(new, said) || alike(new, old))
    {
        return Some((SAID, shown(said)));
    }
    if let Some(said) = new.standing.replaces.iter().find(|said| is_named(old, said)) {
        return Some((SAID, shown(said)));
    }
    let (newer, older) = (new.version.as_ref()?, old.version.as_ref()?);
    (newer > older && new.matter == old.matter && !new.matter.is_empty())
        .then(|| (NUMBERED, format!("version {} against {}", dotted(newer), dotted(older))))
}

/// Whether the words name the document: its file, or all that its name is about.
fn is_named(paper: &Paper, said: &str) -> bool {
    let file = paper.uri.rsplit('/').next().unwrap_or_default().to_lowercase();
    let words: BTreeSet<String> = terms(said).into_iter().collect();
    (!file.is_empty() && said.contains(&file)) || (!paper.matter.is_empty() && paper.matter.is_subset(&words))
}

fn alike(one: &Paper, other: &Paper) -> bool {
    let both = one.matter.intersection(&other.matter).count() as f32;
    both > 0.0 && both >= MIN_ALIKE * one.matter.union(&other.matter).count() as f32
}

/// Whether the query names what tells the old one from the new: `policy v1`, `policy of 2019`.
fn names_the_old(query: &str, old: &Paper, new: &Paper) -> bool {
    let asked: BTreeSet<String> = terms(query).into_iter().filter(|term| has_digit(term)).collect();
    let (old_words, new_words) = (terms(&old.name), terms(&new.name));
    let told = |term: &String| old_words.contains(term) && !new_words.contains(term);
    asked.iter().any(told)
        || years(query).any(|year| old.name.contains(&year.to_string()) && !new.name.contains(&year.to_string()))
}

fn papers<'a>(found: &'a [Found], heads: &HashMap<String, Head>) -> Vec<Paper<'a>> {
    let mut papers: Vec<Paper> = Vec::new();
    for hit in found {
        let chunk = &hit.chunk;
        match papers.iter_mut().find(|paper| paper.id == chunk.document_id) {
            Some(known) => known.best = known.best.max(hit.score),
            None => {
                let Some(head) = heads.get(&chunk.document_id) else { continue };
                let title = folded(&chunk.title);
                let uri = folded(&chunk.uri);
                papers.push(Paper {
                    id: &chunk.document_id,
                    uri: &chunk.uri,
                    best: hit.score,
                    standing: Standing::of(&chunk.title, &chunk.uri, head),
                    matter: matter(&title),
                    version: version(&title).or_else(|| version(stem(&uri))),
                    name: format!("{title} {}", stem(&uri)),
                });
            }
        }
    }
    papers
}

/// The words of a name that tell what it is about: without marks, numbers and versions.
fn matter(name: &str) -> BTreeSet<String> {
    let marks: BTreeSet<String> = super::notices::ENDED.iter().flat_map(|ended| terms(ended)).collect();
    let tells = |term: &String| !has_digit(term) && !marks.contains(term) && !FILLERS.contains(&term.as_str());
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

fn has_digit(term: &str) -> bool {
    term.contains(|c: char| c.is_ascii_digit())
}

fn dotted(version: &[u32]) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// The evidence, short enough to be shown.
fn shown(said: &str) -> String {
    const SHOWN_CHARS: usize = 120;
    said.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents as (title, uri, beginning, score), best first; what is taken from each.
    #[track_caller]
    fn check(query: &str, documents: &[(&str, &str, &str, f32)], expected: &[f32]) {
        let paper = |&(title, uri, beginning, best): &(&'static str, &'static str, &str, f32)| {
            let head = Head { beginning: beginning.into(), ..Head::default() };
            let (name, file) = (folded(title), folded(uri));
            Paper {
                id: uri,
                uri,
                best,
                standing: Standing::of(title, uri, &head),
                matter: matter(&name),
                version: version(&name).or_else(|| version(stem(&file))),
                name: format!("{name} {}", stem(&file)),
            }
        };
        let documents: Vec<(&'static str, &'static str, &str, f32)> =
            documents.iter().map(|&(t, u, b, s)| (leak(t), leak(u), b, s)).collect();
        let papers: Vec<Paper> = documents.iter().map(paper).collect();
        let penalties = penalties(&papers, query);
        let taken = papers.iter().map(|paper| penalties.get(paper.id).map_or(0.0, |(taken, _)| *taken));
        for ((taken, expected), paper) in taken.zip(expected).zip(&papers) {
            assert!(
                (taken - expected).abs() < 1e-4,
                "{query}: {taken} of {}, not {expected}: {penalties:?}",
                paper.uri
            );
        }
    }

    fn leak(text: &str) -> &'static str {
        Box::leak(text.to_owned().into_boxed_str())
    }

    const OLD_TRAVEL: (&str, &str, &str, f32) =
        ("Travel policy 2019", "travel-2019.md", "This policy has been superseded.", 0.9);

    #[test]
    fn the_old_one_goes_below_the_new_one() {
        let new = |score| ("Travel policy 2026", "travel-2026.md", "Costs are paid.", score);
        check("travel costs", &[OLD_TRAVEL, new(0.8)], &[0.101, 0.0]);
        check("travel costs", &[OLD_TRAVEL, new(0.2)], &[SAID, 0.0]);
        check("travel costs", &[new(0.95), OLD_TRAVEL], &[0.0, 0.0]);
        check("travel costs of 2019", &[OLD_TRAVEL, new(0.8)], &[0.0, 0.0]);
        check("travel costs", &[OLD_TRAVEL], &[0.0]);
        check("travel costs", &[OLD_TRAVEL, ("Parental leave", "leave.md", "", 0.8)], &[0.0, 0.0]);
    }

    #[test]
    fn either_of_the_two_may_say_so() {
        let old = ("Business trips", "trips.md", "Costs are paid.", 0.9);
        check("costs", &[old, ("Travel", "t.md", "This policy replaces Business trips.", 0.8)], &[0.101, 0.0]);
        let old = ("Business trips", "trips.md", "Superseded by t-new.md.", 0.9);
        check("costs", &[old, ("Travel", "t-new.md", "", 0.8)], &[0.101, 0.0]);
        let old = ("差旅报销制度", "a.md", "一、总则", 0.9);
        let new = ("差旅费管理办法", "b.md", "本办法自2026年1月1日起施行，同时废止《差旅报销制度》。", 0.8);
        check("差旅报销", &[old, new], &[0.101, 0.0]);
        let old = ("差旅报销制度（2019版）", "a.md", "本制度已被《差旅报销制度（2026版）》取代。", 0.9);
        check("差旅报销", &[old, ("差旅报销制度（2026版）", "b.md", "", 0.8)], &[0.101, 0.0]);
        let old = ("考勤管理办法", "归档/a.md", "", 0.9);
        check("考勤", &[old, ("考勤管理办法", "b.md", "", 0.8)], &[0.101, 0.0]);
    }

    #[test]
    fn versions_reorder_what_is_nearly_equal() {
        let of = |n: &str, score| (leak(&format!("Leave policy v{n}")), leak(&format!("leave-v{n}.md")), "", score);
        check("leave", &[of("1", 0.9), of("2", 0.85), of("10", 0.83)], &[0.071, 0.021, 0.0]);
        check("leave", &[of("1", 0.9), of("2", 0.4)], &[NUMBERED, 0.0]);
        check("leave v1", &[of("1", 0.9), of("2", 0.85)], &[0.0, 0.0]);
        let file = |uri: &'static str, score| ("Leave policy", uri, "", score);
        check("leave", &[file("policy-v1.md", 0.9), file("policy-v2.md", 0.85)], &[0.051, 0.0]);
        check(
            "考勤",
            &[("考勤制度（第1版）", "a.md", "", 0.9), ("考勤制度（第2版）", "b.md", "", 0.85)],
            &[0.051, 0.0],
        );
    }

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
