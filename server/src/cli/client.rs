//! The HTTP client of the command line: talks to the server that owns the data directory, with the owner's token, or
//! to one on another machine.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use taproot_engine::ListDocuments;
use taproot_schemas::account::KeyList;
use taproot_schemas::doctor::{DoctorReport, DoctorRequest};
use taproot_schemas::document::DocumentList;
use taproot_schemas::error::{ErrorBody, ErrorCode};
use taproot_schemas::job::{Job, JobRequest, JobStatus, Progress, Report};
use taproot_schemas::sync::StagedContent;
use tokio::sync::watch;

use super::output::Output;
use crate::error::{Error, Result};
use crate::instance::Served;
use crate::jobs::JobOrder;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than the server takes for any answer.
const TIMEOUT: Duration = Duration::from_secs(150);
/// Comparing and mending the stores goes over all of the data.
const DOCTOR_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// A server opens its data and warms up its models when it starts.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(250);
/// A server that is asked too much says so; a batch has the time to come back.
const PATIENCE: Duration = Duration::from_secs(60);

const SEND_TIMEOUT: Duration = Duration::from_secs(60 * 60);

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// As messages name the server.
    address: String,
    token: Option<String>,
    base: Url,
}

impl Client {
    /// The server that owns the data directory.
    pub fn new(served: Served) -> Result<Self> {
        // The server is on this machine: a proxy of the environment has no part in it.
        let http = builder().no_proxy().build().map_err(Error::Client)?;
        let base = Url::parse(&format!("http://{}", served.address))
            .map_err(|_| Error::NotTaproot { address: served.address.clone(), status: 0 })?;
        Ok(Self { http, address: served.address, token: Some(served.token), base })
    }

    /// A server on some machine.
    pub fn at(address: &str, token: Option<String>) -> Result<Self> {
        let base = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let base = base.ok_or_else(|| Error::BadAddress { address: address.into() })?;
        Ok(Self { http: builder().build().map_err(Error::Client)?, address: address.into(), token, base })
    }

    /// Returns as soon as the server answers questions; it may just have been started.
    pub async fn wait_until_ready(&self, output: &Output) -> Result<()> {
        let until = Instant::now() + START_TIMEOUT;
        let mut told = false;
        loop {
            let ready = self.send(self.request(Method::GET, &["readyz"])).await;
            match ready {
                Ok(response) if response.status() == StatusCode::OK => return Ok(()),
                Ok(response) if response.status() != StatusCode::SERVICE_UNAVAILABLE || Instant::now() > until => {
                    return Err(self.refusal(response).await);
                }
                Err(error) => return Err(error),
                Ok(_) => {}
            }
            if !std::mem::replace(&mut told, true) {
                output.tell(&format!("waiting for the server at {} to be ready", self.address));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T> {
        self.answer(self.request(Method::GET, path)).await
    }

    pub async fn delete<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T> {
        self.answer(self.request(Method::DELETE, path)).await
    }

    /// Comes back when the server says that it is asked too much.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let path = path.trim_start_matches('/').split('/').collect::<Vec<_>>();
        let until = Instant::now() + PATIENCE;
        loop {
            match self.answer(self.request(Method::POST, &path).json(body)).await {
                Err(Error::Refused(detail)) if detail.code == ErrorCode::Overloaded && Instant::now() < until => {
                    tokio::time::sleep(POLL).await;
                }
                answered => return answered,
            }
        }
    }

    pub async fn list_documents(&self, list: &ListDocuments) -> Result<DocumentList> {
        let mut url = self.url(&["v1", "documents"]);
        let limit = list.limit.to_string();
        let parameters = [
            ("collection", list.collection.as_deref()),
            ("uri", list.uri.as_deref()),
            ("limit", Some(limit.as_str())),
            ("cursor", list.cursor.as_deref()),
        ];
        let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        url.query_pairs_mut().extend_pairs(given);
        self.answer(self.authorized(self.http.get(url))).await
    }

    pub async fn keys(&self, limit: usize, cursor: Option<&str>) -> Result<KeyList> {
        let mut url = self.url(&["v1", "keys"]);
        url.query_pairs_mut().append_pair("limit", &limit.to_string());
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        self.answer(self.authorized(self.http.get(url))).await
    }

    pub async fn doctor(&self, repair: bool) -> Result<DoctorReport> {
        let request = self.request(Method::POST, &["v1", "admin", "doctor"]).timeout(DOCTOR_TIMEOUT);
        self.answer(request.json(&DoctorRequest { repair })).await
    }

    /// Has the server ingest, and follows the job to its end.
    pub async fn ingest(
        &self,
        order: JobOrder,
        progress: watch::Sender<Progress>,
        cancel: watch::Receiver<bool>,
    ) -> Result<Report> {
        let request = JobRequest {
            path: Some(order.path.to_string_lossy().into_owned()),
            source: None,
            collection: Some(order.collection),
            allow: order.allow,
            no_delete: !order.delete,
            confirm_delete: order.confirm_delete,
            dry_run: order.dry_run,
        };
        let job = self.post("/v1/jobs", &request).await?;
        self.follow(job, progress, cancel).await
    }

    /// Follows a job to its end. `cancel` turning true asks the server to stop it.
    pub async fn follow(
        &self,
        mut job: Job,
        progress: watch::Sender<Progress>,
        mut cancel: watch::Receiver<bool>,
    ) -> Result<Report> {
        let mut cancelled = false;
        while !job.status.ended() {
            progress.send_replace(job.progress);
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                stop = cancel.wait_for(|stop| *stop), if !cancelled => {
                    cancelled = true;
                    if stop.is_ok() {
                        let _: Job = self.delete(&["v1", "jobs", &job.id]).await?;
                    }
                }
            }
            job = self.get(&["v1", "jobs", &job.id]).await?;
        }
        progress.send_replace(job.progress);
        match (job.status, job.report, job.error) {
            (JobStatus::Interrupted, ..) => {
                let reason = "the server stopped; the job goes on when it starts again".into();
                Err(Error::IngestFailed { reason, code: None })
            }
            (_, Some(report), _) => Ok(report),
            (_, None, Some(reason)) => Err(Error::IngestFailed { reason, code: job.error_code }),
            // It was stopped before it began.
            (_, None, None) => Err(Error::Stopped),
        }
    }

    /// Sends one content of a synced folder.
    pub async fn send_content(&self, source: &str, hash: &str, file: tokio::fs::File) -> Result<()> {
        let mut url = self.url(&["v1", "sync", "files", hash]);
        url.query_pairs_mut().append_pair("source", source);
        // As long as it takes: the server gives up on a sender that is silent.
        let request = self.authorized(self.http.put(url)).timeout(SEND_TIMEOUT).body(file);
        let _: StagedContent = self.answer(request).await?;
        Ok(())
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.authorized(self.http.request(method, self.url(path)))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // `http://HOST:PORT` always has a path that segments can be added to.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn send(&self, request: RequestBuilder) -> Result<reqwest::Response> {
        let address = self.address.clone();
        request.send().await.map_err(|source| Error::Unreachable { address, source: source.without_url() })
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = self.send(request).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.refusal(response).await);
        }
        response.json().await.map_err(|_| self.not_taproot(status))
    }

    async fn refusal(&self, response: reqwest::Response) -> Error {
        let status = response.status();
        match response.json::<ErrorBody>().await {
            Ok(ErrorBody { error }) => Error::Refused(Box::new(error)),
            Err(_) => self.not_taproot(status),
        }
    }

    fn not_taproot(&self, status: StatusCode) -> Error {
        Error::NotTaproot { address: self.address.clone(), status: status.as_u16() }
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT)
}
