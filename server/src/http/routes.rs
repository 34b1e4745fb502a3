//! Every URL that is answered: its handler, the least role that it needs, and how the audit notes it.
//!
//! One table, read by three: actix routes by it, `guard` lets in by it, and a test walks it with every kind of caller. What
//! stands here as open is open to everybody; a handler may ask for more than its line says, never for less.

use actix_web::http::header;
use actix_web::web::{self, Data, JsonConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};
use taproot_schemas::account::Role;
use taproot_schemas::error::ErrorCode;

use super::error::{self, ApiError};
use super::{
    admin, ask, assets, audit, collections, conversations, dify, documents, evaluations, feedback, health, jobs, keys,
    mcp, metrics, openai, openapi, original, questions, search, session, settings, sources, sync, uploads, users,
    widget,
};
use crate::slack::SlackDesk;
use crate::slack::events;

/// One method of one URL.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub method: &'static str,
    /// As actix and the contract write it: `/v1/documents/{id}`.
    pub path: &'static str,
    /// The least role; `None` for everybody, whoever it is.
    pub needs: Option<Role>,
    pub noted: Noted,
    /// What the audit calls it.
    pub action: &'static str,
}

/// Which requests leave a record. Refusals always do, but of open routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// Every one, and it takes one of the places that a caller has for answers.
    Answer,
    /// Every one.
    Always,
    /// Refusals only, and it takes a place for as long as it streams.
    Stream,
    /// Refusals only.
    Refusals,
}

macro_rules! routes {
    ($($method:ident $path:literal $needs:ident $noted:ident $action:literal => $handler:expr $(, limit $limit:expr)?;)*) => {
        pub const TABLE: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            needs: needs::$needs,
            noted: Noted::$noted,
            action: $action,
        },)*];

        /// Slack's own route is there when Slack is configured.
        pub fn register(service: &mut ServiceConfig, slack: Option<Data<SlackDesk>>) {
            $(service.service(resource($path, stringify!($method))$(.app_data(json_of($limit)))?.route(web::route().to($handler)));)*
            if let Some(desk) = slack {
                service.service(resource(SLACK.path, SLACK.method).app_data(desk).route(web::route().to(events::events)));
            }
            service.default_service(web::to(no_such_route));
        }
    };
}

#[allow(non_upper_case_globals)]
mod needs {
    use super::Role;

    pub const Nobody: Option<Role> = None;
    pub const Reader: Option<Role> = Some(Role::Reader);
    pub const Editor: Option<Role> = Some(Role::Editor);
    pub const Admin: Option<Role> = Some(Role::Admin);
}

