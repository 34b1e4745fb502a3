//! The front end: `/`, `/widget.js` and `/web/*`, compiled into the program from `server/web`.
//!
//! These files are the same for everybody and hold nothing of the company's, so any page may load them. A browser
//! asks each time whether its copy is still right (`no-cache` with an ETag by content), so that a new version is
//! seen at once.

use std::collections::HashMap;
use std::sync::OnceLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};
use taproot_schemas::error::ErrorCode;

use super::error::{ApiError, Result};
use super::etag;

/// What the pages of this server may load and call: themselves. The chat styles elements from its modules.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FOLDER: &str = "/web/";

macro_rules! embedded {
    ($($path:literal,)*) => { &[$(($path, include_bytes!(concat!("../../web/", $path)) as &[u8]),)*] };
}

/// Every file of `server/web`; a test compares the two.
const FILES: &[(&str, &[u8])] = embedded![
    "chat/accent.js",
    "chat/answer-text.js",
    "chat/api.js",
    "chat/citations.js",
    "chat/component.js",
    "chat/composer.js",
    "chat/conversation.js",
    "chat/copy.js",
    "chat/dom.js",
    "chat/empty-view.js",
    "chat/error-note.js",
    "chat/i18n.js",
    "chat/icons.js",
    "chat/lang/en.js",
    "chat/lang/zh.js",
    "chat/message-view.js",
    "chat/source-text.js",
    "chat/source-view.js",
    "chat/sse.js",
    "chat/styles.js",
    "chat/styles/frame.js",
    "chat/styles/messages.js",
    "chat/styles/source.js",
    "chat/styles/tokens.js",
    "favicon.svg",
    "index.html",
    "page.css",
    "page.js",
    "widget.js",
    "widget/bubble.js",
    "widget/style.js",
];

struct Asset {
    bytes: &'static [u8],
    content_type: &'static str,
    etag: String,
}

/// Whether a path is one of the front end.
pub fn is_asset(path: &str) -> bool {
    file_of(path).is_some()
}

/// `GET /`, `/widget.js`, `/web/{path}`.
pub async fn asset(request: HttpRequest) -> Result<HttpResponse> {
    let found = file_of(request.path()).and_then(|file| assets().get(file));
    let Some(asset) = found else {
        return Err(ApiError::new(ErrorCode::RouteNotFound, "there is no such file"));
    };
    let unchanged = etag::holds(request.headers(), &asset.etag);
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, asset.etag.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header(("cross-origin-resource-policy", "cross-origin"));
    if unchanged {
        return Ok(response.finish());
    }
    Ok(response.insert_header((header::CONTENT_TYPE, asset.content_type)).body(asset.bytes))
}

fn file_of(path: &str) -> Option<&str> {
    match path {
        "/" => Some("index.html"),
        "/widget.js" => Some("widget.js"),
        path => path.strip_prefix(FOLDER),
    }
}

fn assets() -> &'static HashMap<&'static str, Asset> {
    static ASSETS: OnceLock<HashMap<&'static str, Asset>> = OnceLock::new();
    ASSETS.get_or_init(|| FILES.iter().map(|(path, bytes)| (*path, Asset::new(path, bytes))).collect())
}

impl Asset {
    fn new(path: &str, bytes: &'static [u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let etag = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { bytes, content_type: content_type(path), etag: format!("\"{etag}\"") }
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_front_end_is_in_the_program() {
        fn collect(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    collect(&entry.path(), &format!("{name}/"), found);
                } else {
                    found.insert(name);
                }
            }
        }
        let mut on_disk = BTreeSet::new();
        collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/web")), "", &mut on_disk);
        let embedded = FILES.iter().map(|(path, _)| path.to_string()).collect::<BTreeSet<_>>();
        assert_eq!(on_disk, embedded);
        for path in embedded {
            assert_ne!(content_type(&path), "application/octet-stream", "{path} has a content type of its own");
        }
    }
}
