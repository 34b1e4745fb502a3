//! A query → ranked chunks: analyse, two legs, fuse, check with the catalog.

mod copies;
mod effective;
mod explain;
mod fuse;
mod notices;
mod query;
mod recency;
mod supersede;
mod ties;
mod wording;

use std::sync::Arc;

use taproot_schemas::search::{Copy, Explanation, Hit};

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
/// Best hits whose documents are asked of when they are, and whether they still hold.
const WEIGHED: usize = 50;
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
    /// How it came to that.
    pub explanation: Explanation,
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
        let mut found: Vec<Found> = Vec::with_capacity(fused.len());
        found.extend(fused.into_iter().filter_map(|hit| {
            let explanation = Explanation { lexical: hit.lexical, vector: hit.vector, boosts: Vec::new() };
            Some(Found { chunk: live.remove(&hit.id)?, score: hit.score, explanation, copies: Vec::new() })
        }));
        self.weigh(query, &mut found).await?;
        Ok(found)
    }

    /// Lets what the documents say of themselves count: when they are from, and whether they still hold.
    async fn weigh(&self, query: &Query, found: &mut [Found]) -> Result<()> {
        let top = found.len().min(WEIGHED);
        let mut documents: Vec<(&str, i64)> =
            found[..top].iter().map(|hit| (hit.chunk.document_id.as_str(), hit.chunk.version)).collect();
        documents.sort_unstable();
        documents.dedup();
        let heads = self.catalog.heads(&documents).await?;
        let text = query.text.to_lowercase();
        let today = jiff::Zoned::now().date();
        if let Some(wanted) = recency::wanted(&text, today) {
            recency::boost(&mut found[..top], &heads, wanted);
        }
        supersede::penalize(&mut found[..top], &heads, &text, today);
        explain::sort(found);
        Ok(())
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
    /// The hit as callers see it, without its explanation.
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
            scores: self.scores(),
            copies: self.copies.clone(),
            explanation: None,
        }
    }
}
