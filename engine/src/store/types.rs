//! What passes between ingest, the writer and the stores.

use std::collections::BTreeMap;

use taproot_schemas::document::OutlineEntry;
use uuid::Uuid;

use crate::AccessScope;

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

/// A document ready to be committed.
#[derive(Debug, Clone)]
pub struct NewDocument {
    pub source_id: String,
    pub collection: String,
    /// Path of the file below the source's root.
    pub path: String,
    pub uri: String,
    /// Groups that may read it; empty means everybody.
    pub allow: Vec<String>,
    pub title: Option<String>,
    pub language: Option<String>,
    pub media_type: String,
    /// Size of the original in bytes.
    pub bytes: u64,
    pub metadata: BTreeMap<String, serde_json::Value>,
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
    pub language: Option<String>,
    /// Exactly the document's text from `start` to `end`.
    pub text: String,
    /// Unit vector of the embedder.
    pub vector: Vec<f32>,
}

/// What the indexes are told of a chunk.
#[derive(Debug, Clone)]
pub struct IndexedChunk {
    pub id: ChunkId,
    pub document_id: String,
    pub version: i64,
    pub collection: String,
    pub allow: Vec<String>,
    pub language: Option<String>,
    pub title: String,
    pub heading: Option<String>,
    pub text: String,
}

impl IndexedChunk {
    /// What the embedder is given: title and heading path first, since a chunk often says "it" of them.
    pub fn embedded_text(&self) -> String {
        embedded_text(&self.title, self.heading.as_deref(), &self.text)
    }
}

/// Characters of a title, or a heading path, that are put before a chunk's text: the text must have room beside them.
const CONTEXT_CHARS: usize = 200;

/// Title, heading path and text of a chunk, a line each.
pub fn embedded_text(title: &str, heading: Option<&str>, text: &str) -> String {
    let short = |context: &str| context.chars().take(CONTEXT_CHARS).collect::<String>();
    match heading {
        Some(heading) if heading != title => format!("{}\n{}\n{text}", short(title), short(heading)),
        _ => format!("{}\n{text}", short(title)),
    }
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
    /// All documents when empty.
    pub document_ids: Vec<String>,
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
