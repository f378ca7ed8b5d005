//! Whether the service does its work, and what it tells about itself: readiness, status and metrics.
//!
//! It owns what only the running process knows, and when it writes that down as a sign of life. It must not know HTTP, SQL
//! or names of metrics.

use super::{Error, Gateway};
use crate::ledger::heartbeat::Heartbeat;
use crate::survey::Time;
use crate::survey::outbound::Attempt;
use crate::survey::sending::Sending;
use crate::survey::status::{LATELY, Readiness, Service, Status, Trouble, Workers};
use chrono::{DurationRound, TimeDelta};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Readiness takes a write to the disk, and `/readyz` takes no key: callers within this time share one answer.
const SHARED_FOR: TimeDelta = TimeDelta::seconds(1);

/// What the running service knows of itself. Its parts are locked for a moment each, never while something is awaited.
#[derive(Debug)]
pub(super) struct Health {
    started_at: Time,
    wanted: AtomicU32,
    alive: AtomicU32,
    panics: AtomicU32,
    /// Why an attempt failed, if that is not in the database yet, and the survey whose mail it was.
    last_error: Mutex<Option<(Uuid, Time, String)>>,
    /// Refusals that are not in the database yet, by the start of their hour and their code.
    refused: Mutex<BTreeMap<(Time, &'static str), u64>>,
    /// Keys whose use is not in the database yet.
    used: Mutex<BTreeMap<String, Time>>,
    /// The last answer. Its lock makes callers wait for the one that is being found out instead of starting their own.
    readiness: tokio::sync::Mutex<Option<(Time, Readiness)>>,
}

impl Health {
    pub(super) fn new(now: Time) -> Self {
        Self {
            started_at: now,
            wanted: AtomicU32::new(0),
            alive: AtomicU32::new(0),
            panics: AtomicU32::new(0),
            last_error: Mutex::default(),
            refused: Mutex::default(),
            used: Mutex::default(),
            readiness: tokio::sync::Mutex::default(),
        }
    }

    /// Keeps the reason of an attempt that failed.
    pub(super) fn attempted(&self, survey: Uuid, attempt: &Attempt, now: Time) {
        if let Some(why) = attempt.reason() {
            *lock(&self.last_error) = Some((survey, now, why.to_owned()));
        }
    }

    /// Notes that a key was used.
    pub(super) fn used(&self, key: &str, now: Time) {
        lock(&self.used).insert(key.to_owned(), now);
    }

