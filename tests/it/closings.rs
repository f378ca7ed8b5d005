//! Closings, as a helpdesk reports them: repeats, reopenings, policies and delays.

use crate::desk::{Answer, Desk, START, few, stamp, time};
use crate::rules::{DAY, MS, ago, person, policies};
use afterword::mail::transport::Memory;
use afterword::survey::outbound::Attempt;
use afterword::survey::policy::Policy;
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

#[tokio::test]
async fn a_repeat_answers_the_first_answer_whatever_else_differs() {
    let desk = Desk::open().await;
    let first = desk.close(json!({})).await;
    assert_eq!(first.status, 202);
    let skipped = desk.close(json!({"conversation_id": "2", "characters": 9})).await;
    assert_eq!(skipped.status, 200);
    let before = desk.everything().await;
    desk.pass(TimeDelta::minutes(6));
    let repeats = [
        json!({"closed_at": START}),
        json!({"closed_at": "2026-11-22T11:00:00+01:00", "characters": 1, "ask": false, "subject": "Other"}),
        json!({"closed_at": "2026-11-22T10:00:00.000Z", "state": "snoozed", "customers": person("bob@example.com", "lead")}),
    ];
    for repeat in repeats {
        let again = desk.close(repeat).await;
        assert_eq!((again.status, &again.json), (200, &first.json));
    }
    let again = desk.close(json!({"conversation_id": "2", "closed_at": START})).await;
    assert_eq!((again.status, &again.json), (200, &skipped.json));
    let dry = desk.dry_run(json!({"closed_at": START})).await;
    assert_eq!((dry.status, &dry.json), (200, &first.json), "a dry run of it too");
    assert_eq!(desk.everything().await, before, "a repeat stores nothing");
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 1);
    // The helpdesk may ask again after a restart, and after the mail.
    let desk = Desk::at(desk.folder, |_| {}).await;
    assert_eq!(desk.close(json!({"closed_at": START})).await.json, first.json);
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 0);
}

#[tokio::test]
async fn two_at_once_make_one_survey_and_one_mail() {
    let desk = Desk::open().await;
    let other = json!({"subject": "Other", "characters": 900});
    let later = json!({"closed_at": stamp(time(START) + MS)});
    let (one, two) = tokio::join!(desk.close(json!({})), desk.close(other));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!((statuses, &one.json), ([200, 202], &two.json));
    assert_eq!(desk.close(later).await.rules(), ["already_asked"]);
    desk.deliver().await;
    assert_eq!((desk.sql("SELECT id FROM survey").await.len(), desk.mails().len()), (1, 1));
}

#[tokio::test]
async fn two_conversations_at_once_cannot_both_ask_an_address_that_wants_quiet() {
    let desk = Desk::with(policies).await;
    let close = async |id: &str| desk.close(json!({"conversation_id": id, "policy": "quiet"})).await.status;
    let mut statuses: [u16; 3] = tokio::join!(close("1"), close("2"), close("3")).into();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 202]);
}

#[tokio::test]
async fn a_closing_in_a_leap_second_can_be_repeated() {
    let desk = Desk::open().await;
    let close = async |at: &str| desk.close(json!({"closed_at": at, "last_reply_at": ago(DAY)})).await;
    let first = close("2026-11-22T09:59:60Z").await;
    let again = close("2026-11-22T09:59:60Z").await;
    assert_eq!((first.status, again.status, &again.json), (202, 200, &first.json), "RFC 3339 knows a second 60");
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let desk = Desk::open().await;
    let before = desk.everything().await;
    let (ask, skip) = (desk.dry_run(json!({})).await, desk.dry_run(json!({"characters": 2})).await);
    assert_eq!((ask.status, &ask["decision"]), (200, &json!("ask")));
    assert_eq!((skip.status, skip.rules()), (200, vec!["too_short"]));
    assert_eq!(desk.everything().await, before);
    assert_eq!(desk.close(json!({})).await.status, 202, "it does not count as a first report");
}

