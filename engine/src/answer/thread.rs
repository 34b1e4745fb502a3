//! The conversation that a question belongs to.
//!
//! Comes in: what is before the question, and the request. Goes out: the question as it stands alone, the id, and at the
//! end the turn into the store. What earlier answers took from documents that the asker cannot read any more is out before
//! anything is made of it; what the caller tells of earlier turns is the caller's own.

use std::time::{SystemTime, UNIX_EPOCH};

use taproot_schemas::answer::{Answer, AskRequest, Status};
use taproot_schemas::conversation::Turn;

use super::resolve::{Past, Resolved, resolve};
use super::withdraw::Readable;
use super::{Answerer, ground, say};
use crate::retrieve::{Found, Query};
use crate::store::{Filter, Reach, StoredTurn, rfc3339};
use crate::{AccessScope, Asker, Error, Result};

/// Turns before the question that are looked at.
const HISTORY: usize = 8;
/// What a word that the conversation adds counts for beside the question's own: where the question needs it, and where it
/// is a guess.
const CARRIED_WEIGHT: f32 = 0.6;
const GUESSED_WEIGHT: f32 = 0.4;
/// Characters that a conversation adds to the longest question at the most: three phrases.
const ADDED_CHARS: usize = 500;
/// Characters of an earlier answer that are looked at, where the caller tells it.
const MAX_TOLD_CHARS: usize = 8_000;
/// Bits of an id: whoever has it may go on with an anonymous conversation.
const ID_BYTES: usize = 16;

/// What is before a question.
#[derive(Debug, Clone, Copy)]
pub enum Before<'a> {
    /// A conversation of the asker's, which the request names, or which begins here. The turn is kept.
    Kept(&'a Asker),
    /// What the caller tells of it, the oldest first; nothing when the question stands for itself. Nothing is kept.
    Told(&'a Asker, &'a [Said]),
}

impl<'a> Before<'a> {
    /// Who asks.
    pub fn asker(self) -> &'a Asker {
        match self {
            Before::Kept(asker) | Before::Told(asker, _) => asker,
        }
    }
}

/// An earlier turn as a caller tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub question: String,
    /// As it was given, with its marks; `None` when there was none.
    pub answer: Option<String>,
}

/// A question's place in a conversation.
pub struct Thread {
    /// `None`: nothing is kept.
    asker: Option<Asker>,
    id: String,
    is_new: bool,
    asked_ms: i64,
    resolved: Resolved,
    /// What the asker can see.
    reach: Reach,
}

impl Thread {
    /// Finds the conversation, or begins one, and makes the question stand alone.
    ///
    /// # Errors
    /// [`Error::ConversationNotFound`] when the request names one that is not the asker's.
    pub async fn open(
        answerer: &Answerer,
        before: Before<'_>,
        scope: &AccessScope,
        request: &AskRequest,
    ) -> Result<Thread> {
        // What is no question is told before anything is looked up.
        Query::question(&request.question, answerer.max_query_chars)?;
        let asked_ms = now_ms();
        let history = match (&request.conversation_id, before) {
            (Some(id), Before::Kept(asker)) => answerer.history(asker, scope, id).await?,
            (Some(_), Before::Told(..)) => return Err(Error::ConversationNotFound),
            (None, Before::Kept(_)) => Vec::new(),
            (None, Before::Told(_, said)) => answerer.told(scope, said).await?,
        };
        let resolved = answerer.resolve(scope.clone(), history, request.question.clone()).await?;
        Ok(Thread {
            asker: match before {
                Before::Kept(asker) if request.keep != Some(false) => Some(asker.clone()),
                _ => None,
            },
            id: request.conversation_id.clone().unwrap_or_else(new_id),
            is_new: request.conversation_id.is_none(),
            asked_ms,
            resolved,
            reach: Reach::of(scope),
        })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// The question with what the conversation adds.
    pub fn standalone(&self) -> &str {
        &self.resolved.standalone
    }

    /// What is searched and read for: the words that the conversation added count for less than those that were typed.
    pub fn query(&self, request: &AskRequest, max_query_chars: usize) -> Result<Query> {
        query(&request.question, &self.resolved, max_query_chars)
    }

    /// Whether what is asked here is kept, so that something can be said of the answer later.
    pub fn is_kept(&self) -> bool {
        self.asker.is_some()
    }

    /// Keeps the turn. When it returns, the turn outlives the process. An answer that cannot be kept is given all the same:
    /// a full disk keeps nobody from asking.
    pub async fn keep(&self, answerer: &Answerer, answer: &Answer) {
        let Some(asker) = &self.asker else { return };
        let turn = StoredTurn {
            number: 0,
            asked_ms: self.asked_ms,
            carried: self.resolved.carried.clone(),
            sure: self.resolved.sure,
            answer: answer.clone(),
            feedback: None,
            handed_on_ms: None,
        };
        if let Err(error) = answerer.conversations.keep(asker, &self.reach, &self.id, self.is_new, &turn).await {
            tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "a turn could not be kept");
        }
    }
}

