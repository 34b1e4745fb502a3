//! Tiny random models of each kind of export against vectors that numpy computed (`models/tiny`).

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::embedder::Embedder;
use super::entry::{ModelEntry, Pooling, Task};
use super::registry::{Choice, Pick, Registry};
use super::reranker::Reranker;
use super::runtime::Runtime;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

fn tiny() -> Registry {
    Registry::read(&repository().join("models/tiny")).expect("models/tiny/models.toml")
}

/// The library of the default models: `scripts/setup.py models` fetches it.
fn runtime() -> Runtime {
    let default = Registry::read(&repository().join(".cache/models")).expect("run python3 scripts/setup.py models");
    Runtime::load(&default.runtime_library()).expect("the runtime library")
}

fn entry(name: &str) -> ModelEntry {
    tiny().model(name).unwrap_or_else(|| panic!("no {name}")).clone()
}

fn embedder(entry: &ModelEntry) -> crate::Result<Embedder> {
    Embedder::load(&runtime(), tiny().dir(), entry, 1)
}

/// An entry that says something else of how it embeds.
fn changed(name: &str, change: impl FnOnce(&mut super::Embedding)) -> ModelEntry {
    let mut entry = entry(name);
    let Task::Embedder(embedding) = &mut entry.task else { panic!("{name} is no embedder") };
    change(embedding);
    entry
}

#[derive(Deserialize)]
struct Case {
    query: Option<String>,
    passage: Option<String>,
    vector: Option<Vec<f32>>,
    score: Option<f32>,
}

