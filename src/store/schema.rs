//! The database file: opening it, bringing its schema up to date, and telling what is wrong with it in plain words.
//!
//! It owns pragmas, migrations and what the configuration puts into tables. It must not know what surveys are.

use crate::survey::report::day_start;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use serde_json::json;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlStr, SqliteConnection, query, query_scalar};
use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// How long a statement waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often, and after what wait, a migration that failed is tried again.
const MIGRATION_TRIES: u32 = 3;
const MIGRATION_WAIT: Duration = Duration::from_millis(200);
/// The first local day that reports know. Afterword is younger.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day of the calendar");
/// How many days there are from then on: enough until 2060.
const DAYS: u64 = 14_610;

/// What the configuration says that the database must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The zone of local days.
    pub timezone: Tz,
    /// The positive set of CSAT.
    pub positive: Vec<u8>,
    /// Tells the key that hashes addresses.
    pub address_key: String,
}

/// A database that cannot be used, in a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be opened, read or written.
    #[error("the database {0} cannot be opened: {1}")]
    Open(String, String),
    /// A newer Afterword was here.
    #[error("the database {0} has schema {1}, which is newer than this program: install the newer Afterword again")]
    Newer(String, i64),
    /// Its addresses were hashed with another key.
    #[error(
        "the database {0} was made with another key file: put the old one back, or every unsubscribed address is forgotten"
    )]
    OtherKey(String),
    /// Another process serves it.
    #[error("another afterword serves the database {0}: stop it first, one service owns a database")]
    Served(String),
}

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL, so that what was answered survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What undoes a statement halfway is kept in memory: a batch of clicks made and removed a file for it.
        .pragma("temp_store", "memory")
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// Opens the file and brings its schema up to date. A new one gets the settings; one that has some keeps them, since a
/// command beside the service must not change what the service reports.
pub(super) async fn prepare(path: &Path, settings: &Settings) -> Result<SqliteConnection, OpenError> {
    let name = || path.display().to_string();
    let failed = |error: sqlx::Error| OpenError::Open(name(), super::plain(&error));
    make_private(path).map_err(|error| OpenError::Open(name(), error.to_string()))?;
    let mut db = options(path).connect().await.map_err(failed)?;
    if let Err(error) = migrate(&mut db).await {
        return Err(match error {
            MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => {
                OpenError::Newer(name(), version)
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
            other => OpenError::Open(name(), other.to_string()),
        });
    }
    query("INSERT INTO setting (name, value) VALUES ('address_key', $1) ON CONFLICT (name) DO NOTHING")
        .bind(&settings.address_key)
        .execute(&mut db)
        .await
        .map_err(failed)?;
    if setting(&mut db, "address_key").await.map_err(failed)?.as_ref() != Some(&settings.address_key) {
        return Err(OpenError::OtherKey(name()));
    }
    if setting(&mut db, "timezone").await.map_err(failed)?.is_none() {
        settle(&mut db, settings).await.map_err(failed)?;
    }
    Ok(db)
}

/// Who else is on the machine must not read what customers wrote.
fn make_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Two first starts at once both find an empty file, and one of them fails: it finds the schema made when it looks again.
async fn migrate(db: &mut SqliteConnection) -> Result<(), MigrateError> {
    for _ in 0..MIGRATION_TRIES {
        if migrator().run(&mut *db).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(MIGRATION_WAIT).await;
    }
    migrator().run(db).await
}

fn migrator() -> Migrator {
    let start = SqlStr::from_static(include_str!("../../migrations/0001_start.sql"));
    let migrations = vec![Migration::new(1, Cow::Borrowed("start"), MigrationType::Simple, start, false)];
    Migrator::with_migrations(migrations)
}

async fn setting(db: &mut SqliteConnection, name: &'static str) -> Result<Option<String>, sqlx::Error> {
    query_scalar("SELECT value FROM setting WHERE name = $1").bind(name).fetch_optional(db).await
}

/// The zone, and the edition of its rules: days are made anew when either changes.
fn zone_name(settings: &Settings) -> String {
    format!("{} {}", settings.timezone.name(), chrono_tz::IANA_TZDB_VERSION)
}

/// Whether the settings are those that the database reports by.
pub(super) async fn agrees(db: &mut SqliteConnection, settings: &Settings) -> Result<bool, sqlx::Error> {
    let positive: Vec<u8> =
        query_scalar("SELECT score FROM score WHERE positive ORDER BY score").fetch_all(&mut *db).await?;
    Ok(positive == settings.positive && setting(db, "timezone").await? == Some(zone_name(settings)))
}

/// Puts the settings into their tables, where they differ.
pub(super) async fn settle(db: &mut SqliteConnection, settings: &Settings) -> Result<(), sqlx::Error> {
    if agrees(db, settings).await? {
        return Ok(());
    }
    let mut db = db.begin_with("BEGIN IMMEDIATE").await?;
    query("UPDATE score SET positive = score IN (SELECT value FROM json_each($1))")
        .bind(json!(settings.positive).to_string())
        .execute(&mut *db)
        .await?;
    query("DELETE FROM day").execute(&mut *db).await?;
    query("INSERT INTO day (name, starts, ends) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1)")
        .bind(days(settings.timezone))
        .execute(&mut *db)
        .await?;
    query(
        "INSERT INTO setting (name, value) VALUES ('timezone', $1)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(zone_name(settings))
    .execute(&mut *db)
    .await?;
    db.commit().await
}

/// Every local day of a zone as a JSON array of name, start and end; a day that a zone skipped is left out.
fn days(zone: Tz) -> String {
    let starts: Vec<_> = (0..=DAYS)
        .filter_map(|days| FIRST_DAY.checked_add_days(Days::new(days)))
        .filter_map(|day| day_start(day, zone).map(|start| (day, start)))
        .collect();
    let stretches = starts.windows(2).filter(|pair| pair[0].1 < pair[1].1);
    let rows: Vec<_> = stretches
        .map(|pair| json!([pair[0].0.to_string(), pair[0].1.timestamp_millis(), pair[1].1.timestamp_millis()]))
        .collect();
    json!(rows).to_string()
}
