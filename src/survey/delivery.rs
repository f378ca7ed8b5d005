//! The life of a survey's mail: when to try again, and when to give up.
//!
//! It must not know how mail is sent, only what became of an attempt.

use super::Time;
use super::eligibility::Cause;
use chrono::TimeDelta;
use serde::Deserialize;
use uuid::Uuid;

/// No retry waits longer than this: an outage that ends is noticed within half a working day.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::hours(4);
/// How long a connection that could not be had is left alone: the mail is not at fault, so it waits little.
pub const UNREACHABLE_WAIT: TimeDelta = TimeDelta::seconds(30);
/// After this many tries an unknown outcome that is not the first is taken for an acceptance: a server that drops every
/// connection after the mail would get it again for days.
pub const MOST_UNKNOWN: u32 = 2;
/// The longest delay, and the longest patience, that a configuration may ask for.
pub const LONGEST_SETTING: TimeDelta = TimeDelta::days(30);

/// What became of an attempt to hand a mail over. The reasons are one line each, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Whoever took the mail answers for it from now on.
    Accepted,
    /// Refused for now.
    Temporary(String),
    /// Refused for good.
    Permanent(String),
    /// No session could be had or kept: the mail itself was not judged, and this must not count as one of its tries.
    Unreachable(String),
    /// The mail was on its way and no answer came: it may have been delivered.
    Unknown(String),
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
    /// The policy its closing named: whose own words it is written in.
    pub policy: Option<String>,
    /// The language that the customer reads, as the helpdesk named it.
    pub locale: Option<String>,
}

/// Where a mail stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It goes out at this time.
    Waiting(Time),
    /// The server took it.
    Accepted,
    /// It will not be tried again.
    Failed,
}

/// What is heard of a mail after a server took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bounce {
    /// It came back, and the next one would too: there is no such address.
    Hard,
    /// It was late or came back, for a reason that passes or is not the address's.
    Soft,
    /// The customer called it spam.
    Complaint,
}

impl Bounce {
    /// Why the address is not asked again; `None` if it is.
    #[must_use]
    pub fn cause(self) -> Option<Cause> {
        match self {
            Self::Hard => Some(Cause::Bounced),
            Self::Soft => None,
            Self::Complaint => Some(Cause::Complained),
        }
    }

    /// Two words for it at most.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Hard => "hard bounce",
            Self::Soft => "soft bounce",
            Self::Complaint => "complaint",
        }
    }
}

