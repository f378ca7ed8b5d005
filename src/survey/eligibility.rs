//! Whether to ask: the rules of asking, each with its exact boundary.
//!
//! A pure function of policy, closing, history and time. It must not know where any of these came from, nor what a
//! mail is. Every failing rule is reported, not just the first: "why was nobody asked?" must have a whole answer.

use super::Time;
use super::closing::{Closing, Kind, StartedBy, State};
use super::delivery::LONGEST_SETTING;
use chrono::TimeDelta;
use glob::Pattern;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

/// A closing older than this when it is reported asks nobody, so that a backfill mails nobody.
pub const LATEST_REPORT: TimeDelta = TimeDelta::days(7);
/// The stretch that `most_in_30_days` counts in.
pub const RECENT: TimeDelta = TimeDelta::days(30);

/// What to do when a rule's answer depends on a fact that the helpdesk did not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnknown {
    /// The rule passes.
    Ask,
    /// The rule fails as `unknown_fact`.
    Skip,
}

/// Whether a conversation that was asked about may be asked about again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskAgain {
    /// Once asked, never again.
    Never,
    /// A later closing asks anew, and cancels a survey that is still waiting.
    EachClosing,
}

/// The settings that apply to a survey: `[ask]` of the configuration, or a named `[policy.NAME]` laid over it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "four switches of the configuration, each with a rule of its own")]
pub struct Policy {
    /// Ask customers of kind `user`.
    pub users: bool,
    /// Ask customers of kind `lead`.
    pub leads: bool,
    /// Ask about conversations that a teammate started.
    pub outbound: bool,
    /// Ask about conversations that a workflow or the API started.
    pub workflow: bool,
    /// More characters than this must have been written; exactly this many is too short.
    pub min_characters: u32,
    /// Closed at most this many days of 24 h after the last reply; exactly this many still asks.
    pub max_days_since_reply: u32,
    /// What a rule does with a fact it was not told.
    pub when_unknown: WhenUnknown,
    /// Whether a conversation can be asked about more than once.
    pub ask_again: AskAgain,
    /// At least this many days of 24 h between two surveys to one address; 0 is off.
    pub quiet_days: u32,
    /// Fewer than this many surveys to one address in the last 30 x 24 h; 0 is off.
    pub most_in_30_days: u32,
    /// The share of conversations that are asked about, 0 to 100.
    pub sample_percent: f64,
    /// Addresses that are never asked: globs, matched against the address in lower case.
    #[serde(deserialize_with = "patterns")]
    pub exclude: Vec<Pattern>,
    /// How long to wait between the decision and the mail.
    #[serde(deserialize_with = "duration")]
    pub delay: TimeDelta,
    /// Hours from the closing in which a first rating is taken; `None` is for ever.
    pub rate_within_hours: Option<u32>,
    /// Hours from the closing in which a rating can change to another score; `None` is for ever.
    pub change_within_hours: Option<u32>,
}

impl Default for Policy {
    /// The defaults that the README lists.
    fn default() -> Self {
        let exclude = ["mailer-daemon@*", "postmaster@*", "abuse@*", "no-reply@*", "noreply@*"];
        Self {
            users: true,
            leads: true,
            outbound: true,
            workflow: false,
            min_characters: 250,
            max_days_since_reply: 7,
            when_unknown: WhenUnknown::Ask,
            ask_again: AskAgain::Never,
            quiet_days: 0,
            most_in_30_days: 0,
            sample_percent: 100.0,
            exclude: exclude.iter().filter_map(|glob| Pattern::new(glob).ok()).collect(),
            delay: TimeDelta::zero(),
            rate_within_hours: None,
            change_within_hours: None,
        }
    }
}

impl Policy {
    /// Looks for values out of range and for settings that contradict each other.
    ///
    /// # Errors
    /// The key that is wrong, and what was expected of it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        const MOST_DAYS: u32 = 3650;
        const MOST_HOURS: u32 = MOST_DAYS * 24;
        let at_most = |key, value: u32, most: u32| {
            if value > most { Err((key, format!("{value} is too much: expected at most {most}"))) } else { Ok(()) }
        };
        at_most("max_days_since_reply", self.max_days_since_reply, MOST_DAYS)?;
        at_most("quiet_days", self.quiet_days, MOST_DAYS)?;
        at_most("rate_within_hours", self.rate_within_hours.unwrap_or(0), MOST_HOURS)?;
        at_most("change_within_hours", self.change_within_hours.unwrap_or(0), MOST_HOURS)?;
        if !(0.0..=100.0).contains(&self.sample_percent) {
            return Err(("sample_percent", format!("{} is no share: expected 0 to 100", self.sample_percent)));
        }
        if self.delay > LONGEST_SETTING {
            return Err(("delay", format!("expected at most {} days", LONGEST_SETTING.num_days())));
        }
        if let Some(hours) = self.rate_within_hours
            && self.delay > TimeDelta::hours(hours.into())
        {
            let detail = format!("the rate window of {hours} h would be over before any mail is sent: expected less");
            return Err(("delay", detail));
        }
        Ok(())
    }
}

