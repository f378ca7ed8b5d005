//! Faults that were found once, each with the test that keeps it from coming back.

use crate::desk::{Answer, BROWSER, Desk, stamp};
use crate::log::Log;
use afterword::gateway::Delivery;
use afterword::ledger::outbox::{Claim, Claimed, Mark};
use afterword::store::{OpenError, Settings, Store};
use afterword::survey::follow_up::FollowedScores;
use afterword::survey::outbound::{Attempt, Lease, Patience};
use afterword::survey::pace::Rates;
use afterword::survey::policy::AskAgain;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use chrono_tz::Tz;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection};
use std::collections::BTreeSet;
use std::time::Duration;

async fn settings(desk: &Desk, timezone: Tz, positive: &[u8]) -> Settings {
    let key = desk.sql("SELECT value FROM setting WHERE name = 'address_key'").await;
    Settings {
        timezone,
        positive: positive.to_vec(),
        followed: FollowedScores::default(),
        targets: std::collections::BTreeMap::default(),
        address_key: key[0][0].clone(),
    }
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
    let rows = desk.sql("SELECT count(*), max(number) FROM history").await;
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
    assert!(!beside.counts_by(&other).await.expect("an answer"), "and it can tell that it would count otherwise");
    beside.shut_down().await;
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
    let lease = Lease { owner: store.owner(), until: now + TimeDelta::minutes(30) };
    let claim = Claim { at: now, lease, rates: Rates::default() };
    let Ok(Claimed::Mail(mail, lease)) = store.claim(claim).await else { panic!("a mail was due") };
    desk.pass(TimeDelta::seconds(30));
    assert_eq!(desk.close(json!({"closed_at": stamp(desk.clock.now())})).await.status, 202);
    let patience = Patience { retry_after: TimeDelta::minutes(1), give_up_after: TimeDelta::hours(72) };
    let attempt = Attempt::Temporary("451".into());
    let at = desk.clock.now();
    let mark = Mark { survey: mail.survey, lease, at, attempt, patience, jitter: 0.0, due_again: None, next: None };
    store.mark(mark).await.expect("marked");
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
    let mut worker = desk.gateway.mail_worker();
    let waited = tokio::time::timeout(Duration::from_millis(300), desk.gateway.deliver_due(&mut worker)).await;
    assert!(waited.is_err(), "the worker gave up");
    lock.rollback().await.expect("released");
    desk.gateway.flush().await.expect("the store answers");
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
    assert_eq!(desk.sql("SELECT tries, state FROM outbox").await, [["3", "accepted"]]);
    assert_eq!(desk.get("/v1/report?from=2026-11-01").await["total"]["asked"], 1);
}

#[tokio::test]
async fn the_lists_of_one_teammate_use_their_index() {
    let desk = Desk::open().await;
    let sql = "EXPLAIN QUERY PLAN SELECT survey_id FROM report_ratings
        WHERE rated_at >= 1 AND rated_at < 2 AND teammate_id = 't7' ORDER BY rated_at DESC, survey_id DESC LIMIT 50";
    let plan = desk.sql(sql).await.concat().concat();
    assert!(plan.contains("rating_teammate (teammate_id=? AND rated_at>? AND rated_at<?)"), "{plan}");
}

#[tokio::test]
async fn a_report_reads_indexes_and_no_rows_with_comments() {
    let desk = Desk::open().await;
    let sql = "EXPLAIN QUERY PLAN SELECT teammate_id, sum(asked), sum(answered), sum(positive), sum(great), sum(failed)
        FROM report_facts WHERE at >= 1 AND at < 2 GROUP BY 1";
    let plan = desk.sql(sql).await.concat().concat();
    for index in ["rating_asked", "rating_rated", "outbox_unsent"] {
        assert!(plan.contains(&format!("USING COVERING INDEX {index} ")), "{plan}");
    }
    // What the view looks up for columns that nobody reads costs nothing.
    assert!(!["survey", "closing", "day"].iter().any(|table| plan.contains(&format!("SEARCH {table} "))), "{plan}");
    let by_channel = desk.sql(&sql.replace("teammate_id, sum", "channel, sum")).await.concat().concat();
    assert!(by_channel.contains("SEARCH closing USING PRIMARY KEY"), "{by_channel}");
}

