//! The HTTP server: the table of routes, what is wrapped around them, and its start.
//!
//! In: a listener and the parts below. Out: a running server and the handle that stops it. Files mirror URLs; a
//! handler takes what it needs (the engine by `Ready`, the caller's rights by `Caller`), asks the engine, and gives
//! a shape of `taproot-schemas` or an `ApiError` back. Nothing is retrieved or decided about documents here.
//!
//! From the outside in, a request passes: `frame` (id, log, numbers, error bodies) → `gate` (host, origin, CORS) →
//! its route → the extractors (`Ready`, `Caller`, JSON) → its handler.

mod admin;
mod ask;
mod assets;
mod caller;
mod collections;
mod conversations;
mod documents;
pub mod error;
mod feedback;
mod frame;
mod gate;
mod health;
mod jobs;
mod lifecycle;
mod metrics;
pub mod openapi;
mod origin;
mod original;
mod questions;
mod search;
mod sources;
mod sse;
mod sync;
mod uploads;

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{
    self, Data, JsonConfig, PathConfig, PayloadConfig, QueryConfig, ServiceConfig, delete, get, patch, post, put,
};
use actix_web::{App, HttpResponse, HttpServer};
use taproot_schemas::error::ErrorCode;

use crate::config::ServeConfig;
use crate::metrics::Metrics;
use crate::slack::SlackDesk;

pub use caller::OwnerToken;
pub use lifecycle::{Lifecycle, Ready};

/// Threads that speak HTTP. The work of a request is done by the engine's threads; these only pass it on.
const MAX_WORKERS: usize = 4;
/// A client must have sent the head of its request within this time, and take its goodbye within the other.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Connections that are open at a time, for each worker.
const MAX_CONNECTIONS: usize = 2_048;

/// What the server is made of; every worker shares the same ones.
pub struct Parts {
    pub lifecycle: Data<Lifecycle>,
    pub token: OwnerToken,
    pub metrics: Metrics,
    /// Takes Slack's questions; `None` when Slack is not configured, and then there is no such route.
    pub slack: Option<SlackDesk>,
}

/// Starts to answer on a listener that is bound already. The future ends when the server was stopped.
pub fn start(listener: TcpListener, config: &ServeConfig, parts: Parts) -> io::Result<Server> {
    let rules =
        origin::Rules::new(listener.local_addr()?, config.allowed_origins.clone(), config.allowed_hosts.clone());
    let (rules, token) = (Data::new(rules), Data::new(parts.token));
    let (metrics, streams) = (Data::new(parts.metrics), Data::new(jobs::EventStreams::default()));
    let upload_limit = Data::new(uploads::UploadLimit(config.max_upload_bytes));
    let slack = parts.slack.map(Data::new);
    let (lifecycle, max_body_bytes) = (parts.lifecycle, config.max_body_bytes);
    let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, MAX_WORKERS));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(lifecycle.clone())
            .app_data(rules.clone())
            .app_data(token.clone())
            .app_data(metrics.clone())
            .app_data(streams.clone())
            .app_data(upload_limit.clone())
            .configure(|service| limits(service, max_body_bytes))
            .configure(|service| routes(service, slack.clone()))
            .wrap(from_fn(gate::gate))
            .wrap(from_fn(frame::frame))
    })
    .workers(workers)
    .max_connections(MAX_CONNECTIONS)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    .client_disconnect_timeout(DISCONNECT_TIMEOUT)
    .shutdown_timeout(config.shutdown_grace.as_secs())
    // The program decides what a signal means: the engine has to be closed after the last request.
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

fn limits(service: &mut ServiceConfig, max_body_bytes: usize) {
    service
        .app_data(JsonConfig::default().limit(max_body_bytes).error_handler(error::bad_json))
        .app_data(PayloadConfig::new(max_body_bytes))
        .app_data(QueryConfig::default().error_handler(error::bad_query))
        .app_data(PathConfig::default().error_handler(error::bad_path));
}

