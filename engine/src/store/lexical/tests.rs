//! Phrases and exclusions against the plain way: looking at every text.

use proptest::prelude::*;
use uuid::Uuid;

use super::{Lexical, Wanted};
use crate::store::types::{ChunkId, Filter, IndexedChunk};
use crate::text::{Phrase, terms};
use crate::{Access, AccessScope};

fn everything() -> Filter {
    Filter { scope: AccessScope::owner(), collections: Vec::new(), languages: Vec::new(), documents: None }
}

fn chunk(number: usize, title: &str, text: &str) -> IndexedChunk {
    IndexedChunk {
        id: ChunkId(Uuid::from_u128(number as u128)),
        document_id: number.to_string(),
        version: 1,
        collection: "default".into(),
        access: Access::default(),
        language: None,
        title: title.into(),
        heading: None,
        table_header: None,
        text: text.into(),
    }
}

fn index(texts: &[(String, String)]) -> (tempfile::TempDir, Lexical) {
    let dir = tempfile::tempdir().expect("a folder");
    let lexical = Lexical::open(dir.path()).expect("an index");
    // In several segments.
    for (part, texts) in texts.chunks(5).enumerate() {
        let chunks: Vec<IndexedChunk> =
            texts.iter().enumerate().map(|(at, (title, text))| chunk(part * 5 + at, title, text)).collect();
        lexical.upsert(&chunks).expect("chunks are taken");
        lexical.commit().expect("a commit");
    }
    (dir, lexical)
}

fn found(lexical: &Lexical, wanted: &Wanted) -> Vec<usize> {
    let hits = lexical.search(wanted, &everything(), 100).expect("a search");
    let mut numbers: Vec<usize> = hits.into_iter().map(|(id, _)| id.0.as_u128() as usize).collect();
    numbers.sort_unstable();
    numbers
}

fn words() -> BoxedStrategy<String> {
    proptest::collection::vec(proptest::sample::select(vec!["leave", "sick", "annual", "a-1", "pay"]), 1..8)
        .prop_map(|words| words.join(" "))
        .boxed()
}

/// The dictionary cuts these in many ways.
fn chinese() -> BoxedStrategy<String> {
    let parts = vec!["带薪", "年假", "今年", "放假", "年", "假", "员工", "休", "薪"];
    proptest::collection::vec(proptest::sample::select(parts), 1..8).prop_map(|parts| parts.concat()).boxed()
}

fn some(lists: fn() -> BoxedStrategy<String>) -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::vec((lists(), lists()), 1..17)
}

/// What the index finds, and of that what the text confirms where the index cannot tell.
fn check(texts: &[(String, String)], asked: &str, required: &str, excluded: &str) {
    let (_dir, lexical) = index(texts);
    let (required, excluded) = (Phrase::new(required).expect("words"), Phrase::new(excluded).expect("words"));
    let holds = |phrase: &Phrase, at: usize| phrase.stands_in(&texts[at].0) || phrase.stands_in(&texts[at].1);
    let asked = terms(asked);
    let has_a_word = |at: usize| {
        let own = [terms(&texts[at].0), terms(&texts[at].1)].concat();
        asked.iter().any(|term| own.contains(term))
    };
    let expected = |condition: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..texts.len()).filter(|&at| has_a_word(at) && condition(at)).collect()
    };
    let looked_at = |mut found: Vec<usize>, condition: &dyn Fn(usize) -> bool| {
        if required.needs_the_text() || excluded.needs_the_text() {
            found.retain(|&at| condition(at));
        }
        found
    };
    let has = |at: usize| holds(&required, at);
    let has_not = |at: usize| !holds(&excluded, at);
    let with = Wanted { required: vec![required.clone()], ..Wanted::terms(&asked) };
    assert_eq!(looked_at(found(&lexical, &with), &has), expected(&has), "{texts:?} with {required:?}");
    let without = Wanted { excluded: vec![excluded.clone()], ..Wanted::terms(&asked) };
    assert_eq!(looked_at(found(&lexical, &without), &has_not), expected(&has_not), "{texts:?} without {excluded:?}");
    let among = (0..texts.len()).step_by(2).map(|at| ChunkId(Uuid::from_u128(at as u128))).collect();
    let both = Wanted { any: Vec::new(), among: Some(among), required: with.required, excluded: without.excluded };
    let is_both = |at: usize| at.is_multiple_of(2) && has(at) && has_not(at);
    let expected: Vec<usize> = (0..texts.len()).filter(|&at| is_both(at)).collect();
    assert_eq!(looked_at(found(&lexical, &both), &is_both), expected, "{texts:?} {both:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn words_side_by_side_are_found_by_the_index(
        texts in some(words), asked in words(), required in words(), excluded in words(),
    ) {
        check(&texts, &asked, &required, &excluded);
    }

    /// However the dictionary cuts them.
    #[test]
    fn characters_side_by_side_are_found_by_the_index(
        texts in some(chinese), asked in chinese(), required in chinese(), excluded in chinese(),
    ) {
        check(&texts, &asked, &required, &excluded);
    }
}

#[test]
fn words_that_are_spelled_alike_are_near() {
    let text = "Applications are received by the committee on vacation days.";
    let (_dir, lexical) = index(&[(String::new(), text.into())]);
    for (word, distance, expected) in [
        ("applicaton", 2, Some("applic")),
        ("recieved", 1, Some("receiv")),
        ("vaccation", 2, Some("vacat")),
        ("comittee", 1, Some("committe")),
        ("comitee", 1, None),
        ("heron", 1, None),
    ] {
        let near = lexical.similar(word, distance).expect("terms");
        assert_eq!(near.first().map(String::as_str), expected, "{word}: {near:?}");
    }
}
