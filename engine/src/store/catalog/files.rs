//! Sources and files: what the last ingest of a folder saw.

use std::collections::HashMap;

use sqlx::{Row, Sqlite, Transaction};
use taproot_schemas::job::{FileErrorCode, FileFailure};
use uuid::Uuid;

use super::documents::{json, number};
use super::{Catalog, bad_json, failed};
use crate::store::types::Labels;
use crate::{Access, Result};

/// What was last seen of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Path below the source's root.
    pub path: String,
    pub bytes: u64,
    /// When it was last modified, in nanoseconds since 1970; 0 when that must not be relied on.
    pub modified_ns: i64,
    /// blake3 of the content, hex.
    pub hash: String,
    /// What the result depends on besides the content: parser, chunker, embedder.
    pub pipeline: String,
    pub labels: Labels,
    /// Code and reason when the file could not be ingested.
    pub error: Option<(FileErrorCode, String)>,
}

/// A live document of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDocument {
    pub id: String,
    pub uri: String,
    /// See [`crate::store::NewDocument::hash`].
    pub hash: String,
    pub labels: Labels,
    /// Whether it has no title but the name of its file.
    pub named_by_file: bool,
    pub chunks: u64,
}

impl FileRecord {
    /// Why the file could not be ingested, when it could not.
    pub fn failure(&self) -> Option<FileFailure> {
        let (code, reason) = self.error.as_ref()?;
        Some(FileFailure { path: self.path.clone(), code: *code, reason: reason.clone() })
    }
}

pub(super) fn error_code(text: &str) -> Option<FileErrorCode> {
    serde_json::from_value(text.into()).ok()
}

