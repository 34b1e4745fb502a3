//! What passes between ingest, the writer and the stores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use taproot_schemas::document::{Link, NoteKind, OutlineEntry};
use uuid::Uuid;

use crate::{Access, AccessScope};

/// Deterministic (document, version, ordinal), so that writing a chunk twice changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId(pub Uuid);

impl ChunkId {
    pub fn new(document_id: &str, version: i64, ordinal: usize) -> ChunkId {
        let name = format!("{document_id}/{version}/{ordinal}");
        ChunkId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    pub fn parse(text: &str) -> Option<ChunkId> {
        Uuid::parse_str(text).ok().map(ChunkId)
    }
}

impl std::fmt::Display for ChunkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What is said of a document by whoever files it, not by itself: to change it, nothing is read or embedded again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Labels {
    pub collection: String,
    pub access: Access,
    pub tags: Vec<String>,
}

/// A document ready to be committed.
#[derive(Debug, Clone)]
pub struct NewDocument {
    pub source_id: String,
    pub labels: Labels,
    /// Path of the file below the source's root.
    pub path: String,
    pub uri: String,
    /// For an attachment, what the uri of its mail has after the path.
    pub part_of: Option<String>,
    pub title: Option<String>,
    pub language: Option<String>,
    pub media_type: String,
    /// Size of the original in bytes.
    pub bytes: u64,
    pub metadata: BTreeMap<String, serde_json::Value>,
    pub links: Vec<Link>,
    pub notes: BTreeMap<NoteKind, u32>,
    /// Of everything that the stores keep of it; equal hashes need no new version.
    pub hash: String,
    pub text: String,
    pub outline: Vec<OutlineEntry>,
    pub chunks: Vec<NewChunk>,
}

/// A chunk ready to be committed.
#[derive(Debug, Clone)]
pub struct NewChunk {
    /// Offsets in characters of the document's text.
    pub start: usize,
    pub end: usize,
    pub page: Option<u32>,
    /// Heading path, outermost first, joined by ` › `.
    pub heading: Option<String>,
    /// Header row of the table that the chunk begins in the middle of.
    pub table_header: Option<String>,
    pub language: Option<String>,
    /// Exactly the document's text from `start` to `end`.
    pub text: String,
    /// Unit vector of the embedder; empty until it is embedded.
    pub vector: Vec<f32>,
}

/// What the indexes are told of a chunk.
#[derive(Debug, Clone)]
pub struct IndexedChunk {
    pub id: ChunkId,
    pub document_id: String,
    pub version: i64,
    pub collection: String,
    pub access: Access,
    pub language: Option<String>,
    pub title: String,
    pub heading: Option<String>,
    pub table_header: Option<String>,
    pub text: String,
}

impl IndexedChunk {
    /// What the embedder is given: title and heading path first, since a chunk often says "it" of them.
    pub fn embedded_text(&self) -> String {
        embedded_text(&self.title, self.heading.as_deref(), self.table_header.as_deref(), &self.text)
    }
}

/// Characters of a title, a heading path or a table's header that are put before a chunk's text: the text must have
/// room beside them.
const CONTEXT_CHARS: usize = 200;

/// Title, heading path, table header and text of a chunk, a line each.
pub fn embedded_text(title: &str, heading: Option<&str>, table_header: Option<&str>, text: &str) -> String {
    let heading = heading.filter(|heading| *heading != title);
    let context = [Some(title), heading, table_header].into_iter().flatten();
    let mut embedded: String = context.flat_map(|line| line.chars().take(CONTEXT_CHARS).chain(['\n'])).collect();
    embedded.push_str(text);
    embedded
}

/// A heading path as callers see it; `None` outside of any heading.
pub fn join_headings(path: &[String]) -> Option<String> {
    (!path.is_empty()).then(|| path.join(" › "))
}

/// What both legs filter by, before they rank.
#[derive(Debug, Clone)]
pub struct Filter {
    pub scope: AccessScope,
    /// All collections when empty.
    pub collections: Vec<String>,
    /// All languages when empty.
    pub languages: Vec<String>,
    /// Sorted; all documents when absent.
    pub documents: Option<Vec<String>>,
}

/// Value of the indexes' `allow` field for documents that everybody may read. No group can have this name.
pub const OPEN_TO_ALL: &str = "*";

/// Values of the indexes' `allow` field that a scope may see; `None` for all.
pub fn visible_groups(scope: &AccessScope) -> Option<Vec<String>> {
    let groups = scope.groups.as_ref()?;
    Some(std::iter::once(OPEN_TO_ALL.to_owned()).chain(groups.iter().cloned()).collect())
}

/// The indexes' `allow` field of a document.
pub fn allow_field(allow: &[String]) -> Vec<String> {
    if allow.is_empty() { vec![OPEN_TO_ALL.to_owned()] } else { allow.to_vec() }
}
