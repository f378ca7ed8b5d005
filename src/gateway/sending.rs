//! Whether mail goes out, and what operators do about mails that did not.
//!
//! It must not know when sending pauses by itself (`survey::sending`), nor how a mail is sent.

use super::{Error, Gateway, MailCount, Requeued, Unsent};
use crate::ledger::outbox::Requeue;
use crate::survey::fields::display;
use crate::survey::sending::{Flow, Halt, Sending, Turn};
use std::sync::{MutexGuard, PoisonError};
use uuid::Uuid;

/// How many mails one command requeues: few enough that closings and clicks need not wait for it.
const REQUEUE_AT_ONCE: u32 = 500;
/// The longest reason of a pause, in characters.
const LONGEST_WHY: usize = 200;

impl Gateway {
    /// Whether mail goes out. It asks no database, so a pause that a person made is known once a worker has looked for
    /// mail: within two seconds. Beside the service it knows nothing: see [`halted`](Self::halted).
    #[must_use]
    pub fn sending(&self) -> Sending {
        self.flow().sending()
    }

    /// Pauses sending until somebody [resumes](Self::resume_mail) it, also across restarts; `false` if it was paused so
    /// already. Once this returns, no further mail goes out, but for those that are under way: one a worker at most.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn pause_mail(&self, why: &str) -> Result<bool, Error> {
        let why = display(why, LONGEST_WHY).unwrap_or_default();
        Ok(self.store.halt(&Halt { since: self.clock.now(), why }).await?)
    }

    /// Ends the pause that somebody made; `false` if there was none. A running service goes on within two seconds.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn resume_mail(&self) -> Result<bool, Error> {
        Ok(self.store.resume().await?)
    }

    /// The pause that somebody made, as the database has it.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn halted(&self) -> Result<Option<Halt>, Error> {
        Ok(self.store.halted().await?)
    }

    /// All mails, counted by state and reason. It reads the whole outbox.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn mail_counts(&self) -> Result<Vec<MailCount>, Error> {
        Ok(self.store.mail_counts().await?)
    }

    /// Makes failed mails due again, with fresh patience: those whose rate window is open, and never one that may have
    /// arrived, nor one to a suppressed address.
    ///
    /// # Errors
    /// An unavailable store: some may be requeued then.
    pub async fn requeue(&self, which: &Unsent) -> Result<Requeued, Error> {
        let (mut done, mut after) = (Requeued::default(), Uuid::nil());
        loop {
            let surveys = self.store.failed(which, after, REQUEUE_AT_ONCE).await?;
            let Some(last) = surveys.last() else { return Ok(done) };
            after = *last;
            let more =
                self.store.requeue(Requeue { surveys: surveys.into_iter().collect(), at: self.clock.now() }).await?;
            done.requeued += more.requeued;
            done.window_over += more.window_over;
            done.left += more.left;
            self.mail_due.notify_one();
        }
    }

    /// Ignores poisoning: whatever a panic left, the next attempt to send tells the truth.
    pub(super) fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of the pause that somebody made, or of its end.
    pub(super) fn note_halt(&self, halt: Option<&Halt>) {
        if self.flow().halt(halt) {
            match halt {
                Some(Halt { why, .. }) => tracing::warn!(why, "sending is paused by hand"),
                None => tracing::info!("sending is no longer paused by hand"),
            }
        }
    }
}

/// One line for each change of state, whatever the number of attempts.
pub(super) fn log_turn(turn: &Turn) {
    match turn {
        Turn::Paused(why) => tracing::error!(why, "sending is paused: mails wait until the mail server takes one"),
        Turn::Resumed => tracing::info!("sending goes on"),
    }
}
