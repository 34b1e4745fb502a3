//! The only door in: the commit protocol.
//!
//! 1. catalog: new versions and their chunks, `staged`
//! 2. vectors upserted and flushed, lexical index committed
//! 3. catalog: staged → `live`, the old versions → `retired`, in one transaction: the moment that readers see it
//! 4. retired chunks leave the indexes, then the catalog
//!
//! Chunk ids are deterministic, so doing a step twice changes nothing. Whatever a crash leaves between the steps is
//! undone (staged) or finished (retired) at the next start.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::catalog::{StagedDocument, title_or_name};
use super::types::{ChunkId, IndexedChunk, Labels, NewDocument};
use super::vectors::Point;
use super::{Catalog, Lexical, Space, VectorStore};
use crate::{Error, Result, failpoint};

/// Versions that are cleaned up in one go.
const CLEANUP_BATCH: usize = 200;

/// What a commit did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    pub added: u64,
    pub changed: u64,
    pub chunks: u64,
}

/// One commit at a time; callers queue. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    catalog: Catalog,
    lexical: Lexical,
    vectors: Arc<dyn VectorStore>,
    space: Space,
    turn: Arc<Mutex<()>>,
}

impl Writer {
    pub fn new(catalog: Catalog, lexical: Lexical, vectors: Arc<dyn VectorStore>, space: Space) -> Writer {
        Writer { catalog, lexical, vectors, space, turn: Arc::default() }
    }

    /// Commits documents, all of them or none. When it returns, they are durable in the three stores and readers see them.
    pub async fn commit(&self, documents: Vec<NewDocument>) -> Result<Committed> {
        let _turn = self.turn.lock().await;
        self.commit_in_turn(documents).await
    }

    /// Gives live documents other labels: a new version of each, with the text, the chunks and the vectors that it
    /// has. Readers see the new labels everywhere at the same moment.
    pub async fn relabel(&self, documents: &[(String, Labels)]) -> Result<()> {
        let _turn = self.turn.lock().await;
        let mut relabelled = Vec::with_capacity(documents.len());
        for (id, labels) in documents {
            let Some((mut document, version)) = self.catalog.live_document(id).await? else { continue };
            let ids: Vec<ChunkId> = (0..document.chunks.len()).map(|n| ChunkId::new(id, version, n)).collect();
            let mut vectors = self.vectors.vectors(&ids).await?;
            for (chunk, id) in document.chunks.iter_mut().zip(&ids) {
                let missing =
                    || Error::Vectors { detail: format!("chunk {id} is missing; run taproot doctor --repair") };
                chunk.vector = vectors.remove(id).ok_or_else(missing)?;
            }
            relabelled.push(NewDocument { labels: labels.clone(), ..document });
        }
        if !relabelled.is_empty() {
            self.commit_in_turn(relabelled).await?;
        }
        Ok(())
    }

    async fn commit_in_turn(&self, documents: Vec<NewDocument>) -> Result<Committed> {
        let text_bytes = documents.iter().map(|document| document.text.len() as u64).sum();
        self.space.expect(text_bytes, documents.iter().map(|document| document.chunks.len() as u64).sum())?;
        let staged = self.catalog.stage(&documents).await?;
        failpoint("staged");
        if let Err(error) = self.index(&documents, &staged).await {
            // The caller is told of the failure; what was staged is undone now, or at the next start.
            if let Err(undo) = self.clean_up("staged").await {
                tracing::error!(error = %undo, "a failed commit could not be undone; the next start will do it");
            }
            return Err(error);
        }
        self.catalog.publish(&staged).await?;
        failpoint("published");
        self.clean_up("retired").await?;
        let changed = staged.iter().filter(|document| document.replaces).count() as u64;
        let chunks = documents.iter().map(|document| document.chunks.len() as u64).sum();
        Ok(Committed { added: staged.len() as u64 - changed, changed, chunks })
    }

    /// Deletes documents. When it returns, they are gone from the three stores.
    pub async fn delete(&self, document_ids: &[String]) -> Result<()> {
        let _turn = self.turn.lock().await;
        self.catalog.retire(document_ids).await?;
        failpoint("retired");
        self.clean_up("retired").await
    }

