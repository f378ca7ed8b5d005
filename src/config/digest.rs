//! The weekly digest: who gets which, and when.
//!
//! Owns `[[digest]]` and its checks. It must not know what a digest tells.

use super::value;
use crate::survey::access::Within;
use crate::survey::digest::{Schedule, Subscription};
use crate::survey::fields::{ADDRESS_EXPECTED, is_address};
use chrono::Weekday;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The hour that a digest is due at unless told otherwise: it is there when the day begins.
const USUAL_HOUR: u32 = 8;

/// `[[digest]]`: one digest to some addresses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestSettings {
    /// The addresses that get it, at least one.
    pub to: Vec<String>,
    /// This teammate's ratings only.
    pub teammate: Option<String>,
    /// This team's ratings only.
    pub team: Option<String>,
    /// The day that it is due on.
    #[serde(default = "monday", deserialize_with = "value::weekday")]
    pub day: Weekday,
    /// The hour that it is due at, 0 to 23, in the zone of reports.
    #[serde(default = "usual_hour", deserialize_with = "value::hour")]
    pub at: u32,
    /// Whether it holds what customers wrote. Mails stay in mailboxes, also after a customer is erased.
    #[serde(default = "yes")]
    pub comments: bool,
}

fn monday() -> Weekday {
    Weekday::Mon
}

fn usual_hour() -> u32 {
    USUAL_HOUR
}

fn yes() -> bool {
    true
}

impl DigestSettings {
    /// When it is due.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule { day: self.day, hour: self.at }
    }

    /// The part of the team that it is about.
    #[must_use]
    pub fn within(&self) -> Within {
        Within { teammate: self.teammate.clone(), team: self.team.clone() }
    }

    /// Each address as it is written, and what it gets.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&str, Subscription)> {
        self.to.iter().map(|address| (address.as_str(), Subscription::new(address, self.within())))
    }
}

/// Checks the digests; the error is the key and what was expected.
pub(super) fn check(digests: &[DigestSettings]) -> Result<(), (String, String)> {
    let mut known = BTreeSet::new();
    for (number, digest) in digests.iter().enumerate() {
        let refuse = |key: &str, detail: String| Err((format!("digest[{number}].{key}"), detail));
        if digest.to.is_empty() {
            return refuse("to", "no address: expected at least one".into());
        }
        for (key, limit) in [("team", &digest.team), ("teammate", &digest.teammate)] {
            if limit.as_ref().is_some_and(|limit| limit.trim().is_empty()) {
                return refuse(key, "is empty: leave it out for all".into());
            }
        }
        for (address, subscription) in digest.subscriptions() {
            if !is_address(address) {
                return refuse("to", format!("{address:?}: {ADDRESS_EXPECTED}"));
            }
            if !known.insert(subscription) {
                return refuse("to", format!("{address:?}: expected each address once for the same part of the team"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        digest: Vec<DigestSettings>,
    }

    fn read(text: &str) -> Result<Vec<DigestSettings>, String> {
        let File { digest } = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        check(&digest).map_err(|(key, detail)| format!("{key}: {detail}"))?;
        Ok(digest)
    }

    #[test]
    fn a_digest_needs_an_address_and_has_usual_times() {
        let read =
            read("[[digest]]\nto = ['Lead@example.com']\n[[digest]]\nto = ['lead@example.com']\nteam = 'Billing'");
        let read = read.expect("two digests");
        assert_eq!(read[0].schedule(), Schedule { day: Weekday::Mon, hour: 8 });
        assert!(read[0].comments && read[1].within().team.as_deref() == Some("Billing"));
        assert_eq!(read[0].subscriptions().next().map(|(_, to)| to.address).as_deref(), Some("lead@example.com"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let digest = "[[digest]]\nto = ['lead@example.com']\n";
        for (text, said) in [
            ("[[digest]]\nto = []".to_owned(), "digest[0].to: no address"),
            ("[[digest]]\nto = ['lead']".to_owned(), "digest[0].to: \"lead\": expected an email address"),
            ("[[digest]]\nteam = 'Billing'".to_owned(), "missing field `to`"),
            (format!("{digest}team = ' '"), "digest[0].team: is empty"),
            (format!("{digest}at = 24"), "24: expected an hour, 0 to 23"),
            (format!("{digest}day = 'Mo'"), "\"Mo\": expected a day of the week"),
            (format!("{digest}colour = 1"), "unknown field `colour`"),
            (
                format!("{digest}[[digest]]\nto = ['LEAD@example.com']\nday = 'friday'"),
                "digest[1].to: \"LEAD@example.com\"",
            ),
        ] {
            let refused = read(&text).expect_err(said);
            assert!(refused.contains(said), "{refused}");
        }
    }
}
