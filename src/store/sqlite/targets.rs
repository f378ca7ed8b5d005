//! The targets of events: which there are, how each fares, and what an operator does about one.
//!
//! It must not know what an event says.

use super::super::{Again, Unavailable};
use super::{Sqlite, rows};
use crate::ledger::erasing::STEP;
use crate::survey::Time;
use crate::survey::event::{EventKind, Wants};
use crate::survey::status::Target;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection, query, query_scalar};
use std::collections::BTreeMap;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Puts the configured targets into their table, where they differ. A target that left the configuration loses its row, also
/// what disabled it. Its tellings stay: those that wait are sent if it comes back in time.
pub(super) async fn apply(db: &mut SqliteConnection, targets: &BTreeMap<String, Wants>) -> Result<()> {
    let wanted = targets.iter().map(|(name, wants)| {
        let kept = |kind: &&EventKind| kind.told_as().iter().any(|told_as| wants.kinds.contains(told_as));
        let kinds: Vec<_> = EventKind::ALL.iter().filter(kept).collect();
        json!([name, json!(kinds).to_string(), wants.team, wants.teammate, wants.connection])
    });
    let wanted = Value::Array(wanted.collect());
    let known: String = query_scalar(
        "SELECT json_group_array(json_array(name, kinds, team, teammate_id, connection) ORDER BY name) FROM target",
    )
    .fetch_one(&mut *db)
    .await?;
    if known.parse::<Value>().ok().as_ref() == Some(&wanted) {
        return Ok(());
    }
    let mut db = db.begin_with("BEGIN IMMEDIATE").await?;
    query("DELETE FROM target WHERE name NOT IN (SELECT value ->> 0 FROM json_each($1))")
        .bind(wanted.to_string())
        .execute(&mut *db)
        .await?;
    query(
        "INSERT INTO target (name, kinds, team, teammate_id, connection)
            SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($1) WHERE true
        ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds, team = excluded.team,
            teammate_id = excluded.teammate_id, connection = excluded.connection",
    )
    .bind(wanted.to_string())
    .execute(&mut *db)
    .await?;
    db.commit().await
}

/// Whether there is a target. Asked once, when the database is opened: without one, a batch stores no event.
pub(super) async fn any(db: &mut SqliteConnection) -> Result<bool> {
    query_scalar("SELECT EXISTS (SELECT 1 FROM target)").fetch_one(db).await
}

/// How each target fares, by the indexes of what waits and of what failed.
const TARGETS: &str = "SELECT name, disabled_at, disabled_why,
        (SELECT count(*) FROM telling WHERE target = name AND state IN ('waiting', 'sending')) AS waiting,
        (SELECT min(first_due) FROM telling WHERE target = name AND state IN ('waiting', 'sending') AND due_at <= $1 AND first_due <= $1)
            AS oldest_due,
        (SELECT note FROM telling WHERE target = name AND state IN ('waiting', 'sending') AND note IS NOT NULL
            ORDER BY due_at DESC LIMIT 1) AS note,
        (SELECT count(*) FROM telling WHERE target = name AND state = 'failed') AS failed
    FROM target ORDER BY name";

/// How each target fares, by name.
pub(super) async fn all(db: &mut SqliteConnection, now: Time) -> Result<Vec<Target>> {
    let rows = query(TARGETS).bind(now.timestamp_millis()).fetch_all(db).await?;
    let read = |row: &SqliteRow| {
        let disabled_at = rows::optional_time(row, "disabled_at")?;
        Ok(Target {
            name: row.try_get("name")?,
            waiting: row.try_get::<i64, _>("waiting")?.unsigned_abs(),
            oldest_due: rows::optional_time(row, "oldest_due")?,
            note: row.try_get("note")?,
            failed: row.try_get::<i64, _>("failed")?.unsigned_abs(),
            disabled: disabled_at.zip(row.try_get("disabled_why")?),
        })
    };
    rows.iter().map(read).collect()
}

/// Makes a step of tellings due. A repeat goes on, because those that are due wait, or were taken since the first step.
const TELL_AGAIN: &str = "UPDATE telling SET state = 'waiting', due_at = $2, first_due = $2, note = NULL
    WHERE target = $1 AND event IN (
        SELECT number FROM event CROSS JOIN telling AS sent ON sent.event = event.number AND sent.target = $1
        WHERE event.at >= $3 AND ($4 IS NULL OR event.id = $4) AND (sent.state = 'failed' OR sent.state = 'accepted' AND $5 AND sent.accepted_at <= $2)
        ORDER BY event.at LIMIT $6)";

/// Makes due now what a target did not get in time.
const WAITED: &str = "UPDATE telling SET due_at = $2, first_due = $2
    WHERE target = $1 AND state IN ('waiting', 'sending') AND state = 'waiting' AND first_due < $2";

impl Sqlite {
    pub(in crate::store) async fn tell_again(
        &self,
        target: &str,
        again: Again,
        now: Time,
    ) -> std::result::Result<u64, Unavailable> {
        let (since, event, accepted) = match again {
            Again::Failed => (0, None, false),
            Again::Since(time) => (time.timestamp_millis(), None, true),
            Again::Event(id) => (0, Some(id.into_bytes().to_vec()), true),
        };
        let (step, mut all) = (u64::try_from(STEP).unwrap_or(u64::MAX), 0);
        loop {
            // In steps, because the service cannot write meanwhile.
            let done = query(TELL_AGAIN)
                .bind(target)
                .bind(now.timestamp_millis())
                .bind(since)
                .bind(event.clone())
                .bind(accepted)
                .bind(i64::try_from(STEP).unwrap_or(i64::MAX))
                .execute(&self.lookups)
                .await?
                .rows_affected();
            all += done;
            if done < step {
                return Ok(all);
            }
        }
    }

    /// Patience begins anew for what waited meanwhile: otherwise the first failure would be its last.
    pub(in crate::store) async fn enable_target(
        &self,
        target: &str,
        now: Time,
    ) -> std::result::Result<bool, Unavailable> {
        let enable = "UPDATE target SET disabled_at = NULL, disabled_why = NULL
            WHERE name = $1 AND disabled_at IS NOT NULL";
        let mut db = self.lookups.begin_with("BEGIN IMMEDIATE").await?;
        let enabled = query(enable).bind(target).execute(&mut *db).await?.rows_affected() > 0;
        if enabled {
            query(WAITED).bind(target).bind(now.timestamp_millis()).execute(&mut *db).await?;
        }
        db.commit().await?;
        Ok(enabled)
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::*;

    #[tokio::test]
    async fn tellings_and_events_are_found_by_their_indexes() {
        for sql in [TARGETS, TELL_AGAIN, WAITED] {
            let steps = plan(sql).await;
            let scans = |step: &&String| {
                ["telling", "sent", "event"].iter().any(|name| step.starts_with(&format!("SCAN {name}")))
            };
            assert_eq!(steps.iter().find(scans), None, "{sql}: {steps:#?}");
        }
    }
}
