//! `POST /v1/documents`: files of a form, streamed to the disk and ingested. Also how a body is received here.

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use taproot_schemas::error::{ErrorBody, ErrorCode};
use taproot_schemas::job::Job;
use taproot_schemas::sync::UploadForm;
use utoipa::IntoParams;

use super::error::{ApiError, Result};
use super::jobs::told;
use super::lifecycle::Ready;
use crate::access::Caller;
use crate::config::DEFAULT_COLLECTION;
use crate::uploads::{Arrived, Incoming, NewFile, UploadError, file_path};

/// A sender that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Files of one form.
const MAX_FILES: usize = 1_000;
const MAX_GROUPS: usize = 1_000;
/// Length of a text field.
const MAX_TEXT_BYTES: usize = 4 * 1024;
/// How long `wait=true` waits for the job.
const MAX_WAIT: Duration = Duration::from_secs(120);

/// Bytes of one form with all its files.
pub struct UploadLimit(pub u64);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Waiting {
    /// Answer when the job has ended, or after two minutes.
    #[serde(default)]
    wait: bool,
}

/// Uploads files into a collection and ingests them. A file whose path is there already is a new version of it.
#[utoipa::path(
    post,
    path = "/v1/documents",
    tag = "documents",
    params(Waiting),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "With `wait=true`: the job that has ended, with its report", body = Job),
        (status = 202, description = "The files are on the disk, and the job that ingests them is queued", body = Job),
        (status = "4XX", description = "The files cannot be taken", body = ErrorBody),
        (status = 507, description = "The disk is full; nothing of the files is left there", body = ErrorBody),
    )
)]
pub async fn upload(
    caller: Caller,
    ready: Ready,
    limit: Data<UploadLimit>,
    waiting: Query<Waiting>,
    body: Multipart,
) -> Result<HttpResponse> {
    let (incoming, _place) = ready.uploads.receive().await?;
    let form = Form::read(body, &ready, incoming, limit.0).await?;
    let several = form.files.len() > 1;
    let place = |(name, content): (String, Arrived)| {
        Ok(NewFile { path: file_path(form.path.as_deref(), &name, several)?, content })
    };
    let files = form.files.into_iter().map(place).collect::<Result<Vec<_>>>()?;
    let collection = form.collection.unwrap_or_else(|| DEFAULT_COLLECTION.into());
    caller.must_reach(&collection)?;
    let mut last = None;
    for order in ready.uploads.put(collection, form.allow, files).await? {
        last = Some(ready.jobs.submit_after_change(order).await?);
    }
    let job = last.ok_or_else(|| ApiError::internal("an upload gave no order"))?;
    caller.trail.object(job.id.clone());
    if waiting.wait
        && let Ok(Some(ended)) = tokio::time::timeout(MAX_WAIT, ready.jobs.ended(&job.id)).await
    {
        return Ok(HttpResponse::Ok().json(told(&caller, ended)));
    }
    Ok(HttpResponse::Accepted().json(told(&caller, job)))
}

/// What a form held.
#[derive(Default)]
struct Form {
    /// File name and content.
    files: Vec<(String, Arrived)>,
    collection: Option<String>,
    allow: Vec<String>,
    path: Option<String>,
}

