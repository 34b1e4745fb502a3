//! `/v1/session`: who the caller is; signing in at the page, and out. The cookie is for pages of this server only: scripts
//! cannot read it, other sites cannot send it (`SameSite=Lax`, and see `access::identify`).

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header;
use actix_web::web::{Data, Json, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use taproot_engine::Holder;
use taproot_schemas::account::{CallerKind, KeyKind, SessionInfo, SignIn, SignInRequest};
use taproot_schemas::error::{ErrorBody, ErrorCode};
use utoipa::IntoParams;
use uuid::Uuid;

use super::error::{ApiError, Result};
use super::origin::host_of;
use crate::access::oidc::Attempt;
use crate::access::{Access, Caller, SESSION_COOKIE, identify, seal};
use crate::clock;

/// Name of the cookie that a sign-in is recognised by when it comes back from the issuer.
const ATTEMPT_COOKIE: &str = "taproot_sign_in";
/// How long somebody may take at the issuer's page.
const ATTEMPT_S: u64 = 10 * 60;

/// Who the caller is, what it may do, and how to sign in.
#[utoipa::path(
    get,
    path = "/v1/session",
    tag = "session",
    security((), ("key" = [])),
    responses((status = 200, description = "Who is calling", body = SessionInfo))
)]
pub async fn get(access: Data<Access>, caller: Caller) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(info(&access, caller).await?))
}

