//! Files that were sent to the server. They lie in ordinary folders below `DATA/uploads`, and are ingested like any
//! other folder: so moves, deletes, originals and permissions work as they do everywhere.
//!
//! ```text
//! DATA/uploads/NAME/…              a synced folder as its last commit left it
//! DATA/uploads/@COLLECTION-KEY/…   files of POST /v1/documents; KEY stands for the collection and the groups
//! DATA/uploads/.sources/NAME.json  which collection and groups the folder belongs to
//! DATA/uploads/.sources/NAME.files hashes of its files, so that they are read once
//! DATA/uploads/.staging/NAME/HASH  contents that have arrived and wait for a commit, for 24 hours at the most
//! ```
//!
//! In: contents, manifests, forms. Out: folders, and the orders that ingest them. Each file gets to its place by one
//! rename, after the content has been written, checked and flushed, so that a process that is killed at any moment
//! leaves whole files, and a repeated diff and commit completes what it began. Who may send is not decided here.

mod apply;
mod error;
mod folder;
mod names;
mod plan;
mod staging;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use taproot_engine::{AccessScope, Engine};
use taproot_schemas::document::Deleted;
use taproot_schemas::sync::{Manifest, ManifestDiff, StagedContent};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::jobs::JobOrder;
use folder::Folder;
use names::Checked;
use plan::Changes;

pub use error::{Result, UploadError};
pub use names::file_path;
pub use staging::{Arrived, Incoming};

/// Contents that may be on their way in at a time.
const MAX_INCOMING: usize = 16;
/// How the jobs of uploaded folders name their sources.
pub const SOURCES: &str = "uploads/";
/// Files of a synced folder.
pub const MAX_FILES: usize = 100_000;

/// Cheap to clone; all clones are one place.
#[derive(Clone)]
pub struct Uploads(Arc<Inner>);

struct Inner {
    root: PathBuf,
    max_file_bytes: u64,
    /// One change of the folders at a time.
    turn: Arc<Mutex<()>>,
    incoming: Arc<Semaphore>,
    cleaner: parking_lot::Mutex<Option<JoinHandle<()>>>,
}

/// What is kept of a folder: `.sources/NAME.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Belonging {
    collection: String,
    /// Sorted.
    allow: Vec<String>,
}

/// A file of a form, with the path that it gets.
pub struct NewFile {
    pub path: String,
    pub content: Arrived,
}

impl Uploads {
    /// The uploads below a data directory. Nothing is made before something is sent.
    pub fn open(data_dir: &Path, max_file_bytes: u64) -> io::Result<Uploads> {
        let root = data_dir.canonicalize()?.join("uploads");
        let inner = Inner {
            root,
            max_file_bytes,
            turn: Arc::default(),
            incoming: Arc::new(Semaphore::new(MAX_INCOMING)),
            cleaner: parking_lot::Mutex::new(None),
        };
        Ok(Uploads(Arc::new(inner)))
    }

    /// Takes away what the last run left half-sent, and from then on what nobody commits.
    pub fn keep_clean(&self) {
        let cleaner = tokio::spawn(staging::keep_clean(self.0.root.clone(), Arc::clone(&self.0.turn)));
        *self.0.cleaner.lock() = Some(cleaner);
    }

    pub fn stop(&self) {
        if let Some(cleaner) = self.0.cleaner.lock().take() {
            cleaner.abort();
        }
    }

    pub fn max_file_bytes(&self) -> u64 {
        self.0.max_file_bytes
    }