fn patterns<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Pattern>, D::Error> {
    Vec::<String>::deserialize(from)?
        .iter()
        .map(|glob| {
            let expected = "expected a glob such as \"*@example.com\"";
            Pattern::new(&glob.to_lowercase())
                .map_err(|error| serde::de::Error::custom(format!("{glob:?}: {}; {expected}", error.msg)))
        })
        .collect()
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(from)?;
    super::parse_duration(&text).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "{text:?} is no duration: expected an integer and ms, s, m, h or d, such as \"15m\""
        ))
    })
}

/// Why an address is never asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The customer unsubscribed, or an admin did it for them.
    OptedOut,
    /// Mail to it came back.
    Bounced,
    /// The customer called a survey spam.
    Complained,
    /// The customer asked to be forgotten.
    Erased,
}

impl Cause {
    /// All causes, in the order they are reported.
    pub const ALL: [Self; 4] = [Self::OptedOut, Self::Bounced, Self::Complained, Self::Erased];

    /// The word for it, which is also the name of its rule.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Erased => "erased",
        }
    }
}

impl std::str::FromStr for Cause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|cause| cause.word() == text);
        known.ok_or_else(|| format!("{text:?}: expected {}", Self::ALL.map(Self::word).join(", ")))
    }
}

/// What is known already when a closing comes in.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The closings that surveys of this conversation, waiting or accepted for sending, were made for.
    pub asked_closings: Vec<Time>,
    /// The latest other closing of this conversation.
    pub latest_closing: Option<Time>,
    /// The latest reopening of this conversation.
    pub latest_reopening: Option<Time>,
    /// Why the address is suppressed.
    pub suppressed: Vec<Cause>,
    /// When surveys went to the address: waiting ones at `send_at`, accepted ones at that time. A waiting one that this
    /// closing would cancel is not among them.
    pub asked_address: Vec<Time>,
    /// The conversation's place between 0 and 100 in the sample.
    pub sample: f64,
}

/// A rule that failed: its name, what was measured, what was allowed, and both in a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule's name.
    pub rule: String,
    /// What was measured.
    pub value: Value,
    /// What was allowed.
    pub limit: Value,
    /// Both in a sentence.
    pub message: String,
}

/// Whether to ask.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Ask, at this time.
    Ask(Time),
    /// Ask nobody, for every one of these reasons.
    Skip(Vec<Reason>),
}

/// Judges a settled closing by every rule. `now` is when it was reported.
#[must_use]
pub fn judge(policy: &Policy, closing: &Closing, history: &History, now: Time) -> Verdict {
    let mut trial = Trial { policy, closing, history, now, reasons: Vec::new(), unknown: Vec::new() };
    trial.kind();
    trial.origin();
    trial.length();
    trial.staleness();
    trial.recipient();
    trial.wishes();
    trial.suppression();
    trial.frequency();
    trial.lateness();
    trial.order();
    trial.unknown_facts();
    if trial.reasons.is_empty() { Verdict::Ask(now + policy.delay) } else { Verdict::Skip(trial.reasons) }
}

struct Trial<'a> {
    policy: &'a Policy,
    closing: &'a Closing,
    history: &'a History,
    now: Time,
    reasons: Vec<Reason>,
    /// Facts that some rule's answer depends on and nobody told, each once.
    unknown: Vec<&'static str>,
}

