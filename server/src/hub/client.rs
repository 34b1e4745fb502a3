//! Requests to a hub.
//!
//! Redirects are followed here and not by the HTTP library, for two reasons: what the hub says of a file (its sum, its
//! size, the commit) stands in the headers of its redirect, and the token must go to the hub alone, never to the storage
//! host that a redirect leads to.

use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION, RANGE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};

use super::{HubError, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Silence of a server that is taken for its end.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: usize = 8;
/// Tries of a request that the hub is too busy for.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where the hub is and who asks.
#[derive(Clone)]
pub struct HubConfig {
    pub endpoint: String,
    pub token: Option<String>,
}

impl std::fmt::Debug for HubConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubConfig").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    token: Option<String>,
}

/// A successful answer, with what the hub said on the way to it.
pub struct Answer {
    pub response: Response,
    pub commit: Option<String>,
    /// SHA-256 of a large file.
    pub sha256: Option<String>,
    /// Size of a large file.
    pub bytes: Option<u64>,
}

impl Client {
    pub fn new(hub: &HubConfig) -> Result<Client> {
        let endpoint = Url::parse(&hub.endpoint).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.query().is_none()
        });
        let endpoint = endpoint.ok_or_else(|| HubError::BadEndpoint { endpoint: hub.endpoint.clone() })?;
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .user_agent(concat!("taproot/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(HubError::Client)?;
        Ok(Client { http, endpoint, token: hub.token.clone() })
    }

    /// The hub, as messages name it.
    pub fn host(&self) -> String {
        host_of(&self.endpoint)
    }

    /// An address below the endpoint; each part is one segment, whatever is in it.
    pub fn url<'p>(&self, parts: impl IntoIterator<Item = &'p str>) -> Url {
        let mut url = self.endpoint.clone();
        // An address with a host always has segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(parts);
        }
        url
    }

    /// `GET`, from a byte on if one is given. `what` is told in messages.
    pub async fn get(&self, url: Url, what: &str, from: Option<u64>) -> Result<Answer> {
        let (mut pause, mut attempt) = (FIRST_PAUSE, 1);
        loop {
            let answer = self.follow(url.clone(), what, from).await?;
            let status = answer.response.status();
            let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
            if !busy || attempt == ATTEMPTS {
                return self.checked(answer, what);
            }
            let asked = answer.response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let wait = asked.map_or(pause, Duration::from_secs);
            if wait > LONGEST_PAUSE {
                return self.checked(answer, what);
            }
            tracing::warn!(%status, what, attempt, "the hub is asked again");
            tokio::time::sleep(wait).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn follow(&self, mut url: Url, what: &str, from: Option<u64>) -> Result<Answer> {
        let (mut commit, mut sha256, mut bytes) = (None, None, None);
        for _ in 0..=MAX_REDIRECTS {
            let at_hub = url.origin() == self.endpoint.origin();
            let mut request = self.http.get(url.clone());
            if let Some(token) = self.token.as_ref().filter(|_| at_hub) {
                request = request.bearer_auth(token);
            }
            if let Some(from) = from {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let response = request.send().await.map_err(|error| unreachable_host(&url, error))?;
            if at_hub {
                let headers = response.headers();
                commit = commit.or_else(|| text(headers, "x-repo-commit"));
                sha256 = sha256.or_else(|| text(headers, "x-linked-etag").and_then(|tag| as_sha256(&tag)));
                bytes = bytes.or_else(|| text(headers, "x-linked-size")?.parse().ok());
            }
            if !response.status().is_redirection() {
                return Ok(Answer { response, commit, sha256, bytes });
            }
            url = self.next(&url, &response, what)?;
        }
        Err(self.redirect(what, "in a circle"))
    }

    fn next(&self, from: &Url, response: &Response, what: &str) -> Result<Url> {
        let location = text(response.headers(), LOCATION.as_str());
        let next = location.and_then(|location| from.join(&location).ok());
        let next = next.ok_or_else(|| self.redirect(what, "to nowhere"))?;
        match (from.scheme(), next.scheme()) {
            ("http", "http") | (_, "https") => Ok(next),
            _ => Err(self.redirect(what, "to an address without TLS")),
        }
    }

    fn redirect(&self, what: &str, problem: &'static str) -> HubError {
        HubError::Redirect { host: self.host(), what: what.to_owned(), problem }
    }

    /// The hub hides what one may not see: 401 for a name that is unknown or private, with its own code in a header.
    fn checked(&self, answer: Answer, what: &str) -> Result<Answer> {
        let status = answer.response.status();
        let (host, what, with_token) = (self.host(), what.to_owned(), self.token.is_some());
        let code = text(answer.response.headers(), "x-error-code").unwrap_or_default();
        match (status, code.as_str()) {
            (status, _) if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE => Ok(answer),
            (_, "GatedRepo") => Err(HubError::Gated { host, what, with_token }),
            (StatusCode::NOT_FOUND, _) | (_, "RepoNotFound") => Err(HubError::NotFound { host, what, with_token }),
            (StatusCode::UNAUTHORIZED, _) if with_token => Err(HubError::BadToken { host }),
            (StatusCode::UNAUTHORIZED, _) => Err(HubError::NotFound { host, what, with_token }),
            (StatusCode::FORBIDDEN, _) => Err(HubError::Gated { host, what, with_token }),
            _ => Err(HubError::Status { host, what, status }),
        }
    }
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the hub");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn unreachable_host(url: &Url, error: reqwest::Error) -> HubError {
    HubError::Unreachable { host: host_of(url), reason: reason(error) }
}

/// The innermost cause, without the address: it may be signed.
pub fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// `"…"` around 64 hexadecimal digits; tags of small files are something else.
fn as_sha256(tag: &str) -> Option<String> {
    let tag = tag.trim_start_matches("W/").trim_matches('"');
    (tag.len() == 64 && tag.bytes().all(|sign| sign.is_ascii_hexdigit())).then(|| tag.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(endpoint: &str) -> Result<Client> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::new(&HubConfig { endpoint: endpoint.into(), token: Some("hf_secret".into()) })
    }

    #[test]
    fn parts_of_an_address_stay_what_they_are() {
        let hub = client("https://mirror.example/hf/").expect("a client");
        let url = hub.url(["api", "models", "a", "b", "revision", "refs/pr/1"]);
        assert_eq!(url.as_str(), "https://mirror.example/hf/api/models/a/b/revision/refs%2Fpr%2F1");
        for endpoint in ["ftp://x", "huggingface.co", "https://user@x/", "https://x/?a=b", ""] {
            assert!(client(endpoint).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn the_token_stays_out_of_logs() {
        let hub = HubConfig { endpoint: "https://x".into(), token: Some("hf_secret".into()) };
        assert!(!format!("{hub:?}").contains("secret"));
    }

    #[test]
    fn only_sums_of_large_files_are_sums() {
        let sum = "A".repeat(64);
        assert_eq!(as_sha256(&format!("\"{sum}\"")), Some(sum.to_lowercase()));
        assert_eq!(as_sha256("\"5d41402abc4b2a76b9719d911017c592\""), None);
    }
}
