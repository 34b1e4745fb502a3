//! The ingest's door: one folder brought into one collection.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use taproot_engine::store::FileRecord;
use taproot_engine::{Engine, Error, Result};
use taproot_parse::sandbox::ParserLimits;
use taproot_schemas::job::{FileErrorCode, FileFailure, Progress, Report};
use tokio::sync::watch;

use crate::pipeline::{self, Context};
use crate::plan::{HashedFile, Plan, plan};
use crate::progress::Tracker;
use crate::scan::{ScannedFile, scan};

/// Counts up when parsing, chunking or what is stored of a document changes: files are then read again.
const PIPELINE_VERSION: u32 = 1;

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
    /// The program that runs as parser child (`PROGRAM parse-worker`): normally this program itself.
    pub parser: PathBuf,
    pub limits: ParserLimits,
}

/// Brings the collection to the state of the folder, and returns when all of it is committed. One bad file never
/// stops the rest. `cancel` turning true stops after the batch at hand; what was committed stays.
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
    let single_file = path.is_file();
    let root = if single_file { path.parent().unwrap_or(&path).to_owned() } else { path.clone() };
    let catalog = engine.catalog()?;
    let source_id = catalog.source(&request.collection, &root.to_string_lossy()).await?;
    let context = Arc::new(Context {
        pipeline: fingerprint(engine, &request.allow),
        source_id,
        models: engine.models(),
        threads: engine.threads(),
        tracker: Tracker::new(progress),
        cancel,
        request,
    });

    let Look { on_disk, unread, complete } = look(&context, path).await?;
    let mut seen = catalog.files(&context.source_id).await?;
    // What is there but cannot be read now is neither gone nor moved.
    seen.retain(|record| !unread.contains(&record.path) && (!single_file || is_named(record, &on_disk)));
    let plan = plan(on_disk, seen, &context.pipeline);
    context.tracker.planned(&plan);
    if !context.cancelled() {
        apply_moves(engine, &context, &plan).await?;
        // A tree that was not seen whole tells nothing about what is gone from it.
        if context.request.delete && complete && !single_file {
            delete_gone(engine, &context, &plan).await?;
        }
        report_unchanged(engine, &context, &plan).await?;
        pipeline::run(engine, Arc::clone(&context), plan.read).await?;
    }
    Ok(context.tracker.report(begun.elapsed()))
}

/// Names of groups and collections stand in lists, queries and headers: they are plain.
fn check_names(request: &IngestRequest) -> Result<()> {
    let plain = |name: &&String| {
        !name.is_empty()
            && name.chars().count() <= 100
            && !name.contains(|c: char| c.is_control() || "\"\\,*".contains(c))
    };
    match request.allow.iter().chain([&request.collection]).find(|name| !plain(name)) {
        None => Ok(()),
        Some(name) => Err(Error::InvalidRequest {
            what: "name of a group or collection",
            detail: format!("{name:?} is empty, too long, or has one of \" \\ , * in it"),
        }),
    }
}

/// What the stored result of a file depends on besides its content.
fn fingerprint(engine: &Engine, allow: &[String]) -> String {
    let mut allow = allow.to_vec();
    allow.sort();
    format!("{PIPELINE_VERSION}/{}/{allow:?}", engine.models().embedder.fingerprint())
}

/// What a look at the folder found.
struct Look {
    on_disk: Vec<HashedFile>,
    /// Paths of files that are there and could not be read.
    unread: HashSet<String>,
    /// False when a part of the tree could not be read.
    complete: bool,
}

/// Walks the folder and hashes its files, on a thread of its own.
async fn look(context: &Arc<Context>, path: PathBuf) -> Result<Look> {
    let context = Arc::clone(context);
    let looked = tokio::task::spawn_blocking(move || {
        let found = scan(&path);
        context.tracker.scanned(found.files.len());
        let (mut on_disk, mut failed) = (Vec::new(), found.failed);
        for file in found.files {
            match hashed(&context, file) {
                Ok(file) => on_disk.push(file),
                Err(failure) => failed.push(failure),
            }
        }
        let unread = failed.iter().map(|failure| failure.path.clone()).collect();
        failed.into_iter().for_each(|failure| context.tracker.failed(failure));
        Look { on_disk, unread, complete: found.complete }
    });
    looked.await.map_err(|e| Error::Panicked { detail: e.to_string() })
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

fn is_named(record: &FileRecord, on_disk: &[HashedFile]) -> bool {
    on_disk.iter().any(|file| file.file.path == record.path)
}

async fn apply_moves(engine: &Engine, context: &Context, plan: &Plan) -> Result<()> {
    let catalog = engine.catalog()?;
    for (from, to) in &plan.moved {
        let documents = catalog.move_file(&context.source_id, from, to).await?;
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
        catalog.forget_file(&context.source_id, path).await?;
        context.tracker.deleted(ids.len() as u64);
    }
    Ok(())
}

/// Files that failed last time and did not change fail again, without being read.
async fn report_unchanged(engine: &Engine, context: &Context, plan: &Plan) -> Result<()> {
    let catalog = engine.catalog()?;
    for record in &plan.unchanged {
        match record.failure() {
            Some(failure) => context.tracker.failed(failure),
            None => {
                let documents = catalog.documents_of_file(&context.source_id, &record.path).await?.len();
                context.tracker.unchanged(documents as u64);
            }
        }
    }
    Ok(())
}
