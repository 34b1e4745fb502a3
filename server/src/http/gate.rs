//! The door for browsers: the Host check, the Origin check, and the headers of CORS. The rules are in `origin`.
//!
//! Files of the front end are public and may be loaded by any page, because the widget is meant to be embedded.
//! Pages of other origins are never let use cookies: what a browser adds by itself counts for pages of this server only.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use taproot_schemas::error::ErrorCode;

use super::assets;
use super::error::ApiError;
use super::origin::{Page, host_of, origin_of};
use crate::access::Access;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, authorization, x-request-id, if-none-match, idempotency-key, mcp-protocol-version, mcp-method, mcp-name",
);
const EXPOSED: HeaderValue = HeaderValue::from_static("x-request-id, retry-after, etag, idempotency-replayed");
/// For half a year (RFC 6797).
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=15552000");
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("600");

pub async fn gate(
    access: web::Data<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(refusal) = check_host(&access, &request) {
        return Ok(request.error_response(refusal));
    }
    let public = assets::is_asset(request.path());
    let origin = origin_of(request.head()).map(str::to_owned);
    let page = access.rules.page(origin.as_deref(), host_of(request.head()));
    // Whether the widget's key is for this very page is looked at when it is shown.
    let is_widgets = origin.as_deref().is_some_and(|origin| access.accounts.knows_origin(&origin.to_ascii_lowercase()));
    if page == Page::Foreign && !public && !is_widgets {
        let told = ApiError::new(ErrorCode::OriginNotAllowed, "pages of this origin may not call this server");
        return Ok(request.error_response(told));
    }
    let allowed_origin = match origin {
        _ if public => Some(HeaderValue::from_static("*")),
        Some(origin) => HeaderValue::from_str(&origin).ok(),
        None => None,
    };
    let mut response = if is_preflight(&request) {
        request.into_response(preflight())
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    add_cors(response.headers_mut(), allowed_origin);
    if access.speaks_tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    Ok(response)
}

fn check_host(access: &Access, request: &ServiceRequest) -> Result<(), ApiError> {
    // A page that had its name resolve to this machine has no token and cannot sign for Slack. Probes call a pod by
    // its address; on a loopback address there are no such probes.
    let cannot_be_rebound = access.owner.is_in(request.head())
        || request.path().starts_with("/slack/")
        || (!access.rules.on_loopback && matches!(request.path(), "/healthz" | "/readyz"));
    if cannot_be_rebound || access.rules.answers_to(host_of(request.head())) {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::HostNotAllowed, "this server does not go by the name in the Host header"))
}

fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> HttpResponse {
    HttpResponse::build(StatusCode::NO_CONTENT)
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS))
        .finish()
}

fn add_cors(headers: &mut HeaderMap, allowed_origin: Option<HeaderValue>) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed_origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
