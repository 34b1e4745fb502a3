//! The life of a version: staged, live, retired, gone. Only the writer calls this.

use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use uuid::Uuid;

use super::documents::{json, number};
use super::{Catalog, bad_json, failed, fields, now_ms};
use crate::store::types::{ChunkId, Labels, NewChunk, NewDocument};
use crate::{Access, Result};

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
        let replaced = staged.iter().filter(|document| document.replaces).map(|document| document.document_id.as_str());
        if replaced.clone().next().is_some() {
            self.begin_era(&mut tx, replaced).await?;
        }
        self.switches();
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
        self.begin_era(&mut tx, document_ids.iter().map(String::as_str)).await?;
        self.switches();
        tx.commit().await.map_err(failed)
    }

    /// A live document as it was committed, without vectors, and its version.
    pub async fn live_document(&self, document_id: &str) -> Result<Option<(NewDocument, i64)>> {
        let row = sqlx::query(
            "SELECT d.source_id, d.path, d.uri, v.version, v.hash, v.collection, v.allow_json, v.deny_json, v.tags, v.title,
                v.language, v.media_type, v.bytes, v.part_of, v.metadata, v.links, v.notes, v.outline, v.text
             FROM documents d JOIN versions v ON v.document_id = d.id AND v.state = 'live' WHERE d.id = $1",
        )
        .bind(document_id)
        .fetch_optional(&self.pool)
        .await
        .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let version: i64 = row.try_get(3).map_err(failed)?;
        let document = NewDocument {
            source_id: row.try_get(0).map_err(failed)?,
            labels: Labels {
                collection: row.try_get(5).map_err(failed)?,
                access: Access { allow: json(&row, 6)?, deny: json(&row, 7)? },
                tags: json(&row, 8)?,
            },
            path: row.try_get(1).map_err(failed)?,
            uri: row.try_get(2).map_err(failed)?,
            part_of: row.try_get(13).map_err(failed)?,
            title: row.try_get(9).map_err(failed)?,
            language: row.try_get(10).map_err(failed)?,
            media_type: row.try_get(11).map_err(failed)?,
            bytes: number(&row, 12)?,
            metadata: json(&row, 14)?,
            links: json(&row, 15)?,
            notes: json(&row, 16)?,
            hash: row.try_get(4).map_err(failed)?,
            outline: json(&row, 17)?,
            text: row.try_get(18).map_err(failed)?,
            chunks: self.chunks_of(document_id, version).await?,
        };
        Ok(Some((document, version)))
    }

    async fn chunks_of(&self, document_id: &str, version: i64) -> Result<Vec<NewChunk>> {
        let rows = sqlx::query(
            "SELECT start_char, end_char, page, heading, table_header, language, text FROM chunks
             WHERE document_id = $1 AND version = $2 ORDER BY ordinal",
        )
        .bind(document_id)
        .bind(version)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter()
            .map(|row| {
                let page: Option<i64> = row.try_get(2).map_err(failed)?;
                Ok(NewChunk {
                    start: number(row, 0)?,
                    end: number(row, 1)?,
                    page: page.and_then(|page| u32::try_from(page).ok()),
                    heading: row.try_get(3).map_err(failed)?,
                    table_header: row.try_get(4).map_err(failed)?,
                    language: row.try_get(5).map_err(failed)?,
                    text: row.try_get(6).map_err(failed)?,
                    vector: Vec::new(),
                })
            })
            .collect()
    }

    /// Versions in this state, with their chunks, at most `limit`.
    pub async fn pending(&self, state: &'static str, limit: usize) -> Result<Vec<PendingVersion>> {
        let rows =
            sqlx::query("SELECT document_id, version FROM versions WHERE state = $1 AND state <> 'live' LIMIT $2")
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
                "DELETE FROM fields WHERE document_id = $1 AND version = $2",
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
        "INSERT INTO documents (id, source_id, path, uri, created_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (source_id, path, uri) DO NOTHING",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(&document.source_id)
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
            chunk_count, collection, allow_json, deny_json, tags, part_of, metadata, links, notes, outline, text, created_ms)
         VALUES ($1, $2, 'staged', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
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
    .bind(&document.labels.collection)
    .bind(serde_json::to_string(&document.labels.access.allow).map_err(bad_json)?)
    .bind(serde_json::to_string(&document.labels.access.deny).map_err(bad_json)?)
    .bind(serde_json::to_string(&document.labels.tags).map_err(bad_json)?)
    .bind(&document.part_of)
    .bind(serde_json::to_string(&document.metadata).map_err(bad_json)?)
    .bind(serde_json::to_string(&document.links).map_err(bad_json)?)
    .bind(serde_json::to_string(&document.notes).map_err(bad_json)?)
    .bind(serde_json::to_string(&document.outline).map_err(bad_json)?)
    .bind(&document.text)
    .bind(now)
    .execute(&mut **tx)
    .await
    .map_err(failed)?;
    insert_fields(tx, document, &document_id, version).await?;
    insert_chunks(tx, document, &document_id, version).await?;
    Ok(StagedDocument { document_id, version, replaces })
}

async fn insert_fields(
    tx: &mut Transaction<'static, Sqlite>,
    document: &NewDocument,
    document_id: &str,
    version: i64,
) -> Result<()> {
    for part in fields::of(document).chunks(ROWS_PER_INSERT) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO fields (document_id, version, name, value) ");
        insert.push_values(part, |mut row, (name, value)| {
            row.push_bind(document_id.to_owned())
                .push_bind(version)
                .push_bind(name.to_string())
                .push_bind(value.clone());
        });
        insert.build().execute(&mut **tx).await.map_err(failed)?;
    }
    Ok(())
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
            "INSERT INTO chunks (id, document_id, version, ordinal, start_char, end_char, page, heading, table_header,
                language, text) ",
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
                .push_bind(chunk.table_header.clone())
                .push_bind(chunk.language.clone())
                .push_bind(chunk.text.clone());
        });
        insert.build().execute(&mut **tx).await.map_err(failed)?;
    }
    Ok(())
}
