//! The pure life of a survey: one file a stage, from the closing to the report.
//!
//! Everything here is a function of its arguments. No async, no I/O, no clock, no randomness: `now` is an argument, and
//! so is every fact that a rule needs. It must not name any other module of this crate.

pub mod access;
pub mod alert;
pub mod answers;
pub mod closing;
pub mod conversation;
pub mod decisions;
pub mod digest;
pub mod eligibility;
pub mod enrichment;
pub mod event;
pub mod evidence;
pub mod fields;
pub mod follow_up;
pub mod interval;
pub mod json;
pub mod link;
pub mod mails;
pub mod moderation;
pub mod opening;
pub mod outbound;
pub mod pace;
pub mod page;
pub mod paging;
pub mod policy;
pub mod rating;
pub mod refusal;
pub mod report;
pub mod scanning;
pub mod sending;
pub mod span;
pub mod status;
pub mod story;
pub mod streak;
pub mod suppression;
pub mod target;
pub mod trail;
pub mod ways;
pub mod weblinks;
pub mod wording;
pub(crate) mod words;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// An instant. Stored times are cut to whole milliseconds.
pub type Time = DateTime<Utc>;

/// Writes a time as RFC 3339 in UTC, ending in `Z`, with as many digits of a second as it needs.
#[must_use]
pub fn stamp(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Whether a window has ended. Its last moment is still inside; without an end it never ends.
pub(crate) fn is_over(until: Option<Time>, now: Time) -> bool {
    until.is_some_and(|until| now > until)
}

/// Reads a duration such as `90s`, `15m`, `72h`, `7d` or `250ms`: an integer and a unit, nothing between them.
///
/// `None` for anything else, and for more than ten years: no setting needs that much, and adding it to a time could
/// leave the calendar.
#[must_use]
pub fn parse_duration(text: &str) -> Option<TimeDelta> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().ok()?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let duration = TimeDelta::try_milliseconds(number.checked_mul(unit_ms)?)?;
    (duration <= TimeDelta::days(3650)).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_an_integer_and_a_unit() {
        assert_eq!(parse_duration("250ms"), Some(TimeDelta::milliseconds(250)));
        assert_eq!(parse_duration("0s"), Some(TimeDelta::zero()));
        assert_eq!(parse_duration("15m"), Some(TimeDelta::minutes(15)));
        assert_eq!(parse_duration("72h"), Some(TimeDelta::hours(72)));
        assert_eq!(parse_duration("3650d"), Some(TimeDelta::days(3650)));
        for wrong in
            ["", "5", "s", "-5s", "1.5h", "5 s", "5S", "3651d", "99999999999999999999s", "9223372036854775807d"]
        {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
