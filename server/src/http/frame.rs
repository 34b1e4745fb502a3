//! What is done around every request: its id, its line in the log, its numbers, the body of its error, and the
//! headers that make browsers careful. The outermost middleware.

use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};
use uuid::Uuid;

use super::error::ApiError;
use super::shape::Shape;
use crate::metrics::Metrics;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken over from a caller.
const MAX_REQUEST_ID_BYTES: usize = 64;

/// The id under which a request is found in the log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl RequestId {
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<RequestId>().cloned().unwrap_or_else(Self::new)
    }

    fn new() -> Self {
        Self(format!("req_{}", Uuid::now_v7().simple()))
    }

    /// The caller's own id if it is harmless in a log, else a new one.
    fn taken_from(headers: &HeaderMap) -> Self {
        let harmless = |id: &&str| {
            (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        };
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(harmless);
        given.map_or_else(Self::new, |id| Self(id.to_string()))
    }
}

pub async fn frame(
    metrics: web::Data<Metrics>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let RequestId(id) = RequestId::taken_from(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = with_error_body(next.call(request).await?.map_into_boxed_body(), &id);
    add_headers(response.headers_mut(), &id);

    let (took, status) = (started.elapsed(), response.status().as_u16());
    // The pattern, not the path: labels must be few.
    let route = response.request().match_pattern().unwrap_or_else(|| "other".to_string());
    let method = response.request().method().as_str();
    metrics.http(&route, known_method(method), status, took);
    let (path, ms) = (response.request().path(), took.as_millis() as u64);
    tracing::info!(request_id = id, method, path, status, ms, "request");
    Ok(response)
}

/// Errors of handlers, and answers that the framework made by itself, get the body that the contract promises.
fn with_error_body(response: ServiceResponse, id: &str) -> ServiceResponse {
    let made_by_framework = response.status().is_client_error() || response.status().is_server_error();
    let bare = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    let fallback;
    let error = match response.response().error() {
        Some(error) => match error.as_error::<ApiError>() {
            Some(error) => error,
            None => {
                fallback = ApiError::of_status(response.status());
                &fallback
            }
        },
        None if made_by_framework && bare => {
            fallback = ApiError::of_status(response.status());
            &fallback
        }
        None => return response,
    };
    error.log(id);
    let request = response.request();
    let body = Shape::of(request.path()).body(error.body(id), error.param, request.headers());
    let mut with_body = HttpResponse::build(response.status()).json(body);
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            with_body.headers_mut().append(name.clone(), value.clone());
        }
    }
    response.into_response(with_body)
}

fn add_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // What a route has set for itself stays.
    for (name, value) in [
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// A caller can invent methods; labels must be few.
fn known_method(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH" => method,
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_over() {
        for (given, taken) in [("abc-1.2:3_X", true), ("", false), ("a b", false), ("a\"b", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
            assert_eq!(RequestId::taken_from(&headers).0 == given, taken, "{given:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(&"x".repeat(65)).unwrap());
        assert!(RequestId::taken_from(&headers).0.starts_with("req_"));
    }
}
