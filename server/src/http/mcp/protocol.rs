//! JSON-RPC 2.0 as the Model Context Protocol uses it: which message a body is, which version its client speaks, and
//! how a fault is told.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use taproot_schemas::mcp::{McpError, McpReply};

use super::super::shape::{INTERNAL_ERROR, INVALID_REQUEST, PARSE_ERROR};

/// Versions that begin with `initialize`, the newest first.
pub const HANDSHAKE_VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/// The version that is told with every request.
pub const MODERN_VERSION: &str = "2026-07-28";

const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_VERSION: i32 = -32022;

const VERSION_HEADER: &str = "mcp-protocol-version";
const METHOD_HEADER: &str = "mcp-method";
const NAME_HEADER: &str = "mcp-name";
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";

/// How a client tells its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Once, by `initialize`.
    Handshake,
    /// With each request.
    Modern,
}

#[derive(Debug, PartialEq)]
pub enum Message {
    Request {
        id: Value,
        era: Era,
        method: String,
        params: Value,
    },
    Notification,
    /// To a request, of which this server sends none.
    Response,
}

/// What went wrong, as JSON-RPC tells it.
#[derive(Debug)]
pub struct Fault {
    code: i32,
    message: String,
    data: Option<Value>,
    /// Where it is not the one of the code.
    status: Option<u16>,
}

impl Fault {
    fn new(code: i32, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), data: None, status: None }
    }

    pub fn no_such_method(method: &str) -> Fault {
        Fault::new(METHOD_NOT_FOUND, format!("there is no method {method:?}"))
    }

    pub fn invalid_params(told: impl Into<String>) -> Fault {
        Fault::new(INVALID_PARAMS, told)
    }

    /// A failure that no model can do anything about.
    pub fn failed(status: u16, message: impl Into<String>, data: Value) -> Fault {
        Fault { data: Some(data), status: Some(status), ..Fault::new(INTERNAL_ERROR, message) }
    }

    /// Clients that shake hands read errors with 200, as the answers to their requests that they are.
    pub fn respond(self, id: Value, era: Era) -> HttpResponse {
        let status = self.status.unwrap_or(match (self.code, era) {
            (PARSE_ERROR | INVALID_REQUEST | UNSUPPORTED_VERSION | HEADER_MISMATCH, _) => 400,
            (_, Era::Handshake) => 200,
            (METHOD_NOT_FOUND, Era::Modern) => 404,
            (_, Era::Modern) => 400,
        });
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error = McpError { code: self.code, message: self.message, data: self.data };
        HttpResponse::build(status).json(McpReply { jsonrpc: "2.0".into(), id, result: None, error: Some(error) })
    }
}

/// Reads one message. A batch is none: 2025-06-18 took them out.
pub fn read(body: &[u8], headers: &HeaderMap) -> Result<Message, Fault> {
    let value: Value = serde_json::from_slice(body).map_err(|error| Fault::new(PARSE_ERROR, error.to_string()))?;
    let invalid = |told: &str| Fault::new(INVALID_REQUEST, told);
    let Value::Object(mut fields) = value else {
        return Err(invalid("send one message at a time, an object"));
    };
    if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(invalid("jsonrpc is not \"2.0\""));
    }
    if !fields.contains_key("method") && (fields.contains_key("result") || fields.contains_key("error")) {
        return Ok(Message::Response);
    }
    let Some(Value::String(method)) = fields.remove("method") else { return Err(invalid("method is no text")) };
    let params = fields.remove("params").unwrap_or_else(|| Value::Object(Map::new()));
    if !params.is_object() {
        return Err(invalid("params is no object"));
    }
    let id = match fields.remove("id") {
        None => return Ok(Message::Notification),
        Some(id) if id.is_string() || id.is_i64() || id.is_u64() => id,
        Some(_) => return Err(invalid("id is neither text nor an integer")),
    };
    let era = era(&method, &params, headers)?;
    Ok(Message::Request { id, era, method, params })
}