    /// Undoes and finishes what a crash left between the steps. Returns how many versions that were.
    pub async fn recover(&self) -> Result<usize> {
        let _turn = self.turn.lock().await;
        let left = self.catalog.pending("staged", usize::MAX).await?.len()
            + self.catalog.pending("retired", usize::MAX).await?.len();
        self.clean_up("staged").await?;
        self.clean_up("retired").await?;
        Ok(left)
    }

    /// Brings chunks that an index lost back from the catalog: `points` carry fresh vectors.
    pub async fn restore(&self, lexical: Vec<IndexedChunk>, points: Vec<Point>) -> Result<()> {
        let _turn = self.turn.lock().await;
        let ids: Vec<ChunkId> = lexical.iter().map(|chunk| chunk.id).chain(points.iter().map(|p| p.chunk.id)).collect();
        let live = self.catalog.live_of(&ids).await?;
        let points = points.into_iter().filter(|point| live.contains(&point.chunk.id)).collect();
        self.vectors.upsert(points).await?;
        let lexical = lexical.into_iter().filter(|chunk| live.contains(&chunk.id)).collect();
        self.commit_lexical(lexical, Vec::new()).await
    }

    /// Takes chunks out of the indexes that the catalog does not know as live; it is asked again, since a commit may
    /// have come in between.
    pub async fn expel(&self, mut lexical: Vec<ChunkId>, mut vectors: Vec<ChunkId>) -> Result<()> {
        let _turn = self.turn.lock().await;
        let live = self.catalog.live_of(&[lexical.as_slice(), vectors.as_slice()].concat()).await?;
        vectors.retain(|id| !live.contains(id));
        lexical.retain(|id| !live.contains(id));
        self.vectors.delete(vectors).await?;
        self.commit_lexical(Vec::new(), lexical).await
    }

    /// Waits until no write is under way.
    pub async fn finish(&self) {
        let _turn = self.turn.lock().await;
    }

    /// Step 2.
    async fn index(&self, documents: &[NewDocument], staged: &[StagedDocument]) -> Result<()> {
        let mut points = Vec::new();
        for (document, staged) in documents.iter().zip(staged) {
            for (ordinal, chunk) in document.chunks.iter().enumerate() {
                let indexed = indexed_chunk(document, staged, ordinal);
                points.push(Point { chunk: indexed, vector: chunk.vector.clone() });
            }
        }
        let chunks = points.iter().map(|point| point.chunk.clone()).collect();
        self.vectors.upsert(points).await?;
        failpoint("vectors-written");
        self.commit_lexical(chunks, Vec::new()).await?;
        failpoint("indexed");
        Ok(())
    }

    /// Step 4, and the undoing of steps 1 and 2.
    async fn clean_up(&self, state: &'static str) -> Result<()> {
        loop {
            let pending = self.catalog.pending(state, CLEANUP_BATCH).await?;
            if pending.is_empty() {
                return Ok(());
            }
            let ids: Vec<ChunkId> = pending.iter().flat_map(|version| version.chunk_ids.iter().copied()).collect();
            self.vectors.delete(ids.clone()).await?;
            failpoint("vectors-deleted");
            self.commit_lexical(Vec::new(), ids).await?;
            failpoint("terms-deleted");
            self.catalog.forget(&pending).await?;
            failpoint("forgotten");
        }
    }

    async fn commit_lexical(&self, upserts: Vec<IndexedChunk>, deletes: Vec<ChunkId>) -> Result<()> {
        if upserts.is_empty() && deletes.is_empty() {
            return Ok(());
        }
        let lexical = self.lexical.clone();
        let joined = tokio::task::spawn_blocking(move || {
            let written = lexical.upsert(&upserts).and_then(|()| {
                lexical.delete(&deletes);
                lexical.commit()
            });
            if written.is_err() {
                lexical.rollback()?;
            }
            written
        });
        joined.await.map_err(|e| Error::Panicked { detail: e.to_string() })?
    }
}

fn indexed_chunk(document: &NewDocument, staged: &StagedDocument, ordinal: usize) -> IndexedChunk {
    let chunk = &document.chunks[ordinal];
    IndexedChunk {
        id: ChunkId::new(&staged.document_id, staged.version, ordinal),
        document_id: staged.document_id.clone(),
        version: staged.version,
        collection: document.labels.collection.clone(),
        access: document.labels.access.clone(),
        language: chunk.language.clone(),
        title: title_or_name(document.title.clone(), &document.uri),
        heading: chunk.heading.clone(),
        table_header: chunk.table_header.clone(),
        text: chunk.text.clone(),
    }
}
