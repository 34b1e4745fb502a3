//! `taproot serve`: start, wait for the end, stop without losing anything.
//!
//! Start: own the data → listen → tell the address in the lock file → answer probes → open the engine → jobs of the
//! last run go on, those of the sources begin → ready.
//! Stop: refuse what is new → finish what is in flight → stop the running ingest after its batch → answer what
//! Slack has asked → close the engine → give the data up.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use clap::Args;
use serde::Serialize;
use taproot_engine::{Accounts, Engine};
use taproot_schemas::account::CreatedKey;
use tokio::task::JoinHandle;

use super::output::Output;
use super::signals::{Signals, end_at_once};
use crate::access::{Access, Limits, Oidc, OwnerToken};
use crate::audit::Audit;
use crate::config::{Config, ServeConfig};
use crate::error::{Error, Result};
use crate::evaluations::Evaluations;
use crate::http::origin::Rules;
use crate::http::{self, Lifecycle, Parts, Ready};
use crate::instance::{Claim, Instance};
use crate::jobs::Jobs;
use crate::metrics::Metrics;
use crate::slack::{self, SlackAnswerer, SlackDesk};
use crate::sources::{self, Sources};
use crate::uploads::Uploads;

#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on, HOST:PORT; port 0 takes any free port [default: server.address, 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
}

/// What `--json` prints once the server is ready.
#[derive(Serialize)]
struct ReadyLine {
    address: SocketAddr,
    url: String,
    /// The administrator's key that the first start makes; never told again.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_key: Option<String>,
}

impl Serve {
    pub async fn run(self, mut config: Config, output: &Output) -> Result<()> {
        if let Some(address) = &self.address {
            config.listen_on(address)?;
        }
        let mut signals = Signals::listen()?;
        let mut instance = own(&config)?;
        let engine_config = config.engine()?;
        config.upstream_is_ready()?;
        let accounts = Accounts::open(&config.data_dir).await?;
        let first_key = accounts.create_first_key().await?;
        let is_guarded = config.serve.oidc.is_some() || accounts.are_set_up().await?;
        if !config.serve.address.ip().is_loopback() && !is_guarded {
            return Err(Error::NobodyMayAsk {
                address: config.serve.address,
                first_key: first_key.map(|key| key.secret),
            });
        }
        let tls = config.serve.tls.as_ref().map(crate::tls::read).transpose()?;
        let (listener, address) = listen(config.serve.address)?;
        // The command line of this machine comes in without TLS, by a door of its own.
        let inside = tls.is_some().then(|| listen((Ipv4Addr::LOCALHOST, 0).into())).transpose()?;
        let reached_at = inside.as_ref().map_or(address, |(_, inside)| *inside);
        let token =
            instance.publish(reached_at).map_err(|source| Error::DataDir { path: config.data_dir.clone(), source })?;
        let metrics = Metrics::new().map_err(|error| Error::Http(std::io::Error::other(error)))?;
        let (desk, answerer) = connect_slack(&config.serve, &metrics)?;
        let lifecycle = Data::new(Lifecycle::default());
        let access = access(&config, address, accounts.clone(), &token, tls.is_some())?;
        let parts = Parts {
            lifecycle: lifecycle.clone(),
            access: access.clone(),
            tls: tls.zip(inside.map(|(listener, _)| listener)),
            metrics: metrics.clone(),
            slack: desk,
        };
        let server = http::start(listener, &config.serve, parts).map_err(Error::Http)?;
        let mut running = Running { handle: server.handle(), server: tokio::spawn(server) };

        let opened = tokio::select! {
            opened = Engine::open(engine_config) => Some(opened?),
            () = signals.asked_to_stop() => None,
            failed = running.failed() => return Err(failed),
        };
        let Some(engine) = opened else { return running.stop().await };
        let parser = config.parser();
        let jobs =
            Jobs::start(engine.clone(), parser, metrics, |order| sources::today(&config.serve.sources, order)).await?;
        let sources = Sources::start(&config.serve.sources, config.serve.full_check, &jobs);
        let uploads = Uploads::open(&config.data_dir, config.parser_limits.max_file_bytes)
            .map_err(|source| Error::DataDir { path: config.data_dir.clone(), source })?;
        uploads.keep_clean();
        let evaluations = Evaluations::open(&config.data_dir, engine.clone())
            .await
            .map_err(|source| Error::DataDir { path: config.data_dir.clone(), source })?;
        let answering = answerer.map(|answerer| answerer.start(engine.clone(), access.clone()));
        lifecycle.open(Ready {
            engine: engine.clone(),
            jobs: jobs.clone(),
            sources: sources.clone(),
            uploads: uploads.clone(),
            evaluations: evaluations.clone(),
            settings: config.told.clone().into(),
        });
        tell_ready(output, address, config.serve.tls.is_some(), first_key)?;

        let outcome = tokio::select! {
            () = signals.asked_to_stop() => Ok(()),
            failed = running.failed() => Err(failed),
        };
        tracing::info!("stopping");
        // A second Ctrl-C does not wait; what was acknowledged is safe all the same.
        tokio::spawn(async move {
            signals.asked_to_stop().await;
            end_at_once();
        });
        lifecycle.stop();
        sources.stop();
        uploads.stop();
        let grace = config.serve.shutdown_grace;
        let (stopped, (), ()) = tokio::join!(
            running.stop(),
            within(grace, "the running ingest", jobs.stop()),
            within(grace, "the running evaluation", evaluations.stop())
        );
        if let Some(answering) = answering {
            let aborted = answering.abort_handle();
            within(grace, "the last answers to Slack", async { drop(answering.await) }).await;
            aborted.abort();
        }
        access.audit.close();
        accounts.close().await;
        engine.close().await?;
        drop(instance);
        outcome.and(stopped)
    }
}