fn era(method: &str, params: &Value, headers: &HeaderMap) -> Result<Era, Fault> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let meta = &params["_meta"];
    let told = header(VERSION_HEADER);
    if meta[VERSION_KEY].is_null() && told != Some(MODERN_VERSION) {
        let unknown = told.filter(|version| !HANDSHAKE_VERSIONS.contains(version));
        // The handshake itself is where a version is agreed on.
        return match unknown.filter(|_| method != "initialize") {
            Some(version) => Err(unsupported(version)),
            None => Ok(Era::Handshake),
        };
    }
    let Some(version) = meta[VERSION_KEY].as_str() else {
        return Err(Fault::invalid_params(format!("params._meta has no {VERSION_KEY}")));
    };
    if !meta[CAPABILITIES_KEY].is_object() {
        return Err(Fault::invalid_params(format!("params._meta has no {CAPABILITIES_KEY}")));
    }
    let mismatch =
        |name: &str| Fault::new(HEADER_MISMATCH, format!("the header {name} does not say what the body says"));
    if told != Some(version) {
        return Err(mismatch(VERSION_HEADER));
    }
    if header(METHOD_HEADER) != Some(method) {
        return Err(mismatch(METHOD_HEADER));
    }
    if method == "tools/call"
        && let Some(name) = params["name"].as_str()
        && header(NAME_HEADER).and_then(decoded).as_deref() != Some(name)
    {
        return Err(mismatch(NAME_HEADER));
    }
    if version == MODERN_VERSION { Ok(Era::Modern) } else { Err(unsupported(version)) }
}

fn unsupported(version: &str) -> Fault {
    let supported: Vec<&str> = [MODERN_VERSION].into_iter().chain(HANDSHAKE_VERSIONS).collect();
    let data = json!({"supported": supported, "requested": version});
    Fault { data: Some(data), ..Fault::new(UNSUPPORTED_VERSION, "Unsupported protocol version") }
}

/// Names that no header can hold come as `=?base64?…?=`.
fn decoded(value: &str) -> Option<String> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        None => Some(value.to_owned()),
        Some(packed) => String::from_utf8(STANDARD.decode(packed).ok()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(told: &[(&'static str, &str)]) -> HeaderMap {
        told.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn code(body: &str, told: &[(&'static str, &str)]) -> i32 {
        read(body.as_bytes(), &headers(told)).map(|_| 0).unwrap_or_else(|fault| fault.code)
    }

    #[test]
    fn messages_are_told_apart() {
        for (body, expected) in [
            ("{", PARSE_ERROR),
            ("[]", INVALID_REQUEST),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, INVALID_REQUEST),
            (r#"{"id":1,"method":"ping"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1}"#, INVALID_REQUEST),
        ] {
            assert_eq!(code(body, &[]), expected, "{body}");
        }
        let kind = |body: &str| read(body.as_bytes(), &headers(&[])).unwrap();
        assert_eq!(kind(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), Message::Notification);
        assert_eq!(kind(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#), Message::Response);
        let Message::Request { id, era, .. } = kind(r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#) else {
            panic!("it is a request");
        };
        assert_eq!((id, era), (json!("a"), Era::Handshake));
    }

    #[test]
    fn versions_are_told_by_header_and_by_envelope() {
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        assert_eq!(code(ping, &[(VERSION_HEADER, "2025-06-18")]), 0);
        assert_eq!(code(ping, &[(VERSION_HEADER, "2031-01-01")]), UNSUPPORTED_VERSION);
        assert_eq!(code(ping, &[(VERSION_HEADER, MODERN_VERSION)]), INVALID_PARAMS);

        let call = |version: &str| {
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "_meta":
                {VERSION_KEY: version, CAPABILITIES_KEY: {}}}})
            .to_string()
        };
        let told = [(VERSION_HEADER, MODERN_VERSION), (METHOD_HEADER, "tools/call"), (NAME_HEADER, "=?base64?YXNr?=")];
        let Ok(Message::Request { era, .. }) = read(call(MODERN_VERSION).as_bytes(), &headers(&told)) else {
            panic!("it is a request");
        };
        assert_eq!(era, Era::Modern);
        for lacking in 0..3 {
            let told: Vec<_> =
                told.iter().enumerate().filter(|(at, _)| *at != lacking).map(|(_, header)| *header).collect();
            assert_eq!(code(&call(MODERN_VERSION), &told), HEADER_MISMATCH);
        }
        let newer = [(VERSION_HEADER, "2031-01-01"), told[1], told[2]];
        assert_eq!(code(&call("2031-01-01"), &newer), UNSUPPORTED_VERSION);
    }
}
