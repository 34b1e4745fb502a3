//! Answers: a question in, cited sentences or an honest refusal out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ErrorBody;
use crate::search::{Filters, Hit};

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskRequest {
    pub question: String,
    /// Continues a conversation; a new one is started when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// Only these collections; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<Filters>,
    /// How the answer is composed; `extractive` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Answer as server-sent events instead of one JSON value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
}

/// How an answer is composed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Whole sentences of the documents, unchanged.
    #[default]
    Extractive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Answered,
    /// Nothing in the documents answers the question.
    Abstained,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    pub id: String,
    pub conversation_id: String,
    /// Id of the line of a batch; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question_id: Option<String>,
    pub question: String,
    /// The question as it was searched, with what the conversation adds.
    pub standalone_question: String,
    pub status: Status,
    /// The sentences with their citation marks (`[1]`); when abstained, one sentence that says so.
    pub answer: String,
    /// The exact span that answers, where there is one.
    pub short_answer: Option<String>,
    pub sentences: Vec<Sentence>,
    /// Sources of the sentences; when abstained, the nearest documents, which do not answer.
    pub citations: Vec<Citation>,
    /// 0 to 1: how sure it is that the sentences answer the question.
    pub confidence: f32,
    pub mode: Mode,
    pub usage: Usage,
    pub timings_ms: Timings,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sentence {
    pub text: String,
    /// Numbers (`n`) of the citations that hold the sentence.
    pub citations: Vec<u32>,
    /// 0 to 1: the share of the sentence's words that its sources contain.
    pub support: f32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Citation {
    /// Number as it stands in the answer, from 1.
    pub n: u32,
    pub document_id: String,
    pub chunk_id: String,
    pub title: String,
    pub uri: String,
    pub page: Option<u32>,
    /// Heading path, outermost first, joined by ` › `.
    pub heading: Option<String>,
    /// Exactly the document's text from `start` to `end`.
    pub quote: String,
    /// Offset in characters of the extracted text.
    pub start: usize,
    pub end: usize,
    /// Score of the hit that the quote was taken from.
    pub score: f32,
}

/// What the answer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Chunks that search returned.
    pub chunks_searched: u32,
    /// Passages that the reader or the sentence scorer looked at.
    pub passages_read: u32,
}

/// Wall-clock milliseconds of each step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timings {
    pub search: f32,
    pub read: f32,
    pub total: f32,
}

/// What `POST /v1/ask` sends with `stream: true`; the variant's name is the SSE event's name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "event", content = "data")]
pub enum AnswerEvent {
    SearchResults(SearchResults),
    Message(MessageDelta),
    Citation(Citation),
    FinalAnswer(Box<Answer>),
    Error(ErrorBody),
}

impl AnswerEvent {
    /// The SSE event's name.
    pub fn name(&self) -> &'static str {
        match self {
            AnswerEvent::SearchResults(_) => "search_results",
            AnswerEvent::Message(_) => "message",
            AnswerEvent::Citation(_) => "citation",
            AnswerEvent::FinalAnswer(_) => "final_answer",
            AnswerEvent::Error(_) => "error",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SearchResults {
    pub hits: Vec<Hit>,
}

/// Text to append to the answer shown so far.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MessageDelta {
    pub delta: String,
}
