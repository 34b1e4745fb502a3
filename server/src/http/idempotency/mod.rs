//! `Idempotency-Key`: a write that is sent again, because nobody knows whether it arrived, is done once.
//!
//! In: a request to one of the routes of [`WRITES`] with the header. Out: its answer, made now or kept from the first
//! time, marked by `Idempotency-Replayed`. A key belongs to its caller, with the rights that it has at the moment, and to
//! its route. Only successes are kept, in memory and with the bounds of `replies`: what was refused or broken off is
//! tried anew. Streams are never kept. After draft-ietf-httpapi-idempotency-key-header.

mod body;
mod replies;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::HeaderName;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};
use taproot_schemas::error::ErrorCode;

use super::error::{ApiError, Result as ApiResult};
use super::uploads::UploadLimit;
use crate::access::Caller;
use body::{Body, digest_of};
use replies::{Begun, Kept, KeyOf};

pub use replies::Replies;

pub const KEY_HEADER: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
pub const MAX_KEY_BYTES: usize = 255;

/// Routes whose `POST` makes something.
pub const WRITES: [&str; 8] = [
    "/v1/documents",
    "/v1/documents/{id}/reread",
    "/v1/jobs",
    "/v1/sync/commit",
    "/v1/feedback",
    "/v1/keys",
    "/v1/evaluations",
    "/v1/handoffs",
];

pub async fn idempotency(
    replies: Data<Replies>,
    limit: Data<UploadLimit>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let key = match key_of(&request) {
        Ok(Some(key)) => key,
        Ok(None) => return Ok(next.call(request).await?.map_into_boxed_body()),
        Err(refusal) => return Ok(request.error_response(refusal)),
    };
    let Ok(caller) = request.extract::<Caller>().await else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let of = KeyOf {
        caller: format!(
            "{:?} {:?} {:?} {:?} {:?}",
            (caller.kind, caller.id),
            caller.asker,
            caller.role,
            caller.scope,
            request.peer_addr().map(|peer| peer.ip())
        ),
        route: format!("{} {}", request.path(), request.query_string()),
        key,
    };
    match replies.begin(of) {
        Begun::First(place) => {
            let body = Body::of(&mut request);
            let response = next.call(request).await?.map_into_boxed_body();
            if !response.status().is_success() || matches!(response.response().body().size(), BodySize::Stream) {
                return Ok(response);
            }
            let Some(digest) = body.digest(limit.0).await else { return Ok(response) };
            place.keep(digest, response).await
        }
        Begun::Running => {
            let told = "a request with this Idempotency-Key is being worked on";
            Ok(request.error_response(ApiError::new(ErrorCode::IdempotencyKeyInUse, told)))
        }
        Begun::Done(kept) => {
            let same = digest_of(&mut request, limit.0).await.is_some_and(|digest| digest == kept.digest);
            if !same {
                let told = "this Idempotency-Key came with another body before";
                return Ok(request.error_response(ApiError::new(ErrorCode::IdempotencyKeyReused, told)));
            }
            Ok(request.into_response(replay(&kept)))
        }
    }
}

fn key_of(request: &ServiceRequest) -> ApiResult<Option<String>> {
    let Some(key) = request.headers().get(KEY_HEADER).filter(|_| request.method() == Method::POST) else {
        return Ok(None);
    };
    if !request.match_pattern().is_some_and(|route| WRITES.contains(&route.as_str())) {
        return Ok(None);
    }
    let key = key.to_str().unwrap_or_default();
    if !(1..=MAX_KEY_BYTES).contains(&key.len()) {
        let told = format!("an Idempotency-Key has 1 to {MAX_KEY_BYTES} characters of ASCII");
        return Err(ApiError::new(ErrorCode::InvalidRequest, told).with_hint("send a UUID"));
    }
    Ok(Some(key.to_owned()))
}

fn replay(kept: &Kept) -> HttpResponse {
    let mut response = HttpResponse::build(kept.status);
    for (name, value) in &kept.headers {
        response.append_header((name.clone(), value.clone()));
    }
    response.insert_header((REPLAYED, "true")).body(kept.body.clone())
}
