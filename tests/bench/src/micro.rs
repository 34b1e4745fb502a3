//! What the parts of a search cost, each by itself: analysis, embedding, fusion, a whole search in a small store.
//!
//! `bench-micro` wants the models in `.cache/models` of the folder that it runs in, or in the folder that
//! `TAPROOT_MODELS` names. Arguments are divan's (`bench-micro --help`).

mod made_up;
mod settings;

use std::path::PathBuf;
use std::sync::LazyLock;

use divan::Bencher;
use taproot_engine::models::{Choice, Models};
use taproot_engine::store::ChunkId;
use taproot_engine::{AccessScope, Engine, Evidence, text};
use taproot_schemas::search::SearchRequest;

use made_up::{Line, Vectors, document};
use settings::config;

const QUERY: &str = "how many weeks of parental leave does a full time employee get in the first year?";
const ENGLISH: &str = "Employees who have worked for at least twelve months may take up to sixteen weeks of paid \
    parental leave. Requests are sent to people@example.com with form HR-114 four weeks before the first day.";
const CHINESE: &str = "员工入职满十二个月后，可以享受最长十六周的带薪育儿假。申请须在休假首日的四周之前，连同HR-114表格一并提交人事部门。";
/// Candidates of a leg.
const DEPTH: u128 = 100;
const DOCUMENTS: usize = 500;

fn main() {
    // `divan::main` would only name the benches, unless it is cargo that runs them.
    divan::Divan::from_args().run_benches();
}

fn models_dir() -> PathBuf {
    std::env::var_os("TAPROOT_MODELS").map_or_else(|| ".cache/models".into(), PathBuf::from)
}

static MODELS: LazyLock<Models> =
    LazyLock::new(|| Models::load(&models_dir(), &Choice::default(), 1).expect("the models"));

#[divan::bench]
fn analysis_of_english() -> Vec<String> {
    text::terms(divan::black_box(ENGLISH))
}

#[divan::bench]
fn analysis_of_chinese() -> Vec<String> {
    text::terms(divan::black_box(CHINESE))
}

#[divan::bench]
fn embedding_of_a_query(bencher: Bencher) {
    let models = &*MODELS;
    bencher.bench(|| models.embedder.embed_query(QUERY));
}

/// About 190 tokens.
#[divan::bench]
fn embedding_of_a_passage(bencher: Bencher) {
    let (models, passage) = (&*MODELS, ENGLISH.repeat(4));
    bencher.bench(|| models.embedder.embed_passage(&passage));
}

/// Two legs of 100 candidates that share half of them.
#[divan::bench]
fn fusion(bencher: Bencher) {
    let leg = |from: u128| -> Vec<_> {
        (from..from + DEPTH).map(|n| (ChunkId(uuid::Uuid::from_u128(n)), 1.0 / (n as f32 + 1.0))).collect()
    };
    let (lexical, vector) = (leg(0), leg(DEPTH / 2));
    bencher.bench(|| {
        let evidence = Evidence::of(&lexical, 1.0, Some(&vector));
        evidence.best()
    });
}

/// All of it but HTTP, in a store of 5,000 chunks.
#[divan::bench]
fn search(bencher: Bencher) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder");
    let engine = runtime.block_on(async {
        let engine = Engine::open(config(dir.path().to_owned(), models_dir())).await.expect("an engine");
        let source = engine.catalog().expect("open").source("default", "/made-up").await.expect("a source");
        let mut vectors = Vectors::new(50);
        let documents = (0..DOCUMENTS).map(|n| {
            let chunks = (0..10).map(|part| format!("{n} {part} {}", [ENGLISH, CHINESE][n % 2])).collect();
            let language = ["en", "zh"][n % 2].to_owned();
            let line = Line { uri: n.to_string(), title: n.to_string(), language, chunks };
            document(&source, line, &mut vectors, &engine).expect("a document")
        });
        let documents = documents.collect();
        engine.writer().expect("open").commit(documents).await.expect("committed");
        engine
    });
    let (scope, request) = (AccessScope::owner(), SearchRequest { query: QUERY.into(), ..SearchRequest::default() });
    bencher.bench_local(|| runtime.block_on(engine.search(&scope, &request)));
}
