//! Questions that the documents did not answer well, filed by what they ask for.
//!
//! Comes in: what the conversations note (a refusal, a rating, a question passed on). Goes out: topics, for those who look
//! after the documents. A question is filed once, when it is noted: under the topic of the same text, else under the nearest
//! topic that is near enough ([`near`]), else under a new one. What is compared is analysed on the engine's threads.
//! Who asked, and how long what was asked is kept, is the store's business.

mod near;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use taproot_schemas::question::{Topic, TopicDecision, TopicDocument, TopicKind, TopicList, TopicQuestion, TopicState};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::executor::Executor;
use crate::models::Models;
use crate::retrieve::Query;
use crate::store::{
    Catalog, Conversations, Filed, Known, ListTopics, StoredQuestion, StoredTopic, Unfiled, Wording, rfc3339,
};
use crate::{AccessScope, Error, Result};

/// Questions that are filed in one transaction.
const BATCH: usize = 32;
/// Of those that wait, so many are filed before topics are listed.
const BEFORE_A_LIST: usize = 256;
/// Characters of a question that are looked at: the longest ones are texts that somebody pasted.
const MAX_CHARS: usize = 1_000;
/// Wordings of a topic that are shown, and notes of each.
const SHOWN: usize = 10;
/// After a failure, or when all threads are taken.
const RETRY: Duration = Duration::from_secs(5);

/// Cheap to clone; all clones file in turn.
#[derive(Clone)]
pub struct Questions {
    conversations: Conversations,
    catalog: Catalog,
    models: Arc<Models>,
    executor: Executor,
    /// One files at a time, or two would make a topic each of the same question.
    filing: Arc<Mutex<()>>,
}

impl Questions {
    pub fn new(conversations: Conversations, catalog: Catalog, models: Arc<Models>, executor: Executor) -> Questions {
        Questions { conversations, catalog, models, executor, filing: Arc::default() }
    }

    /// Files whatever is noted, until the conversations are closed.
    pub fn keep_filed(&self) {
        let questions = self.clone();
        tokio::spawn(async move {
            loop {
                match questions.file(usize::MAX).await {
                    Ok(()) => questions.conversations.noted().await,
                    Err(Error::Stopped) => return,
                    Err(error) => {
                        if !matches!(error, Error::Overloaded { .. }) {
                            tracing::warn!(%error, "questions cannot be filed by topic now");
                        }
                        tokio::time::sleep(RETRY).await;
                    }
                }
            }
        });
    }

    /// Files what waits, at most about so many.
    async fn file(&self, most: usize) -> Result<()> {
        let _in_turn = self.filing.lock().await;
        let mut filed = 0;
        while filed < most {
            let unfiled = self.conversations.unfiled(BATCH).await?;
            if unfiled.is_empty() {
                break;
            }
            filed += unfiled.len();
            let known = match unfiled.iter().all(|question| question.topic.is_some()) {
                true => Vec::new(),
                false => self.conversations.wordings().await?,
            };
            let models = Arc::clone(&self.models);
            let placed = self.executor.run(move || place(&models, unfiled, known)).await?;
            self.conversations.file(&placed).await?;
        }
        Ok(())
    }

    /// A page of topics as a caller may see them.
    pub async fn list(&self, scope: &AccessScope, list: &ListTopics) -> Result<TopicList> {
        match self.file(BEFORE_A_LIST).await {
            // What cannot be filed now is filed later.
            Ok(()) | Err(Error::Overloaded { .. }) => {}
            Err(error) => return Err(error),
        }
        let (stored, next_cursor) = self.conversations.topics(scope, list).await?;
        let mut topics = Vec::with_capacity(stored.len());
        for topic in stored {
            // Its last question may have been deleted since.
            topics.extend(self.told(scope, topic).await?);
        }
        Ok(TopicList { topics, next_cursor })
    }

    /// Decides what becomes of a topic. A document that is named has to be one that the caller sees.
    pub async fn decide(&self, scope: &AccessScope, id: &str, decision: &TopicDecision) -> Result<Topic> {
        if decision.document_id.is_some() && decision.state != TopicState::Answered {
            let detail = "a document belongs to the state answered".to_owned();
            return Err(Error::InvalidRequest { what: "document_id", detail });
        }
        if let Some(document) = &decision.document_id {
            self.catalog.document(scope, document).await?;
        }
        let (document, note) = (decision.document_id.as_deref(), decision.note.as_deref());
        self.conversations.topic(scope, id).await?;
        self.conversations.decide(id, decision.state, document, note).await?;
        let topic = self.conversations.topic(scope, id).await?;
        self.told(scope, topic).await?.ok_or_else(|| Error::TopicNotFound { id: id.to_owned() })
    }

