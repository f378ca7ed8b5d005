//! The database behind typed verbs, and all SQL.
//!
//! Changes to surveys, closings and suppressions are commands of the `ledger`: one writer gathers all that wait, loads
//! what they touch, lets each decide, saves and commits, and only then answers. A reader gathers look-ups on the click
//! path the same way. Keys of the API, settings and the pause by hand are written directly, and everything else reads
//! through small pools. Nothing is open across network I/O. It must not know HTTP, mail or configuration.
//!
//! # A second backend
//!
//! [`Store`] is an enum of backends, and SQLite is the only one. What PostgreSQL with several services would need is
//! decided:
//!
//! - A batch locks the keys it names before it reads, all in one order: [`Touched`](crate::ledger::Touched) holds them
//!   in ordered maps. Rows that only the reading finds are locked as they are read (due mails with `FOR UPDATE SKIP
//!   LOCKED`), and what depends on them is read after that. New rows must be saved in the order of their keys. SQLite
//!   needs no such locks, because `BEGIN IMMEDIATE` lets one writer in at a time.
//! - A lease names the service that owns it. A service that starts frees its own leases only; those of others end by
//!   themselves. SQLite keeps the name of its one service in the table `setting`.
//! - Rates of sending ([`Paces`](crate::survey::pace::Paces)) and limits of the web live in the memory of one service.
//!   Several services divide them by their number, or the overall rate becomes a row that claims lock.
//! - Statements that pass rows as one JSON array, and several statements in one trip, are SQLite's way; PostgreSQL has
//!   `unnest` and pipelining.
//! - Settings and days are rewritten at a start: by the service that holds the lock.

mod conversations;
mod customers;
mod decisions;
mod digests;
mod enriching;
mod follow_ups;
mod lock;
mod mails;
mod reports;
mod sending;
mod sqlite;
mod suppressions;
mod tellings;
mod upkeep;

pub use follow_ups::FollowUpsFilter;
pub use lock::{ServeLock, lock};
pub use sending::{MailCount, Unsent};
pub use tellings::Again;
pub use upkeep::Rekeyed;

use crate::ledger::Command;
use crate::ledger::clicks::{Submit, Submitted, View};
use crate::ledger::closings::{Close, Closed, Reopen};
use crate::ledger::heartbeat::Heartbeat;
use crate::ledger::moderation::{Moderate, Moderated};
use crate::ledger::outbox::{Claim, Claimed, Mark, Return};
use crate::metrics::Metrics;
use crate::survey::Time;
use crate::survey::access::ApiKey;
use crate::survey::event::Wants;
use crate::survey::evidence::Clicks;
use crate::survey::follow_up::FollowedScores;
use crate::survey::moderation::Refusal;
use crate::survey::page::About;
use crate::survey::report::{Period, RatingsQuery};
use crate::survey::status::Stored;
use crate::survey::suppression::Cause;
use chrono_tz::Tz;
use sqlite::Sqlite;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long a caller waits for the store: longer than a write of another process may take, shorter than the patience of
/// a helpdesk (Zendesk's, the shortest known, is 12 s).
const DEADLINE: Duration = Duration::from_secs(8);

/// What the database must know of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The zone of local days.
    pub timezone: Tz,
    /// The positive set of CSAT.
    pub positive: Vec<u8>,
    /// The scores that open a follow-up.
    pub followed: FollowedScores,
    /// The targets of events, and what each wants.
    pub targets: BTreeMap<String, Wants>,
    /// The fingerprint of the key that hashes addresses.
    pub address_key: String,
}

