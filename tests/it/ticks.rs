//! What customers tick beside a rating: what of it is stored, what locks it, and where the team finds it.

use crate::desk::{Answer, Desk, Mail, few};
use afterword::survey::access::Scope;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

const OFFER: &str = r#"
    [reasons]
    1 = ["unsolved", "slow"]
    2 = ["unsolved", "slow"]
    5 = ["kind"]
    [reasons.en]
    unsolved = "My problem isn't solved"
    slow = "It took too long"
    kind = "Friendly"
    [question]
    key = "solved"
    choices = ["yes", "no"]
    [question.en]
    ask = "Was your problem solved?"
    yes = "Yes"
    no = "No"
    [thanks.5]
    url = "https://example.org/review"
    [thanks.5.en]
    text = "Would you tell others?"
    link = "Write a review"
    [thanks.1.en]
    text = "Our lead reads every comment."
"#;

/// A desk that offers all of it.
async fn desk() -> Desk {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), OFFER).expect("written");
    let (offer, _) = afterword::config::Config::load(Some(file.path()), std::iter::empty()).expect("settings");
    Desk::with(|config| {
        (config.reasons, config.question, config.thanks) = (offer.reasons, offer.question, offer.thanks);
    })
    .await
}

/// A mail to a customer of its own, ten minutes old.
async fn mail(desk: &Desk, id: &str, changes: Value) -> Mail {
    let mut closing = json!({"conversation_id": id, "customers": [{"email": format!("{id}@example.com")}]});
    closing.as_object_mut().expect("fields").extend(changes.as_object().cloned().unwrap_or_default());
    desk.close(closing).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    mail
}

/// Opens a link, reads for ten seconds, and presses with these fields.
async fn press(desk: &Desk, link: &str, fields: &[(&str, &str)]) -> Answer {
    let page = desk.visit(link).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    desk.submit(link, &[&[("page", page.as_str())], fields].concat()).await
}

/// The keys that are ticked of a conversation, and the own answer, as the API tells.
async fn ticked(desk: &Desk, id: &str) -> (Value, Value) {
    let survey = desk.get(&format!("/v1/conversations/{id}")).await["surveys"][0].clone();
    (survey["reasons"].clone(), survey["answer"].clone())
}

#[tokio::test]
async fn ticks_come_with_a_press_follow_the_form_and_are_locked_by_a_comment() {
    let desk = desk().await;
    let mail = mail(&desk, "1", json!({})).await;
    let first = [("reason", ""), ("reason", "slow"), ("reason", "unsolved"), ("answer", "solved.no")];
    assert_eq!(press(&desk, &mail.links[0], &first).await["outcome"], "ok");
    assert_eq!(ticked(&desk, "1").await, (json!(["slow", "unsolved"]), json!({"question": "solved", "choice": "no"})));

    // Another press says what is ticked now. One without boxes says nothing about them.
    press(&desk, &mail.links[0], &[]).await;
    assert_eq!(ticked(&desk, "1").await.0, json!(["slow", "unsolved"]));
    press(&desk, &mail.links[0], &[("reason", ""), ("reason", "unsolved")]).await;
    assert_eq!(ticked(&desk, "1").await, (json!(["unsolved"]), Value::Null));

    // A comment takes its ticks with it, and then neither changes.
    press(&desk, &mail.links[0], &[("reason", ""), ("reason", "slow"), ("comment", "Two weeks.")]).await;
    let late = press(&desk, &mail.links[0], &[("reason", ""), ("reason", "unsolved")]).await;
    assert_eq!((late.status, &late["outcome"]), (409, &json!("locked")));
    assert_eq!(ticked(&desk, "1").await.0, json!(["slow"]));

    // The database holds the same lock against other programs.
    for sql in [
        "DELETE FROM answer",
        "INSERT INTO answer SELECT survey_id, 'reasons', 'x' FROM answer",
        "UPDATE answer SET choice = 'x'",
    ] {
        let refused = sqlx::query(sql).execute(&mut desk.database().await).await.expect_err(sql);
        assert!(refused.to_string().contains("locked") || refused.to_string().contains("replaced"), "{refused}");
    }
}

