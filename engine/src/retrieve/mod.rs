//! A query → ranked chunks: analyse, two legs, fuse, check with the catalog.

mod copies;
mod fuse;
mod query;

use std::sync::Arc;

use taproot_schemas::search::{Copy, Hit, LegScores};

pub use fuse::fuse;
pub use query::{Query, is_question_word};

use copies::collapse;

use crate::Result;
use crate::executor::Executor;
use crate::models::Models;
use crate::store::{Catalog, ChunkId, Filter, Lexical, StoredChunk, VectorStore};

/// Candidates that each leg brings, however few are asked for: scores are scaled over them, so that another number
/// would be another order.
const LEG_DEPTH: usize = 300;
/// Candidates that the catalog is asked of at first: many times what most searches return. All of them would cost more
/// than the two legs together.
const CHECKED: usize = 50;
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
        let mut checked = CHECKED.max(2 * k);
        let mut looks = 1;
        loop {
            let generation = self.catalog.generation();
            let (found, more) = self.look(query, filter, checked).await?;
            // When a document changed meanwhile, the legs may know one version of it and the catalog another.
            let settled = looks == MAX_LOOKS || self.catalog.generation() == generation;
            let (best, full) = collapse(found, k);
            if settled && (full || !more) {
                return Ok(best);
            }
            if !full {
                checked = usize::MAX;
            }
            looks += usize::from(!settled);
        }
    }

    /// The live and visible ones of the best `checked` chunks that the legs bring, best first, and whether the legs
    /// bring more.
    async fn look(&self, query: &Query, filter: &Filter, checked: usize) -> Result<(Vec<Found>, bool)> {
        let (lexical, vector) = tokio::try_join!(self.lexical_leg(query, filter), self.vector_leg(query, filter))?;
        let mut fused = fuse(&lexical, &vector);
        let more = fused.len() > checked;
        fused.truncate(checked);
        let ids: Vec<ChunkId> = fused.iter().map(|hit| hit.id).collect();
        let mut live = self.catalog.live_chunks(filter, &ids).await?;
        let found = fused.into_iter().filter_map(|hit| {
            let scores = LegScores { lexical: hit.lexical, vector: hit.vector, rerank: None };
            Some(Found { chunk: live.remove(&hit.id)?, score: hit.score, scores, copies: Vec::new() })
        });
        Ok((found.collect(), more))
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
        self.vectors.search(vector, filter, LEG_DEPTH).await
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
