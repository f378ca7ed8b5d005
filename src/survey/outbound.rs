//! The life of what is sent: a mail today, a webhook tomorrow. One state machine for all of them.
//!
//! It owns the states, the leases, when to try again and when to give up. It must not know how it is sent, only
//! what became of an attempt.

use super::Time;
use super::refusal::Refusal;
use super::suppression::Cause;
use super::words::words;
use chrono::TimeDelta;
use uuid::Uuid;

/// No retry waits longer than this: the end of an outage is noticed within half a working day.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::hours(4);
/// After more tries than this an unknown outcome that is not the first counts as an acceptance: a server that drops every
/// connection after the mail would otherwise get the mail again for days.
pub const MOST_UNKNOWN: u32 = 2;
/// The longest delay, and the longest patience, that a configuration may ask for.
pub const LONGEST_SETTING: TimeDelta = TimeDelta::days(30);

/// What became of an attempt to send. The reasons are one line each, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The server accepted it, and is responsible for it from now on.
    Accepted,
    /// Refused for now, or the session broke over it.
    Temporary(String),
    /// It cannot be sent, whatever the server thinks of it.
    Permanent(String),
    /// Refused for good, because there is no such recipient.
    NoRecipient(String),
    /// Refused for good, for what may be the sender's fault: it waits.
    Refused(Refusal),
    /// There was no session: the mail itself was not judged, so this does not count as one of its tries.
    Unreachable(String),
    /// It was transmitted and no answer came: it may have been delivered.
    Unknown(String),
}

impl Attempt {
    /// Why it was not accepted; `None` if it was.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Accepted => None,
            Self::Temporary(why)
            | Self::Permanent(why)
            | Self::NoRecipient(why)
            | Self::Refused(Refusal { why, .. })
            | Self::Unreachable(why)
            | Self::Unknown(why) => Some(why),
        }
    }

    /// Whether it says nothing about the mail: no other mail would have fared better.
    fn is_blameless(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(refusal) => refusal.step.is_about_the_sender(),
            Self::Accepted | Self::Temporary(_) | Self::Permanent(_) | Self::NoRecipient(_) | Self::Unknown(_) => false,
        }
    }
}

words! {
    /// Why something that waited is not sent any more.
    pub enum Stop {
        /// The conversation was reopened.
        Reopened = "reopened",
        /// A later closing of the conversation asks instead.
        LaterClosing = "later_closing",
        /// The customer unsubscribed.
        OptedOut = "opted_out",
        /// Mail to the address came back.
        Bounced = "bounced",
        /// The customer reported a survey as spam.
        Complained = "complained",
        /// The customer asked to be forgotten.
        Erased = "erased",
        /// The rate window ended.
        WindowOver = "window_over",
        /// A digest of a week in which nothing happened.
        NothingToTell = "nothing_to_tell",
        /// A telling that no longer holds, or that another one replaced.
        Superseded = "superseded",
        /// A telling that its target turned out not to want.
        Unwanted = "unwanted",
    }
}

impl From<Cause> for Stop {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::OptedOut => Self::OptedOut,
            Cause::Bounced => Self::Bounced,
            Cause::Complained => Self::Complained,
            Cause::Erased => Self::Erased,
        }
    }
}

words! {
    /// The word of a [`State`].
    pub enum StateWord {
        /// Of [`State::Waiting`].
        Waiting = "waiting",
        /// Of [`State::Sending`].
        Sending = "sending",
        /// Of [`State::Accepted`].
        Accepted = "accepted",
        /// Of [`State::Failed`].
        Failed = "failed",
        /// Of [`State::Cancelled`].
        Cancelled = "cancelled",
    }
}

/// The right to send something until a moment. After that moment it is due again, and any service may claim it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The service that holds it. After a crash a service takes back its own leases, never those of another.
    pub owner: Uuid,
    /// Its end.
    pub until: Time,
}