/// What a server said, without the recipient that servers like to repeat: it is logged and shown, an address must not be.
#[must_use]
pub fn without_addresses(said: &str) -> String {
    let words = said.split(' ').map(|word| if word.contains('@') { "<address>" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// The settings of retries.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The wait before the first retry; each further one doubles.
    pub retry_after: TimeDelta,
    /// How long after it was first due a mail is tried.
    pub give_up_after: TimeDelta,
}

impl Patience {
    /// The last moment of a try: patience ends, or the survey could no longer be answered.
    #[must_use]
    pub fn last_try(&self, first_due: Time, rate_until: Option<Time>) -> Time {
        let patient = first_due + self.give_up_after;
        rate_until.map_or(patient, |until| until.min(patient))
    }
}

/// The attempts to hand a mail over until now.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// Those that a server answered or may have taken.
    pub count: u32,
    /// One before the last may have arrived.
    pub arrived: bool,
}

/// Decides where a mail stands after an attempt.
///
/// `tries` tells of the attempts until now, this one included; `last_try` is the last moment of another, as
/// [`Patience::last_try`] says; `jitter`, from 0 to 1, spreads retries over the upper half of their wait, so that mails
/// that failed together do not come back together.
#[must_use]
pub fn after(attempt: &Attempt, tries: Tries, last_try: Time, now: Time, patience: Patience, jitter: f64) -> MailState {
    let may_have_arrived = matches!(attempt, Attempt::Unknown(_));
    let wait = match attempt {
        Attempt::Accepted => return MailState::Accepted,
        // Handed over in full time and again: more of the same would be spam, not care. The first time is never enough,
        // however often it was refused before: the connection may have died in the middle of the mail.
        Attempt::Unknown(_) if tries.arrived && tries.count > MOST_UNKNOWN => return MailState::Accepted,
        Attempt::Permanent(_) => return MailState::Failed,
        Attempt::Unreachable(_) => UNREACHABLE_WAIT,
        Attempt::Temporary(_) | Attempt::Unknown(_) => backoff(tries.count, patience.retry_after, jitter),
    };
    let due = now + wait;
    match due > last_try {
        false => MailState::Waiting(due),
        true if may_have_arrived => MailState::Accepted,
        true => MailState::Failed,
    }
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATIENCE: Patience = Patience { retry_after: TimeDelta::minutes(1), give_up_after: TimeDelta::hours(72) };
    const START: Time = Time::UNIX_EPOCH;

    fn refused(count: u32) -> Tries {
        Tries { count, arrived: false }
    }

    fn temporary(tries: u32, now: Time, jitter: f64) -> MailState {
        let last_try = PATIENCE.last_try(START, None);
        after(&Attempt::Temporary("451".into()), refused(tries), last_try, now, PATIENCE, jitter)
    }

    #[test]
    fn retries_double_up_to_four_hours() {
        let wait = |tries| match temporary(tries, START, 1.0) {
            MailState::Waiting(due) => due - START,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(1), TimeDelta::minutes(1));
        assert_eq!(wait(2), TimeDelta::minutes(2));
        assert_eq!(wait(5), TimeDelta::minutes(16));
        assert_eq!(wait(9), LONGEST_WAIT);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
        assert_eq!(temporary(1, START, 0.0), MailState::Waiting(START + TimeDelta::seconds(30)));
    }

    #[test]
    fn a_mail_that_may_have_arrived_is_repeated_twice_at_most() {
        let last_try = PATIENCE.last_try(START, None);
        let unknown = |count, now| {
            let tries = Tries { count, arrived: count > 1 };
            after(&Attempt::Unknown("dropped".into()), tries, last_try, now, PATIENCE, 1.0)
        };
        assert_eq!(unknown(1, START), MailState::Waiting(START + TimeDelta::minutes(1)));
        assert_eq!(unknown(2, START), MailState::Waiting(START + TimeDelta::minutes(2)));
        assert_eq!(unknown(3, START), MailState::Accepted);
        assert_eq!(unknown(1, START + TimeDelta::hours(72)), MailState::Accepted);
    }

    #[test]
    fn refusals_before_do_not_pass_a_cut_connection_for_an_arrival() {
        let last_try = PATIENCE.last_try(START, None);
        let cut = |tries| after(&Attempt::Unknown("cut".into()), tries, last_try, START, PATIENCE, 1.0);
        assert_eq!(cut(refused(3)), MailState::Waiting(START + TimeDelta::minutes(4)));
        assert_eq!(cut(Tries { count: 4, arrived: true }), MailState::Accepted);
    }

    #[test]
    fn a_permanent_answer_ends_it_and_so_does_patience() {
        let permanent = Attempt::Permanent("550".into());
        assert_eq!(after(&permanent, refused(1), START, START, PATIENCE, 0.5), MailState::Failed);
        assert_eq!(after(&Attempt::Accepted, refused(1), START, START, PATIENCE, 0.5), MailState::Accepted);
        assert_eq!(temporary(99, START + TimeDelta::hours(69), 1.0), MailState::Failed);
        assert_eq!(temporary(99, START + TimeDelta::hours(68), 1.0), MailState::Waiting(START + TimeDelta::hours(72)));
    }

    #[test]
    fn no_try_is_left_when_the_rate_window_is_over_first() {
        let until = Some(START + TimeDelta::minutes(2));
        let last_try = PATIENCE.last_try(START, until);
        let state = |now| after(&Attempt::Unreachable("gone".into()), refused(0), last_try, now, PATIENCE, 0.5);
        let last_but_one = START + TimeDelta::minutes(2) - UNREACHABLE_WAIT;
        assert_eq!(state(last_but_one), MailState::Waiting(START + TimeDelta::minutes(2)));
        assert_eq!(state(last_but_one + TimeDelta::milliseconds(1)), MailState::Failed);
        assert_eq!(PATIENCE.last_try(START, Some(START + TimeDelta::days(9))), START + PATIENCE.give_up_after);
    }

    proptest! {
        #[test]
        fn a_retry_is_later_and_within_patience(tries in 1u32.., hours in 0i64..100, jitter in 0.0..1.0f64) {
            let now = START + TimeDelta::hours(hours);
            if let MailState::Waiting(due) = temporary(tries, now, jitter) {
                prop_assert!(due > now && due <= START + PATIENCE.give_up_after);
            }
        }
    }
}
