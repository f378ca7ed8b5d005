//! The alerts of the configuration: places that learn of an unhappy customer at once.
//!
//! Owns `[alert.NAME]` and its checks. It must not know what an alert says.

use super::{Config, OutgoingSettings, Secret, value};
use crate::survey::alert::KINDS;
use crate::survey::event::Wants;
use crate::survey::fields::{ADDRESS_EXPECTED, is_address, is_web_address};
use crate::survey::follow_up::FollowedScores;
use crate::survey::rating::Score;
use serde::Deserialize;
use std::path::PathBuf;
use url::Url;

/// `[alert.NAME]`: one place that gets alerts about low ratings. Two places are two alerts, so each is tried again on its
/// own, and a failure of one repeats nothing at the other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertSettings {
    /// An incoming webhook that takes messages as Slack does. Its address is the secret. Either this or `to` is set.
    pub slack_url: Option<Secret>,
    /// The file that `slack_url` was read from, unless it was set directly.
    pub slack_url_file: Option<PathBuf>,
    /// An email address.
    pub to: Option<String>,
    /// This team's ratings only.
    pub team: Option<String>,
    /// This teammate's ratings only.
    pub teammate: Option<String>,
    /// Ratings of this connection only; empty for the plain API.
    pub connection: Option<String>,
    /// Ratings with one of these scores, 1 to 5 each; empty for those that open a follow-up.
    #[serde(default, deserialize_with = "value::scores")]
    pub scores: Vec<u8>,
}

impl AlertSettings {
    fn check(&self, config: &Config) -> Result<(), (&'static str, String)> {
        let slack = self.slack_url.is_some() || self.slack_url_file.is_some();
        match &self.to {
            None if !slack => return Err(("to", "is missing: expected an address, or slack_url_file".into())),
            Some(_) if slack => {
                return Err(("to", "contradicts slack_url: expected one of the two; make an alert for each".into()));
            }
            Some(address) if !is_address(address) => return Err(("to", format!("{address:?}: {ADDRESS_EXPECTED}"))),
            _ => {}
        }
        config.check_part(&[("team", &self.team), ("teammate", &self.teammate)], self.connection.as_deref())
    }

    /// Checks the address of the webhook; the error says what was expected, and does not show the address.
    pub(super) fn check_slack_url(&self, outgoing: &OutgoingSettings) -> Result<(), &'static str> {
        let expected = "expected the https address of an incoming webhook, or its host in outgoing.allow_private";
        let Some(Secret(text)) = &self.slack_url else { return Ok(()) };
        let url = Url::parse(text).ok().filter(|url| is_web_address(text) && outgoing.is_safe(url));
        url.map(drop).ok_or(expected)
    }
}

impl Config {
    /// Checks each alert, before the files of secrets are read.
    pub(super) fn check_alerts(&self) -> Result<(), (String, String)> {
        self.alerts.iter().try_for_each(|(name, alert)| {
            value::section_name(name).map_err(|detail| ("alert".to_owned(), detail))?;
            alert.check(self).map_err(|(key, detail)| (format!("alert.{name}.{key}"), detail))
        })
    }

    /// The scores that an alert is about: by default those that open a follow-up, and if none does, the low ones.
    #[must_use]
    pub fn watched(&self, alert: &AlertSettings) -> FollowedScores {
        let always = |always: Vec<u8>| FollowedScores { always, with_comment: Vec::new() };
        match self.follow_up.followed() {
            _ if !alert.scores.is_empty() => always(alert.scores.clone()),
            _ if self.follow_up.is_off() => always(Score::LOW.map(Score::number).into()),
            followed => followed,
        }
    }

    /// The events that an alert may be about.
    #[must_use]
    pub fn alert_wants(&self, alert: &AlertSettings) -> Wants {
        let FollowedScores { always, with_comment } = self.watched(alert);
        let scores = always.into_iter().chain(with_comment);
        Wants {
            kinds: KINDS.into(),
            team: alert.team.clone(),
            teammate: alert.teammate.clone(),
            connection: alert.connection.clone(),
            comment_tells_all: true,
            scores: scores.filter_map(|score| Score::try_from(i64::from(score)).ok()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers;

    fn read(text: &str) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(&file, text).expect("written");
        let read = layers::load(Some(file.path()), std::iter::empty(), true);
        read.map(|read| read.config).map_err(|error| error.to_string())
    }

    fn watched(text: &str) -> (FollowedScores, Wants) {
        let config = read(text).expect("settings");
        let alert = config.alerts.values().next().expect("an alert");
        (config.watched(alert), config.alert_wants(alert))
    }

    #[test]
    fn an_alert_is_about_follow_ups_unless_told_otherwise() {
        let mail = "[alert.low]\nto = 'lead@example.com'\n";
        assert_eq!(watched(mail).0.always, [1, 2]);
        assert_eq!(watched(&format!("{mail}scores = [1]")).0.always, [1]);
        let (off, _) = watched(&format!("{mail}[follow_up]\nscores = []"));
        assert_eq!(off.always, [1, 2], "no rating opens a follow-up");
        let (scores, wants) = watched(&format!("{mail}[follow_up]\nscores = [1]\nscores_with_comment = [3]"));
        assert_eq!((scores.always, scores.with_comment), (vec![1], vec![3]));
        assert_eq!(wants.scores.into_iter().map(Score::number).collect::<Vec<_>>(), [1, 3]);
        let (_, part) = watched(&format!("{mail}team = 'Billing'\nconnection = ''"));
        assert_eq!((part.team.as_deref(), part.connection.as_deref()), (Some("Billing"), Some("")));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, said) in [
            ("", "alert.low.to: is missing"),
            ("to = 'lead'", "alert.low.to: \"lead\": expected an email address"),
            ("to = 'a@example.com'\nslack_url = 'https://hooks.example.com/x'", "alert.low.to: contradicts slack_url"),
            ("slack_url = 'hooks.example.com/x'", "alert.low.slack_url: expected the https address"),
            ("slack_url = 'http://hooks.example.com/x'", "alert.low.slack_url: expected the https address"),
            ("to = 'a@example.com'\nteam = ' '", "alert.low.team: is blank"),
            ("to = 'a@example.com'\nconnection = 'shop'", "alert.low.connection: \"shop\": expected the name"),
            ("to = 'a@example.com'\nscores = [6]", "alert.low.scores"),
            ("to = 'a@example.com'\ncolour = 1", "unknown field `colour`"),
        ] {
            let refused = read(&format!("[alert.low]\n{text}")).expect_err(said);
            assert!(refused.contains(said), "{refused}");
        }
        let refused = read("[alert.'Low one']\nto = 'a@example.com'").expect_err("a name");
        assert!(refused.contains("alert: \"Low one\": expected a name"), "{refused}");
        let inside = "[alert.low]\nslack_url = 'http://chat.internal/x'\n[outgoing]\nallow_private = ['chat.internal']";
        assert!(read(inside).is_ok());
        let refused = read("[alert.low]\nslack_url = 'hunter2'").expect_err("no address");
        assert!(!refused.contains("hunter2"), "the address is a secret: {refused}");
    }
}
