//! `/v1/sync`: a folder of another machine, kept in step. The client sends what the folder holds (`diff`), the contents
//! that are missing (`files`), and the same manifest once more (`commit`). Each step may be repeated; after a break the
//! client begins anew, and sends only what is still missing.

use actix_web::HttpResponse;
use actix_web::web::{Json, Path, Payload, Query};
use serde::Deserialize;
use taproot_schemas::error::ErrorBody;
use taproot_schemas::job::Job;
use taproot_schemas::sync::{Manifest, ManifestDiff, StagedContent};
use utoipa::IntoParams;

use super::error::Result;
use super::jobs::told;
use super::lifecycle::Ready;
use super::uploads::{drain, receive_body};
use crate::access::Caller;
use crate::config::DEFAULT_COLLECTION;

/// Names, sizes and hashes of 100,000 files.
pub const MAX_MANIFEST_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfSource {
    /// Name of the source in the manifest.
    source: String,
}

/// Compares a folder with what the server has of it. Changes nothing.
#[utoipa::path(
    post,
    path = "/v1/sync/diff",
    tag = "sync",
    request_body = Manifest,
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "What to send, and what a commit would do", body = ManifestDiff),
        (status = "4XX", description = "The manifest cannot be taken", body = ErrorBody),
    )
)]
pub async fn diff(caller: Caller, ready: Ready, body: Json<Manifest>) -> Result<Json<ManifestDiff>> {
    reach(&caller, &body)?;
    Ok(Json(ready.uploads.diff(body.into_inner()).await?))
}

/// Takes one content. It is kept for 24 hours, until a commit gives it its place. Sending it again changes nothing.
#[utoipa::path(
    put,
    path = "/v1/sync/files/{hash}",
    tag = "sync",
    params(("hash" = String, Path, description = "BLAKE3 of the content, 64 digits of lower-case hex"), OfSource),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "The content is here, whole and on the disk", body = StagedContent),
        (status = "4XX", description = "The content cannot be taken", body = ErrorBody),
        (status = 507, description = "The disk is full; nothing of the content is left there", body = ErrorBody),
    )
)]
pub async fn receive(
    ready: Ready,
    hash: Path<String>,
    of: Query<OfSource>,
    mut body: Payload,
) -> Result<Json<StagedContent>> {
    if let Some(staged) = ready.uploads.staged(&of.source, &hash).await? {
        drain(&mut body, ready.uploads.max_file_bytes()).await;
        return Ok(Json(staged));
    }
    // The place is held until the content has its name.
    let (incoming, _place) = ready.uploads.receive().await?;
    let content = receive_body(&mut body, incoming).await?;
    Ok(Json(ready.uploads.stage(&of.source, &hash, content).await?))
}

fn reach(caller: &Caller, manifest: &Manifest) -> Result<()> {
    caller.must_reach(manifest.collection.as_deref().unwrap_or(DEFAULT_COLLECTION))
}

/// Makes the source what the manifest says, each file at once and as a whole, and ingests it. When more than half of
/// its files would go, nothing is touched unless `confirm_delete` says so.
#[utoipa::path(
    post,
    path = "/v1/sync/commit",
    tag = "sync",
    request_body = Manifest,
    security((), ("owner" = [])),
    responses(
        (status = 202, description = "The files are in place, and the job that ingests them is queued", body = Job),
        (status = 409, description = "Contents are missing, or a deletion is to be confirmed", body = ErrorBody),
        (status = "4XX", description = "The manifest cannot be taken", body = ErrorBody),
        (status = 507, description = "The disk is full", body = ErrorBody),
    )
)]
pub async fn commit(caller: Caller, ready: Ready, body: Json<Manifest>) -> Result<HttpResponse> {
    reach(&caller, &body)?;
    let order = ready.uploads.commit(body.into_inner()).await?;
    let job = ready.jobs.submit_after_change(order).await?;
    caller.trail.object(job.id.clone());
    Ok(HttpResponse::Accepted().json(told(&caller, job)))
}
