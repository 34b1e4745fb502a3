//! `POST /slack/events`: Slack's Events API (<https://docs.slack.dev/apis/events-api>).
//!
//! In: the raw body with its signature. Out: 200 at once, and a [`Question`] in the queue when somebody asked.
//! Nothing is answered here.

use std::time::Instant;

use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use taproot_schemas::error::{ErrorBody, ErrorCode};
use tokio::sync::mpsc::error::TrySendError;

use super::SlackDesk;
use super::questions::Question;
use super::signature::{self, Refusal};
use crate::clock;
use crate::http::error::{ApiError, Result};

/// What Slack sends; of each kind only what is used.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Envelope {
    /// Slack asks whether this address is the app's.
    UrlVerification { challenge: String },
    EventCallback {
        event_id: String,
        #[serde(default)]
        team_id: String,
        event: Box<Event>,
        #[serde(default)]
        authorizations: Vec<Authorization>,
    },
    #[serde(other)]
    Other,
}

/// For whom the event was sent; the first is this app.
#[derive(Debug, Deserialize)]
struct Authorization {
    user_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    channel: String,
    channel_type: Option<String>,
    user: Option<String>,
    /// Set when a program wrote the message.
    bot_id: Option<String>,
    /// Set when it is no new message: an edit, a deletion, somebody joining.
    subtype: Option<String>,
    text: String,
    ts: String,
    thread_ts: Option<String>,
}

/// Takes an event of Slack.
#[utoipa::path(
    post,
    path = "/slack/events",
    tag = "slack",
    request_body(content = String, description = "Signed by Slack", content_type = "application/json"),
    responses(
        (status = 200, description = "Taken, or of no interest; the challenge for `url_verification`"),
        (status = 401, description = "Not signed by Slack", body = ErrorBody),
        (status = 404, description = "Slack is not configured", body = ErrorBody),
        (status = 429, description = "Too many questions are waiting", body = ErrorBody),
    )
)]
pub async fn events(request: HttpRequest, desk: Data<SlackDesk>, body: Bytes) -> Result<HttpResponse> {
    check_signature(&desk, request.headers(), &body)?;
    let envelope = serde_json::from_slice(&body)
        .map_err(|error| ApiError::new(ErrorCode::InvalidRequest, format!("this is no event of Slack: {error}")))?;
    match envelope {
        Envelope::UrlVerification { challenge } => {
            return Ok(HttpResponse::Ok().content_type("text/plain").body(challenge));
        }
        Envelope::EventCallback { event_id, team_id, event, authorizations } => {
            let own_id = authorizations.into_iter().find_map(|authorization| authorization.user_id);
            match question(*event, team_id, own_id.as_deref()) {
                Some(question) => queue(&desk, &event_id, question)?,
                None => desk.metrics.slack_event("ignored"),
            }
        }
        Envelope::Other => desk.metrics.slack_event("ignored"),
    }
    Ok(HttpResponse::Ok().finish())
}

fn check_signature(desk: &SlackDesk, headers: &HeaderMap, body: &[u8]) -> Result<()> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (timestamp, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    signature::verify(&desk.signing_secret, timestamp, signature, body, clock::unix_seconds()).map_err(|refusal| {
        desk.metrics.slack_event("refused");
        let told = match refusal {
            Refusal::Malformed => "the signature of the request is missing or has no proper form",
            Refusal::TooOld => "the request is more than five minutes away from the clock of this machine",
            Refusal::Wrong => "the request is signed with another secret",
        };
        ApiError::new(ErrorCode::BadSignature, told)
    })
}

/// An event that finds the queue full is not marked as seen, so that it is taken when Slack sends it again.
fn queue(desk: &SlackDesk, event_id: &str, question: Question) -> Result<()> {
    let place = match desk.questions.try_reserve() {
        Ok(place) => place,
        Err(TrySendError::Full(())) => {
            return Err(ApiError::new(ErrorCode::Overloaded, "too many questions are waiting"));
        }
        Err(TrySendError::Closed(())) => return Err(ApiError::new(ErrorCode::NotReady, "the server is stopping")),
    };
    if desk.seen.lock().is_new(event_id, Instant::now()) {
        place.send(question);
    } else {
        desk.metrics.slack_event("repeated");
    }
    Ok(())
}

