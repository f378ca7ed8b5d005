//! How ratings are counted, and what the team wants to reach: `[report]`.
//!
//! Owns its keys and checks. The measure of a target is in [`survey::target`](crate::survey::target).

use super::value;
use crate::survey::access::Within;
use crate::survey::rating::Score;
use crate::survey::target::Target;
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

/// `[report]`: how ratings are counted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// The zone whose days are reported.
    #[serde(deserialize_with = "value::timezone")]
    pub timezone: Tz,
    /// The scores that count as positive: at least one of 1 to 5, ascending, none twice.
    #[serde(deserialize_with = "value::scores")]
    pub positive: Vec<u8>,
    /// Each `[[report.targets]]`.
    #[serde(default)]
    pub targets: Vec<TargetSettings>,
}

/// `[[report.targets]]`: the CSAT to reach from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSettings {
    /// In percent, 1 to 100.
    #[serde(deserialize_with = "percent")]
    pub csat: u8,
    /// The first local day that it holds on.
    #[serde(deserialize_with = "day")]
    pub from: NaiveDate,
    /// This team's; with neither this nor a teammate it is everybody's.
    #[serde(default, deserialize_with = "name")]
    pub team: Option<String>,
    /// The teammate's with this id.
    #[serde(default, deserialize_with = "name")]
    pub teammate: Option<String>,
}

impl ReportSettings {
    /// The scores that count as positive, worst first.
    #[must_use]
    pub fn positive_scores(&self) -> Vec<Score> {
        Score::ALL.into_iter().filter(|score| self.positive.contains(&score.number())).collect()
    }

    /// The targets.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        self.targets.iter().map(TargetSettings::target).collect()
    }

    /// A target is one team's or one teammate's, and on each day at most one of the same takes effect.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        for (at, target) in self.targets.iter().enumerate() {
            let refuse = |key: &str, detail: String| Err((format!("report.targets[{at}]{key}"), detail));
            if target.team.is_some() && target.teammate.is_some() {
                return refuse("", "expected team or teammate, or neither for everybody: not both".to_owned());
            }
            let other = self.targets[..at].iter().find(|other| {
                (&other.team, &other.teammate, other.from) == (&target.team, &target.teammate, target.from)
            });
            if let Some(other) = other {
                let detail =
                    format!("{}: another target of the same, {} %, begins on that day", target.from, other.csat);
                return refuse(".from", detail);
            }
        }
        Ok(())
    }
}

impl TargetSettings {
    fn target(&self) -> Target {
        let whose = Within { team: self.team.clone(), teammate: self.teammate.clone() };
        Target { csat: self.csat, from: self.from, whose }
    }
}

fn percent<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let given = i64::deserialize(from)?;
    let percent = u8::try_from(given).ok().filter(|percent| (1..=100).contains(percent));
    percent.ok_or_else(|| D::Error::custom(format!("{given}: expected 1 to 100, in percent")))
}

/// A day, in quotes or as TOML writes dates.
fn day<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveDate, D::Error> {
    let text = match Value::deserialize(from)? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    text.parse().map_err(|_| D::Error::custom(format!("{text:?}: expected a day, such as \"2026-11-22\"")))
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    value::line(from).map(Some)
}
