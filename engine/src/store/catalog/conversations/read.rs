//! What reads conversations.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};
use taproot_schemas::answer::Answer;
use taproot_schemas::conversation::{Conversation, ConversationList};

use super::feedback::rating;
use super::{Conversations, StoredTurn, failed};
use crate::store::catalog::{bad_json, documents, rfc3339};
use crate::{Asker, Error, Result};

const COLUMNS: &str = "SELECT c.id, c.title, c.created_ms, c.updated_ms,
    (SELECT COUNT(*) FROM turns t WHERE t.conversation_id = c.id) FROM conversations c WHERE c.owner = ";

impl Conversations {
    /// The newest first, `limit` after `cursor`.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a cursor that no page gave.
    pub async fn list(&self, asker: &Asker, limit: usize, cursor: Option<&str>) -> Result<ConversationList> {
        let mut select = QueryBuilder::<Sqlite>::new(COLUMNS);
        select.push_bind(asker.column().to_owned());
        if let Some(cursor) = cursor {
            let place = cursor.split_once('-').and_then(|(ms, id)| Some((ms.parse::<i64>().ok()?, id)));
            let Some((updated_ms, id)) = place else {
                return Err(Error::InvalidRequest { what: "cursor", detail: "it is not one of a page before".into() });
            };
            select.push(" AND (c.updated_ms < ").push_bind(updated_ms);
            select.push(" OR (c.updated_ms = ").push_bind(updated_ms);
            select.push(" AND c.id < ").push_bind(id.to_owned()).push("))");
        }
        // One more, to know whether there is a next page.
        select.push(" ORDER BY c.updated_ms DESC, c.id DESC LIMIT ").push_bind(limit as i64 + 1);
        let rows = select.build().fetch_all(&self.pool).await.map_err(failed)?;
        let page = &rows[..rows.len().min(limit)];
        let next_cursor = match page.last().filter(|_| rows.len() > limit) {
            Some(last) => {
                let (ms, id): (i64, String) = (last.try_get(3).map_err(failed)?, last.try_get(0).map_err(failed)?);
                Some(format!("{ms}-{id}"))
            }
            None => None,
        };
        Ok(ConversationList { conversations: page.iter().map(conversation).collect::<Result<_>>()?, next_cursor })
    }

    pub async fn get(&self, asker: &Asker, id: &str) -> Result<Conversation> {
        let mut select = QueryBuilder::<Sqlite>::new(COLUMNS);
        select.push_bind(asker.column().to_owned()).push(" AND c.id = ").push_bind(id.to_owned());
        let row = select.build().fetch_optional(&self.pool).await.map_err(failed)?;
        conversation(&row.ok_or(Error::ConversationNotFound)?)
    }

    /// The last `limit` turns, the oldest first.
    pub async fn turns(&self, asker: &Asker, id: &str, limit: usize) -> Result<Vec<StoredTurn>> {
        let rows = sqlx::query(
            "SELECT t.number, t.asked_ms, t.carried, t.sure, t.answer, f.rating, f.reason, f.comment, f.rated_ms,
                 a.handed_on_ms
             FROM conversations c JOIN turns t ON t.conversation_id = c.id
             LEFT JOIN feedback f ON f.conversation_id = t.conversation_id AND f.number = t.number
             LEFT JOIN asked a ON a.conversation_id = t.conversation_id AND a.number = t.number
             WHERE c.owner = $1 AND c.id = $2
             ORDER BY t.number DESC LIMIT $3",
        )
        .bind(asker.column())
        .bind(id)
        .bind(limit as i64)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        if rows.is_empty() {
            return Err(Error::ConversationNotFound);
        }
        rows.iter().rev().map(turn).collect()
    }
}

fn conversation(row: &SqliteRow) -> Result<Conversation> {
    Ok(Conversation {
        id: row.try_get(0).map_err(failed)?,
        title: row.try_get(1).map_err(failed)?,
        created_at: rfc3339(row.try_get(2).map_err(failed)?),
        updated_at: rfc3339(row.try_get(3).map_err(failed)?),
        turns: documents::number(row, 4)?,
    })
}

fn turn(row: &SqliteRow) -> Result<StoredTurn> {
    let answer: Answer = serde_json::from_str(row.try_get(4).map_err(failed)?).map_err(bad_json)?;
    let (rated, reason) = (row.try_get(5).map_err(failed)?, row.try_get(6).map_err(failed)?);
    let (comment, rated_ms) = (row.try_get(7).map_err(failed)?, row.try_get(8).map_err(failed)?);
    Ok(StoredTurn {
        number: documents::number(row, 0)?,
        asked_ms: row.try_get(1).map_err(failed)?,
        carried: documents::json(row, 2)?,
        sure: row.try_get::<i64, _>(3).map_err(failed)? != 0,
        feedback: rating(&answer.id, rated, reason, comment, rated_ms),
        handed_on_ms: row.try_get(9).map_err(failed)?,
        answer,
    })
}
