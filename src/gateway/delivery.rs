//! What a worker asks of the gateway: one mail after the other, each marked before the next goes out.
//!
//! It owns the step from a claimed mail to its mark. It must not know when to look or rest.

use super::{Error, Gateway, astray, way};
use crate::mail::compose;
use crate::mail::transport::Postman;
use crate::store::{Answer, Claimed, Command, Lease};
use crate::survey::delivery::{Attempt, Outgoing, Patience};
use crate::survey::pace::Rates;
use chrono::TimeDelta;
use std::time::Duration;
use uuid::Uuid;

/// How long a claimed mail belongs to its worker: longer than the SMTP deadlines of one mail together (27 min).
const LEASE: TimeDelta = TimeDelta::minutes(30);
/// How long to wait before saying again what became of a mail, when the store did not answer.
const MARK_AGAIN: Duration = Duration::from_secs(1);

/// What became of looking for a mail to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// One was handed over or refused; there may be more.
    Tried,
    /// There was no way out: wait before the next.
    Unreachable,
    /// Mails are due, but as many left as may: look again after this.
    Paced(TimeDelta),
    /// Nothing is due.
    Idle,
}

/// What one worker holds from mail to mail: its way out, and what it claimed with its last mark.
///
/// Whoever lets go of it before it was [`Idle`](Delivery::Idle) may let go of a mail: that waits for the next start, or
/// for the end of its lease.
pub struct Courier {
    postman: Postman,
    claimed: Option<Claimed>,
}

impl Courier {
    /// Closes the connection, if there is one. To be called when work runs out: servers close idle connections anyway.
    pub async fn rest(&mut self) {
        self.postman.rest().await;
    }
}

impl Gateway {
    /// What one worker needs to deliver.
    #[must_use]
    pub fn courier(&self) -> Courier {
        Courier { postman: self.transport.postman(), claimed: None }
    }

    /// Sends one mail that is due. What became of it is durable before this returns, however long the store takes: the
    /// next mail of the same connection must not go out before. The next one is claimed with the mark.
    ///
    /// # Errors
    /// An unavailable store, before anything was sent.
    pub async fn deliver_due(&self, courier: &mut Courier) -> Result<Delivery, Error> {
        let claimed = match courier.claimed.take() {
            Some(claimed) => claimed,
            None => match self.store.write(Command::Claim(self.lease())).await? {
                Answer::Claimed(claimed) => claimed,
                other => return Err(astray(&other)),
            },
        };
        let outgoing = match claimed {
            Claimed::Mail(outgoing) => outgoing,
            Claimed::Dropped => return Ok(Delivery::Tried),
            Claimed::Paced(turn) => return Ok(Delivery::Paced((turn - self.clock.now()).max(TimeDelta::zero()))),
            Claimed::Nothing => return Ok(Delivery::Idle),
        };
        let attempt = self.carry(&mut courier.postman, &outgoing).await;
        log_attempt(outgoing.survey, &attempt);
        let unreachable = matches!(attempt, Attempt::Unreachable(_));
        courier.claimed = self.mark(outgoing.survey, attempt, !unreachable).await;
        Ok(if unreachable { Delivery::Unreachable } else { Delivery::Tried })
    }

    async fn carry(&self, postman: &mut Postman, outgoing: &Outgoing) -> Attempt {
        let sender = way::sender(&self.config, self.dkim.as_ref(), outgoing);
        match compose::request(&sender, outgoing, &self.keys.ring, self.clock.now()) {
            Ok(letter) => postman.carry(&letter).await,
            Err(error) => Attempt::Permanent(error.to_string()),
        }
    }

    /// Stores what became of a mail, however long that takes, and claims the next if one is wanted.
    async fn mark(&self, survey: Uuid, attempt: Attempt, another: bool) -> Option<Claimed> {
        let mail = &self.config.mail;
        let patience = Patience { retry_after: mail.retry_after, give_up_after: mail.give_up_after };
        let (at, jitter) = (self.clock.now(), fastrand::f64());
        let next = another.then(|| self.lease());
        let mark = Command::Mark { survey, at, attempt, patience, jitter, next };
        loop {
            match self.store.write(mark.clone()).await {
                Ok(Answer::Claimed(claimed)) => return Some(claimed),
                Ok(_) => return None,
                Err(error) => tracing::error!(%error, %survey, "what became of a mail cannot be noted yet"),
            }
            tokio::time::sleep(MARK_AGAIN).await;
        }
    }

    fn lease(&self) -> Lease {
        let (at, mail) = (self.clock.now(), &self.config.mail);
        let rates = Rates { overall: mail.max_per_minute, per_domain: mail.max_per_minute_per_domain };
        Lease { at, until: at + LEASE, rates }
    }
}

fn log_attempt(survey: Uuid, attempt: &Attempt) {
    match attempt {
        Attempt::Accepted => tracing::info!(%survey, "mail accepted"),
        Attempt::Temporary(why) => tracing::warn!(%survey, why, "mail refused for now"),
        Attempt::Permanent(why) => tracing::warn!(%survey, why, "mail refused for good"),
        Attempt::Unreachable(why) => tracing::warn!(why, "no way out for mail"),
        Attempt::Unknown(why) => tracing::warn!(%survey, why, "mail may have been delivered"),
    }
}
