//! One request to the model's server: messages out, pieces of text in as they come.
//!
//! Deliberately absent: retries (`retry`), a choice of what is sent (`outgoing`). Proxies of the environment are not used: documents
//! go to the address of the settings and to nobody in between whom the settings do not name. Redirects are not followed, for the
//! same reason. Nothing that the other side says of an error is passed on but its status and codes from a fixed list, because
//! services repeat parts of the key, and of the request, in their messages.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};
use serde::Serialize;
use tokio::sync::mpsc;

use super::config::{AnswerTokensField, Api, UpstreamConfig};
use super::reply::{self, Event, Finish, TokenUsage};
use super::retry;
use super::sse::Events;
use super::thoughts::Thoughts;
use crate::answer::compose::Piece;
use crate::answer::compose::prompt::Message;
use crate::{Error, Result, UpstreamFailure};

/// Bytes of one stream: those of the longest answers of reasoning models, some hundred a token.
const MAX_STREAM_BYTES: usize = 32 << 20;
/// Bytes of the text for each token that was asked for; the longest tokens are runs of spaces.
const MAX_BYTES_PER_TOKEN: usize = 64;
/// Of the body of an error.
const MAX_ERROR_BYTES: usize = 16 * 1024;
const API_KEY: HeaderName = HeaderName::from_static("api-key");

pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    /// Header of the key.
    key: Option<(HeaderName, HeaderValue)>,
    /// In the body; Azure OpenAI has it in the path.
    model: Option<String>,
    timeout: Duration,
    max_answer_tokens: u32,
    answer_tokens_field: AnswerTokensField,
    temperature: Option<f64>,
    include_usage: bool,
}

/// What came of a request that went well.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// All that the model wrote, with what it thought before.
    pub written: String,
    /// As the other side counts.
    pub usage: Option<TokenUsage>,
    /// It stopped because its room was full.
    pub cut_off: bool,
}

/// What came of one that did not.
#[derive(Debug)]
pub struct Failed {
    pub error: Error,
    /// How long the other side wants to be left alone.
    pub asked: Option<Duration>,
    /// Some text went out already, so that it cannot be begun again.
    pub begun: bool,
}

impl Failed {
    fn new(kind: UpstreamFailure, detail: impl Into<String>) -> Self {
        Self { error: Error::Upstream { kind, detail: detail.into() }, asked: None, begun: false }
    }
}

