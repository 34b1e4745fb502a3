//! Live documents, as callers see them.

use std::collections::HashSet;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};
use taproot_schemas::document::{Document, DocumentText, OutlineEntry};
use taproot_schemas::job::FileFailure;

use super::files::error_code;
use super::{Catalog, bad_json, failed, rfc3339};
use crate::engine::Counts;
use crate::{Access, AccessScope, Error, Result};

pub(super) const COLUMNS: &str = "SELECT d.id, v.collection, d.uri, v.title, v.language, v.media_type, v.bytes, v.characters,
    v.chunk_count, v.version, v.allow_json, v.metadata, d.created_ms, v.created_ms, v.deny_json, v.tags, v.part_of, v.links,
    v.notes, d.path, f.error_code, f.error_reason";
/// What was last seen of a document's file.
pub(super) const FILE: &str = " LEFT JOIN files f ON f.source_id = d.source_id AND f.path = d.path";

/// Ids of one query; databases bound the number of parameters.
const MAX_BOUND: usize = 500;

/// A live document with what the outside is not told.
#[derive(Debug, Clone)]
pub struct Located {
    pub document: Document,
    pub root: String,
    pub path: String,
    /// That the source was ingested into; the document's own may be another.
    pub source_collection: String,
}

impl Catalog {
    /// A live document that the scope sees.
    pub async fn document(&self, scope: &AccessScope, id: &str) -> Result<Document> {
        let mut select = QueryBuilder::<Sqlite>::new(COLUMNS);
        select.push(" FROM documents d JOIN versions v ON v.document_id = d.id AND v.state = 'live'").push(FILE);
        select.push(" WHERE d.id = ").push_bind(id.to_owned());
        let row = select.build().fetch_optional(&self.pool).await.map_err(failed)?;
        let found = row
            .as_ref()
            .map(document)
            .transpose()?
            .filter(|document| scope.sees(&document.collection, &access(document)));
        found.ok_or_else(|| Error::DocumentNotFound { id: id.to_owned() })
    }

    /// Which of these documents are live and seen by the scope.
    pub async fn visible<'a>(
        &self,
        scope: &AccessScope,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashSet<String>> {
        let ids: Vec<&str> = ids.collect::<HashSet<_>>().into_iter().collect();
        let mut visible = HashSet::new();
        for some in ids.chunks(MAX_BOUND) {
            let mut select = QueryBuilder::<Sqlite>::new(
                "SELECT v.document_id FROM versions v WHERE v.state = 'live' AND v.document_id IN (",
            );
            let mut list = select.separated(", ");
            some.iter().for_each(|id| {
                list.push_bind((*id).to_owned());
            });
            select.push(")");
            push_scope(&mut select, scope);
            for row in select.build().fetch_all(&self.pool).await.map_err(failed)? {
                visible.insert(row.try_get(0).map_err(failed)?);
            }
        }
        Ok(visible)
    }

