//! The vector store: one trait, Qdrant behind it twice (in the process, and as a server).

#[cfg(test)]
mod conformance;
mod edge;
mod server;

use std::collections::HashMap;

use async_trait::async_trait;

pub use edge::EdgeVectors;
pub use server::ServerVectors;

use super::types::{ChunkId, Filter, IndexedChunk};
use crate::Result;

/// A chunk with its vector.
pub struct Point {
    pub chunk: IndexedChunk,
    pub vector: Vec<f32>,
}

/// Both implementations keep, for each chunk, its unit vector and the fields that a filter needs, and nothing else.
#[async_trait]
pub trait VectorStore: Send + Sync {
    /// Adds points; one that is there is replaced. Durable when it returns.
    async fn upsert(&self, points: Vec<Point>) -> Result<()>;

    /// Removes chunks; unknown ones are no error. Durable when it returns.
    async fn delete(&self, ids: Vec<ChunkId>) -> Result<()>;

    /// The `limit` nearest chunks that pass the filter, with their cosine, best first.
    async fn search(&self, vector: Vec<f32>, filter: &Filter, limit: usize) -> Result<Vec<(ChunkId, f32)>>;

    /// The cosine of each of these chunks; unknown ones are left out. Filters are the caller's business.
    async fn cosines(&self, vector: Vec<f32>, ids: Vec<ChunkId>) -> Result<Vec<(ChunkId, f32)>>;

    /// The vectors of chunks; unknown ones are left out.
    async fn vectors(&self, ids: &[ChunkId]) -> Result<HashMap<ChunkId, Vec<f32>>>;

    /// Ids of all chunks, in order, after `after`, at most `limit`.
    async fn chunk_ids(&self, after: Option<ChunkId>, limit: usize) -> Result<Vec<ChunkId>>;

    /// Number of chunks.
    async fn count(&self) -> Result<u64>;

    /// Finishes what is in flight; later calls fail.
    async fn close(&self) -> Result<()>;
}

/// Names of the payload's fields.
mod field {
    pub const DOCUMENT: &str = "document";
    pub const COLLECTION: &str = "collection";
    pub const ALLOW: &str = "allow";
    pub const LANGUAGE: &str = "language";
    pub const DENY: &str = "deny";
    pub const ALL: [&str; 5] = [DOCUMENT, COLLECTION, ALLOW, DENY, LANGUAGE];
}

/// The payload of a chunk.
fn payload(chunk: &IndexedChunk) -> serde_json::Value {
    serde_json::json!({
        field::DOCUMENT: chunk.document_id,
        field::COLLECTION: chunk.collection,
        field::ALLOW: super::types::allow_field(&chunk.access.allow),
        field::DENY: chunk.access.deny,
        field::LANGUAGE: chunk.language,
    })
}

/// A filter as the stores take it: (field, values).
#[derive(Default)]
struct Conditions {
    /// Every field must have one of its values.
    must: Vec<(&'static str, Vec<String>)>,
    /// No field may have one of its values.
    must_not: Vec<(&'static str, Vec<String>)>,
}

fn conditions(filter: &Filter) -> Conditions {
    let lists = [(field::COLLECTION, &filter.collections), (field::LANGUAGE, &filter.languages)];
    let given = lists.into_iter().filter(|(_, values)| !values.is_empty()).map(|(name, values)| (name, values.clone()));
    let groups = super::types::visible_groups(&filter.scope).map(|groups| (field::ALLOW, groups));
    let collections = filter.scope.collections.clone().map(|collections| (field::COLLECTION, collections));
    let documents = filter.documents.clone().map(|documents| (field::DOCUMENT, documents));
    let denied = filter.scope.groups.clone().filter(|groups| !groups.is_empty());
    Conditions {
        must: groups.into_iter().chain(collections).chain(given).chain(documents).collect(),
        must_not: denied.map(|groups| (field::DENY, groups)).into_iter().collect(),
    }
}
