//! What people page through: documents, the chunks of one, collections.
//!
//! Comes in: a scope, filters, a place to go on from. Goes out: one page, and how many there are in all. Whatever is
//! counted is counted of what the scope sees. Ranking is not done here, nor is anything searched by meaning.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};
use taproot_schemas::document::{Chunk, ChunkList, Collection, CollectionList, Document, DocumentStatus};

use super::documents::{COLUMNS, FILE, document, json, number, push_scope};
use super::{Catalog, failed};
use crate::engine::ListDocuments;
use crate::store::types::ChunkId;
use crate::{AccessScope, Error, Result};

/// Characters and words of a filter by text.
const MAX_TEXT_CHARS: usize = 200;
const MAX_WORDS: usize = 10;
/// So few documents are found by their filter and then sorted. Of more the pages are walked through in the order of the list,
/// where the first that match come soon.
const FEW: u64 = 2_000;

impl Catalog {
    /// Documents that the scope sees, ordered by (uri, id), after `cursor`. Also the number of all that match.
    pub async fn list_documents(&self, scope: &AccessScope, list: &ListDocuments) -> Result<(Vec<Document>, u64)> {
        let words = words(list.text.as_deref().unwrap_or_default())?;
        let mut total = QueryBuilder::<Sqlite>::new("SELECT COUNT(*) FROM documents d JOIN versions v");
        total.push(" ON v.document_id = d.id AND v.state = 'live' WHERE 1 = 1");
        push_conditions(&mut total, scope, list, &words);
        let row = total.build().fetch_one(&self.pool).await.map_err(failed)?;
        let total = number(&row, 0)?;
        if total == 0 {
            return Ok((Vec::new(), 0));
        }
        let mut page = page(scope, list, &words, total);
        let rows = page.build().fetch_all(&self.pool).await.map_err(failed)?;
        Ok((rows.iter().map(document).collect::<Result<_>>()?, total))
    }

