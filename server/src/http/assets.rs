//! The front end: `/`, `/api`, `/widget.js` and `/web/*`, compiled into the program from `server/web`.
//!
//! These files are the same for everybody and hold nothing of the company's, so any page may load them. A browser
//! asks each time whether its copy is still right (`no-cache` with an ETag by content), so that a new version is
//! seen at once. `/widget.js` is no file: `bundle` joins it from `widget/main.js` and what that imports. All is packed
//! once, when the first file is asked for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::sync::OnceLock;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use taproot_schemas::error::ErrorCode;

use super::bundle::bundle;
use super::error::{ApiError, Result};
use super::etag;

/// What the pages of this server may load and call: themselves, and nothing inline.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FOLDER: &str = "/web/";
const WIDGET: &str = "widget.js";
const WIDGET_ENTRY: &str = "widget/main.js";

macro_rules! embedded {
    ($($path:literal,)*) => { &[$(($path, include_bytes!(concat!("../../web/", $path)) as &[u8]),)*] };
}

/// Every file of `server/web` but its README; a test compares the two.
const FILES: &[(&str, &[u8])] = embedded![
    "api/contract.js",
    "api/index.html",
    "api/lang/en.js",
    "api/lang/zh.js",
    "api/operation-view.js",
    "api/page.css",
    "api/page.js",
    "api/prose.js",
    "api/request.js",
    "api/schema-view.js",
    "api/try-form.js",
    "api/words.js",
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
    "chat/feedback.js",
    "chat/i18n.js",
    "chat/icons.js",
    "chat/lang/en.js",
    "chat/lang/zh.js",
    "chat/markdown.js",
    "chat/message-view.js",
    "chat/source-text.js",
    "chat/source-view.js",
    "chat/sse.js",
    "chat/styles.js",
    "chat/styles/frame.js",
    "chat/styles/messages.js",
    "chat/styles/source.js",
    "chat/styles/tokens.js",
    "console/frame.js",
    "console/i18n.js",
    "console/icons.js",
    "console/lang/en.js",
    "console/lang/zh.js",
    "console/main.js",
    "console/page.js",
    "console/pages.js",
    "console/pages/ask.js",
    "console/pages/audit.js",
    "console/pages/document-view.js",
    "console/pages/documents.js",
    "console/pages/evaluation-result.js",
    "console/pages/evaluation-set.js",
    "console/pages/evaluation.js",
    "console/pages/jobs.js",
    "console/pages/keys.js",
    "console/pages/questions.js",
    "console/pages/search-lab.js",
    "console/pages/settings.js",
    "console/pages/sources.js",
    "console/pages/upload.js",
    "console/pages/users.js",
    "console/preferences.js",
    "console/server.js",
    "console/sign-in.js",
    "console/styles/controls.css",
    "console/styles/frame.css",
    "console/styles/pages.css",
    "console/ui/dialog.js",
    "console/ui/format.js",
    "console/ui/parts.js",
    "console/ui/tabs.js",
    "console/ui/toast.js",
    "console/ui/virtual-list.js",
    "favicon.svg",
    "index.html",
    "widget/bubble.js",
    "widget/main.js",
    "widget/style.js",
];

struct Asset {
    content_type: &'static str,
    plain: Body,
    /// As a browser that takes gzip gets it.
    packed: Body,
}

struct Body {
    bytes: Bytes,
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
    let accepts = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let packed = accepts.is_some_and(takes_gzip);
    let body = if packed { &asset.packed } else { &asset.plain };
    let unchanged = etag::holds(request.headers(), &body.etag);
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, body.etag.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header(("cross-origin-resource-policy", "cross-origin"));
    if unchanged {
        return Ok(response.finish());
    }
    if packed {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response.insert_header((header::CONTENT_TYPE, asset.content_type)).body(body.bytes.clone()))
}

