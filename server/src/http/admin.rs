//! `/v1/admin`: what the command line asks of a running server with the owner's token.

use actix_web::web::Json;
use taproot_schemas::doctor::{DoctorReport, DoctorRequest};
use taproot_schemas::error::ErrorBody;

use super::error::Result;
use super::lifecycle::Ready;
use crate::access::Caller;

/// Compares the catalog with both indexes, and mends them if asked to.
#[utoipa::path(
    post,
    path = "/v1/admin/doctor",
    tag = "admin",
    request_body = DoctorRequest,
    security(("owner" = [])),
    responses(
        (status = 200, description = "What was found", body = DoctorReport),
        (status = 403, description = "The caller has not the owner's token", body = ErrorBody),
    )
)]
pub async fn doctor(caller: Caller, ready: Ready, body: Json<DoctorRequest>) -> Result<Json<DoctorReport>> {
    caller.must_have_token()?;
    Ok(Json(crate::parser::doctor(&ready.engine, ready.jobs.parser(), body.repair).await?))
}
