//! What an asker says of an answer: that it helped or did not, or that a person should look at the question.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    Up,
    Down,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackReason {
    Wrong,
    Incomplete,
    /// The documents have it, and it was not found.
    NotFound,
    Outdated,
    Other,
}

/// Rates an answer of the caller's that was kept. A second rating takes the place of the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackRequest {
    pub answer_id: String,
    pub rating: Rating,
    /// Of a rating `down`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FeedbackReason>,
    /// Up to 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A rating as it is kept with the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Feedback {
    pub answer_id: String,
    pub rating: Rating,
    pub reason: Option<FeedbackReason>,
    pub comment: Option<String>,
    pub rated_at: String,
}

/// A rating that is gone; the answer is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedbackDeleted {
    pub answer_id: String,
}

/// Passes the question of an answer on to the people who look after the documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoffRequest {
    pub answer_id: String,
    /// For whoever reads the question, who is not told whose it is; up to 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A question that was passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Handoff {
    pub answer_id: String,
    pub note: Option<String>,
    pub handed_on_at: String,
}
