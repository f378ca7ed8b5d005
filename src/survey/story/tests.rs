//! The sentences, and that a story of anything is in order.

use super::*;
use crate::survey::answers::Answers;
use crate::survey::closing::Fact;
use crate::survey::conversation::{Stopped, TargetOff, TellingRecord};
use crate::survey::eligibility::Reason;
use crate::survey::event::EventKind;
use crate::survey::evidence::{Change, ChangeKind};
use crate::survey::moderation::Moderator;
use crate::survey::outbound::{Lease, Outbound, State, Stop};
use crate::survey::page::{Evidence, PageId, Visitor};
use crate::survey::rating::{Rating, Score};
use crate::survey::suppression::Cause;
use crate::survey::trail::{Fate, KEPT, Trail, Try, View};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

fn ms(time: i64) -> Time {
    Time::from_timestamp_millis(1_700_000_000_000 + time).expect("in the calendar")
}

fn face(number: i64) -> Score {
    Score::try_from(number).expect("1 to 5")
}

const DESKTOP: Visitor = Visitor { machine: false, phone: false, webmail: false };
const PHONE: Visitor = Visitor { phone: true, ..DESKTOP };
const WEBMAIL: Visitor = Visitor { webmail: true, ..DESKTOP };
const MACHINE: Visitor = Visitor { machine: true, ..DESKTOP };

fn view(at: i64, score: i64, visitor: Visitor) -> View {
    View { at: ms(at), score: face(score), visitor }
}

fn attempt(at: i64, score: i64, how: Evidence, fate: Fate) -> Try {
    Try { at: ms(at), page: PageId::from(1), score: face(score), how, once_more: false, fate: Some(fate) }
}

fn change(at: i64, kind: ChangeKind, score: i64) -> Change {
    Change { at: ms(at), kind, score: face(score), evidence: Evidence::Seen, by: None }
}

