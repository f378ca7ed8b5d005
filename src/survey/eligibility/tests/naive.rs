//! The table of the rules once more, naively, and random closings that must be judged alike.

use super::*;
use proptest::prelude::*;

/// A span near one of the limits, in milliseconds.
fn span(limit: TimeDelta) -> impl Strategy<Value = TimeDelta> {
    prop_oneof![Just(-1i64), Just(0), Just(1), -10_000_000..10_000_000i64]
        .prop_map(move |ms| limit + TimeDelta::milliseconds(ms))
}

prop_compose! {
    fn switches()(users: bool, leads: bool, outbound: bool, workflow: bool, skip: bool, each: bool) -> Policy {
        let when_unknown = if skip { WhenUnknown::Skip } else { WhenUnknown::Ask };
        let ask_again = if each { AskAgain::EachClosing } else { AskAgain::Never };
        Policy { users, leads, outbound, workflow, when_unknown, ask_again, ..Policy::default() }
    }
}

prop_compose! {
    fn any_case()(
        switches in switches(),
        (quiet, most, hours) in (0..3u32, 0..3u32, prop::option::of(1..200u32)),
        (kind, started) in (0..3usize, 0..5usize),
        replied in prop::option::of(any::<bool>()),
        characters in prop::option::of(249..253u32),
        reply in prop::option::of(span(TimeDelta::days(7))),
        addresses in prop::collection::vec(prop::sample::select(vec![None, Some("ada@a.com"), Some("ADA@A.com"), Some("abuse@a.com")]), 1..3),
        (asked, later, reopened) in (prop::option::of(span(TimeDelta::zero())), prop::option::of(span(TimeDelta::zero())), prop::option::of(span(TimeDelta::zero()))),
        ages in prop::collection::vec(prop_oneof![span(TimeDelta::days(1)), span(TimeDelta::days(2)), span(TimeDelta::days(29))], 0..4),
        age in prop_oneof![span(TimeDelta::days(7)), span(TimeDelta::hours(3))],
        (ask, other, snoozed, opted_out) in (prop::bool::weighted(0.8), prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.2)),
    ) -> Case {
        let mut case = fine();
        case.policy = Policy { quiet_days: quiet, most_in_30_days: most, rate_within_hours: hours, ..switches };
        case.customers(&addresses);
        for customer in &mut case.closing.customers {
            customer.kind = [None, Some(Kind::User), Some(Kind::Lead)][kind];
        }
        case.closing.started_by =
            [None, Some(StartedBy::Customer), Some(StartedBy::Teammate), Some(StartedBy::Workflow), Some(StartedBy::Api)][started];
        (case.closing.teammate_replied, case.closing.characters) = (replied, characters);
        case.closing.last_reply_at = reply.map(|before| noon() - before);
        (case.closing.ask, case.closing.other_survey) = (ask, other);
        case.closing.state = if snoozed { ClosingState::Snoozed } else { ClosingState::Closed };
        case.now = noon() + age;
        case.history.asked_closings = asked.map(|span| noon() + span).into_iter().collect();
        (case.history.latest_closing, case.history.latest_reopening) = (later.map(|s| noon() + s), reopened.map(|s| noon() + s));
        case.history.asked_address = ages.iter().map(|age| case.now - *age).collect();
        case.history.suppressed = if opted_out { BTreeSet::from([Cause::OptedOut]) } else { BTreeSet::new() };
        case
    }
}

