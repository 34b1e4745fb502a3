//! The local language model: evidence → a prompt that fits into its window → what it writes, piece by piece.
//!
//! A model that follows rules gets them, with numbered sources (`prompt = "chat"` in models.toml). A small one gets the
//! best sentences and the question, and no rules (`"short"`): it rewords what the extractive composer would quote, and the
//! number of the passage that they are from is put behind each of its sentences here.
//!
//! Nothing is sent when there is nothing to write from, when the model does not know the language, and when it says that
//! the sources do not answer. Whether what it writes is right is for `ground` to see.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::pack::pack;
use super::prompt::{self, Message, NO_ANSWER};
use super::{Composer, Piece, Source, Spent, Task};
use crate::models::{ChatMessage, End, Generator, Models, Prompt, PromptStyle, Vocabulary, Written};
use crate::text::{SentenceSpan, sentences, slice_chars};
use crate::{Error, Result};

/// Sentences that a small model is shown.
const SHORT_SENTENCES: usize = 2;
/// Candidates among which they are looked for.
const SHORT_CANDIDATES: usize = 4;
/// Where the answer of a small model ends: what comes behind an empty line has left the question.
const SHORT_STOP: &str = "\n\n";
/// The same question gets the same answer, also from a model that draws.
const SEED: u64 = 0;

/// Writes with [`Models::generator`].
pub struct Generative {
    models: Arc<Models>,
}

impl Generative {
    pub fn new(models: Arc<Models>) -> Generative {
        Generative { models }
    }
}

#[async_trait]
impl Composer for Generative {
    /// # Errors
    /// Besides those of [`Composer::compose`]: [`Error::Overloaded`] when too many answers wait for the model, and
    /// [`Error::InvalidRequest`] for a question that leaves no room in its window.
    async fn compose(&self, task: &Task, pieces: &mpsc::Sender<Piece>) -> Result<Spent> {
        let none = || Error::Model { name: "generator".into(), detail: "models.toml names none, or it is off".into() };
        let generator = self.models.generator.as_ref().ok_or_else(none)?;
        let mut spent = Spent { model: Some(generator.name().to_owned()), ..Spent::default() };
        if !task.language.is_none_or(|language| generator.knows(language)) {
            return Ok(spent);
        }
        match generator.description().prompt {
            PromptStyle::Chat if task.found.is_empty() => {}
            PromptStyle::Chat => write_chat(generator, task, pieces, &mut spent).await?,
            PromptStyle::Short => {
                if let Some(evidence) = best_sentences(task) {
                    reword(generator, task, evidence, pieces, &mut spent).await?;
                }
            }
        }
        Ok(spent)
    }
}

/// What the model writes, as it comes.
async fn write_chat(generator: &Generator, task: &Task, pieces: &mpsc::Sender<Piece>, spent: &mut Spent) -> Result<()> {
    let (asked, room) = (task.clone(), Room::of(generator));
    let prepare = move |vocabulary: &Vocabulary| room.prompt(vocabulary, &asked);
    let mut beginning = Some(String::new());
    let mut writing = generator.write(&task.asker, prepare)?;
    while let Some(written) = writing.next().await {
        let text = match written? {
            Written::Text(text) => text,
            Written::End(finished) => {
                spent.count(finished.prompt_tokens, finished.completion_tokens);
                return Ok(());
            }
        };
        // Marks in front of the first word may be those of a refusal, which is not sent.
        let text = match beginning.as_mut() {
            None => text,
            Some(held) => {
                held.push_str(&text);
                if !held.chars().any(char::is_alphanumeric) {
                    continue;
                }
                beginning.take().unwrap_or_default().trim_start().to_owned()
            }
        };
        send(pieces, text).await?;
    }
    Err(Error::Stopped)
}

/// What a small model makes of a few sentences, each of its own with their number behind it. A sentence that it did not
/// end is left out.
async fn reword(
    generator: &Generator,
    task: &Task,
    evidence: Source,
    pieces: &mpsc::Sender<Piece>,
    spent: &mut Spent,
) -> Result<()> {
    let (room, n) = (Room::of(generator), evidence.n);
    let question = task.question.clone();
    let prepare = move |vocabulary: &Vocabulary| room.short_prompt(vocabulary, &question, &evidence.text);
    let mut said = String::new();
    let mut writing = generator.write(&task.asker, prepare)?;
    while let Some(written) = writing.next().await {
        match written? {
            Written::Text(text) => {
                said.push_str(&text);
                for sentence in whole_sentences(&mut said) {
                    send(pieces, format!("{sentence} [{n}] ")).await?;
                }
            }
            Written::End(finished) => {
                spent.count(finished.prompt_tokens, finished.completion_tokens);
                let rest = said.trim();
                if finished.end == End::Stop && rest.chars().any(char::is_alphanumeric) {
                    send(pieces, format!("{rest} [{n}]")).await?;
                }
                return Ok(());
            }
        }
    }
    Err(Error::Stopped)
}