    /// Where a document's file lies.
    pub async fn locate(&self, scope: &AccessScope, id: &str) -> Result<Located> {
        let document = self.document(scope, id).await?;
        let row = sqlx::query(
            "SELECT s.root, d.path, s.collection FROM documents d JOIN sources s ON s.id = d.source_id WHERE d.id = $1",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        Ok(Located {
            document,
            root: row.try_get(0).map_err(failed)?,
            path: row.try_get(1).map_err(failed)?,
            source_collection: row.try_get(2).map_err(failed)?,
        })
    }

    /// The extracted text of a live document that the scope sees.
    pub async fn document_text(&self, scope: &AccessScope, id: &str) -> Result<DocumentText> {
        let row = sqlx::query(
            "SELECT d.uri, v.title, v.version, v.text, v.outline, v.allow_json, v.deny_json, v.collection
             FROM documents d JOIN versions v ON v.document_id = d.id AND v.state = 'live' WHERE d.id = $1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await
        .map_err(failed)?
        .ok_or_else(|| Error::DocumentNotFound { id: id.to_owned() })?;
        let access = Access { allow: json(&row, 5)?, deny: json(&row, 6)? };
        if !scope.sees(row.try_get(7).map_err(failed)?, &access) {
            return Err(Error::DocumentNotFound { id: id.to_owned() });
        }
        let uri: String = row.try_get(0).map_err(failed)?;
        Ok(DocumentText {
            document_id: id.to_owned(),
            title: title_or_name(row.try_get(1).map_err(failed)?, &uri),
            uri,
            version: number(&row, 2)?,
            text: row.try_get(3).map_err(failed)?,
            outline: json::<Vec<OutlineEntry>>(&row, 4)?,
        })
    }

    /// Page and headings at a character of a version; `None` when it is gone meanwhile, or says nothing of them.
    pub async fn place(&self, id: &str, version: i64, at: usize) -> Result<Option<OutlineEntry>> {
        let row = sqlx::query("SELECT outline FROM versions WHERE document_id = $1 AND version = $2")
            .bind(id)
            .bind(version)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let outline: Vec<OutlineEntry> = json(&row, 0)?;
        Ok(outline.into_iter().rev().find(|entry| entry.start <= at))
    }

    /// The last place before `end` of a version's text where `wanted` stands, in characters. For documents that the caller
    /// sees: nobody is asked here who is asking.
    pub async fn find_before(&self, id: &str, version: i64, wanted: &str, end: usize) -> Result<Option<usize>> {
        let end = i64::try_from(end).unwrap_or(i64::MAX);
        let row = sqlx::query("SELECT SUBSTR(text, 1, $3) FROM versions WHERE document_id = $1 AND version = $2")
            .bind(id)
            .bind(version)
            .bind(end)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let before: String = row.try_get(0).map_err(failed)?;
        Ok(before.rfind(wanted).map(|at| before[..at].chars().count()))
    }

    /// Of what the scope sees.
    pub async fn counts(&self, scope: &AccessScope) -> Result<Counts> {
        let mut select = QueryBuilder::<Sqlite>::new(
            "SELECT COUNT(*), CAST(COALESCE(SUM(v.chunk_count), 0) AS BIGINT) FROM versions v WHERE v.state = 'live'",
        );
        push_scope(&mut select, scope);
        let row = select.build().fetch_one(&self.pool).await.map_err(failed)?;
        Ok(Counts { documents: number(&row, 0)?, chunks: number(&row, 1)? })
    }
}

fn access(document: &Document) -> Access {
    Access { allow: document.allow.clone(), deny: document.deny.clone() }
}

/// A document's own title, or else the name of its file, or the id of its line.
pub fn title_or_name(title: Option<String>, uri: &str) -> String {
    if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
        return title;
    }
    let name = uri.rsplit('/').next().unwrap_or(uri);
    match name.split_once('#') {
        Some((_, line)) => line.to_owned(),
        None => name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned(),
    }
}

/// Only documents that the scope sees.
pub(super) fn push_scope(query: &mut QueryBuilder<Sqlite>, scope: &AccessScope) {
    if let Some(collections) = &scope.collections {
        query.push(" AND v.collection IN (");
        let mut list = query.separated(", ");
        collections.iter().for_each(|collection| {
            list.push_bind(collection.clone());
        });
        query.push(")");
    }
    if let Some(groups) = &scope.groups {
        // The lists are JSON, and no name of a group has a quote, a comma or a backslash in it.
        let quoted = |group: &String| serde_json::Value::String(group.clone()).to_string();
        query.push(" AND (v.allow_json = '[]'");
        for group in groups {
            query.push(" OR INSTR(v.allow_json, ").push_bind(quoted(group)).push(") > 0");
        }
        query.push(")");
        for group in groups {
            query.push(" AND INSTR(v.deny_json, ").push_bind(quoted(group)).push(") = 0");
        }
    }
}

pub(super) fn document(row: &SqliteRow) -> Result<Document> {
    let uri: String = row.try_get(2).map_err(failed)?;
    let (part_of, path): (Option<&str>, &str) = (row.try_get(16).map_err(failed)?, row.try_get(19).map_err(failed)?);
    Ok(Document {
        id: row.try_get(0).map_err(failed)?,
        collection: row.try_get(1).map_err(failed)?,
        title: title_or_name(row.try_get(3).map_err(failed)?, &uri),
        uri,
        language: row.try_get(4).map_err(failed)?,
        media_type: row.try_get(5).map_err(failed)?,
        bytes: number(row, 6)?,
        characters: number(row, 7)?,
        chunks: number(row, 8)?,
        version: number(row, 9)?,
        allow: json(row, 10)?,
        deny: json(row, 14)?,
        tags: json(row, 15)?,
        part_of: part_of.map(|suffix| format!("{path}{suffix}")),
        links: json(row, 17)?,
        notes: json(row, 18)?,
        failure: failure(row, path)?,
        metadata: json(row, 11)?,
        created_at: rfc3339(row.try_get(12).map_err(failed)?),
        updated_at: rfc3339(row.try_get(13).map_err(failed)?),
    })
}

/// Why the file could not be read again, when it could not.
fn failure(row: &SqliteRow, path: &str) -> Result<Option<FileFailure>> {
    let code: Option<&str> = row.try_get(20).map_err(failed)?;
    let Some(code) = code.and_then(error_code) else { return Ok(None) };
    let reason: Option<String> = row.try_get(21).map_err(failed)?;
    Ok(Some(FileFailure { path: path.to_owned(), code, reason: reason.unwrap_or_default() }))
}

/// An integer column that cannot be negative.
pub(super) fn number<T: TryFrom<i64> + Default>(row: &SqliteRow, column: usize) -> Result<T> {
    let value: i64 = row.try_get(column).map_err(failed)?;
    Ok(T::try_from(value).unwrap_or_default())
}

/// A column that holds JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: usize) -> Result<T> {
    let text: &str = row.try_get(column).map_err(failed)?;
    serde_json::from_str(text).map_err(bad_json)
}

#[cfg(test)]
mod tests {
    use super::title_or_name;

    #[test]
    fn a_document_without_a_title_has_a_name() {
        for (title, uri, expected) in [
            (Some("Leave"), "hr/leave.md", "Leave"),
            (Some("  "), "hr/leave.md", "leave"),
            (None, "人事/年假制度.docx", "年假制度"),
            (None, "faq.jsonl#q-7", "q-7"),
            (None, "README", "README"),
        ] {
            assert_eq!(title_or_name(title.map(str::to_owned), uri), expected);
        }
    }
}