/// Every URL that is answered.
fn routes(service: &mut ServiceConfig, slack: Option<Data<SlackDesk>>) {
    service
        .service(web::resource("/v1/ask").route(post().to(ask::ask)))
        .service(web::resource("/v1/search").route(post().to(search::search)))
        .service(web::resource("/v1/conversations").route(get().to(conversations::list)))
        .service(
            web::resource("/v1/conversations/{id}")
                .route(get().to(conversations::get))
                .route(patch().to(conversations::rename))
                .route(delete().to(conversations::delete)),
        )
        .service(web::resource("/v1/conversations/{id}/export").route(get().to(conversations::export)))
        .service(web::resource("/v1/documents").route(get().to(documents::list)).route(post().to(uploads::upload)))
        .service(
            web::resource("/v1/documents/{id}").route(get().to(documents::get)).route(delete().to(documents::delete)),
        )
        .service(web::resource("/v1/documents/{id}/text").route(get().to(documents::text)))
        .service(web::resource("/v1/documents/{id}/original").route(get().to(original::original)))
        .service(web::resource("/v1/jobs").route(post().to(jobs::create)).route(get().to(jobs::list)))
        .service(web::resource("/v1/jobs/{id}").route(get().to(jobs::get)).route(delete().to(jobs::cancel)))
        .service(web::resource("/v1/jobs/{id}/events").route(get().to(jobs::events)))
        .service(web::resource("/v1/sources").route(get().to(sources::list)))
        .service(manifest("/v1/sync/diff").route(post().to(sync::diff)))
        .service(manifest("/v1/sync/commit").route(post().to(sync::commit)))
        .service(web::resource("/v1/sync/files/{hash}").route(put().to(sync::receive)))
        .service(web::resource("/v1/admin/doctor").route(post().to(admin::doctor)))
        .service(web::resource("/healthz").route(get().to(health::live)))
        .service(web::resource("/readyz").route(get().to(health::ready)))
        .service(web::resource("/metrics").route(get().to(metrics::metrics)))
        .service(web::resource("/openapi.json").route(get().to(openapi::openapi)))
        .service(web::resource("/").route(get().to(assets::asset)))
        .service(web::resource("/widget.js").route(get().to(assets::asset)))
        .service(web::resource("/web/{file:.*}").route(get().to(assets::asset)))
        .service(web::resource("/v1/documents/{id}/chunks").route(get().to(documents::chunks)))
        .service(web::resource("/v1/documents/{id}/reread").route(post().to(documents::reread)))
        .service(web::resource("/v1/collections").route(get().to(collections::list)))
        .service(web::resource("/v1/feedback").route(post().to(feedback::rate)))
        .service(web::resource("/v1/feedback/{answer_id}").route(delete().to(feedback::unrate)))
        .service(web::resource("/v1/handoffs").route(post().to(feedback::hand_on)))
        .service(web::resource("/v1/questions").route(get().to(questions::list)))
        .service(web::resource("/v1/questions/{id}").route(patch().to(questions::decide)))
        .default_service(web::to(no_such_route));
    if let Some(desk) = slack {
        let events = web::resource("/slack/events").app_data(desk).route(post().to(crate::slack::events::events));
        service.service(events);
    }
}

/// A route whose body names all files of a folder.
fn manifest(path: &str) -> actix_web::Resource {
    let config = JsonConfig::default().limit(sync::MAX_MANIFEST_BYTES).error_handler(error::bad_json);
    web::resource(path).app_data(config)
}

async fn no_such_route() -> error::Result<HttpResponse> {
    Err(error::ApiError::new(ErrorCode::RouteNotFound, "there is no such route"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::test;

    use super::*;

    #[actix_web::test]
    async fn what_the_contract_promises_is_routed() {
        let app = App::new()
            .app_data(Data::new(Lifecycle::default()))
            .configure(|service| limits(service, 1024))
            .configure(|service| routes(service, None));
        let app = test::init_service(app).await;
        let contract: serde_json::Value = serde_json::from_str(&openapi::contract().unwrap()).unwrap();
        for (path, operations) in contract["paths"].as_object().unwrap() {
            // There only when Slack is configured.
            if path == "/slack/events" {
                continue;
            }
            for method in operations.as_object().unwrap().keys() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let request = test::TestRequest::default().method(method.clone()).uri(&path.replace(['{', '}'], ""));
                let status = test::call_service(&app, request.to_request()).await.status().as_u16();
                assert!(status != 404 && status != 405, "{method} {path} answers {status}");
            }
        }
    }
}
