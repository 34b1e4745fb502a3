//! `/healthz` and `/readyz`: whether the process lives, and whether it answers questions.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, Responder};
use taproot_schemas::health::{Health, HealthStatus};

use super::lifecycle::Lifecycle;
use crate::access::{Caller, scope_of};

/// 200 for as long as the process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "The process lives", body = Health))
)]
pub async fn live(lifecycle: Data<Lifecycle>) -> impl Responder {
    Json(health(lifecycle.status()))
}

/// 200 while questions are answered, 503 before and after. Counts what the caller may see.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Questions are answered", body = Health),
        (status = 503, description = "The server is starting or stopping", body = Health),
    )
)]
pub async fn ready(caller: Option<Caller>, lifecycle: Data<Lifecycle>) -> impl Responder {
    let Ok(ready) = lifecycle.ready() else {
        return HttpResponse::ServiceUnavailable().json(health(lifecycle.status()));
    };
    let counts = match ready.engine.counts(&scope_of(caller)).await {
        Ok(counts) => Some(counts),
        Err(error) => {
            tracing::warn!(error = %crate::error::chain(&error), "cannot count the documents");
            None
        }
    };
    HttpResponse::Ok().json(Health {
        documents: counts.map(|counts| counts.documents),
        chunks: counts.map(|counts| counts.chunks),
        ..health(HealthStatus::Ok)
    })
}

fn health(status: HealthStatus) -> Health {
    Health { status, version: env!("CARGO_PKG_VERSION").to_string(), documents: None, chunks: None }
}