/// The HTTP server at work.
struct Running {
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Returns when the server ends by itself, which it should not.
    async fn failed(&mut self) -> Error {
        Error::Http(match (&mut self.server).await {
            Ok(Ok(())) => std::io::Error::other("it ended by itself"),
            Ok(Err(error)) => error,
            Err(broken) => std::io::Error::other(broken),
        })
    }

    /// Takes no more connections, and returns when those there are have got their answers or their time is up.
    async fn stop(self) -> Result<()> {
        self.handle.stop(true).await;
        Ok(())
    }
}

fn own(config: &Config) -> Result<Instance> {
    match Instance::acquire(&config.data_dir)? {
        Claim::Owned(instance) => Ok(instance),
        Claim::ServedAt(served) => Err(Error::AlreadyServed { address: served.address }),
        Claim::Busy { pid } => Err(Error::Busy { pid, data: config.data_dir.clone() }),
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|source| Error::Listen { address, source })
}

fn connect_slack(config: &ServeConfig, metrics: &Metrics) -> Result<(Option<SlackDesk>, Option<SlackAnswerer>)> {
    Ok(config.slack.as_ref().map(|slack| slack::connect(slack, metrics)).transpose()?.unzip())
}

fn access(
    config: &Config,
    address: SocketAddr,
    accounts: Accounts,
    token: &str,
    speaks_tls: bool,
) -> Result<Data<Access>> {
    let ServeConfig { allowed_origins, allowed_hosts, access, oidc, limits, audit, .. } = &config.serve;
    let in_data = |source| Error::DataDir { path: config.data_dir.clone(), source };
    Ok(Data::new(Access {
        accounts,
        owner: OwnerToken::new(token),
        rules: Rules::new(address, allowed_origins.clone(), allowed_hosts.clone()),
        oidc: oidc.clone().map(Oidc::new).transpose().map_err(Error::Client)?,
        limits: Limits::new(limits.clone()),
        audit: Audit::start(&config.data_dir, audit.clone()).map_err(in_data)?,
        config: access.clone(),
        speaks_tls,
    }))
}

fn tell_ready(output: &Output, address: SocketAddr, tls: bool, first_key: Option<CreatedKey>) -> Result<()> {
    let url = format!("{}://{address}", if tls { "https" } else { "http" });
    let line = ReadyLine { address, url, first_key: first_key.map(|key| key.secret) };
    if output.is_json() {
        return output.json_line(&line);
    }
    output.text(&format!("Taproot is ready at {}\n", line.url))?;
    match &line.first_key {
        None => Ok(()),
        Some(key) => output.text(&format!(
            "An administrator's key, shown only now: {key}\n\
             Until it is used or another key is made, whoever sits at this machine needs none.\n"
        )),
    }
}

/// Gives up on work that does not end in time.
async fn within(grace: Duration, what: &str, work: impl Future<Output = ()>) {
    if tokio::time::timeout(grace, work).await.is_err() {
        tracing::warn!("{what} did not end within {} s", grace.as_secs());
    }
}
