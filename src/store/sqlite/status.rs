//! The figures of status and metrics.
//!
//! No statement may read every mail or rating: each uses a partial index, or a table that stays small.

use super::{Result, Sqlite, enriching, rows, targets};
use crate::survey::Time;
use crate::survey::status::{LATELY, Queue, Service, Stored, Workers};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};

/// Mails that wait, by the index of the outbox, which holds no others.
const WAITING: &str = "SELECT count(*) AS waiting, min(first_due) FILTER (WHERE first_due <= $1) AS oldest_due
    FROM outbox WHERE state IN ('waiting', 'sending')";
const FAILED: &str = "SELECT count(*) AS failed FROM outbox WHERE state = 'failed' AND due_at >= $1";
/// By the index of the reports: the outbox has none for what was sent.
const ACCEPTED: &str = "SELECT (SELECT count(*) FROM rating WHERE asked_at >= $1 AND standing <> 'voided') AS accepted,
    (SELECT max(asked_at) FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided') AS last_accepted";
const SERVICE: &str = "SELECT version, pid, started_at, seen_at, stopped_at, workers, workers_alive, worker_panics,
    degraded, last_error, last_error_at FROM service";
const REFUSED: &str = "SELECT code, sum(count) AS count FROM refusal WHERE hour >= $1 GROUP BY code";

impl Sqlite {
    pub(in crate::store) async fn status(&self, now: Time) -> Result<Stored> {
        let mut db = self.lookups.acquire().await?;
        let since = (now - LATELY).timestamp_millis();
        let waiting = query(WAITING).bind(now.timestamp_millis()).fetch_one(&mut *db).await?;
        let failed = query(FAILED).bind(since).fetch_one(&mut *db).await?;
        let accepted = query(ACCEPTED).bind(since).fetch_one(&mut *db).await?;
        let refused = query(REFUSED).bind(since).fetch_all(&mut *db).await?;
        let service = query(SERVICE).fetch_optional(&mut *db).await?;
        let targets = targets::all(&mut db, now).await?;
        let refusal = |row: &SqliteRow| Ok((row.try_get("code")?, count(row, "count")?));
        Ok(Stored {
            queue: Queue {
                waiting: count(&waiting, "waiting")?,
                oldest_due: rows::optional_time(&waiting, "oldest_due")?,
                accepted: count(&accepted, "accepted")?,
                failed: count(&failed, "failed")?,
                last_accepted: rows::optional_time(&accepted, "last_accepted")?,
            },
            targets,
            undecided: enriching::count(&mut db).await?,
            service: service.as_ref().map(read_service).transpose()?,
            refused: refused.iter().map(refusal).collect::<std::result::Result<_, sqlx::Error>>()?,
        })
    }
}

fn count(row: &SqliteRow, column: &str) -> std::result::Result<u64, sqlx::Error> {
    row.try_get::<i64, _>(column).map(i64::unsigned_abs)
}

fn read_service(row: &SqliteRow) -> std::result::Result<Service, sqlx::Error> {
    let error_at = rows::optional_time(row, "last_error_at")?;
    Ok(Service {
        version: row.try_get("version")?,
        pid: row.try_get("pid")?,
        started_at: rows::time(row, "started_at")?,
        seen_at: rows::time(row, "seen_at")?,
        stopped_at: rows::optional_time(row, "stopped_at")?,
        workers: Workers {
            wanted: row.try_get("workers")?,
            alive: row.try_get("workers_alive")?,
            panics: row.try_get("worker_panics")?,
        },
        degraded: serde_json::from_str(row.try_get("degraded")?).map_err(|error| sqlx::Error::Decode(error.into()))?,
        last_error: error_at.zip(row.try_get("last_error")?),
    })
}
