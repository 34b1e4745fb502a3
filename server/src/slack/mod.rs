//! The Slack bot: a mention or a direct message in, an answer with numbered sources in the thread out.
//!
//! ```text
//! POST /slack/events → signature → events (what is it? seen before?) → questions (64 wait) → engine → blocks → client
//! ```
//!
//! Slack wants its 200 within three seconds and sends an event again otherwise, so an event is only queued while
//! Slack waits. Nobody in Slack is known by name here: answers come from documents that are open to everybody.

mod blocks;
mod client;
pub mod events;
mod questions;
mod seen;
mod signature;

use actix_web::web::Data;
use parking_lot::Mutex;
use taproot_engine::Engine;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::access::Access;
use crate::config::SlackConfig;
use crate::error::Result;
use crate::metrics::Metrics;
use questions::Question;
use seen::Seen;

/// Questions that may wait; Slack is told to come back when there are more.
const MAX_WAITING: usize = 64;

/// Takes events from Slack. It works from the start of the server on; what is asked before the engine is open waits.
pub struct SlackDesk {
    signing_secret: String,
    seen: Mutex<Seen>,
    questions: mpsc::Sender<Question>,
    metrics: Metrics,
}

/// Answers what the desk has taken.
pub struct SlackAnswerer {
    client: client::Client,
    questions: mpsc::Receiver<Question>,
    metrics: Metrics,
}

/// The two ends of the bot.
pub fn connect(config: &SlackConfig, metrics: &Metrics) -> Result<(SlackDesk, SlackAnswerer)> {
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    let desk = SlackDesk {
        signing_secret: config.signing_secret.clone(),
        seen: Mutex::new(Seen::default()),
        questions: sender,
        metrics: metrics.clone(),
    };
    let client = client::Client::new(config)?;
    Ok((desk, SlackAnswerer { client, questions: receiver, metrics: metrics.clone() }))
}

impl SlackAnswerer {
    /// Answers until the desk is gone, which is when the HTTP server has stopped.
    pub fn start(self, engine: Engine, access: Data<Access>) -> JoinHandle<()> {
        let desk = questions::Desk { engine, access, client: self.client, metrics: self.metrics };
        tokio::spawn(questions::answer_all(desk, self.questions))
    }
}
