//! Files of programs before this one.
//!
//! 1 → 2: turns know the id of their answer, and refused questions of before are noted, so that they are filed by topic.

use sqlx::{Row, Sqlite, Transaction};
use taproot_schemas::answer::Answer;

use super::reach::Reach;
use super::topics::{Noted, Place, note};
use super::{Conversations, failed};
use crate::store::catalog::bad_json;
use crate::{Error, Result};

/// Turns that are read at a time: their answers are long.
const PAGE: i64 = 200;

impl Conversations {
    /// Brings a file to the schema that this program writes; leaves one that it does not know alone. All of it or nothing.
    pub(super) async fn migrate(&self, expected: &str) -> Result<()> {
        let Some(found) = self.schema().await? else { return Ok(()) };
        match found.as_str() {
            found if found == expected => Ok(()),
            "1" => self.upgrade_1(expected).await,
            _ => {
                let (found, expected) = (format!("conversations {found}"), format!("conversations {expected}"));
                Err(Error::Incompatible { found, expected })
            }
        }
    }

    /// `None` for a file that has nothing in it yet.
    async fn schema(&self) -> Result<Option<String>> {
        let made = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
        if made.fetch_optional(&self.pool).await.map_err(failed)?.is_none() {
            return Ok(None);
        }
        let row = sqlx::query("SELECT value FROM meta WHERE key = 'schema'").fetch_optional(&self.pool).await;
        row.map_err(failed)?.map(|row| row.try_get(0).map_err(failed)).transpose()
    }

    async fn upgrade_1(&self, expected: &str) -> Result<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("ALTER TABLE turns ADD COLUMN answer_id TEXT").execute(&mut *transaction).await.map_err(failed)?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *transaction).await.map_err(failed)?;
        let mut after = (String::new(), 0);
        while let Some(last) = fill(&mut transaction, &after).await? {
            after = last;
        }
        sqlx::query("UPDATE meta SET value = $1 WHERE key = 'schema'")
            .bind(expected)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }
}

/// Fills the turns of one page; returns the last of them.
async fn fill(
    transaction: &mut Transaction<'static, Sqlite>,
    (conversation, number): &(String, i64),
) -> Result<Option<(String, i64)>> {
    let rows = sqlx::query(
        "SELECT conversation_id, number, asked_ms, answer FROM turns
         WHERE conversation_id > $1 OR (conversation_id = $1 AND number > $2) ORDER BY conversation_id, number LIMIT $3",
    )
    .bind(conversation)
    .bind(number)
    .bind(PAGE)
    .fetch_all(&mut **transaction)
    .await
    .map_err(failed)?;
    let mut last = None;
    for row in rows {
        let (conversation, number): (String, i64) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        let asked_ms: i64 = row.try_get(2).map_err(failed)?;
        let answer: Answer = serde_json::from_str(row.try_get(3).map_err(failed)?).map_err(bad_json)?;
        sqlx::query("UPDATE turns SET answer_id = $3 WHERE conversation_id = $1 AND number = $2")
            .bind(&conversation)
            .bind(number)
            .bind(&answer.id)
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
        if let Some(noted) = Noted::refusal(&answer) {
            let reach = Reach::unknown();
            let place = Place { conversation: &conversation, number, asked_ms, answer: &answer, reach: &reach };
            note(transaction, &place, noted).await?;
        }
        last = Some((conversation, number));
    }
    Ok(last)
}
