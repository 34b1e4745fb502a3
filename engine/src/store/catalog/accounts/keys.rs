//! Keys: made, found by their secret, changed, revoked.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use taproot_schemas::account::{CreatedKey, Key, KeyChange, KeyKind, KeyList, NewKey, Role};
use uuid::Uuid;

use super::{Accounts, DAY_MS, failed, hash, json, list, now_ms, of_word, random, rfc3339, word};
use crate::{Error, Result};

/// Keys that may be of use at a time.
const MAX_KEYS: i64 = 10_000;
const MAX_NAME_CHARS: usize = 100;
/// Groups, collections or origins of one key.
const MAX_LISTED: usize = 100;
const MAX_DAYS: u32 = 3_650;
/// In a list: all there are.
const ALL: &str = "*";
/// When a key was last used is noted to the minute.
const USE_NOTED_MS: i64 = 60_000;
const PREFIX_CHARS: usize = 18;

pub(super) const COLUMNS: &str =
    "k.id, k.name, k.kind, k.role, k.groups, k.collections, k.origins, k.prefix, k.created_ms,
    k.created_by, k.expires_ms, k.last_used_ms, k.revoked_ms";

impl Accounts {
    /// Makes a key. `created_by` is a name for people to read.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for what no key can be.
    pub async fn create_key(&self, new: NewKey, created_by: &str) -> Result<CreatedKey> {
        self.insert(new, created_by, false).await
    }

    /// An administrator's key for a data directory that has none yet; `None` when there has been one. It keeps nobody out
    /// before it is used.
    pub async fn create_first_key(&self) -> Result<Option<CreatedKey>> {
        let row = sqlx::query("SELECT COUNT(*) FROM keys").fetch_one(&self.pool).await.map_err(failed)?;
        if row.try_get::<i64, _>(0).map_err(failed)? > 0 {
            return Ok(None);
        }
        let new = NewKey {
            name: "first start".into(),
            role: Some(Role::Admin),
            groups: vec![ALL.into()],
            ..NewKey::default()
        };
        self.insert(new, "taproot", true).await.map(Some)
    }

    /// Whether somebody has made a key, or used the first one: from then on everybody shows who it is.
    pub async fn are_set_up(&self) -> Result<bool> {
        let row = sqlx::query("SELECT COUNT(*) FROM keys WHERE first = 0 OR last_used_ms IS NOT NULL")
            .fetch_one(&self.pool)
            .await
            .map_err(failed)?;
        Ok(row.try_get::<i64, _>(0).map_err(failed)? > 0)
    }

