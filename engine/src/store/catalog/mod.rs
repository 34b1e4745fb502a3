//! The catalog: SQL, the source of truth.
//!
//! Comes in: documents from the writer, plans from ingest, ids from searches. Goes out: rows of what is live and
//! visible. It does not know the indexes. The SQL is plain enough for PostgreSQL (numbered parameters, no
//! dialect), so that scaling out changes the pool's type and nothing else.

mod accounts;
mod chunks;
mod conversations;
mod documents;
mod fields;
mod files;
mod heads;
mod jobs;
mod listing;
mod rows;
mod versions;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row, Sqlite, Transaction};

pub use accounts::{Accounts, Holder, Identity};
pub use chunks::StoredChunk;
pub use conversations::{
    Conversations, Filed, Known, ListTopics, Reach, StoredQuestion, StoredTopic, StoredTurn, Unfiled, Wording,
};
pub use documents::title_or_name;
pub use files::{FileDocument, FileRecord};
pub use heads::Head;
pub use versions::StagedDocument;

use rows::Rows;

use crate::{Error, Result};

/// Version of `schema.sql`; a data directory of a newer one is not opened.
const SCHEMA_VERSION: &str = "2";
/// Name in `meta` of the number of transactions so far that took something away from readers, or moved it.
const ERA: &str = "era";
/// Readers that may be in the database at a time.
const CONNECTIONS: u32 = 8;

/// Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct Catalog {
    pool: SqlitePool,
    /// Counts the switches of this process: moments at which readers begin to see other versions.
    generation: Arc<AtomicU64>,
    rows: Rows,
}

impl Catalog {
    /// Opens the database, and makes it when it is not there.
    pub async fn open(path: &Path) -> Result<Catalog> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged ingest survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        // A file does not hang up: to ask each time whether a connection still lives costs as much as a small read.
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
        let pool = pool.connect_with(options).await.map_err(failed)?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await.map_err(failed)?;
        let catalog = Catalog { pool, generation: Arc::default(), rows: Rows::default() };
        catalog.expect_meta("schema", SCHEMA_VERSION).await?;
        Ok(catalog)
    }

    /// Records a value the first time, and later insists on it.
    pub async fn expect_meta(&self, key: &'static str, expected: &str) -> Result<()> {
        match self.meta(key).await? {
            None => self.set_meta(key, expected).await,
            Some(found) if found == expected => Ok(()),
            Some(found) => {
                Err(Error::Incompatible { found: format!("{key} {found}"), expected: format!("{key} {expected}") })
            }
        }
    }

    async fn meta(&self, key: &str) -> Result<Option<String>> {
        let row = sqlx::query("SELECT value FROM meta WHERE key = $1").bind(key).fetch_optional(&self.pool).await;
        row.map_err(failed)?.map(|row| row.try_get(0).map_err(failed)).transpose()
    }

    async fn set_meta(&self, key: &str, value: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(value)
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        self.pool.begin().await.map_err(failed)
    }

    /// A number that is another one once readers see other versions. A search that begins after it changed finds both
    /// versions in the indexes, whichever the catalog says is live.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// To be called before the transaction that switches is committed: were it after, a search in between would miss it.
    fn switches(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// To be called in a transaction that takes these documents, or versions of them, away from readers, or changes what is
    /// told of them: what is kept of them does not hold any more once it is committed.
    async fn begin_era<'a>(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        documents: impl IntoIterator<Item = &'a str>,
    ) -> Result<()> {
        let row = sqlx::query(
            "INSERT INTO meta (key, value) VALUES ($1, '1')
             ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING value",
        )
        .bind(ERA)
        .fetch_one(&mut **tx)
        .await
        .map_err(failed)?;
        self.rows.note(era(&row)?, documents);
        Ok(())
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn failed(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::PoolClosed => Error::Stopped,
        other => Error::Catalog(Box::new(other)),
    }
}

/// The number of an era, from the first column.
fn era(row: &SqliteRow) -> Result<i64> {
    let value: &str = row.try_get(0).map_err(failed)?;
    value.parse().map_err(|_| Error::Catalog(format!("the era is {value:?}, and no number").into()))
}

fn bad_json(error: serde_json::Error) -> Error {
    Error::Catalog(Box::new(error))
}

/// Milliseconds since 1970 UTC.
fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// RFC 3339 in UTC, to the second.
pub fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
