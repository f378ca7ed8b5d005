//! The database file: locking it, bringing its schema up to date, and explaining in plain words what is wrong with it.
//!
//! It owns pragmas, migrations and what the configuration puts into tables. It must not know what surveys are.

use super::super::{OpenError, Settings};
use super::{decisions, follow_ups, plain, rollup, targets};
use crate::private;
use crate::survey::report::cut::{FIRST_DAY, stretch};
use crate::survey::report::{By, day_start};
use chrono::Days;
use chrono_tz::Tz;
use serde_json::json;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqlStr, SqliteConnection, query, query_scalar};
use std::borrow::Cow;
use std::fs::{File, OpenOptions, TryLockError};
use std::mem;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a statement waits for the write of another process.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a service waits for the lock. A command holds it for some milliseconds while it makes a database.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// How many days reports know from [`FIRST_DAY`] on: enough until 2060.
const DAYS: u64 = 14_610;

/// How many prepared texts a connection keeps. sqlx's 100 are too few for all combinations of statements in a batch.
const STATEMENTS: usize = 1024;

/// Every migration, oldest first: its name and its text. They only grow after the first release.
const MIGRATIONS: [(&str, &str); 5] = [
    ("start", include_str!("../../../migrations/sqlite/0001_start.sql")),
    ("operating", include_str!("../../../migrations/sqlite/0002_operating.sql")),
    ("one click", include_str!("../../../migrations/sqlite/0003_one_click.sql")),
    ("team", include_str!("../../../migrations/sqlite/0004_team.sql")),
    ("told", include_str!("../../../migrations/sqlite/0005_told.sql")),
];

/// Frees the leases of one service. Both states are named so that SQLite uses the index of the outbox; with one alone a
/// start reads every mail ever sent.
pub(super) const FREE_LEASES: &str = "UPDATE outbox SET state = 'waiting', due_at = first_due, owner = NULL
    WHERE state IN ('waiting', 'sending') AND state = 'sending' AND owner = ?";

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL, so that an answered write survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // SQLite keeps in memory what undoes a statement halfway: each batch of clicks made and removed a file for it.
        .pragma("temp_store", "memory")
        // What is erased must not stay behind in the file.
        .pragma("secure_delete", "on")
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

/// Takes the lock of the one service, makes or migrates the file, and puts the settings into it.
pub(super) async fn lock_and_migrate(
    path: &Path,
    settings: &Settings,
) -> Result<(Arc<File>, SqliteConnection), OpenError> {
    let failed = |error: sqlx::Error| OpenError::Open(name(path), plain(&error));
    // For its owner only: other users of the machine must not read what customers wrote.
    private::write_new(path, b"").map_err(|error| OpenError::Open(name(path), error.to_string()))?;
    let lock = lock(path).await?;
    let mut db = options(path).connect().await.map_err(failed)?;
    let before = check_version(&mut db, path).await;
    migrator().run(&mut db).await.map_err(|error| migration_failed(path, error))?;
    if let Err(OpenError::Older(_, from @ 1.., to)) = before {
        tracing::info!(from, to, "the database has a new schema");
    }
    query(
        "INSERT INTO setting (name, value) VALUES ('address_key', $1), ('service', $2) ON CONFLICT (name) DO NOTHING",
    )
    .bind(&settings.address_key)
    .bind(Uuid::new_v4().to_string())
    .execute(&mut db)
    .await
    .map_err(failed)?;
    check_key(&mut db, path, settings).await?;
    apply(&mut db, settings).await.map_err(failed)?;
    Ok((lock, db))
}

/// Opens a file that has exactly the schema of this program.
pub(super) async fn open(path: &Path, settings: &Settings) -> Result<SqliteConnection, OpenError> {
    let mut db = open_with_any_key(path).await?;
    check_key(&mut db, path, settings).await?;
    Ok(db)
}

/// As [`open`], but whatever key its addresses were hashed with.
pub(super) async fn open_with_any_key(path: &Path) -> Result<SqliteConnection, OpenError> {
    let failed = |error: sqlx::Error| OpenError::Open(name(path), plain(&error));
    if !path.exists() {
        return Err(OpenError::Missing(name(path)));
    }
    let mut db = options(path).connect().await.map_err(failed)?;
    check_version(&mut db, path).await?;
    Ok(db)
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Locks the database for the one service, and waits a moment for a command that is just making it.
///
/// The lock is on the database file itself, so it is the same one by every path, by hard links too, and nobody can
/// remove it. It is a `flock`, which on Linux does not see the `fcntl` locks of SQLite. But these have a trap: a process
/// loses all of them when it closes any descriptor of the file. So the descriptor must stay open for as long as this
/// process has the database open: the store holds it too. Where `flock` and `fcntl` locks are of one kind, as on BSD, the
/// lock is on a file beside the database.
pub(in crate::store) async fn lock(path: &Path) -> Result<Arc<File>, OpenError> {
    let failed = |error: std::io::Error| OpenError::Open(name(path), error.to_string());
    // By its real name: a link to it must not get a lock of its own.
    let mut locked = path.canonicalize().map_err(failed)?.into_os_string();
    let beside = !cfg!(target_os = "linux");
    if beside {
        locked.push(".lock");
    }
    let mut options = OpenOptions::new();
    options.read(true).write(beside).create(beside).mode(0o600);
    let file = options.open(locked).map_err(failed)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Arc::new(file)),
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_PATIENCE => {
                tokio::time::sleep(LOCK_PATIENCE / 20).await;
            }
            Err(error) => {
                // Open until the process ends: the one that has the lock may be this process, as in tests.
                mem::forget(file);
                return Err(match error {
                    TryLockError::WouldBlock => OpenError::Served(name(path)),
                    TryLockError::Error(error) => failed(error),
                });
            }
        }
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().zip(1..).map(|((name, text), version)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, SqlStr::from_static(text), false)
    });
    Migrator::with_migrations(migrations.collect())
}