    /// A place to receive a content, and the right to do so until it is dropped.
    pub async fn receive(&self) -> Result<(Incoming, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.0.incoming).try_acquire_owned().map_err(|_| UploadError::Busy)?;
        Ok((Incoming::open(&self.0.root, self.0.max_file_bytes).await?, permit))
    }

    /// A place for one more content of whoever has the right already.
    pub async fn receive_more(&self) -> Result<Incoming> {
        Incoming::open(&self.0.root, self.0.max_file_bytes).await
    }

    /// Whether a content of this hash waits for a commit of the source.
    pub async fn staged(&self, source: &str, hash: &str) -> Result<Option<StagedContent>> {
        let path = self.staged_path(source, hash)?;
        match tokio::fs::metadata(&path).await {
            Ok(about) => Ok(Some(StagedContent { hash: hash.into(), bytes: about.len() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps a content that has arrived for the next commit of the source, if it is the one that was announced.
    pub async fn stage(&self, source: &str, hash: &str, content: Arrived) -> Result<StagedContent> {
        let path = self.staged_path(source, hash)?;
        if content.hash() != hash {
            return Err(UploadError::HashMismatch { announced: hash.into(), arrived: content.hash().into() });
        }
        let staged = StagedContent { hash: hash.into(), bytes: content.bytes() };
        blocking(move || Ok(content.keep_at(&path)?)).await?;
        Ok(staged)
    }

    fn staged_path(&self, source: &str, hash: &str) -> Result<PathBuf> {
        names::check_source(source)?;
        names::check_hash(hash)?;
        Ok(self.staging(source).join(hash))
    }

    /// What a commit of this manifest would need and do.
    pub async fn diff(&self, manifest: Manifest) -> Result<ManifestDiff> {
        let _turn = self.turn().await;
        let checked = Checked::of(manifest, self.0.max_file_bytes)?;
        let uploads = self.clone();
        blocking(move || {
            uploads.expect_collection(&checked)?;
            let changes = uploads.changes(&checked)?;
            Ok(changes.diff(&checked.files))
        })
        .await
    }

    /// Makes the source's folder what the manifest says, and returns the order that ingests it. Nothing is touched when
    /// contents are missing, or when more than half of the files would go and that is not confirmed.
    pub async fn commit(&self, manifest: Manifest) -> Result<JobOrder> {
        let _turn = self.turn().await;
        let confirmed = manifest.confirm_delete;
        let checked = Checked::of(manifest, self.0.max_file_bytes)?;
        let uploads = self.clone();
        blocking(move || {
            uploads.expect_collection(&checked)?;
            let changes = uploads.changes(&checked)?;
            let (gone, total) = (changes.deleted.len(), changes.present);
            if gone * 2 > total && !confirmed {
                return Err(UploadError::TooManyDeletions { gone, total });
            }
            if !changes.missing.is_empty() {
                return Err(UploadError::missing(&changes.missing));
            }
            let belonging = Belonging { collection: checked.collection.clone(), allow: checked.allow.clone() };
            uploads.remember(&checked.source, &belonging)?;
            let folder = uploads.folder(&checked.source);
            apply::apply(&folder, &uploads.staging(&checked.source), &changes)?;
            Ok(uploads.order(&checked.source, belonging))
        })
        .await
    }

    /// Puts files of a form into their place, each under its path; a file that is there is replaced, also where it was
    /// uploaded for other groups. Returns the orders that ingest what has changed; the last one brings the new files.
    pub async fn put(&self, collection: String, mut allow: Vec<String>, files: Vec<NewFile>) -> Result<Vec<JobOrder>> {
        let _turn = self.turn().await;
        names::check_collection(&collection, &allow)?;
        allow.sort();
        allow.dedup();
        let uploads = self.clone();
        blocking(move || {
            let belonging = Belonging { collection, allow };
            let name = names::of_uploads(&belonging);
            uploads.remember(&name, &belonging)?;
            let folder = uploads.folder(&name);
            let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
            // All before the first: half of a form is not what was sent.
            paths.iter().try_for_each(|path| apply::check_place(&folder, path))?;
            for file in files {
                file.content.keep_at(&folder.root().join(file.path))?;
            }
            let mut orders = Vec::new();
            for (other, other_belongs) in uploads.siblings(&name, &belonging.collection)? {
                let folder = uploads.folder(&other);
                let removed =
                    paths.iter().map(|path| apply::remove(&folder, path)).collect::<io::Result<Vec<bool>>>()?;
                if removed.contains(&true) {
                    orders.push(uploads.order(&other, other_belongs));
                }
            }
            orders.push(uploads.order(&name, belonging));
            Ok(orders)
        })
        .await
    }

    /// Deletes a document, and its file when that was uploaded for it alone. The file goes first: should the process
    /// end in between, the next ingest takes the document out.
    pub async fn delete_document(
        &self,
        engine: &Engine,
        scope: &AccessScope,
        id: &str,
    ) -> taproot_engine::Result<Deleted> {
        let file = match engine.original(scope, id).await {
            Ok((file, _)) => file,
            Err(taproot_engine::Error::OriginalGone { .. }) => return engine.delete_document(scope, id).await,
            Err(error) => return Err(error),
        };
        let Some((name, path)) = self.name_and_path(&file) else { return engine.delete_document(scope, id).await };
        let _turn = self.turn().await;
        let failed = |source| taproot_engine::Error::Io { path: file.clone(), source };
        let Some(belonging) = self.belonging(name).map_err(failed)? else {
            return engine.delete_document(scope, id).await;
        };
        let folder = self.folder(name);
        let catalog = engine.catalog()?;
        let source_id = catalog.source(&belonging.collection, &folder.root().to_string_lossy()).await?;
        let documents = catalog.documents_of_file(&source_id, path).await?;
        if documents.iter().any(|document| document.id != id) {
            return engine.delete_document(scope, id).await;
        }
        let file_removed = apply::remove(&folder, path).map_err(failed)?;
        let deleted = engine.delete_document(scope, id).await?;
        // The same file may be uploaded once more, and is a new one then.
        catalog.forget_file(&source_id, path).await?;
        Ok(Deleted { file_removed, ..deleted })
    }

    /// `DATA/uploads/NAME/PATH` → NAME and PATH.
    fn name_and_path<'a>(&self, file: &'a Path) -> Option<(&'a str, &'a str)> {
        file.strip_prefix(&self.0.root).ok()?.to_str()?.split_once('/')
    }

    async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.0.turn).lock_owned().await
    }

    fn folder(&self, name: &str) -> Folder {
        Folder::new(self.0.root.join(name), self.0.root.join(".sources").join(format!("{name}.files")))
    }

    fn staging(&self, name: &str) -> PathBuf {
        self.0.root.join(staging::FOLDER).join(name)
    }

    fn changes(&self, checked: &Checked) -> Result<Changes> {
        let present = self.folder(&checked.source).files()?;
        let staging = self.staging(&checked.source);
        Ok(Changes::between(present, &checked.files, |hash| staging.join(hash).is_file()))
    }

    /// Documents do not change their collection: a source that is committed to another one is another source.
    fn expect_collection(&self, checked: &Checked) -> Result<()> {
        match self.belonging(&checked.source)? {
            Some(known) if known.collection != checked.collection => {
                Err(UploadError::OtherCollection { source_name: checked.source.clone(), collection: known.collection })
            }
            _ => Ok(()),
        }
    }

    fn belonging(&self, name: &str) -> io::Result<Option<Belonging>> {
        match std::fs::read(self.belonging_path(name)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remember(&self, name: &str, belonging: &Belonging) -> io::Result<()> {
        if self.belonging(name)?.as_ref() == Some(belonging) {
            return Ok(());
        }
        apply::write_whole(&self.belonging_path(name), &serde_json::to_vec(belonging)?)
    }

    fn belonging_path(&self, name: &str) -> PathBuf {
        self.0.root.join(".sources").join(format!("{name}.json"))
    }

    /// The folders of forms that hold files of the same collection for other groups.
    fn siblings(&self, name: &str, collection: &str) -> io::Result<BTreeMap<String, Belonging>> {
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(self.0.root.join(".sources"))? {
            let file = entry?.file_name();
            let Some(other) = file.to_str().and_then(|file| file.strip_suffix(".json")) else { continue };
            if other == name || !names::is_of_uploads(other) {
                continue;
            }
            if let Some(belonging) = self.belonging(other)?.filter(|known| known.collection == collection) {
                found.insert(other.to_owned(), belonging);
            }
        }
        Ok(found)
    }

    /// What is deleted here was meant to be: whoever sent it was asked, or named each file.
    fn order(&self, name: &str, belonging: Belonging) -> JobOrder {
        JobOrder {
            path: self.0.root.join(name),
            collection: belonging.collection,
            allow: belonging.allow,
            delete: true,
            confirm_delete: true,
            dry_run: false,
            file: None,
            source: Some(format!("{SOURCES}{name}")),
        }
    }
}

/// Work on files, which waits for the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(broken) => Err(UploadError::Io(io::Error::other(broken))),
    }
}
