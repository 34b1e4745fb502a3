//! The Slack bot: from a signed event to an answer in the thread, against a strict stand-in for Slack's Web API.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use taproot_schemas::error::ErrorCode;
use taproot_schemas::job::Report;

use crate::support::http::{Http, ok, refused};
use crate::support::server::Server;
use crate::support::slack::{SIGNING_SECRET, StandIn, signature};
use crate::support::taproot::Taproot;
use crate::support::wait::until;

/// Slack sends an event again when it has not heard within this time.
const SLACK_WAITS: Duration = Duration::from_secs(3);
const BOT: &str = "U0BOT";

/// A server that knows Slack, some documents, and Slack itself.
struct Bot {
    slack: StandIn,
    server: Server,
    http: Http,
    taproot: Taproot,
}

impl Bot {
    fn start() -> Self {
        Self::with(|_| {})
    }

    fn with(prepare: impl FnOnce(&Taproot)) -> Self {
        let taproot = Taproot::new();
        taproot.write(
            "codes.txt",
            "ERR-4012 means that the redox probe is dry. Soak the redox probe in <clean> water & buffer for one hour.\n",
        );
        taproot.write("年假.md", "# 年假\n\n员工每年享有十五天带薪年假。未休完的年假可以结转到次年六月三十日。\n");
        assert_eq!(taproot.ingest().added, 2);
        prepare(&taproot);
        let slack = StandIn::start();
        let settings = slack.settings();
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let server = Server::with(&taproot, &settings, None);
        let http = Http::to(&server);
        Self { slack, server, http, taproot }
    }

    fn signed(&self, body: &Value, secret: &str, timestamp: u64) -> RequestBuilder {
        let body = body.to_string();
        self.http
            .request(Method::POST, "/slack/events")
            .header("content-type", "application/json")
            .header("x-slack-request-timestamp", timestamp.to_string())
            .header("x-slack-signature", signature(secret, timestamp, &body))
            .body(body)
    }

    /// Sends what Slack would send, and asserts that it is taken within the time that Slack waits.
    async fn sends(&self, body: &Value) -> Response {
        let begun = Instant::now();
        let response = self.signed(body, SIGNING_SECRET, now()).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{body}");
        assert!(begun.elapsed() < SLACK_WAITS, "{:?}", begun.elapsed());
        response
    }

