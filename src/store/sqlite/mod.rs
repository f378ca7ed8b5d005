//! SQLite: one writer task, one reader task, and small pools for the rest.
//!
//! It owns the tasks and connections, and how long a caller waits. The statements are in the files beside it.

mod backup;
mod conversations;
mod customers;
mod decisions;
mod digests;
mod enriching;
mod erasing;
mod facts;
mod figures;
mod follow_ups;
mod keys;
mod load;
mod mails;
mod place;
mod proof;
mod ratings;
mod reader;
mod rekey;
mod rollup;
mod rows;
mod save;
mod schema;
mod script;
mod sending;
mod series;
mod status;
mod streaks;
mod suppressions;
mod tally;
mod targets;
mod tellings;
mod writer;

use super::{DEADLINE, OpenError, ServeLock, Settings, Shown, Unavailable};
use crate::ledger::Command;
use crate::metrics::Metrics;
use crate::survey::access::ApiKey;
use place::Place;
use reader::Lookup;
pub(super) use rekey::rekey;
pub(super) use schema::lock;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle};
use uuid::Uuid;
use writer::{Asked, Job};

/// How many commands or look-ups may wait. Later callers wait to be let in.
const QUEUE: usize = 4096;
/// Connections for short look-ups.
const LOOKUPS: u32 = 4;
/// Connections for reports and lists: a small pool of their own, so that long reports neither hold up short look-ups nor
/// take every core.
const REPORTS: u32 = 2;

type Result<T> = std::result::Result<T, Unavailable>;

#[derive(Debug)]
pub(super) struct Sqlite {
    writer: mpsc::Sender<Box<dyn Job>>,
    reader: mpsc::Sender<Lookup>,
    lookups: SqlitePool,
    reports: SqlitePool,
    /// Whether the writer folds.
    folds: Arc<AtomicBool>,
    writes: JoinHandle<()>,
    reads: JoinHandle<()>,
    owner: Uuid,
    place: Place,
    /// Open for as long as the connections are: see [`schema::lock`].
    locked: Option<Arc<File>>,
}

impl Sqlite {
    pub(super) async fn serve(
        path: &Path,
        settings: &Settings,
        metrics: Arc<Metrics>,
    ) -> std::result::Result<(Self, ServeLock), OpenError> {
        let (file, mut db) = schema::lock_and_migrate(path, settings).await?;
        let failed = |error: sqlx::Error| OpenError::Open(path.display().to_string(), plain(&error));
        let owner = schema::owner(&mut db).await.map_err(failed)?;
        for free in [schema::FREE_LEASES, tellings::FREE_LEASES] {
            sqlx::query(free).bind(owner.as_bytes().as_slice()).execute(&mut db).await.map_err(failed)?;
        }
        let lock = ServeLock(Arc::clone(&file));
        let store = Self { locked: Some(file), ..Self::start(path, db, owner, metrics).await? };
        Ok((store, lock))
    }

    pub(super) async fn open(path: &Path, settings: &Settings) -> std::result::Result<Self, OpenError> {
        let mut db = schema::open(path, settings).await?;
        let failed = |error: sqlx::Error| OpenError::Open(path.display().to_string(), plain(&error));
        let owner = schema::owner(&mut db).await.map_err(failed)?;
        Self::start(path, db, owner, Arc::default()).await
    }

