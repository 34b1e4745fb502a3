//! `/v1/evaluations`: sets of questions, asked of the documents as they are, and what came of it.

use actix_web::HttpResponse;
use actix_web::web::{Json, Path, Query};
use serde::Deserialize;
use taproot_schemas::error::{ErrorBody, ErrorCode};
use taproot_schemas::evaluation::{EvaluationComparison, EvaluationList, EvaluationRequest, EvaluationRun};
use utoipa::IntoParams;

use super::error::{ApiError, Result};
use super::lifecycle::Ready;
use crate::access::Caller;
use crate::evaluations::NotDone;

/// A body with 1,000 questions.
pub const MAX_SET_BYTES: usize = 4 * 1024 * 1024;
const DEFAULT_LIMIT: usize = 50;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// 1 to 50; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CompareParameters {
    /// The id of the evaluation that this one is compared with.
    against: String,
}

/// Starts an evaluation. It asks one question after the other, with the rights of whoever orders it, and keeps none of them
/// as a conversation.
#[utoipa::path(
    post,
    path = "/v1/evaluations",
    tag = "evaluations",
    request_body = EvaluationRequest,
    security((), ("key" = [])),
    responses(
        (status = 202, description = "It runs; follow it at `/v1/evaluations/{id}`", body = EvaluationRun),
        (status = 409, description = "One runs already", body = ErrorBody),
        (status = "4XX", description = "The evaluation cannot be taken", body = ErrorBody),
        (status = "5XX", description = "The server cannot take it", body = ErrorBody),
    )
)]
pub async fn start(caller: Caller, ready: Ready, body: Json<EvaluationRequest>) -> Result<HttpResponse> {
    let run = ready.evaluations.start(&caller.scope, body.into_inner()).await?;
    caller.trail.object(run.id.clone());
    Ok(HttpResponse::Accepted().json(run))
}

/// The evaluations of those who could see no more than the caller, the newest first, without results.
#[utoipa::path(
    get,
    path = "/v1/evaluations",
    tag = "evaluations",
    params(ListParameters),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "One page", body = EvaluationList),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn list(caller: Caller, ready: Ready, parameters: Query<ListParameters>) -> Result<Json<EvaluationList>> {
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=DEFAULT_LIMIT).contains(&limit) {
        let told = format!("limit is {limit}, allowed are 1 to {DEFAULT_LIMIT}");
        return Err(ApiError::new(ErrorCode::InvalidRequest, told));
    }
    Ok(Json(ready.evaluations.list(&caller.scope, limit, parameters.cursor.as_deref())?))
}

/// An evaluation: how far it is, and at the end its measures and what came of each question.
#[utoipa::path(
    get,
    path = "/v1/evaluations/{id}",
    tag = "evaluations",
    params(("id" = String, Path, description = "The evaluation's id")),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "The evaluation", body = EvaluationRun),
        (status = 404, description = "There is none that the caller may see", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn get(caller: Caller, ready: Ready, id: Path<String>) -> Result<Json<EvaluationRun>> {
    Ok(Json(ready.evaluations.get(&caller.scope, &id).await?))
}

/// Two evaluations question by question, with a paired test for each measure.
#[utoipa::path(
    get,
    path = "/v1/evaluations/{id}/compare",
    tag = "evaluations",
    params(("id" = String, Path, description = "The evaluation's id"), CompareParameters),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "The differences", body = EvaluationComparison),
        (status = 404, description = "There is none that the caller may see", body = ErrorBody),
        (status = 409, description = "One of them has not ended, or came to nothing", body = ErrorBody),
        (status = "4XX", description = "The two cannot be compared", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn compare(
    caller: Caller,
    ready: Ready,
    id: Path<String>,
    parameters: Query<CompareParameters>,
) -> Result<Json<EvaluationComparison>> {
    Ok(Json(ready.evaluations.compare(&caller.scope, &id, &parameters.against).await?))
}

/// Stops an evaluation that runs, which is kept as cancelled; deletes one that has ended.
#[utoipa::path(
    delete,
    path = "/v1/evaluations/{id}",
    tag = "evaluations",
    params(("id" = String, Path, description = "The evaluation's id")),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "The evaluation as it was", body = EvaluationRun),
        (status = 404, description = "There is none that the caller may see", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn delete(caller: Caller, ready: Ready, id: Path<String>) -> Result<Json<EvaluationRun>> {
    Ok(Json(ready.evaluations.delete(&caller.scope, &id).await?))
}

impl From<NotDone> for ApiError {
    fn from(refusal: NotDone) -> Self {
        let told = refusal.to_string();
        match refusal {
            NotDone::NotFound { .. } => Self::new(ErrorCode::EvaluationNotFound, told),
            NotDone::Running { id } => Self::new(ErrorCode::AlreadyRunning, told)
                .with_hint(format!("wait for it, or stop it with DELETE /v1/evaluations/{id}")),
            NotDone::NotEnded { id } => Self::new(ErrorCode::AlreadyRunning, told)
                .with_hint(format!("look at GET /v1/evaluations/{id}; only what has come to its end is compared")),
            NotDone::Invalid(_) => Self::new(ErrorCode::InvalidRequest, told),
            NotDone::Stopping => Self::new(ErrorCode::NotReady, told),
            NotDone::Store(error) => Self::internal(error),
        }
    }
}
