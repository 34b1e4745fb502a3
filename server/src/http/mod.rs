//! The HTTP server: the table of routes, what is wrapped around them, and its start.
//!
//! In: a listener and the parts below. Out: a running server and the handle that stops it. Files mirror URLs; a
//! handler takes what it needs (the engine by `Ready`, the caller's rights by `Caller`), asks the engine, and gives
//! a shape of `taproot-schemas` or an `ApiError` back. Nothing is retrieved or decided about documents here.
//!
//! From the outside in, a request passes: `frame` (id, log, numbers, error bodies) → `gate` (host, origin, CORS) → `guard`
//! (who calls, the route's role, limits, audit) → `idempotency` (writes that are sent again) → its route → the extractors
//! (`Ready`, `Caller`, JSON) → its handler.

mod admin;
mod ask;
mod assets;
mod audit;
mod bundle;
mod collections;
mod contract;
mod conversations;
mod dify;
mod documents;
pub mod error;
mod etag;
mod evaluations;
mod feedback;
mod frame;
mod gate;
mod guard;
mod health;
mod idempotency;
mod jobs;
mod keys;
mod lifecycle;
mod mcp;
mod metrics;
mod openai;
pub mod openapi;
pub mod origin;
mod original;
mod questions;
mod routes;
mod search;
mod session;
mod settings;
mod shape;
mod sources;
mod sse;
mod sync;
mod uploads;
mod users;
mod widget;

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, JsonConfig, PathConfig, PayloadConfig, QueryConfig, ServiceConfig};
use actix_web::{App, HttpServer};

use crate::access::Access;
use crate::config::ServeConfig;
use crate::metrics::Metrics;
use crate::slack::SlackDesk;

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
    pub access: Data<Access>,
    /// With it the server speaks TLS; and, on the other listener, without.
    pub tls: Option<(rustls::ServerConfig, TcpListener)>,
    pub metrics: Metrics,
    /// Takes Slack's questions; `None` when Slack is not configured, and then there is no such route.
    pub slack: Option<SlackDesk>,
}

/// Starts to answer on a listener that is bound already. The future ends when the server was stopped.
pub fn start(listener: TcpListener, config: &ServeConfig, parts: Parts) -> io::Result<Server> {
    let access = parts.access;
    let (metrics, streams) = (Data::new(parts.metrics), Data::new(jobs::EventStreams::default()));
    let upload_limit = Data::new(uploads::UploadLimit(config.max_upload_bytes));
    let replies = Data::new(idempotency::Replies::default());
    let slack = parts.slack.map(Data::new);
    let (lifecycle, max_body_bytes) = (parts.lifecycle, config.max_body_bytes);
    let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, MAX_WORKERS));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(lifecycle.clone())
            .app_data(access.clone())
            .app_data(metrics.clone())
            .app_data(streams.clone())
            .app_data(upload_limit.clone())
            .app_data(replies.clone())
            .configure(|service| limits(service, max_body_bytes))
            .configure(|service| routes::register(service, slack.clone()))
            .wrap(from_fn(idempotency::idempotency))
            .wrap(from_fn(guard::guard))
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
    .disable_signals();
    let server = match parts.tls {
        Some((tls, inside)) => server.listen_rustls_0_23(listener, tls)?.listen(inside)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

fn limits(service: &mut ServiceConfig, max_body_bytes: usize) {
    service
        .app_data(JsonConfig::default().limit(max_body_bytes).error_handler(error::bad_json))
        .app_data(PayloadConfig::new(max_body_bytes))
        .app_data(QueryConfig::default().error_handler(error::bad_query))
        .app_data(PathConfig::default().error_handler(error::bad_path));
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
            .configure(|service| routes::register(service, None));
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
