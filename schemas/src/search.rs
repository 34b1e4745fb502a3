//! Search: a question in, ranked chunks out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// Words to look for. `"annual leave"` has to stand so in a hit; `-draft` and `-"first draft"` must not stand in it.
    pub query: String,
    /// Number of hits wanted, 1 to 100; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// Only these collections; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<Filters>,
}

/// Narrows a search; every given field must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    /// Only documents of one of these languages (BCP 47 primary subtags).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Only these documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub document_ids: Vec<String>,
    /// Only documents of one of these media types (`application/pdf`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_types: Vec<String>,
    /// Only documents that have one of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Only documents by one of these authors: whole names, in any case of letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Only documents whose uri begins so (`hr/leave/`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// Only documents of this day or later (`2026-01-31`), by what they say of themselves: when they were modified, or
    /// else sent, or else created. A document that says nothing is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Only documents of this day or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Only documents whose metadata has these values, in any case of letters (`{"from": "ann@example.com"}`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct SearchResponse {
    pub hits: Vec<Hit>,
    /// The query with other words in place of those that stand in no document that the caller may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
    /// Phrases of the query, when no document that the caller may see has them all: their words were looked for instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched_phrases: Vec<String>,
}

/// One chunk that matches, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    pub chunk_id: String,
    pub document_id: String,
    pub title: String,
    pub uri: String,
    pub collection: String,
    pub page: Option<u32>,
    /// Heading path, outermost first, joined by ` › `.
    pub heading: Option<String>,
    pub text: String,
    /// Offsets of `text` in the document's extracted text, in characters.
    pub start: usize,
    pub end: usize,
    /// Fused score; comparable within one response only.
    pub score: f32,
    pub scores: LegScores,
    /// What of `text` was looked for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub highlights: Vec<Highlight>,
    /// Other documents that say the same in the same words, as far as the caller may see them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Copy>,
}

/// A part of a text that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Highlight {
    /// Offsets in characters of the hit's `text`.
    pub start: usize,
    pub end: usize,
}

/// A document that holds the same passage as a hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Copy {
    pub document_id: String,
    pub uri: String,
}

/// What each leg said of a hit; null when the leg did not find it or did not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LegScores {
    /// BM25.
    pub lexical: Option<f32>,
    /// Cosine, −1 to 1.
    pub vector: Option<f32>,
    /// Score of the reranker.
    pub rerank: Option<f32>,
}