impl Answerer {
    /// The turns of a conversation as its asker may read them today, the oldest first.
    pub async fn transcript(&self, asker: &Asker, scope: &AccessScope, id: &str, limit: usize) -> Result<Vec<Turn>> {
        let readable = self.readable(asker, scope, id, limit).await?;
        Ok(readable
            .into_iter()
            .map(|(turn, withdrawn)| Turn {
                number: turn.number,
                asked_at: rfc3339(turn.asked_ms),
                answer: turn.answer,
                withdrawn,
                feedback: turn.feedback,
                handed_on_at: turn.handed_on_ms.map(rfc3339),
            })
            .collect())
    }

    /// A question as it stands alone after these turns, the oldest first. How rare a word is, is counted among what the
    /// scope sees.
    pub async fn resolve(&self, scope: AccessScope, history: Vec<Past>, question: String) -> Result<Resolved> {
        // A first question waits for no thread.
        if history.is_empty() {
            return Ok(Resolved::alone(&question));
        }
        let lexical = self.retriever.lexical.clone();
        let rarity = move |terms: &[String]| lexical.idf(terms, &scope);
        self.retriever.executor.run(move || resolve(&history, &question, &rarity)).await
    }

    /// The best `k` passages for a question after these turns.
    pub async fn retrieve(&self, filter: &Filter, history: Vec<Past>, question: &str, k: usize) -> Result<Vec<Found>> {
        let resolved = self.resolve(filter.scope.clone(), history, question.to_owned()).await?;
        let query = query(question, &resolved, self.max_query_chars)?;
        Ok(self.retriever.search(&query, filter, k).await?.found)
    }

    /// Earlier turns as if they had been kept: a follow-up among them is understood by those before it.
    async fn told(&self, scope: &AccessScope, said: &[Said]) -> Result<Vec<Past>> {
        let mut history: Vec<Past> = Vec::new();
        for turn in &said[said.len().saturating_sub(HISTORY)..] {
            let question: String = turn.question.chars().take(self.max_query_chars).collect();
            let resolved = self.resolve(scope.clone(), history.clone(), question.clone()).await?;
            let answer = turn.answer.as_deref().filter(|answer| !say::is_refusal(answer)).map(|answer| {
                let (text, _) = ground::strip_marks(answer);
                text.chars().take(MAX_TOLD_CHARS).collect()
            });
            history.push(Past { question, carried: resolved.carried, sure: resolved.sure, answer });
        }
        Ok(history)
    }

    async fn history(&self, asker: &Asker, scope: &AccessScope, id: &str) -> Result<Vec<Past>> {
        let readable = self.readable(asker, scope, id, HISTORY).await?;
        Ok(readable
            .into_iter()
            .map(|(turn, _)| Past {
                carried: turn.carried,
                sure: turn.sure,
                answer: (turn.answer.status == Status::Answered && !turn.answer.sentences.is_empty())
                    .then(|| said(&turn.answer)),
                question: turn.answer.question,
            })
            .collect())
    }

    async fn readable(
        &self,
        asker: &Asker,
        scope: &AccessScope,
        id: &str,
        limit: usize,
    ) -> Result<Vec<(StoredTurn, Vec<u32>)>> {
        let turns = self.conversations.turns(asker, id, limit).await?;
        let cited = turns.iter().flat_map(|turn| &turn.answer.citations).map(|citation| citation.document_id.as_str());
        let visible = self.retriever.catalog.visible(scope, cited).await?;
        Ok(Readable { visible }.read(turns))
    }
}

fn query(question: &str, resolved: &Resolved, max_query_chars: usize) -> Result<Query> {
    let typed = Query::question(question, max_query_chars)?;
    if resolved.carried.is_empty() {
        return Ok(typed);
    }
    let weight = if resolved.sure { CARRIED_WEIGHT } else { GUESSED_WEIGHT };
    let mut query = Query::question(&resolved.standalone, max_query_chars.saturating_add(ADDED_CHARS))?;
    for term in query.terms.iter().filter(|term| !typed.terms.contains(term)) {
        *query.lighter.entry(term.clone()).or_insert(1.0) *= weight;
    }
    Ok(query)
}

/// What an answer is about: its sentences, with the titles and headings that they stand under.
fn said(answer: &Answer) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for citation in &answer.citations {
        let heading = citation.heading.as_deref().and_then(|path| path.rsplit(" › ").next());
        lines.extend([citation.title.as_str()].into_iter().chain(heading));
    }
    lines.extend(answer.sentences.iter().map(|sentence| sentence.text.as_str()));
    lines.join("\n")
}

/// 128 random bits.
fn new_id() -> String {
    let bytes: [u8; ID_BYTES] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Milliseconds since 1970 UTC.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::new_id;

    #[test]
    fn an_id_says_nothing_of_the_next() {
        let (one, other) = (new_id(), new_id());
        assert_eq!(one.len(), 32);
        let same = one.chars().zip(other.chars()).filter(|(a, b)| a == b).count();
        assert!(same < 16, "{one} {other}");
    }
}
