//! `/v1/collections`: what is in the index, collection by collection.

use actix_web::web::Json;
use taproot_schemas::account::Role;
use taproot_schemas::document::CollectionList;

use super::error::Result;
use super::lifecycle::Ready;
use crate::access::Caller;

/// The collections of which the caller may see a document, with how much of each. Which groups their documents are for is
/// told to those who may administer.
#[utoipa::path(
    get,
    path = "/v1/collections",
    tag = "documents",
    responses((status = 200, description = "By name", body = CollectionList))
)]
pub async fn list(caller: Caller, ready: Ready) -> Result<Json<CollectionList>> {
    let mut list = ready.engine.collections(&caller.scope).await?;
    if !caller.has(Role::Admin) {
        list.collections.iter_mut().for_each(|collection| collection.groups = None);
    }
    Ok(Json(list))
}
