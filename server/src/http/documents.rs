//! `/v1/documents`: what is in the index. Originals are in `original`.

use actix_web::web::{Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use taproot_engine::{DocumentFile, ListDocuments};
use taproot_schemas::document::{ChunkList, Deleted, Document, DocumentList, DocumentStatus, DocumentText};
use taproot_schemas::error::{ErrorBody, ErrorCode};
use taproot_schemas::job::Job;
use utoipa::IntoParams;

use super::error::{ApiError, Result};
use super::lifecycle::Ready;
use super::{etag, jobs};
use crate::access::Caller;
use crate::jobs::JobOrder;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// Only this collection.
    collection: Option<String>,
    /// Only documents with exactly this uri.
    uri: Option<String>,
    /// Only documents with all of these words in title or uri; letters of ASCII match in either case.
    q: Option<String>,
    /// Only this media type, `text/markdown`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    media_type: Option<String>,
    /// Only this language, `en`.
    language: Option<String>,
    /// Only those whose file could be read the last time (`ready`), or could not (`stale`).
    #[param(inline)]
    status: Option<DocumentStatus>,
    /// 1 to 1,000; 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the documents that the caller may see, ordered by uri.
#[utoipa::path(
    get,
    path = "/v1/documents",
    tag = "documents",
    params(ListParameters),
    responses(
        (status = 200, description = "One page", body = DocumentList),
        (status = 304, description = "The page that the `If-None-Match` header names has not changed"),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn list(
    http: HttpRequest,
    caller: Caller,
    ready: Ready,
    parameters: Query<ListParameters>,
) -> Result<HttpResponse> {
    let ListParameters { collection, uri, q: text, media_type, language, status, limit, cursor } =
        parameters.into_inner();
    let limit = checked(limit)?;
    let list = ListDocuments { collection, uri, text, media_type, language, status, limit, cursor };
    etag::json(&http, &ready.engine.list_documents(&caller.scope, &list).await?)
}

fn checked(limit: Option<usize>) -> Result<usize> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(ApiError::new(ErrorCode::InvalidRequest, format!("limit is {limit}, allowed are 1 to {MAX_LIMIT}")))
}

/// One document.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "The document's id")),
    responses(
        (status = 200, description = "The document", body = Document),
        (status = 304, description = "What the `If-None-Match` header names has not changed"),
        (status = 404, description = "There is none that the caller may see", body = ErrorBody),
    )
)]
pub async fn get(http: HttpRequest, caller: Caller, ready: Ready, id: Path<String>) -> Result<HttpResponse> {
    etag::json(&http, &ready.engine.document(&caller.scope, &id).await?)
}

/// The text of a document as it was extracted, which citations point into.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/text",
    tag = "documents",
    params(("id" = String, Path, description = "The document's id")),
    responses(
        (status = 200, description = "The text and its outline", body = DocumentText),
        (status = 304, description = "What the `If-None-Match` header names has not changed"),
        (status = 404, description = "There is none that the caller may see", body = ErrorBody),
    )
)]
pub async fn text(http: HttpRequest, caller: Caller, ready: Ready, id: Path<String>) -> Result<HttpResponse> {
    etag::json(&http, &ready.engine.document_text(&caller.scope, &id).await?)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChunkParameters {
    /// 1 to 1,000; 100 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The pieces that a document was cut into, as searches find them, in the order of the text.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/chunks",
    tag = "documents",
    params(("id" = String, Path, description = "The document's id"), ChunkParameters),
    responses(
        (status = 200, description = "One page", body = ChunkList),
        (status = 404, description = "There is none that the caller may see", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn chunks(
    caller: Caller,
    ready: Ready,
    id: Path<String>,
    parameters: Query<ChunkParameters>,
) -> Result<Json<ChunkList>> {
    let ChunkParameters { limit, cursor } = parameters.into_inner();
    let limit = checked(limit)?;
    Ok(Json(ready.engine.document_chunks(&caller.scope, &id, limit, cursor.as_deref()).await?))
}

/// Reads the file of a document again, even if nothing about it has changed. What comes out as it was stays as it is; who
/// may read it changes only where a `.taproot.toml` says so.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/reread",
    tag = "documents",
    params(("id" = String, Path, description = "The document's id")),
    security((), ("key" = [])),
    responses(
        (status = 202, description = "The job is queued; follow it at `/v1/jobs/{id}`", body = Job),
        (status = 403, description = "The caller may not order jobs", body = ErrorBody),
        (status = 404, description = "There is none that the caller may see, or its file is gone", body = ErrorBody),
        (status = 409, description = "A job for this file waits or runs", body = ErrorBody),
        (status = "4XX", description = "The job cannot be taken", body = ErrorBody),
    )
)]
pub async fn reread(caller: Caller, ready: Ready, id: Path<String>) -> Result<HttpResponse> {
    let DocumentFile { root, path, collection, allow } = ready.engine.file_of(&caller.scope, &id).await?;
    // The document's own collection may be another than its folder's.
    caller.must_reach(&collection)?;
    let order = JobOrder {
        path: root,
        collection,
        allow,
        delete: false,
        confirm_delete: false,
        dry_run: false,
        file: Some(path),
        source: None,
    };
    let job = ready.jobs.submit(order).await?;
    Ok(HttpResponse::Accepted().json(jobs::told(&caller, job)))
}

/// Deletes a document from the catalog and both indexes. The file of an uploaded document goes with it, unless it holds
/// others too; any other file stays where it is, and the document is back when the file changes.
#[utoipa::path(
    delete,
    path = "/v1/documents/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "The document's id")),
    security((), ("key" = [])),
    responses(
        (status = 200, description = "It is gone from every store", body = Deleted),
        (status = 403, description = "The caller may not delete", body = ErrorBody),
        (status = 404, description = "There is none that the caller may see", body = ErrorBody),
    )
)]
pub async fn delete(caller: Caller, ready: Ready, id: Path<String>) -> Result<Json<Deleted>> {
    Ok(Json(ready.uploads.delete_document(&ready.engine, &caller.scope, &id).await?))
}