/// Where something to be sent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It goes out when it is due.
    Waiting,
    /// Somebody is sending it.
    Sending(Lease),
    /// The server accepted it.
    Accepted,
    /// It will not be tried again.
    Failed,
    /// It was stopped before it went out.
    Cancelled(Stop),
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> StateWord {
        match self {
            Self::Waiting => StateWord::Waiting,
            Self::Sending(_) => StateWord::Sending,
            Self::Accepted => StateWord::Accepted,
            Self::Failed => StateWord::Failed,
            Self::Cancelled(_) => StateWord::Cancelled,
        }
    }
}

/// One thing to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// Where it stands.
    pub state: State,
    /// The next attempt of one that waits, the end of the lease of one being sent, the end of one that failed; else the
    /// last of these.
    pub due_at: Time,
    /// When it was first due: patience counts from here.
    pub first_due: Time,
    /// How many attempts a server answered or may have accepted.
    pub tries: u32,
    /// When it was accepted, or its outcome became unknown: the latest attempt counts.
    pub accepted_at: Option<Time>,
    /// What a server last answered, in one line.
    pub note: Option<String>,
}

/// The settings of retries.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The wait before the first retry; each further one doubles.
    pub retry_after: TimeDelta,
    /// How long after it was first due a mail is tried.
    pub give_up_after: TimeDelta,
}

/// An attempt, and what decides whether another follows.
#[derive(Clone, Debug)]
pub struct Marked<'a> {
    /// When it ended.
    pub at: Time,
    /// What became of it.
    pub attempt: &'a Attempt,
    /// The settings of retries.
    pub patience: Patience,
    /// No attempt makes sense after this moment.
    pub useful_until: Option<Time>,
    /// 0 to 1: spreads retries over the upper half of their wait, so that mails that failed together do not come back
    /// together.
    pub jitter: f64,
}

impl Outbound {
    /// The note of a mail that a click proved to have arrived.
    pub const PROVED_BY_CLICK: &str = "a click proved that it arrived";

    /// Something that waits, due at a time.
    #[must_use]
    pub fn due(at: Time) -> Self {
        Self { state: State::Waiting, due_at: at, first_due: at, tries: 0, accepted_at: None, note: None }
    }

