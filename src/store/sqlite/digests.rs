//! Digests: what a batch loads and saves of them, and who opted out.
//!
//! The writer alone makes digests and their mails. An opt-out is one row of one table, and is written directly. It must not
//! decide anything.

use super::super::Unavailable;
use super::load::Take;
use super::save::{cell, id, insert, mail_state, update};
use super::script::Script;
use super::{Sqlite, rows};
use crate::ledger::digests::Digested;
use crate::ledger::{Batch, Touched};
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::digest::{DigestMail, Subscription};
use chrono::NaiveDate;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};
use std::collections::BTreeSet;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// The columns of `digest` and `digest_stop` that [`digested`] reads, besides those of the outbox.
macro_rules! digest_columns {
    () => {
        "digest.id AS digest_id, digest.week AS digest_week, digest.address AS digest_address,
            digest.teammate AS digest_teammate, digest.team AS digest_team, digest_stop.at AS digest_stopped"
    };
}
/// Who opted out of a digest.
macro_rules! digest_stops {
    () => {
        " LEFT JOIN digest_stop ON digest_stop.address = digest.address AND digest_stop.teammate = digest.teammate
            AND digest_stop.team = digest.team"
    };
}
pub(super) use digest_columns;
pub(super) use digest_stops;

/// Digests with their mails, found from `$from`.
macro_rules! digests {
    ($from:literal) => {
        concat!(
            "SELECT ",
            digest_columns!(),
            ", ",
            rows::outbox_columns!(),
            " FROM json_each(?) AS wanted CROSS JOIN digest ON ",
            $from,
            " CROSS JOIN outbox ON outbox.id = digest.id",
            digest_stops!()
        )
    };
}

pub(super) const DIGESTS: &str = digests!("digest.id = unhex(wanted.value)");
pub(super) const DIGESTS_OF_WEEKS: &str = digests!("digest.week = wanted.value");

/// Loads the digests that a batch touches.
pub(super) fn load(script: &mut Script, touched: &Touched, takes: &mut Vec<Take>) -> Result<()> {
    let take: Take = |batch, row| {
        let digested = digested(row)?;
        batch.digests.insert(digested.digest.id, digested);
        Ok(())
    };
    if !touched.digests.is_empty() {
        script.add(DIGESTS).bind(rows::ids(&touched.digests)?)?;
        takes.push(take);
    }
    if !touched.digest_weeks.is_empty() {
        script.add(DIGESTS_OF_WEEKS).bind(rows::json(&touched.digest_weeks)?)?;
        takes.push(take);
    }
    Ok(())
}

/// Takes a due digest.
pub(super) fn due(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let digested = digested(row)?;
    let id = digested.digest.id;
    batch.digests.insert(id, digested);
    batch.due_digests.push_back(id);
    Ok(())
}

fn digested(row: &SqliteRow) -> Result<Digested> {
    let digest = DigestMail {
        id: rows::id(row, "digest_id")?,
        subscription: subscription(row, ["digest_address", "digest_teammate", "digest_team"])?,
        week: week(row, "digest_week")?,
    };
    let stopped = rows::optional_time(row, "digest_stopped")?.is_some();
    Ok(Digested::stored(digest, rows::outbound(row)?, stopped))
}

fn subscription(row: &SqliteRow, [address, teammate, team]: [&str; 3]) -> Result<Subscription> {
    let limit = |column| row.try_get::<String, _>(column).map(|limit| Some(limit).filter(|limit| !limit.is_empty()));
    Ok(Subscription {
        address: row.try_get(address)?,
        within: Within { teammate: limit(teammate)?, team: limit(team)? },
    })
}

fn week(row: &SqliteRow, column: &str) -> Result<NaiveDate> {
    let text = row.try_get::<&str, _>(column)?;
    text.parse().map_err(|_| rows::broken(column, text))
}

/// Saves new digests with their mails, and what became of others.
pub(super) fn save(script: &mut Script, batch: &Batch) -> Result<()> {
    let new = || batch.digests.values().filter(|digested| digested.is_new());
    let row = |digested: &Digested| {
        let DigestMail { id: digest, subscription: Subscription { address, within }, week } = &digested.digest;
        vec![
            id("id", Some(digest)),
            cell("week", week),
            cell("address", address),
            cell("teammate", within.teammate.as_deref().unwrap_or_default()),
            cell("team", within.team.as_deref().unwrap_or_default()),
        ]
    };
    insert(script, "digest", new().map(row).collect(), "")?;
    let mail = |digested: &Digested| {
        let mut row = mail_state(&digested.digest.id, &digested.mail);
        row.push(cell("kind", "digest"));
        row
    };
    insert(script, "outbox", new().map(mail).collect(), "")?;
    let changed = batch.digests.values().filter(|digested| digested.mail_changed());
    update(script, "outbox", changed.map(|digested| mail_state(&digested.digest.id, &digested.mail)).collect())
}

impl Sqlite {
    pub(in crate::store) async fn digests_about(
        &self,
        week: NaiveDate,
    ) -> std::result::Result<BTreeSet<Subscription>, Unavailable> {
        let sql = "SELECT address, teammate, team FROM digest WHERE week = $1";
        let rows = query(sql).bind(week.to_string()).fetch_all(&self.lookups).await?;
        let read = |row| subscription(row, ["address", "teammate", "team"]);
        Ok(rows.iter().map(read).collect::<Result<_>>()?)
    }

    pub(in crate::store) async fn digest(&self, id: Uuid) -> std::result::Result<Option<DigestMail>, Unavailable> {
        let sql = "SELECT id, week, address, teammate, team FROM digest WHERE id = $1";
        let row = query(sql).bind(id.into_bytes().to_vec()).fetch_optional(&self.lookups).await?;
        let read = |row: &SqliteRow| {
            let subscription = subscription(row, ["address", "teammate", "team"])?;
            Ok(DigestMail { id: rows::id(row, "id")?, subscription, week: week(row, "week")? })
        };
        Ok(row.as_ref().map(read).transpose().map_err(|error: sqlx::Error| error)?)
    }

    pub(in crate::store) async fn stop_digest(
        &self,
        Subscription { address, within }: &Subscription,
        now: Time,
    ) -> std::result::Result<(), Unavailable> {
        query("INSERT INTO digest_stop (address, teammate, team, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
            .bind(address)
            .bind(within.teammate.as_deref().unwrap_or_default())
            .bind(within.team.as_deref().unwrap_or_default())
            .bind(now.timestamp_millis())
            .execute(&self.lookups)
            .await?;
        Ok(())
    }

    pub(in crate::store) async fn resume_digests(&self, address: &str) -> std::result::Result<u64, Unavailable> {
        let done = query("DELETE FROM digest_stop WHERE address = $1").bind(address).execute(&self.lookups).await?;
        Ok(done.rows_affected())
    }

    pub(in crate::store) async fn stopped_digests(
        &self,
    ) -> std::result::Result<Vec<(Subscription, Time)>, Unavailable> {
        let sql = "SELECT address, teammate, team, at FROM digest_stop ORDER BY address, teammate, team";
        let rows = query(sql).fetch_all(&self.lookups).await?;
        let read = |row| Ok((subscription(row, ["address", "teammate", "team"])?, rows::time(row, "at")?));
        Ok(rows.iter().map(read).collect::<Result<_>>()?)
    }
}
