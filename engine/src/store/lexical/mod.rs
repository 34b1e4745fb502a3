//! The lexical index: tantivy. The only module that knows it.
//!
//! Comes in: chunks from the writer, analysed queries with a filter. Goes out: chunk ids with BM25 scores. It stores
//! no text; the catalog has it.

mod analyzer;
mod query;

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tantivy::collector::TopDocs;
use tantivy::directory::MmapDirectory;
use tantivy::schema::{FAST, Field, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term};
use uuid::Uuid;

use super::types::{ChunkId, Filter, IndexedChunk, allow_field};
use crate::{Error, Result};

/// Memory of the index writer before it writes a segment.
const WRITER_BYTES: usize = 32 << 20;
/// Name of our analyser in the index.
const ANALYZER: &str = "taproot";

/// The index's fields.
#[derive(Debug, Clone, Copy)]
struct Fields {
    /// Chunk id as text, to delete by.
    chunk: Field,
    /// The two halves of the chunk id, to read it back without a document store.
    id_high: Field,
    id_low: Field,
    document: Field,
    collection: Field,
    allow: Field,
    deny: Field,
    language: Field,
    title: Field,
    heading: Field,
    body: Field,
}

/// Cheap to clone; all clones share the index.
#[derive(Clone)]
pub struct Lexical {
    reader: IndexReader,
    writer: Arc<Mutex<IndexWriter>>,
    fields: Fields,
}

impl Lexical {
    /// Opens the index in `dir`, and makes it when the folder is empty.
    pub fn open(dir: &Path) -> Result<Lexical> {
        std::fs::create_dir_all(dir).map_err(|source| Error::Io { path: dir.to_owned(), source })?;
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(dir).map_err(|e| Error::Lexical(Box::new(e)))?;
        let index = Index::open_or_create(directory, schema).map_err(failed)?;
        index.tokenizers().register(ANALYZER, analyzer::Analyzer);
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(failed)?;
        let writer = index.writer_with_num_threads(1, WRITER_BYTES).map_err(failed)?;
        Ok(Lexical { reader, writer: Arc::new(Mutex::new(writer)), fields })
    }

    /// Adds chunks; one that is there is replaced. Seen by readers after [`Lexical::commit`].
    pub fn upsert(&self, chunks: &[IndexedChunk]) -> Result<()> {
        let writer = self.writer.lock();
        for chunk in chunks {
            writer.delete_term(self.chunk_term(chunk.id));
            writer.add_document(self.document(chunk)).map_err(failed)?;
        }
        Ok(())
    }

    /// Removes chunks, after the next [`Lexical::commit`].
    pub fn delete(&self, ids: &[ChunkId]) {
        let writer = self.writer.lock();
        for &id in ids {
            writer.delete_term(self.chunk_term(id));
        }
    }

    /// Makes what was added and removed durable and visible.
    pub fn commit(&self) -> Result<()> {
        self.writer.lock().commit().map_err(failed)?;
        self.reader.reload().map_err(failed)
    }

    /// Drops what was added and removed since the last commit.
    pub fn rollback(&self) -> Result<()> {
        self.writer.lock().rollback().map_err(failed)?;
        Ok(())
    }

    /// The best `limit` chunks for these terms with their BM25 scores, best first.
    pub fn search(&self, terms: &[String], filter: &Filter, limit: usize) -> Result<Vec<(ChunkId, f32)>> {
        let searcher = self.reader.searcher();
        let Some(query) = query::build(&self.fields, terms, filter) else { return Ok(Vec::new()) };
        let found = searcher.search(&query, &TopDocs::with_limit(limit.max(1)).order_by_score()).map_err(failed)?;
        let segments = (0u32..).take(searcher.segment_readers().len());
        let ids = segments.map(|segment| SegmentIds::open(&searcher, segment)).collect::<Result<Vec<_>>>()?;
        let hits = found.into_iter().filter_map(|(score, address)| {
            let id = ids.get(address.segment_ord as usize)?.get(address.doc_id)?;
            Some((id, score))
        });
        Ok(hits.collect())
    }

