//! `/v1/users`: people whom the OpenID Connect issuer vouched for. Their groups and roles are the issuer's to change.

use actix_web::web::{Data, Json, Path, Query};
use taproot_schemas::account::{User, UserChange, UserList};
use taproot_schemas::error::ErrorBody;

use super::error::Result;
use super::keys::Page;
use crate::access::Access;

/// The people, the one last seen first.
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "access",
    params(Page),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "One page", body = UserList),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn list(access: Data<Access>, page: Query<Page>) -> Result<Json<UserList>> {
    let (limit, cursor) = page.into_inner().checked()?;
    Ok(Json(access.accounts.users(limit, cursor.as_deref()).await?))
}

/// Keeps somebody out from the next request on, or lets it in again.
#[utoipa::path(
    patch,
    path = "/v1/users/{id}",
    tag = "access",
    params(("id" = String, Path, description = "The user's id")),
    request_body = UserChange,
    security((), ("key" = [])),
    responses(
        (status = 200, description = "The person as it stands now", body = User),
        (status = 404, description = "There is no such user", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn change(access: Data<Access>, id: Path<String>, body: Json<UserChange>) -> Result<Json<User>> {
    Ok(Json(access.accounts.block_user(&id, body.blocked).await?))
}
