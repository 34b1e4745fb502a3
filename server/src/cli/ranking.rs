//! Documents ranked by their best chunks.
//!
//! In: a query, or its hits. Out: hits enough for the documents that are wanted, and these documents, best first.

use std::collections::HashSet;

use taproot_schemas::search::{Hit, SearchRequest};

use super::narrow::Narrow;
use super::session::Session;
use crate::error::Result;

/// More chunks than this are never asked for.
const MAX_CHUNKS: usize = 1_000;
/// Chunks asked for at first, for each document wanted.
const CHUNKS_PER_DOCUMENT: usize = 4;

/// What a run ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranked {
    /// A document takes the place and the score of its best chunk, a copy those of the chunk that stands for it.
    Documents,
    Chunks,
}

/// Hits are chunks: to have `k` documents, more chunks are asked for, and all there are if those were not enough.
pub async fn hits_for(session: &Session, query: &str, narrow: &Narrow, ranked: Ranked, k: usize) -> Result<Vec<Hit>> {
    let mut chunks = match ranked {
        Ranked::Chunks => k,
        Ranked::Documents => (k * CHUNKS_PER_DOCUMENT).min(MAX_CHUNKS),
    };
    let narrowed =
        SearchRequest { collections: narrow.collections(), filters: narrow.filters(), ..SearchRequest::default() };
    loop {
        let request = SearchRequest { query: query.to_owned(), k: Some(chunks), ..narrowed.clone() };
        let hits = session.search(&request).await?.hits;
        let enough = ranked == Ranked::Chunks || documents(&hits) >= k;
        if enough || hits.len() < chunks || chunks == MAX_CHUNKS {
            return Ok(hits);
        }
        chunks = MAX_CHUNKS;
    }
}

/// Distinct documents among the hits.
fn documents(hits: &[Hit]) -> usize {
    hits.iter().map(|hit| hit.document_id.as_str()).collect::<HashSet<_>>().len()
}

/// A document in a ranking.
#[derive(Debug, Clone, Copy)]
pub struct RankedDocument<'a> {
    pub uri: &'a str,
    pub score: f32,
    /// The hit that it has its place from.
    pub hit: &'a Hit,
}

/// Documents by their best chunks, at most `k`.
pub fn ranked<'a>(hits: impl IntoIterator<Item = &'a Hit>, k: usize) -> Vec<RankedDocument<'a>> {
    let mut taken = HashSet::new();
    hits.into_iter()
        .flat_map(|hit| {
            let copies = hit.copies.iter().map(|copy| (copy.document_id.as_str(), copy.uri.as_str()));
            [(hit.document_id.as_str(), hit.uri.as_str())].into_iter().chain(copies).map(move |named| (named, hit))
        })
        .filter(|((document, _), _)| taken.insert(*document))
        .map(|((_, uri), hit)| RankedDocument { uri, score: hit.score, hit })
        .take(k)
        .collect()
}
