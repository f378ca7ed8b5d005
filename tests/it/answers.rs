//! What answers tell: the facts that were unknown, all of a conversation, and what was wrong with a query.

use crate::desk::{Answer, Desk};
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use data_encoding::BASE64URL_NOPAD;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::Executor;

#[tokio::test]
async fn asking_names_the_facts_that_were_unknown_each_time() {
    let desk = Desk::open().await;
    let all = ["started_by", "characters", "last_reply_at", "teammate_replied"];
    let leave_out =
        |fields: &[&str]| Value::Object(fields.iter().map(|field| ((*field).to_owned(), Value::Null)).collect());
    let written = json!([{"author": "customer", "at": desk.closing()["last_reply_at"], "text": "x".repeat(300)},
        {"author": "teammate", "author_id": "t7", "at": desk.closing()["last_reply_at"], "text": "Done."}]);
    for (id, mut changes, unknown) in [
        ("all", leave_out(&all), json!(all)),
        ("two", leave_out(&["characters", "last_reply_at"]), json!(["characters", "last_reply_at"])),
        ("none", leave_out(&[]), Value::Null),
        ("written", leave_out(&all), json!(["started_by"])),
    ] {
        changes["conversation_id"] = json!(id);
        changes["customers"] = json!([{"email": format!("{id}@example.com")}]);
        if id == "written" {
            changes["messages"] = written.clone();
        }
        let tried = desk.dry_run(changes.clone()).await;
        let first = desk.close(changes.clone()).await;
        assert_eq!((first.status, &first["unknown"], &tried["unknown"]), (202, &unknown, &unknown), "{id}");
        let repeat = desk.close(json!({"conversation_id": id, "characters": 999})).await;
        assert_eq!((repeat.status, &repeat.json), (200, &first.json), "{id}: a repeat gets the first answer");
        let known = desk.get(&format!("/v1/conversations/{id}")).await;
        let listed = if unknown.is_null() { json!([]) } else { unknown };
        assert_eq!(known["decisions"][0]["unknown"], listed, "{id}");
    }
    let skipped = desk.close(json!({"conversation_id": "skip", "ask": false, "characters": null})).await;
    assert_eq!((&skipped["decision"], &skipped["unknown"]), (&json!("skip"), &Value::Null));
}

#[tokio::test]
async fn a_conversation_is_shown_with_all_that_was_told() {
    let desk = Desk::open().await;
    desk.close(json!({"tags": ["refund", "vip"]})).await;
    let known = desk.get("/v1/conversations/8841").await;
    let closing = &known["closings"][0];
    assert_eq!((&closing["url"], &closing["channel"]), (&json!("https://desk.example.com/8841"), &json!("email")));
    assert_eq!(closing["tags"], json!(["refund", "vip"]));
    let grace = json!({"id": "t7", "name": "Grace"});
    assert_eq!((&closing["teammate"], &known["surveys"][0]["teammate"]), (&grace, &grace));
    assert!(known["surveys"][0]["mail"]["due_at"].is_string(), "it waits");
    let mail = desk.the_mail().await;
    let mail_of = async || desk.get("/v1/conversations/8841").await["surveys"][0]["mail"].clone();
    assert_eq!((&mail_of().await["state"], &mail_of().await["due_at"]), (&json!("accepted"), &Value::Null));
    desk.pass(TimeDelta::minutes(10));
    desk.press(&mail.links[4]).await;
    assert_eq!(desk.get("/v1/ratings").await["items"][0]["teammate"], grace, "the same shape");
    desk.close(json!({"conversation_id": "1", "teammate": null, "customers": [{"email": "bob@example.com"}]})).await;
    assert_eq!(desk.get("/v1/conversations/1").await["closings"][0]["teammate"], Value::Null);
}

#[tokio::test]
async fn what_is_stored_and_cannot_be_read_is_no_silent_gap() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    desk.sql("INSERT INTO reopening VALUES ('', '8841', 9223372036854775807)").await;
    assert_eq!(desk.get("/v1/conversations/8841").await.status, 503);
}

/// The faults of a query: each parameter and what was expected.
fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 422, "{}", answer.text);
    let text = |of: &Value, field: &str| of[field].as_str().expect("a text").to_owned();
    let errors = answer["errors"].as_array().expect("errors").iter();
    errors.map(|of| (text(of, "parameter"), text(of, "detail"))).collect()
}

