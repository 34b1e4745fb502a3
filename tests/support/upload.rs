//! Bodies of uploads: forms with files, and manifests of folders.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::http::Http;

const BOUNDARY: &str = "a-line-that-stands-in-no-file";

/// `POST /v1/documents`: fields as name and text, files as name and content.
pub fn form(http: &Http, query: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> RequestBuilder {
    let mut body = Vec::new();
    for (name, text) in fields {
        body.extend(
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes(),
        );
    }
    for (name, content) in files {
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    http.request(Method::POST, &format!("/v1/documents{query}"))
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(body)
}

pub fn hash(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}

/// The manifest of a folder with these files.
pub fn manifest(source: &str, files: &[(&str, &[u8])]) -> Value {
    let files: Vec<Value> = files
        .iter()
        .map(|(path, content)| json!({"path": path, "bytes": content.len(), "hash": hash(content)}))
        .collect();
    json!({"source": source, "files": files})
}

/// `PUT /v1/sync/files/{hash}`
pub fn put(http: &Http, source: &str, hash: &str, content: impl Into<reqwest::Body>) -> RequestBuilder {
    http.request(Method::PUT, &format!("/v1/sync/files/{hash}?source={source}")).body(content)
}