#[tokio::test]
async fn ticks_explain_one_score() {
    let desk = desk().await;
    let mail = mail(&desk, "1", json!({})).await;
    press(&desk, &mail.links[0], &[("reason", "slow"), ("answer", "solved.no")]).await;
    // The boxes of the old face are out of sight, and may still be ticked in the form.
    press(&desk, &mail.links[0], &[("score", "5"), ("reason", "slow"), ("reason", "kind"), ("answer", "solved.yes")])
        .await;
    assert_eq!(ticked(&desk, "1").await, (json!(["kind"]), json!({"question": "solved", "choice": "yes"})));
    // Three faces within a minute look like a machine's.
    desk.pass(TimeDelta::minutes(2));
    press(&desk, &mail.links[4], &[("score", "4")]).await;
    assert_eq!(ticked(&desk, "1").await, (json!([]), Value::Null));
}

#[tokio::test]
async fn a_choice_that_is_gone_costs_nobody_a_comment() {
    let desk = desk().await;
    let mail = mail(&desk, "1", json!({})).await;
    let fields =
        [("reason", "gone"), ("reason", "slow"), ("answer", "other.yes"), ("answer", "?"), ("comment", "Why?")];
    assert_eq!(press(&desk, &mail.links[0], &fields).await["standing"], "locked");
    assert_eq!(ticked(&desk, "1").await, (json!(["slow"]), Value::Null));
}

#[tokio::test]
async fn a_refused_press_stores_no_tick_and_neither_does_a_script() {
    let desk = desk().await;
    let mail = mail(&desk, "1", json!({})).await;
    let page = desk.visit(&mail.links[0]).await.page_token();
    let early = desk.submit(&mail.links[0], &[("page", &page), ("reason", "slow")]).await;
    assert_eq!(early["outcome"], "ask");
    assert_eq!(ticked(&desk, "1").await.0, json!([]));
    desk.pass(TimeDelta::seconds(3));
    let seen = desk.submit(&mail.links[0], &[("page", &page), ("how", "seen"), ("reason", "slow")]).await;
    assert_eq!(seen["outcome"], "ok");
    assert_eq!(ticked(&desk, "1").await.0, json!([]));
}

#[tokio::test]
async fn the_team_reads_them_in_ratings_reports_and_views() {
    let desk = desk().await;
    let linus = json!({"teammate": {"id": "t8", "name": "Linus", "team": "Sales"}});
    for (id, changes, fields) in [
        ("1", json!({}), vec![("reason", "slow"), ("reason", "unsolved"), ("answer", "solved.no")]),
        ("2", json!({}), vec![("reason", "slow")]),
        ("3", linus, vec![("reason", "slow"), ("answer", "solved.yes")]),
        ("4", json!({}), vec![]),
    ] {
        let mail = mail(&desk, id, changes).await;
        press(&desk, &mail.links[0], &fields).await;
    }
    let ratings = desk.get("/v1/ratings").await;
    let of: Vec<_> =
        ratings["items"].as_array().expect("rows").iter().map(|row| (&row["reasons"], &row["answer"])).collect();
    assert_eq!(of[0], (&json!([]), &Value::Null));
    assert_eq!(of[3], (&json!(["slow", "unsolved"]), &json!({"question": "solved", "choice": "no"})));

    let report = desk.get("/v1/report").await;
    let counts = |row: &Value| (row["reasons"].clone(), row["answers"].clone());
    assert_eq!(counts(&report["rows"][0]), (json!({"slow": 2, "unsolved": 1}), json!({"solved": {"no": 1}})));
    assert_eq!(counts(&report["rows"][1]), (json!({"slow": 1}), json!({"solved": {"yes": 1}})));
    assert_eq!(counts(&report["total"]).0, json!({"slow": 3, "unsolved": 1}));
    assert_eq!(desk.get("/v1/report?by=team").await["rows"][1]["reasons"], json!({"slow": 1}));
    let days = desk.get("/v1/report?by=day").await;
    let today = days["rows"].as_array().expect("rows").last().expect("today");
    assert_eq!(today["reasons"], json!({"slow": 3, "unsolved": 1}));
    // A key for a part of the team sees the ticks of that part.
    let key = desk.key(Scope::Read, Some("t8"), None).await;
    let part = desk.call(axum::http::Method::GET, "/v1/report", Some(&key), None).await;
    assert_eq!(part["total"]["reasons"], json!({"slow": 1}));

    let sql =
        "SELECT question, reason, teammate, team, day, count(*) FROM report_reasons GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    assert_eq!(desk.sql(sql).await[0], ["reasons", "slow", "Grace", "Billing", "2026-11-22", "2"]);
    let sql = "SELECT reasons, question, answer FROM report_ratings ORDER BY conversation_id";
    let rows = desk.sql(sql).await;
    assert_eq!(rows[0], ["[\"slow\",\"unsolved\"]", "solved", "no"]);
    assert_eq!(rows[3], ["null", "null", "null"]);
}

