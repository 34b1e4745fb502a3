//! An answer as it comes about, in the chunks that clients of OpenAI's API read.
//!
//! In: the events of an answer. Out: `data:` lines. OpenAI's stream cannot take anything back; a sentence that was
//! shown is only ever replaced when the model that wrote fails half-way, and then the text says so.

use std::collections::HashSet;
use std::convert::Infallible;

use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use futures_util::Stream;
use serde::Serialize;
use taproot_engine::Engine;
use taproot_schemas::answer::{Answer, AnswerEvent};
use taproot_schemas::openai::{ChatChunk, ChatChunkChoice, ChatDelta, ChatRole, TokenUsage};
use uuid::Uuid;

use super::super::ask::Asking;
use super::super::shape::Shape;
use super::super::sse::{HEARTBEAT, KEEP_ALIVE};
use super::{chat, now};

/// In both languages, since a stream knows of its question only what the answer will say.
const TAKEN_BACK: &str = "\n\n— The lines above are withdrawn: the model that wrote them failed. The documents say: / \
     以上内容作废：生成模型中断。文档原文如下：\n\n";

/// What is the same in all chunks of an answer.
pub struct Head {
    pub id: String,
    pub created: u64,
    pub model: String,
}

impl Head {
    pub fn new(model: String) -> Head {
        Head { id: format!("chatcmpl-{}", Uuid::now_v7().simple()), created: now(), model }
    }

    fn chunk(&self, choices: Vec<ChatChunkChoice>, usage: Option<TokenUsage>) -> Bytes {
        data(&ChatChunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".into(),
            created: self.created,
            model: self.model.clone(),
            choices,
            usage,
        })
    }

    fn delta(&self, delta: ChatDelta, finish: Option<&str>) -> Bytes {
        self.chunk(
            vec![ChatChunkChoice { index: 0, delta, finish_reason: finish.map(str::to_owned), logprobs: None }],
            None,
        )
    }
}

/// Writes `first`, then what `asking` brings until it ends; with `usage_of`, what it cost as well. When the stream is
/// dropped, because the reader is gone, `asking` is dropped with it and the work stops.
pub fn stream(
    head: Head,
    first: AnswerEvent,
    asking: Asking,
    usage_of: Option<(Engine, Vec<String>)>,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let role = ChatDelta { role: Some(ChatRole::Assistant), content: Some(String::new()), context: None };
    let begin = head.delta(role, None);
    let telling = Telling { head, asking, usage_of, next: Some(first), shown: HashSet::new(), ended: false };
    futures_util::stream::unfold((Some(begin), telling), |(begin, mut telling)| async move {
        if let Some(begin) = begin {
            return Some((Ok(begin), (None, telling)));
        }
        let bytes = telling.next().await?;
        Some((Ok(bytes), (None, telling)))
    })
}

struct Telling {
    head: Head,
    asking: Asking,
    usage_of: Option<(Engine, Vec<String>)>,
    /// An event that was looked at already.
    next: Option<AnswerEvent>,
    /// Numbers of the sentences that stand in what was sent.
    shown: HashSet<u32>,
    ended: bool,
}

impl Telling {
    /// The next bytes; none when all was told.
    async fn next(&mut self) -> Option<Bytes> {
        while !self.ended {
            let event = match self.next.take() {
                Some(event) => event,
                None => match tokio::time::timeout(KEEP_ALIVE, self.asking.next()).await {
                    Ok(event) => event?,
                    Err(_) => return Some(HEARTBEAT),
                },
            };
            if let Some(bytes) = self.told(event).await {
                return Some(bytes);
            }
        }
        None
    }

    async fn told(&mut self, event: AnswerEvent) -> Option<Bytes> {
        match event {
            AnswerEvent::SearchResults(_) | AnswerEvent::Citation(_) => None,
            AnswerEvent::Message(message) => {
                self.shown.insert(message.sentence);
                Some(self.content(message.delta))
            }
            AnswerEvent::Retract(taken_back) => {
                if !self.shown.contains(&taken_back.sentence) {
                    return None;
                }
                // All that was shown is taken back together, and told once.
                self.shown.clear();
                Some(self.content(TAKEN_BACK.to_owned()))
            }
            AnswerEvent::FinalAnswer(answer) => {
                self.ended = true;
                Some(self.end(&answer).await)
            }
            AnswerEvent::Error(told) => {
                self.ended = true;
                Some(data(&Shape::OpenAi.body(told, None, &HeaderMap::new())))
            }
        }
    }

    fn content(&self, content: String) -> Bytes {
        self.head.delta(ChatDelta { content: Some(content), ..ChatDelta::default() }, None)
    }

    /// What the answer rests on, that it is whole, and what it cost.
    async fn end(&mut self, answer: &Answer) -> Bytes {
        let context = ChatDelta { context: Some(chat::context(answer)), ..ChatDelta::default() };
        let mut bytes = self.head.delta(context, Some("stop")).to_vec();
        if let Some((engine, texts)) = self.usage_of.take() {
            match chat::usage(&engine, texts, answer).await {
                Ok(usage) => bytes.extend_from_slice(&self.head.chunk(Vec::new(), Some(usage))),
                // The answer is whole all the same.
                Err(error) => tracing::warn!(%error, "the tokens of an answer could not be counted"),
            }
        }
        bytes.extend_from_slice(b"data: [DONE]\n\n");
        bytes.into()
    }
}

fn data(value: &impl Serialize) -> Bytes {
    // None of the types can fail to be written: they have no maps with keys that are no strings.
    let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    Bytes::from(format!("data: {text}\n\n"))
}
