//! Rows of live chunks that are kept in memory, and how it is known that they still hold.
//!
//! A chunk of a version never changes; whether it is live does, and where its document lies. So the database counts the
//! transactions that change either ([`super::Catalog`] calls that its era), and here is noted, before such a transaction is committed, which
//! documents it is about. A search reads the era together with the rows that it misses, in one statement, and so knows of
//! every row that is kept whether it holds at that very moment. Nothing here is served by its age, or on trust.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::chunks::StoredChunk;
use crate::Access;
use crate::store::types::ChunkId;

/// Bytes of rows that are kept, about 1 KiB each.
const MAX_BYTES: u64 = 32 << 20;
/// Rows that this is about.
const ROWS: usize = 24_000;
/// Bytes of a row beside its texts.
const ROW_BYTES: usize = 400;
/// Documents of which it is noted when they changed last. When there are more, all rows are read again.
const MAX_NOTED: usize = 10_000;

/// A chunk that was live in an era.
#[derive(Debug)]
pub struct Row {
    pub chunk: Arc<StoredChunk>,
    pub access: Access,
    pub era: i64,
}

/// Cheap to clone; all clones share the rows.
#[derive(Clone)]
pub struct Rows {
    kept: Arc<Cache<ChunkId, Arc<Row>, ByBytes>>,
    changes: Arc<Mutex<Changes>>,
}

#[derive(Default)]
struct Changes {
    /// The last era that began with a change of the document, by its id.
    documents: HashMap<String, i64>,
    /// Rows of before it do not hold.
    since: i64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<ChunkId, Arc<Row>> for ByBytes {
    fn weight(&self, _: &ChunkId, row: &Arc<Row>) -> u64 {
        let chunk = &row.chunk;
        let context = [&chunk.heading, &chunk.table_header].map(|text| text.as_ref().map_or(0, String::len));
        (ROW_BYTES + chunk.text.len() + chunk.title.len() + chunk.uri.len() + context.iter().sum::<usize>()) as u64
    }
}

impl Default for Rows {
    fn default() -> Rows {
        Rows { kept: Arc::new(Cache::with_weighter(ROWS, MAX_BYTES, ByBytes)), changes: Arc::default() }
    }
}

impl Rows {
    pub fn get(&self, id: ChunkId) -> Option<Arc<Row>> {
        self.kept.get(&id)
    }

    pub fn keep(&self, row: &Arc<Row>) {
        self.kept.insert(row.chunk.id, Arc::clone(row));
    }

    /// To be called before the transaction is committed that begins the era: a reader that meets the era must find this.
    pub fn note<'a>(&self, era: i64, documents: impl IntoIterator<Item = &'a str>) {
        let mut changes = self.changes.lock();
        for document in documents {
            changes.documents.insert(document.to_owned(), era);
        }
        if changes.documents.len() > MAX_NOTED {
            *changes = Changes { since: era, ..Changes::default() };
        }
    }

    /// Of rows that were found in eras up to this one, those that do not hold any more, or of which it cannot be told.
    pub fn doubtful(&self, era: i64, rows: &HashMap<ChunkId, Arc<Row>>) -> Vec<ChunkId> {
        let changes = self.changes.lock();
        let holds = |row: &Row| {
            let changed = changes.documents.get(&row.chunk.document_id).copied().unwrap_or(i64::MIN);
            (changes.since.max(changed)..=era).contains(&row.era)
        };
        rows.iter().filter(|(_, row)| !holds(row)).map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(document: &str, era: i64) -> Arc<Row> {
        let chunk = StoredChunk {
            id: ChunkId::new(document, 1, 0),
            document_id: document.into(),
            version: 1,
            ordinal: 0,
            collection: "default".into(),
            uri: "a.md".into(),
            title: "A".into(),
            page: None,
            heading: None,
            table_header: None,
            language: None,
            start: 0,
            end: 1,
            text: "x".into(),
        };
        Arc::new(Row { chunk: Arc::new(chunk), access: Access::default(), era })
    }

    fn doubtful(rows: &Rows, era: i64, kept: &[&Arc<Row>]) -> Vec<String> {
        let kept = kept.iter().map(|row| (row.chunk.id, Arc::clone(row))).collect();
        let ids = rows.doubtful(era, &kept);
        let mut found: Vec<_> = ids.iter().map(|id| kept[id].chunk.document_id.clone()).collect();
        found.sort();
        found
    }

    #[test]
    fn a_row_holds_until_its_document_changes() {
        let (rows, one, other) = (Rows::default(), row("one", 3), row("other", 3));
        assert!(doubtful(&rows, 3, &[&one, &other]).is_empty());
        // Another transaction began another era, and it was not about them.
        rows.note(4, ["third"]);
        assert!(doubtful(&rows, 4, &[&one, &other]).is_empty());
        // Noted before it is committed: who still meets the era before reads again, which does no harm.
        rows.note(5, ["one"]);
        assert_eq!(doubtful(&rows, 4, &[&one, &other]), ["one"]);
        assert_eq!(doubtful(&rows, 5, &[&one, &other]), ["one"]);
        assert!(doubtful(&rows, 5, &[&row("one", 5)]).is_empty());
        // A row of an era that this read has not met yet.
        assert_eq!(doubtful(&rows, 5, &[&row("other", 6)]), ["other"]);
    }

    #[test]
    fn when_too_much_changes_nothing_is_taken_to_hold() {
        let (rows, one) = (Rows::default(), row("one", 3));
        let ids: Vec<String> = (0..=MAX_NOTED).map(|n| n.to_string()).collect();
        rows.note(4, ids.iter().map(String::as_str));
        assert_eq!(doubtful(&rows, 4, &[&one]), ["one"]);
        assert!(doubtful(&rows, 4, &[&row("one", 4)]).is_empty());
        assert!(rows.changes.lock().documents.is_empty());
    }

    #[test]
    fn no_more_is_kept_than_the_bound() {
        let rows = Rows::default();
        for n in 0..200_000 {
            rows.keep(&row(&n.to_string(), 1));
        }
        assert!(rows.kept.weight() <= MAX_BYTES, "{}", rows.kept.weight());
    }
}
