//! What a document says of itself where it begins: its date, its metadata, its first lines.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::documents::json;
use super::fields::DATE;
use super::{Catalog, failed};
use crate::Result;
use crate::store::types::ChunkId;

/// Characters of the beginning.
const BEGINNING_CHARS: i64 = 800;

#[derive(Debug, Clone, Default)]
pub struct Head {
    /// `YYYY-MM-DD…`: when the document was modified, or else sent, or else created.
    pub date: Option<String>,
    pub metadata: BTreeMap<String, Value>,
    /// The first lines, of the first chunk at the most.
    pub beginning: String,
}

impl Catalog {
    /// By document id; versions that are gone meanwhile are left out. For documents that the caller sees: nobody is asked
    /// here who is asking.
    pub async fn heads(&self, documents: &[(String, i64)]) -> Result<HashMap<String, Head>> {
        let mut select = QueryBuilder::<Sqlite>::new("SELECT v.document_id, v.metadata, SUBSTR(c.text, 1, ");
        select.push_bind(BEGINNING_CHARS).push(
            "), (SELECT MIN(f.value) FROM fields f
                 WHERE f.document_id = v.document_id AND f.version = v.version AND f.name = ",
        );
        select.push_bind(DATE).push(
            ") FROM chunks c JOIN versions v ON v.document_id = c.document_id AND v.version = c.version WHERE c.id IN (",
        );
        let mut list = select.separated(", ");
        for (id, version) in documents {
            list.push_bind(ChunkId::new(id, *version, 0).to_string());
        }
        select.push(")");
        let mut heads = HashMap::with_capacity(documents.len());
        for row in select.build().fetch_all(&self.pool).await.map_err(failed)? {
            let head = Head {
                date: row.try_get(3).map_err(failed)?,
                metadata: json(&row, 1)?,
                beginning: row.try_get(2).map_err(failed)?,
            };
            heads.insert(row.try_get(0).map_err(failed)?, head);
        }
        Ok(heads)
    }
}