/// <https://platform.openai.com/docs/api-reference/chat/create>. No field names the asker.
#[derive(Serialize)]
struct Request<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    messages: &'a [Message],
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl Client {
    /// # Panics
    /// As `reqwest` does, when the process has no provider of cryptography for TLS installed.
    pub fn new(config: &UpstreamConfig) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(config.connect_timeout)
            .pool_max_idle_per_host(config.max_concurrent)
            .user_agent(concat!("taproot/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| unusable("the HTTP client cannot be set up"))?;
        Ok(Self {
            http,
            endpoint: endpoint(config)?,
            key: header(config)?,
            model: (config.api == Api::OpenAi).then(|| config.model.clone()),
            timeout: config.timeout,
            max_answer_tokens: config.max_answer_tokens,
            answer_tokens_field: config.answer_tokens_field,
            temperature: config.temperature,
            include_usage: config.include_usage,
        })
    }

    /// Sends the messages and each piece of the answer as it comes.
    pub async fn complete(
        &self,
        messages: &[Message],
        pieces: &mpsc::Sender<Piece>,
    ) -> std::result::Result<Completion, Failed> {
        let mut answer = Answer::new(self.max_answer_tokens);
        match self.stream(messages, pieces, &mut answer).await {
            Ok(()) => answer.complete(),
            Err(failed) => Err(Failed { begun: answer.begun, ..failed }),
        }
    }

    async fn stream(
        &self,
        messages: &[Message],
        pieces: &mpsc::Sender<Piece>,
        answer: &mut Answer,
    ) -> std::result::Result<(), Failed> {
        let mut response = self.send(messages).await?;
        let (mut events, mut bytes) = (Events::default(), 0);
        while !answer.done {
            let part = match tokio::time::timeout(self.timeout, response.chunk()).await {
                Ok(Ok(Some(part))) => part,
                Ok(Ok(None)) => break,
                // What breaks after the model said that it is done harms nobody.
                _ if answer.finish.is_some() => break,
                Ok(Err(_)) => {
                    return Err(Failed::new(UpstreamFailure::Broken, "the connection broke within the answer"));
                }
                Err(_) => return Err(self.silent()),
            };
            bytes += part.len();
            if bytes > MAX_STREAM_BYTES {
                return Err(Failed::new(UpstreamFailure::Protocol, "its stream does not end"));
            }
            let complete = events.take(&part).map_err(|bad| Failed::new(UpstreamFailure::Protocol, bad.to_string()))?;
            for data in complete {
                pass_on(answer.take(&data)?, pieces).await?;
            }
        }
        // Of an answer that broke off nothing more is said: it may be begun again.
        if answer.finish.is_some() { pass_on(answer.rest(), pieces).await } else { Ok(()) }
    }

    /// The response, when it is the beginning of a stream.
    async fn send(&self, messages: &[Message]) -> std::result::Result<Response, Failed> {
        let limit = Some(self.max_answer_tokens);
        let of_field = |field: AnswerTokensField| limit.filter(|_| self.answer_tokens_field == field);
        let body = Request {
            model: self.model.as_deref(),
            messages,
            stream: true,
            stream_options: self.include_usage.then_some(StreamOptions { include_usage: true }),
            max_tokens: of_field(AnswerTokensField::MaxTokens),
            max_completion_tokens: of_field(AnswerTokensField::MaxCompletionTokens),
            temperature: self.temperature,
        };
        let mut request = self.http.post(self.endpoint.clone()).header(ACCEPT, "text/event-stream").json(&body);
        if let Some((name, value)) = &self.key {
            request = request.header(name, value);
        }
        let sent = tokio::time::timeout(self.timeout, request.send()).await.map_err(|_| self.silent())?;
        let response = sent.map_err(|error| {
            tracing::debug!(error = %error.without_url(), "the upstream model's server cannot be reached");
            Failed::new(UpstreamFailure::Unreachable, "its server cannot be reached")
        })?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response).await);
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if content_type.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/event-stream")) {
            Ok(response)
        } else {
            Err(Failed::new(UpstreamFailure::Protocol, "it answers with something else than a stream of events"))
        }
    }

    /// Why a status is not 200.
    async fn refused(&self, mut response: Response) -> Failed {
        let status = response.status();
        let asked = retry::asked(response.headers(), Timestamp::now());
        let mut body = Vec::new();
        while body.len() < MAX_ERROR_BYTES {
            match tokio::time::timeout(self.timeout, response.chunk()).await {
                Ok(Ok(Some(part))) => body.extend_from_slice(&part[..part.len().min(MAX_ERROR_BYTES - body.len())]),
                _ => break,
            }
        }
        let (kind, what) = meaning(status, reply::error_code(&body));
        Failed { asked, ..Failed::new(kind, format!("{what} (status {})", status.as_u16())) }
    }

    fn silent(&self) -> Failed {
        let detail = format!("nothing came from it for {:?}", self.timeout);
        Failed::new(UpstreamFailure::TimedOut, detail)
    }
}

async fn pass_on(text: String, pieces: &mpsc::Sender<Piece>) -> std::result::Result<(), Failed> {
    if text.is_empty() || pieces.send(Piece::Text(text)).await.is_ok() {
        return Ok(());
    }
    Err(Failed { error: Error::Cancelled, asked: None, begun: true })
}

/// What has come of an answer.
struct Answer {
    /// With the thoughts.
    written: String,
    thoughts: Thoughts,
    /// Some text was passed on, more than white space.
    begun: bool,
    finish: Option<Finish>,
    usage: Option<TokenUsage>,
    done: bool,
    max_bytes: usize,
}

impl Answer {
    fn new(max_tokens: u32) -> Self {
        let max_bytes = (max_tokens as usize).saturating_mul(MAX_BYTES_PER_TOKEN);
        Self {
            written: String::new(),
            thoughts: Thoughts::default(),
            begun: false,
            finish: None,
            usage: None,
            done: false,
            max_bytes,
        }
    }

