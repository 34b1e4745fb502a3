//! The commit protocol through its one door, with the real stores, and with a crash between any two of its steps.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::vectors::Point;
use super::*;
use crate::executor::Executor;
use crate::{Access, AccessScope};

struct Stores {
    catalog: Catalog,
    lexical: Lexical,
    vectors: Arc<dyn VectorStore>,
    writer: Writer,
    source: String,
}

impl Stores {
    async fn open(dir: &Path) -> Stores {
        let catalog = Catalog::open(&dir.join("catalog.sqlite")).await.expect("a catalog");
        let lexical = open_lexical(&dir.join("lexical"), &catalog).await.expect("a lexical index");
        let vectors =
            EdgeVectors::open(&dir.join("vectors"), 2, Executor::new(2, 10).expect("threads")).expect("a vector store");
        let vectors: Arc<dyn VectorStore> = Arc::new(vectors);
        let writer = Writer::new(catalog.clone(), lexical.clone(), Arc::clone(&vectors), Space::of(dir));
        let source = catalog.source("default", "/docs").await.expect("a source");
        Stores { catalog, lexical, vectors, writer, source }
    }

    fn document(&self, uri: &str, text: &str) -> NewDocument {
        let chunks = text
            .split(' ')
            .scan(0, |at, word| {
                let start = *at;
                *at += word.chars().count() + 1;
                Some(NewChunk {
                    start,
                    end: start + word.chars().count(),
                    page: None,
                    heading: None,
                    table_header: None,
                    language: Some("en".into()),
                    text: word.to_owned(),
                    vector: vec![1.0, 0.0],
                })
            })
            .collect();
        NewDocument {
            source_id: self.source.clone(),
            labels: Labels { collection: "default".into(), ..Labels::default() },
            path: uri.into(),
            uri: uri.into(),
            part_of: None,
            title: None,
            language: Some("en".into()),
            media_type: "text/plain".into(),
            bytes: text.len() as u64,
            metadata: BTreeMap::new(),
            links: Vec::new(),
            notes: BTreeMap::new(),
            hash: text.into(),
            text: text.into(),
            outline: Vec::new(),
            chunks,
        }
    }

    /// Step 2 of the commit protocol, as the writer does it.
    async fn index(&self, document: &NewDocument, staged: &super::catalog::StagedDocument) {
        let chunk = |(ordinal, chunk): (usize, &NewChunk)| IndexedChunk {
            id: ChunkId::new(&staged.document_id, staged.version, ordinal),
            document_id: staged.document_id.clone(),
            version: staged.version,
            collection: "default".into(),
            access: Access::default(),
            language: None,
            title: "t".into(),
            heading: None,
            table_header: None,
            text: chunk.text.clone(),
        };
        let chunks: Vec<IndexedChunk> = document.chunks.iter().enumerate().map(chunk).collect();
        let points = chunks.iter().cloned().map(|chunk| Point { chunk, vector: vec![1.0, 0.0] }).collect();
        self.vectors.upsert(points).await.expect("vectors written");
        self.lexical.upsert(&chunks).expect("terms written");
        self.lexical.commit().expect("committed");
    }

    /// Asserts that the three stores hold the same chunks, and returns the texts that a reader sees.
    async fn texts(&self) -> Vec<String> {
        let live = self.catalog.live_chunk_ids(None, 1_000).await.expect("ids");
        let mut lexical = self.lexical.chunk_ids().expect("ids");
        lexical.sort();
        let mut vectors = self.vectors.chunk_ids(None, 1_000).await.expect("ids");
        vectors.sort();
        assert_eq!(live, lexical, "catalog and lexical index differ");
        assert_eq!(live, vectors, "catalog and vector store differ");
        let list = crate::engine::ListDocuments { limit: 100, ..Default::default() };
        let scope = AccessScope::owner();
        let (documents, _) = self.catalog.list_documents(&scope, &list).await.expect("a list");
        let mut texts = Vec::new();
        for document in documents {
            texts.push(self.catalog.document_text(&scope, &document.id).await.expect("a text").text);
        }
        texts
    }

    async fn close(self) {
        self.vectors.close().await.expect("closed");
        self.catalog.close().await;
    }
}