/// A database that cannot be used, in a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be opened, read or written.
    #[error("the database {0} cannot be opened: {1}")]
    Open(String, String),
    /// There is none.
    #[error("there is no database {0}: run this where `afterword serve` runs, or name its --config")]
    Missing(String),
    /// An older Afterword made it, and nobody has migrated it yet.
    #[error(
        "the database {0} has schema {1}, and this program needs schema {2}: restart `afterword serve`, which migrates it, \
        or try again when it has"
    )]
    Older(String, i64, i64),
    /// A newer Afterword migrated it.
    #[error("the database {0} has schema {1}, which is newer than this program: install the newer Afterword again")]
    Newer(String, i64),
    /// Its schema has a version of ours but another text.
    #[error("the database {0} was made by a development version of Afterword: move it away and start anew")]
    Foreign(String),
    /// Its addresses were hashed with another key.
    #[error(
        "the database {0} was made with another key file: put the old one back, or every unsubscribed address is forgotten"
    )]
    OtherKey(String),
    /// It is missing or empty, but its key file is there.
    #[error(
        "there is no database {0}, but its key file {1}: put the database back, or begin an empty one with \
        `afterword serve --new-database`, which does not know who must not be asked"
    )]
    Lost(String, String),
    /// Another process serves it.
    #[error("another afterword serves the database {0}: stop it first, one service owns a database")]
    Served(String),
}

/// The store did not answer in time, or not at all. A write may or may not have happened; trying again is safe.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the store cannot answer: {0}")]
pub struct Unavailable(String);

/// What a page shows of a survey.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its clicks, without the comment.
    pub clicks: Clicks,
    /// What it is about.
    pub about: About,
}

/// Which ratings to list, and when they were given.
#[derive(Clone, Debug)]
pub struct RatingsFilter {
    /// When they were given.
    pub period: Period,
    /// Which ones. Its ends are those of the period.
    pub query: RatingsQuery,
}

/// Where a suppression is in the list: newest first, then by hash and cause.
pub type SuppressionPlace = (Time, String, Cause);

/// An open database. Its schema is the one that this program needs.
#[derive(Debug)]
pub struct Store(Backend);

#[derive(Debug)]
enum Backend {
    Sqlite(Sqlite),
}

impl Store {
    /// Opens the database as its one service: takes the lock, makes or migrates the file, stores the settings in it, and
    /// frees the leases that a crash left. What it writes is counted in `metrics`.
    ///
    /// # Errors
    /// Another service has the lock; or the file cannot be written, is newer than this program, or belongs to another key
    /// file.
    pub async fn serve(
        path: &Path,
        settings: &Settings,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, ServeLock), OpenError> {
        let (sqlite, lock) = Sqlite::serve(path, settings, metrics).await?;
        Ok((Self(Backend::Sqlite(sqlite)), lock))
    }

    /// Opens the database beside its service. Changes neither schema nor settings.
    ///
    /// # Errors
    /// There is no such file; or it cannot be read, has another schema than this program, or belongs to another key file.
    pub async fn open(path: &Path, settings: &Settings) -> Result<Self, OpenError> {
        Ok(Self(Backend::Sqlite(Sqlite::open(path, settings).await?)))
    }

    /// As [`open`](Self::open), but makes or migrates the file first if that is needed and no service has it. The lock is
    /// given back when the store is open.
    ///
    /// # Errors
    /// As those of [`open`](Self::open) and [`serve`](Self::serve).
    pub async fn open_or_make(path: &Path, settings: &Settings) -> Result<Self, OpenError> {
        match Self::open(path, settings).await {
            Err(OpenError::Missing(_) | OpenError::Older(..)) => {}
            other => return other,
        }
        match Self::serve(path, settings, Arc::default()).await {
            Ok((store, _lock)) => Ok(store),
            // The service has been making or migrating it in the meantime.
            Err(OpenError::Served(_)) => Self::open(path, settings).await,
            Err(error) => Err(error),
        }
    }

    fn sqlite(&self) -> &Sqlite {
        let Backend::Sqlite(sqlite) = &self.0;
        sqlite
    }

    /// The service that leases of this store name.
    #[must_use]
    pub fn owner(&self) -> Uuid {
        self.sqlite().owner()
    }

