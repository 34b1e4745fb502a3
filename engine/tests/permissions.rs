//! What a caller may not see makes no difference to anything that the caller is told.
//!
//! Random groups, documents and queries in a real engine with the real models. The complete answers of a caller are
//! compared byte by byte: with the hidden documents there, with them deleted, with others in their place.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use taproot_engine::store::{Labels, NewChunk, NewDocument};
use taproot_engine::{Access, AccessScope, Engine, EngineConfig, ListDocuments};
use taproot_schemas::answer::Mode;
use taproot_schemas::settings::WhenBusy;

const CASES: u32 = 6;
const COLLECTIONS: [&str; 3] = ["default", "sales", "人事"];
const GROUPS: [&str; 4] = ["hr", "it", "board", "实习生"];
/// What documents are made of; each is embedded once. The last ones have words that are rare.
const PASSAGES: [&str; 16] = [
    "Parental leave is sixteen weeks for every employee. Apply to the people team a month before it begins.",
    "The probe of the controller is dry when ERR-4012 shows. Fill it and start the controller again.",
    "Travel costs are paid within ten days. Send the receipts of the journey to the finance team.",
    "The committee reviewed the applications for the vacant position and chose a candidate.",
    "Passwords have fourteen characters and are changed when they were seen by somebody else.",
    "This travel policy has been superseded by the travel policy of the year 2026.",
    "Status: archived. Parental leave was twelve weeks before the change of the rules.",
    "The latest release of the controller mends the alarm mails and the maps of the probe.",
    "员工的带薪年假为十五天，请提前一个月申请。",
    "试用期为三个月，试用期内不享有带薪年假。",
    "本差旅报销制度已废止，请以新制度为准。",
    "控制器显示 ERR-4012 时，请给探头加水后重新启动。",
    "The merger with Heliotrope is signed in May and is not to be spoken of.",
    "Redundancies: forty positions of the controller works go, among them the whole probe team.",
    "收购向日葵公司的价格为三亿元，签约之前不得外传。",
    "董事会决定裁减四十个职位，其中包括探头小组。",
];
const TITLES: [&str; 6] =
    ["Travel policy", "Travel policy v2", "Controller manual", "员工手册", "Minutes", "差旅报销制度"];
const FOLDERS: [&str; 3] = ["hr", "archive", "secret"];
const TAGS: [&str; 3] = ["policy", "draft", "merger"];
const DATES: [&str; 4] = ["2019-05-01", "2024-02-29", "2025-11-30", "2026-03-01"];
const QUERIES: [&str; 16] = [
    "parental leave",
    "latest travel policy",
    "what does ERR-4012 of the controller mean?",
    "the probe of the controller team",
    "merger with Heliotrope",
    "helitrope merger",
    "redundancies and positions",
    "年假有几天",
    "最新的差旅报销制度",
    "收购向日葵公司的价格",
    "向日葵 探头",
    "current passwords 2026",
    "\"merger with Heliotrope\" in May",
    "「收购向日葵」的价格",
    "redundnacies parentel",
    "controller -redundancies -探头小组",
];

#[derive(Debug, Clone)]
struct Filed {
    collection: &'static str,
    allow: Vec<&'static str>,
    deny: Vec<&'static str>,
    passages: Vec<&'static str>,
    title: Option<&'static str>,
    folder: &'static str,
    tag: &'static str,
    date: Option<&'static str>,
}

impl Filed {
    fn access(&self) -> Access {
        let owned = |groups: &[&str]| groups.iter().map(|group| (*group).to_owned()).collect();
        Access { allow: owned(&self.allow), deny: owned(&self.deny) }
    }

    fn is_seen(&self, scope: &AccessScope) -> bool {
        scope.sees(self.collection, &self.access())
    }
}

fn filed() -> impl Strategy<Value = Filed> {
    (
        select(COLLECTIONS.to_vec()),
        subsequence(GROUPS.to_vec(), 0..3),
        prop_oneof![3 => Just(Vec::new()), 1 => subsequence(GROUPS.to_vec(), 1..3)],
        prop::collection::vec(select(PASSAGES.to_vec()), 1..4),
        prop::option::of(select(TITLES.to_vec())),
        select(FOLDERS.to_vec()),
        select(TAGS.to_vec()),
        prop::option::of(select(DATES.to_vec())),
    )
        .prop_map(|(collection, allow, deny, passages, title, folder, tag, date)| Filed {
            collection,
            allow,
            deny,
            passages,
            title,
            folder,
            tag,
            date,
        })
}

#[derive(Debug, Clone)]
struct Case {
    caller: Vec<&'static str>,
    /// The only ones that there are for the caller.
    collections: Option<Vec<&'static str>>,
    documents: Vec<Filed>,
    others: Vec<Filed>,
    queries: Vec<&'static str>,
}

