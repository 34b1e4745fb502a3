//! Keys, people and their sessions.
//!
//! Comes in: secrets, and what administrators decide. Goes out: whose secret it is. Every question is one read of the
//! database, and nothing of it is remembered, so that what is revoked or changed holds for the next request, of whatever
//! process. What a caller may do is not decided here.
//!
//! A database of its own beside the catalog: an ingest writes to that one for seconds, and nobody waits for it to sign in.

mod keys;
mod sessions;
#[cfg(test)]
mod tests;
mod users;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

pub use sessions::Holder;
pub use users::Identity;

use super::{bad_json, failed, now_ms, rfc3339};
use crate::{Error, Result};

/// Version of `schema.sql`; a file of a newer one is not opened.
const SCHEMA_VERSION: &str = "1";
const CONNECTIONS: u32 = 4;
const FILE: &str = "accounts.sqlite";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct Accounts {
    pool: SqlitePool,
    /// Signs what is given out without being stored.
    signing_key: Arc<str>,
    /// Origins of the widget keys that are of use: asked of every request that a browser makes for a page.
    origins: Arc<RwLock<HashSet<String>>>,
}

impl Accounts {
    /// Opens `accounts.sqlite` in the data directory, which is there, and makes it when it is not.
    pub async fn open(data_dir: &Path) -> Result<Accounts> {
        let options = SqliteConnectOptions::new()
            .filename(data_dir.join(FILE))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A key that was revoked stays revoked after a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await.map_err(failed)?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await.map_err(failed)?;
        let found = kept(&pool, "schema", || SCHEMA_VERSION.to_owned()).await?;
        if found != SCHEMA_VERSION {
            let (found, expected) = (format!("accounts {found}"), format!("accounts {SCHEMA_VERSION}"));
            return Err(Error::Incompatible { found, expected });
        }
        let signing_key = kept(&pool, "signing key", random).await?.into();
        let accounts = Accounts { pool, signing_key, origins: Arc::default() };
        accounts.read_origins().await?;
        Ok(accounts)
    }

    /// For signing tokens; it stays the same for the life of the data directory.
    pub fn signing_key(&self) -> &str {
        &self.signing_key
    }

    /// Whether a widget key of this server stands in pages of this origin.
    pub fn knows_origin(&self, origin: &str) -> bool {
        self.origins.read().contains(origin)
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// The value of this name in `meta`; what `make` gives, the first time.
async fn kept(pool: &SqlitePool, name: &str, make: impl FnOnce() -> String) -> Result<String> {
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
        .bind(name)
        .bind(make())
        .execute(pool)
        .await
        .map_err(failed)?;
    let row = sqlx::query("SELECT value FROM meta WHERE key = $1").bind(name).fetch_one(pool).await.map_err(failed)?;
    row.try_get(0).map_err(failed)
}

/// 244 bits from the operating system's generator, as 64 hexadecimal digits.
fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// What is kept of a secret. The secrets are random and long: a plain hash cannot be guessed back.
fn hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(bad_json)
}

fn list(text: &str) -> Result<Vec<String>> {
    serde_json::from_str(text).map_err(bad_json)
}

/// The word that a value is written as in JSON, and back.
fn word<T: serde::Serialize>(value: T) -> Result<String> {
    match serde_json::to_value(value).map_err(bad_json)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(Error::Catalog(format!("{other} is no word").into())),
    }
}

fn of_word<T: serde::de::DeserializeOwned>(word: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(bad_json)
}
