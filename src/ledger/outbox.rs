//! Mails that wait: which one goes out next, what became of it, and what came back later.
//!
//! The states are in `survey::outbound`. It owns the check before sending and the rates. It must not know how mail is sent.

use super::telling::NO_RECIPIENT;
use super::{Batch, Clicked, Command, Touched};
use crate::survey::digest::DigestMail;
use crate::survey::eligibility::{Since, still_asks};
use crate::survey::outbound::{Attempt, Lease, Marked, Outgoing, Patience, State, Stop};
use crate::survey::pace::Rates;
use crate::survey::sending::Halt;
use crate::survey::suppression::{Bounce, Cause};
use crate::survey::{Time, is_over};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How many due mails a claim looks past if their domains are over the rate, so that a long queue to one domain does not
/// hold up the others.
const LOOK_PAST: usize = 32;
/// How long an unreadable mail is put off: long enough not to fill the log.
const PUT_OFF: TimeDelta = TimeDelta::hours(1);

/// Take one mail that is due.
#[derive(Clone, Debug)]
pub struct Claim {
    /// When.
    pub at: Time,
    /// For whom, and until when.
    pub lease: Lease,
    /// The rates that claims keep to.
    pub rates: Rates,
}

/// What there was to claim.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// A mail to send, and the lease that it is marked by.
    Mail(Box<Outgoing>, Lease),
    /// A digest to send, and the lease that it is marked by.
    Digest(Box<DigestMail>, Lease),
    /// A mail was due but must not be sent any more, or not yet. There may be others.
    Dropped,
    /// Mails are due, but the rate is used up: a turn to come back at.
    Paced(Time),
    /// Nothing is due.
    Nothing,
    /// A person paused sending.
    Halted(Halt),
}

impl Command for Claim {
    type Answer = Claimed;

    fn touches(&self, touched: &mut Touched) {
        touched.due += if self.rates.per_domain > 0 { LOOK_PAST } else { 1 };
        touched.due_by = touched.due_by.max(Some(self.at));
    }

    /// Takes the mail that is due longest and may go.
    fn decide(&self, batch: &mut Batch) -> Claimed {
        if let Some(halt) = &batch.halt {
            return Claimed::Halted(halt.clone());
        }
        // Reserve a turn only when there is a mail to send.
        if !(batch.due.is_empty() && batch.due_digests.is_empty())
            && let Some(turn) = batch.paces.wait_overall(self.at, self.rates)
        {
            return Claimed::Paced(turn);
        }
        batch.put_off_until = Some(self.at + PUT_OFF);
        let mut passed_over = batch.more_due || !batch.unreadable.is_empty();
        // Digests first: they are few, and a long queue of surveys must not make them late.
        while let Some(id) = batch.due_digests.pop_front() {
            if let Some(mail) = self.take_digest(batch, id) {
                return Claimed::Digest(Box::new(mail), self.lease);
            }
            passed_over = true;
        }
        while let Some((id, outgoing)) = batch.due.pop_front() {
            if self.take(batch, id, &outgoing.address) {
                batch.paces.count(&outgoing.address, self.at, self.rates);
                return Claimed::Mail(Box::new(outgoing), self.lease);
            }
            passed_over = true;
        }
        if passed_over { Claimed::Dropped } else { Claimed::Nothing }
    }

    fn unheard(answer: Claimed) -> Option<Release> {
        match answer {
            Claimed::Mail(mail, lease) => Some(Release { mail: mail.survey, lease }),
            Claimed::Digest(mail, lease) => Some(Release { mail: mail.id, lease }),
            _ => None,
        }
    }
}

impl Claim {
    /// Leases a mail. Checks again what may have changed since the decision, and cancels a mail that must no longer be
    /// sent. A mail whose domain is over the rate gets a later turn of its own.
    fn take(&self, batch: &mut Batch, id: Uuid, address: &str) -> bool {
        let Batch { surveys, clicks, conversations, addresses, paces, .. } = batch;
        let asks = |id: &Uuid| surveys.get(id).is_none_or(|survey| survey.mail.arrives_at().is_some());
        let known = surveys.get(&id).and_then(|survey| conversations.get(&survey.conversation));
        let latest_asked = known
            .and_then(|known| known.asked.iter().filter(|(id, _)| asks(id)).map(|(_, closed_at)| *closed_at).max());
        let Some(survey) = surveys.get_mut(&id) else { return false };
        survey.note_arrival(clicks.get_mut(&id));
        if !survey.mail.is_due(self.at) {
            return false;
        }
        let clicks_on = clicks.get(&id).map(|clicked| &clicked.clicks);
        if clicks_on.is_some_and(|clicks| clicks.erased) {
            survey.mail.state = State::Cancelled(Stop::Erased);
            return false;
        }
        let none = BTreeSet::new();
        let since = Since {
            closed_at: survey.closed_at,
            rate_until: clicks_on.and_then(|clicks| clicks.rate_until),
            latest_reopening: known.and_then(|known| known.latest_reopening),
            latest_asked,
            suppressed: addresses.get(&survey.address_hash).map_or(&none, |address| &address.suppressed),
        };
        if let Err(why) = still_asks(&since, self.at) {
            survey.mail.state = State::Cancelled(why);
            return false;
        }
        if let Some(turn) = paces.wait_domain(address, self.at, self.rates) {
            survey.mail.postpone(turn);
            return false;
        }
        survey.mail.claim(self.lease);
        true
    }
}

