//! Batches without a database: each command decides what those before it left, and only what changed is saved.

use super::clicks::{Submit, View};
use super::closings::{Close, Closed, Reopen};
use super::erasing::{Erase, Expire, Limits};
use super::outbox::{Claim, Claimed, Mark, Return};
use super::suppressions::{Suppress, Unsubscribe, Unsuppress};
use super::*;
use crate::survey::closing::Closing;
use crate::survey::outbound::{Attempt, Lease, Patience, State, Stop};
use crate::survey::pace::Rates;
use crate::survey::page::{Evidence, Mode, Outcome, Page, PageId, Post, Visitor};
use crate::survey::policy::{AskAgain, Policy};
use crate::survey::rating::{Score, StandingWord};
use crate::survey::suppression::Bounce;
use chrono::TimeDelta;
use serde_json::json;
use std::sync::Arc;

const PATIENCE: Patience = Patience { retry_after: TimeDelta::minutes(1), give_up_after: TimeDelta::hours(72) };

fn noon() -> Time {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn minutes(number: i64) -> Time {
    noon() + TimeDelta::minutes(number)
}

fn conversation(id: &str) -> Conversation {
    Conversation { connection: String::new(), id: id.to_owned() }
}

/// A closing of a conversation that every rule lets pass, for the address with the hash `ada`.
fn close(id: &str, at: Time, survey: u128) -> Close {
    let closing: Closing = serde_json::from_value(json!({
        "conversation_id": id, "closed_at": at.to_rfc3339(), "started_by": "customer", "characters": 612,
        "last_reply_at": at.to_rfc3339(), "teammate_replied": true, "customers": [{"email": "ada@example.com"}],
        "teammate": {"id": "t7", "name": "Grace", "team": "Billing"},
    }))
    .expect("a closing");
    Close {
        closing,
        policy: Arc::default(),
        address_hash: Some("ada".into()),
        others: Vec::new(),
        sample: 0.0,
        survey: Uuid::from_u128(survey),
        now: at,
        fetched: None,
        dry_run: false,
    }
}

/// A batch with nothing in the database, as a store makes one for these commands.
fn batch(commands: &[&dyn Fn(&mut Touched)]) -> Batch {
    let mut touched = Touched::default();
    for touches in commands {
        touches(&mut touched);
    }
    Batch::new(&touched)
}

fn asks(closed: &Closed) -> bool {
    matches!(closed.decision, Decision::Ask { .. })
}

fn rules(closed: &Closed) -> Vec<&str> {
    match &closed.decision {
        Decision::Ask { .. } => vec![],
        Decision::Skip(reasons) => reasons.iter().map(|reason| reason.rule.as_str()).collect(),
    }
}

fn state(batch: &Batch, survey: u128) -> State {
    batch.survey(Uuid::from_u128(survey)).expect("a survey").mail.state
}

/// Puts the mail of a survey where a store puts due mails.
fn due(batch: &mut Batch, survey: u128) {
    let survey = Uuid::from_u128(survey);
    let outgoing = Outgoing {
        survey,
        address: "ada@example.com".into(),
        customer_name: None,
        teammate: None,
        subject: None,
        in_reply_to: None,
        policy: None,
        locale: None,
    };
    batch.due.push_back((survey, outgoing));
}

fn claim(at: Time) -> Claim {
    let lease = Lease { owner: Uuid::from_u128(9), until: at + TimeDelta::minutes(30) };
    Claim { at, lease, rates: Rates::default() }
}

#[test]
fn two_closings_of_one_conversation_in_a_batch_ask_once_and_a_repeat_gets_the_first_answer() {
    let (first, second) = (close("1", noon(), 1), close("1", minutes(1), 2));
    let mut batch = batch(&[&|touched| first.touches(touched), &|touched| second.touches(touched)]);
    let asked = first.decide(&mut batch);
    assert!(asks(&asked) && !asked.repeat);
    assert_eq!(rules(&second.decide(&mut batch)), ["already_asked"]);
    assert_eq!(first.decide(&mut batch), Closed { repeat: true, ..asked });
    assert_eq!((batch.new_closings.len(), batch.surveys().count()), (2, 1));
    assert_eq!(batch.teammates["t7"].0.name.as_deref(), Some("Grace"));
}

#[test]
fn conversations_of_two_connections_with_one_id_have_nothing_to_do_with_each_other() {
    let (first, mut second) = (close("1", noon(), 1), close("1", noon(), 2));
    second.closing.connection = "desk".into();
    let reopen = Reopen { conversation: second.closing.conversation(), at: minutes(1) };
    let mut batch = batch(&[&|touched| first.touches(touched), &|touched| second.touches(touched)]);
    assert!(asks(&first.decide(&mut batch)) && asks(&second.decide(&mut batch)));
    assert_eq!(reopen.decide(&mut batch), 1);
    assert_eq!((state(&batch, 1), state(&batch, 2)), (State::Waiting, State::Cancelled(Stop::Reopened)));
}

#[test]
fn a_dry_run_leaves_no_trace() {
    let dry = Close { dry_run: true, ..close("1", noon(), 1) };
    let mut batch = batch(&[&|touched| dry.touches(touched)]);
    assert!(asks(&dry.decide(&mut batch)));
    assert!(batch.new_closings.is_empty() && batch.surveys().next().is_none() && batch.teammates.is_empty());
}

#[test]
fn each_closing_asks_anew_and_the_one_that_waits_is_cancelled() {
    let policy = Arc::new(Policy { ask_again: AskAgain::EachClosing, quiet_days: 7, ..Policy::default() });
    let again = |at, survey| Close { policy: Arc::clone(&policy), ..close("1", at, survey) };
    let (first, second) = (again(noon(), 1), again(minutes(5), 2));
    let mut batch = batch(&[&|touched| first.touches(touched)]);
    assert!(asks(&first.decide(&mut batch)));
    assert!(asks(&second.decide(&mut batch)), "what it replaces does not count for the quiet days");
    assert_eq!((state(&batch, 1), state(&batch, 2)), (State::Cancelled(Stop::LaterClosing), State::Waiting));
    assert_eq!(rules(&again(minutes(2), 3).decide(&mut batch)), ["already_asked", "asked_recently", "earlier_closing"]);
}

#[test]
fn a_mail_is_checked_again_before_it_goes_out() {
    let delayed = |id: &str, survey| {
        let policy = Policy { delay: TimeDelta::hours(1), rate_within_hours: Some(2), ..Policy::default() };
        Close { policy: Arc::new(policy), ..close(id, noon(), survey) }
    };
    let closes = [delayed("1", 1), delayed("2", 2), delayed("3", 3)];
    let stopped = |change: &dyn Fn(&mut Batch), at: Time| {
        let mut batch = batch(&[&|touched| closes.iter().for_each(|close| close.touches(touched))]);
        for (close, survey) in closes.iter().zip(1..) {
            close.decide(&mut batch);
            due(&mut batch, survey);
        }
        change(&mut batch);
        let claimed = claim(at).decide(&mut batch);
        (state(&batch, 1), matches!(claimed, Claimed::Mail(..)))
    };
    let lease = |at| State::Sending(claim(at).lease);
    let suppress = |cause| Suppress { address_hash: "ada".into(), cause, at: noon(), address: None };
    assert_eq!(stopped(&|_| {}, minutes(59)), (State::Waiting, false), "it is not due yet");
    assert_eq!(stopped(&|_| {}, minutes(60)), (lease(minutes(60)), true));
    let reopened = |batch: &mut Batch| {
        batch.conversations.get_mut(&conversation("1")).expect("known").latest_reopening = Some(noon());
    };
    assert_eq!(stopped(&reopened, minutes(60)), (State::Cancelled(Stop::Reopened), true), "the next one goes");
    let asked = |batch: &mut Batch| {
        batch.conversations.get_mut(&conversation("1")).expect("known").asked.insert(Uuid::from_u128(7), minutes(3));
    };
    assert_eq!(stopped(&asked, minutes(60)), (State::Cancelled(Stop::LaterClosing), true));
    let stopped_since = |batch: &mut Batch| {
        batch.conversations.get_mut(&conversation("1")).expect("known").asked.insert(Uuid::from_u128(2), minutes(3));
        assert!(batch.surveys.get_mut(&Uuid::from_u128(2)).expect("known").mail.cancel(Stop::Reopened));
    };
    assert_eq!(stopped(&stopped_since, minutes(60)), (lease(minutes(60)), true), "the later one was stopped since");
    let suppressed = |batch: &mut Batch| suppress(Cause::Complained).decide(batch);
    assert_eq!(stopped(&suppressed, minutes(60)), (State::Cancelled(Stop::Complained), false), "all go to ada");
    assert_eq!(stopped(&|_| {}, minutes(121)), (State::Cancelled(Stop::WindowOver), false));
}

#[test]
fn a_mark_counts_only_with_the_lease_that_it_was_claimed_by() {
    let first = close("1", noon(), 1);
    let mut batch = batch(&[&|touched| first.touches(touched)]);
    first.decide(&mut batch);
    due(&mut batch, 1);
    let Claimed::Mail(mail, lease) = claim(noon()).decide(&mut batch) else { panic!("it was due") };
    let mark = |lease, attempt| Mark {
        survey: mail.survey,
        lease,
        at: minutes(1),
        attempt,
        patience: PATIENCE,
        jitter: 1.0,
        due_again: None,
        next: None,
    };
    let stale = Lease { until: lease.until - TimeDelta::minutes(1), ..lease };
    mark(stale, Attempt::Permanent("550".into())).decide(&mut batch);
    assert_eq!(state(&batch, 1), State::Sending(lease));
    mark(lease, Attempt::Accepted).decide(&mut batch);
    let survey = batch.survey(mail.survey).expect("a survey");
    let clicked = batch.clicks_on(mail.survey).expect("its clicks");
    assert_eq!((survey.mail.state, clicked.clicks.accepted_at), (State::Accepted, Some(minutes(1))));
    assert!(survey.mail_changed() && !clicked.standing_changed() && !clicked.trail_changed);
    let unheard = Claim::unheard(Claimed::Mail(mail, lease)).expect("something to give back");
    assert_eq!(unheard.lease, lease);
}

#[test]
fn only_the_first_visit_and_the_first_click_write_who_opened_it() {
    let survey = Uuid::from_u128(1);
    let machine = Visitor { machine: true, ..Visitor::default() };
    let phone = Visitor { phone: true, ..Visitor::default() };
    let mut clicks = Clicks::new(Some(noon()), None, None);
    for (minute, visitor, writes) in [
        (1, machine, false),
        (2, Visitor::default(), true),
        (3, Visitor::default(), false),
        (4, phone, true),
        (9, phone, false),
    ] {
        // As the store loads it for the next batch.
        let mut batch = Batch::default();
        batch.add_clicks(survey, clicks);
        let view = View { survey, at: minutes(minute), score: Score::ALL[4], visitor, required: Evidence::Seen };
        view.decide(&mut batch);
        let clicked = batch.clicks_on(survey).expect("clicks");
        assert_eq!((clicked.opening_changed(), clicked.trail_changed), (writes, true), "{minute}");
        clicks = clicked.clicks.clone();
    }
}

#[test]
fn a_rating_proves_that_the_mail_arrived() {
    let first = close("1", noon(), 1);
    let mut batch = batch(&[&|touched| first.touches(touched)]);
    first.decide(&mut batch);
    let (survey, at, score) = (Uuid::from_u128(1), minutes(10), Score::ALL[3]);
    View { survey, at, score, visitor: Visitor::default(), required: Evidence::Seen }.decide(&mut batch);
    let page = Page::new(PageId::new(2), score, Mode::Pressed, at);
    let post = Post {
        clicked: score,
        page: Some(page),
        how: Evidence::Pressed,
        picked: None,
        comment: None,
        fresh: PageId::new(4),
    };
    let submit = Submit { survey, at: minutes(11), post, required: Evidence::Seen, ticked: None };
    let submitted = submit.decide(&mut batch).expect("a survey");
    assert_eq!((submitted.reply.outcome, submitted.summary.standing.word()), (Outcome::Ok, StandingWord::Rated));
    assert!(Submit { survey: Uuid::nil(), ..submit }.decide(&mut batch).is_none());

    // The worker that sent it never came to its mark.
    due(&mut batch, 1);
    assert!(matches!(claim(minutes(40)).decide(&mut batch), Claimed::Dropped));
    let known = batch.survey(survey).expect("a survey");
    let clicked = batch.clicks_on(survey).expect("its clicks");
    assert_eq!((known.mail.state, clicked.clicks.accepted_at), (State::Accepted, Some(minutes(11))));
    assert!(clicked.trail_changed && clicked.standing_changed() && known.mail_changed());
    assert_eq!(Reopen { conversation: conversation("1"), at: minutes(50) }.decide(&mut batch), 0);
}

#[test]
fn suppressions_of_one_batch_are_seen_by_the_closings_after_them_and_can_be_lifted() {
    let (first, second, third) = (close("1", noon(), 1), close("2", noon(), 2), close("3", noon(), 3));
    let mut batch = batch(&[&|touched| first.touches(touched)]);
    first.decide(&mut batch);
    let survey = Uuid::from_u128(1);
    let came_back = Return { survey, at: minutes(1), bounce: Bounce::Hard, reason: "550 no such user".into() };
    assert!(came_back.decide(&mut batch) && !Return { survey: Uuid::nil(), ..came_back.clone() }.decide(&mut batch));
    Unsubscribe { survey, at: minutes(2) }.decide(&mut batch);
    assert_eq!(rules(&second.decide(&mut batch)), ["opted_out", "bounced"]);
    let noted = batch.survey(survey).expect("a survey");
    assert_eq!(noted.mail.note.as_deref(), Some("hard bounce: 550 no such user"));
    assert_eq!((noted.mail.state, batch.new_suppressions.len()), (State::Waiting, 2));
    let lift = Unsuppress { address_hash: "ada".into() };
    assert_eq!((lift.decide(&mut batch), lift.decide(&mut batch)), (2, 0));
    assert!(asks(&third.decide(&mut batch)) && batch.new_suppressions.is_empty());
    assert_eq!(batch.lifted, BTreeSet::from(["ada".to_owned()]));
}

#[test]
fn an_erasure_does_not_find_what_an_earlier_one_of_its_batch_has_emptied() {
    let mut closing = close("1", minutes(1), 1);
    closing.closing.subject = Some("Refund".into());
    let expire = Expire { limits: Limits { identity: Some(noon()), decisions: None }, at: minutes(1) };
    let erase = |hash: &str| Erase { address_hash: hash.into(), at: minutes(2) };
    let mut batch = batch(&[&|touched| closing.touches(touched), &|touched| erase("bob").touches(touched)]);
    let old = BTreeSet::from([(conversation("1"), minutes(-60))]);
    batch.erasable.old_closings.clone_from(&old);
    batch.erasable.closings_of.insert("bob".into(), old);
    assert_eq!(expire.decide(&mut batch).closings, 1);
    closing.decide(&mut batch);
    assert_eq!(erase("bob").decide(&mut batch).closings, 0);
    assert_eq!(batch.new_closings[0].close.closing.subject.as_deref(), Some("Refund"));
    assert_eq!(erase("ada").decide(&mut batch).closings, 1);
}

#[test]
fn a_mail_under_way_when_its_customer_is_erased_leaves_no_word_and_is_not_tried_again() {
    let first = close("1", noon(), 1);
    let erase = Erase { address_hash: "ada".into(), at: minutes(1) };
    let mut batch = batch(&[&|touched| first.touches(touched), &|touched| erase.touches(touched)]);
    first.decide(&mut batch);
    due(&mut batch, 1);
    let Claimed::Mail(mail, lease) = claim(noon()).decide(&mut batch) else { panic!("it was due") };
    let erased = erase.decide(&mut batch);
    assert_eq!((erased.surveys.len(), erased.cancelled, erased.sending), (1, 0, 1));
    assert!(batch.new_closings[0].close.closing.subject.is_none(), "the closing of this batch, too");

    let attempt = Attempt::Temporary("451 Ada's mailbox is full".into());
    let survey = mail.survey;
    let mark =
        Mark { survey, lease, at: minutes(2), attempt, patience: PATIENCE, jitter: 1.0, due_again: None, next: None };
    mark.decide(&mut batch);
    assert_eq!(batch.survey(survey).expect("a survey").mail.note, None);
    let came_back = Return { survey, at: minutes(2), bounce: Bounce::Hard, reason: "Ada has moved".into() };
    came_back.decide(&mut batch);
    assert_eq!(batch.survey(survey).expect("a survey").mail.note.as_deref(), Some("hard bounce"));

    // Even after an admin has lifted the suppression.
    Unsuppress { address_hash: "ada".into() }.decide(&mut batch);
    due(&mut batch, 1);
    assert!(matches!(claim(minutes(60)).decide(&mut batch), Claimed::Dropped));
    assert_eq!(state(&batch, 1), State::Cancelled(Stop::Erased));
}