impl Trial<'_> {
    fn fail(&mut self, rule: &str, value: impl Into<Value>, limit: impl Into<Value>, message: impl Into<String>) {
        let (value, limit, message) = (value.into(), limit.into(), message.into());
        self.reasons.push(Reason { rule: rule.to_owned(), value, limit, message });
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
            self.fail("off_for_users", "user", false, "asking is off for users");
        }
        if !leads && (kind == Some(Kind::Lead) || (kind.is_none() && !users)) {
            self.fail("off_for_leads", "lead", false, "asking is off for leads");
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
                self.fail("no_teammate", false, true, "no teammate replied in this conversation");
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
                self.fail("outbound_off", "teammate", false, "asking is off for conversations that a teammate started");
            }
            Some(by @ (StartedBy::Workflow | StartedBy::Api)) if !workflow => {
                let message = "asking is off for conversations that a workflow or the API started";
                self.fail("workflow_off", json!(by), false, message);
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
                self.fail("too_short", characters, limit, message);
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
            self.fail("stale", days, limit, format!("closed {days:.1} days after the last reply: at most {limit}"));
        }
    }

    fn recipient(&mut self) {
        let people = self.closing.people();
        if people != 1 {
            self.fail("group", people, 1, format!("{people} people were helped: only one can be asked"));
        }
        let Some(address) = self.closing.address() else {
            return self.fail("no_address", Value::Null, Value::Null, "the customer has no email address");
        };
        let address = address.to_lowercase();
        if let Some(glob) = self.policy.exclude.iter().find(|glob| glob.matches(&address)) {
            let glob = glob.as_str().to_owned();
            let message = format!("the address matches the exclusion {glob}");
            self.fail("excluded", glob, Value::Null, message);
        }
    }

    fn wishes(&mut self) {
        let asked = &self.history.asked_closings;
        let blocking = match self.policy.ask_again {
            AskAgain::Never => asked.first(),
            AskAgain::EachClosing => asked.iter().find(|closing| **closing >= self.closing.closed_at),
        };
        if let Some(closing) = blocking.copied() {
            let value = json!(closing.to_rfc3339());
            self.fail("already_asked", value, Value::Null, "this conversation was asked about already");
        }
        if self.closing.other_survey {
            self.fail("other_survey", true, false, "the teammate closed with another survey app");
        }
        if !self.closing.ask {
            self.fail("suppressed_here", false, true, "the helpdesk said not to ask about this closing");
        }
        if self.closing.state != State::Closed {
            self.fail("not_closed", json!(self.closing.state), "closed", "the conversation is snoozed, not closed");
        }
    }

    fn suppression(&mut self) {
        for cause in Cause::ALL.into_iter().filter(|cause| self.history.suppressed.contains(cause)) {
            let message = match cause {
                Cause::OptedOut => "the customer does not want to be asked",
                Cause::Bounced => "mail to this address came back",
                Cause::Complained => "the customer reported a survey as spam",
                Cause::Erased => "the customer asked to be forgotten",
            };
            self.fail(cause.word(), true, false, message);
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
            self.fail("asked_recently", days, quiet, message);
        }
        if most > 0 && recent >= most as usize {
            let message = format!("the address was asked {recent} times in 30 days: fewer than {most} allow another");
            self.fail("asked_recently", recent, most, message);
        }
        let (place, share) = (self.history.sample, self.policy.sample_percent);
        if place >= share {
            let message = format!("the conversation falls outside the sample of {share} %");
            self.fail("sampled_out", place, share, message);
        }
    }

    fn lateness(&mut self) {
        let age = self.now - self.closing.closed_at;
        if age > LATEST_REPORT {
            let (days, limit) = (days(age), LATEST_REPORT.num_days());
            let message = format!("the closing was {days:.1} days old when it was reported: at most {limit}");
            self.fail("reported_late", days, limit, message);
        }
        if let Some(hours) = self.policy.rate_within_hours
            && age > TimeDelta::hours(hours.into())
        {
            let passed = hours_of(age);
            let message = format!("the rate window of {hours} h was over {passed:.1} h after the closing");
            self.fail("window_over", passed, hours, message);
        }
    }

    fn order(&mut self) {
        let closed_at = self.closing.closed_at;
        if let Some(later) = self.history.latest_closing.filter(|other| *other > closed_at) {
            let message = "a later closing of this conversation is known";
            self.fail("earlier_closing", json!(later.to_rfc3339()), json!(closed_at.to_rfc3339()), message);
        }
        if let Some(reopened) = self.history.latest_reopening.filter(|reopened| *reopened >= closed_at) {
            let message = "the conversation was reopened since";
            self.fail("reopened", json!(reopened.to_rfc3339()), json!(closed_at.to_rfc3339()), message);
        }
    }

    fn unknown_facts(&mut self) {
        if self.policy.when_unknown == WhenUnknown::Ask {
            return;
        }
        for fact in std::mem::take(&mut self.unknown) {
            let message = format!("{fact} is unknown, and the policy asks only if it is known");
            self.fail("unknown_fact", fact, Value::Null, message);
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
