//! What bounds the topics: the oldest go.

use sqlx::{Sqlite, Transaction};

use super::failed;
use crate::Result;

/// Questions of a topic; what goes stays counted.
const MAX_QUESTIONS: i64 = 200;
const MAX_TOPICS: i64 = 2_000;
/// Questions of all topics; those go whose topics rest longest.
const MAX_IN_ALL: i64 = 50_000;
/// Questions that wait to be filed.
const MAX_UNFILED: i64 = 10_000;

pub async fn trim(transaction: &mut Transaction<'static, Sqlite>) -> Result<()> {
    let steps = [
        (
            "DELETE FROM asked WHERE topic_id IS NULL AND (conversation_id, number) IN (
                 SELECT conversation_id, number FROM asked WHERE topic_id IS NULL ORDER BY asked_ms DESC LIMIT 100000 OFFSET $1)",
            MAX_UNFILED,
        ),
        (
            "DELETE FROM asked WHERE (conversation_id, number) IN (
                 SELECT conversation_id, number FROM (
                     SELECT conversation_id, number, ROW_NUMBER() OVER (PARTITION BY topic_id ORDER BY asked_ms DESC) AS place
                     FROM asked WHERE topic_id IS NOT NULL
                 ) AS placed WHERE place > $1)",
            MAX_QUESTIONS,
        ),
        (
            "DELETE FROM topics WHERE id IN (
                 SELECT id FROM (
                     SELECT t.id, SUM(COUNT(a.number)) OVER (ORDER BY t.last_ms DESC, t.id) AS questions
                     FROM topics t LEFT JOIN asked a ON a.topic_id = t.id GROUP BY t.id, t.last_ms
                 ) AS counted WHERE questions > $1)",
            MAX_IN_ALL,
        ),
        // Also those of which no question is left.
        (
            "DELETE FROM topics WHERE NOT EXISTS (SELECT 1 FROM asked a WHERE a.topic_id = topics.id) OR id IN (
                 SELECT id FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY last_ms DESC, id) AS place FROM topics) AS placed
                 WHERE place > $1)",
            MAX_TOPICS,
        ),
    ];
    for (step, most) in steps {
        sqlx::query(step).bind(most).execute(&mut **transaction).await.map_err(failed)?;
    }
    Ok(())
}