    /// A page of a document's chunks; the cursor is of one version, and of no use for the next.
    pub async fn document_chunks(
        &self,
        scope: &AccessScope,
        id: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<ChunkList> {
        let mut page = self.chunks_now(scope, id, limit, cursor).await?;
        if page.chunks.is_empty() && page.total > 0 {
            // The version went between the look at the document and that at its chunks: the new one is there by now.
            page = self.chunks_now(scope, id, limit, cursor).await?;
        }
        Ok(page)
    }

    async fn chunks_now(&self, scope: &AccessScope, id: &str, limit: usize, cursor: Option<&str>) -> Result<ChunkList> {
        let document = self.document(scope, id).await?;
        let (version, total) = (i64::from(document.version), document.chunks as usize);
        let first = cursor.map_or(Ok(0), |cursor| place(cursor, version))?;
        let end = first.saturating_add(limit).min(total);
        let mut select = QueryBuilder::<Sqlite>::new(
            "SELECT id, ordinal, start_char, end_char, page, heading, table_header, language, text FROM chunks WHERE id IN ('",
        );
        // They follow from the document and the version: no chunk is looked at that is not on the page.
        let ids: Vec<String> = (first..end).map(|ordinal| ChunkId::new(id, version, ordinal).to_string()).collect();
        select.push(ids.join("', '")).push("') ORDER BY ordinal");
        let rows = select.build().fetch_all(&self.pool).await.map_err(failed)?;
        Ok(ChunkList {
            chunks: rows.iter().map(chunk).collect::<Result<_>>()?,
            next_cursor: (end < total).then(|| format!("{version}-{end}")),
            document_id: document.id,
            version: document.version,
            total: total as u64,
        })
    }

    /// Collections of which the scope sees a document, by name, with the groups that their documents are for.
    pub async fn collections(&self, scope: &AccessScope) -> Result<CollectionList> {
        let mut select = QueryBuilder::<Sqlite>::new(
            "SELECT v.collection, v.allow_json, COUNT(*), CAST(COALESCE(SUM(v.chunk_count), 0) AS BIGINT) FROM versions v
             WHERE v.state = 'live'",
        );
        push_scope(&mut select, scope);
        select.push(" GROUP BY v.collection, v.allow_json");
        let mut found: BTreeMap<String, (u64, u64, BTreeSet<String>)> = BTreeMap::new();
        for row in select.build().fetch_all(&self.pool).await.map_err(failed)? {
            let (documents, chunks, groups) = found.entry(row.try_get(0).map_err(failed)?).or_default();
            *documents += number::<u64>(&row, 2)?;
            *chunks += number::<u64>(&row, 3)?;
            groups.extend(json::<Vec<String>>(&row, 1)?);
        }
        let collection = |(name, (documents, chunks, groups)): (String, (u64, u64, BTreeSet<String>))| Collection {
            name,
            documents,
            chunks,
            groups: Some(groups.into_iter().collect()),
        };
        Ok(CollectionList { collections: found.into_iter().map(collection).collect() })
    }
}

fn chunk(row: &SqliteRow) -> Result<Chunk> {
    let page: Option<i64> = row.try_get(4).map_err(failed)?;
    Ok(Chunk {
        id: row.try_get(0).map_err(failed)?,
        ordinal: number(row, 1)?,
        start: number(row, 2)?,
        end: number(row, 3)?,
        page: page.and_then(|page| u32::try_from(page).ok()),
        heading: row.try_get(5).map_err(failed)?,
        table_header: row.try_get(6).map_err(failed)?,
        language: row.try_get(7).map_err(failed)?,
        text: row.try_get(8).map_err(failed)?,
    })
}

fn page(scope: &AccessScope, list: &ListDocuments, words: &[String], total: u64) -> QueryBuilder<Sqlite> {
    let mut page = QueryBuilder::<Sqlite>::new(COLUMNS);
    // Where the order of the list leads, a planner is not to go another way.
    let join =
        if total <= FEW { " FROM documents d JOIN versions v" } else { " FROM documents d CROSS JOIN versions v" };
    page.push(join).push(FILE).push(" WHERE v.document_id = d.id AND v.state = 'live'");
    push_conditions(&mut page, scope, list, words);
    if let Some((uri, id)) = list.cursor.as_deref().and_then(|cursor| cursor.rsplit_once('\n')) {
        // The first of the two is what an index can begin at.
        page.push(" AND d.uri >= ").push_bind(uri.to_owned()).push(" AND (d.uri > ").push_bind(uri.to_owned());
        page.push(" OR d.id > ").push_bind(id.to_owned()).push(")");
    }
    page.push(" ORDER BY d.uri, d.id LIMIT ").push_bind(list.limit as i64);
    page
}

fn push_conditions(query: &mut QueryBuilder<Sqlite>, scope: &AccessScope, list: &ListDocuments, words: &[String]) {
    let equal = [
        (" AND v.collection = ", &list.collection),
        (" AND d.uri = ", &list.uri),
        (" AND v.media_type = ", &list.media_type),
        (" AND v.language = ", &list.language),
    ];
    for (condition, value) in equal {
        if let Some(value) = value {
            query.push(condition).push_bind(value.clone());
        }
    }
    if let Some(status) = list.status {
        let of_those = match status {
            DocumentStatus::Ready => " NOT IN ",
            DocumentStatus::Stale => " IN ",
        };
        query.push(" AND (d.source_id, d.path)").push(of_those);
        query.push("(SELECT source_id, path FROM files WHERE error_code IS NOT NULL)");
    }
    for word in words {
        query.push(" AND (LOWER(d.uri) LIKE ").push_bind(word.clone()).push(" ESCAPE '~'");
        query.push(" OR LOWER(v.title) LIKE ").push_bind(word.clone()).push(" ESCAPE '~')");
    }
    push_scope(query, scope);
}

/// The words of a filter by text, as patterns that match what has them anywhere.
fn words(text: &str) -> Result<Vec<String>> {
    let pattern = |word: &str| {
        let escaped: String =
            word.chars().flat_map(|c| "%_~".contains(c).then_some('~').into_iter().chain([c])).collect();
        // A database folds the letters of ASCII only, so no others are folded here.
        format!("%{}%", escaped.to_ascii_lowercase())
    };
    let words: Vec<String> = text.split_whitespace().map(pattern).collect();
    if text.chars().count() > MAX_TEXT_CHARS || words.len() > MAX_WORDS {
        let detail = format!("at most {MAX_TEXT_CHARS} characters and {MAX_WORDS} words");
        return Err(Error::InvalidRequest { what: "q", detail });
    }
    Ok(words)
}

/// Where a page of chunks begins.
fn place(cursor: &str, version: i64) -> Result<usize> {
    let wrong = |detail: &str| Error::InvalidRequest { what: "cursor", detail: detail.to_owned() };
    let (of, place) = cursor.split_once('-').ok_or_else(|| wrong("it is not one of a page before"))?;
    match (of.parse::<i64>(), place.parse::<usize>()) {
        (Ok(of), Ok(place)) if of == version => Ok(place),
        (Ok(_), Ok(_)) => Err(wrong("the document has changed since; begin with its first page")),
        _ => Err(wrong("it is not one of a page before")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_as_they_are_typed() {
        assert_eq!(words(" Pump 年假 ").expect("words"), ["%pump%", "%年假%"]);
        assert_eq!(words("50%_~").expect("words"), ["%50~%~_~~%"], "nothing of it is a pattern");
        assert!(words(&"x".repeat(MAX_TEXT_CHARS + 1)).is_err() && words(&"x ".repeat(MAX_WORDS + 1)).is_err());
    }

    #[test]
    fn a_page_of_chunks_goes_on_in_its_own_version() {
        assert_eq!(place("3-200", 3).expect("a place"), 200);
        for (wrong, told) in [("2-200", "changed"), ("3", "page before"), ("3-x", "page before")] {
            assert!(place(wrong, 3).expect_err(wrong).to_string().contains(told), "{wrong}");
        }
    }

    /// What 100,000 documents are listed by: neither the texts nor the whole list are gone through for a page.
    #[tokio::test]
    async fn long_lists_are_read_by_their_indexes() {
        let folder = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::open(&folder.path().join("catalog.sqlite")).await.expect("open");
        let scope = AccessScope::groups(vec!["hr".into()]);
        let list = ListDocuments { limit: 100, cursor: Some("a.md\n1".into()), ..ListDocuments::default() };
        let plan = plan_of(&catalog, page(&scope, &list, &[], FEW + 1)).await;
        assert!(plan.contains("SEARCH d USING INDEX documents_by_uri (uri>?)") && !plan.contains("SCAN"), "{plan}");

        let mut count = QueryBuilder::<Sqlite>::new("SELECT COUNT(*) FROM documents d JOIN versions v");
        count.push(" ON v.document_id = d.id AND v.state = 'live' WHERE 1 = 1");
        push_conditions(&mut count, &scope, &list, &[]);
        let plan = plan_of(&catalog, count).await;
        assert!(plan.contains("versions_live"), "{plan}");
    }

    async fn plan_of(catalog: &Catalog, query: QueryBuilder<Sqlite>) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {}", query.into_string());
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&catalog.pool).await.expect("a plan");
        rows.iter().map(|row| row.get::<String, _>(3)).collect::<Vec<_>>().join("\n")
    }
}
