//! Of two hits of which one document takes the place of the other, the newer one comes first.
//!
//! Needs evidence of the documents themselves ([`super::notices`]), and both among the hits. Where both match, the new one takes the
//! place of the old one in the list, and the old one follows; where the new one matches much worse, the old one only loses a
//! bounded part of its score. A query that asks for the old one gets it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use taproot_schemas::search::BoostName;

use super::Found;
use super::paper::{Paper, PapersOfHits, has_digit};
use super::wording::{says, years};
use crate::text::terms;

/// What evidence is good for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Evidence {
    /// The most that is taken from the old one's score when the new one does not match as well.
    most: f32,
    /// How well the new one has to match beside the old one, in one leg at least, to take its place.
    matches: f32,
}

/// A document says that it ended, or what it replaces.
const SAID: Evidence = Evidence { most: 0.3, matches: 0.5 };
/// Only the numbers of versions in two equal names say which one is newer, or the days from which on they hold.
const NUMBERED: Evidence = Evidence { most: 0.1, matches: 0.8 };
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
/// A document among the hits.
struct Ranked<'a> {
    id: &'a str,
    uri: &'a str,
    /// Place of its best hit.
    at: usize,
    /// Score of that.
    best: f32,
    paper: &'a Paper,
}

/// Takes from hits that are superseded by other hits. `query` is folded and in lower case; what comes into force after
/// `today` takes no place yet.
pub fn penalize(found: &mut [Found], papers: &PapersOfHits, query: &str, today: Date) {
    if OLD.iter().any(|word| says(query, word)) {
        return;
    }
    let documents = ranked(found, papers);
    let changes: Vec<Change> = pairs(&documents, query, today)
        .into_iter()
        .map(|(old, new, evidence, why)| {
            let (old, new) = (&documents[old], &documents[new]);
            let matches = found[new.at].beside(&found[old.at]).any(|ratio| ratio >= evidence.matches);
            change(old, new, evidence.most, matches, why)
        })
        .collect();
    // Of several that one document replaces, it takes the highest place.
    let mut lifts: BTreeMap<usize, (f32, String)> = BTreeMap::new();
    for Change { new, lift, .. } in &changes {
        if let Some((gap, uri)) = lift
            && lifts.get(new).is_none_or(|(known, _)| gap > known)
        {
            lifts.insert(*new, (*gap, uri.clone()));
        }
    }
    for Change { old, taken, why, .. } in changes.iter().filter(|change| change.taken > 0.0) {
        for hit in found.iter_mut().filter(|hit| hit.chunk.document_id == *old) {
            hit.boost(BoostName::Superseded, -taken, why.clone());
        }
    }
    for (at, (gap, uri)) in lifts {
        found[at].boost(BoostName::Superseded, gap, format!("takes the place of {uri}"));
    }
}

/// What one document's taking the place of another does to the two.
struct Change {
    /// Document id; what each of its hits loses, and why.
    old: String,
    taken: f32,
    why: String,
    /// Place of the new one's best hit; what it gains, and from which document.
    new: usize,
    lift: Option<(f32, String)>,
}

fn change(old: &Ranked, new: &Ranked, most: f32, matches: bool, why: String) -> Change {
    let gap = old.best - new.best;
    let why = format!("{} comes after it: {why}", new.uri);
    let (taken, lift) = match gap + MARGIN > 0.0 {
        // Already below.
        false => (0.0, None),
        true if matches => (MARGIN, Some((gap.max(0.0), old.uri.to_owned()))),
        true => ((gap + MARGIN).min(most), None),
    };
    Change { old: old.id.to_owned(), taken, why, new: new.at, lift: lift.filter(|(gap, _)| *gap > 0.0) }
}

/// Pairs of documents, by their places in the list: the old one, the one that takes its place, the evidence.
fn pairs(documents: &[Ranked], query: &str, today: Date) -> Vec<(usize, usize, Evidence, String)> {
    let successors: Vec<Vec<(usize, Evidence, String)>> = documents
        .iter()
        .map(|old| {
            let others = documents.iter().enumerate().filter(|(_, new)| new.id != old.id);
            others
                .filter_map(|(at, new)| succeeds(new, old, today).map(|(evidence, why)| (at, evidence, why)))
                .collect()
        })
        .collect();
    let mut pairs = Vec::new();
    for (old, successors_of_old) in successors.iter().enumerate() {
        // One that is superseded itself is no successor.
        let last = successors_of_old.iter().find(|(at, ..)| successors[*at].is_empty());
        if let Some((new, evidence, why)) = last
            && !names_the_old(query, documents[old].paper, documents[*new].paper)
        {
            pairs.push((old, *new, *evidence, why.clone()));
        }
    }
    pairs
}