routes! {
    POST "/v1/ask" Reader Answer "ask" => ask::ask;
    POST "/v1/search" Reader Always "search" => search::search;

    GET "/v1/conversations" Reader Refusals "conversation.list" => conversations::list;
    GET "/v1/conversations/{id}" Reader Refusals "conversation.read" => conversations::get;
    PATCH "/v1/conversations/{id}" Reader Refusals "conversation.rename" => conversations::rename;
    DELETE "/v1/conversations/{id}" Reader Always "conversation.delete" => conversations::delete;
    GET "/v1/conversations/{id}/export" Reader Always "conversation.export" => conversations::export;

    GET "/v1/documents" Reader Refusals "document.list" => documents::list;
    POST "/v1/documents" Editor Always "document.upload" => uploads::upload;
    GET "/v1/documents/{id}" Reader Always "document.read" => documents::get;
    DELETE "/v1/documents/{id}" Editor Always "document.delete" => documents::delete;
    GET "/v1/documents/{id}/text" Reader Always "document.text" => documents::text;
    GET "/v1/documents/{id}/original" Reader Always "document.original" => original::original;

    POST "/v1/jobs" Editor Always "job.create" => jobs::create;
    GET "/v1/jobs" Editor Refusals "job.list" => jobs::list;
    GET "/v1/jobs/{id}" Editor Refusals "job.read" => jobs::get;
    DELETE "/v1/jobs/{id}" Editor Always "job.cancel" => jobs::cancel;
    GET "/v1/jobs/{id}/events" Editor Stream "job.follow" => jobs::events;
    GET "/v1/sources" Editor Refusals "source.list" => sources::list;
    POST "/v1/sync/diff" Editor Refusals "sync.compare" => sync::diff, limit sync::MAX_MANIFEST_BYTES;
    POST "/v1/sync/commit" Editor Always "sync.commit" => sync::commit, limit sync::MAX_MANIFEST_BYTES;
    PUT "/v1/sync/files/{hash}" Editor Refusals "sync.send" => sync::receive;

    GET "/v1/session" Nobody Refusals "session.read" => session::get;
    POST "/v1/session" Nobody Always "session.begin" => session::sign_in;
    DELETE "/v1/session" Nobody Refusals "session.end" => session::sign_out;
    GET "/v1/session/oidc" Nobody Refusals "session.oidc" => session::to_issuer;
    GET "/v1/session/oidc/callback" Nobody Always "session.begin" => session::from_issuer;
    POST "/v1/widget/token" Nobody Refusals "widget.token" => widget::token;
    GET "/v1/keys" Admin Refusals "key.list" => keys::list;
    POST "/v1/keys" Admin Always "key.create" => keys::create;
    GET "/v1/keys/{id}" Admin Refusals "key.read" => keys::get;
    PATCH "/v1/keys/{id}" Admin Always "key.change" => keys::change;
    DELETE "/v1/keys/{id}" Admin Always "key.revoke" => keys::revoke;
    GET "/v1/users" Admin Refusals "user.list" => users::list;
    PATCH "/v1/users/{id}" Admin Always "user.change" => users::change;
    GET "/v1/audit" Admin Always "audit.read" => audit::list;
    GET "/v1/audit/export" Admin Always "audit.export" => audit::export;
    POST "/v1/admin/doctor" Admin Always "doctor" => admin::doctor;

    POST "/v1/chat/completions" Reader Answer "ask" => openai::chat::complete;
    GET "/v1/models" Reader Refusals "model.list" => openai::models::list;
    GET "/v1/models/{id}" Reader Refusals "model.read" => openai::models::get;
    POST "/v1/embeddings" Reader Refusals "embed" => openai::embeddings::embed;
    POST "/retrieval" Reader Always "search" => dify::retrieval;
    POST "/mcp" Reader Answer "mcp" => mcp::post;

    GET "/healthz" Nobody Refusals "health" => health::live;
    GET "/readyz" Nobody Refusals "health" => health::ready;
    GET "/metrics" Editor Refusals "metrics" => metrics::metrics;
    GET "/openapi.json" Nobody Refusals "openapi" => openapi::openapi;
    GET "/" Nobody Refusals "page" => assets::asset;
    GET "/api" Nobody Refusals "page" => assets::asset;
    GET "/widget.js" Nobody Refusals "page" => assets::asset;
    GET "/web/{file:.*}" Nobody Refusals "page" => assets::asset;

    GET "/v1/documents/{id}/chunks" Reader Always "document.chunks" => documents::chunks;
    POST "/v1/documents/{id}/reread" Editor Always "document.reread" => documents::reread;
    GET "/v1/collections" Reader Refusals "collection.list" => collections::list;
    POST "/v1/feedback" Reader Always "feedback.give" => feedback::rate;
    DELETE "/v1/feedback/{answer_id}" Reader Always "feedback.delete" => feedback::unrate;
    POST "/v1/handoffs" Reader Always "question.hand_on" => feedback::hand_on;
    GET "/v1/questions" Editor Always "question.list" => questions::list;
    PATCH "/v1/questions/{id}" Editor Always "question.decide" => questions::decide;
    POST "/v1/evaluations" Admin Always "evaluation.start" => evaluations::start, limit evaluations::MAX_SET_BYTES;
    GET "/v1/evaluations" Admin Refusals "evaluation.list" => evaluations::list;
    GET "/v1/evaluations/{id}" Admin Always "evaluation.read" => evaluations::get;
    GET "/v1/evaluations/{id}/compare" Admin Always "evaluation.compare" => evaluations::compare;
    DELETE "/v1/evaluations/{id}" Admin Always "evaluation.delete" => evaluations::delete;
    GET "/v1/settings" Admin Always "setting.list" => settings::list;
}

/// Whoever knows the signing secret may call it: it is Slack's signature that lets in.
const SLACK: Route =
    Route { method: "POST", path: "/slack/events", needs: None, noted: Noted::Refusals, action: "slack" };

/// The line of a request whose URL matches this pattern.
pub fn find(method: &str, pattern: &str) -> Option<&'static Route> {
    TABLE.iter().chain([&SLACK]).find(|route| route.method == method && route.path == pattern)
}

fn resource(path: &'static str, method: &'static str) -> Resource {
    web::resource(path).guard(actix_web::guard::fn_guard(move |context| context.head().method == method))
}

fn json_of(max_bytes: usize) -> JsonConfig {
    JsonConfig::default().limit(max_bytes).error_handler(error::bad_json)
}

/// What no line answers: another method of a line's URL, or no such URL.
async fn no_such_route(request: HttpRequest) -> error::Result<HttpResponse> {
    let Some(pattern) = request.match_pattern() else {
        return Err(ApiError::new(ErrorCode::RouteNotFound, "there is no such route"));
    };
    // RFC 9110, section 15.5.6: the methods that there are come with it. The frame writes the body.
    let methods: Vec<&str> =
        TABLE.iter().chain([&SLACK]).filter(|route| route.path == pattern).map(|route| route.method).collect();
    Ok(HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, methods.join(", "))).finish())
}
