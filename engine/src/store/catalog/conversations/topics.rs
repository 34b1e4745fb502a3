//! Questions that were not answered well, and the topics that they are filed under.
//!
//! Comes in: what happens to turns (refused, rated, passed on), and which topic a question belongs to. Goes out: what is not
//! filed yet, what to compare it with, and topics with their questions. Which questions ask for the same is decided in
//! `crate::questions`; who asked is counted here and never told.
//!
//! A question is a row that goes with its turn: what an asker deletes, or what is too old, is gone from its topic. A topic
//! without any question is not shown, and goes with the next change.

mod trim;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::question::{TopicKind, TopicState};

use super::feedback::{name, named};
use super::{Conversations, Reach, failed, now_ms};
use crate::store::catalog::bad_json;
use crate::store::catalog::documents::{json, number};
use crate::{AccessScope, Error, Result, text};

/// Wordings of a topic that a new question is compared with, the newest.
const COMPARED: i64 = 4;

/// What happened to a turn.
pub enum Noted {
    Refused,
    Rated { down: bool },
    HandedOn { ms: i64, note: Option<String> },
}

/// A question that has no topic yet.
#[derive(Debug, Clone)]
pub struct Unfiled {
    pub conversation: String,
    pub number: i64,
    pub standalone: String,
    /// Questions of different realms are never of one topic.
    pub realm: String,
    /// The topic where the same was asked before.
    pub topic: Option<String>,
}

/// What a wording is compared by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wording {
    pub terms: Vec<String>,
    /// Unit vector in 127ths; `None` where the embedder does not know the language.
    pub vector: Option<Vec<i8>>,
}

/// A wording of a topic.
#[derive(Debug, Clone)]
pub struct Known {
    pub topic: String,
    pub realm: String,
    pub wording: Wording,
}

/// A question with its topic.
#[derive(Debug, Clone)]
pub struct Filed {
    pub conversation: String,
    pub number: i64,
    pub topic: String,
    pub realm: String,
    pub wording: Wording,
}

/// Which topics to list.
#[derive(Debug, Clone, Default)]
pub struct ListTopics {
    pub state: Option<TopicState>,
    pub kind: Option<TopicKind>,
    pub limit: usize,
    pub cursor: Option<String>,
}

/// A topic without what its questions say.
#[derive(Debug, Clone)]
pub struct StoredTopic {
    pub id: String,
    pub state: TopicState,
    pub document_id: Option<String>,
    pub note: Option<String>,
    pub decided_ms: Option<i64>,
    pub first_ms: i64,
    pub last_ms: i64,
    pub count: u64,
    pub unanswered: u64,
    pub down: u64,
    pub handoffs: u64,
    pub askers: u64,
}

/// A question of a topic.
#[derive(Debug, Clone)]
pub struct StoredQuestion {
    pub question: String,
    pub standalone: String,
    pub spelling: String,
    pub asked_ms: i64,
    pub answer_id: String,
    pub unanswered: bool,
    pub down: bool,
    pub handed_on: bool,
    /// Stands for whoever asked, and is never told.
    pub asker: String,
    /// Written when it was passed on, and when it was rated down.
    pub notes: Vec<String>,
}

const TOPIC: &str =
    "SELECT t.id, t.state, t.document_id, t.note, t.decided_ms, t.first_ms, t.last_ms, t.count, t.unanswered,
    t.down, t.handoffs, t.askers FROM topics t WHERE EXISTS (SELECT 1 FROM asked a WHERE a.topic_id = t.id";
/// Whoever asked; a conversation of nobody's is one person.
const ASKER: &str = "CASE WHEN c.owner = '' THEN ' ' || c.id ELSE c.owner END";

impl Noted {
    /// Whether the answer is a refusal, which is noted by itself.
    pub fn refusal(answer: &Answer) -> Option<Noted> {
        (answer.status == Status::Abstained).then_some(Noted::Refused)
    }
}

/// What stands of a turn in `asked`.
#[derive(Clone, Copy, Default, PartialEq)]
struct Flags {
    unanswered: bool,
    down: bool,
    handed_on_ms: Option<i64>,
}

impl Flags {
    fn any(self) -> bool {
        self.unanswered || self.down || self.handed_on_ms.is_some()
    }
}

/// A turn of which something is noted.
pub(super) struct Place<'a> {
    pub conversation: &'a str,
    pub number: i64,
    pub asked_ms: i64,
    pub answer: &'a Answer,
    pub reach: &'a Reach,
}