#[tokio::test]
async fn a_reopening_cancels_what_waits_and_nothing_else() {
    let desk = Desk::with(policies).await;
    let unknown = desk.reopen("nobody-knows", time(START)).await;
    assert_eq!((unknown.status, unknown.json), (200, json!({"cancelled": 0})));
    let (closed, earlier) = (time(START), time(START) - MS);
    let close = async |id: &str| desk.close(json!({"conversation_id": id, "policy": "later"})).await.status;
    for (id, at, cancelled) in [("earlier", earlier, 0), ("same", closed, 1), ("after", closed + MS, 1)] {
        assert_eq!(close(id).await, 202);
        let at = if at > closed { desk.clock.now() } else { at };
        assert_eq!(desk.reopen(id, at).await.json, json!({"cancelled": cancelled}), "{id}");
        assert_eq!(desk.reopen(id, at).await.json, json!({"cancelled": 0}), "{id}, said again");
        let state = &desk.get(&format!("/v1/conversations/{id}")).await["surveys"][0]["mail"]["state"].clone();
        assert_eq!(state, if cancelled == 1 { "cancelled" } else { "waiting" }, "{id}");
    }
    desk.pass(TimeDelta::hours(2));
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 1, "only the one that was reopened before its closing");
    assert_eq!(desk.reopen("earlier", desk.clock.now()).await.json, json!({"cancelled": 0}), "it is sent already");
    let again = desk.close(json!({"conversation_id": "same"})).await;
    assert_eq!(again.status, 202, "a cancelled one does not count as asked: {}", again.text);
    assert_eq!(close("earlier").await, 200, "an accepted one does");
}

#[tokio::test]
async fn each_closing_asks_anew_and_cancels_what_waits() {
    let desk = Desk::with(policies).await;
    let close = async |at: &str| desk.close(json!({"policy": "each", "closed_at": at, "last_reply_at": START})).await;
    let states = async || desk.sql("SELECT state FROM outbox JOIN survey USING (id) ORDER BY closed_at").await.concat();
    assert_eq!(close(START).await.status, 202);
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(close("2026-11-22T10:10:00Z").await.status, 202);
    assert_eq!(states().await, ["cancelled", "waiting"]);
    let mut rules = close("2026-11-22T10:05:00Z").await.rules().join(" ");
    assert!(rules.contains("already_asked") && rules.contains("earlier_closing"), "{rules}");
    desk.pass(TimeDelta::hours(2));
    desk.deliver().await;
    assert_eq!(close("2026-11-22T12:10:00Z").await.status, 202);
    assert_eq!(states().await, ["cancelled", "accepted", "waiting"], "what was sent stays sent");
    desk.pass(MS);
    // The default policy is not lifted by another closing's policy.
    rules = desk.close(json!({})).await.rules().join(" ");
    assert_eq!(rules, "already_asked");
}

#[tokio::test]
async fn an_address_is_left_alone_for_its_quiet_days() {
    let desk = Desk::with(policies).await;
    let close = async |id: &str, policy: &str, email: &str| {
        desk.close(json!({"conversation_id": id, "policy": policy, "customers": person(email, "user")})).await
    };
    assert_eq!(close("1", "later", "ada@example.com").await.status, 202);
    assert_eq!(close("2", "quiet", "Ada@Example.com").await.rules(), ["asked_recently"], "a waiting one counts");
    desk.pass(TimeDelta::hours(2));
    desk.deliver().await; // accepted at 12:00
    desk.turn_to("2026-11-29T11:59:59.999Z");
    assert_eq!(close("3", "quiet", "ada@example.com").await.rules(), ["asked_recently"]);
    desk.turn_to("2026-11-29T12:00:00Z");
    assert_eq!(close("4", "quiet", "ada@example.com").await.status, 202);
    desk.reopen("4", desk.clock.now()).await;
    assert_eq!(close("5", "quiet", "ada@example.com").await.status, 202, "a cancelled one does not count");
    desk.memory.answer_next([Attempt::Permanent("550 no".into())]);
    desk.deliver().await;
    assert_eq!(close("6", "quiet", "ada@example.com").await.status, 202, "nor does a failed one");
    assert_eq!(close("7", "quiet", "ada@example.com").await.rules(), ["asked_recently"]);
}

#[tokio::test]
async fn an_address_gets_no_more_than_so_many_in_thirty_days() {
    let desk = Desk::with(policies).await;
    let close = async |id: &str| desk.close(json!({"conversation_id": id, "policy": "two"})).await;
    for (id, at) in [("1", "2026-11-22T10:00:00Z"), ("2", "2026-12-01T10:00:00Z")] {
        desk.turn_to(at);
        assert_eq!(close(id).await.status, 202);
        desk.deliver().await;
    }
    desk.turn_to("2026-12-22T09:59:59.999Z");
    let third = close("3").await;
    assert_eq!(third.rules(), ["asked_recently"]);
    assert_eq!((&third["reasons"][0]["value"], &third["reasons"][0]["limit"]), (&json!(2), &json!(2)));
    desk.turn_to("2026-12-22T10:00:00Z");
    assert_eq!(close("4").await.status, 202, "the first is 30 x 24 h ago");
}

#[tokio::test]
async fn an_unknown_policy_is_refused_by_its_name() {
    let desk = Desk::with(policies).await;
    let before = desk.everything().await;
    let answer = desk.close(json!({"policy": "VIP"})).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/policy"]));
    assert_eq!(desk.everything().await, before);
}