fn reference(name: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(repository().join("models/tiny/reference.json")).expect("reference.json");
    let mut all: std::collections::HashMap<String, Vec<Case>> = serde_json::from_str(&text).expect("JSON");
    all.remove(name).unwrap_or_else(|| panic!("no reference of {name}"))
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The smallest cosine between what the model says and what the reference says of each text.
fn agreement(model: &Embedder, reference: &[Case]) -> f32 {
    let cosines = reference.iter().map(|case| {
        let vector = match (&case.query, &case.passage) {
            (Some(query), None) => model.embed_query(query),
            (None, Some(passage)) => model.embed_passage(passage),
            _ => panic!("a case has one text"),
        };
        let vector = vector.expect("a vector");
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!((length - 1.0).abs() < 1e-5, "of length {length}");
        cosine(&vector, case.vector.as_ref().expect("a vector"))
    });
    cosines.fold(1.0, f32::min)
}

#[test]
fn every_way_of_pooling_agrees_with_the_reference() {
    let registry = tiny();
    let embedders: Vec<&ModelEntry> =
        registry.models().iter().filter(|model| matches!(model.task, Task::Embedder(_))).collect();
    assert_eq!(embedders.len(), 9);
    for entry in embedders {
        let agreement = agreement(&embedder(entry).expect(&entry.name), &reference(&entry.name));
        assert!(agreement > 0.9999, "{}: {agreement}", entry.name);
    }
}

/// The default model gives vectors of tokens as well: pooled here, they are its own.
#[test]
fn a_real_model_pooled_here_agrees_with_its_graph() {
    let registry = Registry::read(&repository().join(".cache/models")).expect("the default models");
    let entry = registry.embedder(&Choice::default()).expect("the default embedder");
    let mut pooled_here = entry.clone();
    if let Task::Embedder(embedding) = &mut pooled_here.task {
        (embedding.pooling, embedding.output) = (Pooling::Mean, Some("last_hidden_state".into()));
    }
    let load = |entry: &ModelEntry| Embedder::load(&runtime(), registry.dir(), entry, 1).expect("the default embedder");
    let (in_graph, here) = (load(entry), load(&pooled_here));
    for text in ["How many days of leave can I carry over?", "vpn"] {
        let (a, b) = (in_graph.embed_query(text).expect("a vector"), here.embed_query(text).expect("a vector"));
        assert!(cosine(&a, &b) > 0.9999, "{text}");
    }
}

/// The comparison above would notice.
#[test]
fn another_pooling_prefix_or_length_gives_other_vectors() {
    let mut shorter = entry("bert-mean");
    shorter.max_tokens = 12;
    for (name, entry) in [
        ("bert-mean", changed("bert-mean", |it| it.pooling = Pooling::Cls)),
        ("bert-mean", changed("bert-mean", |it| it.pooling = Pooling::Last)),
        ("bert-mean", changed("bert-mean", |it| it.query_prefix.clear())),
        ("bert-mean", changed("bert-mean", |it| it.passage_prefix.clear())),
        ("bert-mean", shorter),
        ("xlmr-cls", changed("xlmr-cls", |it| it.pooling = Pooling::Mean)),
        ("decoder-fixed", changed("decoder-fixed", |it| it.pooling = Pooling::Mean)),
        ("decoder-last", changed("decoder-last", |it| it.query_prefix = "query: ".into())),
    ] {
        let agreement = agreement(&embedder(&entry).expect(name), &reference(name));
        assert!(agreement < 0.999, "{name} as {:?}: {agreement}", entry.task);
    }
}

#[test]
fn the_score_of_one_logit_and_of_two_agrees_with_the_reference() {
    for name in ["reranker-1", "reranker-2"] {
        let reranker = Reranker::load(&runtime(), tiny().dir(), &entry(name), 1).expect(name);
        let scores: Vec<f32> = reference(name)
            .iter()
            .map(|case| {
                let (query, passage) = (case.query.as_deref().expect("a query"), case.passage.as_deref().expect("one"));
                let (score, expected) = (reranker.score(query, passage).expect(name), case.score.expect("a score"));
                assert!((score - expected).abs() < 1e-4, "{name}: {score} instead of {expected} for {query} {passage}");
                score
            })
            .collect();
        let spread = scores.iter().fold(0.0, |widest: f32, score| widest.max((score - scores[0]).abs()));
        assert!(spread > 0.01, "{name} tells passages apart: {scores:?}");
        assert!(reranker.knows("zh") && reranker.name() == name);
        let long = "holiday ".repeat(500);
        let score = reranker.score(&long, &long).expect("texts of any length");
        assert!((0.0..=1.0).contains(&score));
    }
}

#[test]
fn what_does_not_fit_is_told_when_the_model_is_loaded() {
    let mut long = entry("bert-fixed");
    long.max_tokens = 40;
    let mut gone = entry("bert-mean");
    gone.tokenizer = "bert/none.json".into();
    let mut other = entry("reranker-1");
    other.task = entry("bert-mean").task;
    for (entry, told) in [
        (changed("bert-mean", |it| it.dimensions = 384), "it gives 8 values, models.toml says dimensions = 384"),
        (
            changed("bert-mean", |it| it.output = Some("pooled".into())),
            "no output pooled; it has last_hidden_state [?, ?, 8]",
        ),
        (changed("bert-mean", |it| it.pooling = Pooling::InGraph), "the pooling InGraph needs [1, dimensions]"),
        (
            changed("bert-pooled", |it| it.pooling = Pooling::Mean),
            "sentence_embedding is [1, 8], the pooling Mean needs",
        ),
        (other, "logits is [1, 1]"),
        (long, "max_tokens is 40, the graph takes 24 tokens"),
        (gone, "none.json"),
    ] {
        let error = embedder(&entry).err().unwrap_or_else(|| panic!("{told}")).to_string();
        assert!(error.contains(told) && error.contains(&entry.name), "{error}");
    }
    let embedder_as_reranker = ModelEntry { task: Task::Reranker { output: None }, ..entry("bert-mean") };
    let error = Reranker::load(&runtime(), tiny().dir(), &embedder_as_reranker, 1).err().expect("it has no logits");
    assert!(error.to_string().contains("a reranker has [1, 1] or [1, 2]"), "{error}");
}

/// Vectors that may not be compared have different fingerprints, and those that may have the same.
#[test]
fn the_fingerprint_tells_what_vectors_depend_on() {
    let of = |entry: &ModelEntry| embedder(entry).expect(&entry.name).fingerprint();
    let plain = entry("bert-pooled");
    assert_eq!(of(&plain), format!("bert-pooled@{}", &plain.sha256[..16]), "the file says it all");
    let named_or_not = changed("bert-pooled", |it| it.output = None);
    assert_eq!(of(&named_or_not), of(&plain));
    let asked_otherwise = changed("bert-mean", |it| it.query_prefix = "q: ".into());
    assert_eq!(of(&asked_otherwise), of(&entry("bert-mean")), "nothing stored has the prefix of queries");
    let mut tokenizer = entry("bert-mean");
    tokenizer.tokenizer_sha256 = Some("1".repeat(64));
    let mut prints = vec![
        of(&entry("bert-mean")),
        of(&tokenizer),
        of(&changed("bert-mean", |it| it.pooling = Pooling::Cls)),
        of(&changed("bert-mean", |it| it.passage_prefix = "q: ".into())),
        of(&changed("bert-mean", |it| it.truncate_to = Some(4))),
    ];
    let different = prints.len();
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), different, "{prints:?}");
}

/// The chunker fills passages up to what is left beside the prefix.
#[test]
fn a_passage_prefix_takes_room() {
    let model = embedder(&entry("bert-mean")).expect("a model");
    assert_eq!(model.counter().max_tokens(), 24 - model.counter().count("passage: "));
    assert_eq!(model.counter().count("holidays 年假"), 4, "special tokens are not counted, presets have no effect");
    assert_eq!(embedder(&entry("bert-short")).expect("a model").dimensions(), 5);
}

#[test]
fn models_are_chosen_by_name() {
    let registry = tiny();
    let reranker = Pick::Named("reranker-2".into());
    let choice = Choice { embedder: Some("xlmr-cls".into()), reranker, ..Choice::default() };
    assert_eq!(registry.embedder(&choice).expect("one").name, "xlmr-cls");
    assert_eq!(registry.reranker(&choice).expect("one").expect("one").name, "reranker-2");
    assert_eq!(registry.embedder(&Choice::default()).expect("the first").name, "bert-mean");
}
