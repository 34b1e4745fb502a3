//! BM25's statistics, of what a scope sees: with those of the whole index, a score would tell of hidden chunks (how many
//! there are, how long, and which words they have).

use tantivy::Term;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::Field;

use super::visible::Visible;

impl Bm25StatisticsProvider for Visible {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        Ok(self.tokens(field))
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.chunks())
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        self.frequency(term)
    }
}

impl Visible {
    /// Inverse document frequency: ln(1 + (N − n + ½) / (n + ½)), as in BM25.
    pub fn idf(&self, term: &Term) -> tantivy::Result<f32> {
        Ok(self.idf_of(self.frequency(term)?))
    }

    /// The same of a term that this many chunks have.
    pub fn idf_of(&self, frequency: u64) -> f32 {
        let (all, n) = (self.chunks() as f32, frequency as f32);
        (1.0 + (all - n + 0.5).max(0.0) / (n + 0.5)).ln()
    }
}
