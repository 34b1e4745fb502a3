//! Sessions: who signed in at the page, by the value of a cookie.

use sqlx::Row;
use taproot_schemas::account::{Key, User};

use super::{Accounts, failed, hash, now_ms, random, rfc3339};
use crate::Result;

/// Who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    Key(Key),
    User(User),
}

impl Holder {
    fn ids(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Holder::Key(key) => (Some(&key.id), None),
            Holder::User(user) => (None, Some(&user.id)),
        }
    }
}

/// Sessions at a time; the oldest go.
const MAX_SESSIONS: i64 = 100_000;

impl Accounts {
    /// Begins a session of `ttl_ms`; gives the value of its cookie, and when it ends.
    pub async fn open_session(&self, holder: &Holder, ttl_ms: i64) -> Result<(String, String)> {
        let now = now_ms();
        sqlx::query("DELETE FROM sessions WHERE expires_ms <= $1")
            .bind(now)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        sqlx::query(
            "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions ORDER BY created_ms DESC LIMIT -1 OFFSET $1)",
        )
        .bind(MAX_SESSIONS - 1)
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        let (value, (key_id, user_id)) = (random(), holder.ids());
        sqlx::query("INSERT INTO sessions (hash, key_id, user_id, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)")
            .bind(hash(&value))
            .bind(key_id)
            .bind(user_id)
            .bind(now)
            .bind(now + ttl_ms)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        Ok((value, rfc3339(now + ttl_ms)))
    }

    /// Whose session this is now, and when it ends. That of a key which is of no use any more is none; whether a person is
    /// let in is for the caller to look at.
    pub async fn session(&self, value: &str) -> Result<Option<(Holder, String)>> {
        let row = sqlx::query("SELECT key_id, user_id, expires_ms FROM sessions WHERE hash = $1 AND expires_ms > $2")
            .bind(hash(value))
            .bind(now_ms())
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let (key_id, user_id): (Option<&str>, Option<&str>) =
            (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        let holder = match (key_id, user_id) {
            (Some(id), _) => self.live_key(id).await?.map(Holder::Key),
            (None, Some(id)) => self.user(id).await.ok().map(Holder::User),
            (None, None) => None,
        };
        let ends_at = rfc3339(row.try_get(2).map_err(failed)?);
        Ok(holder.map(|holder| (holder, ends_at)))
    }

    pub async fn close_session(&self, value: &str) -> Result<()> {
        sqlx::query("DELETE FROM sessions WHERE hash = $1")
            .bind(hash(value))
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
