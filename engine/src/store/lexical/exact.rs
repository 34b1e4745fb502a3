//! What BM25 says of given chunks.
//!
//! Each word's postings are asked of these chunks alone: to let a query walk over all that match, and keep a few hundred
//! of them, costs many times as much.

use tantivy::query::{EnableScoring, Weight};
use tantivy::{DocId, DocSet, SegmentReader};

use super::query::{self, Pair, Wanted};
use super::{Lexical, failed};
use crate::store::types::ChunkId;
use crate::{AccessScope, Result};

impl Lexical {
    /// The BM25 scores of those of the chunks that the scope sees and that have something of what is wanted, whatever is
    /// required or excluded. Two words of a pair add to it where they stand as the pair has them.
    pub fn scores(
        &self,
        wanted: &Wanted,
        pairs: &[Pair],
        chunks: &[ChunkId],
        scope: &AccessScope,
    ) -> Result<Vec<(ChunkId, f32)>> {
        let visible = self.visible(scope)?;
        let clauses = query::scored(&self.fields, &wanted.with_pairs(pairs));
        let scoring = EnableScoring::enabled_from_statistics_provider(&visible, &visible.searcher);
        let weights: Vec<Box<dyn Weight>> =
            clauses.iter().map(|(_, clause)| clause.weight(scoring)).collect::<tantivy::Result<_>>().map_err(failed)?;
        let mut scores = Vec::with_capacity(chunks.len());
        for (ord, reader) in visible.searcher.segment_readers().iter().enumerate() {
            let (seen, all) = (visible.segment(ord), visible.places(ord));
            let of = |&chunk: &ChunkId| all.of(chunk).filter(|doc| seen.sees(*doc)).map(move |doc| (doc, chunk));
            let mut places: Vec<(DocId, ChunkId)> = chunks.iter().flat_map(of).collect();
            places.sort_unstable();
            scores.extend(scores_of(reader, &weights, &places).map_err(failed)?);
        }
        Ok(scores)
    }
}

/// `places` in order.
fn scores_of(
    reader: &SegmentReader,
    weights: &[Box<dyn Weight>],
    places: &[(DocId, ChunkId)],
) -> tantivy::Result<Vec<(ChunkId, f32)>> {
    let mut scores = vec![0.0; places.len()];
    for weight in weights.iter().filter(|_| !places.is_empty()) {
        let mut scorer = weight.scorer(reader, 1.0)?;
        for ((doc, _), score) in places.iter().zip(&mut scores) {
            if scorer.doc() < *doc {
                scorer.seek(*doc);
            }
            if scorer.doc() == *doc {
                *score += scorer.score();
            }
        }
    }
    Ok(places.iter().zip(scores).filter(|(_, score)| *score > 0.0).map(|((_, id), score)| (*id, score)).collect())
}