    /// Whether it may still go out.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Waiting | State::Sending(_))
    }

    /// When it reached its recipient, or will: `None` if it never will. One that may have arrived counts, whatever became
    /// of it later, so that nobody is asked twice.
    #[must_use]
    pub fn arrives_at(&self) -> Option<Time> {
        if self.is_open() { Some(self.first_due) } else { self.accepted_at }
    }

    /// Whether it is time to send it. A lease that has ended no longer keeps it from others.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        self.is_open() && self.due_at <= now
    }

    /// Leases it. Its caller has checked [`is_due`](Self::is_due).
    pub fn claim(&mut self, lease: Lease) {
        self.state = State::Sending(lease);
        self.due_at = lease.until;
    }

    /// Moves it to a later turn, because a rate is used up.
    pub fn postpone(&mut self, turn: Time) {
        self.state = State::Waiting;
        self.due_at = turn;
    }

    /// Gives back a lease that nobody used. Ignored unless the lease is still in force.
    pub fn release(&mut self, lease: Lease) -> bool {
        let held = self.state == State::Sending(lease);
        if held {
            self.state = State::Waiting;
            self.due_at = self.first_due;
        }
        held
    }

    /// Cancels it unless somebody is sending it or it is done.
    pub fn cancel(&mut self, why: Stop) -> bool {
        let waiting = self.state == State::Waiting;
        if waiting {
            self.state = State::Cancelled(why);
        }
        waiting
    }

    /// Takes it as accepted because its recipient reacted to it, whatever became of its mark.
    pub fn arrived(&mut self, at: Time) -> bool {
        let open = self.is_open();
        if open {
            self.accepted_at = self.accepted_at.or(Some(at));
            self.state = State::Accepted;
            self.note = Some(Self::PROVED_BY_CLICK.into());
        }
        open
    }

    /// Records what became of an attempt. Ignored unless the lease is still in force: somebody else may have it by now.
    pub fn mark(&mut self, lease: Lease, marked: &Marked) -> bool {
        if self.state != State::Sending(lease) {
            return false;
        }
        let Marked { at, attempt, patience, useful_until, jitter } = *marked;
        if !attempt.is_blameless() {
            self.tries = self.tries.saturating_add(1);
        }
        let last_try = patience.last_try(self.first_due, useful_until);
        let next = self.after(attempt, last_try, at, patience, jitter);
        if matches!(attempt, Attempt::Accepted | Attempt::Unknown(_)) {
            self.accepted_at = Some(at);
        }
        self.note = attempt.reason().map(str::to_owned);
        match next {
            Next::Again(due) => (self.state, self.due_at) = (State::Waiting, due),
            Next::Accepted => self.state = State::Accepted,
            Next::Failed => (self.state, self.due_at) = (State::Failed, at),
        }
        true
    }

    /// Makes one that failed due again, with fresh patience. Never one that may have arrived.
    pub fn requeue(&mut self, now: Time) -> bool {
        let lost = self.state == State::Failed && self.accepted_at.is_none();
        if lost {
            *self = Self { note: self.note.take(), tries: self.tries, ..Self::due(now) };
        }
        lost
    }

    /// Decides what follows an attempt; it is counted in `tries` already.
    fn after(&self, attempt: &Attempt, last_try: Time, now: Time, patience: Patience, jitter: f64) -> Next {
        let may_have_arrived = matches!(attempt, Attempt::Unknown(_));
        let wait = match attempt {
            Attempt::Accepted => return Next::Accepted,
            // The whole mail was transmitted more than once; sending it again would be spam. Once is not enough, however
            // often it was refused before: the connection may have broken in the middle of the mail.
            Attempt::Unknown(_) if self.accepted_at.is_some() && self.tries > MOST_UNKNOWN => return Next::Accepted,
            Attempt::Permanent(_) | Attempt::NoRecipient(_) => return Next::Failed,
            // What rests is the connection, or all of sending: another worker may take the mail at once.
            blameless if blameless.is_blameless() => TimeDelta::zero(),
            _ => backoff(self.tries, patience.retry_after, jitter),
        };
        let due = now + wait;
        match due > last_try {
            false => Next::Again(due),
            true if may_have_arrived => Next::Accepted,
            true => Next::Failed,
        }
    }
}

/// The next step after an attempt.
enum Next {
    Again(Time),
    Accepted,
    Failed,
}

impl Patience {
    /// The last moment of a try: patience ends, or the thing is of no use any more.
    fn last_try(&self, first_due: Time, useful_until: Option<Time>) -> Time {
        let patient = first_due + self.give_up_after;
        useful_until.map_or(patient, |until| until.min(patient))
    }
}

/// What it takes to write the mail of a survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The survey.
    pub survey: Uuid,
    /// Where to.
    pub address: String,
    /// Whom to greet.
    pub customer_name: Option<String>,
    /// Who helped.
    pub teammate: Option<String>,
    /// What it was about.
    pub subject: Option<String>,
    /// The Message-ID it answers, with angle brackets.
    pub in_reply_to: Option<String>,
    /// The policy that its closing named: its custom texts apply.
    pub policy: Option<String>,
    /// The language that the customer reads, as the helpdesk named it.
    pub locale: Option<String>,
}

fn backoff(tries: u32, first: TimeDelta, jitter: f64) -> TimeDelta {
    let doublings = tries.saturating_sub(1).min(30);
    let full = first.num_milliseconds().saturating_mul(1 << doublings).min(LONGEST_WAIT.num_milliseconds());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "at most four hours of milliseconds"
    )]
    let spread = (full as f64 / 2.0 * jitter.clamp(0.0, 1.0)) as i64;
    TimeDelta::milliseconds(full / 2 + spread)
}

#[cfg(test)]
mod tests;
