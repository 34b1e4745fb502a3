//! The lexical index: tantivy. The only module that knows it.
//!
//! Comes in: chunks from the writer, analysed queries with a filter. Goes out: chunk ids with BM25 scores. It stores
//! no text; the catalog has it.

mod analyzer;
mod best;
mod builder;
mod dictionary;
mod exact;
mod places;
mod query;
mod settled;
mod statistics;
#[cfg(test)]
mod tests;
mod visible;

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tantivy::directory::MmapDirectory;
use tantivy::schema::{FAST, Field, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

pub use builder::Builder;
pub use query::{Alternative, Group, Pair, Wanted};

use best::best;
use visible::{Scopes, Visible};

use super::types::{ChunkId, Filter, IndexedChunk, allow_field};
use crate::{AccessScope, Error, Result, text};

/// Memory of the index writer before it writes a segment.
const WRITER_BYTES: usize = 32 << 20;
/// tantivy's k₁ is 1.2; a term that stands in a chunk without end scores its inverse document frequency times this.
const BM25_K1_PLUS_ONE: f32 = 2.2;
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
    /// Title, headings, table header and text: what the embedder is given too.
    text: Field,
}

/// Cheap to clone; all clones share the index.
#[derive(Clone)]
pub struct Lexical {
    reader: IndexReader,
    writer: Arc<Mutex<IndexWriter>>,
    fields: Fields,
    scopes: Scopes,
}

impl Lexical {
    /// Names what an index of this program holds: the version of the terms and the fields. One of another kind cannot be
    /// searched.
    pub fn kind() -> String {
        // What tantivy writes of the fields; it cannot fail, and would be the same for all programs if it did.
        let fields = serde_json::to_vec(&schema().0).unwrap_or_default();
        format!("{}-{}", text::VERSION, &blake3::hash(&fields).to_hex()[..8])
    }

    /// Opens the index in `dir`, and makes it when the folder is empty.
    pub fn open(dir: &Path) -> Result<Lexical> {
        let (index, fields) = index(dir)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(failed)?;
        let writer = index.writer_with_num_threads(1, WRITER_BYTES).map_err(failed)?;
        let scopes = Scopes::default();
        scopes.renew(&reader.searcher())?;
        Ok(Lexical { reader, writer: Arc::new(Mutex::new(writer)), fields, scopes })
    }

