//! The list of addresses that are not asked any more. They are written by the writer, as commands.
//!
//! It must not know how an address is hashed, nor who may see the list.

use super::rows;
use super::{Store, Unavailable};
use crate::survey::Time;
use crate::survey::eligibility::Cause;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};

/// An address that is not asked, for one cause; it may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionRow {
    /// The keyed hash of the address.
    pub address_hash: String,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub at: Time,
    /// The address itself, only where an admin entered it.
    pub address: Option<String>,
}

impl Store {
    /// Lists at most `limit` of them, newest first, those after a place in the list: time, hash and cause.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn suppressions(
        &self,
        after: Option<&(Time, String, Cause)>,
        limit: u32,
    ) -> Result<Vec<SuppressionRow>, Unavailable> {
        let rows = query(
            "SELECT address_hash, cause, at, address FROM suppression
            WHERE $1 IS NULL OR (at, address_hash, cause) < ($1, $2, $3)
            ORDER BY at DESC, address_hash DESC, cause DESC LIMIT $4",
        )
        .bind(after.map(|(at, ..)| at.timestamp_millis()))
        .bind(after.map(|(_, hash, _)| hash))
        .bind(after.map(|(.., cause)| cause.word()))
        .bind(limit)
        .fetch_all(&self.reports)
        .await?;
        Ok(rows.iter().map(suppression).collect::<Result<_, _>>()?)
    }
}

fn suppression(row: &SqliteRow) -> Result<SuppressionRow, sqlx::Error> {
    Ok(SuppressionRow {
        address_hash: row.try_get(0)?,
        cause: rows::cause(row.try_get(1)?)?,
        at: rows::time(row, 2)?,
        address: row.try_get(3)?,
    })
}