    async fn told(&self, scope: &AccessScope, topic: StoredTopic) -> Result<Option<Topic>> {
        // A question as it stands alone has words of the answer before, which may be from a document that this caller is not
        // to know of.
        let sees_all = scope.groups.is_none() && scope.collections.is_none();
        let stored = self.conversations.questions(scope, &topic.id).await?;
        // Whoever is not shown every question is told no number of the others.
        let topic = if sees_all { topic } else { counted(topic, &stored) };
        let questions = by_wording(stored, sees_all);
        let Some(first) = questions.first() else { return Ok(None) };
        let document = match &topic.document_id {
            None => None,
            Some(id) => match self.catalog.document(scope, id).await {
                Ok(document) => Some(TopicDocument { id: document.id, uri: document.uri, title: document.title }),
                Err(Error::DocumentNotFound { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        Ok(Some(Topic {
            label: first.question.clone(),
            kind: kind(&topic),
            id: topic.id,
            state: topic.state,
            count: topic.count,
            unanswered: topic.unanswered,
            down: topic.down,
            handoffs: topic.handoffs,
            askers: topic.askers,
            first_at: rfc3339(topic.first_ms),
            last_at: rfc3339(topic.last_ms),
            questions,
            document,
            note: topic.note,
            decided_at: topic.decided_ms.map(rfc3339),
        }))
    }
}

/// The topic as if there were no questions but these.
fn counted(topic: StoredTopic, questions: &[StoredQuestion]) -> StoredTopic {
    let count = |of: fn(&StoredQuestion) -> bool| questions.iter().filter(|question| of(question)).count() as u64;
    let times = || questions.iter().map(|question| question.asked_ms);
    StoredTopic {
        count: questions.len() as u64,
        unanswered: count(|question| question.unanswered),
        down: count(|question| question.down),
        handoffs: count(|question| question.handed_on),
        askers: questions.iter().map(|question| question.asker.as_str()).collect::<HashSet<_>>().len() as u64,
        first_ms: times().min().unwrap_or(topic.first_ms),
        last_ms: times().max().unwrap_or(topic.last_ms),
        ..topic
    }
}

fn kind(topic: &StoredTopic) -> TopicKind {
    let counts = [
        (topic.unanswered, TopicKind::Unanswered),
        (topic.down, TopicKind::Down),
        (topic.handoffs, TopicKind::Handoff),
    ];
    // Of equals the first.
    counts.into_iter().rev().max_by_key(|(count, _)| *count).map_or(TopicKind::Unanswered, |(_, kind)| kind)
}

/// The wordings, the most frequent first, of questions that come newest first.
fn by_wording(questions: Vec<StoredQuestion>, standalone: bool) -> Vec<TopicQuestion> {
    let mut found: Vec<TopicQuestion> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for question in questions {
        let place = *places.entry(question.spelling.clone()).or_insert_with(|| {
            found.push(TopicQuestion {
                question: if standalone { question.standalone } else { question.question },
                count: 0,
                last_at: rfc3339(question.asked_ms),
                answer_id: question.answer_id,
                notes: Vec::new(),
            });
            found.len() - 1
        });
        let wording = &mut found[place];
        wording.count += 1;
        wording.notes.extend(question.notes);
        wording.notes.truncate(SHOWN);
    }
    // Stable: of equals the newest.
    found.sort_by_key(|wording| std::cmp::Reverse(wording.count));
    found.truncate(SHOWN);
    found
}

/// The topic of each question: a known one, or one that is made.
fn place(models: &Models, unfiled: Vec<Unfiled>, mut known: Vec<Known>) -> Result<Vec<Filed>> {
    let mut placed: Vec<Filed> = Vec::with_capacity(unfiled.len());
    for Unfiled { conversation, number, standalone, realm, topic } in unfiled {
        let wording = wording(models, &standalone)?;
        let topic = topic.or_else(|| nearest(&wording, &realm, &known).cloned());
        let topic = topic.unwrap_or_else(|| Uuid::now_v7().to_string());
        known.push(Known { topic: topic.clone(), realm: realm.clone(), wording: wording.clone() });
        placed.push(Filed { conversation, number, topic, realm, wording });
    }
    Ok(placed)
}

fn nearest<'a>(wording: &Wording, realm: &str, known: &'a [Known]) -> Option<&'a String> {
    let known = known.iter().filter(|known| known.realm == realm);
    let near = known.filter_map(|known| Some((near::near(wording, &known.wording)?, &known.topic)));
    near.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, topic)| topic)
}

fn wording(models: &Models, question: &str) -> Result<Wording> {
    let question: String = question.chars().take(MAX_CHARS).collect();
    let query = Query::question(&question, MAX_CHARS.saturating_mul(4))?;
    let knows = query.language.is_some_and(|language| models.embedder.knows(language));
    let vector = match knows {
        true => Some(near::small(&models.embedder.embed_query(&query.text)?)),
        false => None,
    };
    let mut terms = query.terms;
    terms.sort();
    terms.dedup();
    Ok(Wording { terms, vector })
}

#[cfg(test)]
mod tests;
