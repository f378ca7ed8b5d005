//! What is left to erase, emptying it, and leaving no copy of it behind in the file.
//!
//! It must not decide whom to forget.

use super::enriching;
use super::load::{self, OLD_SURVEYS, SURVEYS_TO_ERASE, Take};
use super::schema;
use super::script::Script;
use super::{Sqlite, Unavailable, rows};
use crate::ledger::erasing::{Erased, STEP};
use crate::ledger::{Batch, Touched};
use crate::survey::Time;
use crate::survey::closing::Conversation;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, query, query_scalar};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// A file of at most this many bytes is rewritten after an erasure on request. Others cannot write meanwhile: 222 MiB
/// took 3.2 s on a busy machine, and a write waits 5 s.
const LARGEST_REWRITE: i64 = 256 * 1024 * 1024;
/// How often the log is emptied again while a reader still needs it, and the pause between.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);
/// A checkpoint that waits for readers keeps writers out, so each try is short.
const READERS_TIMEOUT: Duration = Duration::from_millis(200);

/// The closings of an address, and of conversations that it was asked about, which still say what they were about.
const CLOSINGS_OF: &str = "SELECT ? AS address_hash, connection, conversation_id, closed_at FROM closing
    WHERE (address_hash = ? OR (connection, conversation_id) IN
            (SELECT survey.connection, survey.conversation_id FROM survey WHERE survey.address_hash = ?))
        AND (subject IS NOT NULL OR url IS NOT NULL) LIMIT ?";
const CONVERSATIONS_OF: &str =
    "SELECT DISTINCT address_hash, connection, conversation_id FROM survey WHERE address_hash = ?";
const OLD_CLOSINGS: &str = "SELECT connection, conversation_id, closed_at FROM closing
    WHERE reported_at < ? AND (subject IS NOT NULL OR url IS NOT NULL) LIMIT ?";
const OLD_DECISIONS: &str = "SELECT connection, conversation_id, closed_at FROM closing
    WHERE reported_at < ? AND survey_id IS NULL LIMIT ?";
const OLD_REOPENINGS: &str = "SELECT connection, conversation_id, reopened_at FROM reopening
    WHERE reopened_at < ? LIMIT ?";

const EMPTY_SURVEYS_OF: &str = "UPDATE survey SET subject = NULL, url = NULL, in_reply_to = NULL
    WHERE (connection, conversation_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))";
const EMPTY_CLOSINGS_OF: &str = "UPDATE closing SET subject = NULL, url = NULL
    WHERE (connection, conversation_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))
        AND (subject IS NOT NULL OR url IS NOT NULL)";
const EMPTY_CLOSINGS: &str = "UPDATE closing SET subject = NULL, url = NULL
    WHERE (connection, conversation_id, closed_at) IN
        (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))";
const DELETE_CLOSINGS: &str = "DELETE FROM closing WHERE (connection, conversation_id, closed_at) IN
    (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))";
const DELETE_REOPENINGS: &str = "DELETE FROM reopening WHERE (connection, conversation_id, reopened_at) IN
    (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))";
/// The row does not name the survey. But nothing before an address was first asked is about it.
const FORGET_ERROR_SINCE: &str = "UPDATE service SET last_error = NULL, last_error_at = NULL
    WHERE last_error_at >=
        (SELECT min(made_at) FROM survey WHERE address_hash IN (SELECT value FROM json_each(?)))";
const FORGET_ERROR_BEFORE: &str = "UPDATE service SET last_error = NULL, last_error_at = NULL WHERE last_error_at < ?";

/// Loads what is left to erase.
pub(super) fn load(script: &mut Script, touched: &Touched, takes: &mut Vec<Take>) -> Result<()> {
    let most = i64::try_from(STEP).unwrap_or(i64::MAX);
    for hash in &touched.erasing {
        script.add(SURVEYS_TO_ERASE).bind(hash.as_str())?.bind(most)?;
        script.add(CLOSINGS_OF).bind(hash.as_str())?.bind(hash.as_str())?.bind(hash.as_str())?.bind(most)?;
        script.add(CONVERSATIONS_OF).bind(hash.as_str())?;
        takes.extend([load::survey as Take, closing_of, conversation_of]);
    }
    let Some(limits) = touched.expiring else { return Ok(()) };
    if let Some(before) = limits.identity {
        script.add(OLD_SURVEYS).bind(first_id(before).simple().to_string())?.bind(most)?;
        script.add(OLD_CLOSINGS).bind(before.timestamp_millis())?.bind(most)?;
        takes.extend([old_survey as Take, old_closing]);
    }
    if let Some(before) = limits.decisions {
        script.add(OLD_DECISIONS).bind(before.timestamp_millis())?.bind(most)?;
        script.add(OLD_REOPENINGS).bind(before.timestamp_millis())?.bind(most)?;
        takes.extend([old_decision as Take, old_reopening]);
    }
    Ok(())
}

