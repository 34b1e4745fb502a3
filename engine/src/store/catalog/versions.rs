//! The life of a version: staged, live, retired, gone. Only the writer calls this.

use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use uuid::Uuid;

use super::{Catalog, bad_json, failed, now_ms};
use crate::Result;
use crate::store::types::{ChunkId, NewDocument};

/// A document whose new version is staged.
#[derive(Debug, Clone)]
pub struct StagedDocument {
    pub document_id: String,
    pub version: i64,
    /// Whether the document had a live version before.
    pub replaces: bool,
}

/// A version that has to leave the indexes and the catalog.
#[derive(Debug, Clone)]
pub struct PendingVersion {
    pub document_id: String,
    pub version: i64,
    pub chunk_ids: Vec<ChunkId>,
}

/// Rows of one INSERT: SQLite takes at most 32,766 parameters a statement.
const ROWS_PER_INSERT: usize = 500;

impl Catalog {
    /// Step 1 of a commit: writes the new versions and their chunks as `staged`.
    pub async fn stage(&self, documents: &[NewDocument]) -> Result<Vec<StagedDocument>> {
        let mut tx = self.begin().await?;
        let mut staged = Vec::with_capacity(documents.len());
        for document in documents {
            staged.push(stage_one(&mut tx, document).await?);
        }
        tx.commit().await.map_err(failed)?;
        Ok(staged)
    }

    /// Step 3: what was staged is live, what was live before is retired. Readers see all of it or nothing.
    pub async fn publish(&self, staged: &[StagedDocument]) -> Result<()> {
        let mut tx = self.begin().await?;
        for document in staged {
            sqlx::query("UPDATE versions SET state = 'retired' WHERE document_id = $1 AND state = 'live'")
                .bind(&document.document_id)
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
            sqlx::query("UPDATE versions SET state = 'live' WHERE document_id = $1 AND version = $2")
                .bind(&document.document_id)
                .bind(document.version)
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    /// Takes documents away from readers; the indexes are cleaned afterwards.
    pub async fn retire(&self, document_ids: &[String]) -> Result<()> {
        let mut tx = self.begin().await?;
        for id in document_ids {
            sqlx::query("UPDATE versions SET state = 'retired' WHERE document_id = $1")
                .bind(id)
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    /// Versions in this state, with their chunks, at most `limit`.
    pub async fn pending(&self, state: &'static str, limit: usize) -> Result<Vec<PendingVersion>> {
        let rows = sqlx::query("SELECT document_id, version FROM versions WHERE state = $1 LIMIT $2")
            .bind(state)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let mut pending = Vec::with_capacity(rows.len());
        for row in rows {
            let (document_id, version): (String, i64) =
                (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
            let ids = sqlx::query("SELECT id FROM chunks WHERE document_id = $1 AND version = $2")
                .bind(&document_id)
                .bind(version)
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
            let chunk_ids = ids.iter().filter_map(|row| ChunkId::parse(row.get::<&str, _>(0))).collect();
            pending.push(PendingVersion { document_id, version, chunk_ids });
        }
        Ok(pending)
    }

    /// Step 4, after the indexes are clean: forgets versions, and documents of which none is left.
    pub async fn forget(&self, versions: &[PendingVersion]) -> Result<()> {
        let mut tx = self.begin().await?;
        for version in versions {
            for sql in [
                "DELETE FROM chunks WHERE document_id = $1 AND version = $2",
                "DELETE FROM versions WHERE document_id = $1 AND version = $2",
            ] {
                sqlx::query(sql)
                    .bind(&version.document_id)
                    .bind(version.version)
                    .execute(&mut *tx)
                    .await
                    .map_err(failed)?;
            }
            sqlx::query(
                "DELETE FROM documents WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM versions WHERE document_id = $1)",
            )
            .bind(&version.document_id)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }
}

async fn stage_one(tx: &mut Transaction<'static, Sqlite>, document: &NewDocument) -> Result<StagedDocument> {
    let now = now_ms();
    sqlx::query(
        "INSERT INTO documents (id, source_id, collection, path, uri, created_ms) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (source_id, path, uri) DO NOTHING",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(&document.source_id)
    .bind(&document.collection)
    .bind(&document.path)
    .bind(&document.uri)
    .bind(now)
    .execute(&mut **tx)
    .await
    .map_err(failed)?;
    let row = sqlx::query(
        "SELECT d.id, COALESCE(MAX(v.version), 0), COALESCE(MAX(CASE WHEN v.state = 'live' THEN 1 ELSE 0 END), 0)
         FROM documents d LEFT JOIN versions v ON v.document_id = d.id
         WHERE d.source_id = $1 AND d.path = $2 AND d.uri = $3 GROUP BY d.id",
    )
    .bind(&document.source_id)
    .bind(&document.path)
    .bind(&document.uri)
    .fetch_one(&mut **tx)
    .await
    .map_err(failed)?;
    let document_id: String = row.try_get(0).map_err(failed)?;
    let version = row.try_get::<i64, _>(1).map_err(failed)? + 1;
    let replaces = row.try_get::<i64, _>(2).map_err(failed)? > 0;
    sqlx::query(
        "INSERT INTO versions (document_id, version, state, hash, title, language, media_type, bytes, characters,
            chunk_count, allow_json, metadata, outline, text, created_ms)
         VALUES ($1, $2, 'staged', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(&document_id)
    .bind(version)
    .bind(&document.hash)
    .bind(&document.title)
    .bind(&document.language)
    .bind(&document.media_type)
    .bind(i64::try_from(document.bytes).unwrap_or(i64::MAX))
    .bind(document.text.chars().count() as i64)
    .bind(document.chunks.len() as i64)
    .bind(serde_json::to_string(&document.allow).map_err(bad_json)?)
    .bind(serde_json::to_string(&document.metadata).map_err(bad_json)?)
    .bind(serde_json::to_string(&document.outline).map_err(bad_json)?)
    .bind(&document.text)
    .bind(now)
    .execute(&mut **tx)
    .await
    .map_err(failed)?;
    insert_chunks(tx, document, &document_id, version).await?;
    Ok(StagedDocument { document_id, version, replaces })
}

async fn insert_chunks(
    tx: &mut Transaction<'static, Sqlite>,
    document: &NewDocument,
    document_id: &str,
    version: i64,
) -> Result<()> {
    let numbered: Vec<_> = document.chunks.iter().enumerate().collect();
    for part in numbered.chunks(ROWS_PER_INSERT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO chunks (id, document_id, version, ordinal, start_char, end_char, page, heading, language, text) ",
        );
        insert.push_values(part, |mut row, (ordinal, chunk)| {
            row.push_bind(ChunkId::new(document_id, version, *ordinal).to_string())
                .push_bind(document_id.to_owned())
                .push_bind(version)
                .push_bind(*ordinal as i64)
                .push_bind(chunk.start as i64)
                .push_bind(chunk.end as i64)
                .push_bind(chunk.page.map(i64::from))
                .push_bind(chunk.heading.clone())
                .push_bind(chunk.language.clone())
                .push_bind(chunk.text.clone());
        });
        insert.build().execute(&mut **tx).await.map_err(failed)?;
    }
    Ok(())
}
