//! What is true of every operation of the contract, or of many: said once here, instead of beside each handler.
//!
//! In: the description that utoipa makes of the handlers. Out: the same, with names of operations that are unique, the
//! answers that any request can get, and the headers that a middleware reads.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Ref, Type};
use utoipa::openapi::{Content, OpenApi, PathItem, RefOr, Required, Response, ResponseBuilder};

use super::idempotency::{KEY_HEADER, MAX_KEY_BYTES, WRITES};
use super::shape::Shape;

/// Refuses a client's mistake, or tells a failure: each in the form of the route.
const ANY_REQUEST: [(&str, &str); 2] = [
    ("4XX", "The request is not let in, is not understood, or there are too many"),
    ("5XX", "The server cannot answer"),
];

/// See the module.
pub struct Common;

impl utoipa::Modify for Common {
    fn modify(&self, openapi: &mut OpenApi) {
        for (path, item) in &mut openapi.paths.paths {
            for operation in operations(item) {
                name(path, operation);
                add_answers(path, operation);
                if is_conditional(operation) {
                    let told = "The `etag` of an answer that the caller has";
                    add_header(operation, "if-none-match", told, ObjectBuilder::new());
                }
            }
            if let Some(post) = item.post.as_mut().filter(|_| WRITES.contains(&path.as_str())) {
                let told = "Drawn by the caller for this thing to be made: sent again with the same key and body, the \
                     request is not done again, and gets the first answer with `idempotency-replayed: true`";
                let bounds = ObjectBuilder::new().min_length(Some(1)).max_length(Some(MAX_KEY_BYTES));
                add_header(post, KEY_HEADER, told, bounds);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Handlers of several files have the same name; generated clients need one each: what the path begins with, and the
/// handler's.
fn name(path: &str, operation: &mut Operation) {
    let begins = path.trim_start_matches("/v1").trim_start_matches('/');
    let subject = begins.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    operation.operation_id = operation.operation_id.take().map(|id| match id == subject {
        true => id,
        false => format!("{subject}_{id}"),
    });
}

fn add_answers(path: &str, operation: &mut Operation) {
    let schema = match Shape::of(path) {
        Shape::Own => "ErrorBody",
        Shape::OpenAi => "OpenAiError",
        Shape::Dify => "DifyError",
        Shape::JsonRpc => "McpReply",
    };
    for (status, told) in ANY_REQUEST {
        let body = Content::new(Some(RefOr::Ref(Ref::from_schema_name(schema))));
        let answer: Response = ResponseBuilder::new().description(told).content("application/json", body).build();
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| answer.into());
    }
}

fn is_conditional(operation: &Operation) -> bool {
    operation.responses.responses.contains_key("304")
}

fn add_header(operation: &mut Operation, name: &str, told: &str, bounds: ObjectBuilder) {
    let text = bounds.schema_type(Type::String).build();
    let header: Parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(told))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().push(header.into());
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// `POST` that makes nothing which is there twice when it is sent twice.
    const READS: [&str; 11] = [
        "/v1/ask",
        "/v1/search",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/retrieval",
        "/mcp",
        "/v1/sync/diff",
        "/v1/session",
        "/v1/widget/token",
        "/v1/admin/doctor",
        "/slack/events",
    ];

    #[test]
    fn every_post_is_known_as_a_write_or_a_read() {
        let contract: Value = serde_json::from_str(&super::super::openapi::contract().unwrap()).unwrap();
        for (path, operations) in contract["paths"].as_object().unwrap() {
            if operations.get("post").is_some() {
                let (write, read) = (WRITES.contains(&path.as_str()), READS.contains(&path.as_str()));
                assert!(
                    write != read,
                    "{path}: say in idempotency::WRITES whether it makes something, or here that not"
                );
            }
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let contract: Value = serde_json::from_str(&super::super::openapi::contract().unwrap()).unwrap();
        let operations =
            contract["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
        let mut names: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
