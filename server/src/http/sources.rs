//! `GET /v1/sources`: the folders of the settings, as they stand.

use actix_web::web::Json;
use taproot_schemas::account::Role;
use taproot_schemas::error::ErrorBody;
use taproot_schemas::source::SourceList;

use super::error::Result;
use super::jobs::told;
use super::lifecycle::Ready;
use crate::access::Caller;

/// The folders of the settings, with the last job and the next one. `POST /v1/jobs {"source"}` runs a job now.
#[utoipa::path(
    get,
    path = "/v1/sources",
    tag = "jobs",
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "In the order of the settings", body = SourceList),
        (status = 403, description = "The caller may not see sources", body = ErrorBody),
    )
)]
pub async fn list(caller: Caller, ready: Ready) -> Result<Json<SourceList>> {
    let mut list = ready.sources.list(&ready.jobs);
    list.sources.retain(|source| caller.must_reach(&source.collection).is_ok());
    for source in &mut list.sources {
        source.last_job = source.last_job.take().map(|job| told(&caller, job));
        if !caller.has(Role::Admin) {
            source.path.clear();
        }
    }
    Ok(Json(list))
}
