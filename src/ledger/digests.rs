//! Digests: which ones are new, and what became of their mails.
//!
//! It owns that nobody gets the digest of a week twice. It must not know what a digest tells.

use super::outbox::Claim;
use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::digest::DigestMail;
use crate::survey::outbound::{Attempt, Lease, Marked, Outbound, Patience, State, StateWord, Stop};
use uuid::Uuid;

/// A digest as the batch has it.
#[derive(Debug)]
pub struct Digested {
    /// To whom, and about which week.
    pub digest: DigestMail,
    /// Its mail.
    pub mail: Outbound,
    /// Whether its recipient opted out of it.
    pub stopped: bool,
    /// Its mail as the database has it; `None` if the digest is new.
    stored: Option<Outbound>,
}

impl Digested {
    /// A digest as the database has it.
    #[must_use]
    pub fn stored(digest: DigestMail, mail: Outbound, stopped: bool) -> Self {
        let stored = Some(mail.clone());
        Self { digest, mail, stopped, stored }
    }

    /// Whether the database does not have it yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.stored.is_none()
    }

    /// Whether its mail is not as the database has it.
    #[must_use]
    pub fn mail_changed(&self) -> bool {
        self.stored.as_ref().is_some_and(|stored| *stored != self.mail)
    }

    /// The state that its mail ended in, if that happened in this batch.
    #[must_use]
    pub fn mail_ended(&self) -> Option<StateWord> {
        let was_open = self.stored.as_ref().is_none_or(Outbound::is_open);
        (was_open && !self.mail.is_open()).then(|| self.mail.state.word())
    }
}

/// Queue digests that are due.
#[derive(Clone, Debug)]
pub struct Announce {
    /// To whom, and about which week; each with whether there is nothing to tell.
    pub digests: Vec<(DigestMail, bool)>,
    /// When.
    pub at: Time,
}

impl Command for Announce {
    /// How many of them nobody had queued before.
    type Answer = u64;

    fn touches(&self, touched: &mut Touched) {
        touched.digest_weeks.extend(self.digests.iter().map(|(digest, _)| digest.week));
    }

    fn decide(&self, batch: &mut Batch) -> u64 {
        let mut new = 0;
        for (digest, is_empty) in &self.digests {
            let same =
                |known: &Digested| known.digest.week == digest.week && known.digest.subscription == digest.subscription;
            if batch.digests.values().any(same) {
                continue;
            }
            let mut mail = Outbound::due(self.at);
            if *is_empty {
                // It is decided once: later events of that week make no late mail of it.
                mail.cancel(Stop::NothingToTell);
            }
            let digested = Digested { digest: digest.clone(), mail, stopped: false, stored: None };
            batch.digests.insert(digest.id, digested);
            new += 1;
        }
        new
    }
}

impl Claim {
    /// Leases the mail of a digest, unless its recipient opted out, or the rate of the domain is used up.
    pub(super) fn take_digest(&self, batch: &mut Batch, id: Uuid) -> Option<DigestMail> {
        let Batch { digests, paces, .. } = batch;
        let Digested { digest, mail, stopped, .. } = digests.get_mut(&id)?;
        if !mail.is_due(self.at) {
            return None;
        }
        let address = &digest.subscription.address;
        if *stopped {
            mail.state = State::Cancelled(Stop::OptedOut);
            return None;
        }
        if let Some(turn) = paces.wait_domain(address, self.at, self.rates) {
            mail.postpone(turn);
            return None;
        }
        mail.claim(self.lease);
        paces.count(address, self.at, self.rates);
        Some(digest.clone())
    }
}

/// Record what became of the mail of a digest.
#[derive(Clone, Debug)]
pub struct MarkDigest {
    /// The digest.
    pub digest: Uuid,
    /// The lease that its mail was claimed by.
    pub lease: Lease,
    /// When the attempt ended.
    pub at: Time,
    /// What became of it.
    pub attempt: Attempt,
    /// The settings of retries.
    pub patience: Patience,
    /// 0 to 1: spreads retries.
    pub jitter: f64,
    /// Mails that wait because they were refused with this reply code are due now: it was not about them.
    pub due_again: Option<u16>,
}

impl Command for MarkDigest {
    type Answer = ();

    fn touches(&self, touched: &mut Touched) {
        touched.digests.insert(self.digest);
    }

    fn decide(&self, batch: &mut Batch) {
        if let Some(digested) = batch.digests.get_mut(&self.digest) {
            let (at, attempt, patience, jitter) = (self.at, &self.attempt, self.patience, self.jitter);
            digested.mail.mark(self.lease, &Marked { at, attempt, patience, useful_until: None, jitter });
        }
        batch.due_again.extend(self.due_again.map(|code| (code, self.at)));
    }
}