#[tokio::test]
async fn what_does_not_count_has_no_ticks_in_a_report() {
    let desk = desk().await;
    let mail = mail(&desk, "1", json!({})).await;
    press(&desk, &mail.links[0], &[("reason", "slow")]).await;
    let void = "UPDATE rating SET voided_from = standing, standing = 'voided'";
    sqlx::query(void).execute(&mut desk.database().await).await.expect("voided");
    assert_eq!(desk.get("/v1/report").await["total"]["reasons"], json!({}));
    let late = press(&desk, &mail.links[0], &[("reason", "unsolved")]).await;
    assert_eq!(late["outcome"], "closed");
    let lift = "UPDATE rating SET standing = voided_from, voided_from = NULL";
    sqlx::query(lift).execute(&mut desk.database().await).await.expect("lifted");
    assert_eq!(desk.get("/v1/report").await["total"]["reasons"], json!({"slow": 1}));
}

#[tokio::test]
async fn ticks_are_exported_and_stay_as_counts_when_a_customer_is_erased() {
    let desk = desk().await;
    let mail = mail(&desk, "1", json!({})).await;
    press(&desk, &mail.links[0], &[("reason", "slow"), ("comment", "Two weeks.")]).await;
    let export = desk.get("/v1/customers/1@example.com").await;
    assert_eq!(export["surveys"][0]["answers"], json!([{"question": "reasons", "choice": "slow"}]));
    desk.delete("/v1/customers/1@example.com").await;
    assert_eq!(desk.get("/v1/report").await["total"]["reasons"], json!({"slow": 1}));
}

/// Posts as a browser without script does, and returns the page.
async fn page(desk: &Desk, link: &str, fields: &[(&str, &str)]) -> String {
    let request = Request::post(link).header("content-type", "application/x-www-form-urlencoded");
    let form = serde_urlencoded::to_string(fields).expect("form fields");
    desk.send(request.body(Body::from(form)).expect("a request")).await.text
}

#[tokio::test]
async fn the_page_offers_what_fits_the_score_once_a_rating_is_saved() {
    let desk = desk().await;
    let mail = mail(&desk, "1", json!({})).await;
    let link = &mail.links[0];
    let opened = desk.visit(link).await;
    let before = opened.text.split("<template").next().expect("a page").to_owned();
    assert!(!before.contains("type=\"checkbox\""), "nothing is offered before a rating is saved: {before}");
    assert!(opened.text.contains("<div data-to=\"after\">"), "the script shows it: {}", opened.text);
    desk.pass(TimeDelta::seconds(10));
    let token = opened.page_token();
    let saved = page(&desk, link, &[("page", &token)]).await;
    let unticked = "<input type=\"checkbox\" name=\"reason\" value=\"slow\">";
    let slow = format!("<label class=\"for s1 s2\">{unticked} It took too long</label>");
    let kind =
        "<label class=\"for s5\" hidden><input type=\"checkbox\" name=\"reason\" value=\"kind\"> Friendly</label>";
    for part in [&slow, kind, "value=\"solved.no\"", "Our lead reads every comment.", "name=\"reason\" value=\"\""] {
        assert!(saved.contains(part), "{part}: {saved}");
    }
    assert!(!saved.contains("example.org"), "the link is for another score");

    // The page shows the ticks, also when the link is opened again.
    desk.pass(TimeDelta::seconds(10));
    let ticks = [("reason", ""), ("reason", "slow"), ("answer", "solved.no")];
    let ticked = page(&desk, link, &[&[("page", token.as_str())], &ticks[..]].concat()).await;
    for shown in [ticked, desk.visit(link).await.text] {
        assert!(shown.contains("value=\"slow\" checked"), "{shown}");
        assert!(shown.contains("value=\"solved.no\" checked"), "{shown}");
    }

    // A refused press keeps its ticks in the form.
    let stale = page(&desk, link, &[("page", "old"), ("reason", ""), ("reason", "unsolved")]).await;
    assert!(stale.contains("value=\"unsolved\" checked") && !stale.contains("value=\"slow\" checked"), "{stale}");
}

