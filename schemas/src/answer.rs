//! Answers: a question in, cited sentences or an honest refusal out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ErrorBody;
use crate::search::{Filters, Hit};

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"question": "How many days of leave?"}))]
pub struct AskRequest {
    #[schema(min_length = 1)]
    pub question: String,
    /// Continues a conversation of the asker's; a new one is started when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// `false` keeps neither the question nor the answer: a new conversation cannot be continued then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<bool>,
    /// Only these collections; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<Filters>,
    /// How the answer is composed; as the server is set up when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// 1 (answers on slight evidence) to 5 (refuses when in doubt); as the server is set up when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 5)]
    pub strictness: Option<u8>,
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
    /// Written by the language model of this server, then checked against the documents.
    Generative,
    /// Written by a model behind an API that the server is set up with, then checked against the documents.
    Upstream,
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
    /// How it was composed; `extractive` as well when nothing that a model wrote stood the check.
    pub mode: Mode,
    pub usage: Usage,
    pub timings_ms: Timings,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sentence {
    pub text: String,
    /// Numbers (`n`) of the citations that hold the sentence.
    pub citations: Vec<u32>,
    /// 0 to 1: how well its sources bear the sentence out; 1 for a quote.
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
    /// The exact answer within the quote, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// When the document was made or last changed, where that is known (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Score of the hit that the quote was taken from.
    pub score: f32,
}

/// Offsets in characters of the document's extracted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// What the answer cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Chunks that search returned.
    pub chunks_searched: u32,
    /// Passages that the reader or the sentence scorer looked at.
    pub passages_read: u32,
    /// The language model that wrote, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tokens that went to it, and that came from it.
    #[serde(default)]
    pub prompt_tokens: u32,
    #[serde(default)]
    pub completion_tokens: u32,
    /// Whether the tokens were estimated from the texts, because the model's server gave no numbers; so is the cost then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// What a bought model cost, by the price that the server is set up with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Of the cost, as in ISO 4217 (`USD`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// Wall-clock milliseconds of each step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timings {
    /// Making the question stand alone.
    #[serde(default)]
    pub resolve: f32,
    pub search: f32,
    pub read: f32,
    /// Writing, and checking what was written.
    #[serde(default)]
    pub compose: f32,
    pub total: f32,
}

/// What `POST /v1/ask` sends with `stream: true`; the variant's name is the SSE event's name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "event", content = "data")]
pub enum AnswerEvent {
    SearchResults(SearchResults),
    Message(MessageDelta),
    Retract(Retraction),
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
            AnswerEvent::Retract(_) => "retract",
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
    /// The sentence that the text belongs to, counted from 0 as it was sent.
    #[serde(default)]
    pub sentence: u32,
}

/// A sentence that was sent and did not stand the check against its sources: take it out of what is shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Retraction {
    pub sentence: u32,
    pub reason: RetractReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetractReason {
    /// No passage bears it out.
    NotSupported,
    /// A number, date or unit that no cited passage holds.
    Number,
    /// A name or an identifier that no cited passage holds.
    Name,
    /// It says the opposite of its source.
    Negation,
    /// A link, an image, or words of the instructions.
    Unsafe,
    /// The answer was composed anew.
    Replaced,
}
