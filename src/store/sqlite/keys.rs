//! Keys of the HTTP API.
//!
//! Commands of other processes make them while the service runs, so each request looks its key up: a new key works at
//! once, and a revoked one stops at once. It must not know how a key is spelled.

use super::super::Unavailable;
use super::{Sqlite, rows};
use crate::survey::Time;
use crate::survey::access::{ApiKey, Within};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};

/// The columns that [`api_key`] reads.
macro_rules! columns {
    () => {
        "api_key.id, name, scope, secret_hash, teammate_id, team, made_at, revoked_at, expires_at, used_at"
    };
}
pub(super) use columns;

impl Sqlite {
    pub(in crate::store) async fn add_key(&self, key: &ApiKey) -> Result<(), Unavailable> {
        query(
            "INSERT INTO api_key (id, name, scope, secret_hash, teammate_id, team, made_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&key.id)
        .bind(&key.name)
        .bind(key.scope.word())
        .bind(&key.secret_hash)
        .bind(&key.within.teammate)
        .bind(&key.within.team)
        .bind(key.made_at.timestamp_millis())
        .bind(key.expires_at.map(|at| at.timestamp_millis()))
        .execute(&self.lookups)
        .await?;
        Ok(())
    }

    pub(in crate::store) async fn keys(&self) -> Result<Vec<ApiKey>, Unavailable> {
        let sql = concat!("SELECT ", columns!(), " FROM api_key ORDER BY made_at, id");
        let rows = query(sql).fetch_all(&self.lookups).await?;
        Ok(rows.iter().map(api_key).collect::<Result<_, _>>()?)
    }

    pub(in crate::store) async fn revoke_key(&self, id: &str, now: Time) -> Result<bool, Unavailable> {
        let done = query("UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id)
            .bind(now.timestamp_millis())
            .execute(&self.lookups)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

pub(super) fn api_key(row: &SqliteRow) -> Result<ApiKey, sqlx::Error> {
    Ok(ApiKey {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        scope: rows::word(row, "scope")?,
        secret_hash: row.try_get("secret_hash")?,
        within: Within { teammate: row.try_get("teammate_id")?, team: row.try_get("team")? },
        made_at: rows::time(row, "made_at")?,
        revoked_at: rows::optional_time(row, "revoked_at")?,
        expires_at: rows::optional_time(row, "expires_at")?,
        used_at: rows::optional_time(row, "used_at")?,
    })
}
