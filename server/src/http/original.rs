//! `GET /v1/documents/{id}/original`: the file as it was ingested, streamed.
//!
//! The file is somebody else's: whatever is in it must not act in this server's origin. What browsers would run
//! (HTML, SVG, anything of XML, anything unknown) is a download; the rest is shown, in a sandbox where the browser
//! allows one.

use std::io;
use std::path::Path as FilePath;
use std::time::SystemTime;

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::Stream;
use taproot_schemas::error::{ErrorBody, ErrorCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::error::{ApiError, Result};
use super::etag;
use super::lifecycle::Ready;
use crate::access::Caller;

const BLOCK_BYTES: usize = 64 * 1024;
/// How much of a text is looked at to tell whether it is UTF-8.
const CHARSET_SAMPLE_BYTES: usize = 8 * 1024;

/// The original file of a document.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/original",
    tag = "documents",
    params(("id" = String, Path, description = "The document's id")),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "*/*"),
        (status = 304, description = "The file that the `If-None-Match` header names has not changed"),
        (status = 404, description = "There is none that the caller may see, or its file is gone", body = ErrorBody),
    )
)]
pub async fn original(http: HttpRequest, caller: Caller, ready: Ready, id: Path<String>) -> Result<HttpResponse> {
    let (path, media_type) = ready.engine.original(&caller.scope, &id).await?;
    let Opened { file, bytes, sample, tag } = open(&path).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ApiError::new(ErrorCode::OriginalGone, "the original is no longer there"),
        _ => ApiError::internal(error),
    })?;
    if etag::holds(http.headers(), &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, etag::CACHE_POLICY))
            .finish());
    }
    let name = path.file_name().map_or_else(|| "original".into(), |name| name.to_string_lossy());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, with_charset(&media_type, &sample)))
        .insert_header((header::CONTENT_DISPOSITION, disposition(&media_type, &name)))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy(&media_type)))
        .insert_header((header::CACHE_CONTROL, etag::CACHE_POLICY))
        .insert_header((header::ETAG, tag))
        .body(SizedStream::new(bytes, blocks(file, bytes))))
}

struct Opened {
    file: File,
    bytes: u64,
    /// Its beginning.
    sample: Vec<u8>,
    /// Weak: made of size and time of change, not of the content.
    tag: String,
}

async fn open(path: &FilePath) -> io::Result<Opened> {
    let mut file = File::open(path).await?;
    let about = file.metadata().await?;
    if !about.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut sample = Vec::with_capacity(CHARSET_SAMPLE_BYTES);
    (&mut file).take(CHARSET_SAMPLE_BYTES as u64).read_to_end(&mut sample).await?;
    file.rewind().await?;
    let changed = about.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let tag = format!("W/\"{:x}-{:x}\"", about.len(), changed.as_nanos());
    Ok(Opened { file, bytes: about.len(), sample, tag })
}

/// Exactly `bytes` bytes, also when the file grows meanwhile; one that shrinks breaks the answer off.
fn blocks(file: File, bytes: u64) -> impl Stream<Item = io::Result<Bytes>> {
    futures_util::stream::unfold((file, bytes), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let mut block = vec![0; BLOCK_BYTES.min(usize::try_from(left).unwrap_or(BLOCK_BYTES))];
        match file.read(&mut block).await {
            Ok(0) => Some((Err(io::ErrorKind::UnexpectedEof.into()), (file, 0))),
            Ok(read) => {
                block.truncate(read);
                Some((Ok(Bytes::from(block)), (file, left - read as u64)))
            }
            Err(error) => Some((Err(error), (file, 0))),
        }
    })
}

/// What a browser shows without running anything of it.
fn is_shown(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/pdf" | "text/plain" | "text/markdown" | "text/csv" | "application/json" | "application/x-ndjson"
    ) || (media_type.starts_with("image/") && media_type != "image/svg+xml")
}

/// The viewers of PDF that browsers bring refuse to work in a sandbox; they are out of this origin by themselves.
fn policy(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "frame-ancestors 'self'",
        _ => "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    }
}

/// The header's value after RFC 6266, the name in the form of RFC 8187.
fn disposition(media_type: &str, name: &str) -> String {
    let kind = if is_shown(media_type) { "inline" } else { "attachment" };
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{kind}; filename*=UTF-8''{encoded}")
}

/// Browsers take a text without a charset for Western European; UTF-8 is said where it is so.
fn with_charset(media_type: &str, sample: &[u8]) -> String {
    let is_utf8 = match std::str::from_utf8(sample) {
        Ok(_) => true,
        // The sample may end within a character.
        Err(error) => error.error_len().is_none(),
    };
    if media_type.starts_with("text/") && is_utf8 { format!("{media_type}; charset=utf-8") } else { media_type.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_is_a_download() {
        for (media_type, kind) in [
            ("application/pdf", "inline"),
            ("text/markdown", "inline"),
            ("image/png", "inline"),
            ("text/html", "attachment"),
            ("image/svg+xml", "attachment"),
            ("application/xhtml+xml", "attachment"),
            ("application/octet-stream", "attachment"),
        ] {
            assert_eq!(disposition(media_type, "a.b"), format!("{kind}; filename*=UTF-8''a.b"));
        }
    }

    #[test]
    fn names_of_any_script_fit_into_the_header() {
        assert_eq!(
            disposition("text/plain", "假期 \"1\".txt"),
            "inline; filename*=UTF-8''%E5%81%87%E6%9C%9F%20%221%22.txt"
        );
    }

    #[test]
    fn utf8_is_said_where_it_is_so() {
        let cut = &"假期".as_bytes()[..4];
        assert_eq!(with_charset("text/plain", cut), "text/plain; charset=utf-8");
        assert_eq!(with_charset("text/plain", b"\xbc\xd9\xc6\xda."), "text/plain");
        assert_eq!(with_charset("application/pdf", b"%PDF"), "application/pdf");
    }
}
