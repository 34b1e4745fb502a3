//! The committing stage: documents → batches → the writer; and files recorded as done behind them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use taproot_engine::store::{FileDocument, FileRecord, NewDocument};
use taproot_engine::{Engine, Result, failpoint};
use taproot_schemas::job::FileErrorCode;
use tokio::sync::mpsc;

use super::{Context, Event, FileEnd};
use crate::labels::relabel_file;

/// A batch is committed when it has this many chunks or documents, or is this old.
const BATCH_CHUNKS: usize = 512;
const BATCH_DOCUMENTS: usize = 256;
const BATCH_AGE: Duration = Duration::from_secs(2);

/// Takes events until every stage before has ended.
pub async fn commit_events(engine: &Engine, context: &Context, mut events: mpsc::Receiver<Event>) -> Result<()> {
    let mut committer = Committer { engine, context, batch: Vec::new(), chunks: 0, begun: None, files: HashMap::new() };
    loop {
        let due = committer.begun.map_or(BATCH_AGE, |begun| BATCH_AGE.saturating_sub(begun.elapsed()));
        match tokio::time::timeout(due, events.recv()).await {
            Ok(Some(Event::Document { file, document })) => committer.take(file, *document),
            Ok(Some(Event::FileEnd(end))) => committer.ended(*end),
            Ok(Some(Event::Broken(error))) => return Err(error),
            Ok(None) => return committer.flush().await,
            Err(_) => committer.flush().await?,
        }
        if committer.is_full() {
            committer.flush().await?;
        }
    }
}

/// A file that cannot be read keeps what was read of it before, as long as that may be a passing fault (a file half
/// copied, a time-out). An owner who emptied or encrypted it does not want the old text to be found.
fn replaces_the_old(end: &FileEnd) -> bool {
    use FileErrorCode::{Empty, Encrypted, UnsupportedFormat};
    end.failures.last().is_some_and(|failure| matches!(failure.code, Empty | Encrypted | UnsupportedFormat))
}

struct Committer<'a> {
    engine: &'a Engine,
    context: &'a Context,
    /// Documents with the index of their file.
    batch: Vec<(usize, NewDocument)>,
    chunks: usize,
    begun: Option<Instant>,
    files: HashMap<usize, FileState>,
}

/// How far a file is.
#[derive(Default)]
struct FileState {
    committed: usize,
    end: Option<FileEnd>,
}

impl Committer<'_> {
    fn take(&mut self, file: usize, document: NewDocument) {
        self.begun.get_or_insert_with(Instant::now);
        self.chunks += document.chunks.len();
        self.batch.push((file, document));
    }

    fn ended(&mut self, end: FileEnd) {
        self.begun.get_or_insert_with(Instant::now);
        let file = self.files.entry(end.index).or_default();
        file.end = Some(end);
    }

    fn is_full(&self) -> bool {
        self.chunks >= BATCH_CHUNKS || self.batch.len() >= BATCH_DOCUMENTS
    }

    async fn flush(&mut self) -> Result<()> {
        let begun = Instant::now();
        let (files, documents): (Vec<usize>, Vec<NewDocument>) = self.batch.drain(..).unzip();
        self.chunks = 0;
        self.begun = None;
        if !documents.is_empty() {
            let committed = self.engine.writer()?.commit(documents).await?;
            self.context.tracker.committed(committed);
        }
        for file in files {
            self.files.entry(file).or_default().committed += 1;
        }
        let done =
            self.files.extract_if(|_, state| state.end.as_ref().is_some_and(|end| end.produced == state.committed));
        let done: Vec<FileEnd> = done.filter_map(|(_, state)| state.end).collect();
        let mut records = Vec::with_capacity(done.len());
        for end in &done {
            records.push(self.finish(end).await?);
        }
        failpoint("files-done");
        self.engine.catalog()?.save_files(&self.context.source_id, &records).await?;
        done.into_iter().for_each(|end| self.tell(end));
        self.context.tracker.time(|stages| &stages.commit, begun.elapsed());
        Ok(())
    }

    /// All documents of the file are committed: those that it no longer holds go. Returns what is to be recorded of it.
    async fn finish(&self, end: &FileEnd) -> Result<FileRecord> {
        let catalog = self.engine.catalog()?;
        let (source_id, path) = (&self.context.source_id, &end.file.file.path);
        let keeps_the_old = end.failed && !replaces_the_old(end);
        let documents = catalog.documents_of_file(source_id, path).await?;
        let goes = |document: &FileDocument| !keeps_the_old && !end.uris.contains(&document.uri);
        let gone: Vec<String> = documents.into_iter().filter(goes).map(|document| document.id).collect();
        if !gone.is_empty() {
            self.engine.writer()?.delete(&gone).await?;
            self.context.tracker.deleted(gone.len() as u64);
        }
        // What stays of the file has the labels that hold now, also when it could not be read again.
        relabel_file(self.engine, self.context, &end.file, |_| false).await?;
        let error = end.failures.last().filter(|_| end.failed);
        let error = error.map(|failure| (failure.code, failure.reason.clone()));
        Ok(end.file.record(&self.context.pipeline, error))
    }

    fn tell(&self, end: FileEnd) {
        self.context.tracker.unchanged(end.unchanged);
        end.failures.into_iter().for_each(|failure| self.context.tracker.failed(failure));
        self.context.tracker.file_done(end.file.file.bytes);
    }
}
