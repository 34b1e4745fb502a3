//! What was asked and answered, kept for whoever asked.
//!
//! Comes in: turns, and an [`Asker`] with every call. Goes out: that asker's conversations; another's are as absent as
//! those that never were. What documents say is not looked at here: whoever shows a turn checks first what of its sources
//! may still be read.
//!
//! A database of its own beside the catalog, because an ingest writes to that one for seconds and an answer is not to
//! wait for it, and because here what is deleted is overwritten (`secure_delete`). Without retention it lies in memory
//! and nothing is written.

mod feedback;
mod keep;
mod migrate;
mod reach;
mod read;
#[cfg(test)]
mod tests;
mod topics;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};
use taproot_schemas::answer::Answer;
use taproot_schemas::feedback::Feedback;
use tokio::sync::Notify;

pub use reach::Reach;
pub use topics::{Filed, Known, ListTopics, StoredQuestion, StoredTopic, Unfiled, Wording};

use super::{failed, now_ms};
use crate::{Asker, Error, Result};

/// Version of `schema.sql`; a file of a newer one is not opened.
const SCHEMA_VERSION: &str = "2";
const CONNECTIONS: u32 = 4;
const FILE: &str = "conversations.sqlite";
/// What SQLite keeps beside a database.
const FILES: [&str; 3] = [FILE, "conversations.sqlite-wal", "conversations.sqlite-shm"];

/// Turns of a conversation; the oldest go.
const MAX_TURNS: i64 = 200;
/// Conversations of one asker, and of all whom nobody knows; the oldest go.
const MAX_CONVERSATIONS: i64 = 1_000;
const MAX_ANONYMOUS: i64 = 10_000;
/// Turns of all; conversations that rest longest go.
const MAX_TURNS_IN_ALL: i64 = 500_000;
/// Conversations that are not kept are there for this long after their last turn, so that they can go on.
const UNKEPT: Duration = Duration::from_secs(60 * 60);
/// Those that lie in memory, of all.
const MAX_UNKEPT: i64 = 1_000;
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A turn as it is stored.
#[derive(Debug, Clone)]
pub struct StoredTurn {
    pub number: u32,
    pub asked_ms: i64,
    /// What earlier turns added to the question, and whether it needed that for certain.
    pub carried: Vec<String>,
    pub sure: bool,
    pub answer: Answer,
    pub feedback: Option<Feedback>,
    /// When the question was passed on.
    pub handed_on_ms: Option<i64>,
}

/// Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct Conversations {
    pool: SqlitePool,
    /// How long one is kept after its last turn.
    kept: Duration,
    in_memory: bool,
    /// Told when there is a question to be filed under a topic.
    noted: Arc<Notify>,
}

impl Conversations {
    /// Opens `conversations.sqlite` in the data directory, and makes it when it is not there. With 0 days nothing is kept:
    /// what was kept is deleted, and conversations last in memory for an hour.
    pub async fn open(data_dir: &Path, keep_days: u32) -> Result<Conversations> {
        let path = data_dir.join(FILE);
        if keep_days > 0 {
            let conversations = Conversations::of(on_disk(&path).await?, DAY * keep_days, false);
            conversations.prepare().await?;
            return Ok(conversations);
        }
        if path.exists() {
            forget_all(data_dir, &path).await?;
        }
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
        // The database is gone with its connection: there is one, and it stays.
        let pool = SqlitePoolOptions::new().max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_with(options).await.map_err(failed)?;
        let conversations = Conversations::of(pool, UNKEPT, true);
        conversations.prepare().await?;
        Ok(conversations)
    }

    fn of(pool: SqlitePool, kept: Duration, in_memory: bool) -> Conversations {
        Conversations { pool, kept, in_memory, noted: Arc::default() }
    }

    async fn prepare(&self) -> Result<()> {
        self.migrate(SCHEMA_VERSION).await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&self.pool).await.map_err(failed)?;
        sqlx::query("INSERT INTO meta (key, value) VALUES ('schema', $1) ON CONFLICT (key) DO NOTHING")
            .bind(SCHEMA_VERSION)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        self.sweep().await?;
        Ok(())
    }

    /// Deletes what is too old or too much every hour, until [`Conversations::close`].
    pub fn keep_swept(&self) {
        let conversations = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP_EVERY).await;
                match conversations.sweep().await {
                    Ok(0) => {}
                    Ok(gone) => tracing::info!(conversations = gone, "deleted conversations whose time was over"),
                    Err(Error::Stopped) => return,
                    Err(error) => tracing::warn!(%error, "cannot delete conversations whose time is over"),
                }
            }
        });
    }

    /// Returns when there may be a question to be filed under a topic.
    pub async fn noted(&self) {
        self.noted.notified().await;
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        // From the first statement on, so that two turns of one conversation do not both read before either writes.
        self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)
    }
}

impl Asker {
    /// The column `owner`.
    fn column(&self) -> &str {
        match self {
            Asker::Known(key) => key,
            Asker::Anonymous => "",
        }
    }
}

async fn on_disk(path: &Path) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A turn that was acknowledged survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is deleted is overwritten with zeros.
        .pragma("secure_delete", "ON")
        .busy_timeout(Duration::from_secs(5));
    SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await.map_err(failed)
}

/// Empties the file before it goes, so that nothing of it stays on the disk.
async fn forget_all(data_dir: &Path, path: &Path) -> Result<()> {
    let kept = Conversations::of(on_disk(path).await?, Duration::ZERO, false);
    sqlx::raw_sql(
        "DROP TABLE IF EXISTS asked; DROP TABLE IF EXISTS topics; DROP TABLE IF EXISTS feedback; DROP TABLE IF EXISTS turns; 
         DROP TABLE IF EXISTS conversations;",
    )
        .execute(&kept.pool)
        .await
        .map_err(failed)?;
    kept.checkpoint().await?;
    kept.close().await;
    for name in FILES {
        let file = data_dir.join(name);
        match tokio::fs::remove_file(&file).await {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::Io { path: file, source });
            }
            _ => {}
        }
    }
    Ok(())
}
