//! `POST /mcp`: the Model Context Protocol over streamable HTTP (<https://modelcontextprotocol.io/specification>).
//!
//! In: one JSON-RPC message. Out: one JSON value. There are no sessions and no streams of the server's: each request
//! stands for itself, with the rights of its caller, so `GET` and `DELETE` answer 405. Two kinds of clients are
//! answered: those that begin with `initialize` (2025-03-26 to 2025-11-25), and those that tell their version with
//! every request (2026-07-28). What can be called is in `tools`.

mod protocol;
mod tools;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header};
use serde_json::{Value, json};
use taproot_schemas::mcp::{McpMessage, McpReply};

use super::error::{ApiError, Result};
use super::frame::RequestId;
use super::lifecycle::Ready;
use crate::access::Caller;
use crate::metrics::Metrics;
use protocol::{Era, Fault, HANDSHAKE_VERSIONS, MODERN_VERSION, Message};
use tools::Doors;

/// What a client may tell its model of this server.
const INSTRUCTIONS: &str = "Answers from an organisation's own documents. Use `ask` for a question that needs an \
     answer with its sources; it says so when the documents do not answer. Use `search_documents` to look for \
     passages, and `get_document` to read on in one of them.";
/// The list of tools is a part of the program.
const TOOLS_TTL_MS: u64 = 3_600_000;

/// Takes one message of the Model Context Protocol.
#[utoipa::path(
    post,
    path = "/mcp",
    tag = "mcp",
    request_body = McpMessage,
    params(
        ("mcp-protocol-version" = Option<String>, Header, description = "The version that was agreed on; clients of \
            2026-07-28 have to send it, with `mcp-method` and `mcp-name`"),
    ),
    responses(
        (status = 200, description = "The reply to a request", body = McpReply),
        (status = 202, description = "A notification was taken"),
        (status = "4XX", description = "No message that is understood, or none that this caller may send", body = McpReply),
        (status = "5XX", description = "The server cannot answer", body = McpReply),
    )
)]
pub async fn post(
    http: HttpRequest,
    caller: Caller,
    ready: Ready,
    metrics: Data<Metrics>,
    body: Bytes,
) -> Result<HttpResponse> {
    if !is_json(&http) {
        return Err(ApiError::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let message = match protocol::read(&body, http.headers()) {
        Ok(message) => message,
        Err(fault) => return Ok(fault.respond(Value::Null, Era::Modern)),
    };
    let (id, era, method, params) = match message {
        Message::Request { id, era, method, params } => (id, era, method, params),
        Message::Notification | Message::Response => return Ok(HttpResponse::Accepted().finish()),
    };
    let doors = Doors { ready, caller, metrics: metrics.get_ref().clone(), request_id: RequestId::of(&http) };
    match result_of(&doors, era, &method, params).await {
        Ok(mut result) => {
            if era == Era::Modern
                && let Some(fields) = result.as_object_mut()
            {
                fields.insert("resultType".into(), json!("complete"));
            }
            let reply = McpReply { jsonrpc: "2.0".into(), id, result: Some(result), error: None };
            Ok(HttpResponse::Ok().json(reply))
        }
        Err(fault) => Ok(fault.respond(id, era)),
    }
}

fn is_json(http: &HttpRequest) -> bool {
    let kind = http.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

async fn result_of(doors: &Doors, era: Era, method: &str, params: Value) -> Result<Value, Fault> {
    match (method, era) {
        ("initialize", Era::Handshake) => initialize(&params),
        ("server/discover", Era::Modern) => Ok(discover()),
        ("ping", Era::Handshake) => Ok(json!({})),
        ("tools/list", Era::Handshake) => Ok(json!({"tools": tools::list()})),
        ("tools/list", Era::Modern) => {
            Ok(json!({"tools": tools::list(), "ttlMs": TOOLS_TTL_MS, "cacheScope": "public"}))
        }
        ("tools/call", _) => doors.call(params).await,
        (method, _) => Err(Fault::no_such_method(method)),
    }
}

/// Agrees on the client's version, if it is known, and else on the newest one.
fn initialize(params: &Value) -> Result<Value, Fault> {
    let Some(wanted) = params["protocolVersion"].as_str() else {
        return Err(Fault::invalid_params("params.protocolVersion is missing"));
    };
    let [newest, ..] = HANDSHAKE_VERSIONS;
    let agreed = HANDSHAKE_VERSIONS.into_iter().find(|version| *version == wanted).unwrap_or(newest);
    Ok(json!({
        "protocolVersion": agreed,
        "capabilities": capabilities(),
        "serverInfo": about_us(),
        "instructions": INSTRUCTIONS,
    }))
}

fn discover() -> Value {
    json!({
        "supportedVersions": [MODERN_VERSION],
        "capabilities": capabilities(),
        "instructions": INSTRUCTIONS,
        "ttlMs": TOOLS_TTL_MS,
        "cacheScope": "public",
        "_meta": {"io.modelcontextprotocol/serverInfo": about_us()},
    })
}

fn capabilities() -> Value {
    json!({"tools": {}})
}

fn about_us() -> Value {
    json!({"name": "taproot", "title": "Taproot", "version": env!("CARGO_PKG_VERSION")})
}
