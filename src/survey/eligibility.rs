//! Whether to ask: the rules of asking, each with its exact boundary.
//!
//! A pure function of policy, closing, history and time. It must not know where any of these came from, nor what a
//! mail is. [`judge`] reports every rule that fails, not just the first: "why was nobody asked?" needs the whole answer.
//! [`still_asks`] checks again, just before sending, what can have changed since.

use super::closing::{Closing, ClosingState, Fact, Kind, StartedBy};
use super::fields::comparable;
use super::outbound::Stop;
use super::policy::{AskAgain, Policy, WhenUnknown};
use super::suppression::Cause;
use super::words::words;
use super::{Time, is_over, stamp};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A closing older than this when it is reported asks nobody, so that a backfill mails nobody.
pub const LATEST_REPORT: TimeDelta = TimeDelta::days(7);
/// The stretch that `most_in_30_days` counts in.
pub const RECENT: TimeDelta = TimeDelta::days(30);

words! {
    /// A rule of asking. Its word is what answers, decisions and the documentation call it.
    pub enum Rule {
        /// Asking is on for users.
        OffForUsers = "off_for_users",
        /// Asking is on for leads.
        OffForLeads = "off_for_leads",
        /// A teammate replied, or started the conversation.
        NoTeammate = "no_teammate",
        /// Asking is on for conversations that a teammate started.
        OutboundOff = "outbound_off",
        /// Asking is on for conversations that a workflow or the API started.
        WorkflowOff = "workflow_off",
        /// Enough was written.
        TooShort = "too_short",
        /// The conversation was closed soon after the last reply.
        Stale = "stale",
        /// One customer was helped.
        Group = "group",
        /// The customer has an address.
        NoAddress = "no_address",
        /// The conversation was not asked about before.
        AlreadyAsked = "already_asked",
        /// No other survey app asks.
        OtherSurvey = "other_survey",
        /// The helpdesk lets us ask about this closing.
        SuppressedHere = "suppressed_here",
        /// The conversation is closed, not snoozed.
        NotClosed = "not_closed",
        /// The address matches no exclusion.
        Excluded = "excluded",
        /// The customer did not unsubscribe.
        OptedOut = "opted_out",
        /// Mail to the address did not come back.
        Bounced = "bounced",
        /// The customer did not report a survey as spam.
        Complained = "complained",
        /// The customer did not ask to be forgotten.
        Erased = "erased",
        /// The address was not asked too recently or too often.
        AskedRecently = "asked_recently",
        /// The conversation falls into the sample.
        SampledOut = "sampled_out",
        /// The closing was reported soon enough.
        ReportedLate = "reported_late",
        /// The rate window is still open.
        WindowOver = "window_over",
        /// No later closing is known.
        EarlierClosing = "earlier_closing",
        /// No reopening since the closing is known.
        Reopened = "reopened",
        /// Every fact that a rule depends on is known.
        UnknownFact = "unknown_fact",
    }
}

impl From<Cause> for Rule {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::OptedOut => Self::OptedOut,
            Cause::Bounced => Self::Bounced,
            Cause::Complained => Self::Complained,
            Cause::Erased => Self::Erased,
        }
    }
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
        /// The facts that the closing did not tell: the rules that need one of them passed without it.
        unknown: Vec<Fact>,
    },
    /// Ask nobody, for every one of these reasons.
    Skip(Vec<Reason>),
}

/// What is known when a closing is reported.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The closings that surveys of this conversation, waiting or accepted for sending, were made for.
    pub asked_closings: BTreeSet<Time>,
    /// The latest other closing of this conversation.
    pub latest_closing: Option<Time>,
    /// The latest reopening of this conversation.
    pub latest_reopening: Option<Time>,
    /// Why the address is suppressed.
    pub suppressed: BTreeSet<Cause>,
    /// When surveys went to the address: waiting ones at `send_at`, accepted ones at that time. A waiting one that this
    /// closing would cancel is not among them.
    pub asked_address: Vec<Time>,
    /// The conversation's place in the sample: 0 (included) to 100 (excluded).
    pub sample: f64,
}

/// A rule that failed. Decisions are stored with their reasons, and those of an older version may hold other rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The word of the [`Rule`].
    pub rule: String,
    /// What was measured.
    pub value: Value,
    /// What was allowed.
    pub limit: Value,
    /// Both in a sentence.
    pub message: String,
}

/// Judges a closing, already normalized, by every rule. `now` is when it was reported; `survey` is the id of the survey,
/// should there be one.
#[must_use]
pub fn judge(policy: &Policy, closing: &Closing, history: &History, now: Time, survey: Uuid) -> Decision {
    let mut judgement = Judgement { policy, closing, history, now, reasons: Vec::new(), unknown: Vec::new() };
    judgement.kind();
    judgement.origin();
    judgement.length();
    judgement.staleness();
    judgement.recipient();
    judgement.requests();
    judgement.suppression();
    judgement.frequency();
    judgement.lateness();
    judgement.order();
    judgement.unknown_facts();
    match judgement.reasons {
        reasons if reasons.is_empty() => {
            Decision::Ask { survey, send_at: now + policy.delay, unknown: closing.unknown() }
        }
        reasons => Decision::Skip(reasons),
    }
}

