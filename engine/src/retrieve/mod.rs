//! A query → ranked chunks: analyse, two legs, check with the catalog, complete what the legs say, fuse, read again.

mod copies;
mod dated;
mod effective;
mod explain;
mod fuse;
mod glossary;
mod highlight;
mod notices;
mod paper;
mod plan;
mod query;
mod recency;
mod rerank;
mod suggest;
mod supersede;
mod syntax;
mod ties;
mod wording;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use taproot_schemas::search::{BoostName, Copy, Explanation, Highlight, Hit};

pub use fuse::Evidence;
pub use glossary::GlossaryFile;
pub use paper::Papers;
pub use query::{Query, Reread, is_question_word};

use copies::collapse;
use highlight::Marks;
use plan::Plan;
use suggest::suggestion;
use ties::cut;

use crate::Result;
use crate::executor::Executor;
use crate::models::Models;
use crate::store::{Catalog, ChunkId, Filter, Lexical, StoredChunk, VectorStore, Wanted};

/// Candidates that each leg brings, however few are asked for, so that pages of one search fit together.
const LEG_DEPTH: usize = 100;
/// Best hits of which the documents are asked when they are from, and whether they still hold: twice a page.
const WEIGHED: usize = 20;
/// Best hits that are looked at more closely, with what stands around them. Most searches return no more than half of it, and the catalog is asked of no others: to read the text of all
/// candidates would cost more than the two legs together.
const HEAD: usize = 50;
/// Chunks before and after a hit that count as around it.
const AROUND: usize = 2;
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
    /// What the documents of hits tell of themselves.
    pub papers: Papers,
}

/// What a search found, and what is to be said of it.
#[derive(Debug, Default)]
pub struct Results {
    /// Best first.
    pub found: Vec<Found>,
    /// The query's, where the vector leg had something to say.
    pub vector: Option<Vec<f32>>,
    /// Whether there are candidates that the catalog was not asked of.
    more: bool,
    /// The query with other words in place of those that stand nowhere.
    pub did_you_mean: Option<String>,
    /// Phrases that stand together in nothing that the caller may see: the words were looked for instead.
    pub unmatched_phrases: Vec<String>,
    marks: Marks,
}

/// How far a search goes.
#[derive(Clone, Copy)]
struct Depth {
    /// Hits that are wanted, each with its copies.
    hits: usize,
    /// Best candidates that the catalog is asked of.
    checked: usize,
}

/// What the lexical leg brings.
struct Lexically {
    hits: Vec<(ChunkId, f32)>,
    /// Best score that there could be.
    ceiling: f32,
    wanted: Wanted,
    did_you_mean: Option<String>,
    marks: Marks,
}

/// What the vector leg brings.
struct Vectorly {
    hits: Vec<(ChunkId, f32)>,
    /// Of the query.
    vector: Vec<f32>,
}

/// A chunk that matches, with everything that is known of it.
#[derive(Debug, Clone)]
pub struct Found {
    pub chunk: Arc<StoredChunk>,
    pub score: f32,
    /// How it came to that.
    pub explanation: Explanation,
    /// What the model that read it together with the query said, 0 to 1.
    pub rerank: Option<f32>,
    /// What of the chunk's text was looked for; see [`Retriever::highlight`].
    pub highlights: Vec<Highlight>,
    /// Chunks of other documents that say the same, best first.
    pub copies: Vec<Copy>,
}

