//! `POST /v1/widget/token`: a short-lived token for a page, so that no lasting secret stands in it.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use taproot_schemas::account::{CallerKind, KeyKind, WidgetToken, WidgetTokenRequest};
use taproot_schemas::error::{ErrorBody, ErrorCode};

use super::error::{ApiError, Result};
use super::origin::{Page, host_of, origin_of};
use crate::access::widget::{self, Claims};
use crate::access::{Access, Caller, identify};

const DEFAULT_TTL_S: u32 = 900;
const TTL_S: std::ops::RangeInclusive<u32> = 60..=3_600;
const MAX_USER_CHARS: usize = 200;

/// Gives a widget a token: to a page of one of the key's origins for the public key that stands in it, to a company's own
/// server for its key.
#[utoipa::path(
    post,
    path = "/v1/widget/token",
    tag = "access",
    request_body = WidgetTokenRequest,
    security((), ("key" = [])),
    responses(
        (status = 200, description = "Send it as a bearer token", body = WidgetToken),
        (status = 401, description = "No key was shown, or one of no use", body = ErrorBody),
        (status = 403, description = "The key is not for this page, or does not give what was asked for", body = ErrorBody),
        (status = 429, description = "Too many requests from this address", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn token(
    access: Data<Access>,
    http: HttpRequest,
    caller: Caller,
    body: Json<WidgetTokenRequest>,
) -> Result<Json<WidgetToken>> {
    let request = body.into_inner();
    access.limits.request(&caller)?;
    let ttl_s = request.ttl_s.unwrap_or(DEFAULT_TTL_S);
    if !TTL_S.contains(&ttl_s) {
        let told = format!("ttl_s is {ttl_s}, allowed are {} to {}", TTL_S.start(), TTL_S.end());
        return Err(ApiError::new(ErrorCode::InvalidRequest, told));
    }
    let expires = widget::seconds_from_now(ttl_s);
    let claims = match &request.key {
        Some(key) => of_page(&access, &http, &caller, key, &request, expires).await?,
        None => of_server(&caller, request, expires)?,
    };
    Ok(Json(widget::seal(&access.accounts, &claims)?))
}

/// A page says nothing of itself but where it is: it gets what the key gives.
async fn of_page(
    access: &Access,
    http: &HttpRequest,
    caller: &Caller,
    key: &str,
    request: &WidgetTokenRequest,
    expires: u64,
) -> Result<Claims> {
    if request.user.is_some() || request.groups.is_some() || request.collections.is_some() || request.origin.is_some() {
        let told = "user, groups, collections and origin are for a server with a key of its own";
        return Err(ApiError::new(ErrorCode::InvalidRequest, told));
    }
    let found = access.accounts.key_of(key).await?.filter(|found| found.kind == KeyKind::Widget);
    let Some(found) = found else {
        access.limits.failure(caller.address)?;
        return Err(ApiError::new(ErrorCode::InvalidKey, "this is no widget's key of this server, or no more"));
    };
    let Some(origin) = origin_of(http.head()) else {
        return Err(ApiError::new(ErrorCode::OriginNotAllowed, "a widget's key is for pages, which send an Origin"));
    };
    // A page of this server is one of the key's only when the key says so.
    if !identify::lists(&found.origins, origin) {
        return Err(ApiError::new(ErrorCode::OriginNotAllowed, "the key is not for pages of this origin")
            .with_hint("add the page's origin to the key"));
    }
    let is_of_another = access.rules.page(Some(origin), host_of(http.head())) != Page::Own;
    let origin = is_of_another.then(|| origin.to_owned());
    Ok(Claims { key_id: found.id, user: None, groups: None, collections: None, origin, expires })
}

/// A server vouches for the user, and gives no more than it has.
fn of_server(caller: &Caller, request: WidgetTokenRequest, expires: u64) -> Result<Claims> {
    let (CallerKind::Key, Some(key_id)) = (caller.kind, &caller.id) else {
        return Err(ApiError::new(ErrorCode::Unauthorized, "no key was shown")
            .with_hint("send the widget's public key as key, or a key of your own as a bearer token"));
    };
    let WidgetTokenRequest { user, groups, collections, origin, .. } = request;
    if user.as_ref().is_some_and(|user| !(1..=MAX_USER_CHARS).contains(&user.chars().count())) {
        let told = format!("user has to have 1 to {MAX_USER_CHARS} characters");
        return Err(ApiError::new(ErrorCode::InvalidRequest, told));
    }
    let has = groups.as_deref().is_none_or(|groups| caller.may_give(Some(groups), caller.scope.collections.as_deref()))
        && collections.as_deref().is_none_or(|names| caller.may_give(caller.scope.groups.as_deref(), Some(names)));
    if !has {
        return Err(ApiError::new(ErrorCode::Forbidden, "the key does not give all that the token would"));
    }
    Ok(Claims { key_id: key_id.clone(), user, groups, collections, origin, expires })
}