    /// The text that an event adds.
    fn take(&mut self, data: &str) -> std::result::Result<String, Failed> {
        match reply::read(data).map_err(|wrong| Failed::new(UpstreamFailure::Protocol, wrong))? {
            Event::Done => {
                self.done = true;
                Ok(String::new())
            }
            Event::Failed => Err(Failed::new(UpstreamFailure::Unwell, "its server failed within the answer")),
            Event::Delta(delta) => {
                if delta.finish == Some(Finish::Filter) {
                    return Err(Failed::new(UpstreamFailure::Filtered, "its filter of contents held the answer back"));
                }
                if self.written.len() + delta.text.len() > self.max_bytes {
                    return Err(Failed::new(UpstreamFailure::Protocol, "it writes more than it was asked for"));
                }
                self.written.push_str(&delta.text);
                self.finish = delta.finish.or(self.finish);
                self.usage = delta.usage.or(self.usage);
                let text = self.thoughts.without(&delta.text);
                Ok(self.said(text))
            }
        }
    }

    /// The text that was held back, at the end.
    fn rest(&mut self) -> String {
        let text = self.thoughts.rest();
        self.said(text)
    }

    fn said(&mut self, text: String) -> String {
        self.begun |= !text.trim().is_empty();
        text
    }

    fn complete(self) -> std::result::Result<Completion, Failed> {
        let Some(finish) = self.finish else {
            let broken = Failed::new(UpstreamFailure::Broken, "the answer ended before its end");
            return Err(Failed { begun: self.begun, ..broken });
        };
        if !self.begun {
            return Err(Failed::new(UpstreamFailure::Empty, "it wrote nothing"));
        }
        Ok(Completion { written: self.written, usage: self.usage, cut_off: finish == Finish::Length })
    }
}

/// Statuses as OpenAI, Azure OpenAI, DeepSeek and Qianfan use them.
fn meaning(status: StatusCode, code: Option<&str>) -> (UpstreamFailure, &'static str) {
    use UpstreamFailure as F;
    match (status.as_u16(), code) {
        (_, Some("insufficient_quota")) | (402, _) => (F::Exhausted, "the account has nothing left"),
        (_, Some("content_filter")) => (F::Filtered, "its filter of contents held the question back"),
        (_, Some("context_length_exceeded")) => (F::Rejected, "the question with its sources is too long for it"),
        (_, Some("model_not_found")) | (404, _) => (F::NotFound, "there is no such address or model"),
        (401 | 403, _) => (F::KeyRefused, "it refuses the key"),
        (408 | 409 | 425, _) => (F::Unwell, "it asks to try again"),
        (429, _) => (F::RateLimited, "it gets too many requests"),
        (300..=399, _) => (F::Redirected, "it sends elsewhere, which is not followed"),
        (500..=599, _) => (F::Unwell, "its server fails"),
        (400..=499, _) => (F::Rejected, "it does not take the request"),
        _ => (F::Protocol, "it answers with a status that means nothing here"),
    }
}

fn endpoint(config: &UpstreamConfig) -> Result<Url> {
    let mut url = Url::parse(&config.url).map_err(|_| unusable("upstream.url is no address"))?;
    match url.path_segments_mut() {
        Ok(mut segments) => {
            segments.pop_if_empty();
            if let Api::Azure { .. } = config.api {
                segments.extend(["openai", "deployments", &config.model]);
            }
            segments.extend(["chat", "completions"]);
        }
        Err(()) => return Err(unusable("upstream.url is no address of a server")),
    }
    if let Api::Azure { version } = &config.api {
        url.query_pairs_mut().append_pair("api-version", version);
    }
    Ok(url)
}

fn header(config: &UpstreamConfig) -> Result<Option<(HeaderName, HeaderValue)>> {
    let Some(key) = &config.key else { return Ok(None) };
    let (name, value) = match config.api {
        Api::OpenAi => (AUTHORIZATION, format!("Bearer {}", key.reveal())),
        Api::Azure { .. } => (API_KEY, key.reveal().to_owned()),
    };
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| unusable("the key of upstream.key_env or upstream.key_file holds signs that no key has"))?;
    // Kept out of what the HTTP libraries print of themselves.
    value.set_sensitive(true);
    Ok(Some((name, value)))
}

fn unusable(detail: &str) -> Error {
    Error::InvalidRequest { what: "upstream settings", detail: detail.into() }
}
