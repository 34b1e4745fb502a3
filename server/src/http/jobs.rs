//! `/v1/jobs`: ingest a folder that the server can read, and follow it. The queue itself is `crate::jobs`.

use std::path::PathBuf;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self, Bytes, Data, Json, Path, Query};
use futures_util::Stream;
use serde::Deserialize;
use taproot_schemas::account::Role;
use taproot_schemas::error::{ErrorBody, ErrorCode};
use taproot_schemas::job::{Job, JobEvent, JobList, JobProgress, JobRequest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use utoipa::IntoParams;

use super::error::{ApiError, Result};
use super::lifecycle::Ready;
use super::sse;
use crate::access::{Access, Caller};
use crate::config::DEFAULT_COLLECTION;
use crate::jobs::{JobOrder, Jobs, readable_path};
use crate::uploads::SOURCES;

/// Jobs of a page, which are all that are kept.
const MAX_LIMIT: usize = 200;
/// Streams of events that may be open at a time.
const MAX_STREAMS: usize = 64;
/// At most four events a second.
const EVENT_EVERY: Duration = Duration::from_millis(250);

/// Places for readers of events; the workers share them.
pub struct EventStreams(std::sync::Arc<Semaphore>);

impl Default for EventStreams {
    fn default() -> Self {
        Self(std::sync::Arc::new(Semaphore::new(MAX_STREAMS)))
    }
}

/// Starts an ingest. It runs when the jobs before it have ended.
#[utoipa::path(
    post,
    path = "/v1/jobs",
    tag = "jobs",
    request_body = JobRequest,
    security((), ("owner" = [])),
    responses(
        (status = 202, description = "The job is queued; follow it at `/v1/jobs/{id}`", body = Job),
        (status = 409, description = "A job for this path waits or runs", body = ErrorBody),
        (status = "4XX", description = "The job cannot be taken", body = ErrorBody),
    )
)]
pub async fn create(caller: Caller, ready: Ready, body: Json<JobRequest>) -> Result<HttpResponse> {
    let request = body.into_inner();
    if request.path.is_some() {
        // Whoever names a path reads what the server can read.
        caller.must_be(Role::Admin)?;
    }
    let mut order = order(request, |name| ready.sources.order(name))?;
    caller.must_reach(&order.collection)?;
    let path = order.path.clone();
    let found = web::block(move || readable_path(&path)).await.map_err(ApiError::internal)?;
    order.path = found
        .map_err(|error| ApiError::new(ErrorCode::UnreadablePath, format!("cannot read the path: {}", error.kind())))?;
    let job = ready.jobs.submit(order).await?;
    caller.trail.object(job.id.clone());
    Ok(HttpResponse::Accepted().json(told(&caller, job)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// 1 to 200; 200 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The newest jobs.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    params(ListParameters),
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "Newest first", body = JobList),
        (status = 403, description = "The caller may not see jobs", body = ErrorBody),
    )
)]
pub async fn list(caller: Caller, ready: Ready, parameters: Query<ListParameters>) -> Result<Json<JobList>> {
    let ListParameters { limit, cursor } = parameters.into_inner();
    let limit = limit.unwrap_or(MAX_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::new(
            ErrorCode::InvalidRequest,
            format!("limit is {limit}, allowed are 1 to {MAX_LIMIT}"),
        ));
    }
    let seen = ready.jobs.list().into_iter().filter(|job| sees(&caller, job));
    Ok(Json(page(seen.map(|job| told(&caller, job)), limit, cursor.as_deref())))
}

/// The jobs after the one that the cursor names. Ids are in the order of time, so a job that was forgotten meanwhile still
/// says where to go on.
fn page(jobs: impl Iterator<Item = Job>, limit: usize, cursor: Option<&str>) -> JobList {
    let mut rest = jobs.filter(|job| cursor.is_none_or(|cursor| job.id.as_str() < cursor));
    let jobs: Vec<Job> = rest.by_ref().take(limit).collect();
    let next_cursor = rest.next().and_then(|_| jobs.last().map(|job| job.id.clone()));
    JobList { jobs, next_cursor }
}