/// The table of the specification, naively; `None` where the answer depends on an unknown fact.
fn naive(case: &Case) -> BTreeSet<String> {
    let Case { policy, closing, history, now } = case;
    let kind = closing.customers[0].kind;
    let by = closing.started_by;
    let off = |on: bool, is: Option<bool>| if on { Some(false) } else { is };
    let machine = by.map(|by| by == StartedBy::Workflow || by == StartedBy::Api);
    let addresses: BTreeSet<String> =
        closing.customers.iter().filter_map(|c| c.email.as_deref()).map(str::to_lowercase).collect();
    let nameless = closing.customers.iter().filter(|c| c.email.is_none()).count();
    let first = closing.customers.iter().find_map(|c| c.email.as_deref()).unwrap_or_default().to_lowercase();
    let asked = history.asked_closings.iter().any(|at| policy.ask_again == AskAgain::Never || *at >= closing.closed_at);
    let recent = history.asked_address.iter().filter(|at| *now - **at < TimeDelta::days(30)).count();
    let quiet = history.asked_address.iter().any(|at| *now - *at < TimeDelta::days(policy.quiet_days.into()));
    let most = policy.most_in_30_days as usize;
    let took_part = match (by, closing.teammate_replied) {
        (Some(StartedBy::Teammate), _) | (_, Some(true)) => Some(true),
        (Some(_), replied) => replied,
        (None, _) => None,
    };
    let neither = !policy.users && !policy.leads && kind.is_none();
    let rules: [(&str, Option<bool>); 17] = [
        ("off_for_users", off(policy.users, if neither { Some(true) } else { kind.map(|kind| kind == Kind::User) })),
        ("off_for_leads", off(policy.leads, if neither { Some(true) } else { kind.map(|kind| kind == Kind::Lead) })),
        ("no_teammate", took_part.map(|part| !part)),
        ("outbound_off", off(policy.outbound, by.map(|by| by == StartedBy::Teammate))),
        ("workflow_off", off(policy.workflow, machine)),
        ("too_short", closing.characters.map(|characters| characters <= 250)),
        ("stale", closing.last_reply_at.map(|reply| closing.closed_at - reply > TimeDelta::days(7))),
        ("group", Some(addresses.len() + nameless != 1)),
        ("no_address", Some(addresses.is_empty())),
        ("excluded", Some(first.starts_with("abuse@"))),
        ("already_asked", Some(asked)),
        ("asked_recently", Some((policy.quiet_days > 0 && quiet) || (most > 0 && recent >= most))),
        ("reported_late", Some(*now - closing.closed_at > TimeDelta::days(7))),
        ("earlier_closing", Some(history.latest_closing.is_some_and(|later| later > closing.closed_at))),
        ("reopened", Some(history.latest_reopening.is_some_and(|reopened| reopened >= closing.closed_at))),
        ("other_survey", Some(closing.other_survey)),
        ("suppressed_here", Some(!closing.ask)),
    ];
    let hours = policy.rate_within_hours.map(|hours| TimeDelta::hours(hours.into()));
    let more = [
        ("not_closed", Some(closing.state == ClosingState::Snoozed)),
        ("opted_out", Some(!history.suppressed.is_empty())),
        ("window_over", Some(hours.is_some_and(|hours| *now - closing.closed_at > hours))),
    ];
    let skips = |fails: Option<bool>| fails.unwrap_or(policy.when_unknown == WhenUnknown::Skip);
    let name =
        |rule: &str, fails: Option<bool>| if fails.is_none() { "unknown_fact".to_owned() } else { rule.to_owned() };
    let failing = rules.into_iter().chain(more).filter(|(_, fails)| skips(*fails));
    failing.map(|(rule, fails)| name(rule, fails)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_reasons_are_exactly_the_failing_rules(case in any_case()) {
        let found: BTreeSet<String> = case.rules().into_iter().collect();
        prop_assert_eq!(&found, &naive(&case));
        prop_assert_eq!(matches!(case.decision(), Decision::Ask { .. }), found.is_empty());
    }

    #[test]
    fn a_conversation_asked_about_is_never_asked_about_again(mut case in any_case(), asked in span(TimeDelta::zero())) {
        case.policy.ask_again = AskAgain::Never;
        case.history.asked_closings.insert(noon() + asked);
        prop_assert!(case.rules().contains(&"already_asked".to_owned()));
    }

    #[test]
    fn knowing_less_never_makes_a_known_rule_fail(case in any_case()) {
        let mut less = case.clone();
        less.closing.characters = None;
        less.closing.last_reply_at = None;
        less.policy.when_unknown = WhenUnknown::Ask;
        let known: BTreeSet<String> = case.rules().into_iter().collect();
        prop_assert!(less.rules().iter().all(|rule| known.contains(rule)));
    }
}
