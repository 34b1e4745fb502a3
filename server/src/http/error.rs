//! Errors of requests: what the caller is told, and what only the log is told.
//!
//! Handlers return [`ApiError`]; the frame (see `frame`) writes its body, because only the frame knows the
//! request's id. The cause is logged there and never leaves the process.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use taproot_schemas::error::{ErrorBody, ErrorCode, ErrorDetail};

use crate::access::Wait;
use crate::jobs::NotTaken;
use crate::uploads::UploadError;

pub type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Seconds after which a caller that was told to come back may do so.
const RETRY_AFTER_S: &str = "1";

#[derive(Debug)]
pub struct ApiError {
    pub code: ErrorCode,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    /// The field of the request that it is about, where a client is told.
    pub param: Option<&'static str>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    /// When to come back, where that is known.
    retry_after: Option<Duration>,
}

impl ApiError {
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), hint: None, param: None, cause: None, retry_after: None }
    }

    /// A hint for this case, better than the one of the code.
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the field of the request that it is about.
    pub fn about(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    /// When to come back.
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The caller is told the code and the message, the log the cause as well.
    pub fn caused(code: ErrorCode, message: &'static str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(code, message) }
    }

    /// Something that the caller can do nothing about: it is told the request's id, the log is told the cause.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(ErrorCode::Internal, "something failed inside") }
    }

    /// The nearest code for a status that the framework chose by itself.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(ErrorCode::RouteNotFound, "there is no such route"),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(ErrorCode::MethodNotAllowed, "the route does not take this method")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(ErrorCode::BodyTooLarge, "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(ErrorCode::UnsupportedMediaType, "the body is not of the type that the route takes")
            }
            status if status.is_client_error() => Self::new(ErrorCode::InvalidRequest, "the request is not valid"),
            _ => Self::internal(format!("the framework answered {status}")),
        }
    }

    pub fn body(&self, request_id: &str) -> ErrorBody {
        let hint = self.hint.as_deref().unwrap_or(self.code.hint());
        ErrorBody {
            error: ErrorDetail {
                code: self.code,
                message: self.message.to_string(),
                hint: hint.to_string(),
                request_id: request_id.to_string(),
            },
        }
    }

    /// Writes the cause to the log, under the request's id.
    pub fn log(&self, request_id: &str) {
        if let Some(cause) = &self.cause {
            tracing::error!(request_id, error = %crate::error::chain(cause.as_ref()), "request failed");
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(after) = self.retry_after {
            // Whole seconds: one that is cut off would have the caller come too early.
            response.insert_header((header::RETRY_AFTER, after.as_secs() + 1));
        } else if matches!(self.code, ErrorCode::Overloaded | ErrorCode::NotReady) {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
        }
        if self.code.status() == 401 {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.finish()
    }
}

impl From<taproot_engine::Error> for ApiError {
    fn from(error: taproot_engine::Error) -> Self {
        match error.code() {
            ErrorCode::Internal => Self::internal(error),
            // What a store says of its failure may name hosts and paths: that is for the log.
            ErrorCode::StoreUnavailable => Self {
                cause: Some(Box::new(error)),
                ..Self::new(ErrorCode::StoreUnavailable, "the vector store does not answer")
            },
            code => Self::new(code, error.to_string()),
        }
    }
}

impl From<Wait> for ApiError {
    fn from(wait: Wait) -> Self {
        Self::new(ErrorCode::RateLimited, wait.told).retry_after(wait.for_)
    }
}

impl From<NotTaken> for ApiError {
    fn from(refusal: NotTaken) -> Self {
        match refusal {
            NotTaken::AlreadyRunning { job_id } => {
                Self::new(ErrorCode::AlreadyRunning, format!("{job_id} ingests the same path"))
                    .with_hint(format!("wait for it, or follow it at /v1/jobs/{job_id}"))
            }
            NotTaken::QueueFull { waiting } => Self::new(ErrorCode::Overloaded, format!("{waiting} jobs are waiting")),
            NotTaken::Stopping => Self::new(ErrorCode::NotReady, "the server is stopping"),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error.code() {
            ErrorCode::Internal => Self::internal(error),
            code => {
                let told = Self::new(code, error.to_string());
                match error {
                    UploadError::TooManyDeletions { .. } => told.with_hint(
                        "look whether the folder that you sync is complete; if these files are meant to go, commit again with confirm_delete",
                    ),
                    UploadError::OtherCollection { .. } => told.with_hint("choose another name for the source"),
                    UploadError::TooLarge { .. } => {
                        told.with_hint("leave the file out, or raise ingest.max_file_mib")
                    }
                    _ => told,
                }
            }
        }
    }
}

pub fn bad_json(error: JsonPayloadError, _request: &HttpRequest) -> actix_web::Error {
    use JsonPayloadError::{ContentType, Deserialize, Overflow, OverflowKnownLength, Payload};
    match error {
        ContentType => ApiError::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Overflow { limit } | OverflowKnownLength { limit, .. } => too_large(limit),
        Deserialize(error) => ApiError::new(ErrorCode::InvalidRequest, format!("the body is not valid: {error}")),
        Payload(PayloadError::Overflow) => ApiError::of_status(StatusCode::PAYLOAD_TOO_LARGE),
        _ => ApiError::new(ErrorCode::InvalidRequest, "the body did not arrive whole"),
    }
    .into()
}

pub fn bad_query(error: QueryPayloadError, _request: &HttpRequest) -> actix_web::Error {
    let detail = match error {
        QueryPayloadError::Deserialize(error) => error.to_string(),
        _ => "it cannot be read".to_string(),
    };
    ApiError::new(ErrorCode::InvalidRequest, format!("the query string is not valid: {detail}")).into()
}

pub fn bad_path(error: PathError, _request: &HttpRequest) -> actix_web::Error {
    let detail = match error {
        PathError::Deserialize(error) => error.to_string(),
        _ => "it cannot be read".to_string(),
    };
    ApiError::new(ErrorCode::InvalidRequest, format!("the path is not valid: {detail}")).into()
}

fn too_large(limit_bytes: usize) -> ApiError {
    ApiError::new(ErrorCode::BodyTooLarge, format!("the body is larger than {limit_bytes} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_do_not_reach_the_caller() {
        let path = "/home/someone/secret".into();
        let error = ApiError::from(taproot_engine::Error::Io { path, source: std::io::Error::other("disk on fire") });
        let body = serde_json::to_string(&error.body("req_1")).unwrap();
        assert_eq!(error.status_code(), 500);
        assert!(!body.contains("secret") && !body.contains("fire"), "{body}");
        assert!(body.contains(r#""code":"internal""#) && body.contains("req_1"), "{body}");
    }

    #[test]
    fn every_code_has_a_status_of_its_class() {
        for code in ErrorCode::ALL {
            let status = ApiError::new(*code, "").status_code();
            assert!(status.is_client_error() || status.is_server_error(), "{code:?} {status}");
        }
    }
}
