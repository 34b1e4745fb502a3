//! Evaluations that a running server makes: a set of questions, asked of the documents as they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::Mode;
use crate::eval::{Difference, Verdict};
use crate::job::JobStatus;

/// Starts an evaluation: 1 to 1,000 questions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationRequest {
    pub questions: Vec<EvaluationQuestion>,
    /// 1 to 100 characters; the time of day when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How answers are composed; as the server is set up when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// 1 to 5; as the server is set up when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strictness: Option<u8>,
}

/// A question, with what is expected. One that says nothing of that is asked and counts in no measure.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationQuestion {
    pub question: String,
    /// Right answers; at most 20 of up to 2,000 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// False for a question that the documents do not answer: it is to be refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answerable: Option<bool>,
    /// The document that holds the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// An evaluation, on its way or at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationRun {
    pub id: String,
    pub name: String,
    pub status: JobStatus,
    pub questions: u32,
    pub progress: EvaluationProgress,
    pub mode: Option<Mode>,
    pub strictness: Option<u8>,
    pub created_at: String,
    pub finished_at: Option<String>,
    /// Why the run as a whole failed; null unless it did.
    pub error: Option<String>,
    /// Over the questions that say what is expected; empty until the run has ended.
    pub measures: Vec<EvaluationMeasure>,
    /// Question by question, in the order of the set; absent in lists, and until the run has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<EvaluationResult>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationProgress {
    pub done: u32,
    pub total: u32,
}

/// A measure with its 95 % confidence interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationMeasure {
    pub name: String,
    /// Null when no question says anything about it.
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Questions that it is taken over.
    pub over: u64,
    pub higher_is_better: bool,
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvaluationOutcome {
    Right,
    RefusedRightly,
    /// Answered, and no right answer is in it.
    Wrong,
    /// Answered, and the documents do not hold the answer.
    MadeUp,
    /// Answered right, from other documents.
    WrongSource,
    /// Not answered, although the documents hold the answer, or nothing is said of that.
    Refused,
    /// Answered; nothing was expected.
    Answered,
    /// It could not be asked.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationResult {
    pub question: String,
    pub outcome: EvaluationOutcome,
    /// Right answers, as they were given.
    pub expected: Vec<String>,
    pub expected_uri: Option<String>,
    /// What was answered; null when it was refused.
    pub answer: Option<String>,
    pub citations: Vec<EvaluationCitation>,
    pub confidence: Option<f64>,
    pub latency_ms: Option<f64>,
    /// Why it could not be asked.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationCitation {
    pub document_id: String,
    pub uri: String,
    pub title: String,
}

/// A page of evaluations, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationList {
    pub evaluations: Vec<EvaluationRun>,
    /// Pass as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Two evaluations, question by question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationComparison {
    pub this: String,
    pub against: String,
    /// Questions that both have in the same form, and those of either that the other lacks.
    pub compared: u64,
    pub left_out: u64,
    /// By the measure that decides.
    pub verdict: Verdict,
    pub decided_by: String,
    pub differences: Vec<Difference>,
    /// Questions that came out otherwise.
    pub changed: Vec<EvaluationChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationChange {
    pub question: String,
    /// In the one that it is compared with.
    pub before: EvaluationOutcome,
    pub after: EvaluationOutcome,
}
