//! The database itself: its lock on commented ratings, its bounds, and what happens while it cannot answer.

use crate::desk::Desk;
use chrono::TimeDelta;
use chrono_tz::Europe::Berlin;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection};

/// What the database says to an update by hand.
async fn by_hand(desk: &Desk, sql: &str) -> Result<u64, String> {
    let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut desk.database().await).await;
    done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_comment_locks_the_row_itself() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.comment(&mail.links[0], "a\0b\u{1b}[2J 'quoted'; --\u{9b}\t\u{1f429}").await["outcome"], "ok");
    let row = "SELECT standing, score, comment FROM rating";
    let before = desk.sql(row).await;
    assert!(before[0][2].contains("quoted") && before[0][2].ends_with('\u{1f429}'), "all of the text: {before:?}");
    assert!(before[0][2].starts_with("a\u{fffd}b\u{fffd}[2J '"), "nothing that steers a terminal: {before:?}");
    for change in [
        "score = 5",
        "comment = 'nice'",
        "standing = 'rated'",
        "standing = 'held'",
        "standing = 'unrated', score = NULL",
        "score = 4, comment = NULL",
    ] {
        let refused = by_hand(&desk, &format!("UPDATE rating SET {change}")).await.expect_err(change);
        assert!(refused.contains("locked"), "{change}: {refused}");
    }
    assert_eq!(desk.sql(row).await, before);
    assert_eq!(by_hand(&desk, "UPDATE rating SET score = score, comment = comment, rate_until = 1").await, Ok(1));
    assert_eq!(by_hand(&desk, "UPDATE rating SET comment = NULL").await, Ok(1), "erasing may");
    assert!(
        by_hand(&desk, "UPDATE rating SET comment = 'again'").await.is_err(),
        "what is erased is not written again"
    );
    assert_eq!(desk.sql(row).await, [["locked", "1", "null"]], "the count stays");
    let totals = desk.get("/v1/report").await["total"].clone();
    assert_eq!((&totals["ratings"], &totals["answered"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_locked_database_is_a_503_and_loses_nothing_acknowledged() {
    let desk = Desk::open().await;
    for id in ["0", "1"] {
        assert_eq!(desk.close(json!({"conversation_id": id})).await.status, 202);
    }
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.press(&mail.links[1]).await["outcome"], "ok");
    let page = desk.visit(&mail.links[1]).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    let acknowledged = desk.sql("SELECT survey_id, score FROM rating").await;

    let mut other = desk.database().await;
    let lock = other.begin_with("BEGIN EXCLUSIVE").await.expect("the lock");
    let form = [("page", page.as_str()), ("comment", "kept")];
    let (closing, reopening, comment, suppression, ready, report, view) = tokio::join!(
        desk.close(json!({"conversation_id": "2"})),
        desk.reopen("1", desk.clock.now()),
        desk.submit(&mail.links[1], &form),
        desk.put("/v1/suppressions/eve@example.com", None),
        desk.visit("/readyz"),
        desk.get("/v1/report"),
        desk.visit(&mail.links[3]),
    );
    for answer in [&closing, &reopening, &comment, &suppression, &ready] {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0), "{:?}", answer.headers);
    }
    assert_eq!((closing.header("content-type"), &closing["status"]), ("application/problem+json", &json!(503)));
    assert_eq!(comment.header("content-type"), "application/problem+json", "for the script too");
    assert!(
        !closing.text.contains("locked") && !closing.text.contains("SQL"),
        "nothing internal is told: {}",
        closing.text
    );
    assert_eq!((report.status, view.status), (200, 200), "readers go on");
    lock.rollback().await.expect("released");

    // A 503 leaves it open: a command that waited too long may still run. A caller that asks again gets the outcome.
    let again = desk.close(json!({"conversation_id": "2"})).await;
    assert!(again.status == 202 || again.status == 200, "{}", again.text);
    assert_eq!(again["decision"], "ask");
    let outcome = desk.submit(&mail.links[1], &form).await["outcome"].clone();
    assert!(outcome == "ok" || outcome == "locked", "{outcome}");
    let kept = "SELECT survey_id, score FROM rating WHERE comment = 'kept' AND standing = 'locked'";
    assert_eq!(desk.sql(kept).await.len(), 1);
    for survey in acknowledged {
        assert_eq!(
            desk.sql(&format!(
                "SELECT score FROM rating WHERE hex(survey_id) = upper(replace('{}', '-', ''))",
                survey[0]
            ))
            .await[0][0],
            survey[1]
        );
    }
    desk.pass(TimeDelta::seconds(1));
    assert_eq!(desk.visit("/readyz").await.status, 200);
    desk.deliver().await;
    let sent: std::collections::BTreeSet<_> = desk.mails().into_iter().map(|mail| mail.id).collect();
    assert_eq!((sent.len(), desk.mails().len()), (3, 3), "each survey once");
}