/// Takes the sentences that are followed by another one.
fn whole_sentences(text: &mut String) -> Vec<String> {
    let spans = sentences(text);
    let Some((last, whole)) = spans.split_last() else { return Vec::new() };
    let said = whole.iter().map(|span| slice_chars(text, span.start, span.end).to_owned()).collect();
    if !whole.is_empty() {
        *text = slice_chars(text, last.start, usize::MAX).to_owned();
    }
    said
}

/// The most promising sentences of the passage that has the best one, in the order of the document.
fn best_sentences(task: &Task) -> Option<Source> {
    let candidates = &task.evidence.candidates;
    let hit = candidates.first()?.hit;
    let of_hit = candidates.iter().take(SHORT_CANDIDATES).filter(|candidate| candidate.hit == hit);
    let mut spans: Vec<SentenceSpan> = of_hit.take(SHORT_SENTENCES).map(|candidate| candidate.sentence).collect();
    spans.sort_by_key(|span| span.start);
    let chunk = &task.found.get(hit)?.chunk;
    let said: Vec<&str> = spans.iter().map(|span| slice_chars(&chunk.text, span.start, span.end)).collect();
    Some(Source { n: Source::number(hit), hit, title: chunk.title.clone(), text: said.join(" ") })
}

async fn send(pieces: &mpsc::Sender<Piece>, text: String) -> Result<()> {
    pieces.send(Piece::Text(text)).await.map_err(|_| Error::Cancelled)
}

impl Spent {
    fn count(&mut self, prompt_tokens: usize, completion_tokens: usize) {
        let count = |tokens: usize| u32::try_from(tokens).unwrap_or(u32::MAX);
        (self.prompt_tokens, self.completion_tokens) = (count(prompt_tokens), count(completion_tokens));
    }
}

/// What a model has room for.
struct Room {
    window: usize,
    description: crate::models::Generation,
}

impl Room {
    fn of(generator: &Generator) -> Room {
        Room { window: generator.window(), description: generator.description().clone() }
    }

    /// Rules, as many sources as fit, and the question.
    fn prompt(&self, vocabulary: &Vocabulary, task: &Task) -> Result<Prompt> {
        let without_sources = vocabulary.chat(&chat(prompt::messages(task, &[])))?.len();
        let room = self.for_prompt().saturating_sub(without_sources);
        let mut sources = pack(task, room, |text| vocabulary.count(text));
        loop {
            if sources.is_empty() {
                return Err(self.too_long(without_sources));
            }
            // Tokens of parts do not add up exactly to those of the whole.
            let ids = vocabulary.chat(&chat(prompt::messages(task, &sources)))?;
            if ids.len() <= self.for_prompt() {
                return Ok(self.prompt_of(ids, NO_ANSWER));
            }
            sources.pop();
        }
    }

    fn short_prompt(&self, vocabulary: &Vocabulary, question: &str, text: &str) -> Result<Prompt> {
        let ids = vocabulary.chat(&chat(prompt::short(question, text)))?;
        match ids.len() <= self.for_prompt() {
            true => Ok(self.prompt_of(ids, SHORT_STOP)),
            false => Err(self.too_long(ids.len())),
        }
    }

    fn for_prompt(&self) -> usize {
        self.window.saturating_sub(self.description.max_new_tokens)
    }

    fn prompt_of(&self, ids: Vec<u32>, stop: &str) -> Prompt {
        let mut stops = self.description.stop.clone();
        stops.push(stop.to_owned());
        let max_new_tokens = self.description.max_new_tokens;
        Prompt { ids, max_new_tokens, sampling: self.description.sampling, seed: SEED, stop: stops }
    }

    fn too_long(&self, tokens: usize) -> Error {
        let detail = format!("it takes {tokens} tokens, and the model has room for {}", self.for_prompt());
        Error::InvalidRequest { what: "question", detail }
    }
}

fn chat(messages: Vec<Message>) -> Vec<ChatMessage> {
    messages.into_iter().map(|message| ChatMessage { role: message.role, content: message.content }).collect()
}

#[cfg(test)]
mod tests;