    /// Presses Ctrl-C: everything that was taken is answered before the server ends.
    fn finish(mut self) -> StandIn {
        self.server.interrupt();
        assert_eq!(self.server.ended().code(), Some(0));
        self.slack
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

fn callback(event_id: &str, event: Value) -> Value {
    json!({
        "token": "verification", "team_id": "T1", "api_app_id": "A1", "type": "event_callback",
        "event_id": event_id, "event_time": now(), "event": event, "event_context": "4-ctx",
        "authorizations": [{"enterprise_id": null, "team_id": "T1", "user_id": BOT, "is_bot": true, "is_enterprise_install": false}],
        "is_ext_shared_channel": false,
    })
}

fn mention(text: &str, ts: &str) -> Value {
    json!({"type": "app_mention", "user": "U1ANN", "text": format!("<@{BOT}> {text}"), "ts": ts, "channel": "C0GENERAL", "event_ts": ts, "team": "T1"})
}

fn direct(text: &str, ts: &str) -> Value {
    json!({"type": "message", "channel_type": "im", "user": "U1ANN", "text": text, "ts": ts, "channel": "D0DIRECT", "event_ts": ts, "team": "T1"})
}

/// All the text of a message's blocks.
fn shown(message: &Value) -> String {
    let blocks = message["blocks"].as_array().expect("blocks").iter();
    let texts = blocks.flat_map(|block| match block["elements"].as_array() {
        Some(elements) => elements.iter().map(|element| element["text"].clone()).collect(),
        None => vec![block["text"]["text"].clone()],
    });
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_slack_is_listened_to() {
    let bot = Bot::start();
    let body = callback("Ev1", mention("what does ERR-4012 mean?", "1700000001.000100"));
    refused(bot.signed(&body, "another secret", now()), ErrorCode::BadSignature).await;
    refused(bot.signed(&body, SIGNING_SECRET, now() - 10 * 60), ErrorCode::BadSignature).await;
    refused(bot.signed(&body, SIGNING_SECRET, now() + 10 * 60), ErrorCode::BadSignature).await;
    let unsigned = bot.http.post("/slack/events", &body);
    refused(unsigned, ErrorCode::BadSignature).await;
    let other_body = bot.signed(&body, SIGNING_SECRET, now()).body(body.to_string() + " ");
    refused(other_body, ErrorCode::BadSignature).await;
    refused(bot.signed(&json!({"type": 7}), SIGNING_SECRET, now()), ErrorCode::InvalidRequest).await;

    let challenge = json!({"type": "url_verification", "token": "t", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"});
    let response = bot.sends(&challenge).await;
    assert!(response.text().await.expect("a body").contains("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"));
    assert!(bot.finish().posted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_is_taken_at_once_and_answered_in_the_thread_with_sources() {
    let bot = Bot::start();
    bot.slack.hold();
    // Taken while Slack's own API answers nothing: the answer cannot have been posted before.
    bot.sends(&callback("Ev1", mention("How long do I soak a redox probe after ERR-4012?", "1700000001.000100"))).await;
    assert!(bot.slack.posted().is_empty());
    bot.slack.release();

    let message = bot.slack.messages(1).await.remove(0);
    let audit = || std::fs::read_to_string(bot.taproot.data().join("audit/00000001.jsonl")).ok();
    let noted = until("the audit has it", || audit().filter(|lines| lines.contains("\"slack\"")));
    assert!(noted.contains("\"ask\"") && noted.contains("redox probe") && !noted.contains("one hour"), "{noted}");
    assert_eq!((&message["channel"], &message["thread_ts"]), (&json!("C0GENERAL"), &json!("1700000001.000100")));
    let shown = shown(&message);
    assert!(shown.contains("one hour") && shown.contains("[1]") && shown.contains("codes.txt"), "{shown}");
    assert!(shown.contains("&lt;clean&gt; water &amp; buffer"), "the documents' own signs are escaped: {shown}");
    assert!(
        message["text"].as_str().is_some_and(|text| text.contains("one hour")),
        "readers without blocks: {message}"
    );

    let reply = json!({"type": "app_mention", "user": "U1ANN", "text": format!("<@{BOT}> what does ERR-4012 mean?"),
        "ts": "1700000002.000100", "thread_ts": "1700000001.000100", "channel": "C0GENERAL"});
    bot.sends(&callback("Ev2", reply)).await;
    let message = bot.slack.messages(2).await.remove(1);
    assert_eq!(message["thread_ts"], "1700000001.000100", "in the thread where it was asked");
    let follow_up = json!({"type": "app_mention", "user": "U1ANN", "text": format!("<@{BOT}> And how long do I soak it?"),
        "ts": "1700000003.000100", "thread_ts": "1700000001.000100", "channel": "C0GENERAL"});
    bot.sends(&callback("Ev3", follow_up)).await;
    let shown = self::shown(&bot.slack.messages(3).await[2]);
    assert!(shown.contains("one hour"), "a reply in the thread goes on from what was asked there: {shown}");
    assert_eq!(bot.finish().refused(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_message_is_answered_in_its_language() {
    let bot = Bot::start();
    bot.sends(&callback("Ev1", direct("员工每年有几天带薪年假？", "1700000001.000100"))).await;
    let answer = bot.slack.messages(1).await.remove(0);
    assert_eq!((&answer["channel"], &answer["thread_ts"]), (&json!("D0DIRECT"), &json!("1700000001.000100")));
    assert!(shown(&answer).contains("十五天") && shown(&answer).contains("年假.md"), "{answer:#}");

    bot.sends(&callback("Ev2", direct("海王星上的紫色独角兽吃什么果酱？", "1700000002.000100"))).await;
    let refusal = shown(&bot.slack.messages(2).await[1]);
    assert!(refusal.contains("没有"), "{refusal}");
    bot.sends(&callback("Ev3", direct("   ", "1700000003.000100"))).await;
    assert!(!shown(&bot.slack.messages(3).await[2]).is_empty(), "an empty question gets a word, too");
    assert_eq!(bot.finish().refused(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_answered_once_and_the_bot_does_not_answer_itself() {
    let bot = Bot::start();
    let event = callback("Ev1", mention("what does ERR-4012 mean?", "1700000001.000100"));
    for _ in 0..3 {
        bot.sends(&event).await;
    }
    let at_once = callback("Ev2", mention("what does ERR-4012 mean?", "1700000002.000100"));
    tokio::join!(bot.sends(&at_once), bot.sends(&at_once));
    let (text, ts) = ("ERR-4012?", "1700000003.000100");
    let mut own = direct(text, ts);
    own["user"] = json!(BOT);
    let mut of_a_bot = direct(text, ts);
    of_a_bot["bot_id"] = json!("B1");
    let mut edited = direct(text, ts);
    edited["subtype"] = json!("message_changed");
    let mut in_a_channel = direct(text, ts);
    in_a_channel["channel_type"] = json!("channel");
    let reaction = json!({"type": "reaction_added", "user": "U1ANN", "reaction": "eyes"});
    for (number, event) in [own, of_a_bot, edited, in_a_channel, reaction].into_iter().enumerate() {
        bot.sends(&callback(&format!("EvIgnored{number}"), event)).await;
    }
    bot.sends(&json!({"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1})).await;
    let slack = bot.finish();
    let mut threads: Vec<String> = slack.posted().iter().map(|message| message["thread_ts"].to_string()).collect();
    threads.sort();
    assert_eq!(threads, ["\"1700000001.000100\"", "\"1700000002.000100\""]);
    assert_eq!(slack.refused(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_waits_when_slack_asks_it_to() {
    let bot = Bot::start();
    bot.slack.limit(1);
    let begun = Instant::now();
    bot.sends(&callback("Ev1", mention("what does ERR-4012 mean?", "1700000001.000100"))).await;
    assert_eq!(bot.slack.messages(1).await.len(), 1);
    assert!(begun.elapsed() >= Duration::from_secs(1), "Retry-After was 1 second, it waited {:?}", begun.elapsed());
    assert_eq!(bot.finish().posted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_slack_refuses_harms_nobody() {
    let bot = Bot::start();
    let mut event = mention("what does ERR-4012 mean?", "1700000001.000100");
    event["channel"] = json!("C0UNKNOWN");
    bot.sends(&callback("Ev1", event)).await;
    bot.sends(&callback("Ev2", mention("what does ERR-4012 mean?", "1700000002.000100"))).await;
    assert_eq!(bot.slack.messages(1).await[0]["thread_ts"], "1700000002.000100");
    let _: Value = ok(bot.http.get("/readyz")).await;
    assert_eq!(bot.finish().refused(), ["channel_not_found"]);
}

/// Nobody in Slack is known by name: what is for a group is not for Slack.
#[tokio::test(flavor = "multi_thread")]
async fn documents_of_a_group_are_not_told() {
    let bot = Bot::with(|taproot| {
        let wages = taproot.root().join("wages");
        std::fs::create_dir_all(&wages).expect("a folder");
        std::fs::write(wages.join("wages.md"), "# Wages\n\nThe wage of the lighthouse keeper is 4321 euros.\n")
            .expect("a file");
        let report: Report = taproot.json(&["ingest", "--allow", "hr", &wages.to_string_lossy()]);
        assert_eq!(report.added, 1);
    });
    bot.sends(&callback("Ev1", mention("What is the wage of the lighthouse keeper?", "1700000001.000100"))).await;
    let told = bot.slack.messages(1).await.remove(0).to_string();
    assert!(!told.contains("4321") && !told.contains("wages.md"), "{told}");
    let answer: Value =
        ok(bot.http.post("/v1/ask", &json!({"question": "What is the wage of the lighthouse keeper?"}))).await;
    assert!(answer["answer"].as_str().is_some_and(|text| text.contains("4321")), "the owner sees it: {answer}");
}