/// Notes what happened to a turn, in the transaction in which it happens.
pub(super) async fn note(
    transaction: &mut Transaction<'static, Sqlite>,
    place: &Place<'_>,
    noted: Noted,
) -> Result<()> {
    let row = sqlx::query(
        "SELECT topic_id, unanswered, down, handed_on_ms FROM asked WHERE conversation_id = $1 AND number = $2",
    )
    .bind(place.conversation)
    .bind(place.number)
    .fetch_optional(&mut **transaction)
    .await
    .map_err(failed)?;
    let (topic, before): (Option<String>, Flags) = match &row {
        None => (None, Flags::default()),
        Some(row) => (row.try_get(0).map_err(failed)?, flags(row, 1)?),
    };
    let mut after = before;
    let mut text = None;
    match noted {
        Noted::Refused => after.unanswered = true,
        Noted::Rated { down } => after.down = down,
        Noted::HandedOn { ms, note } => (after.handed_on_ms, text) = (Some(ms), Some(note)),
    }
    match (row.is_some(), after.any()) {
        (false, false) => return Ok(()),
        (false, true) => insert(transaction, place).await?,
        (true, _) => {}
    }
    if after.any() {
        write(transaction, place, after, text).await?;
    } else {
        sqlx::query("DELETE FROM asked WHERE conversation_id = $1 AND number = $2")
            .bind(place.conversation)
            .bind(place.number)
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
    }
    match topic {
        Some(topic) => count(transaction, &topic, before, after, place.asked_ms).await,
        // Counted when it is filed.
        None => Ok(()),
    }
}

