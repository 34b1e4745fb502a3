//! Documents as callers see them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::job::FileFailure;

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
    /// Groups that may not read the document, whatever other groups a caller belongs to.
    pub deny: Vec<String>,
    pub tags: Vec<String>,
    /// For an attachment, the uri of its mail.
    pub part_of: Option<String>,
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// Where the text points to, each address once; the first thousand.
    pub links: Vec<Link>,
    /// What was left out of the text or found in it on its way in: how often.
    pub notes: BTreeMap<NoteKind, u32>,
    /// Why the file could not be read the last time, when it could not: what is here is of the time before.
    #[serde(default)]
    pub failure: Option<FileFailure>,
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

/// Whether what is here of a document is what its file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// It is, as of the last look at the file.
    Ready,
    /// The file could not be read the last time; what is here is of the time before.
    Stale,
}

/// A piece of a document as searches find it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Chunk {
    pub id: String,
    /// Place among the chunks of the document, from 0.
    pub ordinal: u32,
    /// Offsets in characters of the document's extracted text.
    pub start: usize,
    pub end: usize,
    pub page: Option<u32>,
    /// Heading path, outermost first, joined by ` › `.
    pub heading: Option<String>,
    /// Of a piece of a table: the row that its cells stand under.
    pub table_header: Option<String>,
    pub language: Option<String>,
    pub text: String,
}

/// A page of a document's chunks, in the order of the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChunkList {
    pub document_id: String,
    pub version: u32,
    pub chunks: Vec<Chunk>,
    /// Chunks of the document, on all pages.
    pub total: u64,
    /// Pass as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A collection, as far as the caller may see into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Collection {
    pub name: String,
    pub documents: u64,
    pub chunks: u64,
    /// Groups that one or more of its documents are for; null for callers that may not administer.
    pub groups: Option<Vec<String>>,
}

/// The collections that hold a document that the caller may see, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectionList {
    pub collections: Vec<Collection>,
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

/// An address that the text of a document points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// What the text says where it points there; may be empty.
    pub text: String,
    pub url: String,
}

/// What was done to a document on its way in, or found in it. Nothing is left out in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Pieces of text that a reader does not see were left out: white on white, zero size, off the page, invisible
    /// characters, comments.
    HiddenText,
    /// Lines that stand on every page were left out: running headers and footers.
    RunningLines,
    /// Parts of a web page around its content were left out: navigation, cookie notices.
    Boilerplate,
    /// Passages that address a language model ("ignore previous instructions"). They are kept as text and never
    /// followed.
    Instructions,
    /// The document is mostly links; how many.
    SpamLinks,
    /// Pages or images whose text was read by OCR.
    OcrPages,
    /// Pages or images that seem to hold text, which cannot be read: OCR is not there, is off, or failed.
    PagesWithoutText,
    /// Pages, sheets or slides that could not be read.
    FailedPages,
    /// Rows, columns or cells beyond the bounds of a sheet were left out.
    CellsLeftOut,
    /// Attachments, members or embedded objects that could not be read; the report of the ingest names them.
    FailedParts,
    /// The text was taken from the file's bytes without understanding its layout, so that order and layout may be
    /// wrong.
    BestEffort,
}

/// What a delete removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Deleted {
    pub document_id: String,
    pub uri: String,
    /// Number of chunks that left the catalog and both indexes.
    pub chunks: u32,
    /// Whether the file went too, as that of an uploaded document does. A file that stays is read again, and the
    /// document is back, when its content changes.
    #[serde(default)]
    pub file_removed: bool,
}
