//! `/v1/questions`: what was asked and not answered well, for those who look after the documents.
//!
//! A topic says how often and by how many it was asked, never by whom. Questions whose askers kept them to themselves, or
//! deleted them, are not there.

use actix_web::web::{Json, Path, Query};
use serde::Deserialize;
use taproot_engine::ListTopics;
use taproot_schemas::error::{ErrorBody, ErrorCode};
use taproot_schemas::question::{Topic, TopicDecision, TopicKind, TopicList, TopicState};
use utoipa::IntoParams;

use super::error::{ApiError, Result};
use super::lifecycle::Ready;
use crate::access::Caller;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// Only topics in this state.
    #[param(inline)]
    state: Option<TopicState>,
    /// Only topics with questions that were refused, rated down, or passed on.
    #[param(inline)]
    kind: Option<TopicKind>,
    /// 1 to 100; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the topics of questions that were refused, rated down or passed on, the one with the newest activity first.
#[utoipa::path(
    get,
    path = "/v1/questions",
    tag = "questions",
    params(ListParameters),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "One page", body = TopicList),
        (status = 403, description = "The caller may not see what others asked", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn list(caller: Caller, ready: Ready, parameters: Query<ListParameters>) -> Result<Json<TopicList>> {
    let ListParameters { state, kind, limit, cursor } = parameters.into_inner();
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let told = format!("limit is {limit}, allowed are 1 to {MAX_LIMIT}");
        return Err(ApiError::new(ErrorCode::InvalidRequest, told));
    }
    let list = ListTopics { state, kind, limit, cursor };
    Ok(Json(ready.engine.topics(&caller.scope, &list).await?))
}

/// Says that a topic is answered, by which document, or dismissed, or open after all. An answered one opens itself when it is
/// asked once more and not answered.
#[utoipa::path(
    patch,
    path = "/v1/questions/{id}",
    tag = "questions",
    params(("id" = String, Path, description = "The topic's id")),
    request_body = TopicDecision,
    security((), ("key" = [])),
    responses(
        (status = 200, description = "The topic as it is now", body = Topic),
        (status = 403, description = "The caller may not decide about questions", body = ErrorBody),
        (status = 404, description = "There is no such topic, or no such document that the caller may see", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn decide(caller: Caller, ready: Ready, id: Path<String>, body: Json<TopicDecision>) -> Result<Json<Topic>> {
    Ok(Json(ready.engine.decide_topic(&caller.scope, &id, &body).await?))
}