#[tokio::test]
async fn a_wrong_parameter_is_told_with_what_to_do() {
    let desk = Desk::open().await;
    let scores = "expected 1 to 5; for several scores, repeat score=";
    for (path, name, detail) in [
        ("/v1/ratings?score=1,2", "score", scores),
        ("/v1/ratings?score=1&score=six", "score", scores),
        ("/v1/ratings?limit=many", "limit", "expected 1 to 200"),
        ("/v1/ratings?team=a&team=b", "team", "this is there more than once"),
        ("/v1/report?by=day&by=team", "by", "this is there more than once"),
    ] {
        assert_eq!(faults(&desk.get(path).await), [(name.to_owned(), detail.to_owned())], "{path}");
    }
    let wild = desk.put("/v1/suppressions/*@example.org", None).await;
    let [(name, detail)] = &faults(&wild)[..] else { panic!("{}", wild.text) };
    assert!(name == "email" && detail.contains("ask.exclude"), "{detail}");
    assert_eq!(desk.get("/v1/suppressions").await["items"], json!([]));
}

#[tokio::test]
async fn several_scores_are_listed_by_repeating_the_parameter() {
    let desk = Desk::open().await;
    for score in 0..5 {
        let customer = json!([{"email": format!("c{score}@example.com")}]);
        desk.close(json!({"conversation_id": score.to_string(), "customers": customer})).await;
        let mail = desk.the_mail().await;
        desk.pass(TimeDelta::minutes(10));
        assert_eq!(desk.press(&mail.links[score]).await["outcome"], "ok");
    }
    for (query, scores) in [("", vec![5, 4, 3, 2, 1]), ("?score=1&score=2", vec![2, 1]), ("?score=4", vec![4])] {
        let listed = desk.get(&format!("/v1/ratings{query}")).await;
        let listed: Vec<_> =
            listed["items"].as_array().expect("items").iter().map(|row| row["score"].as_i64()).collect();
        assert_eq!(listed, scores.into_iter().map(Some).collect::<Vec<_>>(), "{query}");
    }
}

#[tokio::test]
async fn a_cursor_of_no_time_is_refused() {
    let desk = Desk::open().await;
    for millis in [8_210_266_876_799_999, i64::MAX, i64::MIN, -1, 253_402_300_800_000] {
        let rating = BASE64URL_NOPAD.encode(&[&millis.to_be_bytes()[..], &[7; 16]].concat());
        let suppression = BASE64URL_NOPAD.encode(format!("{millis} 00ff bounced").as_bytes());
        for path in [format!("/v1/ratings?cursor={rating}"), format!("/v1/suppressions?cursor={suppression}")] {
            let expected = ("cursor".to_owned(), "expected the `next` of an earlier answer".to_owned());
            assert_eq!(faults(&desk.get(&path).await), [expected], "{millis}");
        }
    }
}

#[tokio::test]
async fn the_start_page_says_what_this_is() {
    let desk = Desk::with(|config| config.brand.locale = "de".into()).await;
    let page = desk.visit("/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("lang=\"de\"") && page.text.contains("Kundenumfragen"), "{}", page.text);
    assert!(page.text.contains("<title>Support: Kundenumfragen</title>"), "{}", page.text);
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn leaving_again_writes_nothing_and_ratings_do_not_hinder_it() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    let leave = async || {
        let body = Body::from("List-Unsubscribe=One-Click");
        desk.send(Request::post(&mail.unsubscribe).body(body).expect("a request")).await.status
    };
    let loops = join_all((0..100).map(|_| desk.submit(&mail.links[0], &[]))).await;
    assert!(loops.iter().any(|answer| answer.status == 429), "the ratings have met their limit");
    assert_eq!(leave().await, 200);
    let before = desk.everything().await;
    desk.pass(TimeDelta::days(1));
    let mut lock = desk.database().await;
    lock.execute("BEGIN IMMEDIATE").await.expect("nobody else can write now");
    assert_eq!(leave().await, 200);
    lock.execute("ROLLBACK").await.expect("the lock goes");
    assert_eq!(desk.everything().await, before);
    // A loop from one address meets a limit of its own.
    let loops = join_all((0..700).map(|_| leave())).await;
    assert!(loops.starts_with(&[200; 500]) && loops.ends_with(&[429; 50]), "{loops:?}");
}