fn migration_failed(path: &Path, error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => {
            OpenError::Newer(name(path), version)
        }
        // Each migration is one transaction, so only another program can have left one unfinished.
        MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => OpenError::Foreign(name(path)),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            OpenError::Open(name(path), plain(&error))
        }
        other => OpenError::Open(name(path), other.to_string()),
    }
}

/// Only the service migrates; every other command needs the schema as it knows it.
async fn check_version(db: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| OpenError::Open(name(path), plain(&error));
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    let is_made: bool = query_scalar(sql).fetch_one(&mut *db).await.map_err(failed)?;
    let sql = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";
    let applied = if is_made { query(sql).fetch_all(db).await.map_err(failed)? } else { Vec::new() };
    let (migrator, newest) = (migrator(), i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX));
    let version = applied.last().map_or(Ok(0), |row| row.try_get("version")).map_err(failed)?;
    if version != newest {
        let older = OpenError::Older(name(path), version, newest);
        return Err(if version > newest { OpenError::Newer(name(path), version) } else { older });
    }
    for (row, ours) in applied.iter().zip(migrator.iter()) {
        if row.try_get::<&[u8], _>("checksum").map_err(failed)? != &*ours.checksum {
            return Err(OpenError::Foreign(name(path)));
        }
    }
    Ok(())
}

async fn check_key(db: &mut SqliteConnection, path: &Path, settings: &Settings) -> Result<(), OpenError> {
    let known = setting(db, "address_key").await.map_err(|error| OpenError::Open(name(path), plain(&error)))?;
    if known.as_ref() == Some(&settings.address_key) { Ok(()) } else { Err(OpenError::OtherKey(name(path))) }
}

pub(super) async fn setting(db: &mut SqliteConnection, name: &'static str) -> Result<Option<String>, sqlx::Error> {
    query_scalar("SELECT value FROM setting WHERE name = $1").bind(name).fetch_optional(db).await
}

/// The name that leases of the service of this database bear. It outlives a restart, so that a service finds its own.
pub(super) async fn owner(db: &mut SqliteConnection) -> Result<Uuid, sqlx::Error> {
    let owner = setting(db, "service").await?.unwrap_or_default();
    owner.parse().map_err(|error: uuid::Error| sqlx::Error::Decode(error.into()))
}

/// Whether the database counts by these settings. The edition of the zone's rules may differ, as it does between a new
/// program and the service that still runs the old one.
pub(super) async fn counts_by(db: &mut SqliteConnection, settings: &Settings) -> Result<bool, sqlx::Error> {
    let positive: Vec<u8> =
        query_scalar("SELECT score FROM score WHERE positive ORDER BY score").fetch_all(&mut *db).await?;
    let timezone = setting(db, "timezone").await?;
    Ok(positive == settings.positive && timezone.as_deref() == Some(settings.timezone.name()))
}

/// Puts the settings into their tables, where they differ.
async fn apply(db: &mut SqliteConnection, settings: &Settings) -> Result<(), sqlx::Error> {
    follow_ups::apply(db, &settings.followed).await?;
    targets::apply(db, &settings.targets).await?;
    let edition = setting(db, "timezone_edition").await?;
    if edition.as_deref() == Some(chrono_tz::IANA_TZDB_VERSION) && counts_by(db, settings).await? {
        return Ok(());
    }
    let mut db = db.begin_with("BEGIN IMMEDIATE").await?;
    query("UPDATE score SET positive = score IN (SELECT value FROM json_each($1))")
        .bind(json!(settings.positive).to_string())
        .execute(&mut *db)
        .await?;
    query("DELETE FROM day").execute(&mut *db).await?;
    // Both count by these days.
    for sql in rollup::EMPTY.into_iter().chain(decisions::EMPTY) {
        query(sql).execute(&mut *db).await?;
    }
    query(
        "INSERT INTO day (name, week, month, starts, ends)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($1)",
    )
    .bind(days(settings.timezone))
    .execute(&mut *db)
    .await?;
    query(
        "INSERT INTO setting (name, value) VALUES ('timezone', $1), ('timezone_edition', $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(settings.timezone.name())
    .bind(chrono_tz::IANA_TZDB_VERSION)
    .execute(&mut *db)
    .await?;
    db.commit().await
}

/// Every local day of a zone as a JSON array of name, week, month, start and end; a day that a zone skipped is left out.
fn days(zone: Tz) -> String {
    let starts: Vec<_> = (0..=DAYS)
        .filter_map(|days| FIRST_DAY.checked_add_days(Days::new(days)))
        .filter_map(|day| day_start(day, zone).map(|start| (day, start)))
        .collect();
    let stretches = starts.windows(2).filter(|pair| pair[0].1 < pair[1].1);
    let rows: Vec<_> = stretches
        .map(|pair| {
            let [name, week, month] = [By::Day, By::Week, By::Month].map(|by| stretch(by, pair[0].0));
            json!([name, week, month, pair[0].1.timestamp_millis(), pair[1].1.timestamp_millis()])
        })
        .collect();
    json!(rows).to_string()
}
