//! Faults that were found once, each with the test that keeps it from coming back.

use crate::desk::{Desk, stamp};
use afterword::store::{Answer, Claimed, Command, Lease, OpenError, Settings, Store};
use afterword::survey::delivery::{Attempt, Patience};
use afterword::survey::eligibility::AskAgain;
use afterword::survey::pace::Rates;
use chrono::TimeDelta;
use chrono_tz::Tz;
use serde_json::json;
use sqlx::Connection;
use std::collections::BTreeSet;
use std::time::Duration;

async fn settings(desk: &Desk, timezone: Tz, positive: &[u8]) -> Settings {
    let key = desk.sql("SELECT value FROM setting WHERE name = 'address_key'").await;
    Settings { timezone, positive: positive.to_vec(), address_key: key[0][0].clone() }
}

#[tokio::test]
async fn a_loop_over_one_form_does_not_fill_the_disk() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&mail.links[0]).await.page_token();
    desk.pass(TimeDelta::seconds(5));
    for number in 0..300 {
        let score = if number % 2 == 0 { "1" } else { "2" };
        let answer = desk.submit(&mail.links[0], &[("page", &page), ("score", score)]).await;
        assert_eq!(answer["outcome"], "ok", "each is a change of mind");
        desk.pass(TimeDelta::seconds(1)); // No faster than a survey's links allow.
    }
    let rows = desk.sql("SELECT count(*), max(id) FROM history").await;
    assert_eq!(rows, [["64", "300"]], "the newest are kept");
}

#[tokio::test]
async fn a_command_beside_the_service_changes_nothing_that_it_reports() {
    let desk = Desk::with(|config| {
        config.report.timezone = Tz::Europe__Berlin;
        config.report.positive = vec![5];
    })
    .await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.turn_to("2026-11-22T23:30:00Z");
    desk.press(&mail.links[3]).await;
    let report = "/v1/report?by=day&from=2026-11-01&to=2026-11-30";
    let before = desk.get(report).await.json;
    let path = desk.gateway.config.database.clone();
    let other = settings(&desk, Tz::UTC, &[4, 5]).await;
    let beside = Store::open(&path, &other).await.expect("it opens");
    assert!(!beside.reports_by(&other).await.expect("an answer"), "and it can tell that it would count otherwise");
    beside.close().await;
    let wrong_key = Settings { address_key: "other".into(), ..other };
    assert!(matches!(Store::open(&path, &wrong_key).await, Err(OpenError::OtherKey(_))));
    assert_eq!(desk.get(report).await.json, before);
}

#[tokio::test]
async fn a_later_closing_takes_the_place_of_a_mail_that_was_under_way() {
    let desk = Desk::asking(|policy| policy.ask_again = AskAgain::EachClosing).await;
    desk.close(json!({})).await;
    let known = settings(&desk, Tz::UTC, &[4, 5]).await;
    let store = Store::open(&desk.gateway.config.database, &known).await.expect("it opens");
    let now = desk.clock.now();
    let claim = Command::Claim(Lease { at: now, until: now + TimeDelta::minutes(30), rates: Rates::default() });
    let Ok(Answer::Claimed(Claimed::Mail(mail))) = store.write(claim).await else { panic!("a mail was due") };
    desk.pass(TimeDelta::seconds(30));
    assert_eq!(desk.close(json!({"closed_at": stamp(desk.clock.now())})).await.status, 202);
    let patience = Patience { retry_after: TimeDelta::minutes(1), give_up_after: TimeDelta::hours(72) };
    let attempt = Attempt::Temporary("451".into());
    let mark = Command::Mark { survey: mail.survey, at: desk.clock.now(), attempt, patience, jitter: 0.0, next: None };
    store.write(mark).await.expect("marked");
    desk.deliver().await;
    desk.pass(TimeDelta::minutes(2));
    desk.deliver().await;
    let ids: BTreeSet<_> = desk.mails().into_iter().map(|mail| mail.id).collect();
    assert_eq!(ids.len(), 1, "the customer is asked once");
}

#[tokio::test]
async fn a_claim_that_nobody_waits_for_any_more_is_given_back() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mut other = desk.database().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.expect("a lock");
    let mut courier = desk.gateway.courier();
    let waited = tokio::time::timeout(Duration::from_millis(300), desk.gateway.deliver_due(&mut courier)).await;
    assert!(waited.is_err(), "the worker gave up");
    lock.rollback().await.expect("released");
    desk.gateway.settle().await.expect("the store answers");
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 1, "the mail does not wait for the end of a lease");
}

#[tokio::test]
async fn a_write_that_sqlite_itself_rolled_back_does_not_stop_the_writer() {
    let desk = Desk::open().await;
    // RAISE(ROLLBACK) ends the transaction as a full disk does.
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON closing WHEN NEW.conversation_id = '3'
        BEGIN SELECT RAISE(ROLLBACK, 'gone'); END";
    sqlx::query(trap).execute(&mut desk.database().await).await.expect("a trap");
    assert_eq!(desk.close(json!({"conversation_id": "2"})).await.status, 202);
    assert_eq!(desk.close(json!({"conversation_id": "3"})).await.status, 503);
    for id in ["4", "5"] {
        assert_eq!(desk.close(json!({"conversation_id": id})).await.status, 202, "{id}");
    }
}

#[tokio::test]
async fn a_mail_that_may_have_arrived_is_not_sent_for_days() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    desk.memory.answer_next((0..200).map(|_| Attempt::Unknown("the connection was closed".into())));
    for _ in 0..75 * 12 {
        desk.deliver().await;
        desk.pass(TimeDelta::minutes(5));
    }
    assert_eq!(desk.sql("SELECT tries, mail FROM survey").await, [["3", "accepted"]]);
    assert_eq!(desk.get("/v1/report?from=2026-11-01").await["total"]["asked"], 1);
}

#[tokio::test]
async fn the_lists_of_one_teammate_use_their_index() {
    let desk = Desk::open().await;
    let sql = "EXPLAIN QUERY PLAN SELECT survey_id FROM report_ratings
        WHERE rated_at >= 1 AND rated_at < 2 AND teammate_id = 't7' ORDER BY rated_at DESC, survey_id DESC LIMIT 50";
    let plan = desk.sql(sql).await.concat().concat();
    assert!(plan.contains("survey_rated_teammate (teammate_id=? AND rated_at>? AND rated_at<?)"), "{plan}");
    let due = "EXPLAIN QUERY PLAN SELECT id FROM survey
        WHERE mail IN ('waiting', 'sending') AND due_at <= 1 ORDER BY due_at LIMIT 1";
    let plan = desk.sql(due).await.concat().concat();
    assert!(plan.contains("survey_due (due_at<?)"), "{plan}");
}
