//! Messages of the Model Context Protocol (<https://modelcontextprotocol.io/specification>), which are those of JSON-RPC 2.0.
//! What tools give back is here as well; what they take is described by the server itself, in `tools/list`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{Citation, Status};

/// A request, or a notification when it has no `id`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(example = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
    "params": {"name": "ask", "arguments": {"question": "How many days of leave?"}}}))]
pub struct McpMessage {
    /// `2.0`
    pub jsonrpc: String,
    /// A string or an integer.
    #[serde(default)]
    pub id: Option<Value>,
    /// `initialize`, `server/discover`, `ping`, `tools/list`, `tools/call`
    pub method: String,
    #[serde(default)]
    pub params: Option<Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct McpReply {
    /// `2.0`
    pub jsonrpc: String,
    /// Of the request; null when it could not be read.
    pub id: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<McpError>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct McpError {
    pub code: i32,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// What `search_documents` gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FoundPassages {
    /// Best first.
    pub passages: Vec<FoundPassage>,
    /// The query with other words in place of those that stand in no document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FoundPassage {
    pub document_id: String,
    pub title: String,
    pub uri: String,
    pub collection: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    pub text: String,
    /// Offset in characters of the document's text.
    pub start: usize,
    pub score: f32,
}

/// What `ask` gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToolAnswer {
    pub status: Status,
    pub answer: String,
    /// Of the sentences; when the documents do not answer, the nearest ones.
    pub citations: Vec<Citation>,
    pub confidence: f32,
}

/// What `get_document` gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DocumentPart {
    pub document_id: String,
    pub title: String,
    pub uri: String,
    pub text: String,
    /// Characters of the whole text, and which of them `text` is.
    pub characters: usize,
    pub start: usize,
    pub end: usize,
    /// Where the next part begins; absent in the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_start: Option<usize>,
}