#[tokio::test]
async fn the_link_of_a_score_is_the_operators_own_and_stays_after_a_comment() {
    let desk = desk().await;
    let mail = mail(&desk, "1", json!({})).await;
    let token = desk.visit(&mail.links[4]).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    let link = "<a href=\"https://example.org/review\" rel=\"noopener noreferrer\">Write a review</a>";
    for fields in [vec![("page", token.as_str())], vec![("page", token.as_str()), ("comment", "Great.")]] {
        let page = page(&desk, &mail.links[4], &fields).await;
        assert!(page.contains(link), "{page}");
        assert_eq!(page.contains("type=\"checkbox\""), fields.len() == 1, "a comment locks what is ticked: {page}");
    }
}

#[tokio::test]
async fn without_settings_the_page_has_no_trace_of_it() {
    let desk = Desk::open().await;
    let mail = mail(&desk, "1", json!({})).await;
    let token = desk.visit(&mail.links[0]).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    let saved = page(&desk, &mail.links[0], &[("page", &token)]).await;
    assert!(!saved.contains("reason") && !saved.contains("id=\"after\""), "{saved}");
}

/// What a visitor may do: which link, how long later, which form.
type Step = (usize, u16, usize, Option<usize>, bool);

#[test]
fn no_tick_changes_which_clicks_count() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let step = (0..5_usize, 0..40_u16, 0..4_usize, prop::option::of(0..5_usize), any::<bool>());
    proptest!(few(16), |(steps in prop::collection::vec(step, 1..12))| {
        let play = async |ticks: bool| {
            let desk = desk().await;
            desk.close(json!({})).await;
            let links = desk.the_mail().await.links;
            let mut told = Vec::new();
            for step in &steps {
                told.push(take(&desk, &links, step, ticks).await);
            }
            let survey = desk.get("/v1/conversations/8841").await["surveys"][0].clone();
            (told, survey["standing"].clone(), survey["score"].clone(), survey["history"].clone())
        };
        let (with, without) = runtime.block_on(async { (play(true).await, play(false).await) });
        assert_eq!(with, without);
    });
}

async fn take(desk: &Desk, links: &[String], step: &Step, ticks: bool) -> (Value, Value, Value) {
    let (link, seconds, how, picked, comment) = step;
    let page = desk.visit(&links[*link]).await.page_token();
    desk.pass(TimeDelta::milliseconds(i64::from(*seconds) * 250));
    let picked = picked.map(|score| (score + 1).to_string());
    let mut fields = vec![("page", page.as_str()), ("how", ["seen", "touched", "pressed", "pressed"][*how])];
    fields.extend(picked.iter().map(|score| ("score", score.as_str())));
    if *comment && *how == 3 {
        fields.push(("comment", "Well."));
    }
    if ticks {
        fields.extend([("reason", ""), ("reason", "slow"), ("reason", "kind"), ("answer", "solved.yes")]);
    }
    let answer = desk.submit(&links[*link], &fields).await;
    (answer["outcome"].clone(), answer["standing"].clone(), answer["mode"].clone())
}
