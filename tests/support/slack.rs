//! A stand-in for Slack's Web API, as strict as the documentation allows: what Slack would refuse, it refuses.
//!
//! In: `chat.postMessage` (<https://docs.slack.dev/reference/methods/chat.postMessage>). Out: Slack's answers, and a
//! record of the messages that were posted. Its checks of blocks are in `blocks_are_valid`.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::http::header;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::watch;

use super::wait::eventually;

pub const BOT_TOKEN: &str = "xoxb-1-stand-in";
pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// Channels that the app is in.
const CHANNELS: [&str; 2] = ["C0GENERAL", "D0DIRECT"];
/// Arguments of the method that make sense for a bot's message.
const ARGUMENTS: [&str; 9] =
    ["channel", "text", "blocks", "thread_ts", "unfurl_links", "unfurl_media", "mrkdwn", "parse", "reply_broadcast"];
const MAX_BLOCKS: usize = 50;
const MAX_TEXT_CHARS: usize = 3_000;
const MAX_MESSAGE_CHARS: usize = 40_000;

#[derive(Default)]
struct Record {
    posted: Vec<Value>,
    refused: Vec<String>,
    /// How many requests are still to be answered with 429.
    limits: u32,
}

#[derive(Clone)]
pub struct StandIn {
    port: u16,
    record: Arc<Mutex<Record>>,
    /// While false, no request is answered.
    open: watch::Sender<bool>,
}

impl StandIn {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let slack = Self { port, record: Arc::default(), open: watch::Sender::new(true) };
        let shared = Data::new(slack.clone());
        std::thread::spawn(move || {
            let app = move || {
                let shared = Data::clone(&shared);
                App::new().app_data(shared).service(web::resource("/api/{method}").to(method))
            };
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("it listens").run();
            actix_web::rt::System::new().block_on(server)
        });
        slack
    }

    /// The settings of a server that posts here.
    pub fn settings(&self) -> [(&'static str, String); 3] {
        [
            ("TAPROOT_SLACK_API_URL", format!("http://127.0.0.1:{}/api", self.port)),
            ("TAPROOT_SLACK_BOT_TOKEN", BOT_TOKEN.to_owned()),
            ("TAPROOT_SLACK_SIGNING_SECRET", SIGNING_SECRET.to_owned()),
        ]
    }

    /// Answers nothing until [`Self::release`].
    pub fn hold(&self) {
        self.open.send_replace(false);
    }

    pub fn release(&self) {
        self.open.send_replace(true);
    }

    /// The next requests are too many.
    pub fn limit(&self, requests: u32) {
        self.record.lock().expect("no panic").limits = requests;
    }

    /// Messages that Slack has taken, in order.
    pub fn posted(&self) -> Vec<Value> {
        self.record.lock().expect("no panic").posted.clone()
    }

    /// Errors and warnings that were given.
    pub fn refused(&self) -> Vec<String> {
        self.record.lock().expect("no panic").refused.clone()
    }

    /// Waits until so many messages were taken.
    pub async fn messages(&self, count: usize) -> Vec<Value> {
        let what = format!("{count} messages in Slack");
        eventually(&what, || async { Some(self.posted()).filter(|posted| posted.len() >= count) }).await
    }

    fn take(&self, request: &HttpRequest, method: &str, body: &[u8]) -> HttpResponse {
        let mut record = self.record.lock().expect("no panic");
        if record.limits > 0 {
            record.limits -= 1;
            let limited = json!({"ok": false, "error": "ratelimited"});
            return HttpResponse::TooManyRequests().insert_header((header::RETRY_AFTER, "1")).json(limited);
        }
        match checked(request, method, body) {
            Ok(message) => {
                // Slack takes it and warns; a well-behaved app is never warned.
                if content_type(request) != "application/json;charset=utf-8" {
                    record.refused.push("warning: missing_charset".to_owned());
                }
                let channel = message["channel"].clone();
                record.posted.push(message);
                let ts = format!("1700000000.{:06}", record.posted.len());
                HttpResponse::Ok().json(json!({"ok": true, "channel": channel, "ts": ts}))
            }
            Err(error) => {
                record.refused.push(error.to_string());
                HttpResponse::Ok().json(json!({"ok": false, "error": error.split(':').next()}))
            }
        }
    }
}

async fn method(request: HttpRequest, slack: Data<StandIn>, body: Bytes) -> HttpResponse {
    let mut open = slack.open.subscribe();
    let _ = open.wait_for(|open| *open).await;
    let method = request.match_info().get("method").unwrap_or_default().to_owned();
    slack.take(&request, &method, &body)
}

