//! Conversations: what one asker asked, and was answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::feedback::Feedback;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    pub id: String,
    /// The first question, shortened, until it is renamed.
    pub title: String,
    pub created_at: String,
    /// When its last turn was asked.
    pub updated_at: String,
    /// Turns that are kept.
    pub turns: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConversationList {
    /// The one that was last asked in first.
    pub conversations: Vec<Conversation>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A conversation with what was said in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Transcript {
    pub conversation: Conversation,
    /// The oldest first.
    pub turns: Vec<Turn>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Turn {
    /// Of the conversation, from 1; numbers of turns that are no longer kept do not come again.
    pub number: u32,
    pub asked_at: String,
    /// As it was given, but without what it took from documents that the asker cannot read any more.
    pub answer: Answer,
    /// Numbers (`n`) of the citations that were taken out for that, together with the sentences that rest on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<u32>,
    /// How the asker rated the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    /// When the asker passed the question on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_on_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameConversation {
    /// 1 to 200 characters.
    pub title: String,
}

/// A conversation that is gone for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConversationDeleted {
    pub conversation_id: String,
}
