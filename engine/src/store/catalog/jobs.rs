//! Records of ingest jobs.

use sqlx::Row;
use taproot_schemas::job::Job;

use super::{Catalog, bad_json, failed, now_ms};
use crate::Result;

/// Records kept; older ones are dropped.
const KEPT: i64 = 200;

impl Catalog {
    pub async fn save_job(&self, job: &Job) -> Result<()> {
        sqlx::query("INSERT INTO jobs (id, created_ms, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET body = excluded.body")
            .bind(&job.id)
            .bind(now_ms())
            .bind(serde_json::to_string(job).map_err(bad_json)?)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        sqlx::query(
            "DELETE FROM jobs WHERE id NOT IN (SELECT id FROM jobs ORDER BY created_ms DESC, id DESC LIMIT $1)",
        )
        .bind(KEPT)
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        Ok(())
    }

    pub async fn forget_job(&self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM jobs WHERE id = $1").bind(id).execute(&self.pool).await.map_err(failed)?;
        Ok(())
    }

    /// The newest first.
    pub async fn jobs(&self, limit: usize) -> Result<Vec<Job>> {
        let rows = sqlx::query("SELECT body FROM jobs ORDER BY created_ms DESC, id DESC LIMIT $1")
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(|row| serde_json::from_str(row.get::<&str, _>(0)).map_err(bad_json)).collect()
    }
}
