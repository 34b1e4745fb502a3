//! The door for callers: finds out who it is, whether its role is enough for the route, whether it asks too much, and notes
//! what it does. What is behind the door asks the [`Caller`] that was found.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};

use super::error::{ApiError, Result};
use super::frame::RequestId;
use super::routes::{self, Noted, Route};
use crate::access::{Access, Caller, Trail};

pub async fn guard(
    access: Data<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let pattern = request.match_pattern();
    let route = pattern.as_deref().and_then(|pattern| routes::find(request.method().as_str(), pattern));
    // Another method, or no route at all: the router says which.
    let Some(route) = route else { return Ok(next.call(request).await?.map_into_boxed_body()) };
    let (caller, admitted) = admit(&access, route, &request).await;
    let trail = caller.trail.clone();
    if let Some(id) = request.match_info().get("id") {
        trail.object(id);
    }
    request.extensions_mut().insert(caller);
    let response = match admitted {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(refusal) => request.error_response(refusal),
    };
    note(route, &trail, &response);
    Ok(response)
}

/// Who it is, and whether it may come in. Routes that are open to everybody refuse nobody, whatever it shows.
async fn admit(access: &Data<Access>, route: &Route, request: &ServiceRequest) -> (Caller, Result<()>) {
    let forwarded_for = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let address = access.address(request.peer_addr().map(|peer| peer.ip()), forwarded_for);
    let nobody = || Caller::anonymous(&access.config.public_collections);
    let (mut caller, mut admitted) = match access.identify(request.head()).await {
        Ok(caller) => (caller, Ok(())),
        Err(refusal) if route.needs.is_none() => {
            tracing::debug!(%refusal, "whoever calls an open route is not known");
            (nobody(), Ok(()))
        }
        Err(refusal) => {
            let counted = access.limits.failure(address).map_err(ApiError::from);
            (nobody(), counted.and(Err(refusal)))
        }
    };
    caller.address = address;
    if let Some(role) = route.needs {
        // What is refused counts as well: else refusals could flood the audit.
        admitted = admitted
            .and_then(|()| access.limits.request(&caller).map_err(ApiError::from))
            .and_then(|()| caller.must_be(role));
    }
    let mut place = None;
    if admitted.is_ok() && matches!(route.noted, Noted::Answer | Noted::Stream) {
        match access.limits.answer(&caller) {
            Ok(taken) => place = taken,
            Err(wait) => admitted = Err(wait.into()),
        }
    }
    let request_id = RequestId::of(request.request()).0;
    caller.trail = Trail::begin(access.clone(), route.action, caller.actor(), request_id, address, place);
    (caller, admitted)
}

fn note(route: &Route, trail: &Trail, response: &ServiceResponse) {
    let status = response.status().as_u16();
    let code = response.response().error().and_then(|error| error.as_error::<ApiError>()).map(|error| error.code);
    // What is hidden is answered like what is absent, so an absent object may have been a refused one.
    let refused = matches!(status, 401 | 403) || (status == 404 && route.needs.is_some());
    let done = response.status().is_success() || response.status().is_redirection();
    let keep = refused || (done && matches!(route.noted, Noted::Answer | Noted::Always));
    let code = code.filter(|_| refused).and_then(|code| serde_json::to_value(code).ok()?.as_str().map(str::to_owned));
    trail.end(status, code, keep);
}
