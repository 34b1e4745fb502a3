//! People that an issuer vouched for, as it last told of them.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use taproot_schemas::account::{Role, User, UserList};
use uuid::Uuid;

use super::{Accounts, failed, json, list, now_ms, of_word, rfc3339, word};
use crate::{Error, Result};

/// What an issuer said of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    /// The issuer's own id of the person.
    pub subject: String,
    pub name: Option<String>,
    pub email: Option<String>,
    /// By the groups, as the settings say.
    pub role: Option<Role>,
    pub groups: Vec<String>,
}

/// People that are remembered; those not seen for the longest go.
const MAX_USERS: i64 = 1_000_000;

const COLUMNS: &str = "u.id, u.name, u.email, u.role, u.groups, u.last_seen_ms, u.blocked";

impl Accounts {
    /// Notes what was said, which holds for the person's sessions as well from now on.
    pub async fn seen(&self, identity: &Identity) -> Result<User> {
        let now = now_ms();
        sqlx::query(
            "INSERT INTO users (id, issuer, subject, name, email, role, groups, last_seen_ms, blocked)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)
             ON CONFLICT (issuer, subject) DO UPDATE SET name = excluded.name, email = excluded.email,
                role = excluded.role, groups = excluded.groups, last_seen_ms = excluded.last_seen_ms",
        )
        .bind(format!("usr_{}", Uuid::now_v7().simple()))
        .bind(&identity.issuer)
        .bind(&identity.subject)
        .bind(&identity.name)
        .bind(&identity.email)
        .bind(identity.role.map(word).transpose()?)
        .bind(json(&identity.groups)?)
        .bind(now)
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        sqlx::query(
            "DELETE FROM users WHERE blocked = 0 AND id IN
                (SELECT id FROM users ORDER BY last_seen_ms DESC, id DESC LIMIT -1 OFFSET $1)",
        )
        .bind(MAX_USERS)
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        let row = sqlx::query("SELECT id FROM users WHERE issuer = $1 AND subject = $2")
            .bind(&identity.issuer)
            .bind(&identity.subject)
            .fetch_one(&self.pool)
            .await
            .map_err(failed)?;
        self.user(row.try_get(0).map_err(failed)?).await
    }

    /// Somebody as last seen, without noting anything; `None` who was never seen.
    pub async fn known(&self, issuer: &str, subject: &str) -> Result<Option<User>> {
        let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.issuer = $1 AND u.subject = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(issuer)
            .bind(subject)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        row.as_ref().map(user).transpose()
    }

    pub async fn user(&self, id: &str) -> Result<User> {
        let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&self.pool).await.map_err(failed)?;
        user(&row.ok_or(Error::UserNotFound)?)
    }

    /// The one last seen first, `limit` after `cursor`.
    pub async fn users(&self, limit: usize, cursor: Option<&str>) -> Result<UserList> {
        let place = cursor.map(|cursor| {
            let place = cursor.split_once('-').and_then(|(ms, id)| Some((ms.parse::<i64>().ok()?, id)));
            place.ok_or(Error::InvalidRequest { what: "cursor", detail: "it is not one of a page before".into() })
        });
        let (ms, id) = place.transpose()?.unwrap_or((i64::MAX, ""));
        let sql = format!(
            "SELECT {COLUMNS} FROM users u WHERE u.last_seen_ms < $1 OR (u.last_seen_ms = $1 AND u.id < $2)
             ORDER BY u.last_seen_ms DESC, u.id DESC LIMIT $3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(ms)
            .bind(id)
            .bind(limit as i64 + 1)
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let users = rows.iter().take(limit).map(user).collect::<Result<Vec<_>>>()?;
        let next_cursor = match rows.get(limit.wrapping_sub(1)).filter(|_| rows.len() > limit) {
            Some(row) => {
                let (ms, id): (i64, &str) = (row.try_get(5).map_err(failed)?, row.try_get(0).map_err(failed)?);
                Some(format!("{ms}-{id}"))
            }
            None => None,
        };
        Ok(UserList { users, next_cursor })
    }

    /// Keeps somebody out from the next request on, or lets it in again.
    pub async fn block_user(&self, id: &str, blocked: bool) -> Result<User> {
        sqlx::query("UPDATE users SET blocked = $1 WHERE id = $2")
            .bind(i64::from(blocked))
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        self.user(id).await
    }
}

fn user(row: &SqliteRow) -> Result<User> {
    let role: Option<&str> = row.try_get(3).map_err(failed)?;
    Ok(User {
        id: row.try_get(0).map_err(failed)?,
        name: row.try_get(1).map_err(failed)?,
        email: row.try_get(2).map_err(failed)?,
        role: role.map(of_word).transpose()?,
        groups: list(row.try_get(4).map_err(failed)?)?,
        last_seen_at: rfc3339(row.try_get(5).map_err(failed)?),
        blocked: row.try_get::<i64, _>(6).map_err(failed)? != 0,
    })
}
