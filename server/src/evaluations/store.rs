//! Evaluations on the disk: `DATA/evaluations/ID.json`, one file a run, each written as a whole.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use taproot_engine::Reach;
use taproot_schemas::eval::Evaluation;
use taproot_schemas::evaluation::EvaluationRun;
use taproot_schemas::job::JobStatus;

use super::{Known, WithoutResults};
use crate::clock;

const FOLDER: &str = "evaluations";
const ENDING: &str = "json";
/// Runs that are kept; the oldest go.
pub const KEPT: usize = 50;

/// A run with all that came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stored {
    /// What whoever ordered it could see.
    pub reach: Reach,
    pub run: EvaluationRun,
    /// Of each result: what stands for its question and what is expected of it.
    pub keys: Vec<String>,
    /// What comparisons are made from; none until the run has come to its end.
    pub evaluation: Option<Evaluation>,
}

impl Stored {
    pub fn begun(known: &Known) -> Stored {
        Stored { reach: known.reach.clone(), run: known.run.clone(), keys: Vec::new(), evaluation: None }
    }

    pub fn failed(known: &Known, why: String) -> Stored {
        let mut stored = Stored::begun(known);
        stored.run.status = JobStatus::Failed;
        stored.run.error = Some(why);
        stored.run.finished_at = Some(clock::now());
        stored
    }
}

pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Also what is kept, the newest first. The folder is made when there is something to keep.
    pub async fn open(data_dir: &Path) -> io::Result<(Store, Vec<Known>)> {
        let store = Store { folder: data_dir.join(FOLDER) };
        let folder = store.folder.clone();
        let known = blocking(move || known(&folder)).await?;
        Ok((store, known))
    }

    pub async fn keep(&self, stored: &Stored) -> io::Result<()> {
        let (folder, path) = (self.folder.clone(), self.path(&stored.run.id));
        let content = serde_json::to_vec(stored)?;
        blocking(move || write(&folder, &path, &content)).await
    }

    pub async fn read(&self, id: &str) -> io::Result<Stored> {
        let path = self.path(id);
        blocking(move || Ok(serde_json::from_slice(&std::fs::read(path)?)?)).await
    }

    pub async fn delete(&self, id: &str) -> io::Result<()> {
        let path = self.path(id);
        blocking(move || match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    /// Ids are looked up before they come here, and made by this program.
    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(id).with_extension(ENDING)
    }
}

fn known(folder: &Path) -> io::Result<Vec<Known>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut known = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != ENDING) {
            continue;
        }
        // A file that is none of this program's, or of a newer one, is left alone.
        let Ok(mut stored) = serde_json::from_slice::<Stored>(&std::fs::read(&path)?) else {
            tracing::warn!(file = %path.display(), "is no evaluation that this program can read");
            continue;
        };
        if !stored.run.status.ended() {
            stored.run.status = JobStatus::Interrupted;
            stored.run.finished_at = Some(clock::now());
            write(folder, &path, &serde_json::to_vec(&stored)?)?;
        }
        known.push(Known { reach: stored.reach, run: stored.run.without_results() });
    }
    // Ids are in the order of their time.
    known.sort_by(|one, other| other.run.id.cmp(&one.run.id));
    Ok(known)
}

fn write(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
