//! What clients of OpenAI's API send and expect, as far as it is answered here.
//!
//! Fields that are not named are taken and have no effect: clients send many. Fields of ours beside OpenAI's say so.
//! The form of citations is that of Azure OpenAI "on your data"
//! (<https://learn.microsoft.com/azure/ai-services/openai/references/on-your-data>).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{Mode, Status};
use crate::search::Filters;

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(example = json!({"model": "taproot", "messages": [{"role": "user", "content": "How many days of leave?"}]}))]
pub struct ChatRequest {
    /// A model of `GET /v1/models` that answers questions.
    pub model: String,
    /// The last message of the user is the question; what was said before makes a follow-up understood.
    #[schema(min_items = 1)]
    pub messages: Vec<ChatMessage>,
    #[serde(default)]
    pub stream: Option<bool>,
    #[serde(default)]
    pub stream_options: Option<ChatStreamOptions>,
    /// There is one answer: 1.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1)]
    pub n: Option<u32>,
    /// Never called; refused when `tool_choice` forces it.
    #[serde(default)]
    pub tools: Option<Vec<Value>>,
    #[serde(default)]
    pub tool_choice: Option<Value>,
    /// Text, the only form.
    #[serde(default)]
    pub response_format: Option<ChatResponseFormat>,
    /// `text`, the only one.
    #[serde(default)]
    pub modalities: Option<Vec<String>>,
    /// There are none: `false`.
    #[serde(default)]
    pub logprobs: Option<bool>,
    /// Of Taproot: only these collections; all when absent.
    #[serde(default)]
    pub collections: Option<Vec<String>>,
    /// Of Taproot: as in `POST /v1/ask`.
    #[serde(default)]
    pub filters: Option<Filters>,
    /// Of Taproot: 1 (answers on slight evidence) to 5 (refuses when in doubt).
    #[serde(default)]
    #[schema(minimum = 1, maximum = 5)]
    pub strictness: Option<u8>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub struct ChatStreamOptions {
    /// One more chunk at the end, with the usage.
    #[serde(default)]
    pub include_usage: Option<bool>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct ChatResponseFormat {
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct ChatMessage {
    pub role: ChatRole,
    #[serde(default)]
    pub content: Option<ChatContent>,
}

/// Who said it. What is not said by the user or the assistant is not looked at: an answer is made of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Function,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ChatContent {
    Text(String),
    Parts(Vec<ChatContentPart>),
}

/// A part of a message; only text is taken.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct ChatContentPart {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub text: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChatCompletion {
    pub id: String,
    /// `chat.completion`
    pub object: String,
    /// Seconds since 1970 UTC.
    pub created: u64,
    pub model: String,
    pub choices: Vec<ChatChoice>,
    pub usage: TokenUsage,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChatChoice {
    pub index: u32,
    pub message: ChatAnswer,
    /// `stop`, also of an answer that says that the documents do not answer.
    pub finish_reason: String,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    pub logprobs: Option<Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChatAnswer {
    pub role: ChatRole,
    /// The sentences with their marks: `[1]` is the first of `context.citations`.
    pub content: String,
    /// Always null.
    pub refusal: Option<String>,
    pub context: ChatContext,
}

/// What an answer rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatContext {
    /// Mark `[n]` stands for the n-th. Empty when the documents do not answer.
    pub citations: Vec<ChatCitation>,
    /// The question as it was searched, with what the messages before add: a JSON list of one string.
    pub intent: String,
    /// Of Taproot: whether the documents answer.
    pub status: Status,
    /// Of Taproot: the nearest documents, which do not answer; empty when there is an answer.
    pub nearest: Vec<ChatCitation>,
    /// Of Taproot: 0 to 1.
    pub confidence: f32,
    /// Of Taproot: how it was composed.
    pub mode: Mode,
    /// Of Taproot: the answer's id.
    pub answer_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatCitation {
    /// The document's words.
    pub content: String,
    pub title: String,
    /// Where this server has the original, below its own address.
    pub url: String,
    /// The document's uri.
    pub filepath: String,
    pub chunk_id: String,
    /// Of Taproot: `GET /v1/documents/{id}` has it.
    pub document_id: String,
    /// Of Taproot.
    pub page: Option<u32>,
    /// Of Taproot: heading path, outermost first, joined by ` › `.
    pub heading: Option<String>,
}

/// Tokens: of the language model that wrote, as it counted them; where none did, of the embedder, over the messages and
/// the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenUsage {
    pub prompt_tokens: u32,
    pub completion_tokens: u32,
    pub total_tokens: u32,
}

/// What one `data:` line of a stream holds; the last one is `[DONE]`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChatChunk {
    pub id: String,
    /// `chat.completion.chunk`
    pub object: String,
    pub created: u64,
    pub model: String,
    /// Empty in the chunk that has the usage.
    pub choices: Vec<ChatChunkChoice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<TokenUsage>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChatChunkChoice {
    pub index: u32,
    pub delta: ChatDelta,
    pub finish_reason: Option<String>,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    pub logprobs: Option<Value>,
}

/// The first one has the role, the last one the context.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChatDelta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ChatRole>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ChatContext>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenAiModelList {
    /// `list`
    pub object: String,
    pub data: Vec<OpenAiModel>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenAiModel {
    pub id: String,
    /// `model`
    pub object: String,
    /// When this server began, in seconds since 1970 UTC.
    pub created: u64,
    /// `taproot`
    pub owned_by: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(example = json!({"model": "all-minilm-l6-v2", "input": ["annual leave"]}))]
pub struct EmbeddingRequest {
    /// The embedder of `GET /v1/models`.
    pub model: String,
    pub input: EmbeddingInput,
    #[serde(default)]
    pub encoding_format: Option<EncodingFormat>,
    /// The model's own number, the only one.
    #[serde(default)]
    pub dimensions: Option<u32>,
    /// Of Taproot: `query` for questions; passages when absent.
    #[serde(default)]
    pub input_type: Option<InputType>,
    /// Of Taproot: leave out what exceeds the model's longest input, instead of refusing it.
    #[serde(default)]
    pub truncate: Option<bool>,
}

/// Text; tokens of another model's tokenizer mean nothing to this one.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EmbeddingInput {
    Text(String),
    Texts(Vec<String>),
    /// Refused.
    Tokens(Vec<u32>),
    /// Refused.
    TokenLists(Vec<Vec<u32>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EncodingFormat {
    #[default]
    Float,
    /// 32-bit floats, the lowest byte first.
    Base64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    Query,
    #[default]
    Passage,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingPage {
    /// `list`
    pub object: String,
    pub data: Vec<EmbeddingItem>,
    pub model: String,
    pub usage: EmbeddingUsage,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingItem {
    /// `embedding`
    pub object: String,
    pub index: u32,
    pub embedding: EmbeddingVector,
}

/// As `encoding_format` wants it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EmbeddingVector {
    Float(Vec<f32>),
    Base64(String),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingUsage {
    pub prompt_tokens: u32,
    pub total_tokens: u32,
}

/// Errors on these routes, in the form that the clients make their typed errors of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenAiError {
    pub error: OpenAiErrorDetail,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenAiErrorDetail {
    /// What happened, and what to do about it.
    pub message: String,
    /// `invalid_request_error`, `authentication_error`, `permission_error`, `rate_limit_error`, `server_error`
    #[serde(rename = "type")]
    pub kind: String,
    /// The field of the request that it is about, where there is one.
    pub param: Option<String>,
    /// A code of Taproot's own table.
    pub code: String,
    pub request_id: String,
}
