//! What the writer can be told, and what it answers.
//!
//! A command carries all that its decision needs besides the database: the time, random ids, keyed hashes. So the same
//! command decides the same when its batch is tried again. It must not know SQL, nor how commands are gathered.

use crate::survey::Time;
use crate::survey::closing::Closing;
use crate::survey::delivery::{Attempt, Bounce, Outgoing, Patience};
use crate::survey::eligibility::{Cause, Policy, Reason};
use crate::survey::evidence::{Clicks, Evidence, Post, Reply};
use crate::survey::pace::Rates;
use crate::survey::rating::Score;
use std::sync::Arc;
use uuid::Uuid;

/// A change that somebody asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// A conversation was closed: decide whether to ask.
    Close(Box<Report>),
    /// A conversation was reopened: cancel what waits.
    Reopen {
        /// The helpdesk's id.
        conversation: String,
        /// When it was reopened.
        at: Time,
    },
    /// A rating link was opened.
    View {
        /// Of which survey.
        survey: Uuid,
        /// When.
        at: Time,
        /// Which of its five links.
        score: Score,
        /// By what looks like a machine.
        machine: bool,
        /// The setting `clicks.evidence`.
        least: Evidence,
    },
    /// A form was posted.
    Answer {
        /// To which survey.
        survey: Uuid,
        /// When.
        at: Time,
        /// The form.
        post: Box<Post>,
        /// The setting `clicks.evidence`.
        least: Evidence,
    },
    /// Ask an address no more.
    Suppress {
        /// The keyed hash of the address.
        address_hash: String,
        /// Why.
        cause: Cause,
        /// When.
        at: Time,
        /// The address itself, only if an admin entered it.
        address: Option<String>,
    },
    /// Ask an address again.
    Unsuppress {
        /// The keyed hash of the address.
        address_hash: String,
    },
    /// Take what was reported of a survey's mail: note it, and if it says so, ask the address no more.
    Bounce {
        /// The survey whose mail it is.
        survey: Uuid,
        /// When.
        at: Time,
        /// What was reported.
        bounce: Bounce,
        /// What was said, in one line.
        reason: String,
    },
    /// Take one mail that is due.
    Claim(Lease),
    /// Give a claimed mail back: nobody sends it.
    Release {
        /// The survey whose mail it is.
        survey: Uuid,
    },
    /// Say what became of a claimed mail, and perhaps take the next: both in one, because a worker sends at the
    /// pace of its commits.
    Mark {
        /// The survey whose mail it is.
        survey: Uuid,
        /// When.
        at: Time,
        /// What became of it.
        attempt: Attempt,
        /// The settings of retries.
        patience: Patience,
        /// 0 to 1, to spread retries.
        jitter: f64,
        /// Take another.
        next: Option<Lease>,
    },
    /// Nothing: its answer tells that all before it is done.
    Settle,
}

/// How a mail is taken.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// When.
    pub at: Time,
    /// The end of the lease: after it the mail is due again.
    pub until: Time,
    /// The rates that claims keep to.
    pub rates: Rates,
}

/// A closing with what the decision needs of the world.
#[derive(Clone, Debug)]
pub struct Report {
    /// The closing, settled.
    pub closing: Closing,
    /// The policy that its name picked.
    pub policy: Arc<Policy>,
    /// The keyed hash of the address to ask at, if there is one.
    pub address_hash: Option<String>,
    /// The conversation's place in the sample.
    pub sample: f64,
    /// The id of the survey, should there be one.
    pub survey: Uuid,
    /// When it was reported.
    pub now: Time,
    /// Decide, but store nothing.
    pub dry_run: bool,
}

/// What was decided about a closing.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Ask.
    Ask {
        /// The survey that asks.
        survey: Uuid,
        /// When its mail is due.
        send_at: Time,
    },
    /// Ask nobody.
    Skip(Vec<Reason>),
}

/// What the writer answers, once it is durable.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To [`Command::Close`].
    Decided {
        /// The decision.
        decision: Decision,
        /// It was reported before, and this is the first answer.
        repeat: bool,
    },
    /// To [`Command::Answer`]; `None` for a survey that is not there.
    Replied(Option<Box<(Reply, Clicks)>>),
    /// To [`Command::Claim`], and to a [`Command::Mark`] that takes another.
    Claimed(Claimed),
    /// To whatever changes a number of things: how many.
    Changed(u64),
}

/// What there was to claim.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// A mail to send.
    Mail(Box<Outgoing>),
    /// What was due must not be sent any more, or not yet; there may be others.
    Dropped,
    /// Something is due, but the rate is used up: a turn to come back at.
    Paced(Time),
    /// Nothing is due.
    Nothing,
}
