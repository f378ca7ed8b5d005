//! Fetching a conversation before the decision: whether it is worth it, when to try again, and how it ended.
//!
//! A payload may leave open what the rules measure, and the API of its helpdesk may know it. It must not know how anything
//! is fetched.

use super::Time;
use super::closing::Closing;
use super::eligibility::{Decision, Rule};
use chrono::TimeDelta;

/// How long after its report a closing is decided at the latest, whatever the API does. The mail comes while the customer
/// remembers the conversation, and the short outages that updates and restarts make are over by then.
pub const LATEST: TimeDelta = TimeDelta::minutes(5);
/// The waits after the first failed tries: tries at 0, 10, 40, 100 and 220 s. The first is short, because most failures are
/// a lost connection; a helpdesk that restarts needs a minute or two.
const WAITS: [TimeDelta; 4] =
    [TimeDelta::seconds(10), TimeDelta::seconds(30), TimeDelta::seconds(60), TimeDelta::seconds(120)];

/// The reasons that may go once more is known. Any other holds whatever the conversation says, and then nothing of it is
/// fetched.
const MAY_GO: [Rule; 7] = [
    Rule::NoTeammate,
    Rule::OutboundOff,
    Rule::WorkflowOff,
    Rule::TooShort,
    Rule::Stale,
    Rule::NoAddress,
    Rule::UnknownFact,
];

/// A closing that was taken, and is decided once its conversation was fetched.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The closing as its payload has it, normalized.
    pub closing: Closing,
    /// When it was reported.
    pub told_at: Time,
    /// When the next try is due.
    pub due_at: Time,
    /// How many tries failed.
    pub tries: u32,
    /// Why the last one failed.
    pub why: Option<String>,
}

impl Waiting {
    /// Whether it is decided now, without another try.
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        now >= self.told_at + LATEST
    }

    /// When to try again after a failure of now; `None` if it is decided without. `asked` is the moment that the helpdesk
    /// asks to wait for.
    #[must_use]
    pub fn next_try(&self, now: Time, asked: Option<Time>) -> Option<Time> {
        let wait = WAITS.get(usize::try_from(self.tries).ok()?)?;
        let next = (now + *wait).max(asked.unwrap_or(now));
        (next < self.told_at + LATEST).then_some(next)
    }
}

/// How fetching the conversation of a closing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// When.
    pub at: Time,
    /// Why it failed; `None` if it did not. No text of a conversation and no address is in it.
    pub failed: Option<String>,
}

/// Whether the API may know what a payload left open, and a decision by the payload alone can still change.
#[must_use]
pub fn is_worth_fetching(closing: &Closing, by_payload: &Decision) -> bool {
    if closing.unknown().is_empty() && closing.address().is_some() {
        return false;
    }
    match by_payload {
        Decision::Ask { .. } => true,
        Decision::Skip(reasons) => reasons.iter().all(|reason| MAY_GO.iter().any(|rule| rule.word() == reason.rule)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::eligibility::Reason;
    use serde_json::{Value, json};

    fn at(seconds: i64) -> Time {
        Time::from_timestamp(1_800_000_000 + seconds, 0).expect("a time")
    }

    fn closing(fields: &Value) -> Closing {
        let mut all = json!({
            "conversation_id": "1", "closed_at": "2026-11-22T10:00:00Z", "customers": [{"email": "ada@example.com"}],
            "started_by": "customer", "characters": 300, "last_reply_at": "2026-11-22T10:00:00Z", "teammate_replied": true,
        });
        for (name, value) in fields.as_object().expect("fields") {
            all[name] = value.clone();
        }
        serde_json::from_value(all).expect("a closing")
    }

    fn waiting(tries: u32) -> Waiting {
        Waiting { closing: closing(&json!({})), told_at: at(0), due_at: at(0), tries, why: None }
    }

    #[test]
    fn tries_end_within_five_minutes() {
        let (mut now, mut tries, mut all) = (at(0), 0, vec![0]);
        while let Some(next) = waiting(tries).next_try(now, None) {
            assert!(!waiting(tries).is_over(next));
            (now, tries) = (next, tries + 1);
            all.push((next - at(0)).num_seconds());
        }
        assert_eq!(all, [0, 10, 40, 100, 220]);
    }

    #[test]
    fn a_helpdesk_may_ask_for_more_time_but_not_for_too_much() {
        assert_eq!(waiting(0).next_try(at(1), Some(at(61))), Some(at(61)));
        assert_eq!(waiting(0).next_try(at(1), Some(at(2))), Some(at(11)), "no sooner than planned");
        assert_eq!(waiting(0).next_try(at(1), Some(at(299))), Some(at(299)));
        assert_eq!(waiting(0).next_try(at(1), Some(at(300))), None);
        assert!(waiting(0).is_over(at(300)) && !waiting(0).is_over(at(299)));
    }

    #[test]
    fn nothing_is_fetched_that_cannot_matter() {
        let skip = |rules: &[&str]| {
            let reason = |rule: &&str| Reason {
                rule: (*rule).to_owned(),
                value: Value::Null,
                limit: Value::Null,
                message: String::new(),
            };
            Decision::Skip(rules.iter().map(reason).collect())
        };
        let ask = Decision::Ask { survey: uuid::Uuid::nil(), send_at: at(0), unknown: Vec::new() };
        let (whole, part) = (closing(&json!({})), closing(&json!({"characters": null})));
        let nobody = closing(&json!({"customers": [{"email": null}]}));
        for (closing, decision, worth) in [
            (&whole, &ask, false),
            (&part, &ask, true),
            (&nobody, &skip(&["no_address"]), true),
            (&part, &skip(&["unknown_fact", "no_teammate"]), true),
            (&part, &skip(&["too_short", "suppressed_here"]), false),
            (&part, &skip(&["group"]), false),
            (&part, &skip(&["opted_out"]), false),
            (&part, &skip(&["reopened"]), false),
        ] {
            assert_eq!(is_worth_fetching(closing, decision), worth, "{decision:?}");
        }
    }
}