fn closing_of(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let of = batch.erasable.closings_of.entry(row.try_get("address_hash")?).or_default();
    of.insert((load::name(row)?, rows::time(row, "closed_at")?));
    Ok(())
}

fn conversation_of(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    batch.erasable.conversations_of.entry(row.try_get("address_hash")?).or_default().insert(load::name(row)?);
    Ok(())
}

fn old_closing(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    batch.erasable.old_closings.insert((load::name(row)?, rows::time(row, "closed_at")?));
    Ok(())
}

fn old_decision(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    batch.erasable.old_decisions.insert((load::name(row)?, rows::time(row, "closed_at")?));
    Ok(())
}

fn old_reopening(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    batch.erasable.old_reopenings.insert((load::name(row)?, rows::time(row, "reopened_at")?));
    Ok(())
}

fn old_survey(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    batch.erasable.old_surveys.insert(rows::id(row, "survey_id")?);
    load::survey(batch, row)
}

/// The least id of a survey made at a time.
pub(super) fn first_id(time: Time) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// Empties and deletes rows that were stored before the batch: to be called before the batch adds its own.
pub(super) fn save_stored(script: &mut Script, erased: &Erased) -> Result<()> {
    if !erased.conversations.is_empty() {
        let names = erased.conversations.iter().map(|of| [&of.connection, &of.id]);
        let names = rows::json(&names.collect::<Vec<_>>())?;
        script.add(EMPTY_SURVEYS_OF).bind(&names)?.add(EMPTY_CLOSINGS_OF).bind(&names)?;
    }
    if !erased.addresses.is_empty() {
        script.add(
            "UPDATE suppression SET address = NULL WHERE address_hash IN (SELECT value FROM json_each(?))
                AND address IS NOT NULL",
        );
        script.bind(rows::json(&erased.addresses)?)?;
        enriching::erase(script, rows::json(&erased.addresses)?)?;
    }
    for (keys, sql) in [
        (&erased.closings, EMPTY_CLOSINGS),
        (&erased.decisions, DELETE_CLOSINGS),
        (&erased.reopenings, DELETE_REOPENINGS),
    ] {
        if !keys.is_empty() {
            script.add(sql).bind(places(keys)?)?;
        }
    }
    Ok(())
}

/// Empties surveys, also those that the batch has just added.
pub(super) fn save_surveys(script: &mut Script, erased: &Erased) -> Result<()> {
    if erased.surveys.is_empty() {
        return Ok(());
    }
    script.add(
        "UPDATE survey SET address = NULL, customer_id = NULL, customer_name = NULL, subject = NULL, url = NULL,
            in_reply_to = NULL
        WHERE id IN (SELECT unhex(value) FROM json_each(?))",
    );
    script.bind(rows::ids(erased.surveys.keys())?)?;
    // An admin may have named the customer in a reason.
    script.add(
        "UPDATE history SET reason = NULL
        WHERE survey_id IN (SELECT unhex(value) FROM json_each(?)) AND reason IS NOT NULL",
    );
    script.bind(rows::ids(erased.surveys.keys())?)?;
    script.add(
        "UPDATE rating SET erased_at = gone.value ->> 1, comment = NULL FROM json_each(?) AS gone
        WHERE survey_id = unhex(gone.value ->> 0)",
    );
    script.bind(gone(erased)?)?;
    // Notes may name the customer.
    script.add("UPDATE follow_up_step SET note = NULL WHERE survey_id IN (SELECT unhex(value) FROM json_each(?))");
    script.bind(rows::ids(erased.surveys.keys())?)?;
    Ok(())
}

fn gone(erased: &Erased) -> Result<String> {
    let gone = erased.surveys.iter().map(|(id, at)| json!([id.as_simple(), at.timestamp_millis()]));
    rows::json(&gone.collect::<Vec<_>>())
}

/// Clears the last error of sending if it may name an erased customer. Call it after the signs of life are written.
pub(super) fn save_service(script: &mut Script, erased: &Erased) -> Result<()> {
    if !erased.addresses.is_empty() {
        script.add(FORGET_ERROR_SINCE).bind(rows::json(&erased.addresses)?)?;
    }
    if let Some(before) = erased.errors_before {
        script.add(FORGET_ERROR_BEFORE).bind(before.timestamp_millis())?;
    }
    Ok(())
}

fn places(keys: &BTreeSet<(Conversation, Time)>) -> Result<String> {
    let keys = keys.iter().map(|(of, at)| json!([of.connection, of.id, at.timestamp_millis()]));
    rows::json(&keys.collect::<Vec<_>>())
}

