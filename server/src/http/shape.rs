//! The form of an error's body: Taproot's own, or the one that the clients of another API read.
//!
//! In: the path of a request and what the caller is told. Out: the body. What is told is the same everywhere.

use actix_web::http::header::{self, HeaderMap};
use serde_json::{Value, json};
use taproot_schemas::dify::DifyError;
use taproot_schemas::error::{ErrorBody, ErrorCode, ErrorDetail};
use taproot_schemas::openai::{OpenAiError, OpenAiErrorDetail};

/// Codes of Dify's convention.
const BAD_HEADER: u32 = 1001;
const NOT_LET_IN: u32 = 1002;
const NO_SUCH_KNOWLEDGE: u32 = 2001;
/// Of JSON-RPC 2.0, section 5.1, and of its range for servers.
pub const PARSE_ERROR: i32 = -32700;
pub const INVALID_REQUEST: i32 = -32600;
pub const INTERNAL_ERROR: i32 = -32603;
pub const SERVER_ERROR: i32 = -32000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Own,
    OpenAi,
    Dify,
    JsonRpc,
}

impl Shape {
    pub fn of(path: &str) -> Shape {
        match path {
            "/v1/chat/completions" | "/v1/models" | "/v1/embeddings" => Shape::OpenAi,
            "/retrieval" => Shape::Dify,
            "/mcp" => Shape::JsonRpc,
            path if path.starts_with("/v1/models/") => Shape::OpenAi,
            _ => Shape::Own,
        }
    }

    /// `headers` are those of the request.
    pub fn body(self, told: ErrorBody, param: Option<&str>, headers: &HeaderMap) -> Value {
        let ErrorDetail { code, message, hint, request_id } = told.error.clone();
        let whole = format!("{message}; {hint}");
        match self {
            Shape::Own => json!(told),
            Shape::OpenAi => json!(OpenAiError {
                error: OpenAiErrorDetail {
                    message: whole,
                    kind: kind(code.status()).into(),
                    param: param.map(str::to_owned),
                    code: name(code),
                    request_id,
                }
            }),
            Shape::Dify => json!(DifyError { error_code: dify_code(code, headers), error_msg: whole }),
            Shape::JsonRpc => json!({
                "jsonrpc": "2.0",
                "id": null,
                "error": {"code": rpc_code(code), "message": message, "data": told.error},
            }),
        }
    }
}

/// OpenAI's kinds, by which its guides tell errors apart.
fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

fn name(code: ErrorCode) -> String {
    json!(code).as_str().unwrap_or_default().to_owned()
}

fn dify_code(code: ErrorCode, headers: &HeaderMap) -> u32 {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let has_form = |sent: &str| sent.split_once(' ').is_some_and(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    match (code, code.status()) {
        (ErrorCode::CollectionNotFound, _) => NO_SUCH_KNOWLEDGE,
        (_, 401 | 403) if sent.is_some_and(|sent| !has_form(sent)) => BAD_HEADER,
        (_, 401 | 403) => NOT_LET_IN,
        (_, status) => status.into(),
    }
}

/// What could not be read is told before any message was understood.
fn rpc_code(code: ErrorCode) -> i32 {
    match code.status() {
        400 => PARSE_ERROR,
        404 | 405 | 413 | 415 => INVALID_REQUEST,
        500 => INTERNAL_ERROR,
        _ => SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn every_code_has_a_body_of_each_shape() {
        for code in ErrorCode::ALL {
            let detail =
                ErrorDetail { code: *code, message: "what".into(), hint: "do".into(), request_id: "req_1".into() };
            let body =
                |path| Shape::of(path).body(ErrorBody { error: detail.clone() }, Some("input"), &HeaderMap::new());
            assert_eq!(body("/v1/ask")["error"]["hint"], "do");
            let openai = body("/v1/models/x");
            assert_eq!((&openai["error"]["message"], &openai["error"]["param"]), (&json!("what; do"), &json!("input")));
            assert_eq!(openai["error"]["code"], json!(code));
            assert!(body("/retrieval")["error_code"].as_u64().unwrap() > 0);
            assert!(body("/mcp")["error"]["code"].as_i64().unwrap() < 0);
        }
    }

    #[test]
    fn dify_is_told_which_part_of_the_key_is_wrong() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            dify_code(ErrorCode::Forbidden, &headers)
        };
        assert_eq!((with("Basic x"), with("x"), with("Bearer x")), (BAD_HEADER, BAD_HEADER, NOT_LET_IN));
        assert_eq!(dify_code(ErrorCode::CollectionNotFound, &HeaderMap::new()), NO_SUCH_KNOWLEDGE);
    }
}
