//! What changes conversations: a turn is added, one is renamed or deleted, the old ones go.

use sqlx::{Row, Sqlite, Transaction};

use super::topics::{Noted, Place, note};
use super::{
    Conversations, MAX_ANONYMOUS, MAX_CONVERSATIONS, MAX_TURNS, MAX_TURNS_IN_ALL, MAX_UNKEPT, Reach, StoredTurn,
    failed, now_ms,
};
use crate::store::catalog::bad_json;
use crate::{Asker, Error, Result};

/// Characters of a title that is taken from a question.
const TITLE_CHARS: usize = 80;

impl Conversations {
    /// Adds a turn, and begins the conversation when it is a new one. One that was deleted meanwhile stays deleted.
    pub async fn keep(&self, asker: &Asker, reach: &Reach, id: &str, is_new: bool, turn: &StoredTurn) -> Result<()> {
        let now = now_ms();
        let mut transaction = self.begin().await?;
        if is_new {
            sqlx::query(
                "INSERT INTO conversations (id, owner, title, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $4)",
            )
            .bind(id)
            .bind(asker.column())
            .bind(title(&turn.answer.question))
            .bind(now)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
            self.make_room(&mut transaction, asker).await?;
        } else {
            let found = sqlx::query("UPDATE conversations SET updated_ms = $3 WHERE id = $1 AND owner = $2")
                .bind(id)
                .bind(asker.column())
                .bind(now)
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            if found.rows_affected() == 0 {
                return Ok(());
            }
        }
        let row = sqlx::query(
            "INSERT INTO turns (conversation_id, number, asked_ms, carried, sure, answer, answer_id)
             SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6 FROM turns WHERE conversation_id = $1
             RETURNING number",
        )
        .bind(id)
        .bind(turn.asked_ms)
        .bind(serde_json::to_string(&turn.carried).map_err(bad_json)?)
        .bind(i64::from(turn.sure))
        .bind(serde_json::to_string(&turn.answer).map_err(bad_json)?)
        .bind(&turn.answer.id)
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
        let noted = Noted::refusal(&turn.answer);
        let is_noted = noted.is_some();
        if let Some(noted) = noted {
            let number = row.try_get(0).map_err(failed)?;
            let (asked_ms, answer) = (turn.asked_ms, &turn.answer);
            let place = Place { conversation: id, number, asked_ms, answer, reach };
            note(&mut transaction, &place, noted).await?;
        }
        sqlx::query(
            "DELETE FROM turns WHERE conversation_id = $1
             AND number <= (SELECT MAX(number) FROM turns WHERE conversation_id = $1) - $2",
        )
        .bind(id)
        .bind(MAX_TURNS)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        if is_noted {
            self.noted.notify_one();
        }
        Ok(())
    }

    /// Takes out the oldest conversations of an asker that has too many.
    async fn make_room(&self, transaction: &mut Transaction<'static, Sqlite>, asker: &Asker) -> Result<u64> {
        let most = match asker {
            _ if self.in_memory => MAX_UNKEPT,
            Asker::Known(_) => MAX_CONVERSATIONS,
            Asker::Anonymous => MAX_ANONYMOUS,
        };
        let count = sqlx::query("SELECT COUNT(*) FROM conversations WHERE owner = $1")
            .bind(asker.column())
            .fetch_one(&mut **transaction)
            .await
            .and_then(|row| row.try_get::<i64, _>(0))
            .map_err(failed)?;
        if count <= most {
            return Ok(0);
        }
        let gone = sqlx::query(
            "DELETE FROM conversations WHERE id IN
             (SELECT id FROM conversations WHERE owner = $1 ORDER BY updated_ms, created_ms, id LIMIT $2)",
        )
        .bind(asker.column())
        .bind(count - most)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
        Ok(gone.rows_affected())
    }

    pub async fn rename(&self, asker: &Asker, id: &str, title: &str) -> Result<()> {
        let found = sqlx::query("UPDATE conversations SET title = $3 WHERE id = $1 AND owner = $2")
            .bind(id)
            .bind(asker.column())
            .bind(title)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        if found.rows_affected() == 0 {
            return Err(Error::ConversationNotFound);
        }
        self.checkpoint().await
    }

    /// When it returns, the rows are gone and overwritten, in the database and in its log.
    pub async fn delete(&self, asker: &Asker, id: &str) -> Result<()> {
        let found = sqlx::query("DELETE FROM conversations WHERE id = $1 AND owner = $2")
            .bind(id)
            .bind(asker.column())
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        if found.rows_affected() == 0 {
            return Err(Error::ConversationNotFound);
        }
        self.checkpoint().await
    }

    /// Deletes conversations whose time is over, and the oldest while there are too many turns. Returns how many went.
    pub async fn sweep(&self) -> Result<u64> {
        let before = now_ms().saturating_sub(i64::try_from(self.kept.as_millis()).unwrap_or(i64::MAX));
        let old = sqlx::query("DELETE FROM conversations WHERE updated_ms < $1")
            .bind(before)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        let mut gone = old.rows_affected();
        // Those that have rested longest, until what is left fits.
        let too_much = sqlx::query(
            "DELETE FROM conversations WHERE id IN (
                 SELECT id FROM (
                     SELECT c.id, SUM(COUNT(t.number)) OVER (ORDER BY c.updated_ms DESC, c.id) AS turns
                     FROM conversations c LEFT JOIN turns t ON t.conversation_id = c.id GROUP BY c.id, c.updated_ms
                 ) AS counted WHERE turns > $1)",
        )
        .bind(MAX_TURNS_IN_ALL)
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        gone += too_much.rows_affected();
        if gone > 0 {
            self.checkpoint().await?;
        }
        Ok(gone)
    }

    /// Moves the write-ahead log into the database and empties it. A reader that holds it open makes it wait for the next
    /// time.
    pub(super) async fn checkpoint(&self) -> Result<()> {
        if !self.in_memory {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await.map_err(failed)?;
        }
        Ok(())
    }
}

/// The beginning of a question, up to a word's end.
fn title(question: &str) -> String {
    let words: Vec<&str> = question.split_whitespace().collect();
    let question = words.join(" ");
    if question.chars().count() <= TITLE_CHARS {
        return question;
    }
    let cut: String = question.chars().take(TITLE_CHARS - 1).collect();
    let end = cut.rfind(' ').filter(|end| cut[..*end].chars().count() > TITLE_CHARS / 2).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::{TITLE_CHARS, title};

    #[test]
    fn a_title_is_the_beginning_of_the_question() {
        assert_eq!(title("  How many\ndays? "), "How many days?");
        let long =
            "How many days of annual leave may somebody who joined in the middle of the year carry over into the next?";
        assert_eq!(title(long), "How many days of annual leave may somebody who joined in the middle of the…");
        assert_eq!(title(&"年".repeat(100)).chars().count(), TITLE_CHARS);
    }
}
