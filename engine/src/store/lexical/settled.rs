//! A query whose chunks are all found before the first is asked for.
//!
//! tantivy 0.27 asks what is excluded about chunks that lie behind it, which phrases must not be asked (they panic in
//! debug builds, and promise nothing in others). A set of bits may be asked in any order.

use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{BitSet, DocId, Score, SegmentReader};

/// Scores 0.
#[derive(Debug)]
pub struct Settled(pub Box<dyn Query>);

struct SettledWeight(Box<dyn Weight>);

impl Clone for Settled {
    fn clone(&self) -> Self {
        Settled(self.0.box_clone())
    }
}

impl Query for Settled {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let unscored = match scoring.searcher() {
            Some(searcher) => EnableScoring::disabled_from_searcher(searcher),
            None => EnableScoring::disabled_from_schema(scoring.schema()),
        };
        Ok(Box::new(SettledWeight(self.0.weight(unscored)?)))
    }
}

impl Weight for SettledWeight {
    fn scorer(&self, reader: &SegmentReader, _boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut bits = BitSet::with_max_value(reader.max_doc());
        self.0.for_each_no_score(reader, &mut |docs| docs.iter().for_each(|&doc| _ = bits.insert(doc)))?;
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(bits), 0.0)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.0.explain(reader, doc)
    }
}
