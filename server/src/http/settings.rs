//! `/v1/settings`: what holds on this server, and where each value comes from. Nothing is changed here: settings are the
//! file's and the environment's.

use actix_web::web::Json;
use taproot_schemas::error::ErrorBody;
use taproot_schemas::setting::SettingList;

use super::error::Result;
use super::lifecycle::Ready;
use crate::access::Caller;

/// The settings as they hold since the start. Secrets are named, and never told.
#[utoipa::path(
    get,
    path = "/v1/settings",
    tag = "admin",
    security((), ("key" = [])),
    responses(
        (status = 200, description = "Each setting, with where its value comes from", body = SettingList),
        (status = "4XX", description = "The caller may not see settings", body = ErrorBody),
    )
)]
pub async fn list(_caller: Caller, ready: Ready) -> Result<Json<SettingList>> {
    Ok(Json(SettingList { settings: ready.settings.to_vec() }))
}