    async fn start(
        path: &Path,
        mut db: SqliteConnection,
        owner: Uuid,
        metrics: Arc<Metrics>,
    ) -> std::result::Result<Self, OpenError> {
        let failed = |error: sqlx::Error| OpenError::Open(path.display().to_string(), plain(&error));
        let mut read_only = schema::options(path).pragma("query_only", "on").connect().await.map_err(failed)?;
        read_only.ping().await.map_err(failed)?;
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).acquire_timeout(DEADLINE);
        // Opened now and kept, because later there may be too many open files.
        let lookups = pool(LOOKUPS).min_connections(LOOKUPS).idle_timeout(None).max_lifetime(None);
        let lookups = lookups.connect_with(schema::options(path)).await.map_err(failed)?;
        let reports = pool(REPORTS).connect_lazy_with(schema::options(path));
        let (writer, jobs) = mpsc::channel(QUEUE);
        let (reader, requests) = mpsc::channel(QUEUE);
        let place = Place::of(path).map_err(|error| OpenError::Open(path.display().to_string(), error.to_string()))?;
        let folds = Arc::<AtomicBool>::default();
        let tells = targets::any(&mut db).await.map_err(failed)?;
        let writes = tokio::spawn(writer::run(db, jobs, place.clone(), metrics, Arc::clone(&folds), tells));
        let reads = tokio::spawn(reader::run(read_only, requests));
        Ok(Self { writer, reader, lookups, reports, folds, writes, reads, owner, place, locked: None })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Lets the writer fold whenever it has time, from its next command on.
    pub(super) fn keep_rolled_up(&self) {
        self.folds.store(true, Ordering::Relaxed);
    }

    pub(super) fn owner(&self) -> Uuid {
        self.owner
    }

    pub(super) async fn counts_by(&self, settings: &Settings) -> Result<bool> {
        Ok(schema::counts_by(&mut *self.lookups.acquire().await?, settings).await?)
    }

    pub(super) async fn died(&self) {
        tokio::select! {
            () = self.writer.closed() => {}
            () = self.reader.closed() => {}
        }
    }

    pub(super) async fn write<C: Command>(&self, command: C) -> Result<C::Answer> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Asked::new(command, Some(reply)));
        in_time(async {
            self.writer.send(job).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
        .await
    }

    pub(super) async fn queue<C: Command>(&self, command: C) -> Result<()> {
        let job = Box::new(Asked::new(command, None));
        in_time(async { self.writer.send(job).await.map_err(|_| gone()) }).await
    }

    pub(super) async fn flush(&self) -> Result<()> {
        self.write(writer::Flush).await
    }

    pub(super) async fn shown(&self, survey: Uuid) -> Result<Option<Shown>> {
        self.look_up(|reply| Lookup::Shown(survey, reply)).await
    }

    pub(super) async fn key(&self, id: &str) -> Result<Option<ApiKey>> {
        self.look_up(|reply| Lookup::Key(id.to_owned(), reply)).await
    }

    async fn look_up<T>(&self, lookup: impl FnOnce(oneshot::Sender<Result<T>>) -> Lookup) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        in_time(async {
            self.reader.send(lookup(reply)).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
        .await
    }

    pub(super) async fn shut_down(self) {
        let Self { writer, reader, lookups, reports, writes, reads, locked, .. } = self;
        // The last connection to close moves the write-ahead log into the database. Two that close at once may each leave
        // that to the other, so the writer is the last.
        drop(reader);
        ended(reads.await);
        lookups.close().await;
        reports.close().await;
        drop(writer);
        ended(writes.await);
        drop(locked);
    }
}

fn ended(task: std::result::Result<(), JoinError>) {
    if let Err(error) = task {
        tracing::error!(%error, "a task of the store ended badly");
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(done) => done,
        Err(_) => Err(Unavailable(format!("no answer within {} s", DEADLINE.as_secs()))),
    }
}

fn gone() -> Unavailable {
    Unavailable("it is shutting down".into())
}

impl From<&sqlx::Error> for Unavailable {
    fn from(error: &sqlx::Error) -> Self {
        Self(plain(error))
    }
}

impl From<sqlx::Error> for Unavailable {
    fn from(error: sqlx::Error) -> Self {
        Self::from(&error)
    }
}

/// The primary result code of an error (sqlite.org/rescode.html).
fn code(error: &sqlx::Error) -> Option<i64> {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code)?;
    Some(code.parse::<i64>().ok()? & 0xff)
}

/// Whether the database cannot be written at all for now: another process holds the lock, or the disk takes no writes.
fn is_unusable(error: &sqlx::Error) -> bool {
    // BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN
    matches!(code(error), Some(5 | 6 | 8 | 10 | 13 | 14))
}

/// What went wrong, without the chain of causes.
fn plain(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(database) => database.message().to_owned(),
        None => error.to_string(),
    }
}
