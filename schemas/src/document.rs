//! Documents as callers see them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One document: a file, or one line of a `.jsonl` file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    /// Stable for the life of the document, also when its file is moved.
    pub id: String,
    pub collection: String,
    /// Path below the ingested folder; for a line of a `.jsonl` file, `file.jsonl#ID`.
    pub uri: String,
    pub title: String,
    /// BCP 47 primary subtag (`en`, `zh`, …); null when it could not be told.
    pub language: Option<String>,
    /// Media type by content, for example `text/markdown`.
    pub media_type: String,
    /// Size of the original in bytes.
    pub bytes: u64,
    /// Length of the extracted text in characters.
    pub characters: u64,
    /// Number of chunks of the live version.
    pub chunks: u32,
    /// Counts up with each change of the content, from 1.
    pub version: u32,
    /// Groups that may read the document; empty means everybody.
    pub allow: Vec<String>,
    pub metadata: BTreeMap<String, serde_json::Value>,
    pub created_at: String,
    pub updated_at: String,
}

/// A page of documents, ordered by `uri`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DocumentList {
    pub documents: Vec<Document>,
    /// Number of documents that match, on all pages.
    pub total: u64,
    /// Pass as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// The extracted text of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DocumentText {
    pub document_id: String,
    pub uri: String,
    pub title: String,
    pub version: u32,
    pub text: String,
    pub outline: Vec<OutlineEntry>,
}

/// From `start` on, and until the next entry, the text stands on this page and under this heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutlineEntry {
    /// Offset in characters.
    pub start: usize,
    /// Page number from 1, for formats that have pages.
    pub page: Option<u32>,
    /// Heading path from the outermost to the innermost.
    pub heading: Vec<String>,
}

/// What a delete removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Deleted {
    pub document_id: String,
    pub uri: String,
    /// Number of chunks that left the catalog and both indexes.
    pub chunks: u32,
}