    /// Adds chunks; one that is there is replaced. Seen by readers after [`Lexical::commit`].
    pub fn upsert(&self, chunks: &[IndexedChunk]) -> Result<()> {
        let writer = self.writer.lock();
        for chunk in chunks {
            writer.delete_term(self.chunk_term(chunk.id));
            writer.add_document(self.fields.document(chunk)).map_err(failed)?;
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
        self.reader.reload().map_err(failed)?;
        self.scopes.renew(&self.reader.searcher())
    }

    /// Drops what was added and removed since the last commit.
    pub fn rollback(&self) -> Result<()> {
        self.writer.lock().rollback().map_err(failed)?;
        Ok(())
    }

    /// The best `limit` chunks for what is wanted with their BM25 scores, best first; equal scores in the order of ids.
    /// Nothing of it depends on chunks that the filter's scope does not see.
    pub fn search(&self, wanted: &Wanted, filter: &Filter, limit: usize) -> Result<Vec<(ChunkId, f32)>> {
        let visible = self.visible(&filter.scope)?;
        let Some(query) = query::build(&self.fields, wanted, filter) else { return Ok(Vec::new()) };
        if visible.chunks() == 0 {
            return Ok(Vec::new());
        }
        let found = best(&visible, &query, limit).map_err(failed)?;
        Ok(found.into_iter().map(|ranked| (ranked.id, ranked.score)).collect())
    }

    /// The best score that BM25 could give for what is wanted, if each of its words that stand anywhere stood in a chunk
    /// without end: the sum of their inverse document frequencies, times k₁ + 1.
    pub fn ceiling(&self, wanted: &Wanted, scope: &AccessScope) -> Result<f32> {
        let visible = self.visible(scope)?;
        let of_way = |way: &Alternative| -> Result<f32> {
            let known = way.terms().into_iter().map(|term| {
                let term = Term::from_field_text(self.fields.text, term);
                let frequency = visible.frequency(&term).map_err(failed)?;
                Ok(if frequency > 0 { visible.idf_of(frequency) } else { 0.0 })
            });
            Ok(way.weight() * known.sum::<Result<f32>>()?)
        };
        let of_group = |group: &Group| group.0.iter().try_fold(0.0, |best: f32, way| Ok(best.max(of_way(way)?)));
        Ok(BM25_K1_PLUS_ONE * wanted.any.iter().map(of_group).sum::<Result<f32>>()?)
    }

    /// Inverse document frequency of each term among the bodies of the chunks that the scope sees.
    pub fn idf(&self, terms: &[String], scope: &AccessScope) -> Result<Vec<f32>> {
        let visible = self.visible(scope)?;
        let idf = |term: &String| visible.idf(&Term::from_field_text(self.fields.text, term)).map_err(failed);
        terms.iter().map(idf).collect()
    }

    /// Whether a chunk that the scope sees has this index term in its text, its title or its headings.
    pub fn occurs(&self, term: &str, scope: &AccessScope) -> Result<bool> {
        self.visible(scope)?.holds(term).map_err(failed)
    }

    fn visible(&self, scope: &AccessScope) -> Result<Visible> {
        self.scopes.view(self.reader.searcher(), &self.fields, scope)
    }

    /// Number of chunks that the scope sees and that have this index term in their text.
    pub fn frequency(&self, term: &str, scope: &AccessScope) -> Result<u64> {
        self.visible(scope)?.frequency(&Term::from_field_text(self.fields.text, term)).map_err(failed)
    }

    /// Ids of all chunks in the index.
    pub fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        let visible = self.visible(&AccessScope::owner())?;
        let mut out = Vec::with_capacity(usize::try_from(visible.searcher.num_docs()).unwrap_or(0));
        for (ord, segment) in visible.searcher.segment_readers().iter().enumerate() {
            out.extend(segment.doc_ids_alive().filter_map(|doc| visible.places(ord).id(doc)));
        }
        Ok(out)
    }

    fn chunk_term(&self, id: ChunkId) -> Term {
        Term::from_field_text(self.fields.chunk, &id.to_string())
    }
}

impl Fields {
    fn document(&self, chunk: &IndexedChunk) -> TantivyDocument {
        let (high, low) = chunk.id.0.as_u64_pair();
        let mut document = TantivyDocument::default();
        document.add_text(self.chunk, chunk.id.to_string());
        document.add_u64(self.id_high, high);
        document.add_u64(self.id_low, low);
        document.add_text(self.document, &chunk.document_id);
        document.add_text(self.collection, &chunk.collection);
        for group in allow_field(&chunk.access.allow) {
            document.add_text(self.allow, group);
        }
        for group in &chunk.access.deny {
            document.add_text(self.deny, group);
        }
        if let Some(language) = &chunk.language {
            document.add_text(self.language, language);
        }
        let marked = |text: &str| analyzer::mark(text, chunk.language.as_deref());
        let context = [Some(&chunk.title), chunk.heading.as_ref(), chunk.table_header.as_ref(), Some(&chunk.text)];
        for part in context.into_iter().flatten() {
            document.add_text(self.text, marked(part));
        }
        document
    }
}

fn index(dir: &Path) -> Result<(Index, Fields)> {
    std::fs::create_dir_all(dir).map_err(|source| Error::Io { path: dir.to_owned(), source })?;
    let (schema, fields) = schema();
    let directory = MmapDirectory::open(dir).map_err(|e| Error::Lexical(Box::new(e)))?;
    let index = Index::open_or_create(directory, schema).map_err(failed)?;
    index.tokenizers().register(ANALYZER, analyzer::Analyzer);
    Ok((index, fields))
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
        text: schema.add_text_field("text", text()),
    };
    (schema.build(), fields)
}

fn failed(error: tantivy::TantivyError) -> Error {
    Error::Lexical(Box::new(error))
}
