//! The ingest's door: one folder brought into one collection.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use taproot_engine::store::FileRecord;
use taproot_engine::{Engine, Error, Result, check_name, failpoint};
use taproot_parse::sandbox::{ParserLimits, Tesseract};
use taproot_schemas::job::{FileErrorCode, FileFailure, Progress, Report};
use tokio::sync::watch;

use crate::chunk::Chunking;
use crate::labels::{relabel, relabel_file};
use crate::pipeline::{self, Context};
use crate::plan::{HashedFile, Pipeline, Plan, plan};
use crate::progress::Tracker;
use crate::scan::{FolderSettings, ScannedFile, scan_below};

/// Counts up when parsing, chunking or what is stored of a document changes: files are then read again.
const PIPELINE_VERSION: u32 = 2;

/// One ingest of one folder or file.
#[derive(Debug, Clone)]
pub struct IngestRequest {
    /// Folder or file.
    pub path: PathBuf,
    pub collection: String,
    /// Groups that may read the documents; empty means everybody.
    pub allow: Vec<String>,
    /// Whether documents whose files are gone are deleted.
    pub delete: bool,
    /// Delete even when the source has lost more than half of its files.
    pub confirm_delete: bool,
    /// Only say what would be done, in [`Report::planned`].
    pub dry_run: bool,
    /// Only this file, below the folder `path`, and that one is read even if nothing about it has changed. No other is
    /// looked at.
    pub file: Option<String>,
    /// The program that runs as parser child (`PROGRAM parse-worker`): normally this program itself.
    pub parser: PathBuf,
    pub limits: ParserLimits,
    /// Reads scans and images.
    pub ocr: Arc<Tesseract>,
    pub chunking: Chunking,
}

/// Brings the collection to the state of the folder, and returns when all of it is committed. One bad file never
/// stops the rest. `cancel` turning true stops after the batch at hand; what was committed stays.
///
/// # Errors
/// Besides what fails in the stores: [`Error::TooManyDeletions`] before anything is changed.
pub async fn ingest(
    engine: &Engine,
    request: IngestRequest,
    progress: watch::Sender<Progress>,
    cancel: watch::Receiver<bool>,
) -> Result<Report> {
    let begun = Instant::now();
    check_names(&request)?;
    let path = tokio::fs::canonicalize(&request.path)
        .await
        .map_err(|source| Error::Io { path: request.path.clone(), source })?;
    let single_file = path.is_file() || request.file.is_some();
    let root = if path.is_file() { path.parent().unwrap_or(&path).to_owned() } else { path.clone() };
    let reread = match &request.file {
        Some(file) => Some(inside(&root, file).await?),
        None => None,
    };
    let catalog = engine.catalog()?;
    let source_id = match request.dry_run {
        false => catalog.source(&request.collection, &root.to_string_lossy()).await?,
        true => catalog.known_source(&request.collection, &root.to_string_lossy()).await?.unwrap_or_default(),
    };
    let Chunking { max_tokens, overlap_tokens } = request.chunking;
    let context = Arc::new(Context {
        pipeline: Pipeline::new(
            &format!("{PIPELINE_VERSION}/{}/{max_tokens}+{overlap_tokens}", engine.models().embedder.fingerprint()),
            &request.ocr.fingerprint(),
        ),
        source_id,
        models: engine.models(),
        threads: engine.threads(),
        tracker: Tracker::new(progress),
        cancel,
        request,
    });

    let mut seen = catalog.files(&context.source_id).await?;
    let Look { on_disk, unread, complete } = look(&context, root, reread.unwrap_or(path), &seen).await?;
    let on_disk_paths: HashSet<&str> = on_disk.iter().map(|file| file.file.path.as_str()).collect();
    // What is there but cannot be read now is neither gone nor moved.
    seen.retain(|record| {
        !unread.contains(&record.path) && (!single_file || on_disk_paths.contains(record.path.as_str()))
    });
    if context.request.file.is_some() {
        // As if it had been read in another way then.
        seen.iter_mut().for_each(|record| record.pipeline.clear());
    }
    let documents = catalog.document_counts(&context.source_id).await?;
    let mut plan = plan(on_disk, seen, &documents, &context.pipeline);
    // A tree that was not seen whole tells nothing about what is gone from it.
    if !complete || single_file {
        plan.keep_all();
    } else if !context.request.delete {
        plan.gone.clear();
        plan.lost = 0;
    }
    if context.request.dry_run {
        return Ok(Report { planned: Some(plan.told()), ..context.tracker.report(begun.elapsed()) });
    }
    if plan.loses_too_much() && !context.request.confirm_delete {
        return Err(Error::TooManyDeletions { gone: plan.lost, total: plan.seen });
    }
    context.tracker.planned(&plan);
    if !context.cancelled() {
        apply_moves(engine, &context, &plan).await?;
        delete_gone(engine, &context, &plan).await?;
        apply_labels(engine, &context, &plan).await?;
        report_unchanged(engine, &context, &plan).await?;
        pipeline::run(engine, Arc::clone(&context), plan.into_read()).await?;
    }
    Ok(context.tracker.report(begun.elapsed()))
}

/// The file as it lies below the folder, which no link leads out of.
async fn inside(root: &Path, file: &str) -> Result<PathBuf> {
    let path = root.join(file);
    let real = tokio::fs::canonicalize(&path).await;
    match real {
        Ok(real) if real == path => Ok(path),
        Ok(_) => Err(Error::Io { path, source: std::io::ErrorKind::NotFound.into() }),
        Err(source) => Err(Error::Io { path, source }),
    }
}

