//! Search: a question in, ranked chunks out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"query": "annual leave", "k": 5}))]
pub struct SearchRequest {
    /// Words to look for. `"annual leave"` has to stand so in a hit; `-draft` and `-"first draft"` must not stand in it.
    #[schema(min_length = 1)]
    pub query: String,
    /// Number of hits wanted, 1 to 100; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub k: Option<usize>,
    /// Only these collections; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<Filters>,
    /// Hits that are passed over, for the next page; 0 when absent. With `k`, at most 1,000. A search looks at no more
    /// than the 100 best chunks of each leg, so there are at most 200 hits on all pages together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 999)]
    pub offset: Option<usize>,
    /// Whether a model reads the best hits together with the query before they are shown; `search.rerank` of the settings
    /// when absent. It is what takes most of a search's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<bool>,
    /// Say of each hit how it came to its score.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explain: bool,
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
    /// `offset` of the next page; absent on the last one. As long as no document changes, pages of one query neither
    /// repeat nor leave out a hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<usize>,
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
    /// Sum of what its explanation names; means the same for every query, but for what a model adds that reads the hit.
    pub score: f32,
    pub scores: LegScores,
    /// What of `text` was looked for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub highlights: Vec<Highlight>,
    /// Other documents that say the same in the same words, as far as the caller may see them and as far as they rank
    /// down to the end of the page. Pages count a hit with its copies as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Copy>,
    /// How the hit came to its score, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
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

/// How a hit came to its score: `score` is the sum of all contributions here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// Null when the hit has none of the words.
    pub lexical: Option<LegShare>,
    /// Null when the vector leg did not run.
    pub vector: Option<LegShare>,
    /// What changed the score after the legs, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boosts: Vec<Boost>,
}

/// What one leg contributed to a hit's score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LegShare {
    /// Place among the leg's candidates, from 1; null when the leg did not bring the hit, and was asked of it later.
    pub rank: Option<u32>,
    /// The leg's own score: BM25, or a cosine.
    pub raw: f32,
    /// The same, 0 to 1: the share of the best BM25 score that there could be for the query, or the cosine.
    pub scaled: f32,
    /// Weight of the leg for this query, 0 to 1.
    pub weight: f32,
    /// What it added to the score: `weight` × `scaled`.
    pub contribution: f32,
}

/// What moved a hit up or down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Boost {
    pub name: BoostName,
    /// What it added to the score; less than 0 when it took away.
    pub contribution: f32,
    /// Why, for a person to read.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BoostName {
    /// How much the passages around it in its document have to do with the query.
    Neighbours,
    /// A reranker read query and passage together.
    Rerank,
    /// The query asks for what is new, and the document is newer than one that matches about as well.
    Recency,
    /// One document takes the place of another, and both are among the hits: the new one gained, or the old one lost.
    Superseded,
}