impl Retriever {
    /// The best `k` live and visible chunks, best first; there are at most twice [`LEG_DEPTH`]. Of chunks that say the
    /// same, the best one stands for the others.
    pub async fn search(&self, query: &Query, filter: &Filter, k: usize) -> Result<Results> {
        let mut depth = Depth { hits: k, checked: if 2 * k <= HEAD { HEAD } else { usize::MAX } };
        loop {
            let results = self.settled(query, filter, depth).await?;
            if results.found.len() >= k || !results.more {
                return Ok(results);
            }
            depth.checked = usize::MAX;
        }
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
    async fn settled(&self, query: &Query, filter: &Filter, depth: Depth) -> Result<Results> {
        for _ in 1..MAX_LOOKS {
            let generation = self.catalog.generation();
            let results = self.look(query, filter, depth).await?;
            // When a document changed meanwhile, the legs may know one version of it and the catalog another.
            if self.catalog.generation() == generation {
                return Ok(results);
            }
        }
        self.look(query, filter, depth).await
    }

    /// Looks for the words alone when nothing has all the phrases: who pasted a text with quotes in it is not to be left
    /// with nothing.
    async fn look(&self, query: &Query, filter: &Filter, depth: Depth) -> Result<Results> {
        let results = self.look_as_typed(query, filter, depth).await?;
        if !results.found.is_empty() || query.phrases.is_empty() {
            return Ok(results);
        }
        let results = self.look_as_typed(&query.without_phrases(), filter, depth).await?;
        let unmatched_phrases = query.phrases.iter().map(|phrase| phrase.typed.clone()).collect();
        Ok(Results { unmatched_phrases, ..results })
    }

    /// The live and visible ones of the best chunks that the legs bring, as many as are to be checked, best first.
    async fn look_as_typed(&self, query: &Query, filter: &Filter, depth: Depth) -> Result<Results> {
        // The longer way first: what is asked second waits for a thread to wake.
        let (vector, lexical) = tokio::try_join!(self.vector_leg(query, filter), self.lexical_leg(query, filter))?;
        let by_vector = vector.as_ref().map(|leg| leg.hits.as_slice());
        let mut evidence = Evidence::of(&lexical.hits, lexical.ceiling, by_vector);
        let asked = Asked { query, wanted: &lexical.wanted, vector: vector.map(|leg| leg.vector), filter };
        let brought = evidence.chunks().collect();
        self.complete(&mut evidence, &asked, brought).await?;
        let mut candidates = evidence.best();
        let more = candidates.len() > depth.checked;
        candidates.truncate(depth.checked);
        let live = self.catalog.live_chunks(filter, &candidates).await?;
        let mut found: Vec<Found> = live.into_values().map(|chunk| Found::of(chunk, &evidence)).collect();
        explain::sort(&mut found);
        self.lean(&mut found, &mut evidence, &asked).await?;
        let mut found = self.admitted(query, found).await?;
        self.rerank(query, &mut found).await?;
        let found = self.weigh(query, found, depth.hits).await?;
        let Lexically { did_you_mean, marks, .. } = lexical;
        Ok(Results { found, vector: asked.vector, more, did_you_mean, unmatched_phrases: Vec::new(), marks })
    }

    /// Asks each leg of chunks that it did not bring: what is far down in one list is not nothing.
    async fn complete(&self, evidence: &mut Evidence, asked: &Asked<'_>, chunks: Vec<ChunkId>) -> Result<()> {
        let without_cosine: Vec<ChunkId> = chunks.iter().copied().filter(|id| !evidence.has_cosine(*id)).collect();
        let cosines = async {
            match &asked.vector {
                Some(vector) if !without_cosine.is_empty() => {
                    self.vectors.cosines(vector.clone(), without_cosine).await
                }
                _ => Ok(Vec::new()),
            }
        };
        let (index, wanted, pairs) = (self.lexical.clone(), asked.wanted.clone(), asked.query.pairs.clone());
        let scope = asked.filter.scope.clone();
        let scores = self.executor.run(move || index.scores(&wanted, &pairs, &chunks, &scope));
        let (lexical, vector) = tokio::try_join!(scores, cosines)?;
        evidence.complete(lexical, vector);
        Ok(())
    }

    /// Lets the chunks around the best hits count.
    async fn lean(&self, found: &mut [Found], evidence: &mut Evidence, asked: &Asked<'_>) -> Result<()> {
        let head = found.len().min(HEAD);
        let around: Vec<Vec<ChunkId>> = found[..head].iter().map(|hit| around(&hit.chunk).collect()).collect();
        let unknown: HashSet<ChunkId> = around.iter().flatten().copied().filter(|id| !evidence.knows(*id)).collect();
        if !unknown.is_empty() {
            self.complete(evidence, asked, unknown.into_iter().collect()).await?;
        }
        for (hit, around) in found[..head].iter_mut().zip(around) {
            let lean = evidence.lean(hit.chunk.id, around.into_iter());
            hit.boost(BoostName::Neighbours, lean, "what stands around it");
        }
        explain::sort(&mut found[..head]);
        Ok(())
    }

    /// Lets what the documents say of themselves count: when they are from, and whether they still hold. Then the best `k`,
    /// each standing for its copies.
    async fn weigh(&self, query: &Query, mut found: Vec<Found>, k: usize) -> Result<Vec<Found>> {
        let top = found.len().min(WEIGHED);
        let (mut papers, missing) = self.papers.known(&found[..top]);
        let heads = if missing.is_empty() { HashMap::new() } else { self.catalog.heads(&missing).await? };
        let (kept, text) = (self.papers.clone(), query.text.to_lowercase());
        let weighed = self.executor.run(move || {
            let today = jiff::Zoned::now().date();
            kept.add(&mut papers, &found[..top], &heads);
            if let Some(wanted) = recency::wanted(&text, today) {
                recency::boost(&mut found[..top], &papers, wanted);
            }
            supersede::penalize(&mut found[..top], &papers, &text, today);
            explain::sort(&mut found);
            Ok(collapse(found, k))
        });
        weighed.await
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
            let hits = retriever.lexical.search(&plan.wanted, &within, LEG_DEPTH)?;
            Ok((hits, retriever.lexical.ceiling(&plan.wanted, &within.scope)?, plan, unknown))
        });
        let (mut hits, mut ceiling, mut plan, unknown) = looked.await?;
        let mut did_you_mean = None;
        if !unknown.is_empty() {
            let corrections = self.corrections(unknown, filter).await?;
            did_you_mean = suggestion(query, &corrections);
            corrections.into_iter().for_each(|correction| plan.correct(&correction.term, correction.instead.term));
            hits = self.lexically(plan.wanted.clone(), filter, LEG_DEPTH).await?;
            ceiling = self.lexical.ceiling(&plan.wanted, &filter.scope)?;
        }
        let marks = Marks::of(query, &plan.wanted);
        Ok(Lexically { hits, ceiling, wanted: plan.wanted, did_you_mean, marks })
    }

    async fn lexically(&self, wanted: Wanted, filter: &Filter, limit: usize) -> Result<Vec<(ChunkId, f32)>> {
        let (lexical, filter) = (self.lexical.clone(), filter.clone());
        self.executor.run(move || lexical.search(&wanted, &filter, limit)).await
    }

    /// No weight at all for a language that the embedder does not know: its vectors would be noise. It gets the query as
    /// typed, without the glossary's words: vectors know synonyms, and what a list of words means nobody can say.
    async fn vector_leg(&self, query: &Query, filter: &Filter) -> Result<Option<Vectorly>> {
        if !query.language.is_some_and(|language| self.models.embedder.knows(language)) {
            return Ok(None);
        }
        let (models, text) = (Arc::clone(&self.models), query.text.clone());
        let vector = self.executor.run(move || models.embedder.embed_query(&text)).await?;
        // One more, to know whether the last ones are equal.
        let mut hits = cut(self.vectors.search(vector.clone(), filter, LEG_DEPTH + 1).await?, LEG_DEPTH);
        // Vectors know nothing of phrases: the other index says which of these chunks have them.
        if query.has_conditions() {
            let asked = query.conditions(hits.iter().map(|(id, _)| *id).collect());
            let met: HashSet<ChunkId> =
                self.lexically(asked, filter, LEG_DEPTH).await?.into_iter().map(|(id, _)| id).collect();
            hits.retain(|(id, _)| met.contains(id));
        }
        Ok(Some(Vectorly { hits, vector }))
    }
}

/// What was asked of the legs.
struct Asked<'a> {
    query: &'a Query,
    wanted: &'a Wanted,
    /// `None` when the vector leg did not run.
    vector: Option<Vec<f32>>,
    filter: &'a Filter,
}

/// The chunks next to one in its document. Those beyond its end exist nowhere, and nothing is known of them.
fn around(chunk: &StoredChunk) -> impl Iterator<Item = ChunkId> + '_ {
    let places = chunk.ordinal.saturating_sub(AROUND)..=chunk.ordinal + AROUND;
    let others = places.filter(|place| *place != chunk.ordinal);
    others.map(|place| ChunkId::new(&chunk.document_id, chunk.version, place))
}

impl Found {
    fn of(chunk: Arc<StoredChunk>, evidence: &Evidence) -> Found {
        let shares = evidence.shares(chunk.id);
        let explanation = Explanation { lexical: shares.lexical, vector: shares.vector, boosts: Vec::new() };
        let (highlights, copies) = (Vec::new(), Vec::new());
        Found { chunk, score: shares.sum(), explanation, rerank: None, highlights, copies }
    }

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
