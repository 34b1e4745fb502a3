//! `POST /v1/search`: a query in, ranked chunks out.

use std::time::Instant;

use actix_web::web::{self, Json};
use taproot_schemas::error::{ErrorBody, ErrorCode};
use taproot_schemas::search::{SearchRequest, SearchResponse};

use super::error::{ApiError, Result};
use super::lifecycle::Ready;
use crate::access::Caller;
use crate::metrics::{Metrics, Operation};

/// Searches the documents that the caller may see.
#[utoipa::path(
    post,
    path = "/v1/search",
    tag = "search",
    request_body = SearchRequest,
    responses(
        (status = 200, description = "Hits, best first", body = SearchResponse),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
        (status = "5XX", description = "The server cannot answer", body = ErrorBody),
    )
)]
pub async fn search(
    caller: Caller,
    ready: Ready,
    metrics: web::Data<Metrics>,
    body: Json<SearchRequest>,
) -> Result<Json<SearchResponse>> {
    let max = caller.max_hits();
    if let Some(k) = body.k.filter(|k| !(1..=max).contains(k)) {
        return Err(ApiError::new(ErrorCode::InvalidRequest, format!("k is {k}, allowed are 1 to {max}")));
    }
    caller.trail.question(&body.query);
    let started = Instant::now();
    let response = ready.engine.search(&caller.scope, &body).await?;
    metrics.operation(Operation::Search, started.elapsed());
    Ok(Json(response))
}