/// What can have changed between the decision and the mail.
#[derive(Clone, Copy, Debug)]
pub struct Since<'a> {
    /// The closing that the survey was made for.
    pub closed_at: Time,
    /// The last moment of a first rating.
    pub rate_until: Option<Time>,
    /// The latest reopening of the conversation.
    pub latest_reopening: Option<Time>,
    /// The latest closing of the conversation that was asked about.
    pub latest_asked: Option<Time>,
    /// Why the address is suppressed.
    pub suppressed: &'a BTreeSet<Cause>,
}

/// Checks just before sending whether the survey should still be sent, by the same rules as [`judge`].
///
/// # Errors
/// The first rule that no longer passes, as the reason to cancel the mail.
pub fn still_asks(since: &Since, now: Time) -> Result<(), Stop> {
    if is_reopened(since.closed_at, since.latest_reopening) {
        return Err(Stop::Reopened);
    }
    if is_superseded(since.closed_at, since.latest_asked) {
        return Err(Stop::LaterClosing);
    }
    if let Some(cause) = since.suppressed.first() {
        return Err(Stop::from(*cause));
    }
    if is_over(since.rate_until, now) { Err(Stop::WindowOver) } else { Ok(()) }
}

/// A reopening at the moment of the closing counts as after it.
fn is_reopened(closed_at: Time, latest_reopening: Option<Time>) -> bool {
    latest_reopening.is_some_and(|reopened| reopened >= closed_at)
}

fn is_superseded(closed_at: Time, latest_other: Option<Time>) -> bool {
    latest_other.is_some_and(|other| other > closed_at)
}

struct Judgement<'a> {
    policy: &'a Policy,
    closing: &'a Closing,
    history: &'a History,
    now: Time,
    reasons: Vec<Reason>,
    /// Unknown facts that the answer of some rule depends on, each once.
    unknown: Vec<&'static str>,
}