fn case() -> impl Strategy<Value = Case> {
    let documents = |sizes| prop::collection::vec(filed(), sizes);
    (
        subsequence(GROUPS.to_vec(), 0..3),
        prop::option::of(subsequence(COLLECTIONS.to_vec(), 1..3)),
        documents(6..20),
        documents(2..12),
        prop::collection::vec(select(QUERIES.to_vec()), 3..6),
    )
        .prop_map(|(caller, collections, documents, others, queries)| Case {
            caller,
            collections,
            documents,
            others,
            queries,
        })
}

/// The engine with what is in it. Vectors of the passages are kept, since a document's title is no part of them here.
struct World {
    engine: Engine,
    source: String,
    vectors: HashMap<&'static str, Vec<f32>>,
    filed: u32,
}

impl World {
    async fn open(dir: &std::path::Path) -> World {
        let models_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.cache/models");
        let engine = Engine::open(EngineConfig {
            data_dir: dir.to_owned(),
            models_dir,
            models: taproot_engine::models::Choice::default(),
            threads: 2,
            max_queue: 16,
            max_query_chars: 1_000,
            qdrant: None,
            passages: 8,
            max_sentences: 3,
            max_answer_chars: 1_200,
            mode: Mode::Extractive,
            when_busy: WhenBusy::default(),
            strictness: 3,
            keep_conversations_days: 0,
            glossary: None,
            rerank: true,
            upstream: None,
        })
        .await
        .expect("an engine; the models come by python3 scripts/setup.py models");
        let source = engine.catalog().expect("a catalog").source("default", "/docs").await.expect("a source");
        let models = engine.models();
        let embed = |passage: &&'static str| (*passage, models.embedder.embed_passage(passage).expect("a vector"));
        World { engine, source, vectors: PASSAGES.iter().map(embed).collect(), filed: 0 }
    }

    /// Files documents, a few at a time so that there are several segments; returns their ids.
    async fn file(&mut self, documents: &[Filed]) -> Vec<String> {
        let mut paths = Vec::new();
        for part in documents.chunks(5) {
            let new = part.iter().map(|document| self.document(document)).collect::<Vec<_>>();
            paths.extend(new.iter().map(|document| document.path.clone()));
            self.engine.writer().expect("a writer").commit(new).await.expect("committed");
        }
        let mut ids = Vec::new();
        for path in paths {
            let found = self.engine.catalog().expect("a catalog").documents_of_file(&self.source, &path).await;
            ids.push(found.expect("documents").remove(0).id);
        }
        ids
    }

    fn document(&mut self, filed: &Filed) -> NewDocument {
        self.filed += 1;
        let path = format!("{}/{}.txt", filed.folder, self.filed);
        let (mut chunks, mut text) = (Vec::new(), String::new());
        for passage in &filed.passages {
            let start = text.chars().count();
            text.push_str(passage);
            let chunk = NewChunk {
                start,
                end: text.chars().count(),
                page: None,
                heading: filed.title.map(str::to_owned),
                table_header: None,
                language: Some(if passage.is_ascii() { "en" } else { "zh" }.into()),
                text: (*passage).to_owned(),
                vector: self.vectors[passage].clone(),
            };
            chunks.push(chunk);
            text.push('\n');
        }
        let date = filed.date.map(|date| ("modified".to_owned(), json!(date)));
        NewDocument {
            source_id: self.source.clone(),
            labels: Labels {
                collection: filed.collection.into(),
                access: filed.access(),
                tags: vec![filed.tag.into()],
            },
            uri: path.clone(),
            path,
            part_of: None,
            title: filed.title.map(str::to_owned),
            language: None,
            media_type: "text/plain".into(),
            bytes: text.len() as u64,
            metadata: date.into_iter().collect::<BTreeMap<_, _>>(),
            links: Vec::new(),
            notes: BTreeMap::new(),
            hash: self.filed.to_string(),
            text,
            outline: Vec::new(),
            chunks,
        }
    }

    async fn delete(&self, ids: &[String]) {
        self.engine.writer().expect("a writer").delete(ids).await.expect("deleted");
    }

