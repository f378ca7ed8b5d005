//! What a mail worker needs of the gateway: one mail after the other, each marked before the next goes out.
//!
//! It owns the step from a claimed mail to its mark. It must not know when to look or rest.

use super::sending::log_turn;
use super::{Error, Gateway};
use crate::ledger::outbox::{Claim, Claimed, Mark};
use crate::mail::compose::{Sender, request};
use crate::mail::transport::Connection;
use crate::survey::digest::DigestMail;
use crate::survey::outbound::{Attempt, Lease, Outgoing, Patience};
use crate::survey::pace::Rates;
use crate::survey::refusal::Refusal;
use crate::survey::sending::{PROBE_ENDS, Permit, Sending};
use chrono::TimeDelta;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a claimed mail belongs to its worker: longer than the SMTP deadlines of one mail together (19 min).
const LEASE: TimeDelta = PROBE_ENDS;
/// The pause before a failed mark is retried.
pub(super) const MARK_AGAIN: Duration = Duration::from_secs(1);
/// How often a worker looks whether a person has resumed sending.
const LOOK_AT_HALT: TimeDelta = TimeDelta::seconds(2);

/// What became of looking for a mail to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A mail was accepted, refused or dropped. There may be more.
    Again,
    /// The server could not be reached: rest before the next. The mail waits for no rest.
    Unreachable,
    /// Sending is paused: look again after this, or sooner.
    Paused(TimeDelta),
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
    /// Its next mail tells whether sending works again.
    probes: bool,
    /// Which edition of the relay the connection is of.
    edition: u64,
}

/// A mail that was claimed: the one of a survey, or a digest.
enum Due {
    Survey(Box<Outgoing>),
    Digest(Box<DigestMail>),
}

impl Due {
    fn id(&self) -> Uuid {
        match self {
            Self::Survey(outgoing) => outgoing.survey,
            Self::Digest(digest) => digest.id,
        }
    }