impl Judgement<'_> {
    fn fail(&mut self, rule: Rule, value: impl Into<Value>, limit: impl Into<Value>, message: impl Into<String>) {
        let (value, limit, message) = (value.into(), limit.into(), message.into());
        self.reasons.push(Reason { rule: rule.word().to_owned(), value, limit, message });
    }

    fn depends_on(&mut self, fact: &'static str) {
        if !self.unknown.contains(&fact) {
            self.unknown.push(fact);
        }
    }

    fn kind(&mut self) {
        let kind = self.closing.customer().and_then(|customer| customer.kind);
        let (users, leads) = (self.policy.users, self.policy.leads);
        // With both switches off the answer no longer depends on the kind.
        if !users && (kind == Some(Kind::User) || (kind.is_none() && !leads)) {
            self.fail(Rule::OffForUsers, "user", false, "asking is off for users");
        }
        if !leads && (kind == Some(Kind::Lead) || (kind.is_none() && !users)) {
            self.fail(Rule::OffForLeads, "lead", false, "asking is off for leads");
        }
        if kind.is_none() && users != leads {
            self.depends_on("kind");
        }
    }

    fn origin(&mut self) {
        let replied = self.closing.teammate_replied;
        let started = self.closing.started_by;
        match (started, replied) {
            (Some(StartedBy::Teammate), _) | (_, Some(true)) => {}
            (Some(_), Some(false)) => {
                self.fail(Rule::NoTeammate, false, true, "no teammate replied in this conversation");
            }
            _ => {
                if started.is_none() {
                    self.depends_on("started_by");
                }
                if replied.is_none() {
                    self.depends_on("teammate_replied");
                }
            }
        }
        let (outbound, workflow) = (self.policy.outbound, self.policy.workflow);
        match started {
            Some(StartedBy::Teammate) if !outbound => {
                self.fail(
                    Rule::OutboundOff,
                    "teammate",
                    false,
                    "asking is off for conversations that a teammate started",
                );
            }
            Some(by @ (StartedBy::Workflow | StartedBy::Api)) if !workflow => {
                let message = "asking is off for conversations that a workflow or the API started";
                self.fail(Rule::WorkflowOff, json!(by), false, message);
            }
            None if !outbound || !workflow => self.depends_on("started_by"),
            _ => {}
        }
    }

    fn length(&mut self) {
        let limit = self.policy.min_characters;
        match self.closing.characters {
            None => self.depends_on("characters"),
            Some(characters) if characters <= limit => {
                let message = format!("{characters} characters were written: asking takes more than {limit}");
                self.fail(Rule::TooShort, characters, limit, message);
            }
            Some(_) => {}
        }
    }

    fn staleness(&mut self) {
        let limit = self.policy.max_days_since_reply;
        let Some(reply) = self.closing.last_reply_at else {
            return self.depends_on("last_reply_at");
        };
        let since = self.closing.closed_at - reply;
        if since > TimeDelta::days(limit.into()) {
            let days = days(since);
            self.fail(Rule::Stale, days, limit, format!("closed {days:.1} days after the last reply: at most {limit}"));
        }
    }

    fn recipient(&mut self) {
        let people = self.closing.people();
        if people != 1 {
            self.fail(Rule::Group, people, 1, format!("{people} people were helped: only one can be asked"));
        }
        let Some(address) = self.closing.address() else {
            return self.fail(Rule::NoAddress, Value::Null, Value::Null, "the customer has no email address");
        };
        let address = comparable(address);
        if let Some(glob) = self.policy.exclude.iter().find(|glob| glob.matches(&address)) {
            let glob = glob.as_str().to_owned();
            let message = format!("the address matches the exclusion {glob}");
            self.fail(Rule::Excluded, glob, Value::Null, message);
        }
    }

    fn requests(&mut self) {
        let asked = &self.history.asked_closings;
        let blocking = match self.policy.ask_again {
            AskAgain::Never => asked.last(),
            AskAgain::EachClosing => asked.range(self.closing.closed_at..).next_back(),
        };
        if let Some(closing) = blocking.copied() {
            let value = stamp(closing);
            self.fail(Rule::AlreadyAsked, value, Value::Null, "this conversation was asked about already");
        }
        if self.closing.other_survey {
            self.fail(Rule::OtherSurvey, true, false, "the teammate closed with another survey app");
        }
        if !self.closing.ask {
            self.fail(
                Rule::SuppressedHere,
                false,
                true,
                "the helpdesk, or an exclusion of its connection, said not to ask about this closing",
            );
        }
        if self.closing.state != ClosingState::Closed {
            self.fail(Rule::NotClosed, json!(self.closing.state), "closed", "the conversation is snoozed, not closed");
        }
    }

    fn suppression(&mut self) {
        for cause in self.history.suppressed.iter().copied() {
            let message = match cause {
                Cause::OptedOut => "the customer does not want to be asked",
                Cause::Bounced => "mail to this address came back",
                Cause::Complained => "the customer reported a survey as spam",
                Cause::Erased => "the customer asked to be forgotten",
            };
            self.fail(Rule::from(cause), true, false, message);
        }
    }

    fn frequency(&mut self) {
        let asked = &self.history.asked_address;
        let quiet = self.policy.quiet_days;
        let last = asked.iter().max().copied().filter(|_| quiet > 0);
        let most = self.policy.most_in_30_days;
        let recent = asked.iter().filter(|at| self.now - **at < RECENT).count();
        if let Some(since) = last.map(|last| self.now - last)
            && since < TimeDelta::days(quiet.into())
        {
            let days = days(since);
            let message = format!("the address was last asked {days:.1} days ago: at least {quiet} must pass");
            self.fail(Rule::AskedRecently, days, quiet, message);
        }
        if most > 0 && recent >= most as usize {
            let message = format!("the address was asked {recent} times in 30 days: fewer than {most} allow another");
            self.fail(Rule::AskedRecently, recent, most, message);
        }
        let (place, share) = (self.history.sample, self.policy.sample_percent);
        if place >= share {
            let message = format!("the conversation falls outside the sample of {share} %");
            self.fail(Rule::SampledOut, place, share, message);
        }
    }

    fn lateness(&mut self) {
        let age = self.now - self.closing.closed_at;
        if age > LATEST_REPORT {
            let (days, limit) = (days(age), LATEST_REPORT.num_days());
            let message = format!("the closing was {days:.1} days old when it was reported: at most {limit}");
            self.fail(Rule::ReportedLate, days, limit, message);
        }
        if let Some(hours) = self.policy.rate_within_hours
            && is_over(self.policy.rate_until(self.closing.closed_at), self.now)
        {
            let passed = hours_of(age);
            let message = format!("the rate window of {hours} h was over {passed:.1} h after the closing");
            self.fail(Rule::WindowOver, passed, hours, message);
        }
    }

    fn order(&mut self) {
        let closed_at = self.closing.closed_at;
        let (later, reopened) = (self.history.latest_closing, self.history.latest_reopening);
        if is_superseded(closed_at, later) {
            let message = "a later closing of this conversation is known";
            self.fail(Rule::EarlierClosing, later.map(stamp), stamp(closed_at), message);
        }
        if is_reopened(closed_at, reopened) {
            let message = "the conversation was reopened since";
            self.fail(Rule::Reopened, reopened.map(stamp), stamp(closed_at), message);
        }
    }

    fn unknown_facts(&mut self) {
        if self.policy.when_unknown == WhenUnknown::Ask {
            return;
        }
        for fact in std::mem::take(&mut self.unknown) {
            let message = format!("{fact} is unknown, and the policy asks only if it is known");
            self.fail(Rule::UnknownFact, fact, Value::Null, message);
        }
    }
}

/// Days of 24 h, for people to read.
fn days(span: TimeDelta) -> f64 {
    hours_of(span) / 24.0
}

fn hours_of(span: TimeDelta) -> f64 {
    span.as_seconds_f64() / 3600.0
}

#[cfg(test)]
mod tests;