impl Sqlite {
    /// All surveys to an address.
    pub(in crate::store) async fn surveys_to(
        &self,
        address_hash: &str,
    ) -> std::result::Result<BTreeSet<Uuid>, Unavailable> {
        let rows = query("SELECT id FROM survey WHERE address_hash = ?").bind(address_hash);
        let rows = rows.fetch_all(&self.lookups).await?;
        Ok(rows.iter().map(|row| rows::id(row, "id")).collect::<Result<_>>()?)
    }

    /// Empties the write-ahead log, in which erased pages live on. `false` if a reader needs the log all the time.
    pub(in crate::store) async fn empty_log(&self) -> std::result::Result<bool, Unavailable> {
        // A connection of its own, here and below: a caller that goes away must leave no setting behind in the pool.
        let mut db = schema::options(self.place().path()).busy_timeout(READERS_TIMEOUT).connect().await?;
        let emptied = truncate(&mut db).await;
        db.close().await?;
        Ok(emptied?)
    }

    /// Rewrites the file unless it is too large. `secure_delete` is not enough: when SQLite moves rows to another page, the
    /// space that they leave keeps their bytes until something else is written there. The old pages are gone once the log
    /// is emptied. `false` if the file is too large.
    pub(in crate::store) async fn rewrite(&self) -> std::result::Result<bool, Unavailable> {
        // Not in memory, where everything else is that is only for a moment: this is a copy of the whole file.
        let mut db = schema::options(self.place().path()).pragma("temp_store", "file").connect().await?;
        let rewritten = rewrite_small(&mut db).await;
        db.close().await?;
        Ok(rewritten?)
    }
}

async fn rewrite_small(db: &mut SqliteConnection) -> Result<bool> {
    let bytes: i64 = query_scalar("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        .fetch_one(&mut *db)
        .await?;
    let small = bytes <= LARGEST_REWRITE;
    if small {
        query("VACUUM").execute(db).await?;
    }
    Ok(small)
}

async fn truncate(db: &mut SqliteConnection) -> Result<bool> {
    for _ in 0..TRIES {
        let row = query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *db).await?;
        if row.try_get::<i64, _>(0)? == 0 {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::super::{LOOKUPS, Settings};
    use super::*;
    use crate::survey::follow_up::FollowedScores;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_the_pool_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings {
            timezone: chrono_tz::UTC,
            positive: vec![4, 5],
            followed: FollowedScores::default(),
            targets: std::collections::BTreeMap::default(),
            address_key: "key".into(),
        };
        let served = Sqlite::serve(&folder.path().join("a.db"), &settings, Arc::default()).await;
        let (store, _lock) = served.expect("a database");
        let mut reader = store.reports.begin().await.expect("it begins");
        query("SELECT * FROM setting").fetch_all(&mut *reader).await.expect("it reads");
        let gone = tokio::time::timeout(Duration::from_secs(1), store.empty_log()).await;
        assert!(gone.is_err(), "it waits for the reader");
        let mut all = Vec::new();
        for _ in 0..LOOKUPS {
            let mut db = store.lookups.acquire().await.expect("a connection");
            let timeout: u64 = query_scalar("PRAGMA busy_timeout").fetch_one(&mut *db).await.expect("a number");
            assert_eq!(u128::from(timeout), schema::BUSY_TIMEOUT.as_millis());
            all.push(db);
        }
    }

    #[tokio::test]
    async fn what_is_left_to_erase_is_never_looked_for_in_a_whole_table() {
        for (sql, index) in [
            (SURVEYS_TO_ERASE, "survey_address"),
            (CONVERSATIONS_OF, "survey_address"),
            (CLOSINGS_OF, "closing_address"),
            (OLD_SURVEYS, "rating_erasable"),
            (OLD_CLOSINGS, "closing_erasable"),
            (OLD_DECISIONS, "closing_skipped"),
            (OLD_REOPENINGS, "reopening_age"),
            (EMPTY_SURVEYS_OF, "survey_conversation"),
            (EMPTY_CLOSINGS_OF, "PRIMARY KEY"),
            (FORGET_ERROR_SINCE, "survey_address"),
            (EMPTY_CLOSINGS, "PRIMARY KEY"),
            (DELETE_CLOSINGS, "PRIMARY KEY"),
            // That index holds the whole key too.
            (DELETE_REOPENINGS, "reopening_age"),
        ] {
            let steps = plan(sql).await;
            assert!(steps.iter().any(|step| step.starts_with("SEARCH") && step.contains(index)), "{sql}: {steps:#?}");
            let tables = ["survey", "rating", "closing", "reopening"];
            let scans = steps.iter().filter_map(|step| step.strip_prefix("SCAN "));
            assert_eq!(scans.filter(|table| tables.contains(table)).count(), 0, "{sql}: {steps:#?}");
        }
    }
}