impl Form {
    async fn read(mut body: Multipart, ready: &Ready, first: Incoming, limit_bytes: u64) -> Result<Form> {
        let mut form = Form::default();
        let mut unused = Some(first);
        let mut left_bytes = limit_bytes;
        while let Some(field) = next(&mut body).await? {
            let mut field = field.map_err(bad_form)?;
            let name = field.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "file" if form.files.len() >= MAX_FILES => {
                    return Err(invalid(format!("the form has more than {MAX_FILES} files")));
                }
                "file" => {
                    let file_name = file_name(&field)?;
                    let incoming = match unused.take() {
                        Some(incoming) => incoming,
                        None => ready.uploads.receive_more().await?,
                    };
                    let content = receive(&mut field, incoming, left_bytes, limit_bytes).await?;
                    left_bytes -= content.bytes();
                    form.files.push((file_name, content));
                }
                "allow" if form.allow.len() >= MAX_GROUPS => {
                    return Err(invalid(format!("the form has more than {MAX_GROUPS} groups")));
                }
                "allow" => form.allow.push(text(&mut field).await?),
                "collection" => form.collection = Some(text(&mut field).await?),
                "path" => form.path = Some(text(&mut field).await?),
                other => {
                    let told = format!("the form has a field {other:?}; it takes file, collection, allow and path");
                    return Err(invalid(told));
                }
            }
        }
        if form.files.is_empty() {
            return Err(invalid("the form has no field file".into()));
        }
        Ok(form)
    }
}

/// The name as RFC 8187 writes names of other scripts, else as browsers send it.
fn file_name(field: &Field) -> Result<String> {
    let disposition = field.content_disposition();
    let extended = disposition
        .and_then(|disposition| disposition.get_filename_ext())
        .and_then(|name| String::from_utf8(name.value.clone()).ok());
    let plain = || disposition.and_then(|disposition| disposition.get_filename()).map(str::to_owned);
    extended.or_else(plain).ok_or_else(|| invalid("a file of the form has no file name".into()))
}

async fn text(field: &mut Field) -> Result<String> {
    let name = field.name().unwrap_or_default().to_owned();
    let read = tokio::time::timeout(SILENCE, field.bytes(MAX_TEXT_BYTES)).await.map_err(|_| UploadError::NotWhole)?;
    let bytes = read.map_err(|_| invalid(format!("the field {name} is longer than {MAX_TEXT_BYTES} bytes")))?;
    String::from_utf8(bytes.map_err(bad_form)?.to_vec()).map_err(|_| invalid(format!("the field {name} is not UTF-8")))
}

async fn receive(field: &mut Field, mut incoming: Incoming, left_bytes: u64, limit_bytes: u64) -> Result<Arrived> {
    let mut arrived = 0;
    while let Some(block) = next(field).await? {
        let block = block.map_err(bad_form)?;
        arrived += block.len() as u64;
        if arrived > left_bytes {
            let told = format!("the form is larger than {limit_bytes} bytes");
            return Err(ApiError::new(ErrorCode::BodyTooLarge, told)
                .with_hint("send fewer files at once, or raise server.max_upload_mib"));
        }
        incoming.write(&block).await?;
    }
    Ok(incoming.finish().await?)
}

/// A body that is one content.
pub async fn receive_body<E>(
    body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    mut incoming: Incoming,
) -> Result<Arrived> {
    while let Some(block) = next(body).await? {
        incoming.write(&block.map_err(|_| UploadError::NotWhole)?).await?;
    }
    Ok(incoming.finish().await?)
}

/// Reads a body that is not needed, so that the connection can be used again; not more than a content may have.
pub async fn drain<E>(body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin), mut left_bytes: u64) {
    while let Ok(Some(Ok(block))) = next(body).await {
        left_bytes = left_bytes.saturating_sub(block.len() as u64);
        if left_bytes == 0 {
            return;
        }
    }
}

async fn next<T>(stream: &mut (impl Stream<Item = T> + Unpin)) -> Result<Option<T>> {
    Ok(tokio::time::timeout(SILENCE, stream.next()).await.map_err(|_| UploadError::NotWhole)?)
}

fn bad_form(error: MultipartError) -> ApiError {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible
        | MultipartError::BoundaryMissing => {
            ApiError::new(ErrorCode::UnsupportedMediaType, "the body is not multipart/form-data")
        }
        MultipartError::Incomplete | MultipartError::Payload(_) => UploadError::NotWhole.into(),
        other => invalid(format!("the form is not valid: {other}")),
    }
}

fn invalid(told: String) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, told)
}