#[tokio::test]
async fn a_survey_that_cannot_be_read_fails_its_own_look_ups_only() {
    let desk = Desk::open().await;
    for id in 0..30 {
        let fields =
            json!({"conversation_id": format!("{id}"), "customers": [{"email": format!("u{id}@example.com")}]});
        assert_eq!(desk.close(fields).await.status, 202);
    }
    desk.deliver().await;
    let mails = desk.mails();
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.press(&mails[7].links[4]).await["outcome"], "ok");
    // As after a downgrade: a later version knows more words.
    desk.sql("UPDATE rating SET evidence = 'telepathy' WHERE evidence IS NOT NULL").await;
    desk.pass(TimeDelta::minutes(10));
    // Requests of one moment: their look-ups are gathered.
    let views = join_all((0..300).map(|number| desk.visit(&mails[number % 30].links[4]))).await;
    for (number, view) in views.iter().enumerate() {
        assert_eq!(view.status, if number % 30 == 7 { 503 } else { 200 }, "{number}");
    }
    let posts = join_all((0..30).map(|number| desk.submit(&mails[number].links[4], &[("how", "seen")]))).await;
    for (number, post) in posts.iter().enumerate() {
        assert_eq!(post.status, if number == 7 { 503 } else { 200 }, "{number}");
    }
    assert_eq!(desk.visit("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_view_that_cannot_be_stored_is_given_up_and_slows_nobody() {
    let desk = Desk::open().await;
    for id in ["1", "2"] {
        desk.close(json!({"conversation_id": id})).await;
        desk.deliver().await;
    }
    let mails = desk.mails();
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON clicks
        WHEN NEW.survey_id = (SELECT id FROM survey WHERE conversation_id = '1')
        BEGIN SELECT RAISE(ABORT, 'trap'); END";
    let mut database = desk.database().await;
    sqlx::query(AssertSqlSafe(trap)).execute(&mut database).await.expect("a trap");
    let log = Log::at(tracing::Level::INFO);
    for number in 0..6 {
        let (one, two) = tokio::join!(desk.visit(&mails[0].links[4]), desk.visit(&mails[1].links[4]));
        assert_eq!((one.status, two.status), (200, 200), "{number}");
        for id in ["3", "4"] {
            let id = format!("{number}-{id}");
            assert_eq!(desk.close(json!({"conversation_id": id})).await.status, 202, "nobody else is kept waiting");
        }
    }
    let lines = log.lines("WARN");
    let said = |again: bool| lines.iter().filter(|line| line["fields"]["again"] == again).count();
    assert_eq!((said(true), said(false)), (6, 6), "each of the six views was tried twice");
    // Were one still carried over, it would be stored now.
    sqlx::query("DROP TRIGGER trap").execute(&mut database).await.expect("dropped");
    let stored = "SELECT conversation_id FROM clicks JOIN survey ON survey.id = survey_id";
    assert_eq!(desk.sql(stored).await, [["2"]]);
    desk.visit(&mails[0].links[4]).await;
    assert_eq!(desk.sql(&format!("{stored} ORDER BY 1")).await, [["1"], ["2"]]);
}

#[tokio::test]
async fn no_page_tells_a_deadline_that_has_passed() {
    let desk = Desk::asking(|policy| policy.change_within_hours = Some(1)).await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.turn_to("2026-11-22T10:50:00Z");
    let page = desk.visit(&mail.links[3]).await.page_token();
    desk.turn_to("2026-11-22T12:00:00Z");
    let form = format!("page={page}");
    let request = Request::post(&mail.links[3]).header("content-type", "application/x-www-form-urlencoded");
    let saved = desk.send(request.header("user-agent", BROWSER).body(Body::from(form)).expect("a request")).await;
    assert_eq!(desk.sql("SELECT standing, score FROM rating").await, [["rated", "4"]]);
    let visited = desk.visit(&mail.links[3]).await;
    for (what, answer) in [("the answer", &saved), ("a later view", &visited)] {
        assert!(answer.status == 200 && !answer.text.contains("You can change it until"), "{what}: {}", answer.text);
        assert!(!answer.text.contains("name=\"score\""), "{what} offers no faces: {}", answer.text);
        assert!(answer.text.contains("Your rating is final now. You can still add a comment."), "{what}");
        assert!(answer.text.contains("It could be changed until <time datetime=\"2026-11-22T11:00Z\">"), "{what}");
    }
    let late = desk.press(&mail.links[4]).await;
    assert_eq!((&late["outcome"], &late["frozen"]), (&json!("closed"), &json!(true)), "another face comes too late");
}

#[tokio::test]
async fn a_repeat_gets_the_measured_values_to_the_last_digit() {
    let desk = Desk::asking(|policy| policy.quiet_days = 30).await;
    desk.close(json!({"conversation_id": "1"})).await;
    for seconds in 1..60 {
        desk.pass(TimeDelta::seconds(1));
        let closing = json!({"conversation_id": format!("{seconds} s later")});
        let first = desk.close(closing.clone()).await;
        assert_eq!(first.rules(), ["asked_recently"]);
        assert_eq!(desk.close(closing).await.text, first.text);
    }
}

#[tokio::test]
async fn a_reason_names_the_latest_closing_and_its_times_end_in_z() {
    let desk = Desk::asking(|policy| policy.ask_again = AskAgain::EachClosing).await;
    for hour in 10..18 {
        desk.turn_to(&format!("2026-11-22T{hour}:00:00Z"));
        assert_eq!(desk.close(json!({})).await.status, 202);
        desk.deliver().await;
    }
    desk.turn_to("2026-11-22T20:00:00Z");
    desk.reopen("8841", desk.clock.now()).await;
    let desk = Desk::at(desk.folder, |_| {}).await;
    desk.turn_to("2026-11-22T20:00:00Z");
    let closed_at = "2026-11-22T16:30:00Z";
    let skipped = desk.close(json!({"closed_at": closed_at, "last_reply_at": closed_at})).await;
    let reasons = skipped["reasons"].as_array().expect(&skipped.text);
    let told: Vec<_> = reasons.iter().map(|reason| json!([reason["rule"], reason["value"], reason["limit"]])).collect();
    let expected = json!([
        ["already_asked", "2026-11-22T17:00:00Z", null],
        ["earlier_closing", "2026-11-22T17:00:00Z", "2026-11-22T16:30:00Z"],
        ["reopened", "2026-11-22T20:00:00Z", "2026-11-22T16:30:00Z"],
    ]);
    assert_eq!(json!(told), expected);
}

#[tokio::test]
async fn a_fault_of_a_body_has_a_pointer_and_one_of_a_name_is_a_parameter() {
    let desk = Desk::open().await;
    let fault = |answer: Answer| {
        assert_eq!(answer.status, 422, "{}", answer.text);
        let mut errors = answer["errors"].as_array().expect("errors").clone();
        assert_eq!(errors.len(), 1, "{}", answer.text);
        errors[0].as_object_mut().expect("an error").remove("detail").expect("a detail");
        errors.remove(0)
    };
    let bounced = desk.post("/v1/bounces", json!({"email": "ada", "kind": "hard"})).await;
    assert_eq!(fault(bounced), json!({"pointer": "/email"}));
    for answer in [desk.put("/v1/suppressions/ada", None).await, desk.delete("/v1/suppressions/ada").await] {
        assert_eq!(fault(answer), json!({"parameter": "email"}));
    }
    let long = "x".repeat(201);
    let reopened = desk.reopen(&long, desk.clock.now()).await;
    assert_eq!(fault(reopened), json!({"parameter": "id"}));
    for (path, name) in [
        ("/v1/report?colour=red", "colour"),
        ("/v1/report?from=x", "from"),
        ("/v1/report?from=2026-11-03&to=2026-11-01", "from"),
        ("/v1/ratings?limit=0", "limit"),
        ("/v1/suppressions?cursor=x", "cursor"),
        ("/v1/conversations/1?conection=x", "conection"),
    ] {
        assert_eq!(fault(desk.get(path).await), json!({"parameter": name}), "{path}");
    }
}

#[tokio::test]
async fn a_mail_that_cannot_be_read_keeps_no_other_from_going_out() {
    // With a rate for each domain a claim looks past many mails, without one at a single one.
    for per_domain in [0, 60] {
        let desk = Desk::with(|config| config.mail.max_per_minute_per_domain = per_domain).await;
        for number in 0..40 {
            let email = format!("u{number}@{number}.example.com");
            let fields = json!({"conversation_id": format!("{number}"), "customers": [{"email": email}]});
            assert_eq!(desk.close(fields).await.status, 202);
        }
        // As after a downgrade: a later version knows more causes. All but the last two addresses have one.
        let unknown = "INSERT INTO suppression SELECT address_hash, 'moved', 1, NULL FROM survey
            WHERE conversation_id NOT IN ('38', '39')";
        desk.sql(unknown).await;
        desk.deliver().await;
        let mut sent: Vec<_> = desk.mails().into_iter().map(|mail| mail.to).collect();
        sent.sort();
        assert_eq!(sent, ["u38@38.example.com", "u39@39.example.com"]);
        desk.sql("DELETE FROM suppression").await;
        desk.pass(TimeDelta::minutes(59));
        desk.deliver().await;
        assert_eq!(desk.mails().len(), 2);
        desk.pass(TimeDelta::minutes(1));
        desk.deliver().await;
        assert_eq!(desk.mails().len(), 40, "once they can be read they go out");
    }
}

#[tokio::test]
async fn a_claim_that_fails_does_not_keep_the_mark_before_it_from_being_stored() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "1"})).await;
    desk.pass(TimeDelta::seconds(1));
    desk.close(json!({"conversation_id": "2"})).await;
    let trap = "CREATE TRIGGER trap BEFORE UPDATE ON outbox WHEN NEW.state = 'sending'
        AND NEW.id = (SELECT id FROM survey WHERE conversation_id = '2') BEGIN SELECT RAISE(ABORT, 'trap'); END";
    sqlx::query(trap).execute(&mut desk.database().await).await.expect("a trap");
    let mut worker = desk.gateway.mail_worker();
    let delivered = tokio::time::timeout(Duration::from_secs(20), desk.gateway.deliver_due(&mut worker)).await;
    assert_eq!(delivered.expect("it ends").expect("an answer"), Delivery::Again);
    let states = "SELECT conversation_id, state FROM outbox JOIN survey USING (id) ORDER BY 1";
    assert_eq!(desk.sql(states).await, [["1", "accepted"], ["2", "waiting"]]);
    assert!(desk.gateway.deliver_due(&mut worker).await.is_err(), "the worker rests, and looks again");
    sqlx::query("DROP TRIGGER trap").execute(&mut desk.database().await).await.expect("dropped");
    assert_eq!(desk.gateway.deliver_due(&mut worker).await.expect("an answer"), Delivery::Again);
    assert_eq!(desk.sql(states).await, [["1", "accepted"], ["2", "accepted"]]);
    assert_eq!(desk.mails().len(), 2);
}