    async fn insert(&self, new: NewKey, created_by: &str, first: bool) -> Result<CreatedKey> {
        let new = checked(new)?;
        let row = sqlx::query("SELECT COUNT(*) FROM keys WHERE revoked_ms IS NULL")
            .fetch_one(&self.pool)
            .await
            .map_err(failed)?;
        if row.try_get::<i64, _>(0).map_err(failed)? >= MAX_KEYS {
            return Err(invalid("keys", format!("there are {MAX_KEYS} already; revoke some")));
        }
        let secret = match new.kind {
            KeyKind::Api => format!("taproot_sk_{}", random()),
            KeyKind::Widget => format!("taproot_pk_{}", random()),
        };
        let id = format!("key_{}", Uuid::now_v7().simple());
        let now = now_ms();
        sqlx::query(
            "INSERT INTO keys (id, name, kind, role, groups, collections, origins, hash, prefix, first, created_ms, created_by, expires_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(&id)
        .bind(&new.name)
        .bind(word(new.kind)?)
        .bind(word(new.role.unwrap_or(Role::Reader))?)
        .bind(groups(new.groups).as_ref().map(json).transpose()?)
        .bind(new.collections.as_ref().map(json).transpose()?)
        .bind(json(&new.origins)?)
        .bind(hash(&secret))
        .bind(secret.chars().take(PREFIX_CHARS).collect::<String>())
        .bind(i64::from(first))
        .bind(now)
        .bind(created_by)
        .bind(new.expires_in_days.map(|days| now + i64::from(days) * DAY_MS))
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        self.read_origins().await?;
        Ok(CreatedKey { key: self.key(&id).await?, secret })
    }

    /// The key of this secret, when it is of use now.
    pub async fn key_of(&self, secret: &str) -> Result<Option<Key>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM keys k
             WHERE k.hash = $1 AND k.revoked_ms IS NULL AND (k.expires_ms IS NULL OR k.expires_ms > $2)"
        );
        let now = now_ms();
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(hash(secret))
            .bind(now)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let found = key(&row)?;
        self.note_use(&found.id, row.try_get(11).map_err(failed)?, now).await?;
        Ok(Some(found))
    }

    /// The key of this id, when it is of use now.
    pub async fn live_key(&self, id: &str) -> Result<Option<Key>> {
        let found = self.key(id).await;
        match found {
            Ok(key) if key.revoked_at.is_none() && !is_over(&key) => Ok(Some(key)),
            Ok(_) | Err(Error::KeyNotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub async fn key(&self, id: &str) -> Result<Key> {
        let sql = format!("SELECT {COLUMNS} FROM keys k WHERE k.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&self.pool).await.map_err(failed)?;
        key(&row.ok_or(Error::KeyNotFound)?)
    }

    /// The newest first, `limit` after `cursor`; those that were revoked among them.
    pub async fn keys(&self, limit: usize, cursor: Option<&str>) -> Result<KeyList> {
        // Ids are in the order in which they were made.
        let sql = format!("SELECT {COLUMNS} FROM keys k WHERE $1 IS NULL OR k.id < $1 ORDER BY k.id DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(cursor)
            .bind(limit as i64 + 1)
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let keys = rows.iter().take(limit).map(key).collect::<Result<Vec<_>>>()?;
        let next_cursor = keys.last().filter(|_| rows.len() > limit).map(|last| last.id.clone());
        Ok(KeyList { keys, next_cursor })
    }

    pub async fn change_key(&self, id: &str, change: KeyChange) -> Result<Key> {
        let before = self.key(id).await?;
        let KeyChange { name, groups: new_groups, collections, origins } = change;
        let as_before = |list: &Option<Vec<String>>| list.clone().unwrap_or_else(|| vec![ALL.into()]);
        let collections = match collections {
            Some(names) if names == [ALL] => None,
            Some(names) => Some(names),
            None => before.collections.clone(),
        };
        let new = checked(NewKey {
            name: name.unwrap_or(before.name.clone()),
            kind: before.kind,
            role: Some(before.role),
            groups: new_groups.unwrap_or_else(|| as_before(&before.groups)),
            collections,
            origins: origins.unwrap_or(before.origins.clone()),
            expires_in_days: None,
        })?;
        sqlx::query("UPDATE keys SET name = $1, groups = $2, collections = $3, origins = $4 WHERE id = $5")
            .bind(&new.name)
            .bind(groups(new.groups).as_ref().map(json).transpose()?)
            .bind(new.collections.as_ref().map(json).transpose()?)
            .bind(json(&new.origins)?)
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        self.read_origins().await?;
        self.key(id).await
    }

    /// From the next request on the key is of no use, nor is what came of it.
    pub async fn revoke_key(&self, id: &str) -> Result<Key> {
        sqlx::query("UPDATE keys SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL")
            .bind(now_ms())
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        sqlx::query("DELETE FROM sessions WHERE key_id = $1").bind(id).execute(&self.pool).await.map_err(failed)?;
        self.read_origins().await?;
        self.key(id).await
    }

    async fn note_use(&self, id: &str, last_used_ms: Option<i64>, now: i64) -> Result<()> {
        if last_used_ms.is_some_and(|last| now - last < USE_NOTED_MS) {
            return Ok(());
        }
        sqlx::query("UPDATE keys SET last_used_ms = $1 WHERE id = $2")
            .bind(now)
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        Ok(())
    }

    pub(super) async fn read_origins(&self) -> Result<()> {
        let rows = sqlx::query("SELECT origins FROM keys WHERE kind = 'widget' AND revoked_ms IS NULL")
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let lists = rows.iter().map(|row| list(row.try_get(0).map_err(failed)?)).collect::<Result<Vec<_>>>()?;
        *self.origins.write() = lists.into_iter().flatten().collect();
        Ok(())
    }
}

pub(super) fn key(row: &SqliteRow) -> Result<Key> {
    let lists = |column: usize| {
        let text: Option<&str> = row.try_get(column).map_err(failed)?;
        text.map(list).transpose()
    };
    let time = |column: usize| -> Result<Option<String>> {
        Ok(row.try_get::<Option<i64>, _>(column).map_err(failed)?.map(rfc3339))
    };
    Ok(Key {
        id: row.try_get(0).map_err(failed)?,
        name: row.try_get(1).map_err(failed)?,
        kind: of_word(row.try_get(2).map_err(failed)?)?,
        role: of_word(row.try_get(3).map_err(failed)?)?,
        groups: lists(4)?,
        collections: lists(5)?,
        origins: lists(6)?.unwrap_or_default(),
        prefix: row.try_get(7).map_err(failed)?,
        created_at: rfc3339(row.try_get(8).map_err(failed)?),
        created_by: row.try_get(9).map_err(failed)?,
        expires_at: time(10)?,
        last_used_at: time(11)?,
        revoked_at: time(12)?,
    })
}

fn is_over(key: &Key) -> bool {
    // Times of one form compare as texts.
    key.expires_at.as_ref().is_some_and(|end| *end <= rfc3339(now_ms()))
}

/// `None` where every document is seen.
fn groups(names: Vec<String>) -> Option<Vec<String>> {
    (names != [ALL]).then_some(names)
}

fn invalid(what: &'static str, detail: String) -> Error {
    Error::InvalidRequest { what, detail }
}

fn checked(new: NewKey) -> Result<NewKey> {
    let name = new.name.split_whitespace().collect::<Vec<_>>().join(" ");
    if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) {
        return Err(invalid("name", format!("it has to have 1 to {MAX_NAME_CHARS} characters")));
    }
    if new.groups != [ALL] {
        check_names("groups", &new.groups)?;
    }
    if let Some(collections) = &new.collections {
        check_names("collections", collections)?;
        if collections.is_empty() {
            return Err(invalid("collections", "leave it out for all, else name at least one".into()));
        }
    }
    if new.origins.len() > MAX_LISTED {
        return Err(invalid("origins", format!("there are more than {MAX_LISTED}")));
    }
    if let Some(bad) = new.origins.iter().find(|origin| !is_origin(origin)) {
        let told = format!("{bad:?} is none; write scheme, host and port, like https://intranet.example.com");
        return Err(invalid("origins", told));
    }
    if new.role == Some(Role::Admin) && new.collections.is_some() {
        let told = "an administrator sees keys, settings and the audit of all collections: leave it out";
        return Err(invalid("collections", told.into()));
    }
    if new.kind == KeyKind::Widget {
        if new.role.is_some_and(|role| role > Role::Reader) {
            return Err(invalid(
                "role",
                "a widget key stands in pages for everybody to read, so it is a reader's".into(),
            ));
        }
        if new.groups == [ALL] {
            return Err(invalid("groups", "a widget key stands in pages: name the groups that it sees".into()));
        }
        if new.origins.is_empty() {
            return Err(invalid("origins", "a widget key needs the origins of the pages that it stands in".into()));
        }
    }
    if new.expires_in_days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
        return Err(invalid("expires_in_days", format!("allowed are 1 to {MAX_DAYS}")));
    }
    let origins = new.origins.iter().map(|origin| origin.to_ascii_lowercase()).collect();
    Ok(NewKey { name, origins, ..new })
}

fn check_names(what: &'static str, names: &[String]) -> Result<()> {
    if names.len() > MAX_LISTED {
        return Err(invalid(what, format!("there are more than {MAX_LISTED}")));
    }
    names.iter().try_for_each(|name| crate::scope::check_name(name)).map_err(|detail| invalid(what, detail))
}

/// `https://host[:port]`, as browsers send it.
fn is_origin(text: &str) -> bool {
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    authority.is_some_and(|authority| {
        !authority.is_empty()
            && authority.len() <= 255
            && authority.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
    })
}
