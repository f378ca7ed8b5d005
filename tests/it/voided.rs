//! Surveys that an admin takes out of every count by SQL, and brings back.

use crate::desk::{Answer, Desk, Mail};
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::AssertSqlSafe;

const VOID: &str = "UPDATE rating SET standing = 'voided', voided_from = standing";
const LIFT: &str = "UPDATE rating SET standing = voided_from, voided_from = NULL";
const ROW: &str = "SELECT standing, score, evidence, rated_at, page, page_issued, held_at, comment FROM rating";

async fn by_hand(desk: &Desk, sql: &str) -> Result<u64, String> {
    let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut desk.database().await).await;
    done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

async fn asked(desk: &Desk) -> Mail {
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    mail
}

/// A desk with one survey that stands as the word says.
async fn standing(word: &str) -> (Desk, Mail) {
    let desk = Desk::asking(|policy| policy.rate_within_hours = Some(72)).await;
    let mail = asked(&desk).await;
    match word {
        "unrated" => drop(desk.visit(&mail.links[4]).await),
        "rated" => drop(desk.press(&mail.links[4]).await),
        "held" => {
            let page = desk.visit(&mail.links[4]).await.page_token();
            desk.pass(TimeDelta::seconds(2));
            desk.submit(&mail.links[4], &[("page", &page), ("how", "seen")]).await;
            for link in &mail.links {
                desk.visit(link).await;
            }
        }
        _ => drop(desk.comment(&mail.links[4], "kind").await),
    }
    desk.pass(TimeDelta::minutes(30));
    assert_eq!(desk.sql("SELECT standing FROM rating").await, [[word]]);
    (desk, mail)
}

/// The page after a press without script.
async fn pressed(desk: &Desk, link: &str, page: &str) -> Answer {
    let form = serde_urlencoded::to_string([("page", page), ("score", "1"), ("comment", "no!")]).expect("a form");
    let request = Request::post(link).header("content-type", "application/x-www-form-urlencoded");
    desk.send(request.body(Body::from(form)).expect("a request")).await
}

#[tokio::test]
async fn a_voided_survey_takes_nothing_and_counts_nowhere_until_it_is_lifted() {
    for word in ["unrated", "rated", "held", "locked"] {
        let (desk, mail) = standing(word).await;
        // A page from before is in the customer's hands.
        let page = desk.visit(&mail.links[3]).await.page_token();
        desk.pass(TimeDelta::minutes(10));
        let views = "/v1/report?by=teammate /v1/report?by=team /v1/report?by=day /v1/ratings".split(' ');
        let mut before = Vec::new();
        for path in views.clone() {
            before.push(desk.get(path).await.json);
        }
        let row = desk.sql(ROW).await;
        assert_eq!(by_hand(&desk, VOID).await, Ok(1), "{word}");

        let shown = desk.visit(&mail.links[3]).await;
        assert!(shown.status == 200 && shown.text.contains("This survey is no longer open"), "{word}");
        assert!(!shown.text.contains("name=\"score\"") && !shown.text.contains("<button"), "{word} is read only");
        assert!(!shown.text.contains("voided") && !shown.text.contains("were open until"), "{word}: {}", shown.text);
        desk.pass(TimeDelta::seconds(10));
        desk.gateway.flush().await.expect("views are written");
        let stored = desk.everything().await;
        for fields in [
            &[("page", page.as_str())][..],
            &[("page", &page), ("how", "seen")],
            &[("page", &page), ("score", "1")],
            &[("page", &page), ("comment", "no!")],
            &[("page", &shown.page_token()), ("comment", "no!")],
            &[("page", "forged"), ("comment", "no!")],
        ] {
            let answer = desk.submit(&mail.links[3], fields).await;
            assert_eq!((answer.status, &answer["outcome"], &answer["mode"]), (200, &json!("closed"), &json!("closed")));
            assert_eq!((&answer["standing"], &answer["score"]), (&json!("voided"), &serde_json::Value::Null), "{word}");
        }
        let answer = pressed(&desk, &mail.links[3], &page).await;
        assert!(answer.status == 200 && answer.text.contains("no!</textarea>"), "no text is lost: {}", answer.text);
        assert_eq!(desk.everything().await, stored, "{word}");

        for by in ["teammate", "team", "day"] {
            let report = desk.get(&format!("/v1/report?by={by}")).await;
            for figure in ["asked", "answered", "ratings", "held", "unconfirmed", "waiting", "failed"] {
                assert_eq!(report["total"][figure], 0, "{word} {by} {figure}");
            }
        }
        assert_eq!(desk.get("/v1/ratings").await["items"], json!([]));
        assert_eq!(desk.get("/v1/conversations/8841").await["surveys"][0]["standing"], "voided");

        assert_eq!(by_hand(&desk, LIFT).await, Ok(1), "{word}");
        assert_eq!(desk.sql(ROW).await, row, "{word}");
        for (path, before) in views.zip(before) {
            assert_eq!(desk.get(path).await.json, before, "{word} {path}");
        }
    }
}

#[tokio::test]
async fn a_post_without_a_view_leaves_no_trace_at_a_voided_survey() {
    let desk = Desk::open().await;
    let mail = asked(&desk).await;
    by_hand(&desk, VOID).await.expect("voided");
    let before = desk.everything().await;
    assert_eq!(desk.submit(&mail.links[0], &[("comment", "no!")]).await["outcome"], "closed");
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn a_lifted_rating_goes_on_as_before() {
    let (desk, mail) = standing("rated").await;
    by_hand(&desk, VOID).await.expect("voided");
    by_hand(&desk, LIFT).await.expect("lifted");
    assert_eq!(desk.comment(&mail.links[4], "kind").await["standing"], "locked");
}

#[tokio::test]
async fn a_locked_rating_can_be_voided_and_lifted_but_not_changed() {
    let (desk, _) = standing("locked").await;
    let changes = ["score = 1", "comment = 'cruel'", "standing = 'rated', voided_from = NULL"];
    for _ in 0..2 {
        by_hand(&desk, VOID).await.expect("voided");
        for change in changes.into_iter().chain(["voided_from = 'rated'", "voided_from = 'unrated', score = NULL"]) {
            let refused = by_hand(&desk, &format!("UPDATE rating SET {change}")).await.expect_err(change);
            assert!(refused.contains("locked"), "{change}: {refused}");
        }
        by_hand(&desk, LIFT).await.expect("lifted");
        for change in changes {
            assert!(by_hand(&desk, &format!("UPDATE rating SET {change}")).await.is_err(), "{change}");
        }
        let smuggled = "UPDATE rating SET standing = 'voided', voided_from = standing, score = 1";
        assert!(by_hand(&desk, smuggled).await.is_err());
    }
}
