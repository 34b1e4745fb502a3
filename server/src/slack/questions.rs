//! The queue behind the desk: each question is answered into its thread, a few at a time.

use std::sync::Arc;

use actix_web::web::Data;
use taproot_engine::{AccessScope, Asker, Engine, Error};
use taproot_schemas::account::CallerKind;
use taproot_schemas::answer::{Answer, AskRequest};
use taproot_schemas::audit::Actor;
use taproot_schemas::error::ErrorCode;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::blocks::{self, Message};
use super::client::Client;
use crate::access::{Access, Trail};
use crate::metrics::Metrics;

/// Questions that are worked on at a time; the engine bounds the work itself.
const AT_A_TIME: usize = 4;

/// What answers are made and posted with.
#[derive(Clone)]
pub struct Desk {
    pub engine: Engine,
    pub access: Data<Access>,
    pub client: Client,
    pub metrics: Metrics,
}

/// A question and the thread that its answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// May be empty: a mention without a word.
    pub text: String,
    /// Slack's id of the workspace.
    pub team: String,
    pub channel: String,
    pub thread_ts: String,
}

/// Answers questions until the queue is closed, and ends when the last answer is posted.
pub async fn answer_all(desk: Desk, mut questions: mpsc::Receiver<Question>) {
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut working = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        let Some(question) = questions.recv().await else { break };
        let Desk { engine, access, client, metrics } = desk.clone();
        working.spawn(async move {
            let message = message_for(&engine, access, &question).await;
            match client.post(&question.channel, &question.thread_ts, &message).await {
                Ok(()) => metrics.slack_event("answered"),
                Err(error) => {
                    tracing::error!(%error, "cannot post an answer to Slack");
                    metrics.slack_event("failed");
                }
            }
            drop(place);
        });
        // Forget those that have ended.
        while working.try_join_next().is_some() {}
    }
    while working.join_next().await.is_some() {}
}

async fn message_for(engine: &Engine, access: Data<Access>, question: &Question) -> Message {
    match answer(engine, access, question).await {
        Ok(answer) => blocks::answer(&answer),
        Err(error) => {
            let told = match error.code() {
                ErrorCode::EmptyQuery => "Ask me a question about your documents. · 请就文档内容向我提问。".to_string(),
                ErrorCode::QueryTooLong => error.to_string(),
                ErrorCode::Overloaded => "Too many questions at once, please ask again in a minute.".to_string(),
                _ => {
                    tracing::error!(error = %crate::error::chain(&error), "cannot answer a question from Slack");
                    "Something failed while I looked for an answer. The log of the server has the reason.".to_string()
                }
            };
            blocks::note(&told)
        }
    }
}

/// A thread is a conversation: what is asked in it goes on from what was asked there before.
async fn answer(engine: &Engine, access: Data<Access>, question: &Question) -> Result<Answer, Error> {
    let Question { text, team, channel, thread_ts } = question;
    let asker = Asker::Known(format!("slack:{team}:{channel}:{thread_ts}"));
    let before = engine.conversations(&asker, 1, None).await?.conversations;
    let conversation_id = before.into_iter().next().map(|conversation| conversation.id);
    let request = AskRequest { question: text.clone(), conversation_id, ..AskRequest::default() };
    let answer = engine.converse(&AccessScope::groups(Vec::new()), &asker, &request, None).await?;
    let actor = Actor { kind: CallerKind::Slack, id: None, name: format!("{team} {channel}") };
    let trail = Trail::begin(access, "ask", actor, "slack".into(), None, None);
    trail.question(text);
    trail.answer(&answer);
    trail.end(200, None, true);
    Ok(answer)
}
