//! What an asker says of its answers: ratings, and questions that it passes on.
//!
//! An answer is known by its id, and to nobody but its asker. What is said of it goes with its turn.

use sqlx::{Row, Sqlite, Transaction};
use taproot_schemas::answer::Answer;
use taproot_schemas::feedback::{Feedback, FeedbackReason, FeedbackRequest, Handoff, Rating};

use super::topics::{Noted, Place, note};
use super::{Conversations, Reach, failed, now_ms};
use crate::store::catalog::{bad_json, rfc3339};
use crate::{Asker, Error, Result};

/// A kept answer and its place.
struct Turn {
    conversation: String,
    number: i64,
    asked_ms: i64,
    answer: Answer,
}

impl Turn {
    fn place<'a>(&'a self, reach: &'a Reach) -> Place<'a> {
        let Turn { conversation, number, asked_ms, answer } = self;
        Place { conversation, number: *number, asked_ms: *asked_ms, answer, reach }
    }
}

impl Conversations {
    /// Keeps a rating in the place of the one before.
    pub async fn rate(&self, asker: &Asker, reach: &Reach, request: &FeedbackRequest) -> Result<Feedback> {
        let now = now_ms();
        let mut transaction = self.begin().await?;
        let turn = turn(&mut transaction, asker, &request.answer_id).await?;
        sqlx::query(
            "INSERT INTO feedback (conversation_id, number, rating, reason, comment, rated_ms) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (conversation_id, number) DO UPDATE SET rating = excluded.rating, reason = excluded.reason,
                comment = excluded.comment, rated_ms = excluded.rated_ms",
        )
        .bind(&turn.conversation)
        .bind(turn.number)
        .bind(name(&request.rating)?)
        .bind(request.reason.as_ref().map(name).transpose()?)
        .bind(&request.comment)
        .bind(now)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        let noted = Noted::Rated { down: request.rating == Rating::Down };
        note(&mut transaction, &turn.place(reach), noted).await?;
        transaction.commit().await.map_err(failed)?;
        self.noted.notify_one();
        // A comment may have taken the place of another.
        self.checkpoint().await?;
        Ok(Feedback {
            answer_id: request.answer_id.clone(),
            rating: request.rating,
            reason: request.reason,
            comment: request.comment.clone(),
            rated_at: rfc3339(now),
        })
    }

    /// Takes a rating back. It is gone from the disk when this returns; that there was none is no failure.
    pub async fn unrate(&self, asker: &Asker, answer_id: &str) -> Result<()> {
        let mut transaction = self.begin().await?;
        let turn = turn(&mut transaction, asker, answer_id).await?;
        sqlx::query("DELETE FROM feedback WHERE conversation_id = $1 AND number = $2")
            .bind(&turn.conversation)
            .bind(turn.number)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let noted = Noted::Rated { down: false };
        note(&mut transaction, &turn.place(&Reach::unknown()), noted).await?;
        transaction.commit().await.map_err(failed)?;
        self.checkpoint().await
    }

    /// Notes that a question is passed on; once more replaces what was written with it.
    pub async fn hand_on(
        &self,
        asker: &Asker,
        reach: &Reach,
        answer_id: &str,
        text: Option<String>,
    ) -> Result<Handoff> {
        let now = now_ms();
        let mut transaction = self.begin().await?;
        let turn = turn(&mut transaction, asker, answer_id).await?;
        let noted = Noted::HandedOn { ms: now, note: text.clone() };
        note(&mut transaction, &turn.place(reach), noted).await?;
        transaction.commit().await.map_err(failed)?;
        self.noted.notify_one();
        self.checkpoint().await?;
        Ok(Handoff { answer_id: answer_id.to_owned(), note: text, handed_on_at: rfc3339(now) })
    }
}

async fn turn(transaction: &mut Transaction<'static, Sqlite>, asker: &Asker, answer_id: &str) -> Result<Turn> {
    let row = sqlx::query(
        "SELECT t.conversation_id, t.number, t.asked_ms, t.answer FROM turns t
         JOIN conversations c ON c.id = t.conversation_id WHERE t.answer_id = $1 AND c.owner = $2",
    )
    .bind(answer_id)
    .bind(asker.column())
    .fetch_optional(&mut **transaction)
    .await
    .map_err(failed)?
    .ok_or(Error::AnswerNotFound)?;
    Ok(Turn {
        conversation: row.try_get(0).map_err(failed)?,
        number: row.try_get(1).map_err(failed)?,
        asked_ms: row.try_get(2).map_err(failed)?,
        answer: serde_json::from_str(row.try_get(3).map_err(failed)?).map_err(bad_json)?,
    })
}

/// A rating from the columns `rating`, `reason`, `comment`, `rated_ms`, where there is one.
pub(super) fn rating(
    answer_id: &str,
    rating: Option<&str>,
    reason: Option<&str>,
    comment: Option<String>,
    rated_ms: Option<i64>,
) -> Option<Feedback> {
    let reason: Option<FeedbackReason> = reason.and_then(named);
    Some(Feedback {
        answer_id: answer_id.to_owned(),
        rating: named(rating?)?,
        reason,
        comment,
        rated_at: rfc3339(rated_ms?),
    })
}

/// The name of a variant, as the contract has it.
pub(super) fn name<T: serde::Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value).map_err(bad_json)? {
        serde_json::Value::String(name) => Ok(name),
        other => Err(Error::Catalog(format!("{other} is no name").into())),
    }
}

/// The variant of a name; `None` for one that this program does not know.
pub(super) fn named<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}
