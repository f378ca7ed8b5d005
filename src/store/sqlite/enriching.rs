//! Closings whose decision waits: what a batch loads and saves of them, and the tries to fetch their conversations.
//!
//! The writer alone adds them, and deletes those that it decides. A failed try changes one row, and is written directly. It
//! must not decide anything.

use super::super::Unavailable;
use super::load::{Take, name};
use super::save::{at, cell, insert};
use super::script::Script;
use super::{Sqlite, rows};
use crate::ledger::closings::NewClosing;
use crate::ledger::enriching::Defer;
use crate::ledger::{Batch, Touched};
use crate::survey::Time;
use crate::survey::closing::{Closing, Conversation};
use crate::survey::enrichment::Waiting;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, SqliteConnection, query, query_scalar};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// How long a closing is put off that cannot be read: it must not keep others from being decided.
const PUT_OFF: TimeDelta = TimeDelta::hours(1);

pub(super) const WAITING: &str = "SELECT enriching.connection, enriching.conversation_id, enriching.closed_at
    FROM json_each(?) AS wanted CROSS JOIN enriching ON enriching.connection = wanted.value ->> 0
        AND enriching.conversation_id = wanted.value ->> 1 AND enriching.closed_at = wanted.value ->> 2";
/// The columns that [`waiting`] reads.
macro_rules! waiting_columns {
    () => {
        "SELECT connection, conversation_id, closed_at, told_at, closing, due_at, tries, why FROM enriching "
    };
}
const NEXT: &str = concat!(waiting_columns!(), "WHERE connection = ? ORDER BY due_at LIMIT 1");
const OF_CONVERSATION: &str =
    concat!(waiting_columns!(), "WHERE connection = ? AND conversation_id = ? ORDER BY closed_at");
const DECIDED: &str = "DELETE FROM enriching WHERE (connection, conversation_id, closed_at) IN
    (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))";
/// The table holds the closings of a few minutes, so no index finds them by an address.
const ERASE: &str = "DELETE FROM enriching WHERE EXISTS (SELECT 1 FROM json_each(addresses) AS address
    WHERE address.value IN (SELECT value FROM json_each(?)))";

/// Loads which of the touched closings wait.
pub(super) fn load(script: &mut Script, touched: &Touched, takes: &mut Vec<Take>) -> Result<()> {
    if touched.enriching.is_empty() {
        return Ok(());
    }
    script.add(WAITING).bind(keys(touched.enriching.iter().map(|(of, closed_at)| (of, *closed_at)))?)?;
    takes.push(|batch, row| {
        batch.enriching.insert((name(row)?, rows::time(row, "closed_at")?));
        Ok(())
    });
    Ok(())
}

fn keys<'k>(closings: impl Iterator<Item = (&'k Conversation, Time)>) -> Result<String> {
    let key = |(of, closed_at): (&Conversation, Time)| json!([of.connection, of.id, closed_at.timestamp_millis()]);
    rows::json(&closings.map(key).collect::<Vec<_>>())
}

/// Saves closings that wait from now on, and deletes those that were decided.
pub(super) fn save(script: &mut Script, batch: &Batch) -> Result<()> {
    let row = |Defer { waiting, addresses }: &Defer| {
        let closing = &waiting.closing;
        Ok(vec![
            cell("connection", &closing.connection),
            cell("conversation_id", &closing.conversation_id),
            at("closed_at", closing.closed_at),
            at("told_at", waiting.told_at),
            cell("closing", rows::json(closing)?),
            cell("addresses", rows::json(addresses)?),
            at("due_at", waiting.due_at),
            cell("tries", waiting.tries),
        ])
    };
    insert(script, "enriching", batch.new_enriching.iter().map(row).collect::<Result<_>>()?, "")?;
    let waited = |new: &&NewClosing| new.close.fetched.is_some();
    let closings = || batch.new_closings.iter().filter(waited).map(|new| &new.close.closing);
    if closings().next().is_some() {
        let named: Vec<_> = closings().map(|closing| (closing.conversation(), closing.closed_at)).collect();
        script.add(DECIDED).bind(keys(named.iter().map(|(of, closed_at)| (of, *closed_at)))?)?;
    }
    Ok(())
}

/// Deletes those of erased addresses, given as a JSON array of hashes.
pub(super) fn erase(script: &mut Script, addresses: String) -> Result<()> {
    script.add(ERASE).bind(addresses)?;
    Ok(())
}

/// The closings of a conversation that wait, oldest first.
pub(super) async fn of_conversation(db: &mut SqliteConnection, of: &Conversation) -> Result<Vec<Waiting>> {
    let found = query(OF_CONVERSATION).bind(&of.connection).bind(&of.id).fetch_all(db).await?;
    found.iter().map(waiting).collect()
}

/// How many closings wait.
pub(super) async fn count(db: &mut SqliteConnection) -> Result<u64> {
    query_scalar::<_, i64>("SELECT count(*) FROM enriching").fetch_one(db).await.map(i64::unsigned_abs)
}

fn waiting(row: &SqliteRow) -> Result<Waiting> {
    let closing: Closing =
        serde_json::from_str(row.try_get("closing")?).map_err(|error| Error::Decode(error.into()))?;
    Ok(Waiting {
        closing: Closing { connection: row.try_get("connection")?, ..closing },
        told_at: rows::time(row, "told_at")?,
        due_at: rows::time(row, "due_at")?,
        tries: row.try_get("tries")?,
        why: row.try_get("why")?,
    })
}

impl Sqlite {
    pub(in crate::store) async fn next_enriching(
        &self,
        connection: &str,
    ) -> std::result::Result<Option<Waiting>, Unavailable> {
        let Some(row) = query(NEXT).bind(connection).fetch_optional(&self.lookups).await? else { return Ok(None) };
        match waiting(&row) {
            Ok(waiting) => Ok(Some(waiting)),
            Err(error) => {
                let (of, closed_at) = (name(&row)?, rows::time(&row, "closed_at")?);
                let due_at = rows::time(&row, "due_at")? + PUT_OFF;
                self.postpone_enriching(&of, closed_at, due_at, "this program cannot read it").await?;
                Err(error.into())
            }
        }
    }

    pub(in crate::store) async fn postpone_enriching(
        &self,
        of: &Conversation,
        closed_at: Time,
        due_at: Time,
        why: &str,
    ) -> std::result::Result<(), Unavailable> {
        query(
            "UPDATE enriching SET due_at = $1, tries = tries + 1, why = $2
                WHERE connection = $3 AND conversation_id = $4 AND closed_at = $5",
        )
        .bind(due_at.timestamp_millis())
        .bind(why)
        .bind(&of.connection)
        .bind(&of.id)
        .bind(closed_at.timestamp_millis())
        .execute(&self.lookups)
        .await?;
        Ok(())
    }

    pub(in crate::store) async fn forget_enriching(
        &self,
        of: &Conversation,
        closed_at: Time,
    ) -> std::result::Result<(), Unavailable> {
        query("DELETE FROM enriching WHERE connection = $1 AND conversation_id = $2 AND closed_at = $3")
            .bind(&of.connection)
            .bind(&of.id)
            .bind(closed_at.timestamp_millis())
            .execute(&self.lookups)
            .await?;
        Ok(())
    }

    pub(in crate::store) async fn enriching_connections(&self) -> std::result::Result<Vec<String>, Unavailable> {
        let sql = "SELECT DISTINCT connection FROM enriching ORDER BY connection";
        Ok(query_scalar(sql).fetch_all(&self.lookups).await?)
    }
}
