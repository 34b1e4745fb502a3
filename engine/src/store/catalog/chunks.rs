//! Live chunks: the catalog's check of what an index returned.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::documents::{json, number, title_or_name};
use super::rows::Row;
use super::{Catalog, ERA, failed};
use crate::store::types::{ChunkId, Filter, IndexedChunk};
use crate::{Access, Result};

/// A live chunk with what its document tells of it.
#[derive(Debug, Clone)]
pub struct StoredChunk {
    pub id: ChunkId,
    pub document_id: String,
    pub version: i64,
    /// Place among the chunks of its document, from 0.
    pub ordinal: usize,
    pub collection: String,
    pub uri: String,
    pub title: String,
    pub page: Option<u32>,
    pub heading: Option<String>,
    pub table_header: Option<String>,
    pub language: Option<String>,
    pub start: usize,
    pub end: usize,
    pub text: String,
}

/// Ids of one SELECT: more than the two legs of a search bring together.
const IDS_PER_QUERY: usize = 1_000;

impl Catalog {
    /// Those of the chunks that are live and visible, as of one read of the database as long as they are no more than
    /// 1,000: a reader sees a document's old or new version, never both.
    pub async fn live_chunks(&self, filter: &Filter, ids: &[ChunkId]) -> Result<HashMap<ChunkId, Arc<StoredChunk>>> {
        let within = |list: &[String], value: &str| list.is_empty() || list.iter().any(|item| item == value);
        let passes = |row: &Row| {
            let chunk = &row.chunk;
            filter.scope.sees(&row.chunk.collection, &row.access)
                && within(&filter.collections, &chunk.collection)
                && filter.documents.as_ref().is_none_or(|ids| ids.binary_search(&chunk.document_id).is_ok())
                && within(&filter.languages, chunk.language.as_deref().unwrap_or_default())
        };
        let mut found = HashMap::with_capacity(ids.len());
        for part in ids.chunks(IDS_PER_QUERY) {
            let live = self.live_rows(part).await?;
            let visible = live.into_iter().filter(|(_, row)| passes(row));
            found.extend(visible.map(|(id, row)| (id, Arc::clone(&row.chunk))));
        }
        Ok(found)
    }

    /// Those of the chunks that are live, whoever may see them. What is kept of them counts when the same read that brings
    /// the others says that it holds.
    async fn live_rows(&self, ids: &[ChunkId]) -> Result<HashMap<ChunkId, Arc<Row>>> {
        let mut kept: HashMap<ChunkId, Arc<Row>> =
            ids.iter().filter_map(|id| Some((*id, self.rows.get(*id)?))).collect();
        loop {
            let missing: Vec<ChunkId> = ids.iter().copied().filter(|id| !kept.contains_key(id)).collect();
            let (era, read) = self.read_rows(&missing).await?;
            let doubtful = self.rows.doubtful(era, &kept);
            if doubtful.is_empty() {
                kept.extend(read.into_iter().map(|row| (row.chunk.id, row)));
                return Ok(kept);
            }
            // All that is missing is read again, in one statement: each time more, in the end everything.
            doubtful.iter().for_each(|id| _ = kept.remove(id));
        }
    }