/// Give a claimed mail back: nobody sends it.
#[derive(Clone, Debug)]
pub struct Release {
    /// The survey, or the digest, whose mail it is.
    pub mail: Uuid,
    /// The lease to give back.
    pub lease: Lease,
}

impl Command for Release {
    type Answer = ();

    fn touches(&self, touched: &mut Touched) {
        touched.surveys.insert(self.mail);
        touched.digests.insert(self.mail);
    }

    fn decide(&self, batch: &mut Batch) {
        let survey = batch.surveys.get_mut(&self.mail).map(|survey| &mut survey.mail);
        let digest = batch.digests.get_mut(&self.mail).map(|digest| &mut digest.mail);
        if let Some(mail) = survey.or(digest) {
            mail.release(self.lease);
        }
    }
}

/// Record what became of a claimed mail, and perhaps take the next one: both at once, because a worker sends its next
/// mail only after the mark of the last one is durable.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The survey whose mail it is.
    pub survey: Uuid,
    /// The lease that it was claimed by.
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
    /// The next claim.
    pub next: Option<Claim>,
}

impl Command for Mark {
    /// What the next claim found. `None` if `next` is `None`.
    type Answer = Option<Claimed>;

    fn touches(&self, touched: &mut Touched) {
        touched.surveys.insert(self.survey);
        if let Some(next) = &self.next {
            next.touches(touched);
        }
    }

    fn decide(&self, batch: &mut Batch) -> Option<Claimed> {
        if let Some(survey) = batch.surveys.get_mut(&self.survey)
            && let Some(Clicked { clicks, .. }) = batch.clicks.get_mut(&self.survey)
        {
            let marked = Marked {
                at: self.at,
                attempt: &self.attempt,
                patience: self.patience,
                useful_until: clicks.rate_until,
                jitter: self.jitter,
            };
            let counts = survey.mail.mark(self.lease, &marked);
            clicks.accepted_at = survey.mail.accepted_at;
            if clicks.erased {
                // A relay's words can name its recipient.
                survey.mail.note = None;
            }
            if counts && matches!(self.attempt, Attempt::NoRecipient(_)) {
                let address_hash = survey.address_hash.clone();
                batch.suppress(address_hash, Cause::Bounced, self.at, None);
                batch.bounced.push((self.survey, self.at, NO_RECIPIENT));
            }
        }
        batch.due_again.extend(self.due_again.map(|code| (code, self.at)));
        self.next.as_ref().map(|claim| claim.decide(batch))
    }

    fn unheard(answer: Option<Claimed>) -> Option<Release> {
        answer.and_then(Claim::unheard)
    }
}

/// Give failed mails another life.
#[derive(Clone, Debug)]
pub struct Requeue {
    /// The surveys whose mails they are.
    pub surveys: BTreeSet<Uuid>,
    /// When.
    pub at: Time,
}

/// What became of failed mails that were to be requeued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requeued {
    /// They are due now.
    pub requeued: u64,
    /// Their rate window has ended, so that nobody could answer.
    pub window_over: u64,
    /// They may have arrived, or had not failed.
    pub left: u64,
}

impl Command for Requeue {
    type Answer = Requeued;

    fn touches(&self, touched: &mut Touched) {
        touched.surveys.extend(&self.surveys);
    }

    /// What else may have changed, such as a suppression, is checked when the mail is claimed.
    fn decide(&self, batch: &mut Batch) -> Requeued {
        let mut done = Requeued::default();
        for id in &self.surveys {
            let Some(survey) = batch.surveys.get_mut(id) else { continue };
            let is_over = batch.clicks.get(id).is_some_and(|clicked| is_over(clicked.clicks.rate_until, self.at));
            if survey.mail.state != State::Failed || survey.mail.accepted_at.is_some() {
                done.left += 1;
            } else if is_over {
                done.window_over += 1;
            } else {
                done.requeued += u64::from(survey.mail.requeue(self.at));
            }
        }
        done
    }
}

/// Record what was reported of a mail after a server accepted it, and suppress its address if the report asks for that.
#[derive(Clone, Debug)]
pub struct Return {
    /// The survey whose mail it is.
    pub survey: Uuid,
    /// When it was reported.
    pub at: Time,
    /// What was reported.
    pub bounce: Bounce,
    /// What the server or provider says, in one line without addresses; may be empty.
    pub reason: String,
}

impl Command for Return {
    /// Whether there is such a survey.
    type Answer = bool;

    fn touches(&self, touched: &mut Touched) {
        touched.surveys.insert(self.survey);
    }

    /// The state of the mail stays as it is: the server did accept it, and a mail that is about to be tried again is
    /// stopped by the suppression.
    fn decide(&self, batch: &mut Batch) -> bool {
        let Some(survey) = batch.surveys.get_mut(&self.survey) else { return false };
        let name = self.bounce.name();
        let erased = batch.clicks.get(&self.survey).is_some_and(|clicked| clicked.clicks.erased);
        let note = if self.reason.is_empty() || erased { name.to_owned() } else { format!("{name}: {}", self.reason) };
        // Providers report one bounce again and again.
        let is_new = survey.mail.note.replace(note.clone()) != Some(note);
        let address_hash = survey.address_hash.clone();
        if is_new {
            batch.bounced.push((self.survey, self.at, self.bounce.word()));
        }
        if let Some(cause) = self.bounce.cause() {
            batch.suppress(address_hash, cause, self.at, None);
        }
        true
    }
}
