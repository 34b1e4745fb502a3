//! What leaves the machine: a task → the messages that are sent, and nothing else of it.
//!
//! They hold the rules, as much of the passages as there is room for (their titles and whole sentences), and the question. Not the
//! asker, not uris, paths, labels or dates of documents, not the conversation.
//!
//! Invariant: of a collection that is closed to the upstream model no character leaves. Its passages are taken out of the task before
//! anything is packed. The conversation may have brought words of its documents into the standalone question, so that as soon
//! as any collection is closed, the question is sent as its asker typed it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::tokens::estimate;
use crate::answer::compose::prompt::{self, Message};
use crate::answer::compose::{Source, Task, pack};
use crate::retrieve::Found;
use crate::{Error, Result, UpstreamFailure};

/// Tokens of the shape of a chat, which no text shows: marks of each message and of the answer.
const CHAT_TOKENS: usize = 32;

pub struct Gate {
    /// Names as [`folded`] writes them.
    closed: BTreeSet<String>,
    max_context_tokens: usize,
    max_answer_tokens: usize,
}

impl Gate {
    pub fn new(closed: &BTreeSet<String>, max_context_tokens: usize, max_answer_tokens: usize) -> Self {
        Self { closed: closed.iter().map(|name| folded(name)).collect(), max_context_tokens, max_answer_tokens }
    }

    /// Whether a passage may be sent.
    pub fn may_leave(&self, hit: &Found) -> bool {
        !self.closed.contains(&folded(&hit.chunk.collection))
    }

    /// What is sent for a task.
    pub fn messages(&self, task: &Task) -> Result<Vec<Message>> {
        let (open, kept) = self.opened(task);
        if kept.is_empty() && !task.found.is_empty() {
            return Err(nothing(
                UpstreamFailure::Forbidden,
                "every passage found is of a collection that may not be sent",
            ));
        }
        let taken = estimate(prompt::rules(open.language)) + estimate(&open.question) + CHAT_TOKENS;
        let room = self.max_context_tokens.saturating_sub(self.max_answer_tokens + taken);
        let packed = pack::pack(&open, room, estimate);
        if packed.is_empty() {
            return Err(nothing(UpstreamFailure::NothingToSend, "there is no passage that could be sent"));
        }
        // The numbers are those of the whole task, by which citations are found again.
        let numbered = packed.into_iter().map(|source| {
            let hit = kept[source.hit];
            Source { n: Source::number(hit), hit, ..source }
        });
        Ok(prompt::messages(&open, &numbered.collect::<Vec<_>>()))
    }

    /// The task without what may not leave, and the places that its passages had.
    fn opened(&self, task: &Task) -> (Task, Vec<usize>) {
        let kept: Vec<usize> = (0..task.found.len()).filter(|hit| self.may_leave(&task.found[*hit])).collect();
        let mut evidence = (*task.evidence).clone();
        evidence.candidates.retain_mut(|candidate| match kept.binary_search(&candidate.hit) {
            Ok(place) => {
                candidate.hit = place;
                true
            }
            Err(_) => false,
        });
        let question = if self.closed.is_empty() { &task.question } else { &task.asked };
        let open = Task {
            question: question.clone(),
            asked: task.asked.clone(),
            language: task.language,
            found: Arc::new(kept.iter().map(|hit| task.found[*hit].clone()).collect()),
            evidence: Arc::new(evidence),
            asker: String::new(),
        };
        (open, kept)
    }
}

/// A slip in the case of a collection's name must not open it.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

fn nothing(kind: UpstreamFailure, detail: &str) -> Error {
    Error::Upstream { kind, detail: detail.into() }
}
