//! The best chunks that a scope sees, of all that match.
//!
//! Equal scores are in the order of the chunks' ids. tantivy's own collector orders them by where they lie, which
//! depends on what else is in the index: the last hits that are let in would tell of hidden chunks.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use tantivy::query::{EnableScoring, Query};
use tantivy::{DocId, Score};

use super::places::Places;
use super::visible::{Segment, Visible};
use crate::store::types::ChunkId;

/// A chunk with its score; the greater, the better.
#[derive(Debug, Clone, Copy)]
pub struct Ranked {
    pub id: ChunkId,
    pub score: Score,
}

/// The best `limit` chunks, best first.
///
/// Blocks of postings that cannot bring a hit are left out (block-max WAND, where the query is a union of words). The
/// largest segment comes first: what it brings is the bar for the others.
pub fn best(visible: &Visible, query: &dyn Query, limit: usize) -> tantivy::Result<Vec<Ranked>> {
    let weight = query.weight(EnableScoring::enabled_from_statistics_provider(visible, &visible.searcher))?;
    let mut segments: Vec<_> = visible.searcher.segment_readers().iter().enumerate().collect();
    segments.sort_by_key(|(_, reader)| Reverse(reader.max_doc()));
    let mut best = Best { limit, kept: BinaryHeap::with_capacity(limit + 1) };
    for (ord, reader) in segments {
        let (seen, places) = (visible.segment(ord), visible.places(ord));
        weight.for_each_pruning(best.bar(), reader, &mut |doc, score| {
            best.take(doc, score, seen, places);
            best.bar()
        })?;
    }
    let mut kept: Vec<Ranked> = best.kept.into_iter().map(|Reverse(ranked)| ranked).collect();
    kept.sort_unstable_by_key(|&ranked| Reverse(ranked));
    Ok(kept)
}

struct Best {
    limit: usize,
    /// The worst on top.
    kept: BinaryHeap<Reverse<Ranked>>,
}

impl Best {
    fn take(&mut self, doc: DocId, score: Score, seen: &Segment, places: &Places) {
        let full = self.kept.len() == self.limit;
        if full && self.kept.peek().is_none_or(|worst| score < worst.0.score) || !seen.sees(doc) {
            return;
        }
        let Some(id) = places.id(doc) else { return };
        self.kept.push(Reverse(Ranked { id, score }));
        if full {
            self.kept.pop();
        }
    }

    /// Scores up to this one bring no hit. One as good as the worst does, when its id is smaller.
    fn bar(&self) -> Score {
        match self.kept.peek() {
            Some(Reverse(worst)) if self.kept.len() == self.limit => worst.score.next_down(),
            _ => Score::MIN,
        }
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.id.cmp(&self.id))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}
