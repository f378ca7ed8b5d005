//! The state machine of what is sent: retries, patience, leases, and every step from every state.

use super::*;
use crate::survey::refusal::Step;
use proptest::prelude::*;

const PATIENCE: Patience = Patience { retry_after: TimeDelta::minutes(1), give_up_after: TimeDelta::hours(72) };
const START: Time = Time::UNIX_EPOCH;
const LEASE: Lease = Lease { owner: Uuid::from_u128(1), until: START };

/// One that was tried that often before; the last try's outcome was unknown if `arrived`.
fn tried(before: u32, arrived: bool) -> Outbound {
    let accepted_at = arrived.then_some(START);
    Outbound { state: State::Sending(LEASE), tries: before, accepted_at, ..Outbound::due(START) }
}

fn mark(mut outbound: Outbound, attempt: &Attempt, at: Time, useful_until: Option<Time>, jitter: f64) -> Outbound {
    assert!(outbound.mark(LEASE, &Marked { at, attempt, patience: PATIENCE, useful_until, jitter }));
    outbound
}

/// The state after the temporary refusal that is the `tries`th try.
fn temporary(tries: u32, now: Time, jitter: f64) -> Outbound {
    mark(tried(tries - 1, false), &Attempt::Temporary("451".into()), now, None, jitter)
}

fn due(outbound: &Outbound) -> Option<Time> {
    (outbound.state == State::Waiting).then_some(outbound.due_at)
}

#[test]
fn retries_double_up_to_four_hours() {
    let wait = |tries| due(&temporary(tries, START, 1.0)).expect("it waits") - START;
    assert_eq!(wait(1), TimeDelta::minutes(1));
    assert_eq!(wait(2), TimeDelta::minutes(2));
    assert_eq!(wait(5), TimeDelta::minutes(16));
    assert_eq!(wait(9), LONGEST_WAIT);
    assert_eq!(wait(u32::MAX), LONGEST_WAIT);
    assert_eq!(due(&temporary(1, START, 0.0)), Some(START + TimeDelta::seconds(30)));
}

#[test]
fn a_mail_that_may_have_arrived_is_repeated_twice_at_most() {
    let unknown = |before, now| mark(tried(before, before > 0), &Attempt::Unknown("dropped".into()), now, None, 1.0);
    assert_eq!(due(&unknown(0, START)), Some(START + TimeDelta::minutes(1)));
    assert_eq!(due(&unknown(1, START)), Some(START + TimeDelta::minutes(2)));
    assert_eq!(unknown(2, START).state, State::Accepted);
    assert_eq!(unknown(0, START + TimeDelta::hours(72)).state, State::Accepted);
    assert_eq!(unknown(0, START + TimeDelta::hours(72)).accepted_at, Some(START + TimeDelta::hours(72)));
}

#[test]
fn refusals_before_do_not_pass_a_cut_connection_for_an_arrival() {
    let cut = |outbound| mark(outbound, &Attempt::Unknown("cut".into()), START, None, 1.0);
    assert_eq!(due(&cut(tried(2, false))), Some(START + TimeDelta::minutes(4)));
    assert_eq!(cut(tried(3, true)).state, State::Accepted);
}

#[test]
fn a_permanent_answer_ends_it_and_so_does_patience() {
    let after = |attempt: Attempt| mark(tried(0, false), &attempt, START, None, 0.5);
    let (refused, accepted) = (after(Attempt::Permanent("550".into())), after(Attempt::Accepted));
    assert_eq!((refused.state, refused.note.as_deref(), refused.tries), (State::Failed, Some("550"), 1));
    assert_eq!((accepted.state, accepted.note, accepted.accepted_at), (State::Accepted, None, Some(START)));
    assert_eq!(temporary(99, START + TimeDelta::hours(69), 1.0).state, State::Failed);
    assert_eq!(due(&temporary(99, START + TimeDelta::hours(68), 1.0)), Some(START + TimeDelta::hours(72)));
}

#[test]
fn no_try_is_left_when_the_thing_is_of_no_use_first() {
    let state = |useful_until, now| mark(tried(0, false), &Attempt::Unreachable("gone".into()), now, useful_until, 0.5);
    let until = START + TimeDelta::minutes(2);
    let last_but_one = until;
    assert_eq!(due(&state(Some(until), last_but_one)), Some(until));
    assert_eq!(state(Some(until), last_but_one + TimeDelta::milliseconds(1)).state, State::Failed);
    assert_eq!(state(Some(until), last_but_one).tries, 0, "no session costs no try");
    assert_eq!(PATIENCE.last_try(START, Some(START + TimeDelta::days(9))), START + PATIENCE.give_up_after);
}

