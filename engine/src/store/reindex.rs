//! Opens the lexical index, and makes it anew from the catalog when it is not of this program's kind.
//!
//! Terms and fields change with the program, and an index of other terms finds nothing or the wrong things. So the
//! index lies in a folder that is named after its kind ([`Lexical::kind`]):
//!
//! ```text
//! lexical/KIND/        the index; it is here only when it is complete
//! lexical/KIND.new/    one that is being made, or what a kill left of it
//! lexical/anything     of another version of the program
//! ```
//!
//! The new index is made beside the old one, made durable, and gets its name by one rename; then what has other names
//! goes. After a kill at any moment the next start finds the whole new index, or makes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::lexical::Builder;
use super::{Catalog, ChunkId, Lexical};
use crate::{Error, Result, failpoint};

/// Ids read from the catalog in one go, and chunks.
const PAGE: usize = 10_000;
const BATCH: usize = 500;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// The index below `dir`, of this program's kind.
pub async fn open_lexical(dir: &Path, catalog: &Catalog) -> Result<Lexical> {
    let kind = Lexical::kind();
    let current = dir.join(&kind);
    if !current.is_dir() {
        let unfinished = dir.join(format!("{kind}.new"));
        remove(&unfinished)?;
        make(&unfinished, catalog).await?;
        failpoint("lexical-made");
        fs::rename(&unfinished, &current).map_err(io(&current))?;
        sync(dir)?;
        failpoint("lexical-renamed");
    }
    let entries = fs::read_dir(dir).map_err(io(dir))?;
    for entry in entries {
        let entry = entry.map_err(io(dir))?;
        if *entry.file_name() != *kind {
            remove(&entry.path())?;
        }
    }
    Lexical::open(&current)
}

/// Writes an index of all live chunks. What is staged or retired, [`super::Writer::recover`] deals with.
async fn make(dir: &Path, catalog: &Catalog) -> Result<()> {
    let ids = live_ids(catalog).await?;
    let (begun, mut told) = (Instant::now(), Instant::now());
    if !ids.is_empty() {
        tracing::info!(chunks = ids.len(), "the lexical index is of another version: making it anew from the catalog");
    }
    let mut builder = Builder::new(dir)?;
    for (batch, some) in ids.chunks(BATCH).enumerate() {
        let chunks = catalog.indexed_chunks(some).await?;
        builder = blocking(move || builder.add(&chunks).map(|()| builder)).await?;
        failpoint("lexical-making");
        if told.elapsed() > TELL_EVERY {
            told = Instant::now();
            tracing::info!(done = batch * BATCH, of = ids.len(), "making the lexical index anew");
        }
    }
    blocking(move || builder.finish()).await?;
    if !ids.is_empty() {
        tracing::info!(chunks = ids.len(), seconds = begun.elapsed().as_secs_f32(), "the lexical index is made anew");
    }
    Ok(())
}

async fn live_ids(catalog: &Catalog) -> Result<Vec<ChunkId>> {
    let mut ids = Vec::new();
    loop {
        let page = catalog.live_chunk_ids(ids.last().copied(), PAGE).await?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page);
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Panicked { detail: e.to_string() })?
}

/// A folder or a file, if it is there.
fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(io(path))
}

/// Makes a rename in a folder durable.
fn sync(dir: &Path) -> Result<()> {
    fs::File::open(dir).and_then(|folder| folder.sync_all()).map_err(io(dir))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = PathBuf::from(path);
    |source| Error::Io { path, source }
}
