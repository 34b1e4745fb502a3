//! `/v1/jobs`: ingest a folder that the server can read, and follow it. The queue itself is `crate::jobs`.

use std::path::PathBuf;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, Path};
use taproot_schemas::error::{ErrorBody, ErrorCode};
use taproot_schemas::job::{Job, JobList, JobRequest};
use taproot_schemas::settings::Source;

use super::caller::Caller;
use super::error::{ApiError, Result};
use super::lifecycle::Ready;
use crate::jobs::{JobOrder, readable_path};

const DEFAULT_COLLECTION: &str = "default";

/// The folders that the settings name.
#[derive(Debug, Clone)]
pub struct Sources(pub Vec<Source>);

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
pub async fn create(
    caller: Caller,
    ready: Ready,
    sources: Data<Sources>,
    body: Json<JobRequest>,
) -> Result<HttpResponse> {
    caller.must_administer()?;
    let mut order = order(body.into_inner(), &sources.0)?;
    let path = order.path.clone();
    let found = web::block(move || readable_path(&path)).await.map_err(ApiError::internal)?;
    order.path = found
        .map_err(|error| ApiError::new(ErrorCode::UnreadablePath, format!("cannot read the path: {}", error.kind())))?;
    Ok(HttpResponse::Accepted().json(ready.jobs.submit(order)?))
}

/// The newest jobs.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    security((), ("owner" = [])),
    responses(
        (status = 200, description = "Newest first", body = JobList),
        (status = 403, description = "The caller may not see jobs", body = ErrorBody),
    )
)]
pub async fn list(caller: Caller, ready: Ready) -> Result<Json<JobList>> {
    // Jobs tell paths of this machine, which are not everybody's business.
    caller.must_administer()?;
    Ok(Json(JobList { jobs: ready.jobs.list() }))
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
    caller.must_administer()?;
    ready.jobs.get(&id).map(Json).ok_or_else(|| no_such_job(&id))
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
    caller.must_administer()?;
    ready.jobs.cancel(&id).map(Json).ok_or_else(|| no_such_job(&id))
}

fn no_such_job(id: &str) -> ApiError {
    ApiError::new(ErrorCode::JobNotFound, format!("there is no job {id}"))
}

/// The path as it is asked for; whether it can be read is not looked at yet.
fn order(request: JobRequest, sources: &[Source]) -> Result<JobOrder> {
    let JobRequest { path, source, collection, allow, no_delete, confirm_delete, dry_run } = request;
    let order = |path: PathBuf, collection: Option<String>, allow| {
        let collection = collection.unwrap_or_else(|| DEFAULT_COLLECTION.to_string());
        JobOrder { path, collection, allow, delete: !no_delete, confirm_delete, dry_run }
    };
    match (path, source) {
        (Some(path), None) => {
            let path = PathBuf::from(path);
            if !path.is_absolute() {
                return Err(ApiError::new(ErrorCode::InvalidRequest, "path is not absolute"));
            }
            Ok(order(path, collection, allow))
        }
        (None, Some(name)) => {
            let Some(source) = sources.iter().find(|source| source.name == name) else {
                return Err(ApiError::new(ErrorCode::SourceNotFound, format!("the settings name no source {name:?}")));
            };
            // Who may read a source is said in the settings; a request does not say otherwise.
            if collection.is_some() || !allow.is_empty() {
                let told = "collection and allow of a source are those of the settings";
                return Err(ApiError::new(ErrorCode::InvalidRequest, told));
            }
            Ok(order(PathBuf::from(&source.path), source.collection.clone(), source.allow.clone()))
        }
        _ => Err(ApiError::new(ErrorCode::InvalidRequest, "give either path or source")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_brings_its_own_collection_and_groups() {
        let source = Source {
            name: "hr".into(),
            path: "/srv/hr".into(),
            collection: Some("people".into()),
            allow: vec!["hr".into()],
        };
        let named = |name: &str| JobRequest { source: Some(name.into()), ..JobRequest::default() };
        let order_of = |request| order(request, std::slice::from_ref(&source));
        let taken = order_of(named("hr")).unwrap();
        assert_eq!((taken.collection.as_str(), taken.allow.len(), taken.delete), ("people", 1, true));

        assert_eq!(order_of(named("it")).unwrap_err().code, ErrorCode::SourceNotFound);
        let widened = JobRequest { collection: Some("public".into()), ..named("hr") };
        assert_eq!(order_of(widened).unwrap_err().code, ErrorCode::InvalidRequest);
        let relative = JobRequest { path: Some("docs".into()), ..JobRequest::default() };
        assert_eq!(order_of(relative).unwrap_err().code, ErrorCode::InvalidRequest);
        assert_eq!(order_of(JobRequest::default()).unwrap_err().code, ErrorCode::InvalidRequest);
    }
}
