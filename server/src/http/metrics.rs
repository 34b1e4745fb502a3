//! `GET /metrics`, for Prometheus. What is counted is in `crate::metrics`.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::error::{ApiError, Result};
use super::lifecycle::Lifecycle;
use crate::access::Caller;
use crate::metrics::{Gauges, Metrics};

/// Everything that is counted, in Prometheus' text format. Documents and chunks are those that the caller may see.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain"))
)]
pub async fn metrics(caller: Caller, metrics: Data<Metrics>, lifecycle: Data<Lifecycle>) -> Result<HttpResponse> {
    let mut gauges = Gauges::default();
    if let Ok(ready) = lifecycle.ready() {
        // A catalog that does not answer must not hide the other numbers.
        let counts = ready.engine.counts(&caller.scope).await.ok();
        gauges = Gauges {
            documents: counts.map(|counts| counts.documents),
            chunks: counts.map(|counts| counts.chunks),
            jobs_waiting: Some(ready.jobs.waiting()),
        };
    }
    let text = metrics.render(gauges).map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}
