//! Where each chunk lies in the segments of the index.
//!
//! The index's own dictionary of ids is asked in microseconds, and a search asks each segment for a few hundred chunks. A
//! segment never changes but for what is deleted from it, which stays in its place; so its ids are read once, before the
//! first search meets it, and kept in order: 12 bytes a chunk.

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
}

impl Places {
    fn read(segment: &SegmentReader) -> tantivy::Result<Places> {
        let columns = segment.fast_fields();
        let (high, low) = (columns.u64("id_high")?, columns.u64("id_low")?);
        let mut all: Vec<(u64, DocId)> =
            (0..segment.max_doc()).filter_map(|doc| high.first(doc).map(|half| (half, doc))).collect();
        all.sort_unstable();
        let (halves, docs) = all.into_iter().unzip();
        Ok(Places { segment: segment.segment_id(), high, low, halves, docs })
    }

    /// The chunk at a place.
    pub fn id(&self, doc: DocId) -> Option<ChunkId> {
        Some(ChunkId(Uuid::from_u64_pair(self.high.first(doc)?, self.low.first(doc)?)))
    }

    /// The places of a chunk: one that was written again lies there twice, and one of the two is deleted.
    pub fn of(&self, chunk: ChunkId) -> impl Iterator<Item = DocId> + '_ {
        let (high, low) = chunk.0.as_u64_pair();
        let first = self.halves.partition_point(|half| *half < high);
        let same = self.halves[first..].iter().zip(&self.docs[first..]).take_while(move |(half, _)| **half == high);
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
