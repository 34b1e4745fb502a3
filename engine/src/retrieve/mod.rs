//! A query → ranked chunks: analyse, two legs, fuse, check with the catalog.

mod copies;
mod fuse;
mod query;
mod ties;

use std::sync::Arc;

use taproot_schemas::search::{Copy, Hit, LegScores};

pub use fuse::fuse;
pub use query::{Query, is_question_word};

use copies::collapse;
use ties::cut;

use crate::Result;
use crate::executor::Executor;
use crate::models::Models;
use crate::store::{Catalog, ChunkId, Filter, Lexical, StoredChunk, VectorStore};

/// Candidates that each leg brings, however few are asked for: scores are scaled over them, so that another number
/// would be another order.
const LEG_DEPTH: usize = 300;
/// How often a search looks when documents change under it; the last look counts whatever happens.
const MAX_LOOKS: usize = 3;

/// The read side of the stores, with the models that a search needs. Cheap to clone.
#[derive(Clone)]
pub struct Retriever {
    pub catalog: Catalog,
    pub lexical: Lexical,
    pub vectors: Arc<dyn VectorStore>,
    pub models: Arc<Models>,
    pub executor: Executor,
}

/// A chunk that matches, with everything that is known of it.
#[derive(Debug, Clone)]
pub struct Found {
    pub chunk: StoredChunk,
    pub score: f32,
    pub scores: LegScores,
    /// Chunks of other documents that say the same, best first.
    pub copies: Vec<Copy>,
}

impl Retriever {
    /// The best `k` live and visible chunks, best first; there are at most twice [`LEG_DEPTH`]. Of chunks that say the
    /// same, the best one stands for the others.
    pub async fn search(&self, query: &Query, filter: &Filter, k: usize) -> Result<Vec<Found>> {
        for _ in 1..MAX_LOOKS {
            let generation = self.catalog.generation();
            let found = self.look(query, filter).await?;
            // When a document changed meanwhile, the legs may know one version of it and the catalog another.
            if self.catalog.generation() == generation {
                return Ok(collapse(found, k));
            }
        }
        Ok(collapse(self.look(query, filter).await?, k))
    }

    /// All live and visible chunks that the legs bring, best first.
    async fn look(&self, query: &Query, filter: &Filter) -> Result<Vec<Found>> {
        let (lexical, vector) = tokio::try_join!(self.lexical_leg(query, filter), self.vector_leg(query, filter))?;
        let fused = fuse(&lexical, &vector);
        let ids: Vec<ChunkId> = fused.iter().map(|hit| hit.id).collect();
        let mut live = self.catalog.live_chunks(filter, &ids).await?;
        let found = fused.into_iter().filter_map(|hit| {
            let scores = LegScores { lexical: hit.lexical, vector: hit.vector, rerank: None };
            Some(Found { chunk: live.remove(&hit.id)?, score: hit.score, scores, copies: Vec::new() })
        });
        Ok(found.collect())
    }

    async fn lexical_leg(&self, query: &Query, filter: &Filter) -> Result<Vec<(ChunkId, f32)>> {
        let (lexical, terms, filter) = (self.lexical.clone(), query.terms.clone(), filter.clone());
        self.executor.run(move || lexical.search(&terms, &filter, LEG_DEPTH)).await
    }

    /// No weight at all for a language that the embedder does not know: its vectors would be noise.
    async fn vector_leg(&self, query: &Query, filter: &Filter) -> Result<Vec<(ChunkId, f32)>> {
        if !query.language.is_some_and(|language| self.models.embedder.knows(language)) {
            return Ok(Vec::new());
        }
        let (models, text) = (Arc::clone(&self.models), query.text.clone());
        let vector = self.executor.run(move || models.embedder.embed_query(&text)).await?;
        // One more, to know whether the last ones are equal.
        Ok(cut(self.vectors.search(vector, filter, LEG_DEPTH + 1).await?, LEG_DEPTH))
    }
}

impl Found {
    pub fn hit(&self) -> Hit {
        let chunk = &self.chunk;
        Hit {
            chunk_id: chunk.id.to_string(),
            document_id: chunk.document_id.clone(),
            title: chunk.title.clone(),
            uri: chunk.uri.clone(),
            collection: chunk.collection.clone(),
            page: chunk.page,
            heading: chunk.heading.clone(),
            text: chunk.text.clone(),
            start: chunk.start,
            end: chunk.end,
            score: self.score,
            scores: self.scores,
            copies: self.copies.clone(),
        }
    }
}