/// One job, with its progress at this moment.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "The job", body = Job),
        (status = 404, description = "There is no such job", body = ErrorBody),
    )
)]
pub async fn get(caller: Caller, ready: Ready, id: Path<String>) -> Result<Json<Job>> {
    Ok(Json(told(&caller, seen(&caller, &ready.jobs, &id)?)))
}

/// Stops a job: a waiting one at once, a running one after its batch. What was committed stays.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "The job as it stands now", body = Job),
        (status = 404, description = "There is no such job", body = ErrorBody),
    )
)]
pub async fn cancel(caller: Caller, ready: Ready, id: Path<String>) -> Result<Json<Job>> {
    seen(&caller, &ready.jobs, &id)?;
    let job = ready.jobs.cancel(&id).await.ok_or_else(|| no_such_job(&id))?;
    Ok(Json(told(&caller, job)))
}

/// A job as it goes: `progress` whenever something has changed, at most four times a second, and `end` with the whole
/// job when it has ended.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/events",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "Server-sent events, each named as the variant of `JobEvent` that its data holds",
            body = JobEvent, content_type = "text/event-stream"),
        (status = 404, description = "There is no such job", body = ErrorBody),
        (status = 429, description = "Too many follow jobs already", body = ErrorBody),
    )
)]
pub async fn events(
    caller: Caller,
    ready: Ready,
    access: Data<Access>,
    streams: Data<EventStreams>,
    id: Path<String>,
) -> Result<HttpResponse> {
    let id = id.into_inner();
    seen(&caller, &ready.jobs, &id)?;
    let Ok(place) = std::sync::Arc::clone(&streams.0).try_acquire_owned() else {
        return Err(ApiError::new(ErrorCode::Overloaded, format!("{MAX_STREAMS} readers follow jobs already")));
    };
    let following = Following { access, caller, jobs: ready.jobs, id, told: None, ended: false, _place: place };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // nginx would collect the events before it passes them on.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(following.stream()))
}

