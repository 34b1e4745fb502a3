//! `/v1/conversations`: what a caller asked before, listed, renamed, exported, deleted.
//!
//! Whose conversations are meant is the [`Caller`]'s asker; another's is answered like one that is not there. A caller
//! that nobody knows has no list: it shows the id of its conversation, which nobody can guess.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Json, Path, Query};
use serde::Deserialize;
use taproot_engine::Asker;
use taproot_schemas::conversation::{
    Conversation, ConversationDeleted, ConversationList, RenameConversation, Transcript,
};
use taproot_schemas::error::{ErrorBody, ErrorCode};
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, Result};
use super::lifecycle::Ready;
use crate::access::Caller;
use crate::transcript;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// The transcript as `GET /v1/conversations/{id}` gives it.
    #[default]
    Json,
    /// For people.
    Markdown,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportParameters {
    /// `json` when absent.
    #[serde(default)]
    #[param(inline)]
    format: ExportFormat,
}

/// Lists the caller's conversations, the one last asked in first.
#[utoipa::path(
    get,
    path = "/v1/conversations",
    tag = "conversations",
    params(ListParameters),
    responses(
        (status = 200, description = "One page", body = ConversationList),
        (status = 403, description = "Nobody knows who the caller is", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn list(caller: Caller, ready: Ready, parameters: Query<ListParameters>) -> Result<Json<ConversationList>> {
    let ListParameters { limit, cursor } = parameters.into_inner();
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let told = format!("limit is {limit}, allowed are 1 to {MAX_LIMIT}");
        return Err(ApiError::new(ErrorCode::InvalidRequest, told));
    }
    if caller.asker == Asker::Anonymous {
        let told = "conversations are listed for callers that are known";
        return Err(ApiError::new(ErrorCode::Forbidden, told).with_hint("keep the conversation_id of the answers"));
    }
    Ok(Json(ready.engine.conversations(&caller.asker, limit, cursor.as_deref()).await?))
}

/// A conversation with its turns.
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}",
    tag = "conversations",
    params(("id" = String, Path, description = "The conversation's id")),
    responses(
        (status = 200, description = "What was said", body = Transcript),
        (status = 404, description = "There is none of the caller's", body = ErrorBody),
    )
)]
pub async fn get(caller: Caller, ready: Ready, id: Path<String>) -> Result<HttpResponse> {
    let transcript = ready.engine.transcript(&caller.scope, &caller.asker, &id).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "private, no-store")).json(transcript))
}

/// Gives a conversation another title.
#[utoipa::path(
    patch,
    path = "/v1/conversations/{id}",
    tag = "conversations",
    params(("id" = String, Path, description = "The conversation's id")),
    request_body = RenameConversation,
    responses(
        (status = 200, description = "The conversation under its new title", body = Conversation),
        (status = 403, description = "The caller may only read", body = ErrorBody),
        (status = 404, description = "There is none of the caller's", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn rename(
    caller: Caller,
    ready: Ready,
    id: Path<String>,
    body: Json<RenameConversation>,
) -> Result<Json<Conversation>> {
    caller.must_change_its_own()?;
    Ok(Json(ready.engine.rename_conversation(&caller.asker, &id, &body.title).await?))
}

/// Deletes a conversation for good: when this is answered, its rows are gone and overwritten.
#[utoipa::path(
    delete,
    path = "/v1/conversations/{id}",
    tag = "conversations",
    params(("id" = String, Path, description = "The conversation's id")),
    responses(
        (status = 200, description = "It is gone", body = ConversationDeleted),
        (status = 403, description = "The caller may only read", body = ErrorBody),
        (status = 404, description = "There is none of the caller's", body = ErrorBody),
    )
)]
pub async fn delete(caller: Caller, ready: Ready, id: Path<String>) -> Result<Json<ConversationDeleted>> {
    caller.must_change_its_own()?;
    ready.engine.delete_conversation(&caller.asker, &id).await?;
    Ok(Json(ConversationDeleted { conversation_id: id.into_inner() }))
}

/// A conversation as a file.
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}/export",
    tag = "conversations",
    params(("id" = String, Path, description = "The conversation's id"), ExportParameters),
    responses(
        (status = 200, description = "The file", content((Transcript = "application/json"), (String = "text/markdown"))),
        (status = 404, description = "There is none of the caller's", body = ErrorBody),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    )
)]
pub async fn export(
    caller: Caller,
    ready: Ready,
    id: Path<String>,
    parameters: Query<ExportParameters>,
) -> Result<HttpResponse> {
    let transcript = ready.engine.transcript(&caller.scope, &caller.asker, &id).await?;
    let (media_type, ending, body) = match parameters.format {
        ExportFormat::Json => {
            ("application/json", "json", serde_json::to_string_pretty(&transcript).map_err(ApiError::internal)?)
        }
        ExportFormat::Markdown => ("text/markdown; charset=utf-8", "md", transcript::markdown(&transcript)),
    };
    let file = format!("attachment; filename=\"conversation-{}.{ending}\"", transcript.conversation.id);
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CONTENT_DISPOSITION, file))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(body))
}