fn message(author: &str, id: Option<&str>, minutes_ago: i64, text: &str) -> Value {
    json!({"author": author, "author_id": id, "author_name": id, "at": ago(TimeDelta::minutes(minutes_ago)), "text": text})
}

#[tokio::test]
async fn messages_fill_the_facts_that_are_missing_and_are_not_kept() {
    const MARKER: &str = "Zauberwort";
    let desk = Desk::with(policies).await;
    let bare = |id: &str, messages: Value| {
        json!({"conversation_id": id, "messages": messages, "policy": "sure", "characters": null, "last_reply_at": null,
            "teammate_replied": null, "teammate": null, "customers": person("ada@example.com", "user")})
    };
    let long = format!("{MARKER}{}", "ä".repeat(241));
    let told = json!([
        message("teammate", Some("t2"), 3, "x"),
        message("customer", None, 3, &long),
        message("teammate", Some("t3"), 3, ""),
        message("teammate", Some("t1"), 9, "x"),
        message("bot", Some("b"), 1, &"b".repeat(999)),
    ]);
    let answer = desk.close(bare("1", told)).await;
    assert_eq!(answer.status, 202, "253 characters: {}", answer.text);
    let known = desk.get("/v1/conversations/1").await;
    assert_eq!(known["closings"][0]["characters"], 253, "Unicode scalars, bots do not count");
    assert_eq!(known["closings"][0]["last_reply_at"], ago(TimeDelta::minutes(3)));
    assert_eq!(known["surveys"][0]["teammate"]["id"], "t3", "the last of a tie is the last by its place");
    let stored = format!("{:?}", desk.everything().await);
    assert!(!stored.contains(MARKER), "texts are never stored");
    desk.deliver().await;
    for file in std::fs::read_dir(desk.folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("readable");
        assert!(!bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes()), "not even in the file");
    }

    let short = desk.close(bare("2", json!([message("customer", None, 3, &"ä".repeat(250))]))).await;
    assert_eq!(short.rules(), ["no_teammate", "too_short"], "no teammate wrote, 250 characters");
    let bots = desk.close(bare("3", json!([message("bot", None, 3, &long)]))).await;
    assert_eq!(bots.rules(), ["no_teammate", "too_short", "unknown_fact"], "the last reply stays unknown");
    assert_eq!(bots["reasons"][1]["value"], 0);
    let given = json!({"conversation_id": "4", "messages": [message("teammate", Some("t9"), 3, "short")]});
    assert_eq!(desk.close(given).await.status, 202, "what is said is not replaced");
    assert_eq!(desk.get("/v1/conversations/4").await["surveys"][0]["teammate"]["id"], "t7");
}

#[tokio::test]
async fn names_follow_the_latest_closing_and_teams_stay_as_they_were() {
    let desk = Desk::open().await;
    let teammate = |name: &str, team: &str| json!({"id": "t7", "name": name, "team": team});
    let close = async |id: &str, at: &str, teammate: Value| {
        let fields = json!({"conversation_id": id, "closed_at": at, "last_reply_at": at, "teammate": teammate});
        assert_eq!(desk.close(fields).await.status, 202, "{id}");
        let mail = desk.the_mail().await;
        desk.pass(TimeDelta::minutes(10));
        assert_eq!(desk.press(&mail.links[4]).await["outcome"], "ok");
    };
    close("1", "2026-11-22T10:00:00Z", teammate("Grace Hopper", "Billing")).await;
    close("2", "2026-11-22T10:01:00Z", teammate("Grace H.", "Sales")).await;
    close("3", "2026-11-20T10:00:00Z", teammate("G", "Old")).await;
    close("4", "2026-11-22T10:02:00Z", json!({"id": "t7"})).await;
    let report = desk.get("/v1/report?by=teammate").await;
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(1), "{}", report.text);
    assert_eq!((&report["rows"][0]["name"], &report["rows"][0]["ratings"]), (&json!("Grace H."), &json!(4)));
    let teams = desk.get("/v1/report?by=team").await;
    let counts = |answer: &Answer| -> Vec<(Value, Value)> {
        let rows = answer["rows"].as_array().expect("rows");
        rows.iter().map(|row| (row["id"].clone(), row["ratings"].clone())).collect()
    };
    let expected = [("Billing", 1), ("Old", 1), ("Sales", 2)].map(|(team, count)| (json!(team), json!(count)));
    assert_eq!(counts(&teams), expected, "the team of their time");
}