    fn workers(&self) -> Workers {
        let read = |number: &AtomicU32| number.load(Relaxed);
        Workers { wanted: read(&self.wanted), alive: read(&self.alive), panics: read(&self.panics) }
    }
}

/// Ignores poisoning: each change is a single assignment, so a panic leaves the value whole.
fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gateway {
    /// Whether the service does its work. It writes a sign of life to find out, at most once a second: callers in between
    /// get the same answer. A change is logged.
    pub async fn readiness(&self) -> Readiness {
        let mut last = self.health.readiness.lock().await;
        let now = self.clock.now();
        // An age below zero is from before the clock was set back.
        let fresh = |at: Time| (TimeDelta::zero()..SHARED_FOR).contains(&(now - at));
        if let Some((at, readiness)) = &*last
            && fresh(*at)
        {
            return readiness.clone();
        }
        let readiness = self.find_out().await;
        let before = last.take().map(|(_, before)| before);
        if before.as_ref() != Some(&readiness) {
            log(&readiness, before.is_some());
        }
        *last = Some((self.clock.now(), readiness.clone()));
        readiness
    }

    async fn find_out(&self) -> Readiness {
        let (mut down, degraded) = (Vec::new(), self.degraded());
        if let Some(misplaced) = self.store.misplaced() {
            down.push(Trouble::plain(misplaced));
        } else if let Err(error) = self.beat(None).await {
            down.push(Trouble::because("the database takes no writes", error));
        }
        if self.needs_restart() {
            down.push(Trouble::plain("no mail worker runs"));
        }
        match (down.is_empty(), degraded.is_empty()) {
            (true, true) => Readiness::Ready,
            (true, false) => Readiness::Degraded(degraded),
            (false, _) => Readiness::Down(down),
        }
    }

    /// The faults of a service that still takes requests.
    fn degraded(&self) -> Vec<Trouble> {
        let (mut degraded, workers) = (Vec::new(), self.health.workers());
        if let Sending::Paused { why, .. } = self.sending() {
            degraded.push(Trouble::because("sending is paused", why));
        }
        if workers.missing() > 0 {
            let (missing, wanted) = (workers.missing(), workers.wanted);
            degraded.push(Trouble::plain(format!("{missing} of {wanted} mail workers failed and are started again")));
        }
        degraded
    }

    /// Writes a sign of life, and with it what was gathered since the last one.
    async fn beat(&self, stopped_at: Option<Time>) -> Result<(), Error> {
        let (health, now) = (&self.health, self.clock.now());
        let failed = lock(&health.last_error).clone();
        let service = Service {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            started_at: health.started_at,
            seen_at: now,
            stopped_at,
            workers: health.workers(),
            degraded: self.degraded().into_iter().map(|trouble| trouble.full).collect(),
            last_error: failed.clone().map(|(_, at, why)| (at, why)),
        };
        let (refused, used) = (lock(&health.refused).clone(), lock(&health.used).clone());
        let heartbeat = Heartbeat {
            service,
            failed: failed.as_ref().map(|(survey, ..)| *survey),
            refused: refused.iter().map(|((hour, code), count)| (*hour, *code, *count)).collect(),
            refused_since: hour(now - LATELY),
            used: used.clone().into_iter().collect(),
        };
        self.store.beat(heartbeat).await?;
        // Refusals that came in meanwhile stay. After a write that failed or timed out, some may be counted twice.
        let mut waiting = lock(&health.refused);
        for (key, count) in refused {
            waiting.entry(key).and_modify(|more| *more -= count);
        }
        waiting.retain(|_, count| *count > 0);
        lock(&health.used).retain(|key, at| used.get(key) != Some(at));
        // Never written twice: it may be erased from the database by then.
        lock(&health.last_error).take_if(|last| failed.as_ref() == Some(last));
        Ok(())
    }

    /// Says in the database that the service stops in good order.
    pub async fn say_goodbye(&self) {
        // No look at readiness may write meanwhile or later.
        let _readiness = self.health.readiness.lock().await;
        if let Err(error) = self.beat(Some(self.clock.now())).await {
            tracing::warn!(%error, "the database does not know that the service stopped");
        }
    }

    /// How the service does.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn status(&self) -> Result<Status, Error> {
        let now = self.clock.now();
        let path = |path: &std::path::Path| std::path::absolute(path).unwrap_or(path.to_owned()).display().to_string();
        Ok(Status {
            now,
            version: env!("CARGO_PKG_VERSION"),
            config: self.config.file.as_deref().map(path),
            database: path(&self.config.database),
            bytes: self.store.bytes(),
            route: self.config.mail.smtp.to_string(),
            stored: self.store.status(now).await?,
        })
    }

    /// All metrics, as text of [`CONTENT_TYPE`](crate::metrics::CONTENT_TYPE). While the store cannot answer, its gauges
    /// keep their last values, and `afterword_ready` is 0.
    pub async fn metrics(&self) -> String {
        let readiness = self.readiness().await;
        let status = match &readiness {
            Readiness::Down(_) => None,
            _ => self.status().await.ok(),
        };
        self.metrics.read(&readiness, self.health.workers(), status.as_ref());
        self.metrics.text()
    }

    /// Notes that a request was answered by an error with this code.
    pub fn refused(&self, code: &'static str) {
        self.metrics.refused(code);
        *lock(&self.health.refused).entry((hour(self.clock.now()), code)).or_default() += 1;
    }

    /// Says how many mail workers should run.
    pub fn wants_workers(&self, wanted: u32) {
        self.health.wanted.store(wanted, Relaxed);
    }

    /// Notes that a mail worker runs.
    pub fn worker_runs(&self) {
        self.health.alive.fetch_add(1, Relaxed);
    }

    /// Notes that a mail worker that ran does no longer.
    pub fn worker_ended(&self) {
        self.health.alive.fetch_sub(1, Relaxed);
    }

    /// Whether only a restart helps: no mail worker runs.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        self.health.workers().all_gone()
    }

    /// Notes that a mail worker failed.
    pub fn worker_panicked(&self) {
        self.health.panics.fetch_add(1, Relaxed);
        self.metrics.panicked();
    }
}

/// The start of an hour.
fn hour(time: Time) -> Time {
    time.duration_trunc(TimeDelta::hours(1)).unwrap_or(time)
}

/// Logs a readiness that is not as it was. The first one is logged only if something is wrong.
fn log(readiness: &Readiness, changed: bool) {
    let full = |troubles: &[Trouble]| troubles.iter().map(|trouble| &*trouble.full).collect::<Vec<_>>().join("; ");
    match readiness {
        Readiness::Ready if changed => tracing::info!("ready"),
        Readiness::Ready => {}
        Readiness::Degraded(why) => tracing::warn!(why = full(why), "degraded"),
        Readiness::Down(why) => tracing::error!(why = full(why), "not ready"),
    }
}