    /// Whether the database counts by these settings: those of the service that was last started.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn counts_by(&self, settings: &Settings) -> Result<bool, Unavailable> {
        self.sqlite().counts_by(settings).await
    }

    /// Waits until the store can no longer do its work, which only a restart mends.
    pub async fn died(&self) {
        self.sqlite().died().await;
    }

    /// Finishes the work that waits, answers it, and closes the database.
    pub async fn shut_down(self) {
        let Backend::Sqlite(sqlite) = self.0;
        sqlite.shut_down().await;
    }

    async fn write<C: Command>(&self, command: C) -> Result<C::Answer, Unavailable> {
        self.sqlite().write(command).await
    }

    /// Decides about a closing. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn close(&self, close: Close) -> Result<Closed, Unavailable> {
        self.write(close).await
    }

    /// Takes a reopening; answers how many surveys it cancelled. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn reopen(&self, reopen: Reopen) -> Result<u64, Unavailable> {
        self.write(reopen).await
    }

    /// Queues a view. It is decided before anything that is written after this returns, and durable some time later.
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn view(&self, view: View) -> Result<(), Unavailable> {
        self.sqlite().queue(view).await
    }

    /// Takes a form posted to a rating link; `None` if there is no such survey. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn answer(&self, submit: Submit) -> Result<Option<Submitted>, Unavailable> {
        self.write(submit).await
    }

    /// Does what an admin decided about a rating; `None` if there is no such survey. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn moderate(&self, moderate: Moderate) -> Result<Option<Result<Moderated, Refusal>>, Unavailable> {
        self.write(moderate).await
    }

    /// Records what was reported of a mail; answers whether there is such a survey. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn bounce(&self, returned: Return) -> Result<bool, Unavailable> {
        self.write(returned).await
    }

    /// Claims a mail that is due. The lease is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn claim(&self, claim: Claim) -> Result<Claimed, Unavailable> {
        self.write(claim).await
    }

    /// Records what became of a mail, and claims the next one if `mark` asks for it. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn mark(&self, mark: Mark) -> Result<Option<Claimed>, Unavailable> {
        self.write(mark).await
    }

    /// Writes a sign of life. It is durable.
    ///
    /// # Errors
    /// The store did not answer, or takes no writes.
    pub async fn beat(&self, heartbeat: Heartbeat) -> Result<(), Unavailable> {
        self.write(heartbeat).await
    }

    /// What is known of the service and its mails.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn status(&self, now: Time) -> Result<Stored, Unavailable> {
        self.sqlite().status(now).await
    }

    /// What became of the open database, in a sentence, if its path no longer leads to it: whatever is written now is lost
    /// with the process.
    #[must_use]
    pub fn misplaced(&self) -> Option<&'static str> {
        self.sqlite().place().misplaced()
    }

    /// The size of the database in bytes, with its write-ahead log.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sqlite().place().bytes()
    }

    /// Waits until the writer has been through everything that was queued, and could commit.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn flush(&self) -> Result<(), Unavailable> {
        self.sqlite().flush().await
    }

    /// Looks up what a page shows of a survey; `None` if there is no such survey.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn shown(&self, survey: Uuid) -> Result<Option<Shown>, Unavailable> {
        self.sqlite().shown(survey).await
    }

    /// Looks up a key of the API by its id, revoked ones too.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn key(&self, id: &str) -> Result<Option<ApiKey>, Unavailable> {
        self.sqlite().key(id).await
    }

    /// Stores a new key of the API.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn add_key(&self, key: &ApiKey) -> Result<(), Unavailable> {
        self.sqlite().add_key(key).await
    }

    /// Lists all keys of the API, the oldest first, revoked ones too.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, Unavailable> {
        self.sqlite().keys().await
    }

    /// Revokes a key for good; `false` if there is none with this id, or it was revoked before.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn revoke_key(&self, id: &str, now: Time) -> Result<bool, Unavailable> {
        self.sqlite().revoke_key(id, now).await
    }

    /// The survey that an address was sent last; `None` if it was sent none.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn latest_survey(&self, address_hash: &str) -> Result<Option<Uuid>, Unavailable> {
        self.sqlite().latest_survey(address_hash).await
    }
}
