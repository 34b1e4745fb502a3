//! Questions that the documents did not answer well, as those who look after the documents see them: by topic, with how
//! often and by how many, and never by whom.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopicState {
    Open,
    /// Somebody said that it is answered now. It opens itself again when it is asked again and not answered.
    Answered,
    /// Not for these documents; it stays so.
    Dismissed,
}

/// How a question comes to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopicKind {
    /// It was refused.
    Unanswered,
    /// Its answer was rated `down`.
    Down,
    /// Somebody passed it on.
    Handoff,
}

/// Questions that ask for the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Topic {
    pub id: String,
    /// The question that was asked most often.
    pub label: String,
    pub state: TopicState,
    /// What there was most of.
    pub kind: TopicKind,
    /// How often it was asked, refused, rated `down` and passed on, also where the questions are deleted by now.
    pub count: u64,
    pub unanswered: u64,
    pub down: u64,
    pub handoffs: u64,
    /// By how many different people, as far as that is known.
    pub askers: u64,
    pub first_at: String,
    pub last_at: String,
    /// The wordings that are still kept, the most frequent first; at most ten.
    pub questions: Vec<TopicQuestion>,
    /// The document that somebody said answers it; null when the caller may not see it, or there is none.
    pub document: Option<TopicDocument>,
    /// What was noted with the last decision.
    pub note: Option<String>,
    /// When that was.
    pub decided_at: Option<String>,
}

/// One wording of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicQuestion {
    /// As it was typed; as it stands alone for callers who may see every document.
    pub question: String,
    pub count: u64,
    pub last_at: String,
    /// Of the last answer to it.
    pub answer_id: String,
    /// What people wrote who passed it on or rated it `down`; at most ten, the last first.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicDocument {
    pub id: String,
    pub uri: String,
    pub title: String,
}

/// A page of topics, the one with the newest activity first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicList {
    pub topics: Vec<Topic>,
    /// Pass as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What somebody decides about a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicDecision {
    pub state: TopicState,
    /// Of the state `answered`: the document that answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<String>,
    /// Up to 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
