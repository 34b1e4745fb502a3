//! `/v1/keys`: keys are made, listed, changed and revoked. Whoever makes one gives no more than it has itself.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use serde::Deserialize;
use taproot_schemas::account::{CreatedKey, Key, KeyChange, KeyList, NewKey};
use taproot_schemas::error::{ErrorBody, ErrorCode};
use utoipa::IntoParams;

use super::error::{ApiError, Result};
use crate::access::{Access, Caller};

pub const DEFAULT_LIMIT: usize = 50;
pub const MAX_LIMIT: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Page {
    pub fn checked(self) -> Result<(usize, Option<String>)> {
        Ok((limit(self.limit)?, self.cursor))
    }
}

pub fn limit(asked: Option<usize>) -> Result<usize> {
    let limit = asked.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(ApiError::new(ErrorCode::InvalidRequest, format!("limit is {limit}, allowed are 1 to {MAX_LIMIT}")))
}

/// The keys, the newest first; those that were revoked among them. Never their secrets.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "access",
    params(Page),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "One page", body = KeyList),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn list(access: Data<Access>, page: Query<Page>) -> Result<Json<KeyList>> {
    let (limit, cursor) = page.into_inner().checked()?;
    Ok(Json(access.accounts.keys(limit, cursor.as_deref()).await?))
}

/// Makes a key. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/v1/keys",
    tag = "access",
    request_body = NewKey,
    security((), ("key" = [])),
    responses(
        (status = 201, description = "The key, with its secret", body = CreatedKey),
        (status = 403, description = "The caller has not what the key would give", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn create(access: Data<Access>, caller: Caller, body: Json<NewKey>) -> Result<HttpResponse> {
    let new = body.into_inner();
    must_have(&caller, Some(&new.groups), new.collections.as_deref())?;
    let created = access.accounts.create_key(new, &caller.name).await?;
    caller.trail.object(created.key.id.clone());
    Ok(HttpResponse::Created().json(created))
}

/// One key.
#[utoipa::path(
    get,
    path = "/v1/keys/{id}",
    tag = "access",
    params(("id" = String, Path, description = "The key's id")),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "The key", body = Key),
        (status = "4XX", description = "There is no such key, or the caller may not see it", body = ErrorBody),
    )
)]
pub async fn get(access: Data<Access>, id: Path<String>) -> Result<Json<Key>> {
    Ok(Json(access.accounts.key(&id).await?))
}

/// Changes what a key gives, from the next request on.
#[utoipa::path(
    patch,
    path = "/v1/keys/{id}",
    tag = "access",
    params(("id" = String, Path, description = "The key's id")),
    request_body = KeyChange,
    security((), ("key" = [])),
    responses(
        (status = 200, description = "The key as it is now", body = Key),
        (status = 403, description = "The caller has not what the key would give", body = ErrorBody),
        (status = 404, description = "There is no such key", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn change(
    access: Data<Access>,
    caller: Caller,
    id: Path<String>,
    body: Json<KeyChange>,
) -> Result<Json<Key>> {
    let change = body.into_inner();
    let before = access.accounts.key(&id).await?;
    let groups = change.groups.as_deref().or(before.groups.as_deref());
    let collections = change.collections.as_deref().or(before.collections.as_deref());
    must_have(&caller, groups, collections)?;
    Ok(Json(access.accounts.change_key(&id, change).await?))
}

/// Revokes a key: from the next request on it is of no use, nor are the sessions and tokens that came of it.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    tag = "access",
    params(("id" = String, Path, description = "The key's id")),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "The key, revoked", body = Key),
        (status = "4XX", description = "There is no such key, or the caller may not revoke it", body = ErrorBody),
    )
)]
pub async fn revoke(access: Data<Access>, id: Path<String>) -> Result<Json<Key>> {
    Ok(Json(access.accounts.revoke_key(&id).await?))
}

fn must_have(caller: &Caller, groups: Option<&[String]>, collections: Option<&[String]>) -> Result<()> {
    // In a list a star alone stands for all.
    let all_is_none = |list: Option<&[String]>| match list {
        Some([one]) if one == "*" => None,
        list => list.map(<[String]>::to_vec),
    };
    let (groups, collections) = (all_is_none(groups), all_is_none(collections));
    if caller.may_give(groups.as_deref(), collections.as_deref()) {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::Forbidden, format!("{} has not all that the key would give", caller.name))
        .with_hint("name groups and collections of your own only"))
}
