//! What a mail worker needs of the gateway: one mail after the other, each marked before the next goes out.
//!
//! It owns the step from a claimed mail to its mark. It must not know when to look or rest.

use super::{Error, Gateway};
use crate::ledger::outbox::{Claim, Claimed, Mark};
use crate::mail::compose::{Sender, request};
use crate::mail::transport::Connection;
use crate::survey::outbound::{Attempt, Lease, Outgoing, Patience};
use crate::survey::pace::Rates;
use chrono::TimeDelta;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a claimed mail belongs to its worker: longer than the SMTP deadlines of one mail together (27 min).
const LEASE: TimeDelta = TimeDelta::minutes(30);
/// The pause before a failed mark is retried.
const MARK_AGAIN: Duration = Duration::from_secs(1);

/// What became of looking for a mail to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A mail was accepted, refused or dropped. There may be more.
    Again,
    /// The server could not be reached: wait before the next.
    Unreachable,
    /// Mails are due, but the rate is used up: look again after this.
    Paced(TimeDelta),
    /// Nothing is due.
    Idle,
}

/// What one worker keeps from mail to mail: its connection, and what it claimed with its last mark.
///
/// A worker that is dropped before a delivery was [`Idle`](Delivery::Idle) may drop a claimed mail: that mail waits for
/// the next start, or for the end of its lease.
#[derive(Debug)]
pub struct MailWorker {
    connection: Connection,
    claimed: Option<Claimed>,
    /// Which edition of the relay the connection is of.
    edition: u64,
}

impl MailWorker {
    /// Closes the connection, if there is one. To be called when work runs out: servers close idle connections anyway.
    pub async fn close(&mut self) {
        self.connection.close().await;
    }
}

impl Gateway {
    /// What one worker needs to deliver mail.
    #[must_use]
    pub fn mail_worker(&self) -> MailWorker {
        // The edition first: a relay that is replaced in between is taken anew before the first mail.
        let edition = self.relay.edition();
        MailWorker { connection: self.relay.transport().connection(), claimed: None, edition }
    }

    /// Sends one mail that is due. What became of it is durable before this returns, however long the store takes: the
    /// next mail of the same connection must not go out before. The next one is claimed with the mark.
    ///
    /// # Errors
    /// An unavailable store, before anything was sent.
    pub async fn deliver_due(&self, worker: &mut MailWorker) -> Result<Delivery, Error> {
        let claimed = match worker.claimed.take() {
            Some(claimed) => claimed,
            None => self.store.claim(self.next_claim()).await?,
        };
        let (outgoing, lease) = match claimed {
            Claimed::Mail(outgoing, lease) => (outgoing, lease),
            Claimed::Dropped => return Ok(Delivery::Again),
            Claimed::Paced(turn) => return Ok(Delivery::Paced((turn - self.clock.now()).max(TimeDelta::zero()))),
            Claimed::Nothing => return Ok(Delivery::Idle),
        };
        if worker.edition != self.relay.edition() {
            worker.close().await;
            *worker = self.mail_worker();
        }
        let start = Instant::now();
        let attempt = self.send(&mut worker.connection, &outgoing).await;
        self.metrics.attempted(&attempt, start.elapsed());
        self.health.attempted(&attempt, self.clock.now());
        log_attempt(outgoing.survey, &attempt);
        let unreachable = matches!(attempt, Attempt::Unreachable(_));
        worker.claimed = self.mark(outgoing.survey, lease, attempt, !unreachable).await;
        Ok(if unreachable { Delivery::Unreachable } else { Delivery::Again })
    }

    async fn send(&self, connection: &mut Connection, outgoing: &Outgoing) -> Attempt {
        let sender = Sender::new(&self.config, self.dkim.as_ref(), outgoing);
        match request(&sender, outgoing, &self.secrets.ring, self.clock.now()) {
            Ok(letter) => connection.send(&letter).await,
            Err(error) => Attempt::Permanent(error.to_string()),
        }
    }

    /// Stores what became of a mail, however long that takes, and claims the next one if `another` says so.
    async fn mark(&self, survey: Uuid, lease: Lease, attempt: Attempt, another: bool) -> Option<Claimed> {
        let mail = &self.config.mail;
        let patience = Patience { retry_after: mail.retry_after, give_up_after: mail.give_up_after };
        let (at, jitter) = (self.clock.now(), fastrand::f64());
        let next = another.then(|| self.next_claim());
        let mut mark = Mark { survey, lease, at, attempt, patience, jitter, next };
        loop {
            match self.store.mark(mark.clone()).await {
                Ok(claimed) => return claimed,
                Err(error) => tracing::error!(%error, %survey, "cannot record yet what became of a mail"),
            }
            // The claim may be what fails, and must not keep the mark from being stored: this mail would go out again.
            if mark.next.take().is_none() {
                tokio::time::sleep(MARK_AGAIN).await;
            }
        }
    }

    fn next_claim(&self) -> Claim {
        let (at, mail) = (self.clock.now(), &self.config.mail);
        let rates = Rates { overall: mail.max_per_minute, per_domain: mail.max_per_minute_per_domain };
        Claim { at, lease: Lease { owner: self.store.owner(), until: at + LEASE }, rates }
    }
}

fn log_attempt(survey: Uuid, attempt: &Attempt) {
    match attempt {
        Attempt::Accepted => tracing::info!(%survey, "mail accepted"),
        Attempt::Temporary(why) => tracing::warn!(%survey, why, "mail refused for now"),
        Attempt::Permanent(why) => tracing::warn!(%survey, why, "mail refused for good"),
        Attempt::Unreachable(why) => tracing::warn!(why, "mail server not reached"),
        Attempt::Unknown(why) => tracing::warn!(%survey, why, "mail may have been delivered"),
    }
}