impl Catalog {
    /// The id of the source for this folder and collection; made when it is new.
    pub async fn source(&self, collection: &str, root: &str) -> Result<String> {
        sqlx::query(
            "INSERT INTO sources (id, collection, root) VALUES ($1, $2, $3) ON CONFLICT (collection, root) DO NOTHING",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(collection)
        .bind(root)
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        let found = self.known_source(collection, root).await?;
        found.ok_or_else(|| failed(sqlx::Error::RowNotFound))
    }

    /// The id of the source for this folder and collection, when it was ingested before.
    pub async fn known_source(&self, collection: &str, root: &str) -> Result<Option<String>> {
        let row = sqlx::query("SELECT id FROM sources WHERE collection = $1 AND root = $2")
            .bind(collection)
            .bind(root)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        row.map(|row| row.try_get(0).map_err(failed)).transpose()
    }

    /// The files of a source as they were last seen, ordered by path.
    pub async fn files(&self, source_id: &str) -> Result<Vec<FileRecord>> {
        let rows = sqlx::query(
            "SELECT path, bytes, hash, pipeline, error_code, error_reason, modified_ns, labels FROM files
             WHERE source_id = $1 ORDER BY path",
        )
        .bind(source_id)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter()
            .map(|row| {
                let code: Option<&str> = row.try_get(4).map_err(failed)?;
                let reason: Option<String> = row.try_get(5).map_err(failed)?;
                Ok(FileRecord {
                    path: row.try_get(0).map_err(failed)?,
                    bytes: number(row, 1)?,
                    modified_ns: row.try_get(6).map_err(failed)?,
                    hash: row.try_get(2).map_err(failed)?,
                    pipeline: row.try_get(3).map_err(failed)?,
                    labels: json(row, 7)?,
                    error: code.and_then(error_code).map(|code| (code, reason.unwrap_or_default())),
                })
            })
            .collect()
    }

    /// Records that these files are about to be read: until they are recorded as done they count as changed, whatever
    /// is committed of them, and documents of a file that is gone after a crash are found again by its path.
    pub async fn announce_files(&self, source_id: &str, paths: &[&str]) -> Result<()> {
        let mut tx = self.begin().await?;
        for path in paths {
            sqlx::query(
                "INSERT INTO files (source_id, path, bytes, modified_ns, hash, pipeline, labels)
                 VALUES ($1, $2, 0, 0, '', '', '{}')
                 ON CONFLICT (source_id, path) DO UPDATE SET hash = '', pipeline = ''",
            )
            .bind(source_id)
            .bind(path)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    /// Records that a file's documents are all committed, or why they are not.
    pub async fn save_file(&self, source_id: &str, file: &FileRecord) -> Result<()> {
        self.save_files(source_id, std::slice::from_ref(file)).await
    }

    /// Records files, all of them or none.
    pub async fn save_files(&self, source_id: &str, files: &[FileRecord]) -> Result<()> {
        let mut tx = self.begin().await?;
        for file in files {
            save_file(&mut tx, source_id, file).await?;
        }
        tx.commit().await.map_err(failed)
    }

    /// Forgets a file that is gone.
    pub async fn forget_file(&self, source_id: &str, path: &str) -> Result<()> {
        sqlx::query("DELETE FROM files WHERE source_id = $1 AND path = $2")
            .bind(source_id)
            .bind(path)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Gives the documents of a moved file their new path and uri, in one transaction; their content stays as it is.
    /// Until it is recorded again the file counts as changed, so that what a move brings besides is not forgotten.
    /// Returns how many documents moved.
    pub async fn move_file(&self, source_id: &str, from: &str, to: &str) -> Result<u64> {
        let mut tx = self.begin().await?;
        // The write comes first: a transaction that begins by reading may find the database changed when it writes.
        sqlx::query("UPDATE files SET path = $1, hash = '' WHERE source_id = $2 AND path = $3")
            .bind(to)
            .bind(source_id)
            .bind(from)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        let rows = sqlx::query("SELECT id, uri FROM documents WHERE source_id = $1 AND path = $2")
            .bind(source_id)
            .bind(from)
            .fetch_all(&mut *tx)
            .await
            .map_err(failed)?;
        let mut moved: Vec<String> = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, uri): (String, String) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
            let suffix = uri.strip_prefix(from).unwrap_or_default();
            sqlx::query("UPDATE documents SET path = $1, uri = $2 WHERE id = $3")
                .bind(to)
                .bind(format!("{to}{suffix}"))
                .bind(&id)
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
            moved.push(id);
        }
        self.begin_era(&mut tx, moved.iter().map(String::as_str)).await?;
        tx.commit().await.map_err(failed)?;
        Ok(rows.len() as u64)
    }

    /// How many live documents each file of a source has, by its path; files without any are left out.
    pub async fn document_counts(&self, source_id: &str) -> Result<HashMap<String, u64>> {
        let rows = sqlx::query(
            "SELECT d.path, COUNT(*) FROM documents d
             JOIN versions v ON v.document_id = d.id AND v.state = 'live' WHERE d.source_id = $1 GROUP BY d.path",
        )
        .bind(source_id)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter().map(|row| Ok((row.try_get(0).map_err(failed)?, number(row, 1)?))).collect()
    }

    /// Live documents of one file.
    pub async fn documents_of_file(&self, source_id: &str, path: &str) -> Result<Vec<FileDocument>> {
        let rows = sqlx::query(
            "SELECT d.id, d.uri, v.hash, v.title, v.chunk_count, v.collection, v.allow_json, v.deny_json, v.tags
             FROM documents d
             JOIN versions v ON v.document_id = d.id AND v.state = 'live'
             WHERE d.source_id = $1 AND d.path = $2",
        )
        .bind(source_id)
        .bind(path)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter()
            .map(|row| {
                Ok(FileDocument {
                    id: row.try_get(0).map_err(failed)?,
                    uri: row.try_get(1).map_err(failed)?,
                    hash: row.try_get(2).map_err(failed)?,
                    named_by_file: row.try_get::<Option<&str>, _>(3).map_err(failed)?.is_none(),
                    chunks: number(row, 4)?,
                    labels: Labels {
                        collection: row.try_get(5).map_err(failed)?,
                        access: Access { allow: json(row, 6)?, deny: json(row, 7)? },
                        tags: json(row, 8)?,
                    },
                })
            })
            .collect()
    }
}

async fn save_file(tx: &mut Transaction<'static, Sqlite>, source_id: &str, file: &FileRecord) -> Result<()> {
    sqlx::query(
            "INSERT INTO files (source_id, path, bytes, hash, pipeline, error_code, error_reason, modified_ns, labels)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (source_id, path) DO UPDATE SET bytes = excluded.bytes, modified_ns = excluded.modified_ns,
                hash = excluded.hash, pipeline = excluded.pipeline, labels = excluded.labels, error_code = excluded.error_code, error_reason = excluded.error_reason",
        )
        .bind(source_id)
        .bind(&file.path)
        .bind(i64::try_from(file.bytes).unwrap_or(i64::MAX))
        .bind(&file.hash)
        .bind(&file.pipeline)
        .bind(file.error.as_ref().and_then(|(code, _)| Some(serde_json::to_value(code).ok()?.as_str()?.to_owned())))
        .bind(file.error.as_ref().map(|(_, reason)| reason))
        .bind(file.modified_ns)
        .bind(serde_json::to_string(&file.labels).map_err(bad_json)?)
        .execute(&mut **tx)
        .await
        .map_err(failed)?;
    Ok(())
}
