//! Slack's Web API, as far as it is needed: `chat.postMessage`.
//!
//! Slack answers 200 with `"ok": false` when it refuses, and 429 with `Retry-After` when it is asked too often
//! (<https://docs.slack.dev/apis/web-api/rate-limits>). No error of this module holds the token.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::{Deserialize, Serialize};

use super::blocks::Message;
use crate::config::SlackConfig;
use crate::error::{Error, Result};

const ATTEMPTS: u32 = 4;
const TIMEOUT: Duration = Duration::from_secs(15);
/// Pause after the first failure; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest that Slack may ask us to wait; beyond that the answer is given up.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum PostError {
    #[error("Slack refused the message: {0}")]
    Refused(String),
    #[error("Slack answered {0}")]
    Status(StatusCode),
    #[error("Slack asks to wait for {0} seconds")]
    WaitTooLong(u64),
    #[error("Slack cannot be reached: {0}")]
    Unreachable(String),
}

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    bot_token: String,
}

#[derive(Serialize)]
struct PostMessage<'a> {
    channel: &'a str,
    thread_ts: &'a str,
    /// Links in documents are not for Slack to fetch.
    unfurl_links: bool,
    unfurl_media: bool,
    #[serde(flatten)]
    message: &'a Message,
}

#[derive(Deserialize)]
struct Reply {
    ok: bool,
    error: Option<String>,
}

/// What one attempt came to.
enum Attempt {
    Posted,
    Failed(PostError),
    /// It may go better after this time.
    Again(PostError, Option<Duration>),
}

impl Client {
    pub fn new(config: &SlackConfig) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(Error::Client)?;
        Ok(Self { http, url: format!("{}/chat.postMessage", config.api_url), bot_token: config.bot_token.clone() })
    }

    pub async fn post(&self, channel: &str, thread_ts: &str, message: &Message) -> Result<(), PostError> {
        let body = PostMessage { channel, thread_ts, unfurl_links: false, unfurl_media: false, message };
        let mut pause = FIRST_PAUSE;
        let mut attempts = 1;
        loop {
            let (error, asked) = match self.attempt(&body).await {
                Attempt::Posted => return Ok(()),
                Attempt::Failed(error) => return Err(error),
                Attempt::Again(error, _) if attempts == ATTEMPTS => return Err(error),
                Attempt::Again(error, asked) => (error, asked.unwrap_or(pause)),
            };
            if asked > LONGEST_PAUSE {
                return Err(PostError::WaitTooLong(asked.as_secs()));
            }
            tracing::warn!(%error, attempts, "posting to Slack is tried again");
            tokio::time::sleep(asked).await;
            pause *= 2;
            attempts += 1;
        }
    }

    async fn attempt(&self, body: &PostMessage<'_>) -> Attempt {
        // Slack asks for the charset by name; `json` keeps a type that is set before it.
        let request = self.http.post(&self.url).header(CONTENT_TYPE, "application/json; charset=utf-8");
        let sent = request.bearer_auth(&self.bot_token).json(body).send().await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => return Attempt::Again(PostError::Unreachable(error.without_url().to_string()), None),
        };
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            return Attempt::Again(PostError::Status(status), seconds.map(Duration::from_secs));
        }
        if status.is_server_error() {
            return Attempt::Again(PostError::Status(status), None);
        }
        if !status.is_success() {
            return Attempt::Failed(PostError::Status(status));
        }
        match response.json::<Reply>().await {
            Ok(Reply { ok: true, .. }) => Attempt::Posted,
            Ok(reply) => Attempt::Failed(PostError::Refused(reply.error.unwrap_or_else(|| "no reason given".into()))),
            // It may have been posted: trying again could post it twice.
            Err(error) => Attempt::Failed(PostError::Unreachable(error.without_url().to_string())),
        }
    }
}
