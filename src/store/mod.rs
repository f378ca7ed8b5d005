//! All SQL, and nothing else.
//!
//! Changes go through one writer task ([`Command`]), reads of single surveys through one reader task, everything else
//! through a small pool. The writer is where the pure rules meet the database: `work` decides, between `load` and
//! `save`. Nothing is open across network I/O. It must not know HTTP, mail or configuration.

mod command;
mod keys;
mod load;
mod lookups;
mod reader;
mod reports;
mod rows;
mod save;
mod schema;
mod script;
mod suppressions;
mod work;
mod writer;

pub use command::{Answer, Claimed, Command, Decision, Lease, Report};
pub use keys::{ApiKey, Scope};
pub use lookups::{ClosingRow, ConversationRows, HistoryRow, SurveyRow};
pub use reader::{About, Shown};
pub use reports::{Group, RatingRow, RatingsFilter, Within};
pub use schema::{OpenError, Settings};
pub use suppressions::SuppressionRow;

use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How many commands or look-ups may wait; more than that wait to be let in.
const QUEUE: usize = 4096;
/// How long anybody waits for the store: longer than a write of another process may take, shorter than a helpdesk's
/// patience (Zendesk's, the shortest known, is 12 s).
const DEADLINE: Duration = Duration::from_secs(8);
/// Connections for keys and short look-ups.
const LOOKUPS: u32 = 4;
/// Connections for reports and lists. Apart from the others, and few: who asks for long periods must not keep a
/// closing from having its key checked, nor take both cores.
const REPORTS: u32 = 2;
/// The condition is said twice, so that the index of the outbox serves it: else a start reads every survey ever made.
const FREE_LEASES: &str = "UPDATE survey SET mail = 'waiting', due_at = first_due
    WHERE mail IN ('waiting', 'sending') AND mail = 'sending'";

/// The store did not answer: what was asked is not done, or nobody knows, and can be asked again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the store cannot answer: {0}")]
pub struct Unavailable(String);

impl Unavailable {
    /// The writer answered another command than it was given.
    #[must_use]
    pub fn astray() -> Self {
        Self("its answer went astray".into())
    }
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

/// The database, open and up to date.
pub struct Store {
    writer: mpsc::Sender<writer::Job>,
    reader: mpsc::Sender<reader::Lookup>,
    lookups: SqlitePool,
    reports: SqlitePool,
    tasks: Vec<JoinHandle<()>>,
}

/// Keeps a second service away from a database, as long as it lives; a crash lets go of it too.
pub struct ServeLock(#[expect(dead_code, reason = "the lock is on the open file")] File);

impl Store {
    /// Opens the database, making it or bringing its schema up to date as needed.
    ///
    /// # Errors
    /// A database that cannot be opened or written, is newer than this program, or belongs to another key file.
    pub async fn open(path: &Path, settings: &Settings) -> Result<Self, OpenError> {
        let failed = |error: sqlx::Error| OpenError::Open(path.display().to_string(), plain(&error));
        let db = schema::prepare(path, settings).await?;
        let mut read_only = schema::options(path).pragma("query_only", "on").connect().await.map_err(failed)?;
        read_only.ping().await.map_err(failed)?;
        let pool = |connections| {
            let options = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(DEADLINE);
            options.connect_lazy_with(schema::options(path))
        };
        let (writer, commands) = mpsc::channel(QUEUE);
        let (reader, lookups) = mpsc::channel(QUEUE);
        let tasks = vec![tokio::spawn(writer::run(db, commands)), tokio::spawn(reader::run(read_only, lookups))];
        Ok(Self { writer, reader, lookups: pool(LOOKUPS), reports: pool(REPORTS), tasks })
    }

    /// Claims the database for one service, puts its settings into it, and frees the leases that a crash left.
    ///
    /// # Errors
    /// Another process serves it, or it cannot be written.
    pub async fn serve(&self, path: &Path, settings: &Settings) -> Result<ServeLock, OpenError> {
        let name = path.display().to_string();
        let failed = |error: &dyn std::fmt::Display| OpenError::Open(name.clone(), error.to_string());
        // By its one true name: a link to it must not get a lock of its own.
        let mut lock_path = path.canonicalize().map_err(|error| failed(&error))?.into_os_string();
        lock_path.push(".lock");
        let file = File::create(lock_path).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Served(name)),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let mut db = self.lookups.acquire().await.map_err(|error| failed(&plain(&error)))?;
        schema::settle(&mut db, settings).await.map_err(|error| failed(&plain(&error)))?;
        sqlx::query(FREE_LEASES).execute(&mut *db).await.map_err(|error| failed(&plain(&error)))?;
        Ok(ServeLock(file))
    }

    /// Whether the database reports by these settings: those of the service that was last started.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn reports_by(&self, settings: &Settings) -> Result<bool, Unavailable> {
        Ok(schema::agrees(&mut *self.lookups.acquire().await?, settings).await?)
    }

    /// Waits until the store can no longer do its work, which nothing but a new start mends.
    pub async fn died(&self) {
        tokio::select! {
            () = self.writer.closed() => {}
            () = self.reader.closed() => {}
        }
    }

    /// Has the writer carry out a command; its answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn write(&self, command: Command) -> Result<Answer, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let job = writer::Job { command, reply: Some(reply) };
        in_time(async {
            self.writer.send(job).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
        .await
    }

    /// Queues a command that nobody waits for. It is decided before whatever is written after this returns.
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn queue(&self, command: Command) -> Result<(), Unavailable> {
        let job = writer::Job { command, reply: None };
        in_time(async { self.writer.send(job).await.map_err(|_| gone()) }).await
    }

    /// Looks up what a page shows of a survey; `None` if there is no such survey.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn shown(&self, survey: Uuid) -> Result<Option<Shown>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        in_time(async {
            self.reader.send(reader::Lookup { survey, reply }).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
        .await
    }

    /// Finishes what was asked, and closes the file. Whoever still waits for an answer gets it.
    pub async fn close(self) {
        let Self { writer, reader, lookups, reports, tasks } = self;
        drop((writer, reader));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the store ended badly");
            }
        }
        lookups.close().await;
        reports.close().await;
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Unavailable>>) -> Result<T, Unavailable> {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(done) => done,
        Err(_) => Err(Unavailable(format!("no answer within {} s", DEADLINE.as_secs()))),
    }
}

fn gone() -> Unavailable {
    Unavailable("it is shutting down".into())
}

/// Whether another process holds the lock, or the disk does not take writes at all.
fn is_busy(error: &sqlx::Error) -> bool {
    // Primary result codes (sqlite.org/rescode.html): BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
    let hopeless = |code: i64| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14);
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse().ok()).is_some_and(hopeless)
}

/// What went wrong, without the chain of causes.
fn plain(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(database) => database.message().to_owned(),
        None => error.to_string(),
    }
}