    fn address(&self) -> &str {
        match self {
            Self::Survey(outgoing) => &outgoing.address,
            Self::Digest(digest) => &digest.subscription.address,
        }
    }
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
        MailWorker { connection: self.relay.transport().connection(), claimed: None, probes: false, edition }
    }

    /// Sends one mail that is due. What became of it is durable before this returns, however long the store takes: the
    /// next mail of the same connection must not go out before. The next one is claimed with the mark.
    ///
    /// # Errors
    /// An unavailable store, before anything was sent.
    pub async fn deliver_due(&self, worker: &mut MailWorker) -> Result<Delivery, Error> {
        let claimed = match worker.claimed.take() {
            Some(claimed) => claimed,
            None => match self.look(worker).await? {
                Ok(claimed) => claimed,
                Err(paused) => return Ok(paused),
            },
        };
        let (mail, lease) = match claimed {
            Claimed::Mail(outgoing, lease) => (Due::Survey(outgoing), lease),
            Claimed::Digest(digest, lease) => (Due::Digest(digest), lease),
            Claimed::Dropped => return Ok(Delivery::Again),
            Claimed::Paced(turn) => return Ok(Delivery::Paced((turn - self.clock.now()).max(TimeDelta::zero()))),
            Claimed::Halted(halt) => {
                self.note_halt(Some(&halt));
                return Ok(Delivery::Paused(LOOK_AT_HALT));
            }
            Claimed::Nothing => return Ok(Delivery::Idle),
        };
        if worker.edition != self.relay.edition() {
            worker.close().await;
            *worker = MailWorker { probes: worker.probes, ..self.mail_worker() };
        }
        let start = Instant::now();
        let attempt = match &mail {
            Due::Survey(outgoing) => self.send(&mut worker.connection, outgoing).await,
            Due::Digest(digest) => self.send_digest(&mut worker.connection, digest).await,
        };
        self.metrics.attempted(&attempt, start.elapsed());
        self.health.attempted(mail.id(), &attempt, self.clock.now());
        let due_again = self.note(worker, &mail, &attempt);
        let unreachable = matches!(attempt, Attempt::Unreachable(_));
        let paused = self.paused();
        let next = !unreachable && paused.is_none();
        worker.claimed = match &mail {
            Due::Survey(outgoing) => self.mark(outgoing.survey, lease, attempt, due_again, next).await,
            Due::Digest(digest) => {
                self.mark_digest(digest.id, lease, attempt, due_again).await;
                None
            }
        };
        Ok(match paused {
            Some(wait) => Delivery::Paused(wait),
            None if unreachable => Delivery::Unreachable,
            None => Delivery::Again,
        })
    }

    /// Claims a mail, unless sending is paused. A pause by hand is noticed during an automatic one, too.
    async fn look(&self, worker: &mut MailWorker) -> Result<Result<Claimed, Delivery>, Error> {
        let now = self.clock.now();
        let permit = self.flow().permit(now);
        if let Permit::NotBefore(_) = permit {
            self.note_halt(self.store.halted().await?.as_ref());
            return Ok(Err(Delivery::Paused(self.paused().unwrap_or_default())));
        }
        let claimed = self.store.claim(self.next_claim()).await;
        worker.probes = permit == Permit::Probe && matches!(claimed, Ok(Claimed::Mail(..) | Claimed::Digest(..)));
        if permit == Permit::Probe && !worker.probes {
            self.flow().not_probed(now);
        }
        let claimed = claimed?;
        if !matches!(claimed, Claimed::Halted(_)) {
            self.note_halt(None);
        }
        Ok(Ok(claimed))
    }

    /// Logs an attempt, and what it changes for all of sending; the reply code of refusals whose mails are due again.
    fn note(&self, worker: &mut MailWorker, mail: &Due, attempt: &Attempt) -> Option<u16> {
        let probed = std::mem::take(&mut worker.probes);
        let (turn, puts_off) = {
            let mut flow = self.flow();
            let before = flow.puts_off();
            // An answer to the old password says nothing about the new one.
            let is_current = worker.edition == self.relay.edition();
            let turn = is_current.then(|| flow.attempted(self.clock.now(), probed, mail.address(), attempt)).flatten();
            (turn, flow.puts_off().or(before))
        };
        // The log names the pause once, so its attempts are only for debugging.
        if self.paused().is_some() && matches!(attempt, Attempt::Refused(_) | Attempt::Unreachable(_)) {
            tracing::debug!(mail = %mail.id(), ?attempt, "an attempt while sending is paused");
        } else {
            log_attempt(mail.id(), attempt);
        }
        if let Some(turn) = &turn {
            log_turn(turn);
        }
        // Those refusals were not about their mails. After a probe in vain the next one needs a mail, too.
        puts_off.filter(|_| probed || turn.is_some())
    }

    /// How long sending is paused from now; `None` if it is not.
    pub(super) fn paused(&self) -> Option<TimeDelta> {
        match self.sending() {
            Sending::Paused { next_probe: Some(then), .. } => Some((then - self.clock.now()).max(TimeDelta::zero())),
            Sending::Paused { next_probe: None, .. } => Some(LOOK_AT_HALT),
            Sending::Running => None,
        }
    }

    async fn send(&self, connection: &mut Connection, outgoing: &Outgoing) -> Attempt {
        let sender = Sender::new(&self.config, self.dkim.as_ref(), outgoing);
        match request(&sender, outgoing, &self.secrets.ring, self.clock.now()) {
            Ok(letter) => connection.send(&letter).await,
            Err(error) => Attempt::Permanent(error.to_string()),
        }
    }

    /// Stores what became of a mail, however long that takes, and claims the next one if `another` says so.
    async fn mark(
        &self,
        survey: Uuid,
        lease: Lease,
        attempt: Attempt,
        due_again: Option<u16>,
        another: bool,
    ) -> Option<Claimed> {
        let patience = self.patience();
        let (at, jitter) = (self.clock.now(), fastrand::f64());
        let next = another.then(|| self.next_claim());
        let mut mark = Mark { survey, lease, at, attempt, patience, jitter, due_again, next };
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

    /// The settings of retries.
    pub(super) fn patience(&self) -> Patience {
        let mail = &self.config.mail;
        Patience { retry_after: mail.retry_after, give_up_after: mail.give_up_after }
    }

    fn next_claim(&self) -> Claim {
        let (at, mail) = (self.clock.now(), &self.config.mail);
        let rates = Rates { overall: mail.max_per_minute, per_domain: mail.max_per_minute_per_domain };
        Claim { at, lease: Lease { owner: self.store.owner(), until: at + LEASE }, rates }
    }
}

fn log_attempt(mail: Uuid, attempt: &Attempt) {
    match attempt {
        Attempt::Accepted => tracing::info!(%mail, "mail accepted"),
        Attempt::Temporary(why) => tracing::warn!(%mail, why, "mail refused for now"),
        // The store logs which mails failed for good.
        Attempt::Permanent(_) | Attempt::NoRecipient(_) => {}
        Attempt::Refused(Refusal { step, why, .. }) => tracing::warn!(%mail, %step, why, "mail refused, and waits"),
        Attempt::Unreachable(why) => tracing::warn!(why, "mail server not reached"),
        Attempt::Unknown(why) => tracing::warn!(%mail, why, "mail may have been delivered"),
    }
}
