//! One evaluation from its first question to its measures.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use taproot_engine::{AccessScope, Engine};
use taproot_schemas::answer::{Answer, AskRequest, Status};
use taproot_schemas::error::ErrorCode;
use taproot_schemas::eval::{
    AnswerRow, Configuration, EvalOptions, EvaluatedSet, Evaluation, FORMAT, FailureKind, Metric, Section,
};
use taproot_schemas::evaluation::{
    EvaluationCitation, EvaluationMeasure, EvaluationOutcome, EvaluationRequest, EvaluationResult,
};
use taproot_schemas::job::JobStatus;
use tokio::sync::watch;

use super::Known;
use super::store::Stored;
use crate::clock;
use crate::eval::failures;
use crate::eval::judge::judge;
use crate::eval::layout::{Question, asked, document_name};
use crate::eval::measures::groups;
use crate::eval::statistics::RESAMPLES;

/// Longest that one answer may take.
const DEADLINE: Duration = Duration::from_secs(120);
/// While people ask more than the server can answer, the evaluation waits; after so many tries a question has failed.
const PAUSE: Duration = Duration::from_secs(1);
const MAX_TRIES: usize = 120;
/// Characters of an answer, and citations, that are kept.
const ANSWER_CHARS: usize = 4_000;
const CITATIONS: usize = 10;
/// Of the intervals and tests.
const SEED: u64 = 1;
/// Ranking is not measured here; results have to say a number.
const K: u32 = 10;

/// What is to be done.
pub struct Work {
    pub engine: Engine,
    pub scope: AccessScope,
    pub request: EvaluationRequest,
    pub done: Arc<AtomicU32>,
    pub cancelled: watch::Receiver<bool>,
}

/// Why the questions are not asked to the last one.
enum Ended {
    Cancelled,
    Failed(String),
}

/// Asks all questions, and measures. Whatever happens is in what it returns.
pub async fn run(known: Known, work: Work) -> Stored {
    let questions: Vec<Question> = identified(work.request.questions.iter().cloned().map(asked).collect());
    let mut stored = Stored::begun(&known);
    let mut rows = Vec::new();
    let mut ended = None;
    for (question, given) in questions.iter().zip(&work.request.questions) {
        let outcome = ask(&work, question).await;
        let (result, row) = match outcome {
            Ok((answer, latency_ms)) => judged(question, answer, latency_ms),
            Err(Ok(why)) => (blank(question, EvaluationOutcome::Failed, Some(why)), None),
            Err(Err(end)) => {
                ended = Some(end);
                break;
            }
        };
        let (expected, expected_uri) = (given.answers.clone(), given.uri.clone());
        stored.run.results.push(EvaluationResult { expected, expected_uri, ..result });
        stored.keys.push(question.id.clone());
        rows.extend(row);
        work.done.fetch_add(1, Ordering::Relaxed);
    }
    stored.run.progress.done = stored.run.results.len() as u32;
    stored.run.finished_at = Some(clock::now());
    match ended {
        Some(Ended::Cancelled) => stored.run.status = JobStatus::Cancelled,
        Some(Ended::Failed(why)) => (stored.run.status, stored.run.error) = (JobStatus::Failed, Some(why)),
        None => measure(&mut stored, &work, rows).await,
    }
    stored
}

/// The same question with the same expectation is the same in every set; one that comes twice in a set is told apart.
fn identified(mut questions: Vec<Question>) -> Vec<Question> {
    let mut times: HashMap<String, usize> = HashMap::new();
    for question in &mut questions {
        let time = times.entry(question.key.clone()).or_default();
        *time += 1;
        question.id = if *time == 1 { question.key.clone() } else { format!("{}#{time}", question.key) };
    }
    questions
}