/// Signs in at the page with a key: the answer sets a cookie.
#[utoipa::path(
    post,
    path = "/v1/session",
    tag = "session",
    request_body = SignInRequest,
    responses(
        (status = 200, description = "Signed in", body = SessionInfo),
        (status = 401, description = "The key is of no use", body = ErrorBody),
        (status = 429, description = "Too many keys that are none came from this address", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn sign_in(
    access: Data<Access>,
    http: HttpRequest,
    caller: Caller,
    body: Json<SignInRequest>,
) -> Result<HttpResponse> {
    let key = access.accounts.key_of(&body.key).await?.filter(|key| key.kind == KeyKind::Api);
    let Some(key) = key else {
        access.limits.failure(caller.address)?;
        return Err(ApiError::new(ErrorCode::InvalidKey, "the key is not one of this server, or no more"));
    };
    caller.trail.object(key.id.clone());
    let holder = Holder::Key(key.clone());
    let (cookie, ends_at) = begin(&access, &http, &holder).await?;
    let info = info(&access, Caller::with_key(key).until(ends_at)).await?;
    Ok(HttpResponse::Ok().cookie(cookie).json(info))
}

/// Ends the session of the page.
#[utoipa::path(
    delete,
    path = "/v1/session",
    tag = "session",
    responses((status = 204, description = "Signed out"))
)]
pub async fn sign_out(access: Data<Access>, http: HttpRequest) -> Result<HttpResponse> {
    if let Some(session) = identify::cookie(http.head(), SESSION_COOKIE) {
        access.accounts.close_session(session).await?;
    }
    let mut gone = cookie(&access, &http, SESSION_COOKIE, String::new());
    gone.make_removal();
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ToIssuer {
    /// Where on this server to go on after the sign-in, a path; `/` when absent.
    to: Option<String>,
}

/// To the sign-in page of the OpenID Connect issuer.
#[utoipa::path(
    get,
    path = "/v1/session/oidc",
    tag = "session",
    params(ToIssuer),
    responses(
        (status = 302, description = "To the issuer"),
        (status = 404, description = "There is no issuer", body = ErrorBody),
        (status = 503, description = "The issuer does not answer", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn to_issuer(access: Data<Access>, http: HttpRequest, parameters: Query<ToIssuer>) -> Result<HttpResponse> {
    let oidc = access.oidc.as_ref().ok_or_else(no_issuer)?;
    let random = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let attempt = Attempt {
        state: random(),
        nonce: random(),
        verifier: random(),
        redirect_uri: format!("{}/v1/session/oidc/callback", public_url(&access, &http)?),
        to: parameters.into_inner().to.filter(|to| is_path(to)).unwrap_or_else(|| "/".into()),
        expires: clock::unix_seconds() + ATTEMPT_S,
    };
    let page = oidc.sign_in_page(&attempt).await?;
    let mut kept = cookie(&access, &http, ATTEMPT_COOKIE, seal::seal(&access.accounts, ATTEMPT_COOKIE, &attempt)?);
    kept.set_max_age(Duration::seconds(ATTEMPT_S as i64));
    Ok(HttpResponse::Found().cookie(kept).insert_header((header::LOCATION, page.as_str())).finish())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FromIssuer {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    state: Option<String>,
    /// Why there is no code.
    #[serde(default)]
    error: Option<String>,
}

/// Back from the issuer: begins the session, and goes on to the page.
#[utoipa::path(
    get,
    path = "/v1/session/oidc/callback",
    tag = "session",
    params(FromIssuer),
    responses(
        (status = 302, description = "Signed in; to the page"),
        (status = 401, description = "The sign-in is of no use", body = ErrorBody),
        (status = 403, description = "The person may not come in", body = ErrorBody),
        (status = 404, description = "There is no issuer", body = ErrorBody),
        (status = 503, description = "The issuer does not answer", body = ErrorBody),
    )
)]
pub async fn from_issuer(
    access: Data<Access>,
    http: HttpRequest,
    caller: Caller,
    parameters: Query<FromIssuer>,
) -> Result<HttpResponse> {
    let oidc = access.oidc.as_ref().ok_or_else(no_issuer)?;
    let kept = identify::cookie(http.head(), ATTEMPT_COOKIE);
    let attempt: Option<Attempt> =
        kept.map(|kept| seal::open(&access.accounts, ATTEMPT_COOKIE, kept)).transpose()?.flatten();
    let attempt = attempt
        .filter(|attempt| attempt.expires > clock::unix_seconds() && parameters.state.as_ref() == Some(&attempt.state));
    let Some(attempt) = attempt else {
        access.limits.failure(caller.address)?;
        return Err(again("this sign-in was not begun here, or too long ago"));
    };
    let Some(code) = &parameters.code else {
        let why = parameters.error.as_deref().unwrap_or("no reason given");
        let why: String = why.chars().filter(|c| c.is_ascii_graphic()).take(100).collect();
        return Err(again(format!("the issuer did not let in: {why}")));
    };
    let user = access.accounts.seen(&oidc.redeem(&attempt, code).await?).await?;
    caller.trail.object(user.id.clone());
    let person = Caller::person(user.clone());
    if person.role.is_none() {
        return Err(ApiError::new(ErrorCode::Forbidden, format!("{} may not come in", person.name)));
    }
    let (session, _) = begin(&access, &http, &Holder::User(user)).await?;
    let mut gone = cookie(&access, &http, ATTEMPT_COOKIE, String::new());
    gone.make_removal();
    Ok(HttpResponse::Found().cookie(session).cookie(gone).insert_header((header::LOCATION, attempt.to)).finish())
}

async fn info(access: &Access, caller: Caller) -> Result<SessionInfo> {
    let sign_in = match (access.is_open().await?, &access.oidc) {
        (true, _) => Vec::new(),
        (false, None) => vec![SignIn::Key],
        (false, Some(_)) => vec![SignIn::Oidc, SignIn::Key],
    };
    let Caller { role, kind, name, scope, expires_at, .. } = caller;
    let name = if kind == CallerKind::Anonymous { String::new() } else { name };
    Ok(SessionInfo { role, kind, name, groups: scope.groups, collections: scope.collections, sign_in, expires_at })
}

async fn begin(access: &Access, http: &HttpRequest, holder: &Holder) -> Result<(Cookie<'static>, String)> {
    let (value, ends_at) = access.accounts.open_session(holder, access.config.session_ms).await?;
    let mut session = cookie(access, http, SESSION_COOKIE, value);
    session.set_max_age(Duration::milliseconds(access.config.session_ms));
    Ok((session, ends_at))
}

fn cookie(access: &Access, http: &HttpRequest, name: &'static str, value: String) -> Cookie<'static> {
    let is_private = access.speaks_tls
        || access.config.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
        || (comes_by_proxy(access, http) && header_of(http, "x-forwarded-proto") == Some("https"));
    Cookie::build(name, value).path("/").http_only(true).secure(is_private).same_site(SameSite::Lax).finish()
}

/// How this server is reached, without a slash at the end.
fn public_url(access: &Access, http: &HttpRequest) -> Result<String> {
    if let Some(url) = &access.config.public_url {
        return Ok(url.clone());
    }
    let host =
        host_of(http.head()).ok_or_else(|| ApiError::new(ErrorCode::InvalidRequest, "there is no Host header"))?;
    let tls =
        access.speaks_tls || (comes_by_proxy(access, http) && header_of(http, "x-forwarded-proto") == Some("https"));
    Ok(format!("{}://{host}", if tls { "https" } else { "http" }))
}

fn comes_by_proxy(access: &Access, http: &HttpRequest) -> bool {
    http.peer_addr().is_some_and(|peer| access.config.trusted_proxies.contains(&peer.ip()))
}

fn header_of<'a>(http: &'a HttpRequest, name: &str) -> Option<&'a str> {
    http.headers().get(name).and_then(|value| value.to_str().ok())
}

/// A path of this server and of no other: `//host` and `/\host` would lead away.
fn is_path(to: &str) -> bool {
    to.starts_with('/')
        && !to.starts_with("//")
        && to.len() <= 1_000
        && to.chars().all(|c| c.is_ascii_graphic() && c != '\\')
}

fn no_issuer() -> ApiError {
    ApiError::new(ErrorCode::RouteNotFound, "the settings name no issuer of sign-ins").with_hint("sign in with a key")
}

fn again(why: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, why).with_hint("sign in again from the page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_no_other_server() {
        for (to, is) in [
            ("/", true),
            ("/?a=b#c", true),
            ("//evil.example", false),
            ("/\\evil", false),
            ("https://e", false),
            ("", false),
        ] {
            assert_eq!(is_path(to), is, "{to}");
        }
    }
}