async fn insert(transaction: &mut Transaction<'static, Sqlite>, place: &Place<'_>) -> Result<()> {
    let realm = place.reach.realm()?;
    sqlx::query(
        "INSERT INTO asked (conversation_id, number, question, standalone, reach, realm, spelling, unanswered, down, asked_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8)",
    )
    .bind(place.conversation)
    .bind(place.number)
    .bind(&place.answer.question)
    .bind(&place.answer.standalone_question)
    .bind(place.reach.column()?)
    .bind(&realm)
    .bind(text::spelling(&place.answer.standalone_question))
    .bind(place.asked_ms)
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// `text` is what is written with a handoff; `None` leaves what there is.
async fn write(
    transaction: &mut Transaction<'static, Sqlite>,
    place: &Place<'_>,
    flags: Flags,
    text: Option<Option<String>>,
) -> Result<()> {
    let mut update = QueryBuilder::<Sqlite>::new("UPDATE asked SET unanswered = ");
    update.push_bind(i64::from(flags.unanswered)).push(", down = ").push_bind(i64::from(flags.down));
    update.push(", handed_on_ms = ").push_bind(flags.handed_on_ms);
    if let Some(text) = text {
        update.push(", note = ").push_bind(text);
    }
    update.push(" WHERE conversation_id = ").push_bind(place.conversation.to_owned());
    update.push(" AND number = ").push_bind(place.number);
    update.build().execute(&mut **transaction).await.map_err(failed)?;
    Ok(())
}

/// Counts what changed about a question of a topic. What is asked after somebody said that it is answered opens the topic.
async fn count(
    transaction: &mut Transaction<'static, Sqlite>,
    topic: &str,
    before: Flags,
    after: Flags,
    asked_ms: i64,
) -> Result<()> {
    let change = |of: fn(Flags) -> bool| i64::from(of(after)) - i64::from(of(before));
    sqlx::query(
        "UPDATE topics SET count = count + $2, unanswered = unanswered + $3, down = down + $4, handoffs = handoffs + $5,
            first_ms = CASE WHEN first_ms > $6 THEN $6 ELSE first_ms END,
            last_ms = CASE WHEN last_ms < $7 THEN $7 ELSE last_ms END,
            state = CASE WHEN state = 'answered' AND decided_ms < $6 AND $8 = 1 THEN 'open' ELSE state END
         WHERE id = $1",
    )
    .bind(topic)
    .bind(change(Flags::any))
    .bind(change(|flags| flags.unanswered))
    .bind(change(|flags| flags.down))
    .bind(change(|flags| flags.handed_on_ms.is_some()))
    .bind(asked_ms)
    .bind(if after == before || !after.any() { asked_ms } else { activity(after, asked_ms) })
    .bind(i64::from(after.any()))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// When something happened last, as far as it is noted.
fn activity(flags: Flags, asked_ms: i64) -> i64 {
    if flags.down { now_ms() } else { flags.handed_on_ms.unwrap_or(asked_ms) }
}

impl Conversations {
    /// The oldest questions that have no topic, at most `limit`, with the topic where the same was asked before.
    pub async fn unfiled(&self, limit: usize) -> Result<Vec<Unfiled>> {
        let rows = sqlx::query(
            "SELECT a.conversation_id, a.number, a.standalone, a.realm, (
                 SELECT o.topic_id FROM asked o
                 WHERE o.spelling = a.spelling AND o.realm = a.realm AND o.topic_id IS NOT NULL
                 ORDER BY o.asked_ms DESC LIMIT 1)
             FROM asked a WHERE a.topic_id IS NULL ORDER BY a.asked_ms, a.conversation_id, a.number LIMIT $1",
        )
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let unfiled = |row: &SqliteRow| {
            Ok(Unfiled {
                conversation: row.try_get(0).map_err(failed)?,
                number: row.try_get(1).map_err(failed)?,
                standalone: row.try_get(2).map_err(failed)?,
                realm: row.try_get(3).map_err(failed)?,
                topic: row.try_get(4).map_err(failed)?,
            })
        };
        rows.iter().map(unfiled).collect()
    }

    /// The newest wordings of each topic.
    pub async fn wordings(&self) -> Result<Vec<Known>> {
        let rows = sqlx::query(
            "SELECT topic_id, terms, vector, realm FROM (
                 SELECT a.topic_id, a.terms, a.vector, a.realm,
                     ROW_NUMBER() OVER (PARTITION BY a.topic_id ORDER BY a.asked_ms DESC) AS place
                 FROM asked a JOIN (
                     SELECT topic_id, spelling, MAX(asked_ms) AS newest FROM asked WHERE topic_id IS NOT NULL
                     GROUP BY topic_id, spelling
                 ) AS n ON n.topic_id = a.topic_id AND n.spelling = a.spelling AND n.newest = a.asked_ms
             ) AS placed WHERE place <= $1",
        )
        .bind(COMPARED)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let wording = |row: &SqliteRow| {
            let vector: Option<Vec<u8>> = row.try_get(2).map_err(failed)?;
            let vector = vector.map(|bytes| bytes.into_iter().map(u8::cast_signed).collect());
            Ok(Known {
                topic: row.try_get(0).map_err(failed)?,
                realm: row.try_get(3).map_err(failed)?,
                wording: Wording { terms: json(row, 1)?, vector },
            })
        };
        rows.iter().map(wording).collect()
    }

    /// Files questions; a topic that is not there is made. What was deleted meanwhile is left out.
    pub async fn file(&self, filed: &[Filed]) -> Result<()> {
        let mut transaction = self.begin().await?;
        for filed in filed {
            file_one(&mut transaction, filed).await?;
        }
        trim::trim(&mut transaction).await?;
        transaction.commit().await.map_err(failed)?;
        self.checkpoint().await
    }

    /// A page of topics of which the scope may be shown a question, and the cursor of the next.
    pub async fn topics(&self, scope: &AccessScope, list: &ListTopics) -> Result<(Vec<StoredTopic>, Option<String>)> {
        let mut select = QueryBuilder::<Sqlite>::new(TOPIC);
        push_reach(&mut select, self.shown(scope).await?);
        match list.kind {
            None => {}
            Some(TopicKind::Unanswered) => _ = select.push(" AND a.unanswered = 1"),
            Some(TopicKind::Down) => _ = select.push(" AND a.down = 1"),
            Some(TopicKind::Handoff) => _ = select.push(" AND a.handed_on_ms IS NOT NULL"),
        }
        select.push(")");
        if let Some(state) = &list.state {
            select.push(" AND t.state = ").push_bind(name(state)?);
        }
        if let Some(cursor) = list.cursor.as_deref() {
            let place = cursor.split_once('-').and_then(|(ms, id)| Some((ms.parse::<i64>().ok()?, id)));
            let Some((ms, id)) = place else {
                return Err(Error::InvalidRequest { what: "cursor", detail: "it is not one of a page before".into() });
            };
            select.push(" AND (t.last_ms < ").push_bind(ms).push(" OR (t.last_ms = ").push_bind(ms);
            select.push(" AND t.id < ").push_bind(id.to_owned()).push("))");
        }
        // One more, to know whether there is a next page.
        select.push(" ORDER BY t.last_ms DESC, t.id DESC LIMIT ").push_bind(list.limit as i64 + 1);
        let rows = select.build().fetch_all(&self.pool).await.map_err(failed)?;
        let mut topics: Vec<StoredTopic> = rows.iter().map(topic).collect::<Result<_>>()?;
        let more = topics.len() > list.limit;
        topics.truncate(list.limit);
        let next = topics.last().filter(|_| more).map(|last| format!("{}-{}", last.last_ms, last.id));
        Ok((topics, next))
    }

    /// One topic, when the scope may be shown a question of it.
    pub async fn topic(&self, scope: &AccessScope, id: &str) -> Result<StoredTopic> {
        let mut select = QueryBuilder::<Sqlite>::new(TOPIC);
        push_reach(&mut select, self.shown(scope).await?);
        select.push(") AND t.id = ").push_bind(id.to_owned());
        let row = select.build().fetch_optional(&self.pool).await.map_err(failed)?;
        topic(&row.ok_or_else(|| Error::TopicNotFound { id: id.to_owned() })?)
    }

    /// The questions of a topic that the scope may be shown, the newest first.
    pub async fn questions(&self, scope: &AccessScope, topic: &str) -> Result<Vec<StoredQuestion>> {
        let mut select = QueryBuilder::<Sqlite>::new(
            "SELECT a.question, a.standalone, a.spelling, a.asked_ms, t.answer_id, a.note,
                 CASE WHEN a.down = 1 THEN f.comment END, a.unanswered, a.down, a.handed_on_ms, ",
        );
        select.push(ASKER).push(
            " FROM asked a JOIN turns t ON t.conversation_id = a.conversation_id AND t.number = a.number
             JOIN conversations c ON c.id = a.conversation_id
             LEFT JOIN feedback f ON f.conversation_id = a.conversation_id AND f.number = a.number WHERE a.topic_id = ",
        );
        select.push_bind(topic.to_owned());
        push_reach(&mut select, self.shown(scope).await?);
        select.push(" ORDER BY a.asked_ms DESC, t.answer_id DESC");
        let rows = select.build().fetch_all(&self.pool).await.map_err(failed)?;
        let question = |row: &SqliteRow| {
            let notes: [Option<String>; 2] = [row.try_get(5).map_err(failed)?, row.try_get(6).map_err(failed)?];
            let Flags { unanswered, down, handed_on_ms } = flags(row, 7)?;
            Ok(StoredQuestion {
                question: row.try_get(0).map_err(failed)?,
                standalone: row.try_get(1).map_err(failed)?,
                spelling: row.try_get(2).map_err(failed)?,
                asked_ms: row.try_get(3).map_err(failed)?,
                answer_id: row.try_get::<Option<String>, _>(4).map_err(failed)?.unwrap_or_default(),
                unanswered,
                down,
                handed_on: handed_on_ms.is_some(),
                asker: row.try_get(10).map_err(failed)?,
                notes: notes.into_iter().flatten().collect(),
            })
        };
        rows.iter().map(question).collect()
    }

    /// The reaches of questions that a scope may be shown; `None` for all.
    async fn shown(&self, scope: &AccessScope) -> Result<Option<Vec<String>>> {
        if scope.groups.is_none() && scope.collections.is_none() {
            return Ok(None);
        }
        let rows = sqlx::query("SELECT DISTINCT reach FROM asked").fetch_all(&self.pool).await.map_err(failed)?;
        let mut shown = Vec::new();
        for row in &rows {
            if json::<Reach>(row, 0)?.is_within(scope) {
                shown.push(row.try_get(0).map_err(failed)?);
            }
        }
        Ok(Some(shown))
    }

    /// Keeps what somebody decided about a topic.
    pub async fn decide(
        &self,
        id: &str,
        state: TopicState,
        document_id: Option<&str>,
        note: Option<&str>,
    ) -> Result<()> {
        let done = sqlx::query(
            "UPDATE topics SET state = $2, document_id = $3, note = $4, decided_ms = $5
             WHERE id = $1 AND EXISTS (SELECT 1 FROM asked a WHERE a.topic_id = topics.id)",
        )
        .bind(id)
        .bind(name(&state)?)
        .bind(document_id)
        .bind(note)
        .bind(now_ms())
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        if done.rows_affected() == 0 {
            return Err(Error::TopicNotFound { id: id.to_owned() });
        }
        Ok(())
    }
}

