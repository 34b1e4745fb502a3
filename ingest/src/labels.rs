//! Gives documents the labels that hold for their files now, without reading or embedding anything again.

use taproot_engine::store::{FileDocument, Labels};
use taproot_engine::{Engine, Result};

use crate::pipeline::Context;
use crate::plan::HashedFile;

/// Chunks and documents that are written in one go.
const BATCH_CHUNKS: u64 = 512;
const BATCH_DOCUMENTS: usize = 256;

/// All documents of these files whose labels are others.
pub async fn relabel(engine: &Engine, context: &Context, files: &[HashedFile]) -> Result<()> {
    let mut batch = Batch::new(engine, context);
    for file in files {
        batch.add(file, |_| false).await?;
    }
    batch.flush().await
}

/// The documents of one file whose labels are others, or that are to be written anew all the same.
pub async fn relabel_file(
    engine: &Engine,
    context: &Context,
    file: &HashedFile,
    anew: impl Fn(&FileDocument) -> bool,
) -> Result<()> {
    let mut batch = Batch::new(engine, context);
    batch.add(file, anew).await?;
    batch.flush().await
}

struct Batch<'a> {
    engine: &'a Engine,
    context: &'a Context,
    documents: Vec<(String, Labels)>,
    chunks: u64,
}

impl<'a> Batch<'a> {
    fn new(engine: &'a Engine, context: &'a Context) -> Batch<'a> {
        Batch { engine, context, documents: Vec::new(), chunks: 0 }
    }

    async fn add(&mut self, file: &HashedFile, anew: impl Fn(&FileDocument) -> bool) -> Result<()> {
        let labels = file.file.settings.labels();
        let documents = self.engine.catalog()?.documents_of_file(&self.context.source_id, &file.file.path).await?;
        for document in documents {
            if document.labels == labels && !anew(&document) {
                continue;
            }
            self.context.tracker.relabelled(u64::from(document.labels != labels));
            self.chunks += document.chunks;
            self.documents.push((document.id, labels.clone()));
            if self.chunks >= BATCH_CHUNKS || self.documents.len() >= BATCH_DOCUMENTS {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.chunks = 0;
        let documents = std::mem::take(&mut self.documents);
        self.engine.writer()?.relabel(&documents).await
    }
}