/// Whether `new` takes the place of `old`: how good the evidence is, and its words.
fn succeeds(new: &Ranked, old: &Ranked, today: Date) -> Option<(Evidence, String)> {
    if new.paper.standing.ended.is_some() || new.paper.standing.since.is_some_and(|since| since > today) {
        return None;
    }
    if let Some(said) = &old.paper.standing.ended
        && (is_named(new, said) || alike(new.paper, old.paper))
    {
        return Some((SAID, shown(said)));
    }
    if let Some(said) = new.paper.standing.replaces.iter().find(|said| is_named(old, said)) {
        return Some((SAID, shown(said)));
    }
    if new.paper.matter != old.paper.matter || new.paper.matter.is_empty() {
        return None;
    }
    if let (Some(newer), Some(older)) = (&new.paper.version, &old.paper.version) {
        return (newer > older).then(|| (NUMBERED, format!("version {} against {}", dotted(newer), dotted(older))));
    }
    let (newer, older) = (new.paper.standing.since?, old.paper.standing.since?);
    (newer > older).then(|| (NUMBERED, format!("in force since {newer} against {older}")))
}

/// Whether the words name the document: its file, or all that its name is about.
fn is_named(document: &Ranked, said: &str) -> bool {
    let file = document.uri.rsplit('/').next().unwrap_or_default().to_lowercase();
    let words: BTreeSet<String> = terms(said).into_iter().collect();
    (!file.is_empty() && said.contains(&file))
        || (!document.paper.matter.is_empty() && document.paper.matter.is_subset(&words))
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

fn ranked<'a>(found: &'a [Found], papers: &'a PapersOfHits) -> Vec<Ranked<'a>> {
    let mut ranked: Vec<Ranked> = Vec::new();
    for (at, hit) in found.iter().enumerate() {
        let chunk = &hit.chunk;
        match ranked.iter_mut().find(|known| known.id == chunk.document_id) {
            Some(known) if hit.score > known.best => (known.at, known.best) = (at, hit.score),
            Some(_) => {}
            None => {
                let Some(paper) = papers.get(&chunk.document_id) else { continue };
                ranked.push(Ranked { id: &chunk.document_id, uri: &chunk.uri, at, best: hit.score, paper });
            }
        }
    }
    ranked
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
    use std::collections::HashMap;

    use super::*;
    use crate::store::Head;

    /// Documents as (title, uri, beginning, score), best first; what is taken from each when the others match much worse.
    #[track_caller]
    fn check(query: &str, documents: &[(&str, &str, &str, f32)], expected: &[f32]) {
        let documents: Vec<(&'static str, &'static str, &str, f32)> =
            documents.iter().map(|&(t, u, b, s)| (leak(t), leak(u), b, s)).collect();
        let of = |&(title, uri, beginning, _): &(&str, &str, &str, f32)| {
            Paper::of(title, uri, &Head { beginning: beginning.into(), ..Head::default() })
        };
        let papers: Vec<Paper> = documents.iter().map(of).collect();
        let ranked: Vec<Ranked> = documents
            .iter()
            .zip(&papers)
            .map(|(&(_, uri, _, best), paper)| Ranked { id: uri, uri, at: 0, best, paper })
            .collect();
        let pairs = pairs(&ranked, query, "2026-06-30".parse().expect("a date"));
        let change = |(old, new, evidence, why): &(usize, usize, Evidence, String)| {
            let (old, new) = (&ranked[*old], &ranked[*new]);
            let change_of = |matches| change(old, new, evidence.most, matches, why.clone());
            let (lifted, taken) = (change_of(true), change_of(false));
            let lift = lifted.lift.map_or(0.0, |(gap, _)| gap);
            let below = taken.taken == 0.0 || old.best - lifted.taken < new.best + lift;
            assert!(below, "{query}: {} does not end up below {}", old.uri, new.uri);
            (old.id, taken.taken)
        };
        let penalties: HashMap<&str, f32> = pairs.iter().map(change).collect();
        let taken = ranked.iter().map(|document| penalties.get(document.id).copied().unwrap_or(0.0));
        for ((taken, expected), document) in taken.zip(expected).zip(&ranked) {
            assert!(
                (taken - expected).abs() < 1e-4,
                "{query}: {taken} of {}, not {expected}: {penalties:?}",
                document.uri
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
        check("travel costs", &[OLD_TRAVEL, new(0.2)], &[0.3, 0.0]);
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
        check("leave", &[of("1", 0.9), of("2", 0.4)], &[0.1, 0.0]);
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
    fn what_is_in_force_since_later_comes_first_once_it_is() {
        let of = |since: &str, uri: &'static str, score| {
            ("Leave policy", uri, leak(&format!("Effective {since}. Leave.")), score)
        };
        let (old, new) = (of("1 May 2019", "a.md", 0.9), of("1 Jan 2026", "b.md", 0.85));
        check("leave", &[old, new], &[0.051, 0.0]);
        check("leave", &[old, of("1 Jan 2027", "b.md", 0.85)], &[0.0, 0.0]);
        let of =
            |date: &str, uri: &'static str, score| ("考勤制度", uri, leak(&format!("本制度自{date}起施行。")), score);
        check("考勤", &[of("2019年5月1日", "a.md", 0.9), of("2026年1月1日", "b.md", 0.85)], &[0.051, 0.0]);
    }
}