/// What is asked, if anything is: a mention in a channel, or a direct message, by a person.
fn question(event: Event, team: String, own_id: Option<&str>) -> Option<Question> {
    let is_direct = event.channel_type.as_deref() == Some("im");
    let for_us = match event.kind.as_str() {
        // A mention in a direct message comes as a message, too.
        "app_mention" => !is_direct,
        "message" => is_direct,
        _ => false,
    };
    let by_a_person =
        event.bot_id.is_none() && event.subtype.is_none() && event.user.is_some() && event.user.as_deref() != own_id;
    if !for_us || !by_a_person || event.channel.is_empty() || event.ts.is_empty() {
        return None;
    }
    Some(Question {
        text: plain_text(&event.text, own_id),
        team,
        channel: event.channel,
        thread_ts: event.thread_ts.unwrap_or(event.ts),
    })
}

/// Slack's markup → what the person typed, without the mention of the bot
/// (<https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages>).
fn plain_text(markup: &str, own_id: Option<&str>) -> String {
    let mut plain = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((inside, behind)) = after.split_once('>') else { break };
        plain.push_str(before);
        let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
        match target.strip_prefix('@') {
            // Without knowing its own id, the bot takes a mention at the start for its own.
            Some(id) if own_id.map_or(plain.trim().is_empty(), |own_id| own_id == id) => {}
            Some(id) => plain.push_str(label.unwrap_or(id)),
            None => plain.push_str(label.unwrap_or(target)),
        }
        rest = behind;
    }
    plain.push_str(rest);
    let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_what_was_typed() {
        for (markup, own_id, expected) in [
            ("<@U0BOT> how many days?", Some("U0BOT"), "how many days?"),
            ("<@U0BOT|taproot> how many days?", Some("U0BOT"), "how many days?"),
            ("<@U0BOT> how many days?", None, "how many days?"),
            ("who is <@U123|ann>?", Some("U0BOT"), "who is ann?"),
            ("what is &lt;b&gt; &amp;amp;", None, "what is <b> &amp;"),
            ("see <https://a.example/x|the page> in <#C1|general>", None, "see the page in general"),
            ("1 < 2", None, "1 < 2"),
            ("<@U0BOT>  年假\n有几天？", Some("U0BOT"), "年假 有几天？"),
        ] {
            assert_eq!(plain_text(markup, own_id), expected, "{markup}");
        }
    }

    fn asked(event: &str) -> Option<Question> {
        question(serde_json::from_str(event).unwrap(), "T1".into(), Some("U0BOT"))
    }

    #[test]
    fn people_ask_by_mention_and_by_direct_message() {
        let mention =
            asked(r#"{"type":"app_mention","user":"U1","text":"<@U0BOT> hi","ts":"1.2","channel":"C1"}"#).unwrap();
        assert_eq!((mention.text.as_str(), mention.channel.as_str(), mention.thread_ts.as_str()), ("hi", "C1", "1.2"));
        let direct =
            r#"{"type":"message","channel_type":"im","user":"U1","text":"hi","ts":"2","thread_ts":"1","channel":"D1"}"#;
        assert_eq!(asked(direct).unwrap().thread_ts, "1");
    }

    #[test]
    fn everything_else_is_ignored() {
        for event in [
            r#"{"type":"message","channel_type":"channel","user":"U1","text":"hi","ts":"1","channel":"C1"}"#,
            r#"{"type":"message","channel_type":"im","bot_id":"B1","user":"U1","text":"hi","ts":"1","channel":"D1"}"#,
            r#"{"type":"message","channel_type":"im","subtype":"message_changed","channel":"D1","ts":"1"}"#,
            r#"{"type":"message","channel_type":"im","user":"U0BOT","text":"hi","ts":"1","channel":"D1"}"#,
            r#"{"type":"app_mention","channel_type":"im","user":"U1","text":"hi","ts":"1","channel":"D1"}"#,
            r#"{"type":"reaction_added","user":"U1"}"#,
        ] {
            assert!(asked(event).is_none(), "{event}");
        }
    }
}
