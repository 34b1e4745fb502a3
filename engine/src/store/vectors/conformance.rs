//! One suite for both vector stores. The server's half runs where `TAPROOT_TEST_QDRANT` gives the gRPC address of a
//! Qdrant server (`http://127.0.0.1:6334`), and says so where it does not.

use std::sync::Arc;

use super::*;
use crate::executor::Executor;
use crate::{Access, AccessScope};

const DIMENSIONS: usize = 4;

fn chunk(document: &str, ordinal: usize, collection: &str, allow: &[&str], language: &str) -> IndexedChunk {
    let allow = allow.iter().map(|group| (*group).to_owned()).collect();
    IndexedChunk {
        id: ChunkId::new(document, 1, ordinal),
        document_id: document.into(),
        version: 1,
        collection: collection.into(),
        access: Access { allow, deny: Vec::new() },
        language: Some(language.into()),
        title: "t".into(),
        heading: None,
        table_header: None,
        text: "t".into(),
    }
}

fn point(chunk: IndexedChunk, vector: [f32; DIMENSIONS]) -> Point {
    Point { chunk, vector: vector.to_vec() }
}

fn everything() -> Filter {
    Filter { scope: AccessScope::owner(), collections: vec![], languages: vec![], documents: None }
}

async fn found(store: &dyn VectorStore, filter: Filter) -> Vec<ChunkId> {
    let hits = store.search(vec![1.0, 0.0, 0.0, 0.0], &filter, 10).await.expect("a search");
    assert!(hits.windows(2).all(|pair| pair[0].1 >= pair[1].1), "best first");
    hits.into_iter().map(|(id, _)| id).collect()
}

async fn conforms(store: Arc<dyn VectorStore>) {
    let open = chunk("open", 0, "default", &[], "en");
    let hr = chunk("hr", 0, "default", &["hr"], "zh");
    let other = chunk("other", 0, "sales", &["sales", "hr"], "en");
    let [open_id, hr_id, other_id] = [open.id, hr.id, other.id];
    let unknown = ChunkId::new("unknown", 1, 0);
    assert!(found(&*store, everything()).await.is_empty());
    let points = vec![
        point(open.clone(), [1.0, 0.0, 0.0, 0.0]),
        point(hr, [0.8, 0.6, 0.0, 0.0]),
        point(other, [0.0, 1.0, 0.0, 0.0]),
    ];
    store.upsert(points).await.expect("an upsert");

    assert_eq!(found(&*store, everything()).await, [open_id, hr_id, other_id]);
    let scoped = |groups: &[&str]| Filter {
        scope: AccessScope::groups(groups.iter().map(|group| (*group).to_owned()).collect()),
        ..everything()
    };
    assert_eq!(found(&*store, scoped(&[])).await, [open_id]);
    assert_eq!(found(&*store, scoped(&["sales"])).await, [open_id, other_id]);
    assert_eq!(found(&*store, scoped(&["hr", "x"])).await, [open_id, hr_id, other_id]);
    assert_eq!(found(&*store, Filter { collections: vec!["sales".into()], ..everything() }).await, [other_id]);
    let within = |names: &[&str]| Filter {
        scope: AccessScope::groups(vec!["hr".into()])
            .within(Some(names.iter().map(|name| (*name).to_owned()).collect())),
        ..everything()
    };
    assert_eq!(found(&*store, within(&["default"])).await, [open_id, hr_id]);
    assert_eq!(found(&*store, within(&["default", "sales"])).await, [open_id, hr_id, other_id]);
    assert_eq!(found(&*store, Filter { collections: vec!["sales".into()], ..within(&["default"]) }).await, []);
    assert_eq!(found(&*store, within(&[])).await, []);
    assert_eq!(found(&*store, Filter { languages: vec!["zh".into()], ..everything() }).await, [hr_id]);
    assert_eq!(found(&*store, Filter { documents: Some(vec!["hr".into()]), ..everything() }).await, [hr_id]);

    let mut cosines = store.cosines(vec![1.0, 0.0, 0.0, 0.0], vec![other_id, hr_id, unknown]).await.expect("cosines");
    cosines.sort_by(|one, other| one.1.total_cmp(&other.1));
    assert_eq!(cosines.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [other_id, hr_id]);
    assert!(cosines[0].1.abs() < 1e-2 && (cosines[1].1 - 0.8).abs() < 1e-2, "{cosines:?}");
    assert!(store.cosines(vec![1.0, 0.0, 0.0, 0.0], vec![unknown]).await.expect("none").is_empty());

    let vectors = store.vectors(&[hr_id, ChunkId::new("unknown", 1, 0)]).await.expect("vectors");
    let unit = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!(vectors.len() == 1 && (unit(&vectors[&hr_id]) - 1.0).abs() < 1e-3, "{vectors:?}");

    // Who is kept out finds nothing, whatever other groups there are.
    let mut closed = chunk("other", 0, "sales", &["sales"], "en");
    closed.access.deny = vec!["guests".into()];
    store.upsert(vec![point(closed.clone(), [0.5, 0.5, 0.0, 0.0])]).await.expect("an upsert");
    assert_eq!(found(&*store, scoped(&["sales", "guests"])).await, [open_id]);
    assert_eq!(found(&*store, scoped(&["sales"])).await, [open_id, other_id]);

    // Writing a point again replaces it.
    store.upsert(vec![point(open, [0.0, 0.0, 1.0, 0.0])]).await.expect("an upsert");
    assert_eq!(store.count().await.expect("a count"), 3);
    assert_eq!(found(&*store, everything()).await[0], hr_id);

    let mut all = [open_id, hr_id, other_id];
    all.sort();
    assert_eq!(store.chunk_ids(None, 2).await.expect("ids"), all[..2]);
    assert_eq!(store.chunk_ids(Some(all[1]), 2).await.expect("ids"), all[2..]);
    assert!(store.chunk_ids(Some(all[2]), 2).await.expect("ids").is_empty());

    store.delete(vec![hr_id, ChunkId::new("unknown", 1, 0)]).await.expect("a delete");
    assert_eq!(store.count().await.expect("a count"), 2);
    assert!(!found(&*store, everything()).await.contains(&hr_id));
}

