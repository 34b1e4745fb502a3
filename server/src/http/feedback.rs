//! `/v1/feedback` and `/v1/handoffs`: what an asker says of its own answers.
//!
//! An answer that is another's, or that was not kept, is answered like one that never was. Nobody is told here whose an
//! answer is, or which topic its question is filed under.

use actix_web::web::{Json, Path};
use taproot_schemas::error::ErrorBody;
use taproot_schemas::feedback::{Feedback, FeedbackDeleted, FeedbackRequest, Handoff, HandoffRequest};

use super::error::Result;
use super::lifecycle::Ready;
use crate::access::Caller;

/// Rates an answer of the caller's. A second rating takes the place of the first.
#[utoipa::path(
    post,
    path = "/v1/feedback",
    tag = "ask",
    request_body = FeedbackRequest,
    responses(
        (status = 200, description = "The rating as it is kept", body = Feedback),
        (status = 404, description = "No such answer of the caller's was kept", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn rate(caller: Caller, ready: Ready, body: Json<FeedbackRequest>) -> Result<Json<Feedback>> {
    caller.trail.object(body.answer_id.clone());
    Ok(Json(ready.engine.rate(&caller.scope, &caller.asker, &body).await?))
}

/// Takes a rating back, with what was written to it. That there was none is no failure.
#[utoipa::path(
    delete,
    path = "/v1/feedback/{answer_id}",
    tag = "ask",
    params(("answer_id" = String, Path, description = "The answer's id")),
    responses(
        (status = 200, description = "It is gone", body = FeedbackDeleted),
        (status = 404, description = "No such answer of the caller's was kept", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn unrate(caller: Caller, ready: Ready, answer_id: Path<String>) -> Result<Json<FeedbackDeleted>> {
    caller.trail.object(answer_id.clone());
    ready.engine.unrate(&caller.asker, &answer_id).await?;
    Ok(Json(FeedbackDeleted { answer_id: answer_id.into_inner() }))
}

/// Passes the question of an answer of the caller's on to the people who look after the documents. They see the question and
/// the note, and not who asked.
#[utoipa::path(
    post,
    path = "/v1/handoffs",
    tag = "ask",
    request_body = HandoffRequest,
    responses(
        (status = 200, description = "It is passed on", body = Handoff),
        (status = 404, description = "No such answer of the caller's was kept", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn hand_on(caller: Caller, ready: Ready, body: Json<HandoffRequest>) -> Result<Json<Handoff>> {
    caller.trail.object(body.answer_id.clone());
    Ok(Json(ready.engine.hand_on(&caller.scope, &caller.asker, &body).await?))
}