fn check_names(request: &IngestRequest) -> Result<()> {
    let mut names = request.allow.iter().chain([&request.collection]);
    names
        .try_for_each(|name| check_name(name))
        .map_err(|detail| Error::InvalidRequest { what: "name of a group or collection", detail })
}

/// What a look at the folder found.
struct Look {
    on_disk: Vec<HashedFile>,
    /// Paths of files that are there and could not be read.
    unread: HashSet<String>,
    /// False when a part of the tree could not be read.
    complete: bool,
}

/// Walks the folder and hashes its files, on a thread of its own. A file that has the size and the time that it was
/// last seen with is not read for its hash.
async fn look(context: &Arc<Context>, root: PathBuf, path: PathBuf, seen: &[FileRecord]) -> Result<Look> {
    let known: HashMap<String, (u64, i64, String)> = seen
        .iter()
        .filter(|record| record.modified_ns != 0 && !record.hash.is_empty())
        .map(|record| (record.path.clone(), (record.bytes, record.modified_ns, record.hash.clone())))
        .collect();
    let context = Arc::clone(context);
    let looked = tokio::task::spawn_blocking(move || {
        let IngestRequest { collection, allow, .. } = &context.request;
        let outermost = FolderSettings {
            collection: Some(collection.clone()),
            allow: Some(allow.clone()),
            ..FolderSettings::default()
        };
        let found = scan_below(&root, &path, outermost, |files| context.tracker.scanned(files))?;
        context.tracker.planning();
        let (mut on_disk, mut failed) = (Vec::new(), found.failed);
        for file in found.files {
            match known.get(&file.path) {
                Some((bytes, modified_ns, hash)) if (*bytes, *modified_ns) == (file.bytes, file.modified_ns) => {
                    on_disk.push(HashedFile { file, hash: hash.clone() });
                }
                _ => match hashed(&context, file) {
                    Ok(file) => on_disk.push(file),
                    Err(failure) => failed.push(failure),
                },
            }
        }
        let unread = failed.iter().map(|failure| failure.path.clone()).collect();
        failed.into_iter().for_each(|failure| context.tracker.failed(failure));
        Ok(Look { on_disk, unread, complete: found.complete })
    });
    looked.await.map_err(|e| Error::Panicked { detail: e.to_string() })?
}

fn hashed(context: &Context, file: ScannedFile) -> Result<HashedFile, FileFailure> {
    let limit = context.request.limits.max_file_bytes;
    if file.bytes > limit {
        let reason = format!("the file has {} MiB, the limit is {} MiB", file.bytes >> 20, limit >> 20);
        return Err(FileFailure { path: file.path, code: FileErrorCode::TooLarge, reason });
    }
    let begun = Instant::now();
    let hash = hash(&file.absolute);
    context.tracker.time(|stages| &stages.hash, begun.elapsed());
    match hash {
        Ok(hash) => Ok(HashedFile { file, hash }),
        Err(error) => {
            Err(FileFailure { path: file.path, code: FileErrorCode::Unreadable, reason: error.kind().to_string() })
        }
    }
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

async fn apply_moves(engine: &Engine, context: &Context, plan: &Plan) -> Result<()> {
    let catalog = engine.catalog()?;
    for (from, to) in &plan.moved {
        let documents = catalog.move_file(&context.source_id, from, &to.file.path).await?;
        failpoint("moved");
        // A document that is called by another name now, or that other labels hold for, is written anew.
        let renamed = Path::new(from).file_name() != Path::new(&to.file.path).file_name();
        relabel_file(engine, context, to, |document| renamed && document.named_by_file).await?;
        catalog.save_file(&context.source_id, &to.record(&context.pipeline, None)).await?;
        context.tracker.moved(documents);
    }
    Ok(())
}

async fn delete_gone(engine: &Engine, context: &Context, plan: &Plan) -> Result<()> {
    let catalog = engine.catalog()?;
    for path in &plan.gone {
        let documents = catalog.documents_of_file(&context.source_id, path).await?;
        let ids: Vec<String> = documents.into_iter().map(|document| document.id).collect();
        engine.writer()?.delete(&ids).await?;
        failpoint("deleted");
        catalog.forget_file(&context.source_id, path).await?;
        context.tracker.deleted(ids.len() as u64);
    }
    Ok(())
}

/// Files whose labels are others now, and files whose time is.
async fn apply_labels(engine: &Engine, context: &Context, plan: &Plan) -> Result<()> {
    relabel(engine, context, &plan.relabel).await?;
    let errors: HashMap<&str, &FileRecord> =
        plan.unchanged.iter().map(|record| (record.path.as_str(), record)).collect();
    let record = |file: &HashedFile| {
        let error = errors.get(file.file.path.as_str()).and_then(|record| record.error.clone());
        file.record(&context.pipeline, error)
    };
    let records: Vec<FileRecord> = plan.relabel.iter().chain(&plan.touched).map(record).collect();
    engine.catalog()?.save_files(&context.source_id, &records).await
}

/// Files that failed last time and did not change fail again, without being read.
async fn report_unchanged(engine: &Engine, context: &Context, plan: &Plan) -> Result<()> {
    let counts = engine.catalog()?.document_counts(&context.source_id).await?;
    for record in &plan.unchanged {
        match record.failure() {
            Some(failure) => context.tracker.failed(failure),
            None => context.tracker.unchanged(counts.get(&record.path).copied().unwrap_or(0)),
        }
    }
    Ok(())
}
