//! The best chunks that a scope sees, of all that match.
//!
//! Equal scores are in the order of the chunks' ids. tantivy's own collector orders them by where they lie, which
//! depends on what else is in the index: the last hits that are let in would tell of hidden chunks.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::query::Weight;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::SegmentIds;
use super::visible::{Segment, Visible};
use crate::store::types::ChunkId;

/// Collects the best `limit` chunks, best first.
pub struct Best<'a> {
    pub visible: &'a Visible,
    pub limit: usize,
}

pub struct BestOfSegment {
    seen: Arc<Segment>,
    ids: SegmentIds,
    limit: usize,
    /// The worst on top.
    kept: BinaryHeap<Reverse<Ranked>>,
}

/// A chunk with its score; the greater, the better.
#[derive(Debug, Clone, Copy)]
pub struct Ranked {
    pub id: ChunkId,
    pub score: Score,
}

impl Collector for Best<'_> {
    type Fruit = Vec<Ranked>;
    type Child = BestOfSegment;

    fn for_segment(&self, ord: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<BestOfSegment> {
        let seen = self.visible.segment(ord as usize);
        Ok(BestOfSegment { seen, ids: SegmentIds::of(reader)?, limit: self.limit, kept: BinaryHeap::new() })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    /// Leaves out the blocks of postings that cannot bring a hit (block-max WAND, where the query is a union of words).
    fn collect_segment(
        &self,
        weight: &dyn Weight,
        ord: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<Vec<Ranked>> {
        let mut best = self.for_segment(ord, reader)?;
        weight.for_each_pruning(Score::MIN, reader, &mut |doc, score| {
            best.collect(doc, score);
            best.threshold()
        })?;
        Ok(best.harvest())
    }

    fn merge_fruits(&self, fruits: Vec<Vec<Ranked>>) -> tantivy::Result<Vec<Ranked>> {
        let mut all: Vec<Ranked> = fruits.into_iter().flatten().collect();
        all.sort_unstable_by_key(|&ranked| Reverse(ranked));
        all.truncate(self.limit);
        Ok(all)
    }
}

impl SegmentCollector for BestOfSegment {
    type Fruit = Vec<Ranked>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let full = self.kept.len() == self.limit;
        if full && self.kept.peek().is_none_or(|worst| score < worst.0.score) || !self.seen.sees(doc) {
            return;
        }
        let Some(id) = self.ids.get(doc) else { return };
        self.kept.push(Reverse(Ranked { id, score }));
        if full {
            self.kept.pop();
        }
    }

    fn harvest(self) -> Vec<Ranked> {
        self.kept.into_iter().map(|Reverse(ranked)| ranked).collect()
    }
}

impl BestOfSegment {
    /// Scores up to this one bring no hit. One as good as the worst does, when its id is smaller.
    fn threshold(&self) -> Score {
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
