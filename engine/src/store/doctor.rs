//! Compares the three stores id by id, and mends what differs: the catalog is right.

use std::collections::HashSet;
use std::sync::Arc;

use taproot_schemas::doctor::{Difference, DifferenceKind, DoctorReport};

use super::types::ChunkId;
use super::vectors::Point;
use super::{Catalog, Lexical, VectorStore, Writer};
use crate::Result;
use crate::executor::Executor;
use crate::models::Models;

/// Ids read from a store in one go.
const PAGE: usize = 10_000;
/// Chunks restored in one go.
const RESTORE_BATCH: usize = 200;
/// Ids listed of each kind of difference.
const LISTED: usize = 100;

pub struct Doctor {
    pub catalog: Catalog,
    pub lexical: Lexical,
    pub vectors: Arc<dyn VectorStore>,
    pub writer: Writer,
    pub models: Arc<Models>,
    pub executor: Executor,
}

/// What each index has too little and too much of.
#[derive(Default)]
struct Differences {
    missing_in_lexical: Vec<ChunkId>,
    missing_in_vectors: Vec<ChunkId>,
    extra_in_lexical: Vec<ChunkId>,
    extra_in_vectors: Vec<ChunkId>,
}

impl Doctor {
    /// Examines, and with `repair` mends. Meant for a quiet moment: a commit under way may show as a difference.
    pub async fn examine(&self, repair: bool) -> Result<DoctorReport> {
        let catalog = self.catalog_ids().await?;
        let lexical = self.lexical_ids().await?;
        let vectors = self.vector_ids().await?;
        let found = Differences {
            missing_in_lexical: minus(&catalog, &lexical),
            missing_in_vectors: minus(&catalog, &vectors),
            extra_in_lexical: minus(&lexical, &catalog),
            extra_in_vectors: minus(&vectors, &catalog),
        };
        let differences = found.report();
        let repaired = repair && !differences.is_empty();
        if repaired {
            self.mend(found).await?;
        }
        Ok(DoctorReport {
            healthy: differences.is_empty() || repaired,
            checks: Vec::new(),
            catalog_chunks: catalog.len() as u64,
            lexical_chunks: lexical.len() as u64,
            vector_chunks: vectors.len() as u64,
            differences,
            repaired,
        })
    }

    async fn mend(&self, found: Differences) -> Result<()> {
        self.writer.expel(found.extra_in_lexical, found.extra_in_vectors).await?;
        for ids in found.missing_in_lexical.chunks(RESTORE_BATCH) {
            self.writer.restore(self.catalog.indexed_chunks(ids).await?, Vec::new()).await?;
        }
        for ids in found.missing_in_vectors.chunks(RESTORE_BATCH) {
            let chunks = self.catalog.indexed_chunks(ids).await?;
            let models = Arc::clone(&self.models);
            let embed = move || {
                let embed = |chunk: super::IndexedChunk| {
                    let vector = models.embedder.embed_passage(&chunk.embedded_text())?;
                    Ok(Point { chunk, vector })
                };
                chunks.into_iter().map(embed).collect::<Result<Vec<Point>>>()
            };
            self.writer.restore(Vec::new(), self.executor.run(embed).await?).await?;
        }
        Ok(())
    }

    async fn catalog_ids(&self) -> Result<HashSet<ChunkId>> {
        let mut all = HashSet::new();
        let mut after = None;
        loop {
            let page = self.catalog.live_chunk_ids(after, PAGE).await?;
            after = page.last().copied();
            all.extend(page);
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    async fn lexical_ids(&self) -> Result<HashSet<ChunkId>> {
        let lexical = self.lexical.clone();
        self.executor.run(move || Ok(lexical.chunk_ids()?.into_iter().collect())).await
    }

    async fn vector_ids(&self) -> Result<HashSet<ChunkId>> {
        let mut all = HashSet::new();
        let mut after = None;
        loop {
            let page = self.vectors.chunk_ids(after, PAGE).await?;
            after = page.last().copied();
            all.extend(page);
            if after.is_none() {
                return Ok(all);
            }
        }
    }
}

impl Differences {
    fn report(&self) -> Vec<Difference> {
        [
            (DifferenceKind::MissingInLexical, &self.missing_in_lexical),
            (DifferenceKind::MissingInVectors, &self.missing_in_vectors),
            (DifferenceKind::ExtraInLexical, &self.extra_in_lexical),
            (DifferenceKind::ExtraInVectors, &self.extra_in_vectors),
        ]
        .into_iter()
        .filter(|(_, ids)| !ids.is_empty())
        .map(|(kind, ids)| Difference {
            kind,
            count: ids.len() as u64,
            chunk_ids: ids.iter().take(LISTED).map(ToString::to_string).collect(),
        })
        .collect()
    }
}

/// What `left` has and `right` has not, in order.
fn minus(left: &HashSet<ChunkId>, right: &HashSet<ChunkId>) -> Vec<ChunkId> {
    let mut ids: Vec<ChunkId> = left.difference(right).copied().collect();
    ids.sort();
    ids
}