#[tokio::test]
async fn adds_changes_and_deletes_reach_every_store() {
    let dir = tempfile::tempdir().expect("a folder");
    let stores = Stores::open(dir.path()).await;
    let both = vec![stores.document("a.txt", "one two"), stores.document("b.txt", "three")];
    let added = stores.writer.commit(both).await.expect("committed");
    assert_eq!(added, Committed { added: 2, changed: 0, chunks: 3 });
    assert_eq!(stores.texts().await, ["one two", "three"]);

    let changed = stores.writer.commit(vec![stores.document("a.txt", "four")]).await.expect("committed");
    assert_eq!(changed, Committed { added: 0, changed: 1, chunks: 1 });
    assert_eq!(stores.texts().await, ["four", "three"]);

    let found = stores.catalog.documents_of_file(&stores.source, "a.txt").await.expect("documents");
    stores.writer.delete(&[found[0].id.clone()]).await.expect("deleted");
    assert_eq!(stores.texts().await, ["three"]);
    assert_eq!(stores.lexical.search(&Wanted::terms(&["four".into()]), &everything(), 10).expect("a search"), []);
    stores.close().await;
}

/// As a search meets chunks of which the indexes do not know yet that they are gone.
#[tokio::test]
async fn what_is_kept_of_chunks_outlives_no_change_of_their_documents() {
    let dir = tempfile::tempdir().expect("a folder");
    let stores = Stores::open(dir.path()).await;
    let both = vec![stores.document("a.txt", "one two"), stores.document("b.txt", "three")];
    stores.writer.commit(both).await.expect("committed");
    let all = stores.catalog.live_chunk_ids(None, 10).await.expect("ids");
    let told = async |scope: AccessScope| {
        let filter = Filter { scope, ..everything() };
        let ids = [all.as_slice(), &stores.catalog.live_chunk_ids(None, 10).await.expect("ids")].concat();
        let live = stores.catalog.live_chunks(&filter, &ids).await.expect("chunks");
        let mut told: Vec<String> = live.values().map(|chunk| format!("{} {}", chunk.uri, chunk.text)).collect();
        told.sort();
        told
    };
    let (owner, everybody) = (AccessScope::owner, || AccessScope::groups(Vec::new()));
    for _ in 0..2 {
        assert_eq!(told(owner()).await, ["a.txt one", "a.txt two", "b.txt three"]);
    }
    let id =
        async |path| stores.catalog.documents_of_file(&stores.source, path).await.expect("documents")[0].id.clone();

    stores.writer.commit(vec![stores.document("a.txt", "four")]).await.expect("committed");
    assert_eq!(told(owner()).await, ["a.txt four", "b.txt three"]);

    stores.catalog.move_file(&stores.source, "b.txt", "c.txt").await.expect("moved");
    assert_eq!(told(owner()).await, ["a.txt four", "c.txt three"]);

    let closed = Access { allow: vec!["hr".into()], deny: Vec::new() };
    let labels = Labels { collection: "default".into(), access: closed, ..Labels::default() };
    stores.writer.relabel(&[(id("c.txt").await, labels)]).await.expect("relabelled");
    assert_eq!(told(everybody()).await, ["a.txt four"]);
    assert_eq!(told(owner()).await, ["a.txt four", "c.txt three"]);

    // Gone from the catalog's point of view, before the indexes and the rows are cleaned.
    stores.catalog.retire(&[id("a.txt").await]).await.expect("retired");
    assert_eq!(told(owner()).await, ["c.txt three"]);
    stores.close().await;
}

fn everything() -> Filter {
    Filter { scope: AccessScope::owner(), collections: vec![], languages: vec![], documents: None }
}

/// Does the first `steps` steps of a commit that changes `a.txt`, forgets everything in memory, opens again.
async fn crash_after(steps: usize) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a folder");
    let stores = Stores::open(dir.path()).await;
    stores.writer.commit(vec![stores.document("a.txt", "old text")]).await.expect("committed");
    let new = stores.document("a.txt", "new");
    let staged = stores.catalog.stage(std::slice::from_ref(&new)).await.expect("staged");
    if steps >= 2 {
        stores.index(&new, &staged[0]).await;
    }
    if steps >= 3 {
        stores.catalog.publish(&staged).await.expect("published");
    }
    stores.close().await;

    let stores = Stores::open(dir.path()).await;
    stores.writer.recover().await.expect("recovered");
    let texts = stores.texts().await;
    assert_eq!(stores.writer.recover().await.expect("recovered"), 0, "nothing is left to recover");
    stores.close().await;
    texts
}

