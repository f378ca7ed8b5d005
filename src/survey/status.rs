//! How the service does, as an operator asks when no mails come.
//!
//! It owns the shape of the answer, which status, metrics and readiness share. It must not know where a figure comes from.

use super::Time;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::fmt::Display;

/// What counts as lately: failed mails and refused requests of this time.
pub const LATELY: TimeDelta = TimeDelta::hours(24);
/// How often a running service writes a sign of life at least.
pub const BEAT: TimeDelta = TimeDelta::seconds(10);
/// After this without a sign of life a service is taken for dead: two that were missed, and the time a write may take.
const DEAD_AFTER: TimeDelta = TimeDelta::seconds(30);

/// The mails that wait, and what became of others lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Mails that wait or are being sent, those that are not due yet too.
    pub waiting: u64,
    /// When the oldest of them was first due; `None` if none is due.
    pub oldest_due: Option<Time>,
    /// Mails accepted lately.
    pub accepted: u64,
    /// Mails that failed for good lately.
    pub failed: u64,
    /// When a mail was last accepted.
    pub last_accepted: Option<Time>,
}

/// A running service about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub started_at: Time,
    /// Its last sign of life.
    pub seen_at: Time,
    /// When it stopped in good order; `None` while it runs, and after a crash.
    pub stopped_at: Option<Time>,
    /// Its mail workers.
    pub workers: Workers,
    /// Its faults, in a sentence each.
    pub degraded: Vec<String>,
    /// When sending last failed, and why, in the words of the mail server or of the network. Erasing clears it.
    pub last_error: Option<(Time, String)>,
}

/// The mail workers of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workers {
    /// How many should run; none before the service sends.
    pub wanted: u32,
    /// How many run. One that failed twice in a row counts again once it has lived for a minute.
    pub alive: u32,
    /// How often one failed since the start.
    pub panics: u32,
}

impl Workers {
    /// Whether there should be workers and there is none.
    #[must_use]
    pub fn all_gone(self) -> bool {
        self.wanted > 0 && self.alive == 0
    }

    /// How many are missing.
    #[must_use]
    pub fn missing(self) -> u32 {
        self.wanted.saturating_sub(self.alive)
    }
}

impl Service {
    /// Whether it runs, by its last sign of life.
    #[must_use]
    pub fn runs(&self, now: Time) -> bool {
        self.stopped_at.is_none() && now - self.seen_at < DEAD_AFTER
    }
}

/// A target of events, and how it fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its section of the configuration, such as `webhook.crm`.
    pub name: String,
    /// Tellings that wait or are being sent, those that are not due yet too.
    pub waiting: u64,
    /// When the oldest of those that are due was first due.
    pub oldest_due: Option<Time>,
    /// Why one of them was not taken.
    pub note: Option<String>,
    /// Tellings that failed for good and are not deleted yet.
    pub failed: u64,
    /// Since when it gets no events, and why, if it is disabled.
    pub disabled: Option<(Time, String)>,
}

/// What the database knows of the service and its mails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The mails.
    pub queue: Queue,
    /// The service as it last wrote about itself; `None` if none has run yet.
    pub service: Option<Service>,
    /// Requests that were answered by an error lately, by the code of the error.
    pub refused: BTreeMap<String, u64>,
    /// Closings that wait until their conversation was fetched.
    pub undecided: u64,
    /// The targets of events, by name.
    pub targets: Vec<Target>,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Status {
    /// When it was asked.
    pub now: Time,
    /// The version of the program that answers.
    pub version: &'static str,
    /// The configuration file; `None` for the built-in settings.
    pub config: Option<String>,
    /// The database file.
    pub database: String,
    /// The size of the database in bytes, with its write-ahead log.
    pub bytes: u64,
    /// Where mail goes, without a user.
    pub route: String,
    /// What the database knows.
    pub stored: Stored,
}

/// Whether the service does its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It does.
    Ready,
    /// It takes requests, but not all of it works.
    Degraded(Vec<Trouble>),
    /// It does not.
    Down(Vec<Trouble>),
}

/// A fault, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// For everybody: it repeats no error, mail server or person.
    pub public: String,
    /// For operators: with the words of those.
    pub full: String,
}

impl Trouble {
    /// A trouble that everybody may know in full.
    pub fn plain(sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { public: sentence.clone(), full: sentence }
    }

    /// A trouble of which only operators are told why.
    pub fn because(public: &str, why: impl Display) -> Self {
        Self { public: public.into(), full: format!("{public}: {why}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_runs_until_it_says_goodbye_or_is_silent() {
        let at = |seconds: i64| Time::from_timestamp(1_800_000_000 + seconds, 0).expect("a time");
        let service = |stopped_at| Service {
            version: "1".into(),
            pid: 1,
            started_at: at(0),
            seen_at: at(100),
            stopped_at,
            workers: Workers::default(),
            degraded: Vec::new(),
            last_error: None,
        };
        assert!(service(None).runs(at(100)) && service(None).runs(at(129)));
        assert!(!service(None).runs(at(130)), "silent");
        assert!(!service(Some(at(100))).runs(at(101)), "stopped");
        assert!(service(None).runs(at(90)), "a clock that was set back kills nobody");
    }

    #[test]
    fn workers_that_were_never_wanted_are_not_missed() {
        let workers = |wanted, alive| Workers { wanted, alive, panics: 0 };
        assert!(!workers(0, 0).all_gone() && workers(4, 0).all_gone() && !workers(4, 1).all_gone());
        assert_eq!((workers(4, 1).missing(), workers(0, 0).missing()), (3, 0));
    }
}