fn survey(trail: Trail, history: Vec<Change>) -> SurveyRecord {
    SurveyRecord {
        id: Uuid::from_u128(7),
        closed_at: ms(0),
        made_at: ms(0),
        mail: Outbound { state: State::Accepted, accepted_at: Some(ms(0)), tries: 1, ..Outbound::due(ms(0)) },
        standing: Standing::Unrated,
        comment: None,
        answers: Answers::default(),
        teammate: None,
        teammate_name: None,
        team: None,
        history,
        trail,
        stopped: Vec::new(),
        erased_at: None,
        tellings: Vec::new(),
    }
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

/// What is told of clicks.
fn told(views: &[View], tries: &[Try], history: &[Change]) -> Vec<String> {
    let trail = Trail { views: views.to_vec(), tries: tries.to_vec(), hot: Vec::new() };
    in_order(clicks::tell(&trail, history)).into_iter().map(|line| line.text).collect()
}

#[test]
fn views_on_end_of_one_visitor_are_one_line() {
    let all_five = |visitor, pace: i64| (1..=5).map(|score| view(score * pace, score, visitor)).collect::<Vec<_>>();
    let scanner = "a mail scanner opened all five links within";
    for (views, line) in [
        (all_five(DESKTOP, 100), format!("{scanner} 0.4 s: nothing counted")),
        (all_five(PHONE, 3_000), format!("{scanner} 12 s: nothing counted")),
        (all_five(MACHINE, 50_000), format!("{scanner} 4 min: nothing counted")),
        (all_five(DESKTOP, 0), "a mail scanner opened all five links at once: nothing counted".into()),
        (
            vec![view(0, 1, MACHINE), view(300, 2, MACHINE)],
            "a mail scanner opened two links within 0.3 s: nothing counted".into(),
        ),
        (vec![view(0, 4, MACHINE)], "a mail scanner or another program opened 😀 great: nothing counted".into()),
        (vec![view(0, 4, PHONE)], "😀 great was opened on a phone: nothing counted".into()),
        (vec![view(0, 4, WEBMAIL)], "😀 great was opened from a webmail: nothing counted".into()),
        (vec![view(0, 4, DESKTOP)], "😀 great was opened: nothing counted".into()),
        (
            vec![view(0, 4, PHONE), view(9_000, 4, PHONE)],
            "😀 great was opened 2 times on a phone within 9 s: nothing counted".into(),
        ),
        (
            vec![view(0, 4, PHONE), view(7_000, 2, PHONE), view(20_000, 4, PHONE)],
            "🙁 bad and 😀 great were opened 3 times on a phone within 20 s: nothing counted".into(),
        ),
        (
            vec![view(0, 1, PHONE), view(20_000, 2, PHONE), view(40_000, 5, PHONE)],
            "😠 terrible, 🙁 bad and 🤩 amazing were opened on a phone within 40 s: nothing counted".into(),
        ),
    ] {
        assert_eq!(told(&views, &[], &[]), [line]);
    }
    let two = [view(0, 1, DESKTOP), view(100, 2, PHONE), view(60_100, 3, PHONE)];
    assert_eq!(told(&two, &[], &[]).len(), 3, "neither another visitor nor a minute later is part of it");
}

#[test]
fn a_try_says_what_it_made_of_the_rating() {
    use Evidence::{Pressed, Seen, Touched};
    let rated = |at, score| change(at, ChangeKind::Rated, score);
    for (how, fate, history, line) in [
        (Seen, Fate::Counted, vec![rated(9, 4)], "😀 great was looked at for half a second: counted"),
        (Touched, Fate::Counted, vec![rated(9, 4)], "the page of 😀 great was touched: counted"),
        (Pressed, Fate::Counted, vec![rated(9, 4)], "the button for 😀 great was pressed: counted"),
        (Pressed, Fate::Counted, vec![rated(1, 4)], "the button for 😀 great was pressed: 😀 great stays counted"),
        (
            Pressed,
            Fate::Counted,
            vec![rated(1, 2), rated(9, 4)],
            "the button for 😀 great was pressed: counted, in place of 🙁 bad",
        ),
        (
            Pressed,
            Fate::Counted,
            vec![rated(1, 4), change(2, ChangeKind::Held, 4), rated(9, 4)],
            "the button for 😀 great was pressed: counted, and no longer in doubt",
        ),
        (
            Pressed,
            Fate::Counted,
            vec![rated(1, 2), change(2, ChangeKind::Held, 2), rated(9, 4)],
            "the button for 😀 great was pressed: counted, in place of 🙁 bad, which was in doubt",
        ),
        (
            Seen,
            Fate::TooSoon,
            vec![],
            "😀 great was looked at for half a second: not counted, because it came sooner than anybody reads",
        ),
        (
            Pressed,
            Fate::WindowOver,
            vec![],
            "the button for 😀 great was pressed: not counted, because the time for it was over",
        ),
        (
            Pressed,
            Fate::OtherFace,
            vec![],
            "the button for 😀 great was pressed: not counted, because several faces were answered within a minute: \
            the page asked for one more press",
        ),
        (
            Pressed,
            Fate::ManyLinks,
            vec![],
            "the button for 😀 great was pressed: not counted, because three links or more were opened within a minute: \
            the page asked for one more press",
        ),
        (
            Pressed,
            Fate::OlderPage,
            vec![],
            "the button for 😀 great was pressed: not counted, because the page is older than the doubt: the page asked \
            for one more press",
        ),
        (
            Seen,
            Fate::Hot,
            vec![],
            "😀 great was looked at for half a second: not counted, because several faces had been opened or answered \
            shortly before: the page asked for a press",
        ),
        (
            Seen,
            Fate::TooWeak,
            vec![],
            "😀 great was looked at for half a second: not counted, because this page asked for more than that",
        ),
        (
            Pressed,
            Fate::AnotherStands,
            vec![rated(1, 2)],
            "the button for 😀 great was pressed: not counted, because 🙁 bad stays counted: the page asked which face \
            counts",
        ),
    ] {
        assert_eq!(told(&[], &[attempt(9, 4, how, fate)], &history).last().map(String::as_str), Some(line), "{fate}");
    }
    let old = Try { fate: None, ..attempt(9, 4, Pressed, Fate::Counted) };
    assert_eq!(told(&[], &[old], &[]), ["the button for 😀 great was pressed: nothing changed"]);
    assert_eq!(told(&[], &[old], &[rated(9, 4)]), ["the button for 😀 great was pressed: counted"]);
}

#[test]
fn a_scanners_scripts_are_one_line_and_what_they_caused_comes_after_it() {
    let seen = |at, score| attempt(at, score, Evidence::Seen, Fate::Hot);
    let all_five = [seen(0, 1), seen(9, 2), seen(18, 3), seen(27, 4), seen(36, 5)];
    let ran = "a mail scanner ran the scripts of all five pages";
    assert_eq!(told(&[], &all_five, &[]), [format!("{ran}: nothing counted")]);
    let stands = change(-60_000, ChangeKind::Rated, 4);
    let (rated, doubt) = (
        "😀 great was counted (seen)",
        "the rating of 😀 great is in doubt (held): several faces were answered within a minute",
    );
    let history = [stands.clone(), change(9, ChangeKind::Held, 4)];
    assert_eq!(told(&[], &all_five, &history), [rated, &format!("{ran}: not counted"), doubt]);
    assert_eq!(told(&[], &all_five, &[stands]), [rated, &format!("{ran}: 😀 great stays counted")]);
    assert_eq!(told(&[], &[seen(0, 1), seen(9, 2)], &[]).len(), 2, "two may be a person's");
    assert_eq!(told(&[], &[seen(0, 1), seen(1_000, 2), seen(2_000, 3)], &[]).len(), 3, "and so may be slow ones");
}

#[test]
fn a_change_without_its_click_is_told_all_the_same() {
    let history = [
        change(1, ChangeKind::Rated, 4),
        change(2, ChangeKind::Held, 4),
        change(3, ChangeKind::Rated, 5),
        change(4, ChangeKind::Commented, 5),
    ];
    assert_eq!(
        told(&[], &[], &history),
        [
            "😀 great was counted (seen)",
            "the rating of 😀 great is in doubt (held)",
            "🤩 amazing was counted, in place of 😀 great, which was in doubt (seen)",
            "a comment locked the rating of 🤩 amazing",
        ]
    );
    assert_eq!(
        told(&[], &[], &[change(4, ChangeKind::Commented, 5)]),
        ["a comment came with 🤩 amazing: counted, and locked"]
    );
}

#[test]
fn a_hold_says_what_led_to_it_and_views_say_what_stands() {
    let views = [view(0, 4, DESKTOP), view(5_000, 1, DESKTOP), view(90_000, 1, DESKTOP), view(200_000, 1, DESKTOP)];
    let tries = [attempt(700, 4, Evidence::Seen, Fate::Counted)];
    let history = [change(700, ChangeKind::Rated, 4), change(5_000, ChangeKind::Held, 4)];
    assert_eq!(
        told(&views, &tries, &history),
        [
            "😀 great was opened: nothing counted",
            "😀 great was looked at for half a second: counted",
            "😠 terrible was opened",
            "the rating of 😀 great is in doubt (held): two faces were opened within a minute",
            "😠 terrible was opened: 😀 great stays in doubt (2 times within 110 s)",
        ]
    );
    let conflict = [attempt(700, 4, Evidence::Seen, Fate::Counted), attempt(900, 2, Evidence::Seen, Fate::OtherFace)];
    let history = [change(700, ChangeKind::Rated, 4), change(900, ChangeKind::Held, 4)];
    assert_eq!(
        told(&[], &conflict, &history)[2],
        "the rating of 😀 great is in doubt (held): several faces were answered within a minute"
    );
    let locked = [change(700, ChangeKind::Commented, 4)];
    assert_eq!(told(&views[1..2], &[], &locked)[1], "😠 terrible was opened: 😀 great stays locked");
}

#[test]
fn a_full_trail_says_that_it_is_not_all() {
    let views: Vec<_> = (0..64).map(|number| view(number * 100_000, 4, PHONE)).collect();
    assert_eq!(views.len(), KEPT);
    assert_eq!(
        told(&views, &[], &[]),
        [
            "of many visits only 64 are kept",
            "😀 great was opened on a phone: nothing counted (64 times within 105 min)"
        ]
    );
    assert_eq!(told(&views[1..], &[], &[]).len(), 1);
}

#[test]
fn a_mail_says_where_it_stands_and_why() {
    let due = || Outbound::due(ms(0));
    let lease = Lease { owner: Uuid::nil(), until: ms(5) };
    let note = |text: &str| Some(text.to_owned());
    let accepted = || Outbound { state: State::Accepted, accepted_at: Some(ms(3)), tries: 1, ..due() };
    for (mail, lines) in [
        (due(), vec!["the mail is due"]),
        (Outbound { state: State::Sending(lease), ..due() }, vec!["the mail is being sent"]),
        (accepted(), vec!["the mail server accepted the mail"]),
        (Outbound { tries: 2, ..accepted() }, vec!["the mail server accepted the mail at the 2nd attempt"]),
        (Outbound { tries: 12, ..accepted() }, vec!["the mail server accepted the mail at the 12th attempt"]),
        (
            Outbound { note: note("hard bounce: 550 no such user <ada@example.com>"), ..accepted() },
            vec!["the mail server accepted the mail; what came back later: hard bounce: 550 no such user <address>"],
        ),
        (
            Outbound { note: note("the connection broke"), ..accepted() },
            vec!["the mail was sent, and no answer came: the connection broke"],
        ),
        (Outbound { note: note(Outbound::PROVED_BY_CLICK), ..accepted() }, vec!["a click proved that it arrived"]),
        (
            Outbound { tries: 1, note: note("451 try later"), ..due() },
            vec!["the mail is due for its 2nd attempt; the last answer: 451 try later"],
        ),
        (
            Outbound { note: note("connection refused"), ..due() },
            vec!["the mail is due again, after no server took it: connection refused"],
        ),
        (
            Outbound { tries: 1, accepted_at: Some(ms(3)), due_at: ms(60), note: note("it broke"), ..due() },
            vec![
                "the mail was sent, and no answer came: it may have arrived",
                "the mail is due for its 2nd attempt; the last answer: it broke",
            ],
        ),
        (
            Outbound { state: State::Failed, tries: 3, note: note("550 no ada@example.com here"), ..due() },
            vec!["the mail failed at the 3rd attempt: 550 no <address> here"],
        ),
        (
            Outbound { state: State::Cancelled(Stop::Reopened), ..due() },
            vec!["no mail goes out: the conversation was reopened"],
        ),
    ] {
        assert_eq!(texts(&mail::tell(&mail)), lines);
    }
}

#[test]
fn a_conversation_is_one_story() {
    let reason = |rule: &str, message: &str| Reason {
        rule: rule.to_owned(),
        value: json!(1),
        limit: json!(2),
        message: message.to_owned(),
    };
    let closing = |at, decision| ClosingRecord {
        closed_at: ms(at),
        reported_at: ms(at + 1),
        state: ClosingState::Closed,
        subject: Some("Refund".into()),
        url: None,
        channel: None,
        tags: Vec::new(),
        started_by: None,
        characters: None,
        last_reply_at: None,
        teammate_replied: None,
        customers: 1,
        teammate: None,
        teammate_name: None,
        team: None,
        policy: None,
        fetched: None,
        decision,
        tellings: Vec::new(),
    };
    let ask = |at, unknown| Decision::Ask { survey: Uuid::nil(), send_at: ms(at), unknown };
    let skip = Decision::Skip(vec![reason("too_short", "1 character was written"), reason("stale", "it is old")]);
    let stopped = |cause, by_admin| Stopped { at: ms(60_000), cause, by_admin };
    let first = SurveyRecord { stopped: vec![stopped(Cause::OptedOut, false)], ..survey(Trail::default(), vec![]) };
    let mut known = ConversationRecord {
        closings: vec![
            closing(-10, skip),
            closing(-2, ask(-1, vec![])),
            ClosingRecord {
                state: ClosingState::Snoozed,
                ..closing(70_000, ask(3_670_001, vec![Fact::StartedBy, Fact::Characters]))
            },
        ],
        waiting: vec![],
        reopenings: vec![ms(50_000)],
        surveys: vec![first],
    };
    assert_eq!(
        texts(&tell_all(&known)),
        [
            "the conversation was closed",
            "nobody is asked (too_short): 1 character was written",
            "nobody is asked (stale): it is old",
            "the conversation was closed",
            "decided to ask",
            "the mail server accepted the mail",
            "the conversation was reopened",
            "the customer opted out of surveys by the link in a mail",
            "the conversation was snoozed",
            "decided to ask after 60 min, although the helpdesk did not tell started_by and characters",
        ]
    );
    let second = SurveyRecord {
        erased_at: Some(ms(90_000)),
        mail: Outbound::due(ms(80_000)),
        ..survey(Trail::default(), vec![])
    };
    known.surveys.push(second);
    let told = tell_all(&known);
    assert_eq!(texts(&told)[5], "survey 1: the mail server accepted the mail");
    assert_eq!(texts(&told)[11], "survey 2: the customer's data was erased, and with it the visits and the comment");
}

#[test]
fn a_story_ends_with_what_stands() {
    let rating = Rating {
        score: face(4),
        evidence: Evidence::Seen,
        rated_at: ms(0),
        page: PageId::from(1),
        page_issued: ms(0),
        click: true,
    };
    for (standing, text) in [
        (Standing::Unrated, "nobody rated"),
        (Standing::Rated(rating.clone()), "😀 great counts"),
        (Standing::Held { rating: rating.clone(), since: ms(1) }, "😀 great is in doubt and does not count"),
        (Standing::Locked(rating.clone()), "😀 great counts, locked by a comment"),
        (Standing::Voided(Box::new(Standing::Rated(rating))), "an admin voided it, so it counts nowhere"),
    ] {
        assert_eq!(stands(&standing), text);
    }
}

#[test]
fn lengths_are_rounded_up_to_what_a_reader_needs() {
    for (millis, text) in [
        (1, "0.1 s"),
        (400, "0.4 s"),
        (1_000, "1 s"),
        (9_950, "10 s"),
        (10_001, "11 s"),
        (119_999, "120 s"),
        (120_001, "3 min"),
        (3_600_000, "60 min"),
        (7_200_000, "2 h"),
        (172_800_000, "2 days"),
    ] {
        assert_eq!(length(TimeDelta::milliseconds(millis)), text);
    }
}

prop_compose! {
    fn any_visitor()(machine: bool, phone: bool, webmail: bool) -> Visitor {
        Visitor { machine, phone, webmail }
    }
}

prop_compose! {
    fn any_view()(at in 0..200_000_i64, score in 1..=5_i64, visitor in any_visitor()) -> View {
        view(at / 50 * 50, score, visitor)
    }
}

prop_compose! {
    fn any_try()(
        at in 0..200_000_i64,
        score in 1..=5_i64,
        how in 0..3_usize,
        fate in proptest::option::of(0..Fate::ALL.len()),
    ) -> Try {
        let fate = fate.map(|fate| Fate::ALL[fate]);
        Try { fate, ..attempt(at / 50 * 50, score, Evidence::ALL[how], Fate::Counted) }
    }
}

#[test]
fn what_an_admin_decided_is_told_with_who_and_why() {
    let by = |reason: Option<&str>| Some(Moderator { who: "lead".into(), reason: reason.map(str::to_owned) });
    let act = |at, kind| Change { by: by(Some("a scanner")), ..change(at, kind, 4) };
    let views = |at| view(at, 4, DESKTOP);
    let held = [change(1, ChangeKind::Rated, 4), change(2, ChangeKind::Held, 4)];
    let told_after = |kind| {
        let history = [held.as_slice(), &[act(90_000, kind)]].concat();
        let lines = told(&[views(200_000)], &[], &history);
        lines[2..].to_vec()
    };
    assert_eq!(
        told_after(ChangeKind::Released),
        [
            "lead released the rating of 😀 great, so it counts (“a scanner”)",
            "😀 great was opened: 😀 great stays counted"
        ]
    );
    assert_eq!(
        told_after(ChangeKind::Discarded),
        [
            "lead discarded the rating of 😀 great, so nothing counts (“a scanner”)",
            "😀 great was opened: nothing counted"
        ]
    );
    assert_eq!(
        told_after(ChangeKind::Voided),
        [
            "lead voided the rating of 😀 great, so it counts nowhere (“a scanner”)",
            "😀 great was opened: it stays voided"
        ]
    );
    let lifted = Change { by: by(None), ..change(100_000, ChangeKind::Restored, 4) };
    let history = [held.as_slice(), &[act(90_000, ChangeKind::Voided), lifted]].concat();
    assert_eq!(
        told(&[views(200_000)], &[], &history)[3..],
        [
            "lead lifted that, so the rating of 😀 great stands as before",
            "😀 great was opened: 😀 great stays in doubt"
        ]
    );
    let holds = survey(Trail::default(), history.clone()).holds();
    assert_eq!(holds, [(ms(2), Some(ms(90_000)), face(4)), (ms(100_000), None, face(4))]);
}

prop_compose! {
    fn any_change()(at in 0..200_000_i64, kind in 0..ChangeKind::ALL.len(), score in 1..=5_i64) -> Change {
        change(at / 50 * 50, ChangeKind::ALL[kind], score)
    }
}

proptest! {
    #[test]
    fn a_story_of_anything_is_in_order_and_says_nothing_twice_on_end(
        mut views in proptest::collection::vec(any_view(), 0..80),
        mut tries in proptest::collection::vec(any_try(), 0..80),
        mut history in proptest::collection::vec(any_change(), 0..20),
    ) {
        views.sort_by_key(|view| view.at);
        tries.sort_by_key(|attempt| attempt.at);
        history.sort_by_key(|change| change.at);
        views.truncate(KEPT);
        let holds = history.iter().filter(|change| change.kind == ChangeKind::Held).count();
        let changes = history.len();
        let tried = tries.len();
        let record = survey(Trail { views, tries, hot: Vec::new() }, history);
        prop_assert!(record.holds().len() >= holds, "a void that is lifted has a hold go on");
        let lines = tell(&record);
        prop_assert!(lines.is_sorted_by_key(|line| line.at));
        prop_assert!(lines.windows(2).all(|pair| pair[0].text != pair[1].text));
        prop_assert!(lines.iter().all(|line| !line.text.contains('@') && !line.text.ends_with(['.', ':', ' '])));
        // No try is left out: repeated ones say how often, a scanner's are one line, and a change may be told with its try.
        let told = |line: &Line| -> usize {
            let times = line.text.rsplit_once(" (").and_then(|(_, rest)| rest.split_once(" times")).map(|(times, _)| times);
            times.map_or(1, |times| times.parse().expect("a number"))
        };
        let of_tries = lines.iter().filter(|line| {
            ["looked at", "was touched", "was pressed"].iter().any(|done| line.text.contains(done))
        });
        let (told_one_by_one, ran) = (of_tries.map(told).sum::<usize>(), "a mail scanner ran the scripts of");
        let scans: usize = lines.iter().filter(|line| line.text.contains(ran)).map(told).sum();
        prop_assert!(told_one_by_one + 3 * scans <= tried && (scans > 0 || told_one_by_one == tried));
        prop_assert!(lines.iter().map(told).sum::<usize>() + tried >= changes);
    }
}

fn told_crm(state: Outbound, off: Option<TargetOff>) -> TellingRecord {
    TellingRecord { target: "webhook.crm".into(), kind: EventKind::RatingSet, score: Some(face(2)), state, off }
}

#[test]
fn a_target_that_gets_nothing_is_told_as_such() {
    let due = Outbound::due(ms(5));
    for (off, why) in [
        (TargetOff::Disabled, "; it is turned off until `afterword webhook enable`"),
        (TargetOff::Removed, "; it is no longer configured"),
    ] {
        let line = format!("rating.set (🙁 bad) is due for webhook.crm{why}");
        assert_eq!(texts(&told::tell(&told_crm(due.clone(), Some(off)))), [line]);
    }
}

const MAY_HAVE: &str = "rating.set (🙁 bad) was sent to webhook.crm, which may have taken it";

#[test]
fn what_targets_were_told_is_told() {
    let due = Outbound::due(ms(5));
    let note = |note: &str| Some(note.to_owned());
    let lease = Lease { owner: Uuid::nil(), until: ms(9) };
    // As a replay leaves it: with the tries, but without the last answer.
    let again = Outbound { accepted_at: Some(ms(1)), tries: 1, ..due.clone() };
    let took = "webhook.crm took rating.set (🙁 bad)";
    let rows = [
        (due.clone(), vec!["rating.set (🙁 bad) is due for webhook.crm"]),
        (again.clone(), vec![took, "rating.set (🙁 bad) is due for webhook.crm again"]),
        (
            Outbound { state: State::Cancelled(Stop::Superseded), ..again.clone() },
            vec![
                took,
                "webhook.crm did not get rating.set (🙁 bad) again: a later event tells it, or it no longer held",
            ],
        ),
        (
            Outbound { state: State::Failed, note: note("answered 500"), ..again.clone() },
            vec![MAY_HAVE, "webhook.crm did not take rating.set (🙁 bad) again: answered 500"],
        ),
        (
            Outbound { note: note("no whole answer within 15 s"), ..again.clone() },
            vec![
                MAY_HAVE,
                "rating.set (🙁 bad) is due for webhook.crm for the 2nd attempt; the last answer: no whole answer within 15 s",
            ],
        ),
        (
            Outbound { state: State::Accepted, note: note("no whole answer within 15 s"), ..again },
            vec!["rating.set (🙁 bad) was sent to webhook.crm, and no answer came: no whole answer within 15 s"],
        ),
        (
            Outbound { note: note("sending is paused by hand"), ..due.clone() },
            vec!["rating.set (🙁 bad) is due for webhook.crm; it could not be sent before: sending is paused by hand"],
        ),
        (
            Outbound { tries: 2, note: note("answered 500"), ..due.clone() },
            vec!["rating.set (🙁 bad) is due for webhook.crm for the 3rd attempt; the last answer: answered 500"],
        ),
        (
            Outbound { state: State::Sending(lease), ..due.clone() },
            vec!["rating.set (🙁 bad) is being sent to webhook.crm"],
        ),
        (
            Outbound { state: State::Accepted, accepted_at: Some(ms(5)), tries: 2, ..due.clone() },
            vec!["webhook.crm took rating.set (🙁 bad) at the 2nd attempt"],
        ),
        (
            Outbound { state: State::Failed, tries: 2, note: note("answered 500"), ..due.clone() },
            vec!["webhook.crm never took rating.set (🙁 bad): answered 500"],
        ),
        (
            Outbound { state: State::Cancelled(Stop::Unwanted), ..due.clone() },
            vec!["webhook.crm is not configured to get rating.set (🙁 bad)"],
        ),
        (
            Outbound { state: State::Cancelled(Stop::Superseded), ..due },
            vec!["webhook.crm did not get rating.set (🙁 bad): a later event tells it, or it no longer held"],
        ),
    ];
    for (state, lines) in rows {
        let telling = told_crm(state, None);
        assert_eq!(texts(&told::tell(&telling)), lines);
        let told = SurveyRecord { tellings: vec![telling], ..survey(Trail::default(), vec![]) };
        assert!(lines.iter().all(|line| texts(&tell(&told)).contains(line)), "{lines:?}");
    }
}
