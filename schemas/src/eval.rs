//! Results of `taproot eval`, as `--json` and `--out` write them and `--against` reads them again.
//!
//! Names of metrics stay what they are; what is not measured is null, never 0.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Raised when a reader of the former form would misread this one.
pub const FORMAT: u32 = 1;

/// What a set of questions was measured to be under one configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub format: u32,
    /// Of the program that measured.
    pub version: String,
    pub created_at: String,
    pub set: EvaluatedSet,
    pub configuration: Configuration,
    pub options: EvalOptions,
    /// How well search ranks; null when it was not measured.
    pub ranking: Option<Section<RankingRow>>,
    /// How well questions are answered; null when it was not measured.
    pub answers: Option<Section<AnswerRow>>,
    /// How well questions that go on from what was said before are understood; null when it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_ups: Option<Section<FollowUpRow>>,
    /// Against another configuration, or an earlier result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedSet {
    pub name: String,
    pub questions: u64,
    /// Documents and passages that were searched; null when a running server was asked.
    pub documents: Option<u64>,
    pub chunks: Option<u64>,
    /// Files that could not be read.
    pub failed_files: u64,
    /// Documents that questions name as their sources and that are not there; at most 100 are listed.
    pub unknown_documents: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// The settings file, or what stands for it.
    pub label: String,
    /// Fingerprint of the embedder; null when a running server was asked.
    pub embedder: Option<String>,
    /// Questions that were asked at a time while quality was measured.
    pub threads: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvalOptions {
    /// Hits that ranking metrics look at, the k of `ndcg@k`.
    pub k: u32,
    /// Only so many questions, the first of the file; null for all.
    pub limit: Option<u64>,
    pub seed: u64,
    /// Resamples behind each interval.
    pub resamples: u32,
    /// Questions whose latency was measured, one at a time, after all had been asked once.
    pub latency_sample: u32,
}

/// One kind of measurement over a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section<R> {
    /// All questions first, then each language of the questions.
    pub groups: Vec<Group>,
    /// How many questions failed.
    pub failed: u64,
    /// The most telling of them, first what misleads most; at most 200.
    pub failures: Vec<Failure>,
    /// One for each question, to compare with.
    pub rows: Vec<R>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Null for all questions.
    pub language: Option<String>,
    pub questions: u64,
    pub metrics: Vec<Metric>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    pub name: String,
    /// Questions that it is taken over.
    pub over: u64,
    pub higher_is_better: bool,
    /// Null when no question says anything about it.
    pub estimate: Option<Estimate>,
}

/// A value with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// How one query was ranked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankingRow {
    pub id: String,
    /// Fingerprint of the query and its judgments: rows of two results are compared when it is the same.
    pub key: String,
    pub language: String,
    pub ndcg: f64,
    pub reciprocal_rank: f64,
    pub recall: f64,
    pub recall_100: f64,
    /// Place of the first relevant document, from 1; null when it is not among the first 100.
    pub first_relevant: Option<u32>,
    /// nDCG of the list ordered by words alone.
    pub lexical_ndcg: f64,
    /// nDCG of the list ordered by meaning alone; null when the vectors were not searched.
    pub vector_ndcg: Option<f64>,
    /// Null when it is not in the sample.
    pub latency_ms: Option<f64>,
}

/// What was found for one question of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowUpRow {
    pub id: String,
    pub key: String,
    pub language: String,
    /// The question as it was understood.
    pub standalone: String,
    /// For the question as typed, without the conversation.
    pub typed: FoundScores,
    /// For the question in its conversation.
    pub resolved: FoundScores,
    /// For the question as a person wrote it out; null where the set does not say.
    pub written_out: Option<FoundScores>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FoundScores {
    pub ndcg: f64,
    pub recall: f64,
    /// The first documents, as many as the metrics look at.
    pub found: Vec<String>,
}

/// How one question was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerRow {
    pub id: String,
    /// Fingerprint of the question and what is expected.
    pub key: String,
    pub language: String,
    /// Whether the documents hold the answer.
    pub answerable: bool,
    pub abstained: bool,
    pub confidence: f64,
    /// Null for a question without an answer, or without a gold answer to compare with.
    pub scores: Option<AnswerScores>,
    /// Null when nothing was answered, or no source is named to compare with.
    pub citations: Option<CitationScores>,
    /// Null when it is not in the sample.
    pub latency_ms: Option<f64>,
}

/// Against the best of the gold answers; all 0 when the question was refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerScores {
    /// A gold answer is a run of words of the answer.
    pub contains: f64,
    /// Exact match and F1 of the sentences.
    pub em: f64,
    pub f1: f64,
    /// Exact match and F1 of the short answer; of the sentences where there is none.
    pub short_em: f64,
    pub short_f1: f64,
}

/// Of the documents that an answer cites.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CitationScores {
    /// At least one is a gold document.
    pub hit: f64,
    /// The share of them that are gold documents.
    pub precision: f64,
    /// The share of the gold documents that are among them.
    pub recall: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Answered, and the documents do not hold the answer.
    MadeUp,
    /// Answered, and no gold answer is in it.
    Wrong,
    /// Answered right, from documents that are not the gold ones.
    WrongSource,
    /// Not answered, and the documents hold the answer.
    Refused,
    /// No relevant document among the first 100.
    NotFound,
    /// A document that is not relevant stands before the first relevant one.
    RankedLow,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub id: String,
    pub language: String,
    pub question: String,
    /// Gold answers.
    pub expected_answers: Vec<String>,
    /// Gold documents; at most ten.
    pub expected_documents: Vec<String>,
    /// Place of the first gold document in the search for the question; null when it is not among the first 100 or
    /// ranking was not measured.
    pub first_relevant: Option<u32>,
    /// What was answered; null for rankings and refusals.
    pub answer: Option<String>,
    pub confidence: Option<f64>,
    /// Documents that were found or cited, best first; at most ten.
    pub came: Vec<Came>,
}

/// A document that came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Came {
    pub title: String,
    pub document: String,
    pub score: f64,
    /// Whether it is a gold document.
    pub relevant: bool,
    /// The passage, shortened.
    pub quote: String,
}

/// This evaluation and another one, question by question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub against: Configuration,
    /// When the other was measured.
    pub against_created_at: String,
    /// Null when either lacks it, or they have no question in common.
    pub ranking: Option<SectionComparison>,
    pub answers: Option<SectionComparison>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_ups: Option<SectionComparison>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionComparison {
    /// Questions that both have in the same form.
    pub compared: u64,
    /// Questions of either that the other lacks, or has in another form.
    pub left_out: u64,
    /// By the metric that decides.
    pub verdict: Verdict,
    pub decided_by: String,
    /// All questions first, then each language of the questions.
    pub groups: Vec<GroupComparison>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// This one is better, and chance is an unlikely reason.
    Better,
    /// The other is better, and chance is an unlikely reason.
    Worse,
    /// The difference may be chance.
    Unclear,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupComparison {
    /// Null for all questions.
    pub language: Option<String>,
    pub questions: u64,
    pub differences: Vec<Difference>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    pub name: String,
    pub higher_is_better: bool,
    pub this: f64,
    pub against: f64,
    /// `this` less `against`.
    pub difference: Estimate,
    /// How often a difference at least as large comes about when the two are alike (paired randomisation test, two-sided).
    pub p: f64,
    /// Questions on which this one is better, worse, and the same; null for metrics that single questions do not have.
    pub wins: Option<u64>,
    pub losses: Option<u64>,
    pub ties: Option<u64>,
}