    /// Those of the chunks that are live, and the era that this is true of.
    async fn read_rows(&self, ids: &[ChunkId]) -> Result<(i64, Vec<Arc<Row>>)> {
        let mut select = QueryBuilder::<Sqlite>::new(
            "SELECT value, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM meta
             WHERE key = ",
        );
        select.push_bind(ERA);
        if !ids.is_empty() {
            select.push(
                " UNION ALL SELECT c.id, c.document_id, v.collection, d.uri, v.title, c.page, c.heading, c.language, c.start_char,
                    c.end_char, c.text, v.allow_json, c.version, v.deny_json, c.table_header, c.ordinal
                 FROM chunks c
                 JOIN versions v ON v.document_id = c.document_id AND v.version = c.version AND v.state = 'live'
                 JOIN documents d ON d.id = c.document_id
                 WHERE c.id IN (",
            );
            let mut list = select.separated(", ");
            for id in ids {
                list.push_bind(id.to_string());
            }
            select.push(")");
        }
        let read = select.build().fetch_all(&self.pool).await.map_err(failed)?;
        let of_era = |row: &SqliteRow| row.try_get::<Option<&str>, _>(1).map(|document| document.is_none());
        let (mut eras, mut rows) = (Vec::new(), Vec::with_capacity(ids.len()));
        for row in read {
            if of_era(&row).map_err(failed)? { eras.push(row) } else { rows.push(row) }
        }
        let era = match eras.first() {
            Some(row) => super::era(row)?,
            None => 0,
        };
        let rows = rows.iter().map(|row| stored(row, era)).collect::<Result<Vec<_>>>()?;
        let rows: Vec<Arc<Row>> = rows.into_iter().flatten().map(Arc::new).collect();
        rows.iter().for_each(|row| self.rows.keep(row));
        Ok((era, rows))
    }

    /// Those of the chunks that are live.
    pub async fn live_of(&self, ids: &[ChunkId]) -> Result<HashSet<ChunkId>> {
        let mut live = HashSet::with_capacity(ids.len());
        for part in ids.chunks(IDS_PER_QUERY) {
            live.extend(self.indexed_chunks(part).await?.into_iter().map(|chunk| chunk.id));
        }
        Ok(live)
    }

    /// Ids of all live chunks, after `after`, at most `limit`, in order.
    pub async fn live_chunk_ids(&self, after: Option<ChunkId>, limit: usize) -> Result<Vec<ChunkId>> {
        let rows = sqlx::query(
            "SELECT c.id FROM chunks c
             JOIN versions v ON v.document_id = c.document_id AND v.version = c.version AND v.state = 'live'
             WHERE c.id > $1 ORDER BY c.id LIMIT $2",
        )
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        Ok(rows.iter().filter_map(|row| ChunkId::parse(row.get::<&str, _>(0))).collect())
    }

    /// What the indexes have to be told of these chunks, when an index lost them.
    pub async fn indexed_chunks(&self, ids: &[ChunkId]) -> Result<Vec<IndexedChunk>> {
        let mut select = QueryBuilder::<Sqlite>::new(
            "SELECT c.id, c.document_id, c.version, v.collection, v.allow_json, c.language, v.title, d.uri, c.heading, c.text,
                v.deny_json, c.table_header
             FROM chunks c
             JOIN versions v ON v.document_id = c.document_id AND v.version = c.version AND v.state = 'live'
             JOIN documents d ON d.id = c.document_id
             WHERE c.id IN (",
        );
        let mut list = select.separated(", ");
        for id in ids {
            list.push_bind(id.to_string());
        }
        select.push(")");
        let rows = select.build().fetch_all(&self.pool).await.map_err(failed)?;
        let mut chunks = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(id) = ChunkId::parse(row.try_get(0).map_err(failed)?) else { continue };
            let uri: String = row.try_get(7).map_err(failed)?;
            chunks.push(IndexedChunk {
                id,
                document_id: row.try_get(1).map_err(failed)?,
                version: row.try_get(2).map_err(failed)?,
                collection: row.try_get(3).map_err(failed)?,
                access: Access { allow: json(&row, 4)?, deny: json(&row, 10)? },
                language: row.try_get(5).map_err(failed)?,
                title: title_or_name(row.try_get(6).map_err(failed)?, &uri),
                heading: row.try_get(8).map_err(failed)?,
                table_header: row.try_get(11).map_err(failed)?,
                text: row.try_get(9).map_err(failed)?,
            });
        }
        Ok(chunks)
    }
}

/// `None` for a row whose id is none.
fn stored(row: &SqliteRow, era: i64) -> Result<Option<Row>> {
    let Some(id) = ChunkId::parse(row.try_get(0).map_err(failed)?) else { return Ok(None) };
    let uri: String = row.try_get(3).map_err(failed)?;
    let page: Option<i64> = row.try_get(5).map_err(failed)?;
    let chunk = StoredChunk {
        id,
        document_id: row.try_get(1).map_err(failed)?,
        version: row.try_get(12).map_err(failed)?,
        ordinal: number(row, 15)?,
        collection: row.try_get(2).map_err(failed)?,
        title: title_or_name(row.try_get(4).map_err(failed)?, &uri),
        uri,
        page: page.and_then(|page| u32::try_from(page).ok()),
        heading: row.try_get(6).map_err(failed)?,
        table_header: row.try_get(14).map_err(failed)?,
        language: row.try_get(7).map_err(failed)?,
        start: number(row, 8)?,
        end: number(row, 9)?,
        text: row.try_get(10).map_err(failed)?,
    };
    let access = Access { allow: json(row, 11)?, deny: json(row, 13)? };
    Ok(Some(Row { chunk: Arc::new(chunk), access, era }))
}
