//! The list of addresses that are not asked any more. The writer writes them.
//!
//! It must not know how an address is hashed, nor who may see the list.

use super::super::{SuppressionPlace, Unavailable};
use super::{Sqlite, rows};
use crate::survey::paging::Paging;
use crate::survey::suppression::Suppression;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};
use uuid::Uuid;

impl Sqlite {
    pub(in crate::store) async fn suppressions_of(&self, survey: Uuid) -> Result<Vec<Suppression>, Unavailable> {
        let sql = "SELECT address_hash, cause, at, suppression.address FROM survey CROSS JOIN suppression
            USING (address_hash) WHERE survey.id = $1";
        let rows = query(sql).bind(survey.as_bytes().as_slice()).fetch_all(&self.lookups).await?;
        Ok(rows.iter().map(suppression).collect::<Result<_, _>>()?)
    }

    pub(in crate::store) async fn suppressions(
        &self,
        paging: &Paging<SuppressionPlace>,
    ) -> Result<Vec<Suppression>, Unavailable> {
        let after = paging.after.as_ref();
        let rows = query(
            "SELECT address_hash, cause, at, address FROM suppression
            WHERE $1 IS NULL OR (at, address_hash, cause) < ($1, $2, $3)
            ORDER BY at DESC, address_hash DESC, cause DESC LIMIT $4",
        )
        .bind(after.map(|(at, ..)| at.timestamp_millis()))
        .bind(after.map(|(_, hash, _)| hash))
        .bind(after.map(|(.., cause)| cause.word()))
        .bind(paging.to_read())
        .fetch_all(&self.reports)
        .await?;
        Ok(rows.iter().map(suppression).collect::<Result<_, _>>()?)
    }
}

fn suppression(row: &SqliteRow) -> Result<Suppression, sqlx::Error> {
    Ok(Suppression {
        address_hash: row.try_get("address_hash")?,
        cause: rows::word(row, "cause")?,
        at: rows::time(row, "at")?,
        address: row.try_get("address")?,
    })
}
