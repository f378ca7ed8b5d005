//! The settings that apply to a survey: `[ask]` of the configuration, and named policies over it.
//!
//! It owns their values, defaults and ranges. It must not know the rules that they feed (`eligibility`).

use super::fields::comparable_glob;
use super::outbound::LONGEST_SETTING;
use super::words::words;
use super::{Time, parse_duration};
use chrono::TimeDelta;
use glob::Pattern;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

words! {
    /// What a rule does if its answer depends on a fact that the helpdesk did not report.
    pub enum WhenUnknown {
        /// The rule passes.
        Ask = "ask",
        /// The rule fails as `unknown_fact`.
        Skip = "skip",
    }
}

words! {
    /// Whether a conversation that was asked about may be asked about again.
    pub enum AskAgain {
        /// Once asked, never again.
        Never = "never",
        /// A later closing asks again, and cancels a survey that still waits.
        EachClosing = "each_closing",
    }
}

/// The settings that apply to a survey: `[ask]`, or `[policy.NAME]` laid over it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
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
    /// What a rule does with an unknown fact.
    pub when_unknown: WhenUnknown,
    /// Whether a conversation can be asked about more than once.
    pub ask_again: AskAgain,
    /// At least this many days of 24 h between two surveys to one address; 0 is off.
    pub quiet_days: u32,
    /// Fewer than this many surveys to one address in the last 30 x 24 h; 0 is off.
    pub most_in_30_days: u32,
    /// The share of conversations that are asked about, 0 to 100.
    pub sample_percent: f64,
    /// Addresses that are never asked: globs, in the form that addresses are compared in.
    #[serde(deserialize_with = "patterns", serialize_with = "as_texts")]
    pub exclude: Vec<Pattern>,
    /// How long to wait between the decision and the mail.
    #[serde(deserialize_with = "duration", serialize_with = "as_duration")]
    pub delay: TimeDelta,
    /// Hours from the closing in which a first rating is accepted; `None` is no limit.
    pub rate_within_hours: Option<u32>,
    /// Hours from the closing in which a rating can change to another score; `None` is no limit.
    pub change_within_hours: Option<u32>,
}

impl Default for Policy {
    /// The defaults that `docs/configuration.md` lists.
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
    /// The last moment of a first rating of a conversation closed at this time; `None` is no limit.
    #[must_use]
    pub fn rate_until(&self, closed_at: Time) -> Option<Time> {
        self.rate_within_hours.map(|hours| closed_at + TimeDelta::hours(hours.into()))
    }

    /// The last moment of a change to another score; `None` is no limit.
    #[must_use]
    pub fn change_until(&self, closed_at: Time) -> Option<Time> {
        self.change_within_hours.map(|hours| closed_at + TimeDelta::hours(hours.into()))
    }

    /// Checks for values out of range and for settings that contradict each other.
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
            return Err(("sample_percent", format!("{} is not a percentage: expected 0 to 100", self.sample_percent)));
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

fn as_texts<S: Serializer>(patterns: &[Pattern], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(patterns.iter().map(Pattern::as_str))
}

fn as_duration<S: Serializer>(duration: &TimeDelta, to: S) -> Result<S::Ok, S::Error> {
    let (seconds, millis) = (duration.num_seconds(), duration.num_milliseconds());
    let text = if seconds * 1000 == millis { format!("{seconds}s") } else { format!("{millis}ms") };
    to.serialize_str(&text)
}

fn patterns<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Pattern>, D::Error> {
    Vec::<String>::deserialize(from)?
        .iter()
        .map(|glob| {
            let expected = "expected a glob such as \"*@example.com\"";
            Pattern::new(&comparable_glob(glob))
                .map_err(|error| serde::de::Error::custom(format!("{glob:?}: {}; {expected}", error.msg)))
        })
        .collect()
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(from)?;
    parse_duration(&text).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "{text:?} is not a duration: expected an integer and ms, s, m, h or d, such as \"15m\""
        ))
    })
}
