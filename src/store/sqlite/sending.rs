//! Mails in the outbox, for people: how many stand where and why, which failed, and the pause that a person made.
//!
//! The table `sending_pause` has one row while sending is paused by hand. It is written directly, and each batch that
//! claims a mail reads it: no mail is claimed after a pause was acknowledged. It must not know why sending pauses.

use super::super::{MailCount, Unavailable, Unsent};
use super::{Sqlite, rows};
use crate::survey::Time;
use crate::survey::outbound::StateWord;
use crate::survey::sending::Halt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};
use uuid::Uuid;

/// The pause that a person made, if there is one.
pub(super) const HALT: &str = "SELECT since, why FROM sending_pause";

pub(super) fn halt(row: &SqliteRow) -> Result<Halt, sqlx::Error> {
    Ok(Halt { since: rows::time(row, "since")?, why: row.try_get("why")? })
}

impl Sqlite {
    pub(in crate::store) async fn halt(&self, halt: &Halt) -> Result<bool, Unavailable> {
        let done = query("INSERT INTO sending_pause (since, why) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(halt.since.timestamp_millis())
            .bind(&halt.why)
            .execute(&self.lookups)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(in crate::store) async fn resume(&self) -> Result<bool, Unavailable> {
        Ok(query("DELETE FROM sending_pause").execute(&self.lookups).await?.rows_affected() == 1)
    }

    pub(in crate::store) async fn halted(&self) -> Result<Option<Halt>, Unavailable> {
        let row = query(HALT).fetch_optional(&self.lookups).await?;
        Ok(row.as_ref().map(halt).transpose()?)
    }

    pub(in crate::store) async fn mail_counts(&self) -> Result<Vec<MailCount>, Unavailable> {
        // What a server says of a mail that it accepted is no reason for its state.
        let sql = "SELECT state, CASE state WHEN 'accepted' THEN NULL ELSE coalesce(stop, note) END AS reason,
                count(*) AS mails, min(first_due) AS oldest
            FROM outbox GROUP BY 1, 2 ORDER BY state, mails DESC, reason";
        let rows = query(sql).fetch_all(&self.reports).await?;
        Ok(rows.iter().map(count).collect::<Result<_, _>>()?)
    }

    pub(in crate::store) async fn failed(
        &self,
        which: &Unsent,
        after: Uuid,
        most: u32,
    ) -> Result<Vec<Uuid>, Unavailable> {
        let (reason, survey) = match which {
            Unsent::All => (None, None),
            Unsent::Reason(reason) => (Some(reason), None),
            Unsent::Survey(survey) => (None, Some(survey.into_bytes().to_vec())),
        };
        // The index must be named: SQLite prefers the order of the whole table, which holds every mail ever sent.
        let sql = "SELECT id FROM outbox INDEXED BY outbox_unsent
            WHERE state IN ('waiting', 'sending', 'failed') AND state = 'failed' AND id > $1
                -- A digest that failed is left: the next one comes.
                AND kind = 'request'
                AND ($2 IS NULL OR instr(lower(note), lower($2)) > 0) AND ($3 IS NULL OR id = $3)
                -- It would only be cancelled, and its reason lost.
                AND NOT EXISTS (
                    SELECT 1 FROM survey JOIN suppression USING (address_hash) WHERE survey.id = outbox.id
                )
            ORDER BY id LIMIT $4";
        let rows = query(sql)
            .bind(after.into_bytes().to_vec())
            .bind(reason)
            .bind(survey)
            .bind(most)
            .fetch_all(&self.reports)
            .await?;
        Ok(rows.iter().map(|row| rows::id(row, "id")).collect::<Result<_, _>>()?)
    }
}

fn count(row: &SqliteRow) -> Result<MailCount, sqlx::Error> {
    let state: StateWord = rows::word(row, "state")?;
    let oldest: Time = rows::time(row, "oldest")?;
    let mails = row.try_get::<i64, _>("mails").map(i64::cast_unsigned)?;
    Ok(MailCount { state, reason: row.try_get("reason")?, mails, oldest })
}