fn push_reach(select: &mut QueryBuilder<Sqlite>, shown: Option<Vec<String>>) {
    let Some(shown) = shown else { return };
    if shown.is_empty() {
        select.push(" AND 1 = 0");
        return;
    }
    select.push(" AND a.reach IN (");
    let mut list = select.separated(", ");
    for reach in shown {
        list.push_bind(reach);
    }
    select.push(")");
}

async fn file_one(transaction: &mut Transaction<'static, Sqlite>, filed: &Filed) -> Result<()> {
    let row = sqlx::query(
        "SELECT unanswered, down, handed_on_ms, asked_ms FROM asked
         WHERE conversation_id = $1 AND number = $2 AND topic_id IS NULL",
    )
    .bind(&filed.conversation)
    .bind(filed.number)
    .fetch_optional(&mut **transaction)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(()) };
    let asked_ms: i64 = row.try_get(3).map_err(failed)?;
    sqlx::query(
        "INSERT INTO topics (id, realm, state, first_ms, last_ms, count, unanswered, down, handoffs, askers)
         VALUES ($1, $2, 'open', $3, $3, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&filed.topic)
    .bind(&filed.realm)
    .bind(asked_ms)
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    let vector = filed.wording.vector.as_ref();
    sqlx::query("UPDATE asked SET topic_id = $3, terms = $4, vector = $5 WHERE conversation_id = $1 AND number = $2")
        .bind(&filed.conversation)
        .bind(filed.number)
        .bind(&filed.topic)
        .bind(serde_json::to_string(&filed.wording.terms).map_err(bad_json)?)
        .bind(vector.map(|vector| vector.iter().copied().map(i8::cast_unsigned).collect::<Vec<u8>>()))
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    count(transaction, &filed.topic, Flags::default(), flags(&row, 0)?, asked_ms).await?;
    // Of those who are still known; it never becomes less.
    let mut update = QueryBuilder::<Sqlite>::new(
        "UPDATE topics SET askers = CASE WHEN askers > asked.people THEN askers ELSE asked.people END
         FROM (SELECT COUNT(DISTINCT ",
    );
    update
        .push(ASKER)
        .push(") AS people FROM asked a JOIN conversations c ON c.id = a.conversation_id WHERE a.topic_id = ");
    update.push_bind(filed.topic.clone()).push(") AS asked WHERE topics.id = ").push_bind(filed.topic.clone());
    update.build().execute(&mut **transaction).await.map_err(failed)?;
    Ok(())
}

/// `unanswered`, `down`, `handed_on_ms` from a column on.
fn flags(row: &SqliteRow, first: usize) -> Result<Flags> {
    let flag = |column| Ok(row.try_get::<i64, _>(column).map_err(failed)? != 0);
    Ok(Flags {
        unanswered: flag(first)?,
        down: flag(first + 1)?,
        handed_on_ms: row.try_get(first + 2).map_err(failed)?,
    })
}

fn topic(row: &SqliteRow) -> Result<StoredTopic> {
    let state: &str = row.try_get(1).map_err(failed)?;
    Ok(StoredTopic {
        id: row.try_get(0).map_err(failed)?,
        state: named(state).ok_or_else(|| Error::Catalog(format!("{state:?} is no state of a topic").into()))?,
        document_id: row.try_get(2).map_err(failed)?,
        note: row.try_get(3).map_err(failed)?,
        decided_ms: row.try_get(4).map_err(failed)?,
        first_ms: row.try_get(5).map_err(failed)?,
        last_ms: row.try_get(6).map_err(failed)?,
        count: number(row, 7)?,
        unanswered: number(row, 8)?,
        down: number(row, 9)?,
        handoffs: number(row, 10)?,
        askers: number(row, 11)?,
    })
}