#[tokio::test]
async fn what_one_command_cannot_do_keeps_no_other_from_being_done() {
    let desk = Desk::open().await;
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON closing WHEN NEW.conversation_id = '3' BEGIN SELECT RAISE(ABORT, 'trap'); END";
    by_hand(&desk, trap).await.expect("set");
    let closings = (0..8).map(|id| desk.close(json!({"conversation_id": format!("{id}"), "subject": format!("{id}")})));
    let statuses: Vec<_> = join_all(closings).await.into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [202, 202, 202, 503, 202, 202, 202, 202]);
    assert_eq!(
        desk.sql("SELECT conversation_id FROM survey ORDER BY 1").await.concat(),
        ["0", "1", "2", "4", "5", "6", "7"]
    );
    by_hand(&desk, "DROP TRIGGER trap").await.expect("dropped");
    assert_eq!(desk.close(json!({"conversation_id": "3"})).await.status, 202);
}

#[tokio::test]
async fn other_settings_take_effect_at_the_next_start() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.turn_to("2026-11-22T23:30:00Z");
    assert_eq!(desk.press(&mail.links[2]).await["outcome"], "ok");
    let day = async |desk: &Desk| {
        let report = desk.get("/v1/report?by=day&from=2026-11-01&to=2026-11-30").await;
        let row = report["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["ratings"] == 1)).cloned();
        row.map(|row| (row["id"].clone(), row["csat"].clone()))
    };
    assert_eq!(day(&desk).await, Some((json!("2026-11-22"), json!(0.0))));
    let desk = Desk::at(desk.folder, |config| {
        config.report.timezone = Berlin;
        config.report.positive = vec![3];
    })
    .await;
    assert_eq!(day(&desk).await, Some((json!("2026-11-23"), json!(1.0))));
    let pragma = desk.sql("PRAGMA journal_mode").await.concat();
    assert_eq!(pragma, ["wal"]);
    assert_eq!(desk.sql("PRAGMA integrity_check").await.concat(), ["ok"]);
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    desk.press(&mail.links[3]).await;
    desk.put("/v1/suppressions/eve@example.com", Some(json!({"cause": "bounced"}))).await;
    let (known, mut before) = (desk.get("/v1/conversations/8841").await.json, desk.everything().await);
    let desk = Desk::at(desk.folder, |_| {}).await;
    let mut after = desk.everything().await;
    before.remove("api_key");
    after.remove("api_key");
    assert_eq!(before, after);
    assert_eq!(desk.get("/v1/conversations/8841").await.json, known);
    desk.pass(TimeDelta::minutes(20));
    assert_eq!(desk.press(&mail.links[3]).await["standing"], "rated", "old links go on working");
    let eve = json!([{"email": "eve@example.com"}]);
    assert_eq!(desk.close(json!({"conversation_id": "2", "customers": eve})).await.rules(), ["bounced"]);
    let gone = desk.delete("/v1/suppressions/eve@example.com").await;
    assert_eq!((gone.status, desk.sql("SELECT * FROM suppression").await.len()), (200, 0));
    assert_ne!(gone.json, Value::Null);
}
