//! Search: a question in, ranked chunks out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
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
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct SearchResponse {
    pub hits: Vec<Hit>,
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
