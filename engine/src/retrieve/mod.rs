//! A query → ranked chunks: analyse, two legs, fuse, check with the catalog.

mod copies;
mod effective;
mod explain;
mod fuse;
mod glossary;
mod highlight;
mod notices;
mod plan;
mod query;
mod recency;
mod suggest;
mod supersede;
mod syntax;
mod ties;
mod wording;

use std::collections::HashSet;
use std::sync::Arc;

use taproot_schemas::search::{Copy, Explanation, Highlight, Hit};

pub use fuse::fuse;
pub use glossary::GlossaryFile;
pub use query::{Query, is_question_word};

use copies::collapse;
use highlight::Marks;
use plan::Plan;
use suggest::suggestion;
use ties::cut;

use crate::Result;
use crate::executor::Executor;
use crate::models::Models;
use crate::store::{Catalog, ChunkId, Filter, Lexical, StoredChunk, VectorStore, Wanted};

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
    pub glossary: GlossaryFile,
}

/// What a search found, and what is to be said of it.
#[derive(Debug, Default)]
pub struct Results {
    /// Best first.
    pub found: Vec<Found>,
    /// The query with other words in place of those that stand nowhere.
    pub did_you_mean: Option<String>,
    /// Phrases that stand together in nothing that the caller may see: the words were looked for instead.
    pub unmatched_phrases: Vec<String>,
    marks: Marks,
}

/// What the lexical leg brings.
struct Lexically {
    hits: Vec<(ChunkId, f32)>,
    did_you_mean: Option<String>,
    marks: Marks,
}

/// A chunk that matches, with everything that is known of it.
#[derive(Debug, Clone)]
pub struct Found {
    pub chunk: StoredChunk,
    pub score: f32,
    /// How it came to that.
    pub explanation: Explanation,
    /// What of the chunk's text was looked for; see [`Retriever::highlight`].
    pub highlights: Vec<Highlight>,
    /// Chunks of other documents that say the same, best first.
    pub copies: Vec<Copy>,
}

impl Retriever {
    /// The best `k` live and visible chunks, best first; there are at most twice [`LEG_DEPTH`]. Of chunks that say the
    /// same, the best one stands for the others.
    pub async fn search(&self, query: &Query, filter: &Filter, k: usize) -> Result<Results> {
        let mut results = self.settled(query, filter).await?;
        results.found = collapse(results.found, k);
        Ok(results)
    }

    /// Marks what of the texts was looked for.
    pub async fn highlight(&self, mut results: Results) -> Result<Results> {
        let highlighted = self.executor.run(move || {
            results.found.iter_mut().for_each(|hit| hit.highlights = results.marks.find(&hit.chunk.text));
            Ok(results)
        });
        highlighted.await
    }

    /// Looks again when documents change meanwhile.
    async fn settled(&self, query: &Query, filter: &Filter) -> Result<Results> {
        for _ in 1..MAX_LOOKS {
            let generation = self.catalog.generation();
            let results = self.look(query, filter).await?;
            // When a document changed meanwhile, the legs may know one version of it and the catalog another.
            if self.catalog.generation() == generation {
                return Ok(results);
            }
        }
        self.look(query, filter).await
    }

    /// Looks for the words alone when nothing has all the phrases: who pasted a text with quotes in it is not to be left
    /// with nothing.
    async fn look(&self, query: &Query, filter: &Filter) -> Result<Results> {
        let results = self.look_as_typed(query, filter).await?;
        if !results.found.is_empty() || query.phrases.is_empty() {
            return Ok(results);
        }
        let results = self.look_as_typed(&query.without_phrases(), filter).await?;
        let unmatched_phrases = query.phrases.iter().map(|phrase| phrase.typed.clone()).collect();
        Ok(Results { unmatched_phrases, ..results })
    }