#[tokio::test]
async fn the_embedded_store_conforms_and_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let open = || {
        Arc::new(EdgeVectors::open(dir.path(), DIMENSIONS, Executor::new(2, 10).expect("threads")).expect("a store"))
    };
    let store = open();
    conforms(store.clone()).await;
    store.close().await.expect("closed");
    drop(store);
    assert_eq!(open().count().await.expect("a count"), 2);
}

#[tokio::test]
async fn the_server_conforms() {
    let Ok(url) = std::env::var("TAPROOT_TEST_QDRANT") else {
        eprintln!("TAPROOT_TEST_QDRANT is not set: the Qdrant server was not tested");
        return;
    };
    let collection = format!("taproot-test-{}", uuid::Uuid::new_v4());
    let store = ServerVectors::connect(&url, None, &collection, DIMENSIONS).await.expect("a Qdrant server");
    conforms(Arc::new(store)).await;
    let client = qdrant_client::Qdrant::from_url(&url).build().expect("a client");
    client.delete_collection(&collection).await.expect("cleaned up");
}

/// Enough points for the optimizer to run, while others are written and deleted.
#[tokio::test]
async fn writes_and_deletions_during_an_optimization_hold() {
    const BATCH: usize = 500;
    let dir = tempfile::tempdir().expect("a folder");
    let open = || EdgeVectors::open(dir.path(), DIMENSIONS, Executor::new(2, 10).expect("threads"));
    let store = open().expect("a store");
    let mut expected = std::collections::BTreeSet::new();
    for batch in 0..12 {
        let name = batch.to_string();
        let points = (0..BATCH).map(|n| {
            let angle = (batch * BATCH + n) as f32;
            point(chunk(&name, n, "default", &[], "en"), [angle.sin(), angle.cos(), (angle * 0.7).sin(), 0.1])
        });
        let points: Vec<Point> = points.collect();
        let ids: Vec<ChunkId> = points.iter().map(|point| point.chunk.id).collect();
        expected.extend(ids.iter().copied());
        store.upsert(points).await.expect("an upsert");
        // Of this batch, and of an old one that may be in a segment that is being rebuilt.
        let old = ChunkId::new("0", 1, batch + 1);
        store.delete(vec![ids[0], old]).await.expect("a delete");
        expected.remove(&ids[0]);
        expected.remove(&old);
        assert_eq!(found(&store, everything()).await.len(), 10);
    }
    let all = store.chunk_ids(None, 20_000).await.expect("ids");
    assert!(all.iter().eq(&expected), "{} of {}", all.len(), expected.len());
    store.close().await.expect("closed");
    drop(store);
    // An optimization that was left behind has the folder until it ends; otherwise the process would be gone by now.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    let store = loop {
        match open() {
            Ok(store) => break store,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let all = store.chunk_ids(None, 20_000).await.expect("ids");
    assert!(all.iter().eq(&expected), "after a restart {} of {}", all.len(), expected.len());
}