#[tokio::test]
async fn a_crash_before_the_switch_keeps_the_old_version() {
    assert_eq!(crash_after(1).await, ["old text"]);
    assert_eq!(crash_after(2).await, ["old text"]);
}

#[tokio::test]
async fn a_crash_after_the_switch_keeps_the_new_version() {
    assert_eq!(crash_after(3).await, ["new"]);
}

/// An index as another version of the program left it, with what a kill may have left beside it.
#[tokio::test]
async fn an_index_of_another_kind_is_made_anew() {
    let dir = tempfile::tempdir().expect("a folder");
    let lexical = dir.path().join("lexical");
    let current = lexical.join(Lexical::kind());
    let stores = Stores::open(dir.path()).await;
    stores
        .writer
        .commit(vec![stores.document("a.txt", "one two"), stores.document("b.txt", "資訊安全")])
        .await
        .expect("committed");
    stores.close().await;

    type LayOut = fn(&Path, &Path);
    let laid_out: [(&str, LayOut); 4] = [
        ("of the first version, without a folder of its own", |lexical, current| {
            std::fs::remove_dir_all(current).expect("removed");
            std::fs::write(lexical.join("meta.json"), "{}").expect("written");
        }),
        ("of another version", |lexical, current| {
            std::fs::rename(current, lexical.join("1-00000000")).expect("renamed");
        }),
        ("half made", |lexical, current| {
            std::fs::rename(current, lexical.join(format!("{}.new", Lexical::kind()))).expect("renamed");
            std::fs::create_dir(lexical.join("1-00000000")).expect("made");
        }),
        ("made, and the old one still there", |lexical, _| {
            std::fs::create_dir(lexical.join("1-00000000")).expect("made");
        }),
    ];
    for (what, lay_out) in laid_out {
        lay_out(&lexical, &current);
        let stores = Stores::open(dir.path()).await;
        assert_eq!(stores.texts().await, ["one two", "資訊安全"], "{what}");
        for query in ["two", "信息安全"] {
            let terms = crate::text::terms(query);
            assert_eq!(
                stores.lexical.search(&Wanted::terms(&terms), &everything(), 10).expect("a search").len(),
                1,
                "{what}: {query}"
            );
        }
        let left: Vec<_> =
            std::fs::read_dir(&lexical).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        assert_eq!(left, std::slice::from_ref(&current), "{what}");
        stores.writer.commit(vec![stores.document("a.txt", "one two")]).await.expect("it takes changes");
        stores.close().await;
    }
}

#[tokio::test]
async fn other_labels_change_who_finds_a_document_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let stores = Stores::open(dir.path()).await;
    stores.writer.commit(vec![stores.document("a.txt", "one two")]).await.expect("committed");
    let id = stores.catalog.documents_of_file(&stores.source, "a.txt").await.expect("documents").remove(0).id;
    let access = Access { allow: vec!["hr".into()], deny: vec!["interns".into()] };
    let labels = Labels { collection: "people".into(), access, tags: vec!["policy".into()] };
    stores.writer.relabel(&[(id.clone(), labels)]).await.expect("relabelled");
    assert_eq!(stores.texts().await, ["one two"]);
    let document = stores.catalog.document(&AccessScope::owner(), &id).await.expect("a document");
    assert_eq!((document.collection.as_str(), document.version, document.chunks), ("people", 2, 2));
    assert_eq!(document.tags, ["policy"]);
    for (groups, expected) in [(vec!["hr"], 1), (vec!["it"], 0), (vec!["hr", "interns"], 0)] {
        let scope = AccessScope::groups(groups.iter().map(|group| (*group).to_owned()).collect());
        let filter = Filter { scope, ..everything() };
        assert_eq!(
            stores.lexical.search(&Wanted::terms(&["one".into()]), &filter, 10).expect("a search").len(),
            expected
        );
        let found = stores.vectors.search(vec![1.0, 0.0], &filter, 10).await.expect("a search");
        assert_eq!(found.len(), 2 * expected, "{groups:?}");
    }
    for (collection, expected) in [("people", true), ("sales", false)] {
        let scope = AccessScope::owner().within(Some(vec![collection.into()]));
        assert_eq!(stores.catalog.document(&scope, &id).await.is_ok(), expected, "{collection}");
        assert_eq!(stores.catalog.document_text(&scope, &id).await.is_ok(), expected, "{collection}");
        assert_eq!(stores.catalog.counts(&scope).await.expect("counts").documents, u64::from(expected));
        let filter = Filter { scope, ..everything() };
        let ids = stores.catalog.live_chunk_ids(None, 10).await.expect("ids");
        assert_eq!(stores.catalog.live_chunks(&filter, &ids).await.expect("chunks").len(), 2 * usize::from(expected));
    }
    stores.close().await;
}

