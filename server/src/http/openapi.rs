//! `GET /openapi.json`: the contract, made from the handlers and the shapes of `taproot-schemas`.
//!
//! The committed `schemas/openapi.json` is what `taproot openapi` prints; a test compares the two.
//!
//! Adding an endpoint: (1) its shapes in `schemas/`; (2) the handler in the file of `http/` that mirrors its URL,
//! with `#[utoipa::path]`; (3) its line in `http::routes`; (4) its line in `paths` below; (5)
//! `taproot openapi > schemas/openapi.json`; (6) a test through the real server in `tests/`.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::contract::Common;
use super::{
    admin, ask, audit, collections, conversations, dify, documents, evaluations, feedback, health, jobs, keys, mcp,
    metrics, openai, original, questions, routes, search, session, settings, sources, sync, uploads, users, widget,
};
use crate::slack;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Taproot",
        description = "Answers a company's questions from the company's own documents, with the place of every \
            sentence.\n\nErrors are `{\"error\": {code, message, hint, request_id}}`; offsets count characters of \
            the extracted text; times are RFC 3339 in UTC.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        ask::ask,
        search::search,
        conversations::list,
        conversations::get,
        conversations::rename,
        conversations::delete,
        conversations::export,
        documents::list,
        documents::get,
        documents::delete,
        uploads::upload,
        documents::text,
        original::original,
        jobs::create,
        jobs::list,
        jobs::get,
        jobs::cancel,
        jobs::events,
        sources::list,
        sync::diff,
        sync::receive,
        sync::commit,
        session::get,
        session::sign_in,
        session::sign_out,
        session::to_issuer,
        session::from_issuer,
        widget::token,
        keys::list,
        keys::create,
        keys::get,
        keys::change,
        keys::revoke,
        users::list,
        users::change,
        audit::list,
        audit::export,
        admin::doctor,
        slack::events::events,
        health::live,
        health::ready,
        metrics::metrics,
        openapi,
        openai::chat::complete,
        openai::models::list,
        openai::models::get,
        openai::embeddings::embed,
        dify::retrieval,
        mcp::post,
        documents::chunks,
        documents::reread,
        collections::list,
        feedback::rate,
        feedback::unrate,
        feedback::hand_on,
        questions::list,
        questions::decide,
        settings::list,
        evaluations::start,
        evaluations::list,
        evaluations::get,
        evaluations::compare,
        evaluations::delete,
    ),
    tags(
        (name = "ask", description = "Questions and answers"),
        (name = "search", description = "Ranked passages"),
        (name = "conversations", description = "What the caller asked before"),
        (name = "questions", description = "What the documents did not answer, for those who look after them"),
        (name = "evaluations", description = "How well questions are answered"),
        (name = "documents", description = "What is in the index"),
        (name = "jobs", description = "Ingest"),
        (name = "sync", description = "Folders of other machines"),
        (name = "session", description = "Who is calling"),
        (name = "access", description = "Keys, people, the audit"),
        (name = "admin", description = "For the owner of the data"),
        (name = "slack", description = "Called by Slack"),
        (name = "openai", description = "For clients of OpenAI's API"),
        (name = "dify", description = "For Dify's external knowledge"),
        (name = "mcp", description = "For clients of the Model Context Protocol"),
        (name = "health", description = "Probes, numbers and this description"),
    ),
    modifiers(&Keys, &Common, &Roles),
)]
struct Contract;

/// What callers show: a key, a widget's token or a token of the OpenID Connect issuer; the command line the token of the lock
/// file.
struct Keys;

impl utoipa::Modify for Keys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = |told: &str| {
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(told)).build())
        };
        let components = openapi.components.get_or_insert_default();
        components
            .add_security_scheme("key", scheme("A key, a widget's token, or a token of the OpenID Connect issuer"));
        components.add_security_scheme("owner", scheme("The owner's token, from the lock file of the data directory"));
    }
}

/// The least role of each operation, as `x-least-role`; none where everybody is let in.
struct Roles;

impl utoipa::Modify for Roles {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut openapi.paths.paths {
            let operations = [
                ("GET", &mut item.get),
                ("POST", &mut item.post),
                ("PUT", &mut item.put),
                ("PATCH", &mut item.patch),
                ("DELETE", &mut item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                if let Some(role) = routes::find(method, path).and_then(|route| route.needs) {
                    operation.extensions.get_or_insert_default().insert("x-least-role".into(), serde_json::json!(role));
                }
            }
        }
    }
}

/// The contract as the committed file has it: indented, with a line break at the end.
pub fn contract() -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(&Contract::openapi())?;
    text.push('\n');
    Ok(text)
}

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "health",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
pub async fn openapi() -> super::error::Result<HttpResponse> {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = match TEXT.get() {
        Some(text) => text,
        None => {
            let text = contract().map_err(super::error::ApiError::internal)?;
            TEXT.get_or_init(|| text)
        }
    };
    Ok(HttpResponse::Ok().content_type("application/json").body(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_contract_is_what_the_code_produces() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == contract().unwrap(),
            "schemas/openapi.json is out of date: cargo run -p taproot-server -- openapi > schemas/openapi.json"
        );
    }

    #[test]
    fn every_route_is_in_the_contract_and_every_operation_is_a_route() {
        let contract: serde_json::Value = serde_json::from_str(&contract().unwrap()).unwrap();
        let mut operations = Vec::new();
        for (path, item) in contract["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                assert!(routes::find(&method.to_uppercase(), path).is_some(), "{method} {path} is no route");
                operations.push((method.to_uppercase(), path.clone()));
            }
        }
        for route in routes::TABLE.iter().filter(|route| route.action != "page") {
            let told = operations.iter().any(|(method, path)| method == route.method && path == route.path);
            assert!(told, "{} {} is not in the contract", route.method, route.path);
        }
    }

    #[test]
    fn every_error_code_is_in_the_contract() {
        let contract = contract().unwrap();
        for code in taproot_schemas::error::ErrorCode::ALL {
            let name = serde_json::to_string(code).unwrap();
            assert!(contract.contains(&name), "{name}");
        }
    }
}
