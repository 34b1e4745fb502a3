//! Dify's external knowledge API (<https://docs.dify.ai/en/use-dify/knowledge/external-knowledge-api>): what Dify sends and expects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(example = json!({"knowledge_id": "default", "query": "How many days of leave?",
    "retrieval_setting": {"top_k": 5, "score_threshold": 0.2}}))]
pub struct RetrievalRequest {
    /// A collection.
    pub knowledge_id: String,
    #[schema(min_length = 1)]
    pub query: String,
    pub retrieval_setting: RetrievalSetting,
    #[serde(default)]
    pub metadata_condition: Option<MetadataCondition>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub struct RetrievalSetting {
    /// Records at the most, 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    pub top_k: u32,
    /// Records that score less are left out: 0 to 1.
    #[serde(default)]
    pub score_threshold: Option<f32>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct MetadataCondition {
    #[serde(default)]
    pub logical_operator: Option<RetrievalOperator>,
    pub conditions: Vec<RetrievalCondition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetrievalOperator {
    #[default]
    And,
    Or,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct RetrievalCondition {
    /// Name of a metadata field, or `title`, `uri`, `collection`, `language`, `media_type`, `tags`, `created_at`,
    /// `updated_at`. Of several names one has to fit.
    pub name: RetrievalNames,
    pub comparison_operator: RetrievalComparison,
    #[serde(default)]
    pub value: Option<Value>,
}

/// Both forms are in use.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RetrievalNames {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum RetrievalComparison {
    #[serde(rename = "contains")]
    Contains,
    #[serde(rename = "not contains")]
    NotContains,
    #[serde(rename = "start with")]
    StartWith,
    #[serde(rename = "end with")]
    EndWith,
    #[serde(rename = "is")]
    Is,
    #[serde(rename = "is not")]
    IsNot,
    #[serde(rename = "in")]
    In,
    #[serde(rename = "not in")]
    NotIn,
    #[serde(rename = "empty")]
    Empty,
    #[serde(rename = "not empty")]
    NotEmpty,
    #[serde(rename = "null")]
    Null,
    #[serde(rename = "not null")]
    NotNull,
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "≠")]
    NotEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "≥")]
    AtLeast,
    #[serde(rename = "≤")]
    AtMost,
    #[serde(rename = "before")]
    Before,
    #[serde(rename = "after")]
    After,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RetrievalResponse {
    /// Best first.
    pub records: Vec<RetrievedRecord>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RetrievedRecord {
    /// The passage.
    pub content: String,
    /// 0 to 1.
    pub score: f32,
    pub title: String,
    /// `document_id`, `chunk_id`, `uri`, `collection`, `page`, `heading`, and what the document says of itself.
    pub metadata: BTreeMap<String, Value>,
}

/// Errors on this route, in Dify's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DifyError {
    /// 1001: the `Authorization` header has not the form `Bearer KEY`. 1002: the key is not let in. 2001: there is no
    /// such knowledge. Else the HTTP status.
    pub error_code: u32,
    pub error_msg: String,
}