    /// Inverse document frequency of each term among the chunks: ln(1 + (N − n + ½) / (n + ½)), as in BM25.
    pub fn idf(&self, terms: &[String]) -> Result<Vec<f32>> {
        let searcher = self.reader.searcher();
        let all = searcher.num_docs() as f32;
        terms
            .iter()
            .map(|term| {
                let n = searcher.doc_freq(&Term::from_field_text(self.fields.body, term)).map_err(failed)? as f32;
                Ok((1.0 + (all - n + 0.5).max(0.0) / (n + 0.5)).ln())
            })
            .collect()
    }

    /// Ids of all chunks in the index.
    pub fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        let searcher = self.reader.searcher();
        let mut out = Vec::with_capacity(usize::try_from(searcher.num_docs()).unwrap_or(0));
        for (ord, segment) in (0u32..).zip(searcher.segment_readers()) {
            let ids = SegmentIds::open(&searcher, ord)?;
            out.extend(segment.doc_ids_alive().filter_map(|doc| ids.get(doc)));
        }
        Ok(out)
    }

    fn chunk_term(&self, id: ChunkId) -> Term {
        Term::from_field_text(self.fields.chunk, &id.to_string())
    }

    fn document(&self, chunk: &IndexedChunk) -> TantivyDocument {
        let (high, low) = chunk.id.0.as_u64_pair();
        let mut document = TantivyDocument::default();
        document.add_text(self.fields.chunk, chunk.id.to_string());
        document.add_u64(self.fields.id_high, high);
        document.add_u64(self.fields.id_low, low);
        document.add_text(self.fields.document, &chunk.document_id);
        document.add_text(self.fields.collection, &chunk.collection);
        for group in allow_field(&chunk.access.allow) {
            document.add_text(self.fields.allow, group);
        }
        for group in &chunk.access.deny {
            document.add_text(self.fields.deny, group);
        }
        if let Some(language) = &chunk.language {
            document.add_text(self.fields.language, language);
        }
        document.add_text(self.fields.title, &chunk.title);
        if let Some(heading) = &chunk.heading {
            document.add_text(self.fields.heading, heading);
        }
        // In the body, where the chunk with the header row itself has it: else its words would be rare there, and that
        // chunk the best for every question that names a column.
        if let Some(header) = &chunk.table_header {
            document.add_text(self.fields.body, header);
        }
        document.add_text(self.fields.body, &chunk.text);
        document
    }
}

/// Reads chunk ids of one segment.
struct SegmentIds {
    high: tantivy::columnar::Column<u64>,
    low: tantivy::columnar::Column<u64>,
}

impl SegmentIds {
    fn open(searcher: &Searcher, segment_ord: u32) -> Result<SegmentIds> {
        let columns = searcher.segment_reader(segment_ord).fast_fields();
        Ok(SegmentIds { high: columns.u64("id_high").map_err(failed)?, low: columns.u64("id_low").map_err(failed)? })
    }

    fn get(&self, doc: u32) -> Option<ChunkId> {
        Some(ChunkId(Uuid::from_u64_pair(self.high.first(doc)?, self.low.first(doc)?)))
    }
}

fn schema() -> (Schema, Fields) {
    let text = || {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(ANALYZER)
                .set_index_option(IndexRecordOption::WithFreqsAndPositions),
        )
    };
    let mut schema = Schema::builder();
    let fields = Fields {
        chunk: schema.add_text_field("chunk", STRING),
        id_high: schema.add_u64_field("id_high", FAST),
        id_low: schema.add_u64_field("id_low", FAST),
        document: schema.add_text_field("document", STRING),
        collection: schema.add_text_field("collection", STRING),
        allow: schema.add_text_field("allow", STRING),
        deny: schema.add_text_field("deny", STRING),
        language: schema.add_text_field("language", STRING),
        title: schema.add_text_field("title", text()),
        heading: schema.add_text_field("heading", text()),
        body: schema.add_text_field("body", text()),
    };
    (schema.build(), fields)
}

fn failed(error: tantivy::TantivyError) -> Error {
    Error::Lexical(Box::new(error))
}