/// One reader of a job's events. It is dropped when the reader goes.
struct Following {
    access: Data<Access>,
    caller: Caller,
    jobs: Jobs,
    id: String,
    told: Option<JobProgress>,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Following {
    fn stream(self) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
        futures_util::stream::unfold(self, |mut following| async move {
            let bytes = following.next().await?;
            Some((Ok(bytes), following))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let quiet_until = Instant::now() + sse::KEEP_ALIVE;
        loop {
            if self.told.is_some() {
                tokio::time::sleep(EVENT_EVERY).await;
            }
            // Who is not let in any more hears no more.
            if !self.access.still_lets_in(&self.caller).await {
                return None;
            }
            // Of many jobs the oldest are forgotten; nothing more is to be told of those.
            let job = self.jobs.get(&self.id)?;
            if job.status.ended() {
                self.ended = true;
                return Some(frame(&JobEvent::End(Box::new(told(&self.caller, job)))));
            }
            let now = JobProgress { id: job.id, status: job.status, progress: job.progress };
            if self.told.as_ref() != Some(&now) {
                self.told = Some(now.clone());
                return Some(frame(&JobEvent::Progress(now)));
            }
            if Instant::now() > quiet_until {
                return Some(sse::HEARTBEAT);
            }
        }
    }
}

fn frame(event: &JobEvent) -> Bytes {
    sse::frame(event.name(), event)
}

/// The job, when it is the caller's to know of.
fn seen(caller: &Caller, jobs: &Jobs, id: &str) -> Result<Job> {
    jobs.get(id).filter(|job| sees(caller, job)).ok_or_else(|| no_such_job(id))
}

fn sees(caller: &Caller, job: &Job) -> bool {
    caller.must_reach(&job.collection).is_ok()
}

/// A job as the caller may know it. Names of files can tell of documents that it does not see, and paths of the machine are
/// an administrator's business.
pub fn told(caller: &Caller, mut job: Job) -> Job {
    if caller.scope.groups.is_some() {
        let of_its_own = |allow: &[String]| {
            let access = taproot_engine::Access { allow: allow.to_vec(), deny: Vec::new() };
            caller.scope.sees(&job.collection, &access)
        };
        let is_upload = |source: &Option<String>| source.as_ref().is_some_and(|name| name.starts_with(SOURCES));
        let shown =
            job.options.as_ref().is_some_and(|options| is_upload(&options.source) && of_its_own(&options.allow));
        if let Some(report) = job.report.as_mut().filter(|_| !shown) {
            report.failed.clear();
            report.planned = None;
        }
        if let Some(options) = job.options.as_mut().filter(|_| !shown) {
            options.file = None;
        }
    }
    if !caller.has(Role::Admin) {
        job.path = job.options.as_ref().and_then(|options| options.source.clone()).unwrap_or_default();
    }
    job
}

fn no_such_job(id: &str) -> ApiError {
    ApiError::new(ErrorCode::JobNotFound, format!("there is no job {id}"))
}

/// The path as it is asked for; whether it can be read is not looked at yet.
fn order(request: JobRequest, of_source: impl Fn(&str) -> Option<JobOrder>) -> Result<JobOrder> {
    let JobRequest { path, source, collection, allow, no_delete, confirm_delete, dry_run } = request;
    match (path, source) {
        (Some(path), None) => {
            let path = PathBuf::from(path);
            if !path.is_absolute() {
                return Err(ApiError::new(ErrorCode::InvalidRequest, "path is not absolute"));
            }
            let collection = collection.unwrap_or_else(|| DEFAULT_COLLECTION.to_string());
            Ok(JobOrder {
                path,
                collection,
                allow,
                delete: !no_delete,
                confirm_delete,
                dry_run,
                file: None,
                source: None,
            })
        }
        (None, Some(name)) => {
            let Some(source) = of_source(&name) else {
                return Err(ApiError::new(ErrorCode::SourceNotFound, format!("the settings name no source {name:?}")));
            };
            // Who may read a source is said in the settings; a request does not say otherwise.
            if collection.is_some() || !allow.is_empty() {
                let told = "collection and allow of a source are those of the settings";
                return Err(ApiError::new(ErrorCode::InvalidRequest, told));
            }
            Ok(JobOrder { delete: source.delete && !no_delete, confirm_delete, dry_run, ..source })
        }
        _ => Err(ApiError::new(ErrorCode::InvalidRequest, "give either path or source")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_brings_its_own_collection_and_groups() {
        let source = JobOrder {
            path: "/srv/hr".into(),
            collection: "people".into(),
            allow: vec!["hr".into()],
            delete: true,
            confirm_delete: false,
            dry_run: false,
            file: None,
            source: Some("hr".into()),
        };
        let named = |name: &str| JobRequest { source: Some(name.into()), ..JobRequest::default() };
        let order_of = |request| order(request, |name| (name == "hr").then(|| source.clone()));
        let taken = order_of(named("hr")).unwrap();
        assert_eq!((taken.collection.as_str(), taken.allow.len(), taken.delete), ("people", 1, true));

        let confirmed = order_of(JobRequest { confirm_delete: true, ..named("hr") }).unwrap();
        assert!(confirmed.confirm_delete && confirmed.source.as_deref() == Some("hr"));

        assert_eq!(order_of(named("it")).unwrap_err().code, ErrorCode::SourceNotFound);
        let widened = JobRequest { collection: Some("public".into()), ..named("hr") };
        assert_eq!(order_of(widened).unwrap_err().code, ErrorCode::InvalidRequest);
        let relative = JobRequest { path: Some("docs".into()), ..JobRequest::default() };
        assert_eq!(order_of(relative).unwrap_err().code, ErrorCode::InvalidRequest);
        assert_eq!(order_of(JobRequest::default()).unwrap_err().code, ErrorCode::InvalidRequest);
    }
}
