//! Where each chunk lies in the segments of the index.
//!
//! The index's own dictionary of ids is asked in microseconds, and a search asks each segment for a few hundred chunks. A
//! segment never changes but for what is deleted from it, which stays in its place; so its ids are read once, before the
//! first search meets it, and kept in order: 16 to 20 bytes a chunk.

use std::sync::Arc;

use parking_lot::RwLock;
use tantivy::index::SegmentId;
use tantivy::{DocId, Searcher, SegmentReader};
use uuid::Uuid;

use crate::store::types::ChunkId;

/// The chunks of one segment.
pub struct Places {
    segment: SegmentId,
    high: tantivy::columnar::Column<u64>,
    low: tantivy::columnar::Column<u64>,
    /// The first halves of the ids, in order, and where the chunk of each lies.
    halves: Vec<u64>,
    docs: Vec<DocId>,
    /// Where in the order those begin that have the same first bits, about one each: ids are evenly spread.
    starts: Vec<u32>,
    /// By which a half is shifted to its first bits.
    shift: u32,
}

impl Places {
    fn read(segment: &SegmentReader) -> tantivy::Result<Places> {
        let columns = segment.fast_fields();
        let (high, low) = (columns.u64("id_high")?, columns.u64("id_low")?);
        let mut all: Vec<(u64, DocId)> =
            (0..segment.max_doc()).filter_map(|doc| high.first(doc).map(|half| (half, doc))).collect();
        all.sort_unstable();
        let (halves, docs): (Vec<u64>, Vec<DocId>) = all.into_iter().unzip();
        let shift = u64::BITS - (halves.len().max(2).next_power_of_two().ilog2());
        let mut starts = vec![0; (1 << (u64::BITS - shift)) + 1];
        halves.iter().for_each(|half| starts[(half >> shift) as usize + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Ok(Places { segment: segment.segment_id(), high, low, halves, docs, starts, shift })
    }

    /// The chunk at a place.
    pub fn id(&self, doc: DocId) -> Option<ChunkId> {
        Some(ChunkId(Uuid::from_u64_pair(self.high.first(doc)?, self.low.first(doc)?)))
    }

    /// The places of a chunk: one that was written again lies there twice, and one of the two is deleted.
    pub fn of(&self, chunk: ChunkId) -> impl Iterator<Item = DocId> + '_ {
        let (high, low) = chunk.0.as_u64_pair();
        let bits = (high >> self.shift) as usize;
        let near = self.starts[bits] as usize..self.starts[bits + 1] as usize;
        let same = self.halves[near.clone()].iter().zip(&self.docs[near]).filter(move |(half, _)| **half == high);
        same.map(|(_, doc)| *doc).filter(move |doc| self.low.first(*doc) == Some(low))
    }
}

/// The places of the segments that searches meet. Cheap to clone; all clones share them.
#[derive(Clone, Default)]
pub struct AllPlaces {
    known: Arc<RwLock<Vec<Arc<Places>>>>,
}

impl AllPlaces {
    /// Reads the segments that came, and forgets those that are gone.
    pub fn renew(&self, searcher: &Searcher) -> tantivy::Result<()> {
        let all = self.of(searcher)?;
        *self.known.write() = all;
        Ok(())
    }

    /// In the order of the searcher. One that is older than the last renewal reads what was forgotten.
    pub fn of(&self, searcher: &Searcher) -> tantivy::Result<Vec<Arc<Places>>> {
        let known = self.known.read().clone();
        let of_segment = |segment: &SegmentReader| {
            let found = known.iter().find(|places| places.segment == segment.segment_id());
            found.map_or_else(|| Places::read(segment).map(Arc::new), |places| Ok(Arc::clone(places)))
        };
        searcher.segment_readers().iter().map(of_segment).collect()
    }
}