fn content_type(request: &HttpRequest) -> String {
    let sent = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    sent.unwrap_or_default().to_ascii_lowercase().replace(' ', "")
}

/// The message, or Slack's name of what is wrong, with details after a colon.
fn checked(request: &HttpRequest, method: &str, body: &[u8]) -> Result<Value, String> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refuse = |error: &str| Err(error.to_owned());
    if method != "chat.postMessage" || request.method() != "POST" {
        return refuse("unknown_method");
    }
    if !content_type(request).starts_with("application/json") {
        return refuse("invalid_post_type");
    }
    match header("authorization").strip_prefix("Bearer ") {
        None => return refuse("not_authed"),
        Some(token) if token != BOT_TOKEN => return refuse("invalid_auth"),
        Some(_) => {}
    }
    let message: Value = serde_json::from_slice(body).map_err(|_| "invalid_json")?;
    let fields = message.as_object().ok_or("json_not_object")?;
    if let Some(unknown) = fields.keys().find(|name| !ARGUMENTS.contains(&name.as_str())) {
        return Err(format!("invalid_arguments: {unknown}"));
    }
    let text = message["text"].as_str().unwrap_or_default();
    match message["channel"].as_str() {
        Some(channel) if CHANNELS.contains(&channel) => {}
        _ => return refuse("channel_not_found"),
    }
    if text.trim().is_empty() {
        return refuse("no_text");
    }
    if text.chars().count() > MAX_MESSAGE_CHARS {
        return refuse("msg_too_long");
    }
    if !message["thread_ts"].as_str().is_some_and(is_timestamp) {
        return refuse("thread_not_found");
    }
    blocks_are_valid(&message["blocks"]).map_err(|detail| format!("invalid_blocks: {detail}"))?;
    Ok(message)
}

/// `1700000000.000100`
fn is_timestamp(text: &str) -> bool {
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(seconds, part)| digits(seconds, 10) && digits(part, 6))
}

/// <https://docs.slack.dev/reference/block-kit/blocks>: the kinds that a text message needs, with their limits.
fn blocks_are_valid(blocks: &Value) -> Result<(), String> {
    let blocks = blocks.as_array().ok_or("no array")?;
    if blocks.is_empty() || blocks.len() > MAX_BLOCKS {
        return Err(format!("{} blocks", blocks.len()));
    }
    for block in blocks {
        match block["type"].as_str() {
            Some("section") => {
                only(block, &["type", "block_id", "text", "expand"])?;
                text_is_valid(&block["text"], &["mrkdwn", "plain_text"])?;
            }
            Some("context") => {
                only(block, &["type", "block_id", "elements"])?;
                let elements = block["elements"].as_array().ok_or("context without elements")?;
                if !(1..=10).contains(&elements.len()) {
                    return Err(format!("{} elements", elements.len()));
                }
                elements.iter().try_for_each(|element| text_is_valid(element, &["mrkdwn", "plain_text"]))?;
            }
            Some("header") => {
                only(block, &["type", "block_id", "text"])?;
                text_is_valid(&block["text"], &["plain_text"])?;
            }
            Some("divider") => only(block, &["type", "block_id"])?,
            kind => return Err(format!("kind {kind:?}")),
        }
    }
    Ok(())
}

fn text_is_valid(text: &Value, kinds: &[&str]) -> Result<(), String> {
    let kind = text["type"].as_str().unwrap_or_default();
    let extra = if kind == "mrkdwn" { "verbatim" } else { "emoji" };
    only(text, &["type", "text", extra])?;
    let said = text["text"].as_str().unwrap_or_default();
    let length = said.chars().count();
    if !kinds.contains(&kind) || !(1..=MAX_TEXT_CHARS).contains(&length) {
        return Err(format!("a text of the kind {kind:?} with {length} characters"));
    }
    // `&`, `<` and `>` are Slack's markup and stand for themselves only when they are escaped.
    let escaped = ["&amp;", "&lt;", "&gt;"].iter().fold(said.to_owned(), |text, escape| text.replace(escape, ""));
    let is_quote_only = escaped.lines().all(|line| !line.trim_start_matches('>').contains(['<', '>', '&']));
    if kind == "mrkdwn" && !is_quote_only { Err(format!("unescaped markup in {said:?}")) } else { Ok(()) }
}

fn only(value: &Value, allowed: &[&str]) -> Result<(), String> {
    let fields = value.as_object().ok_or("no object")?;
    match fields.keys().find(|name| !allowed.contains(&name.as_str())) {
        Some(unknown) => Err(format!("unknown field {unknown}")),
        None => Ok(()),
    }
}

/// The value of `X-Slack-Signature`, version `v0`.
pub fn signature(secret: &str, timestamp: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={hex}")
}