#[test]
fn a_lease_that_is_over_decides_nothing() {
    let mut outbound = Outbound::due(START);
    outbound.claim(LEASE);
    let later = Lease { until: START + TimeDelta::minutes(30), ..LEASE };
    assert!(outbound.is_due(START), "the lease ended at once");
    outbound.claim(later);
    let stale = Marked { at: START, attempt: &Attempt::Accepted, patience: PATIENCE, useful_until: None, jitter: 0.0 };
    let before = outbound.clone();
    assert!(!outbound.mark(LEASE, &stale) && !outbound.release(LEASE));
    assert!(!outbound.mark(Lease { owner: Uuid::from_u128(2), ..later }, &stale), "nor does another's");
    assert_eq!(outbound, before);
    assert!(!outbound.is_due(START) && !outbound.cancel(Stop::Reopened), "it is being sent");
    assert!(outbound.release(later) && outbound.is_due(START));
    assert!(outbound.cancel(Stop::Reopened) && !outbound.is_open() && !outbound.cancel(Stop::WindowOver));
    assert_eq!((outbound.state, outbound.arrives_at()), (State::Cancelled(Stop::Reopened), None));
}

#[test]
fn only_what_failed_and_cannot_have_arrived_is_requeued() {
    let later = START + TimeDelta::days(4);
    let failed = |arrived| Outbound { state: State::Failed, ..tried(3, arrived) };
    let mut lost = Outbound { note: Some("550".into()), ..failed(false) };
    assert!(lost.requeue(later) && lost.is_due(later));
    assert_eq!((lost.first_due, lost.tries, lost.note.as_deref()), (later, 3, Some("550")));
    assert!(!lost.requeue(later), "it waits already");
    assert!(!failed(true).requeue(later));
    assert!(!Outbound { state: State::Accepted, ..failed(true) }.requeue(later));
}

#[test]
fn a_reaction_proves_the_arrival() {
    let mut outbound = tried(1, false);
    assert!(outbound.arrived(START) && !outbound.arrived(START + TimeDelta::hours(1)));
    assert_eq!((outbound.state, outbound.accepted_at), (State::Accepted, Some(START)));
    let mut cancelled = Outbound { state: State::Cancelled(Stop::Reopened), ..Outbound::due(START) };
    assert!(!cancelled.arrived(START));
}

fn refused(step: Step) -> Attempt {
    Attempt::Refused(Refusal { step, code: 554, why: "554 no".into() })
}

#[test]
fn a_refusal_of_the_sender_costs_no_try_and_one_of_the_mail_does() {
    let after = |attempt: &Attempt| mark(tried(0, false), attempt, START, None, 1.0);
    let (sender, mail) = (after(&refused(Step::Mail)), after(&refused(Step::Message)));
    assert_eq!((sender.tries, due(&sender), sender.note.as_deref()), (0, Some(START), Some("554 no")));
    assert_eq!((mail.tries, due(&mail)), (1, Some(START + TimeDelta::minutes(1))));
    assert_eq!(after(&Attempt::NoRecipient("550 5.1.1".into())).state, State::Failed);
    let late = START + PATIENCE.give_up_after;
    assert_eq!(mark(tried(0, false), &refused(Step::Message), late, None, 1.0).state, State::Failed, "it ends");
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    let why = || "why".to_owned();
    prop::sample::select(vec![
        Attempt::Accepted,
        Attempt::Temporary(why()),
        Attempt::Permanent(why()),
        Attempt::NoRecipient(why()),
        refused(Step::Auth),
        refused(Step::Message),
        Attempt::Unreachable(why()),
        Attempt::Unknown(why()),
    ])
}

proptest! {
    #[test]
    fn a_retry_is_later_and_within_patience(tries in 1u32.., hours in 0i64..100, jitter in 0.0..1.0f64) {
        let now = START + TimeDelta::hours(hours);
        if let Some(due) = due(&temporary(tries, now, jitter)) {
            prop_assert!(due > now && due <= START + PATIENCE.give_up_after);
        }
    }

    /// Whatever happens to it, it ends, and is sent in full three times at most.
    #[test]
    fn every_life_ends_and_repeats_are_few(attempts in prop::collection::vec(any_attempt(), 600), jitter in 0.0..1.0f64) {
        let (mut outbound, mut now, mut in_full) = (Outbound::due(START), START, 0);
        for attempt in &attempts {
            if !outbound.is_open() {
                break;
            }
            now = now.max(outbound.due_at);
            let lease = Lease { owner: Uuid::nil(), until: now + TimeDelta::minutes(30) };
            outbound.claim(lease);
            now += TimeDelta::minutes(10);
            in_full += u32::from(matches!(attempt, Attempt::Accepted | Attempt::Unknown(_)));
            outbound.mark(lease, &Marked { at: now, attempt, patience: PATIENCE, useful_until: None, jitter });
        }
        prop_assert!(in_full <= MOST_UNKNOWN + 1, "{in_full} times");
        prop_assert!(now <= START + PATIENCE.give_up_after + TimeDelta::minutes(10));
        prop_assert!(!outbound.is_open() || attempts.len() == 600);
    }
}