#[tokio::test]
async fn what_can_have_changed_is_checked_again_at_sending() {
    let desk = Desk::with(policies).await;
    let short = |config: &mut Policy| {
        config.rate_within_hours = Some(1);
        config.delay = TimeDelta::minutes(45);
    };
    let hurried = Desk::asking(short).await;
    let late = json!({"closed_at": ago(TimeDelta::minutes(30)), "last_reply_at": ago(TimeDelta::minutes(31))});
    assert_eq!(hurried.close(late).await["send_at"], ago(TimeDelta::minutes(-45)));
    assert_eq!(desk.close(json!({"policy": "later"})).await["send_at"], ago(TimeDelta::hours(-1)));
    let eve = person("eve@example.com", "user");
    desk.close(json!({"policy": "later", "conversation_id": "2", "customers": eve})).await;
    desk.put("/v1/suppressions/Ada@example.com", None).await;
    for desk in [&desk, &hurried] {
        desk.pass(TimeDelta::minutes(60) - MS);
        desk.deliver().await;
    }
    assert_eq!(hurried.mails().len(), 0, "the window was over");
    assert_eq!(desk.mails().len(), 0, "the delay was not");
    desk.pass(MS);
    desk.deliver().await;
    let sent: Vec<_> = desk.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(sent, ["eve@example.com"], "Ada opted out meanwhile");
    for desk in [&desk, &hurried] {
        let mail = &desk.get("/v1/conversations/8841").await["surveys"][0]["mail"].clone();
        assert_eq!(mail["state"], "cancelled", "{mail}");
        assert_eq!(mail["accepted_at"], json!(null));
    }
    assert_eq!(desk.delete("/v1/suppressions/ada@example.com").await.status, 200);
    assert_eq!(desk.close(json!({})).await.status, 202, "a cancelled one may be asked again");
}

#[derive(Clone, Debug)]
enum Event {
    Close { minutes_ago: i64 },
    Repeat { which: usize },
    Reopen { minutes_ago: i64 },
    Deliver { outcome: u8 },
    Pass { minutes: i64 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..20i64).prop_map(|minutes_ago| Event::Close { minutes_ago }),
        (0..4usize).prop_map(|which| Event::Repeat { which }),
        (0..20i64).prop_map(|minutes_ago| Event::Reopen { minutes_ago }),
        (0..4u8).prop_map(|outcome| Event::Deliver { outcome }),
        (1..40i64).prop_map(|minutes| Event::Pass { minutes }),
    ]
}

fn mails_to(memory: &Memory, address: &str) -> usize {
    let to = format!("To: Ada <{address}>");
    memory.mails().iter().filter(|raw| String::from_utf8_lossy(raw).contains(&to)).count()
}

#[test]
fn a_conversation_is_never_asked_twice() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let desk = runtime.block_on(Desk::asking(|policy| policy.delay = TimeDelta::minutes(3)));
    let case = std::cell::Cell::new(0);
    let play = |id: &str, address: &str, events: Vec<Event>| {
        runtime.block_on(async {
            let mut reported = vec![stamp(desk.clock.now())];
            let customers = json!([{"email": address, "name": "Ada"}]);
            let close = async |at: &str| {
                let fields =
                    json!({"conversation_id": id, "closed_at": at, "last_reply_at": at, "customers": customers});
                assert!(desk.close(fields).await.status < 300);
            };
            for event in events {
                let before = |minutes| desk.clock.now() - TimeDelta::minutes(minutes);
                match event {
                    Event::Close { minutes_ago } => {
                        reported.push(stamp(before(minutes_ago)));
                        close(&stamp(before(minutes_ago))).await;
                    }
                    Event::Repeat { which } => close(&reported[which % reported.len()]).await,
                    Event::Reopen { minutes_ago } => drop(desk.reopen(id, before(minutes_ago)).await),
                    Event::Deliver { outcome } => {
                        match outcome {
                            0 => desk.memory.answer_next([Attempt::Temporary("451".into())]),
                            1 => desk.memory.answer_next([Attempt::Permanent("550".into())]),
                            _ => {}
                        }
                        desk.deliver().await;
                    }
                    Event::Pass { minutes } => desk.pass(TimeDelta::minutes(minutes)),
                }
            }
            desk.pass(TimeDelta::hours(5));
            desk.memory.answer_next([]);
            desk.deliver().await;
        });
        mails_to(&desk.memory, address)
    };
    proptest!(few(32), |(events in prop::collection::vec(event(), 1..12))| {
        case.set(case.get() + 1);
        let case = case.get();
        let asked = play(&format!("c{case}"), &format!("c{case}@example.com"), events);
        prop_assert!(asked <= 1, "asked {} times", asked);
    });
}