/// The answer and how long it took; else why this question failed, or why no more are asked.
async fn ask(work: &Work, question: &Question) -> Result<(Answer, f64), Result<String, Ended>> {
    let request = AskRequest {
        question: question.text.clone(),
        keep: Some(false),
        mode: work.request.mode,
        strictness: work.request.strictness,
        ..AskRequest::default()
    };
    let mut cancelled = work.cancelled.clone();
    for _ in 0..MAX_TRIES {
        let begun = Instant::now();
        let answered = tokio::select! {
            answered = tokio::time::timeout(DEADLINE, work.engine.answer(&work.scope, &request, None)) => answered,
            _ = cancelled.wait_for(|cancelled| *cancelled) => return Err(Err(Ended::Cancelled)),
        };
        let Ok(answered) = answered else { return Err(Ok(format!("no answer within {} s", DEADLINE.as_secs()))) };
        match answered {
            Ok(answer) => return Ok((answer, begun.elapsed().as_secs_f64() * 1_000.0)),
            Err(taproot_engine::Error::Stopped) => return Err(Err(Ended::Cancelled)),
            Err(taproot_engine::Error::Overloaded { .. }) => {}
            // It would be so with every question.
            Err(error @ taproot_engine::Error::InvalidRequest { .. }) => {
                return Err(Err(Ended::Failed(error.to_string())));
            }
            Err(error) if error.code() == ErrorCode::Internal => {
                tracing::error!(error = %crate::error::chain(&error), "a question of an evaluation failed");
                return Err(Ok("something failed inside; the server's log says what".into()));
            }
            Err(error) => return Err(Ok(error.to_string())),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Ok("people asked more than the server could answer".into()))
}

fn judged(question: &Question, answer: Answer, latency_ms: f64) -> (EvaluationResult, Option<AnswerRow>) {
    let row = question
        .gold
        .as_ref()
        .map(|gold| AnswerRow { latency_ms: Some(latency_ms), ..judge(question, gold, &answer, document_name) });
    let refused = row.as_ref().map_or(answer.status == Status::Abstained, |row| row.abstained);
    let outcome = match &row {
        None if refused => EvaluationOutcome::Refused,
        None => EvaluationOutcome::Answered,
        Some(row) => match failures::kind(row) {
            None if row.answerable => EvaluationOutcome::Right,
            None => EvaluationOutcome::RefusedRightly,
            Some(FailureKind::MadeUp) => EvaluationOutcome::MadeUp,
            Some(FailureKind::WrongSource) => EvaluationOutcome::WrongSource,
            Some(FailureKind::Refused) => EvaluationOutcome::Refused,
            Some(_) => EvaluationOutcome::Wrong,
        },
    };
    let citations = answer.citations.into_iter().take(CITATIONS).map(|citation| EvaluationCitation {
        document_id: citation.document_id,
        uri: citation.uri,
        title: citation.title,
    });
    let result = EvaluationResult {
        answer: (!refused).then(|| answer.answer.chars().take(ANSWER_CHARS).collect()),
        citations: citations.collect(),
        confidence: Some(f64::from(answer.confidence)),
        latency_ms: Some(latency_ms),
        ..blank(question, outcome, None)
    };
    (result, row)
}

fn blank(question: &Question, outcome: EvaluationOutcome, error: Option<String>) -> EvaluationResult {
    EvaluationResult {
        question: question.text.clone(),
        outcome,
        expected: Vec::new(),
        expected_uri: None,
        answer: None,
        citations: Vec::new(),
        confidence: None,
        latency_ms: None,
        error,
    }
}

/// Intervals take a second of a processor, so they are not made on the runtime's threads.
async fn measure(stored: &mut Stored, work: &Work, rows: Vec<AnswerRow>) {
    let counts = work.engine.counts(&work.scope).await.ok();
    let measured = tokio::task::spawn_blocking(move || (groups(&rows, K, SEED), rows)).await;
    let Ok((groups, rows)) = measured else {
        (stored.run.status, stored.run.error) = (JobStatus::Failed, Some("its measures could not be made".into()));
        return;
    };
    stored.run.status = JobStatus::Succeeded;
    if rows.is_empty() {
        return;
    }
    stored.run.measures = groups.first().map(|all| all.metrics.iter().map(told).collect()).unwrap_or_default();
    stored.evaluation = Some(Evaluation {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        created_at: stored.run.created_at.clone(),
        set: EvaluatedSet {
            name: stored.run.name.clone(),
            questions: rows.len() as u64,
            documents: counts.map(|counts| counts.documents),
            chunks: counts.map(|counts| counts.chunks),
            failed_files: 0,
            unknown_documents: Vec::new(),
        },
        configuration: Configuration {
            label: stored.run.name.clone(),
            embedder: Some(work.engine.models().embedder.fingerprint()),
            threads: 1,
        },
        options: EvalOptions {
            k: K,
            limit: None,
            seed: SEED,
            resamples: RESAMPLES as u32,
            latency_sample: rows.len() as u32,
        },
        ranking: None,
        follow_ups: None,
        answers: Some(Section { groups, failed: 0, failures: Vec::new(), rows }),
        comparison: None,
    });
}

fn told(metric: &Metric) -> EvaluationMeasure {
    EvaluationMeasure {
        name: metric.name.clone(),
        value: metric.estimate.map(|estimate| estimate.value),
        low: metric.estimate.map(|estimate| estimate.low),
        high: metric.estimate.map(|estimate| estimate.high),
        over: metric.over,
        higher_is_better: metric.higher_is_better,
    }
}