    /// Everything that a caller is told, as text. What names a moment or an answer is left out.
    async fn told(&self, scope: &AccessScope, queries: &[&str]) -> Vec<String> {
        let mut told = Vec::new();
        for query in queries {
            for options in [
                json!({"k": 3, "explain": true}),
                json!({"k": 100}),
                json!({"k": 5, "offset": 2}),
                json!({"filters": {"tags": ["merger"]}}),
                json!({"filters": {"path_prefix": "secret/"}, "explain": true}),
                json!({"filters": {"after": "2024-01-01", "languages": ["en"]}}),
            ] {
                let mut request = options;
                request["query"] = json!(query);
                told.push(self.search(scope, request).await);
            }
            let question = serde_json::from_value(json!({"question": query})).expect("a question");
            let answer = self.engine.answer(scope, &question, None).await.expect("an answer");
            let mut answer = serde_json::to_value(answer).expect("JSON");
            for moment in ["id", "conversation_id", "timings_ms"] {
                answer[moment] = Value::Null;
            }
            told.push(answer.to_string());
        }
        for limit in [3, 1_000] {
            let list = ListDocuments { limit, ..ListDocuments::default() };
            let list = self.engine.list_documents(scope, &list).await.expect("a list");
            told.push(serde_json::to_string(&list).expect("JSON"));
        }
        told.push(format!("{:?}", self.engine.counts(scope).await.expect("counts")));
        told
    }

    async fn search(&self, scope: &AccessScope, request: Value) -> String {
        let request = serde_json::from_value(request).expect("a request");
        let response = self.engine.search(scope, &request).await.expect("hits");
        serde_json::to_string(&response).expect("JSON")
    }
}

#[test]
fn what_is_hidden_makes_no_difference() {
    let dir = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = tokio::sync::Mutex::new(runtime.block_on(World::open(dir.path())));
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 8, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&case(), |case| runtime.block_on(async { check(&mut *world.lock().await, &case).await }));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(async { world.lock().await.engine.close().await.expect("closed") });
}

async fn check(world: &mut World, case: &Case) -> Result<(), TestCaseError> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let scope = AccessScope::groups(owned(&case.caller)).within(case.collections.as_deref().map(owned));
    let (documents, others) = (world.file(&case.documents).await, world.file(&case.others).await);
    let filed: HashMap<&String, &Filed> =
        documents.iter().chain(&others).zip(case.documents.iter().chain(&case.others)).collect();
    let hidden = |ids: &[String]| ids.iter().filter(|id| !filed[id].is_seen(&scope)).cloned().collect::<Vec<_>>();
    let (one, another) = (hidden(&documents), hidden(&others));
    let owned: Vec<String> = filed.keys().map(|id| (*id).clone()).collect();

    let both = world.told(&scope, &case.queries).await;
    for query in &case.queries {
        let found: Value =
            serde_json::from_str(&world.search(&scope, json!({"query": query, "k": 100})).await).expect("JSON");
        for hit in found["hits"].as_array().expect("hits") {
            let copies = hit["copies"].as_array().cloned().unwrap_or_default();
            for named in std::iter::once(hit).chain(&copies) {
                let id = named["document_id"].as_str().expect("an id").to_owned();
                prop_assert!(filed[&id].is_seen(&scope), "{id} of {:?} is told to {scope:?}", filed[&id]);
            }
        }
        // A document that is there and hidden is as one that never was.
        if let Some(id) = one.first() {
            let never = uuid_like(id);
            let only = |id: &str| json!({"query": query, "filters": {"document_ids": [id]}});
            prop_assert_eq!(world.search(&scope, only(id)).await, world.search(&scope, only(&never)).await);
            let told = |outcome: Result<_, taproot_engine::Error>, id: &str| {
                outcome.map(|_: taproot_engine::Counts| ()).map_err(|error| error.to_string().replace(id, "ID"))
            };
            let there = world.engine.document(&scope, id).await.map(|_| taproot_engine::Counts::default());
            let not = world.engine.document(&scope, &never).await.map(|_| taproot_engine::Counts::default());
            prop_assert_eq!(told(there, id), told(not, &never));
        }
    }

    world.delete(&another).await;
    let first_alone = world.told(&scope, &case.queries).await;
    world.delete(&one).await;
    let neither = world.told(&scope, &case.queries).await;
    let hidden_of = |filed: &[Filed]| filed.iter().filter(|filed| !filed.is_seen(&scope)).cloned().collect::<Vec<_>>();
    let again = world.file(&hidden_of(&case.others)).await;
    let other_alone = world.told(&scope, &case.queries).await;
    world.delete(&[owned, again].concat()).await;

    same(&both, &neither)?;
    same(&first_alone, &neither)?;
    same(&other_alone, &neither)
}

/// Says where two tellings part: they are long.
fn same(one: &[String], other: &[String]) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(other).filter(|(one, other)| one != other) {
        let at = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let around = |text: &str| {
            let bytes = &text.as_bytes()[at.saturating_sub(300)..text.len().min(at + 200)];
            String::from_utf8_lossy(bytes).into_owned()
        };
        prop_assert_eq!(around(one), around(other));
    }
    Ok(())
}

/// An id of the same form that no document has.
fn uuid_like(id: &str) -> String {
    id.chars()
        .map(|c| {
            if c == 'f' {
                '0'
            } else if c.is_ascii_hexdigit() {
                'f'
            } else {
                c
            }
        })
        .collect()
}
