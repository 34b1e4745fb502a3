//! Where the server is between its start and its end, and the doors that are open meanwhile.
//!
//! The HTTP listener starts before the engine is open, so that probes get an answer; handlers that need the engine
//! take it with the extractor [`Ready`] and are refused with 503 while it is not there.

use std::future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use taproot_engine::Engine;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::health::HealthStatus;
use taproot_schemas::setting::Setting;

use super::error::{ApiError, Result};
use crate::evaluations::Evaluations;
use crate::jobs::Jobs;
use crate::sources::Sources;
use crate::uploads::Uploads;

/// What is there once the data is open.
#[derive(Clone)]
pub struct Ready {
    pub engine: Engine,
    pub jobs: Jobs,
    pub sources: Sources,
    pub uploads: Uploads,
    pub evaluations: Evaluations,
    pub settings: Arc<[Setting]>,
}

#[derive(Default)]
pub struct Lifecycle {
    ready: OnceLock<Ready>,
    stopping: AtomicBool,
}

impl Lifecycle {
    /// From now on requests are answered. A second call changes nothing.
    pub fn open(&self, ready: Ready) {
        let _ = self.ready.set(ready);
    }

    /// From now on requests are refused; those in flight finish.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub fn status(&self) -> HealthStatus {
        if self.stopping.load(Ordering::Acquire) {
            HealthStatus::Stopping
        } else if self.ready.get().is_some() {
            HealthStatus::Ok
        } else {
            HealthStatus::Starting
        }
    }

    pub fn ready(&self) -> Result<Ready> {
        match (self.status(), self.ready.get()) {
            (HealthStatus::Ok, Some(ready)) => Ok(ready.clone()),
            (HealthStatus::Stopping, _) => Err(ApiError::new(ErrorCode::NotReady, "the server is stopping")),
            _ => Err(ApiError::new(ErrorCode::NotReady, "the server is starting")),
        }
    }
}

impl FromRequest for Ready {
    type Error = ApiError;
    type Future = future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        future::ready(match request.app_data::<web::Data<Lifecycle>>() {
            Some(lifecycle) => lifecycle.ready(),
            None => Err(ApiError::internal("the lifecycle is not set up")),
        })
    }
}
