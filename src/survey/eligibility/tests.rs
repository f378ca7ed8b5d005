//! The rules of asking, both sides of every boundary, and all of them against a naive list of the same rules.

mod naive;

use super::*;
use crate::survey::closing::Customer;
use glob::Pattern;
use std::collections::BTreeSet;

/// A closing that everybody would ask about, and all that is known; tests break one thing each.
#[derive(Clone, Debug)]
struct Case {
    policy: Policy,
    closing: Closing,
    history: History,
    now: Time,
}

fn noon() -> Time {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

const MS: TimeDelta = TimeDelta::milliseconds(1);

fn fine() -> Case {
    let closing = serde_json::from_value(json!({
        "conversation_id": "8841", "closed_at": noon().to_rfc3339(), "started_by": "customer", "characters": 251,
        "last_reply_at": noon().to_rfc3339(), "teammate_replied": true,
        "customers": [{"email": "Ada@Example.com", "kind": "user"}],
    }));
    Case {
        policy: Policy::default(),
        closing: closing.expect("a closing"),
        history: History::default(),
        now: noon() + TimeDelta::minutes(1),
    }
}

impl Case {
    fn decision(&self) -> Decision {
        judge(&self.policy, &self.closing, &self.history, self.now, Uuid::nil())
    }

    fn reasons(&self) -> Vec<Reason> {
        match self.decision() {
            Decision::Ask { .. } => Vec::new(),
            Decision::Skip(reasons) => {
                assert!(!reasons.is_empty(), "a skip has a reason");
                reasons
            }
        }
    }

    fn rules(&self) -> Vec<String> {
        self.reasons().into_iter().map(|reason| reason.rule).collect()
    }

    fn unknown(&self) -> Vec<String> {
        let unknown = self.reasons().into_iter().filter(|reason| reason.rule == "unknown_fact");
        unknown.map(|reason| reason.value.as_str().expect("the name of a fact").to_owned()).collect()
    }

    fn customers(&mut self, addresses: &[Option<&str>]) {
        let customer = |address: Option<&str>| Customer {
            id: None,
            email: address.map(str::to_owned),
            name: None,
            kind: Some(Kind::User),
            locale: None,
        };
        self.closing.customers = addresses.iter().copied().map(customer).collect();
    }
}

fn case(change: impl FnOnce(&mut Case)) -> Case {
    let mut case = fine();
    change(&mut case);
    case
}

/// What is different, and every rule that must then be named.
type Line<'a> = (fn(&mut Case), &'a [&'a str]);

fn check(table: &[Line<'_>]) {
    for (place, (change, rules)) in table.iter().enumerate() {
        let case = case(change);
        assert_eq!(case.rules(), *rules, "line {place} of the table: {case:#?}");
    }
}

#[test]
fn the_usual_closing_is_asked_about_after_the_delay() {
    assert_eq!(fine().decision(), Decision::Ask { survey: Uuid::nil(), send_at: fine().now, unknown: vec![] });
    let delayed = case(|c| c.policy.delay = TimeDelta::minutes(90));
    let send_at = fine().now + TimeDelta::minutes(90);
    assert_eq!(delayed.decision(), Decision::Ask { survey: Uuid::nil(), send_at, unknown: vec![] });
}

#[test]
fn each_kind_of_customer_has_a_switch() {
    check(&[
        (|c| c.policy.users = false, &["off_for_users"]),
        (|c| c.policy.leads = false, &[]),
        (|c| (c.policy.leads, c.closing.customers[0].kind) = (false, Some(Kind::Lead)), &["off_for_leads"]),
        (|c| (c.policy.users, c.closing.customers[0].kind) = (false, Some(Kind::Lead)), &[]),
    ]);
}

#[test]
fn a_teammate_must_have_taken_part() {
    check(&[
        (|c| c.closing.teammate_replied = Some(false), &["no_teammate"]),
        (|c| (c.closing.started_by, c.closing.teammate_replied) = (Some(StartedBy::Teammate), Some(false)), &[]),
        (
            |c| {
                c.policy.workflow = true;
                (c.closing.started_by, c.closing.teammate_replied) = (Some(StartedBy::Workflow), Some(false));
            },
            &["no_teammate"],
        ),
        (
            |c| (c.closing.started_by, c.closing.teammate_replied) = (Some(StartedBy::Api), Some(false)),
            &["no_teammate", "workflow_off"],
        ),
    ]);
}

#[test]
fn outbound_and_workflow_have_a_switch_each() {
    check(&[
        (|c| c.closing.started_by = Some(StartedBy::Teammate), &[]),
        (|c| (c.policy.outbound, c.closing.started_by) = (false, Some(StartedBy::Teammate)), &["outbound_off"]),
        (|c| (c.policy.outbound, c.closing.started_by) = (false, Some(StartedBy::Customer)), &[]),
        (|c| c.closing.started_by = Some(StartedBy::Workflow), &["workflow_off"]),
        (|c| c.closing.started_by = Some(StartedBy::Api), &["workflow_off"]),
        (|c| (c.policy.workflow, c.closing.started_by) = (true, Some(StartedBy::Workflow)), &[]),
        (|c| (c.policy.workflow, c.closing.started_by) = (true, Some(StartedBy::Api)), &[]),
    ]);
}

#[test]
fn more_than_the_limit_of_characters_must_be_written() {
    check(&[
        (|c| c.closing.characters = Some(251), &[]),
        (|c| c.closing.characters = Some(250), &["too_short"]),
        (|c| c.closing.characters = Some(0), &["too_short"]),
        (|c| (c.policy.min_characters, c.closing.characters) = (0, Some(0)), &["too_short"]),
        (|c| (c.policy.min_characters, c.closing.characters) = (0, Some(1)), &[]),
    ]);
    let reason = &case(|c| c.closing.characters = Some(120)).reasons()[0];
    assert_eq!((&reason.value, &reason.limit), (&json!(120), &json!(250)));
}

#[test]
fn exactly_seven_days_after_the_last_reply_still_asks() {
    check(&[
        (|c| c.closing.last_reply_at = Some(noon() - TimeDelta::days(7)), &[]),
        (|c| c.closing.last_reply_at = Some(noon() - TimeDelta::days(7) - MS), &["stale"]),
        (|c| c.closing.last_reply_at = Some(noon() + TimeDelta::minutes(5)), &[]),
        (|c| (c.policy.max_days_since_reply, c.closing.last_reply_at) = (0, Some(noon())), &[]),
        (|c| (c.policy.max_days_since_reply, c.closing.last_reply_at) = (0, Some(noon() - MS)), &["stale"]),
    ]);
}

#[test]
fn exactly_one_person_is_asked() {
    check(&[
        (|c| c.customers(&[Some("ada@example.com"), Some("ADA@EXAMPLE.COM")]), &[]),
        (|c| c.customers(&[Some("ada@example.com"), Some("bob@example.com")]), &["group"]),
        (|c| c.customers(&[Some("ada@example.com"), None]), &["group"]),
        (|c| c.customers(&[None, Some("ada@example.com")]), &["group"]),
        (|c| c.customers(&[None]), &["no_address"]),
        (|c| c.customers(&[None, None]), &["group", "no_address"]),
    ]);
    let many = case(|c| {
        c.customers(&[Some("ada@a.com"), None, Some("ADA@a.com"), None, Some("bob@a.com"), Some("ada@A.com")]);
    });
    assert_eq!((&many.reasons()[0].value, &many.reasons()[0].limit), (&json!(4), &json!(1)));
}

#[test]
fn a_conversation_is_asked_about_once_unless_each_closing_counts() {
    check(&[
        (|c| c.history.asked_closings = [noon() - TimeDelta::days(90)].into(), &["already_asked"]),
        (|c| c.history.asked_closings = [noon() + TimeDelta::days(1)].into(), &["already_asked"]),
        (|c| (c.policy.ask_again, c.history.asked_closings) = (AskAgain::EachClosing, [noon() - MS].into()), &[]),
        // only for a later closing
        (
            |c| (c.policy.ask_again, c.history.asked_closings) = (AskAgain::EachClosing, [noon()].into()),
            &["already_asked"],
        ),
        (
            |c| {
                (c.policy.ask_again, c.history.asked_closings) =
                    (AskAgain::EachClosing, [noon() - MS, noon() + MS].into());
            },
            &["already_asked"],
        ),
    ]);
}

#[test]
fn the_helpdesk_can_say_no() {
    check(&[
        (|c| c.closing.other_survey = true, &["other_survey"]),
        (|c| c.closing.ask = false, &["suppressed_here"]),
        (|c| c.closing.state = ClosingState::Snoozed, &["not_closed"]),
    ]);
}

#[test]
fn exclusions_match_in_lower_case() {
    let policy = |globs: Value| serde_json::from_value::<Policy>(json!({ "exclude": globs })).expect("a policy");
    for (glob, address, excluded) in [
        ("*@EXAMPLE.com", "Ada@Example.COM", true),
        ("ada@*", "ADA@example.com", true),
        ("ada@*", "bada@example.com", false),
        ("*@example.com", "ada@example.com.evil.org", false),
        ("a?a@example.com", "ada@example.com", true),
        ("*Ö*", "björn.ö@example.com", true),
    ] {
        let case = case(|c| {
            c.policy = policy(json!([glob]));
            c.customers(&[Some(address)]);
        });
        assert_eq!(case.rules() == ["excluded"], excluded, "{glob} {address}");
    }
    for address in ["MAILER-DAEMON@x.org", "postmaster@x.org", "abuse@x.org", "No-Reply@x.org", "noreply@x.org"] {
        assert_eq!(case(|c| c.customers(&[Some(address)])).rules(), ["excluded"], "{address}");
    }
    assert_eq!(case(|c| c.customers(&[Some("reply@x.org")])).rules(), [""; 0]);
}

#[test]
fn each_cause_of_suppression_is_a_rule() {
    check(&[
        (|c| c.history.suppressed = [Cause::OptedOut].into(), &["opted_out"]),
        (|c| c.history.suppressed = [Cause::Bounced].into(), &["bounced"]),
        (|c| c.history.suppressed = [Cause::Complained].into(), &["complained"]),
        (|c| c.history.suppressed = [Cause::Erased].into(), &["erased"]),
        (|c| c.history.suppressed = [Cause::Erased, Cause::OptedOut].into(), &["opted_out", "erased"]),
    ]);
}

#[test]
fn quiet_days_are_of_24_h_since_the_last_survey() {
    check(&[
        (|c| c.history.asked_address = vec![c.now], &[]), // off by default
        (|c| (c.policy.quiet_days, c.history.asked_address) = (2, vec![c.now - TimeDelta::hours(48)]), &[]),
        (
            |c| (c.policy.quiet_days, c.history.asked_address) = (2, vec![c.now - TimeDelta::hours(48) + MS]),
            &["asked_recently"],
        ),
        (
            |c| {
                c.policy.quiet_days = 2;
                c.history.asked_address = vec![c.now - TimeDelta::hours(1), c.now - TimeDelta::days(50)];
            },
            &["asked_recently"],
        ),
        // one that waits counts when it is due
        (
            |c| (c.policy.quiet_days, c.history.asked_address) = (1, vec![c.now + TimeDelta::days(3)]),
            &["asked_recently"],
        ),
    ]);
}

#[test]
fn fewer_than_the_most_in_30_days_may_have_been_asked() {
    let inside = |c: &Case| c.now - TimeDelta::days(30) + MS;
    let outside = |c: &Case| c.now - TimeDelta::days(30) - MS;
    for (most, recent, older, skipped) in
        [(0, 9, 0, false), (1, 0, 5, false), (1, 1, 0, true), (3, 2, 4, false), (3, 3, 0, true), (3, 4, 0, true)]
    {
        let case = case(|c| {
            c.policy.most_in_30_days = most;
            c.history.asked_address = vec![inside(c); recent];
            c.history.asked_address.extend(vec![outside(c); older]);
        });
        assert_eq!(case.rules() == ["asked_recently"], skipped, "{most} {recent} {older}");
    }
    let waiting = case(|c| {
        c.policy.most_in_30_days = 1;
        c.history.asked_address = vec![c.now + TimeDelta::hours(2)];
    });
    assert_eq!(waiting.rules(), ["asked_recently"], "one that waits counts at its send_at");
}

#[test]
fn a_sample_asks_its_share() {
    check(&[
        (|c| c.history.sample = 99.999, &[]),
        (|c| (c.policy.sample_percent, c.history.sample) = (0.0, 0.0), &["sampled_out"]),
        (|c| (c.policy.sample_percent, c.history.sample) = (30.0, 29.999), &[]),
        (|c| (c.policy.sample_percent, c.history.sample) = (30.0, 30.001), &["sampled_out"]),
    ]);
}

#[test]
fn a_closing_reported_late_asks_nobody() {
    check(&[
        (|c| c.now = noon() + TimeDelta::days(7), &[]),
        (|c| c.now = noon() + TimeDelta::days(7) + MS, &["reported_late"]),
        (|c| (c.policy.rate_within_hours, c.now) = (Some(3), noon() + TimeDelta::hours(3)), &[]),
        (|c| (c.policy.rate_within_hours, c.now) = (Some(3), noon() + TimeDelta::hours(3) + MS), &["window_over"]),
        (|c| (c.policy.change_within_hours, c.now) = (Some(1), noon() + TimeDelta::hours(9)), &[]),
        // a clock that is ahead
        (|c| c.now = noon() - TimeDelta::minutes(5), &[]),
    ]);
}

#[test]
fn what_came_later_wins() {
    check(&[
        (|c| c.history.latest_closing = Some(noon() - MS), &[]),
        (|c| c.history.latest_closing = Some(noon() + MS), &["earlier_closing"]),
        (|c| c.history.latest_reopening = Some(noon() - MS), &[]),
        (|c| c.history.latest_reopening = Some(noon()), &["reopened"]),
        (|c| c.history.latest_reopening = Some(noon() + MS), &["reopened"]),
    ]);
}

#[test]
fn every_failing_rule_is_reported_with_value_limit_and_sentence() {
    let worst = case(|c| {
        c.policy.users = false;
        c.policy.exclude = vec![Pattern::new("*@example.com").expect("a glob")];
        (c.policy.quiet_days, c.policy.sample_percent, c.policy.rate_within_hours) = (30, 10.0, Some(1));
        c.customers(&[Some("ada@example.com"), Some("bob@example.com")]);
        (c.closing.started_by, c.closing.teammate_replied) = (Some(StartedBy::Api), Some(false));
        (c.closing.characters, c.closing.last_reply_at) = (Some(3), Some(noon() - TimeDelta::days(8)));
        (c.closing.other_survey, c.closing.ask, c.closing.state) = (true, false, ClosingState::Snoozed);
        c.now = noon() + TimeDelta::days(8);
        c.history = History {
            asked_closings: [noon() - TimeDelta::days(1)].into(),
            latest_closing: Some(noon() + MS),
            latest_reopening: Some(noon()),
            suppressed: Cause::ALL.iter().copied().collect(),
            asked_address: vec![noon()],
            sample: 50.0,
        };
    });
    let expected = "off_for_users no_teammate workflow_off too_short stale group excluded already_asked other_survey \
                    suppressed_here not_closed opted_out bounced complained erased asked_recently sampled_out \
                    reported_late window_over earlier_closing reopened";
    let found: BTreeSet<String> = worst.rules().into_iter().collect();
    assert_eq!(found, expected.split_whitespace().map(str::to_owned).collect());
    assert!(worst.reasons().iter().all(|reason| !reason.message.is_empty()));
    let json = serde_json::to_value(&worst.reasons()[0]).expect("plain data");
    let keys: BTreeSet<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["rule", "value", "limit", "message"].into());
}

#[test]
fn an_unknown_fact_passes_with_ask_and_fails_with_skip() {
    let table: [Line<'_>; 21] = [
        (|c| c.closing.characters = None, &["characters"]),
        (|c| c.closing.last_reply_at = None, &["last_reply_at"]),
        (|c| c.closing.teammate_replied = None, &["teammate_replied"]),
        // the person who started it took part
        (|c| (c.closing.teammate_replied, c.closing.started_by) = (None, Some(StartedBy::Teammate)), &[]),
        // the workflow switch is off: the answer depends on who started
        (|c| c.closing.started_by = None, &["started_by"]),
        (|c| (c.policy.workflow, c.closing.started_by) = (true, None), &[]),
        (|c| (c.policy.workflow, c.policy.outbound, c.closing.started_by) = (true, false, None), &["started_by"]),
        (|c| (c.policy.workflow, c.policy.outbound, c.closing.started_by) = (false, false, None), &["started_by"]),
        // no reply: it depends on whether a teammate started it
        (
            |c| {
                (c.policy.workflow, c.closing.started_by, c.closing.teammate_replied) = (true, None, Some(false));
            },
            &["started_by"],
        ),
        // both unknown
        (
            |c| (c.policy.workflow, c.closing.started_by, c.closing.teammate_replied) = (true, None, None),
            &["started_by", "teammate_replied"],
        ),
        // one a fact, however many rules depend on it
        (|c| (c.closing.started_by, c.closing.teammate_replied) = (None, None), &["started_by", "teammate_replied"]),
        (|c| (c.closing.started_by, c.closing.teammate_replied) = (None, Some(false)), &["started_by"]),
        // the kind, only if exactly one switch is off
        (|c| c.closing.customers[0].kind = None, &[]),
        (|c| (c.policy.users, c.closing.customers[0].kind) = (false, None), &["kind"]),
        (|c| (c.policy.leads, c.closing.customers[0].kind) = (false, None), &["kind"]),
        // known facts that are switched off are no unknown ones
        (|c| c.policy.leads = false, &[]),
        (|c| c.closing.started_by = Some(StartedBy::Customer), &[]),
        // nothing else is a fact that can be unknown
        (|c| c.closing.teammate = None, &[]),
        (|c| c.closing.subject = None, &[]),
        (|c| c.closing.url = None, &[]),
        (|c| c.closing.channel = None, &[]),
    ];
    for (place, (change, facts)) in table.into_iter().enumerate() {
        let mut case = case(change);
        assert_eq!(case.rules(), [""; 0], "line {place}: asks");
        case.policy.when_unknown = WhenUnknown::Skip;
        assert_eq!(case.unknown(), facts, "line {place}: skips");
        assert_eq!(case.rules().len(), facts.len(), "line {place}: nothing else fails");
    }
}

#[test]
fn with_both_kinds_off_nobody_is_asked_whatever_is_unknown() {
    for when_unknown in [WhenUnknown::Ask, WhenUnknown::Skip] {
        let case = case(|c| {
            (c.policy.users, c.policy.leads, c.policy.when_unknown) = (false, false, when_unknown);
            c.closing.customers[0].kind = None;
        });
        assert!(!case.rules().is_empty());
        assert_eq!(case.unknown(), [""; 0]);
    }
}

#[test]
fn a_policy_out_of_range_is_refused_by_its_key() {
    type Change = fn(&mut Policy);
    let check = |change: Change| {
        let mut policy = Policy::default();
        change(&mut policy);
        policy.check().map_err(|(key, _)| key)
    };
    let table: [(Change, Result<(), &str>); 11] = [
        (|_| {}, Ok(())),
        (|p| p.sample_percent = 0.0, Ok(())),
        (|p| p.sample_percent = 100.001, Err("sample_percent")),
        (|p| p.sample_percent = -0.001, Err("sample_percent")),
        (|p| p.sample_percent = f64::NAN, Err("sample_percent")),
        (|p| p.quiet_days = 3651, Err("quiet_days")),
        (|p| p.max_days_since_reply = u32::MAX, Err("max_days_since_reply")),
        (|p| p.change_within_hours = Some(u32::MAX), Err("change_within_hours")),
        (|p| p.rate_within_hours = Some(u32::MAX), Err("rate_within_hours")),
        (|p| (p.rate_within_hours, p.delay) = (Some(2), TimeDelta::hours(2)), Ok(())),
        (|p| (p.rate_within_hours, p.delay) = (Some(2), TimeDelta::hours(2) + MS), Err("delay")),
    ];
    for (place, (change, expected)) in table.into_iter().enumerate() {
        assert_eq!(check(change), expected, "line {place}");
    }
}

#[test]
fn a_policy_is_read_with_its_defaults_and_refuses_what_it_does_not_know() {
    let read = |value: Value| serde_json::from_value::<Policy>(value);
    assert_eq!(read(json!({})).expect("defaults"), Policy::default());
    let policy = read(json!({"ask_again": "each_closing", "when_unknown": "skip", "delay": "15m"})).expect("a policy");
    assert_eq!((policy.ask_again, policy.when_unknown), (AskAgain::EachClosing, WhenUnknown::Skip));
    assert_eq!(policy.delay, TimeDelta::minutes(15));
    for (wrong, says) in [
        (json!({"min_chars": 1}), "min_chars"),
        (json!({"delay": "15"}), "15"),
        (json!({"delay": 15}), "15"),
        (json!({"exclude": ["[a"]}), "[a"),
        (json!({"when_unknown": "maybe"}), "maybe"),
        (json!({"min_characters": -1}), "-1"),
    ] {
        let error = read(wrong.clone()).expect_err("wrong").to_string();
        assert!(error.contains(says), "{wrong}: {error}");
    }
}
