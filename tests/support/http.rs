//! An HTTP client for one test. Answers are checked where they arrive, so that a test reads as what it asks.

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use taproot_schemas::document::{Document, DocumentList, DocumentText};
use taproot_schemas::error::{ErrorBody, ErrorCode, ErrorDetail};
use taproot_schemas::job::Job;

use super::server::Server;
use super::wait::eventually;

/// A client belongs to the runtime of its test, so it is never shared.
pub struct Http {
    client: Client,
    base: String,
}

impl Http {
    pub fn to(server: &Server) -> Self {
        Self { client: client(), base: server.url("") }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    pub async fn documents(&self) -> Vec<Document> {
        ok::<DocumentList>(self.get("/v1/documents?limit=1000")).await.documents
    }

    pub async fn text(&self, id: &str) -> DocumentText {
        ok(self.get(&format!("/v1/documents/{id}/text"))).await
    }

    /// `GET /v1/documents` with parameters.
    pub fn list(&self, parameters: &[(&str, &str)]) -> RequestBuilder {
        let url = Url::parse_with_params(&format!("{}/v1/documents", self.base), parameters);
        self.client.get(url.expect("an address"))
    }

    /// The one document with this uri.
    pub async fn document(&self, uri: &str) -> Document {
        let list = ok::<DocumentList>(self.list(&[("uri", uri)])).await;
        assert_eq!(list.documents.len(), 1, "documents with the uri {uri}");
        list.documents.into_iter().next().expect("there is one")
    }

    /// Orders a job and follows it to its end.
    pub async fn finished_job(&self, order: &Value) -> Job {
        let job: Job = ok(self.post("/v1/jobs", order)).await;
        self.ended(&job.id).await
    }

    /// Follows a job to its end.
    pub async fn ended(&self, id: &str) -> Job {
        let path = format!("/v1/jobs/{id}");
        eventually("the job ends", || async { Some(ok::<Job>(self.get(&path)).await).filter(|job| job.status.ended()) })
            .await
    }
}

pub fn client() -> Client {
    // Of several tests in one process the first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

/// The body of an answer that has to be a success.
pub async fn ok<T: DeserializeOwned>(request: RequestBuilder) -> T {
    let response = request.send().await.expect("an answer");
    let (status, url) = (response.status(), response.url().clone());
    let body = response.text().await.expect("a body");
    assert!(status.is_success(), "{status} from {url}: {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{url}: {error}: {body}"))
}

/// The error of an answer that has to be refused with this code, checked against the contract: its status is the
/// code's, and it carries a message, a hint and the id of the request.
pub async fn refused(request: RequestBuilder, code: ErrorCode) -> ErrorDetail {
    let response = request.send().await.expect("an answer");
    error_of(response, code).await
}

pub async fn error_of(response: Response, code: ErrorCode) -> ErrorDetail {
    let (status, url) = (response.status(), response.url().clone());
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (request_id, content_type) = (header("x-request-id"), header("content-type"));
    let body = response.text().await.expect("a body");
    let parsed: Result<ErrorBody, _> = serde_json::from_str(&body);
    let error = parsed.unwrap_or_else(|error| panic!("{status} from {url} is no error body: {error}: {body}")).error;
    assert_eq!(error.code, code, "{status} from {url}: {body}");
    assert_eq!(status, StatusCode::from_u16(code.status()).expect("a status"), "{url}: {body}");
    assert_eq!(content_type, "application/json", "{url}");
    assert!(!error.message.is_empty() && !error.hint.is_empty(), "{url}: {body}");
    assert!(!request_id.is_empty() && error.request_id == request_id, "{url}: header {request_id:?}, body {body}");
    error
}
