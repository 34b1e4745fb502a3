//! What the parts of a search cost, each by itself: analysis, embedding, fusion, scores, the catalog's check, a whole
//! search in a small store.
//!
//! `bench-micro` wants the models in `.cache/models` of the folder that it runs in, or in the folder that
//! `TAPROOT_MODELS` names. Arguments are Criterion's (`bench-micro --help`); `--bench` among them, or each is only tried once.

mod config;
mod made_up;

use std::hint::black_box;
use std::path::PathBuf;

use criterion::Criterion;
use taproot_engine::models::{Choice, Models};
use taproot_engine::store::{ChunkId, Filter, IndexedChunk, Lexical, Wanted};
use taproot_engine::{Access, AccessScope, Engine, Evidence, text};
use taproot_schemas::search::SearchRequest;

use config::config;
use made_up::{Line, Vectors, document};

const QUERY: &str = "how many weeks of parental leave does a full time employee get in the first year?";
const CHINESE_QUERY: &str = "全职员工入职第一年可以休几周育儿假？";
const ENGLISH: &str = "Employees who have worked for at least twelve months may take up to sixteen weeks of paid \
    parental leave. Requests are sent to people@example.com with form HR-114 four weeks before the first day.";
const CHINESE: &str = "员工入职满十二个月后，可以享受最长十六周的带薪育儿假。申请须在休假首日的四周之前，连同HR-114表格一并提交人事部门。";
/// Candidates of a leg.
const DEPTH: u128 = 100;
/// Of ten chunks each: few enough that no graph is built over their vectors meanwhile.
const DOCUMENTS: usize = 490;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let benches = [analysis, embedding, fusion, search, catalog_check, scores_of_given_chunks];
    benches.iter().for_each(|bench| bench(&mut criterion));
    criterion.final_summary();
}

fn models_dir() -> PathBuf {
    std::env::var_os("TAPROOT_MODELS").map_or_else(|| ".cache/models".into(), PathBuf::from)
}

fn analysis(criterion: &mut Criterion) {
    for (language, text) in [("English", ENGLISH), ("Chinese", CHINESE)] {
        let name = format!("analysis of {} characters of {language}", text.chars().count());
        criterion.bench_function(&name, |bencher| bencher.iter(|| text::terms(black_box(text))));
    }
}

fn embedding(criterion: &mut Criterion) {
    let models = Models::load(&models_dir(), &Choice::default(), 1).expect("the models");
    let passage = ENGLISH.repeat(4);
    criterion.bench_function("embedding of a query", |bencher| bencher.iter(|| models.embedder.embed_query(QUERY)));
    criterion.bench_function("embedding of a passage of 190 tokens", |bencher| {
        bencher.iter(|| models.embedder.embed_passage(&passage));
    });
}

/// Two legs of 100 candidates that share half of them.
fn fusion(criterion: &mut Criterion) {
    let leg = |from: u128| -> Vec<_> {
        (from..from + DEPTH).map(|n| (ChunkId(uuid::Uuid::from_u128(n)), 1.0 / (n as f32 + 1.0))).collect()
    };
    let (lexical, vector) = (leg(0), leg(DEPTH / 2));
    criterion.bench_function("fusion", |bencher| {
        bencher.iter(|| Evidence::of(&lexical, 1.0, Some(&vector)).best());
    });
}

/// All of it but HTTP and reading again, in a store of 4,900 chunks.
fn search(criterion: &mut Criterion) {
    let runtime = runtime();
    let (_dir, engine) = runtime.block_on(store());
    let scope = AccessScope::owner();
    for (language, query) in [("English", QUERY), ("Chinese", CHINESE_QUERY)] {
        let request = SearchRequest { query: query.into(), rerank: Some(false), ..SearchRequest::default() };
        criterion.bench_function(&format!("search in {language}"), |bencher| {
            bencher.iter(|| runtime.block_on(engine.search(&scope, &request)).expect("found"));
        });
    }
    runtime.block_on(engine.close()).expect("closed");
}

/// Of the best 50 candidates, after they were asked for once.
fn catalog_check(criterion: &mut Criterion) {
    let runtime = runtime();
    let (_dir, engine) = runtime.block_on(store());
    let catalog = engine.catalog().expect("open");
    let ids = runtime.block_on(catalog.live_chunk_ids(None, 50)).expect("ids");
    criterion.bench_function("catalog check of 50", |bencher| {
        bencher.iter(|| runtime.block_on(catalog.live_chunks(&everything(), &ids)).expect("asked"));
    });
    runtime.block_on(engine.close()).expect("closed");
}

/// Of 196 chunks among 4,900, as when each leg is asked of what the other brought.
fn scores_of_given_chunks(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a folder");
    let lexical = Lexical::open(dir.path()).expect("an index");
    let chunk = |n: usize| IndexedChunk {
        id: ChunkId::new("document", 1, n),
        document_id: "document".into(),
        version: 1,
        collection: "default".into(),
        access: Access::default(),
        language: None,
        title: n.to_string(),
        heading: None,
        table_header: None,
        text: [ENGLISH, CHINESE][n % 2].into(),
    };
    lexical.upsert(&(0..10 * DOCUMENTS).map(chunk).collect::<Vec<_>>()).expect("written");
    lexical.commit().expect("committed");
    let (wanted, scope) = (Wanted::terms(&text::terms(QUERY)), AccessScope::owner());
    let ids: Vec<ChunkId> = (0..10 * DOCUMENTS).step_by(25).map(|n| ChunkId::new("document", 1, n)).collect();
    criterion.bench_function("scores of 196 given chunks", |bencher| {
        bencher.iter(|| lexical.scores(&wanted, &[], &ids, &scope).expect("scored"));
    });
}

fn everything() -> Filter {
    Filter { scope: AccessScope::owner(), collections: vec![], languages: vec![], documents: None }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// 4,900 chunks; they go with the folder.
async fn store() -> (tempfile::TempDir, Engine) {
    let dir = tempfile::tempdir().expect("a folder");
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
    (dir, engine)
}