    /// All live and visible chunks that the legs bring, best first.
    async fn look_as_typed(&self, query: &Query, filter: &Filter) -> Result<Results> {
        let (lexical, vector) = tokio::try_join!(self.lexical_leg(query, filter), self.vector_leg(query, filter))?;
        let fused = fuse(&lexical.hits, &vector);
        let ids: Vec<ChunkId> = fused.iter().map(|hit| hit.id).collect();
        let mut live = self.catalog.live_chunks(filter, &ids).await?;
        let mut found: Vec<Found> = Vec::with_capacity(fused.len());
        found.extend(fused.into_iter().filter_map(|hit| {
            let explanation = Explanation { lexical: hit.lexical, vector: hit.vector, boosts: Vec::new() };
            let chunk = live.remove(&hit.id)?;
            Some(Found { chunk, score: hit.score, explanation, highlights: Vec::new(), copies: Vec::new() })
        }));
        let mut found = self.admitted(query, found).await?;
        self.weigh(query, &mut found).await?;
        let Lexically { did_you_mean, marks, .. } = lexical;
        Ok(Results { found, did_you_mean, unmatched_phrases: Vec::new(), marks })
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

    /// Those of the chunks in whose text the phrases stand, where the index could not tell.
    async fn admitted(&self, query: &Query, found: Vec<Found>) -> Result<Vec<Found>> {
        if !query.needs_the_text() {
            return Ok(found);
        }
        let query = query.clone();
        let admits = move |hit: &Found| {
            let chunk = &hit.chunk;
            let context = [chunk.heading.as_deref(), chunk.table_header.as_deref()].map(Option::unwrap_or_default);
            query.admits(&[&chunk.text, &chunk.title, context[0], context[1]])
        };
        self.executor.run(move || Ok(found.into_iter().filter(admits).collect())).await
    }

    /// Words that stand nowhere are taken for those that were probably meant, which are looked for in their place.
    async fn lexical_leg(&self, query: &Query, filter: &Filter) -> Result<Lexically> {
        let (retriever, within, asked) = (self.clone(), filter.clone(), query.clone());
        let looked = self.executor.run(move || {
            let plan = Plan::of(&asked, &retriever.glossary.current());
            let unknown = retriever.unknown(&asked, &plan, &within)?;
            Ok((retriever.lexical.search(&plan.wanted, &within, LEG_DEPTH)?, plan, unknown))
        });
        let (mut hits, mut plan, unknown) = looked.await?;
        let mut did_you_mean = None;
        if !unknown.is_empty() {
            let corrections = self.corrections(unknown, filter).await?;
            did_you_mean = suggestion(query, &corrections);
            corrections.into_iter().for_each(|correction| plan.correct(&correction.term, correction.instead.term));
            hits = self.lexically(plan.wanted.clone(), filter).await?;
        }
        Ok(Lexically { hits, did_you_mean, marks: Marks::of(query, &plan.wanted) })
    }

    async fn lexically(&self, wanted: Wanted, filter: &Filter) -> Result<Vec<(ChunkId, f32)>> {
        let (lexical, filter) = (self.lexical.clone(), filter.clone());
        self.executor.run(move || lexical.search(&wanted, &filter, LEG_DEPTH)).await
    }

    /// No weight at all for a language that the embedder does not know: its vectors would be noise. It gets the query as
    /// typed, without the glossary's words: vectors know synonyms, and what a list of words means nobody can say.
    async fn vector_leg(&self, query: &Query, filter: &Filter) -> Result<Vec<(ChunkId, f32)>> {
        if !query.language.is_some_and(|language| self.models.embedder.knows(language)) {
            return Ok(Vec::new());
        }
        let (models, text) = (Arc::clone(&self.models), query.text.clone());
        let vector = self.executor.run(move || models.embedder.embed_query(&text)).await?;
        // One more, to know whether the last ones are equal.
        let mut hits = cut(self.vectors.search(vector, filter, LEG_DEPTH + 1).await?, LEG_DEPTH);
        // Vectors know nothing of phrases: the other index says which of these chunks have them.
        if query.has_conditions() {
            let asked = query.conditions(hits.iter().map(|(id, _)| *id).collect());
            let met: HashSet<ChunkId> = self.lexically(asked, filter).await?.into_iter().map(|(id, _)| id).collect();
            hits.retain(|(id, _)| met.contains(id));
        }
        Ok(hits)
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
            highlights: self.highlights.clone(),
            copies: self.copies.clone(),
            explanation: None,
        }
    }
}
