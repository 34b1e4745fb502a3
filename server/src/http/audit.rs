//! `/v1/audit`: who did what, in pages, and all of it as a file.

use std::convert::Infallible;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self, Bytes, Data, Json, Query};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::Deserialize;
use taproot_schemas::audit::AuditList;
use taproot_schemas::error::{ErrorBody, ErrorCode};
use tokio::sync::mpsc;
use utoipa::IntoParams;

use super::error::{ApiError, Result};
use super::keys::limit;
use crate::access::Access;
use crate::audit::{self, AuditQuery};

/// Lines of an export that may wait for a slow reader before the reading of the files waits for it too.
const EXPORT_BUFFER: usize = 256;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// Id or name of who did it.
    actor: Option<String>,
    /// `document.read`, or all that begin so: `document`.
    action: Option<String>,
    /// From this time on (RFC 3339).
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportParameters {
    /// Id or name of who did it.
    actor: Option<String>,
    /// `document.read`, or all that begin so: `document`.
    action: Option<String>,
    /// From this time on (RFC 3339).
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
}

/// The records, the newest first.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "access",
    params(ListParameters),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "One page", body = AuditList),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn list(access: Data<Access>, parameters: Query<ListParameters>) -> Result<Json<AuditList>> {
    let ListParameters { actor, action, since, until, limit: asked, cursor } = parameters.into_inner();
    let (limit, query) = (limit(asked)?, query(actor, action, since, until)?);
    let listed = web::block(move || {
        access.audit.flush();
        audit::list(access.audit.folder(), &query, limit, cursor.as_deref())
    });
    Ok(Json(listed.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?))
}

/// All records, the oldest first, as JSON lines.
#[utoipa::path(
    get,
    path = "/v1/audit/export",
    tag = "access",
    params(ExportParameters),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "A record a line", body = String, content_type = "application/x-ndjson"),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn export(access: Data<Access>, parameters: Query<ExportParameters>) -> Result<HttpResponse> {
    let ExportParameters { actor, action, since, until } = parameters.into_inner();
    let query = query(actor, action, since, until)?;
    let (sender, receiver) = mpsc::channel::<Vec<u8>>(EXPORT_BUFFER);
    tokio::task::spawn_blocking(move || {
        access.audit.flush();
        let exported = audit::export(access.audit.folder(), &query, |line| sender.blocking_send(line).is_ok());
        if let Err(error) = exported {
            tracing::error!(%error, "cannot read the audit to its end");
        }
    });
    let lines =
        futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""))
        .streaming(lines.map(|line| Ok::<_, Infallible>(Bytes::from(line)))))
}

/// Times are compared as texts, so they are brought to the form in which they are written.
fn query(
    actor: Option<String>,
    action: Option<String>,
    since: Option<String>,
    until: Option<String>,
) -> Result<AuditQuery> {
    let time = |name: &str, text: Option<String>| {
        let parsed = text.map(|text| text.parse::<Timestamp>().map(|time| (time, text)));
        match parsed.transpose() {
            Ok(time) => Ok(time.map(|(time, _)| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
            Err(_) => {
                Err(ApiError::new(ErrorCode::InvalidRequest, format!("{name} is no time like 2026-01-31T12:00:00Z")))
            }
        }
    };
    Ok(AuditQuery { actor, action, since: time("since", since)?, until: time("until", until)? })
}
