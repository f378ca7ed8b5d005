//! Keys of the HTTP API.
//!
//! They are made by other processes while the service runs, so they are looked up each time: a new one works at once,
//! and so does revoking. It must not know how a key is spelled.

use super::rows;
use super::{Store, Unavailable};
use crate::survey::Time;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Reporting closings and reopenings.
    Trigger,
    /// Reading conversations, ratings and reports.
    Read,
    /// Everything.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 3] = [Self::Trigger, Self::Read, Self::Admin];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// Whether a key of this scope may do what needs another: admin includes both others.
    #[must_use]
    pub fn includes(self, needed: Self) -> bool {
        self == needed || self == Self::Admin
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|scope| scope.word() == text);
        known.ok_or_else(|| format!("{text:?}: expected trigger, read or admin"))
    }
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Names it: part of its spelling.
    pub id: String,
    /// What an admin called it.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// The SHA-256 of its secret, in hexadecimal.
    pub secret_hash: String,
    /// A read key that sees this teammate only.
    pub teammate: Option<String>,
    /// A read key that sees this team only.
    pub team: Option<String>,
    /// When it was made.
    pub made_at: Time,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Time>,
}

impl Store {
    /// Stores a new key.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn add_key(&self, key: &ApiKey) -> Result<(), Unavailable> {
        query(
            "INSERT INTO api_key (id, name, scope, secret_hash, teammate_id, team, made_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&key.id)
        .bind(&key.name)
        .bind(key.scope.word())
        .bind(&key.secret_hash)
        .bind(&key.teammate)
        .bind(&key.team)
        .bind(key.made_at.timestamp_millis())
        .execute(&self.lookups)
        .await?;
        Ok(())
    }

    /// Finds a key by its id, revoked ones too.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn key(&self, id: &str) -> Result<Option<ApiKey>, Unavailable> {
        let row = query(
            "SELECT id, name, scope, secret_hash, teammate_id, team, made_at, revoked_at FROM api_key WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&self.lookups)
        .await?;
        Ok(row.as_ref().map(api_key).transpose()?)
    }

    /// Lists all keys, the oldest first, revoked ones too.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, Unavailable> {
        let rows = query(
            "SELECT id, name, scope, secret_hash, teammate_id, team, made_at, revoked_at FROM api_key
            ORDER BY made_at, id",
        )
        .fetch_all(&self.lookups)
        .await?;
        Ok(rows.iter().map(api_key).collect::<Result<_, _>>()?)
    }

    /// Revokes a key for good; `false` if there is none with this id, or it was revoked before.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn revoke_key(&self, id: &str, now: Time) -> Result<bool, Unavailable> {
        let done = query("UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id)
            .bind(now.timestamp_millis())
            .execute(&self.lookups)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn api_key(row: &SqliteRow) -> Result<ApiKey, sqlx::Error> {
    let scope: &str = row.try_get(2)?;
    Ok(ApiKey {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        scope: scope.parse().map_err(|_| rows::broken("scope", scope))?,
        secret_hash: row.try_get(3)?,
        teammate: row.try_get(4)?,
        team: row.try_get(5)?,
        made_at: rows::time(row, 6)?,
        revoked_at: rows::optional_time(row, 7)?,
    })
}
