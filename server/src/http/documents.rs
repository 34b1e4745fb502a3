//! `/v1/documents`: what is in the index. Originals are in `original`.

use actix_web::web::{Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use taproot_engine::ListDocuments;
use taproot_schemas::document::{Deleted, Document, DocumentList, DocumentText};
use taproot_schemas::error::{ErrorBody, ErrorCode};
use utoipa::IntoParams;

use super::error::{ApiError, Result};
use super::etag;
use super::lifecycle::Ready;
use crate::access::Caller;

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
    let ListParameters { collection, uri, limit, cursor } = parameters.into_inner();
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let told = format!("limit is {limit}, allowed are 1 to {MAX_LIMIT}");
        return Err(ApiError::new(ErrorCode::InvalidRequest, told));
    }
    let list = ListDocuments { collection, uri, limit, cursor };
    etag::json(&http, &ready.engine.list_documents(&caller.scope, &list).await?)
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

/// Deletes a document from the catalog and both indexes. The file of an uploaded document goes with it, unless it holds
/// others too; any other file stays where it is, and the document is back when the file changes.
#[utoipa::path(
    delete,
    path = "/v1/documents/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "The document's id")),
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "It is gone from every store", body = Deleted),
        (status = 403, description = "The caller may not delete", body = ErrorBody),
        (status = 404, description = "There is none that the caller may see", body = ErrorBody),
    )
)]
pub async fn delete(caller: Caller, ready: Ready, id: Path<String>) -> Result<Json<Deleted>> {
    Ok(Json(ready.uploads.delete_document(&ready.engine, &caller.scope, &id).await?))
}
