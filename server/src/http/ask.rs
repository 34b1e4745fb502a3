//! `POST /v1/ask`: a question in, an answer out, as one JSON value or as server-sent events.

use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use taproot_engine::Engine;
use taproot_schemas::answer::{Answer, AnswerEvent, AskRequest};
use taproot_schemas::error::ErrorBody;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::{ApiError, Result};
use super::frame::RequestId;
use super::lifecycle::Ready;
use super::sse;
use crate::access::Caller;
use crate::metrics::{Metrics, Operation};

/// Events that may wait for a slow reader before the work waits for it too.
const EVENT_BUFFER: usize = 32;
/// A reader that does not read holds an answer, and its place, for this long at the most.
const ANSWER_DEADLINE: Duration = Duration::from_secs(120);

/// Answers a question from the documents that the caller may see.
#[utoipa::path(
    post,
    path = "/v1/ask",
    tag = "ask",
    request_body = AskRequest,
    responses(
        (status = 200, description = "The answer; with `stream: true` server-sent events, each named as the \
            variant of `AnswerEvent` that its data holds", content(
            (Answer = "application/json"),
            (AnswerEvent = "text/event-stream"),
        )),
        (status = 404, description = "There is no such conversation of the caller's", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn ask(
    http: HttpRequest,
    caller: Caller,
    ready: Ready,
    metrics: web::Data<Metrics>,
    body: web::Json<AskRequest>,
) -> Result<HttpResponse> {
    let request = body.into_inner();
    caller.trail.question(&request.question);
    let metrics = metrics.get_ref().clone();
    if !request.stream {
        let answer = answer(&ready.engine, &caller, &request, None, &metrics).await?;
        return Ok(HttpResponse::Ok().json(answer));
    }
    let mut asking = Asking::start(ready.engine, caller, request, metrics, RequestId::of(&http));
    // What is refused before the first event is refused with its proper status, as without `stream`.
    let first = asking.first().await?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // nginx would collect the events before it passes them on.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(sse::stream(first, asking)))
}

async fn answer(
    engine: &Engine,
    caller: &Caller,
    request: &AskRequest,
    events: Option<mpsc::Sender<AnswerEvent>>,
    metrics: &Metrics,
) -> Result<Answer> {
    let started = Instant::now();
    let answered =
        tokio::time::timeout(ANSWER_DEADLINE, engine.converse(&caller.scope, &caller.asker, request, events)).await;
    let answer = answered.map_err(|_| ApiError::internal("an answer took longer than its deadline"))??;
    metrics.operation(Operation::Ask, started.elapsed());
    metrics.answer(&answer);
    caller.trail.answer(&answer);
    Ok(answer)
}

/// An answer that is coming about.
pub struct Asking {
    events: mpsc::Receiver<AnswerEvent>,
    /// Ends after the last event; gone once its outcome was looked at.
    work: Option<JoinHandle<Result<Answer>>>,
    request_id: RequestId,
}

impl Asking {
    fn start(engine: Engine, caller: Caller, request: AskRequest, metrics: Metrics, request_id: RequestId) -> Self {
        let (sender, events) = mpsc::channel(EVENT_BUFFER);
        let work = tokio::spawn(async move { answer(&engine, &caller, &request, Some(sender), &metrics).await });
        Self { events, work: Some(work), request_id }
    }

    async fn first(&mut self) -> Result<AnswerEvent> {
        match self.events.recv().await {
            Some(event) => Ok(event),
            None => match self.outcome().await {
                Some(error) => Err(error),
                None => Err(ApiError::internal("an answer ended without an event")),
            },
        }
    }

    /// The next event; a failure is the last one.
    pub async fn next(&mut self) -> Option<AnswerEvent> {
        if let Some(event) = self.events.recv().await {
            return Some(event);
        }
        let error = self.outcome().await?;
        error.log(&self.request_id.0);
        Some(AnswerEvent::Error(error.body(&self.request_id.0)))
    }

    async fn outcome(&mut self) -> Option<ApiError> {
        match self.work.as_mut()?.await {
            Ok(outcome) => {
                self.work = None;
                outcome.err()
            }
            Err(broken) => {
                self.work = None;
                Some(ApiError::internal(broken))
            }
        }
    }
}

impl Drop for Asking {
    /// Nobody reads any more: whatever of the work is left is not done.
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            work.abort();
        }
    }
}