#[tokio::test]
async fn filters_narrow_by_what_documents_say() {
    let dir = tempfile::tempdir().expect("a folder");
    let stores = Stores::open(dir.path()).await;
    let with = |uri: &str, tag: &str, metadata: serde_json::Value| {
        let mut document = stores.document(uri, "text");
        document.labels.tags = vec![tag.into()];
        document.metadata = serde_json::from_value(metadata).expect("metadata");
        document
    };
    let documents = vec![
        with("hr/a.txt", "Policy", serde_json::json!({"author": "Ann Lee", "modified": "2026-01-31T10:00:00Z"})),
        with("hr/b.txt", "draft", serde_json::json!({"author": ["王芳", "Ann Lee"], "created": "2025-05-01"})),
        with("it/c.txt", "policy", serde_json::json!({"year": 2024})),
    ];
    stores.writer.commit(documents).await.expect("committed");
    let check = async |filters: serde_json::Value, expected: &[&str]| {
        let filters = serde_json::from_value(filters).expect("filters");
        let ids = stores.catalog.narrowed(&AccessScope::owner(), &filters).await.expect("ids").expect("some filter");
        let mut uris = Vec::new();
        for id in ids {
            uris.push(stores.catalog.document(&AccessScope::owner(), &id).await.expect("a document").uri);
        }
        uris.sort();
        assert_eq!(uris, expected, "{filters:?}");
    };
    check(serde_json::json!({"tags": ["policy"]}), &["hr/a.txt", "it/c.txt"]).await;
    check(serde_json::json!({"authors": ["ann lee"]}), &["hr/a.txt", "hr/b.txt"]).await;
    check(serde_json::json!({"authors": ["王芳"], "tags": ["policy"]}), &[]).await;
    check(serde_json::json!({"path_prefix": "hr/"}), &["hr/a.txt", "hr/b.txt"]).await;
    check(serde_json::json!({"after": "2026-01-31"}), &["hr/a.txt"]).await;
    check(serde_json::json!({"before": "2026-01-31"}), &["hr/a.txt", "hr/b.txt"]).await;
    check(serde_json::json!({"metadata": {"year": "2024"}}), &["it/c.txt"]).await;
    let bad = serde_json::from_value(serde_json::json!({"after": "yesterday"})).expect("filters");
    assert!(stores.catalog.narrowed(&AccessScope::owner(), &bad).await.is_err());
    assert_eq!(stores.catalog.narrowed(&AccessScope::owner(), &Default::default()).await.expect("ids"), None);
    stores.close().await;
}

#[tokio::test]
async fn a_moved_file_keeps_its_documents() {
    let dir = tempfile::tempdir().expect("a folder");
    let stores = Stores::open(dir.path()).await;
    let mut line = stores.document("old.jsonl#7", "text");
    line.path = "old.jsonl".into();
    stores.writer.commit(vec![line]).await.expect("committed");
    let before = stores.catalog.documents_of_file(&stores.source, "old.jsonl").await.expect("documents");
    stores.catalog.move_file(&stores.source, "old.jsonl", "new/x.jsonl").await.expect("moved");
    let after = stores.catalog.documents_of_file(&stores.source, "new/x.jsonl").await.expect("documents");
    assert_eq!((&after[0].id, after[0].uri.as_str()), (&before[0].id, "new/x.jsonl#7"));
    stores.close().await;
}