fn takes_gzip(accepts: &str) -> bool {
    accepts.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

fn file_of(path: &str) -> Option<&str> {
    match path {
        "/" => Some("index.html"),
        "/api" => Some("api/index.html"),
        "/widget.js" => Some(WIDGET),
        path => path.strip_prefix(FOLDER),
    }
}

fn assets() -> &'static HashMap<&'static str, Asset> {
    static ASSETS: OnceLock<HashMap<&'static str, Asset>> = OnceLock::new();
    ASSETS.get_or_init(|| {
        let files = FILES.iter().map(|(path, bytes)| (*path, Asset::new(path, Cow::Borrowed(*bytes))));
        let widget = Asset::new(WIDGET, Cow::Owned(bundle(WIDGET_ENTRY, source).into_bytes()));
        files.chain([(WIDGET, widget)]).collect()
    })
}

/// The text of a module.
fn source(path: &str) -> Option<&'static str> {
    let (_, bytes) = FILES.iter().find(|(name, _)| *name == path)?;
    std::str::from_utf8(bytes).ok()
}

impl Asset {
    fn new(path: &str, bytes: Cow<'static, [u8]>) -> Self {
        let packed = Body::new(packed(&bytes));
        let plain = match bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Self { content_type: content_type(path), plain: Body::new(plain), packed }
    }
}

impl Body {
    fn new(bytes: Bytes) -> Self {
        let digest = Sha256::digest(&bytes);
        let etag = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { bytes, etag: format!("\"{etag}\"") }
    }
}

fn packed(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail; an empty file would only cost its cached copy.
    let _ = encoder.write_all(bytes);
    Bytes::from(encoder.finish().unwrap_or_default())
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

    use super::super::bundle::{imports, resolve};
    use super::*;

    #[test]
    fn every_file_of_the_front_end_is_in_the_program() {
        fn collect(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    collect(&entry.path(), &format!("{name}/"), found);
                } else if !name.ends_with(".md") {
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

    /// The widget is one file; everything that it loads is in it.
    #[test]
    fn the_widget_is_under_20_kb() {
        let widget = &assets()[WIDGET];
        assert!(widget.packed.bytes.len() < 20_000, "{} bytes gzipped", widget.packed.bytes.len());
        let script = std::str::from_utf8(&widget.plain.bytes).unwrap();
        assert!(script.contains("attachShadow") && !script.contains("import(") && !script.contains("import.meta"));
    }

    /// What `bundle` relies on.
    #[test]
    fn modules_of_the_widget_are_written_as_the_bundle_needs_them() {
        let (mut open, mut seen, mut names) = (vec![WIDGET_ENTRY.to_owned()], BTreeSet::new(), BTreeSet::new());
        while let Some(path) = open.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let text = source(&path).unwrap_or_else(|| panic!("{path} is imported and is not there"));
            open.extend(imports(text).map(|address| resolve(&path, address)));
            for line in text.lines() {
                let line = line.strip_prefix("export ").unwrap_or(line);
                assert!(!line.starts_with("import ") || line.ends_with("\";"), "{path}: {line}");
                assert!(!line.starts_with("default ") && !line.starts_with('{'), "{path}: {line}");
                let kinds = ["const ", "let ", "class ", "function ", "async function ", "async function* "];
                let Some(rest) = kinds.iter().find_map(|kind| line.strip_prefix(kind)) else { continue };
                let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                assert!(
                    name.is_empty() || names.insert(name.to_owned()),
                    "{path}: another module has a {name} as well"
                );
            }
        }
        assert!(seen.contains("chat/component.js") && seen.len() > 20, "{seen:?}");
    }

    /// What the first page is made of is asked for at once, not module by module.
    #[test]
    fn the_first_page_names_all_of_its_modules() {
        let mut open = vec!["console/main.js".to_owned(), "console/pages/ask.js".to_owned()];
        let mut needed = BTreeSet::new();
        while let Some(path) = open.pop() {
            let text = source(&path).unwrap_or_else(|| panic!("{path} is imported and is not there"));
            if needed.insert(path.clone()) {
                open.extend(imports(text).map(|address| resolve(&path, address)));
            }
        }
        needed.remove("console/main.js");
        let page = source("index.html").unwrap();
        let named = page.split("rel=\"modulepreload\" href=\"web/").skip(1);
        let named: BTreeSet<String> = named.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        assert_eq!(named, needed);
    }

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        assert!(takes_gzip("gzip, deflate, br") && takes_gzip("br;q=1, GZIP;q=0.5"));
        assert!(!takes_gzip("br, identity") && !takes_gzip("gzip;q=0"));
    }
}
