//! What documents can be filtered by: tags, authors, dates, any metadata that is a plain value.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::{QueryBuilder, Row, Sqlite};
use taproot_schemas::search::Filters;

use super::documents::push_scope;
use super::{Catalog, failed};
use crate::store::types::NewDocument;
use crate::{AccessScope, Error, Result};

/// Characters of a value that are kept to filter by, and values of one document.
const MAX_VALUE_CHARS: usize = 200;
const MAX_VALUES: usize = 200;
/// Values of a filter, and fields of metadata in it.
const MAX_FILTER_VALUES: usize = 1_000;
const MAX_FILTER_FIELDS: usize = 50;
/// Documents that a filter may leave, since both legs are told their ids.
const MAX_DOCUMENTS: usize = 50_000;

/// Name of the field with a document's tags; a document's own metadata cannot have it.
const TAG: &str = "#tag";
/// Name of the field with the date of the document, `YYYY-MM-DD…`.
pub(super) const DATE: &str = "#date";
/// Metadata that tells of when a document is, the most telling first.
const DATES: [&str; 3] = ["modified", "date", "created"];

/// The fields of a document, as (name, value).
pub fn of(document: &NewDocument) -> Vec<(&str, String)> {
    let mut found = BTreeSet::new();
    found.extend(document.labels.tags.iter().map(|tag| (TAG, folded(tag))));
    for (name, value) in &document.metadata {
        match value {
            Value::Array(values) => found.extend(values.iter().filter_map(plain).map(|value| (name.as_str(), value))),
            value => found.extend(plain(value).map(|value| (name.as_str(), value))),
        }
    }
    let date = DATES.iter().filter_map(|name| document.metadata.get(*name)?.as_str()).find(|date| is_date(date));
    found.extend(date.map(|date| (DATE, folded(date))));
    found.into_iter().take(MAX_VALUES).collect()
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(folded(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase().chars().take(MAX_VALUE_CHARS).collect()
}

/// `YYYY-MM-DD`, and anything after it: such dates are in order when their texts are.
pub fn is_date(text: &str) -> bool {
    text.get(..10).is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok())
}

impl Catalog {
    /// Ids of the live documents that pass and that the scope sees, sorted; `None` when the filters leave all. A document
    /// that is hidden is as one that is not there, also to the limit of how many may pass.
    pub async fn narrowed(&self, scope: &AccessScope, filters: &Filters) -> Result<Option<Vec<String>>> {
        let Filters { languages: _, document_ids, media_types, tags, authors, path_prefix, after, before, metadata } =
            filters;
        let values = [document_ids, media_types, tags, authors].map(Vec::len).into_iter().sum::<usize>();
        if values > MAX_FILTER_VALUES || metadata.len() > MAX_FILTER_FIELDS {
            let detail = format!("at most {MAX_FILTER_VALUES} values in all, and {MAX_FILTER_FIELDS} of metadata");
            return Err(Error::InvalidRequest { what: "filters", detail });
        }
        for (what, date) in [("filters.after", after), ("filters.before", before)] {
            if let Some(date) = date.as_ref().filter(|date| !is_date(date)) {
                return Err(Error::InvalidRequest { what, detail: format!("{date:?} is no date like 2026-01-31") });
            }
        }
        let lists = [media_types, tags, authors];
        if lists.iter().all(|list| list.is_empty())
            && path_prefix.is_none()
            && after.is_none()
            && before.is_none()
            && metadata.is_empty()
        {
            let mut ids = document_ids.clone();
            ids.sort();
            return Ok((!ids.is_empty()).then_some(ids));
        }
        let mut select = QueryBuilder::<Sqlite>::new(
            "SELECT d.id FROM documents d JOIN versions v ON v.document_id = d.id AND v.state = 'live' WHERE 1 = 1",
        );
        push_scope(&mut select, scope);
        one_of(&mut select, " AND d.id", document_ids.iter().cloned());
        one_of(&mut select, " AND v.media_type", media_types.iter().cloned());
        if let Some(prefix) = path_prefix {
            let chars = prefix.chars().count() as i64;
            select.push(" AND SUBSTR(d.uri, 1, ").push_bind(chars).push(") = ").push_bind(prefix.clone());
        }
        let named = metadata.iter().map(|(name, value)| (name.as_str(), std::slice::from_ref(value)));
        let lists = [(TAG, tags.as_slice()), ("author", authors.as_slice())].into_iter().chain(named);
        for (name, values) in lists.filter(|(_, values)| !values.is_empty()) {
            field(&mut select, name);
            one_of(&mut select, " AND f.value", values.iter().map(|value| folded(value)));
            select.push(")");
        }
        // `~` comes after every character of a date: all moments of the day are before the day's end.
        let bounds =
            [(" AND f.value >= ", after.clone()), (" AND f.value <= ", before.as_ref().map(|b| format!("{b}~")))];
        for (comparison, bound) in bounds {
            if let Some(bound) = bound {
                field(&mut select, DATE);
                select.push(comparison).push_bind(folded(&bound)).push(")");
            }
        }
        select.push(" ORDER BY d.id LIMIT ").push_bind(MAX_DOCUMENTS as i64 + 1);
        let rows = select.build().fetch_all(&self.pool).await.map_err(failed)?;
        if rows.len() > MAX_DOCUMENTS {
            let detail = format!("they leave more than {MAX_DOCUMENTS} documents; narrow them, or name a collection");
            return Err(Error::InvalidRequest { what: "filters", detail });
        }
        let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)?;
        Ok(Some(ids))
    }
}

/// Opens the condition that a field exists; the caller says more of `f.value` and closes it.
fn field(select: &mut QueryBuilder<Sqlite>, name: &str) {
    select
        .push(" AND EXISTS (SELECT 1 FROM fields f WHERE f.document_id = d.id AND f.version = v.version AND f.name = ");
    select.push_bind(name.to_owned());
}

fn one_of(select: &mut QueryBuilder<Sqlite>, column: &str, values: impl ExactSizeIterator<Item = String>) {
    if values.len() == 0 {
        return;
    }
    select.push(column).push(" IN (");
    let mut list = select.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    select.push(")");
}
