//! Following up on unhappy customers: what opens a follow-up, who may do what about one, and what is left after erasing;
//! and the achievements, which show nothing but what went well.

use crate::commands::{run, said};
use crate::desk::{Answer, Desk, Mail, few};
use afterword::survey::access::{Scope, Within};
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;

/// Asks about a conversation of Grace's in Billing, or of Alan's in Sales, ten minutes ago.
async fn asked(desk: &Desk, conversation: &str, teammate: &str) -> Mail {
    let teammate = match teammate {
        "t8" => json!({"id": "t8", "name": "Alan", "team": "Sales"}),
        _ => desk.closing()["teammate"].clone(),
    };
    let customers = json!([{"email": format!("{conversation}@example.org"), "name": "Ada"}]);
    let url = format!("https://desk.example.com/{conversation}");
    let changes = json!({"conversation_id": conversation, "teammate": teammate, "customers": customers, "url": url});
    assert_eq!(desk.close(changes).await.status, 202);
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    mail
}

/// The same, rated with that face. The survey.
async fn rated(desk: &Desk, conversation: &str, teammate: &str, score: usize) -> String {
    let mail = asked(desk, conversation, teammate).await;
    desk.press(&mail.links[score - 1]).await;
    survey(desk, conversation).await
}

async fn survey(desk: &Desk, conversation: &str) -> String {
    let known = desk.get(&format!("/v1/conversations/{conversation}")).await;
    known["surveys"][0]["survey_id"].as_str().expect("a survey").to_owned()
}

/// Picks another face on the page of a link.
async fn picks(desk: &Desk, link: &str, score: &str) -> Answer {
    let page = desk.visit(link).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    desk.submit(link, &[("page", &page), ("score", score)]).await
}

/// The list of a query: the conversations with their states, and who has each.
async fn list(desk: &Desk, query: &str) -> Vec<String> {
    let answer = desk.get(&format!("/v1/follow-ups{query}")).await;
    let row = |row: &Value| {
        let who = row["who"].as_str().map(|who| format!(" by {who}")).unwrap_or_default();
        format!("{} {}{who}", row["conversation_id"].as_str().expect("an id"), row["state"].as_str().expect("a state"))
    };
    answer["items"].as_array().unwrap_or_else(|| panic!("{query}: {}", answer.text)).iter().map(row).collect()
}

async fn follow(desk: &Desk, survey: &str, key: &str, body: Value) -> Answer {
    desk.call(Method::POST, &format!("/v1/follow-ups/{survey}"), Some(key), Some(body)).await
}

async fn by_hand(desk: &Desk, sql: &str) {
    desk.gateway.flush().await.expect("views are written");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut desk.database().await).await.expect(sql);
}

async fn named(desk: &Desk, name: &str, teammate: Option<&str>, team: Option<&str>) -> String {
    let within = Within { teammate: teammate.map(str::to_owned), team: team.map(str::to_owned) };
    desk.gateway.new_key(name, Scope::Read, within).await.expect("a key").key
}

/// Somebody who is signed in to the admin pages.
struct Browser<'d> {
    desk: &'d Desk,
    cookie: String,
}

impl<'d> Browser<'d> {
    async fn with(desk: &'d Desk, key: &str) -> Self {
        let mut browser = Self { desk, cookie: String::new() };
        let answer = browser.posts("/admin/sign-in", &[("key", key)]).await;
        answer.header("set-cookie").split(';').next().expect("a pair").clone_into(&mut browser.cookie);
        browser
    }

    async fn opens(&self, path: &str) -> Answer {
        let request = Request::get(path).header("cookie", &self.cookie);
        self.desk.send(request.body(Body::empty()).expect("a request")).await
    }

    async fn posts(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.posts_from("http://127.0.0.1:8080", path, fields).await
    }

    async fn posts_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = Body::from(serde_urlencoded::to_string(fields).expect("form fields"));
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("cookie", &self.cookie).header("origin", origin);
        self.desk.send(request.body(body).expect("a request")).await
    }
}

/// Whether each text is in a page.
fn shows(page: &Answer, texts: &[&str]) -> Vec<bool> {
    texts.iter().map(|text| page.text.contains(text)).collect()
}

#[tokio::test]
async fn each_terrible_or_bad_rating_is_on_the_list_oldest_first_until_it_is_done() {
    let desk = Desk::open().await;
    for (conversation, score) in [("1", 2), ("2", 3), ("3", 4), ("4", 1), ("5", 5)] {
        rated(&desk, conversation, "t7", score).await;
    }
    assert_eq!(list(&desk, "").await, ["1 open", "4 open"]);
    let one = survey(&desk, "1").await;
    let taken = follow(&desk, &one, &desk.admin, json!({"do": "take"})).await;
    assert_eq!((taken.status, &taken["state"], &taken["who"]), (200, &json!("taken"), &json!("tests")));
    assert_eq!(list(&desk, "").await, ["1 taken by tests", "4 open"]);
    assert_eq!(list(&desk, "?state=open").await, ["4 open"]);
    let done = follow(&desk, &one, &desk.admin, json!({"do": "done", "note": " Called her.\r\nAll is well. "})).await;
    let steps = done["steps"].as_array().expect("steps");
    assert_eq!(steps.iter().map(|step| &step["do"]).collect::<Vec<_>>(), ["take", "done"]);
    assert_eq!((&steps[1]["note"], &steps[1]["who"]), (&json!("Called her.\nAll is well."), &json!("tests")));
    assert_eq!(list(&desk, "").await, ["4 open"]);
    assert_eq!(list(&desk, "?state=done").await, ["1 done by tests"]);
    follow(&desk, &one, &desk.admin, json!({"do": "reopen"})).await;
    assert_eq!(list(&desk, "").await, ["1 open", "4 open"], "it is as old as before");
}

#[tokio::test]
async fn a_change_to_great_takes_an_untouched_follow_up_away_and_no_other() {
    let desk = Desk::open().await;
    let (first, second) = (asked(&desk, "1", "t7").await, asked(&desk, "2", "t7").await);
    for mail in [&first, &second] {
        desk.press(&mail.links[0]).await;
    }
    let two = survey(&desk, "2").await;
    follow(&desk, &two, &desk.admin, json!({"do": "take"})).await;
    desk.pass(TimeDelta::hours(1));
    for mail in [&first, &second] {
        assert_eq!(picks(&desk, &mail.links[0], "4").await["score"], 4);
    }
    assert_eq!(list(&desk, "").await, ["2 taken by tests"]);
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin/follow-up").await;
    assert!(page.text.contains("has changed the rating from terrible to great"), "{}", page.text);
    desk.pass(TimeDelta::hours(1));
    assert_eq!(picks(&desk, &first.links[0], "2").await["score"], 2);
    assert_eq!(list(&desk, "").await, ["2 taken by tests", "1 open"], "it is on the list anew");
}

#[tokio::test]
async fn what_somebody_else_took_meanwhile_is_told_and_nothing_is_changed() {
    let desk = Desk::open().await;
    let survey = rated(&desk, "1", "t7", 1).await;
    let (grace, alan) = (named(&desk, "Grace", None, None).await, named(&desk, "Alan", None, None).await);
    let (hers, his) = (Browser::with(&desk, &grace).await, Browser::with(&desk, &alan).await);
    let path = format!("/admin/follow-up/{survey}");
    let to = "/admin/follow-up?state=open";
    let took = hers.posts(&path, &[("do", "take"), ("seen", "0"), ("to", to)]).await;
    assert_eq!((took.status, took.header("location")), (303, to));
    desk.pass(TimeDelta::minutes(3));
    let before = desk.everything().await;
    let again = hers.posts(&path, &[("do", "take"), ("seen", "0"), ("to", to)]).await;
    assert_eq!(again.status, 303, "she sent the form twice");
    let late = his.posts(&path, &[("do", "done"), ("seen", "0"), ("note", "<b>I called</b>")]).await;
    let texts = ["Nothing was changed: Grace took it 3 minutes ago.", "&#60;b&#62;I called", "Take it over"];
    assert_eq!((late.status, shows(&late, &texts)), (409, vec![true; 3]), "{}", late.text);
    let late = follow(&desk, &survey, &alan, json!({"do": "take"})).await;
    assert_eq!((late.status, &late["code"]), (409, &json!("changed_meanwhile")), "{}", late.text);
    assert!(late["detail"].as_str().expect("a detail").contains("taken by Grace since 2026-11-22T"), "{}", late.text);
    assert_eq!(desk.everything().await, before);
    // He has seen that it is hers.
    assert_eq!(his.posts(&path, &[("do", "take"), ("seen", "1")]).await.status, 303);
    assert_eq!(list(&desk, "").await, ["1 taken by Alan"]);
}

#[tokio::test]
async fn a_note_tells_who_wrote_it_and_a_wrong_one_is_refused() {
    let desk = Desk::open().await;
    let survey = rated(&desk, "1", "t7", 1).await;
    let browser = Browser::with(&desk, &named(&desk, "Grace", None, None).await).await;
    let path = format!("/admin/follow-up/{survey}");
    for _ in 0..2 {
        assert_eq!(browser.posts(&path, &[("do", "note"), ("note", "No <answer>")]).await.status, 303);
    }
    let page = browser.opens(&path).await;
    assert_eq!(page.text.matches("No &#60;answer&#62;").count(), 1, "{}", page.text);
    assert_eq!(shows(&page, &["Grace wrote", "Nobody has it", "desk.example.com/1"]), [true; 3], "{}", page.text);
    assert_eq!(list(&desk, "").await, ["1 open"], "a note takes nothing");
    let before = desk.everything().await;
    let long = "x".repeat(2001);
    for (note, told) in [("", "is empty"), (long.as_str(), "is too long: expected at most 2000 characters")] {
        let refused = browser.posts(&path, &[("do", "note"), ("note", note)]).await;
        assert_eq!((refused.status, shows(&refused, &[told, note])), (422, vec![true, true]), "{}", refused.text);
        let refused = follow(&desk, &survey, &desk.admin, json!({"do": "note", "note": note})).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/note"]));
    }
    let refused = follow(&desk, &survey, &desk.admin, json!({"do": "forget", "who": "me"})).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/do", "/who"]), "{}", refused.text);
    assert_eq!(browser.posts(&path, &[("do", "forget")]).await.status, 422);
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn a_customer_who_speaks_up_again_reopens_what_was_done() {
    let desk = Desk::open().await;
    let mail = asked(&desk, "1", "t7").await;
    desk.press(&mail.links[1]).await;
    let survey = survey(&desk, "1").await;
    let done = json!({"do": "done"});
    follow(&desk, &survey, &desk.admin, done.clone()).await;
    desk.pass(TimeDelta::hours(1));
    assert_eq!(picks(&desk, &mail.links[1], "1").await["score"], 1);
    assert_eq!(list(&desk, "").await, ["1 open"]);
    desk.pass(TimeDelta::hours(1));
    assert_eq!(follow(&desk, &survey, &desk.admin, done.clone()).await["state"], "done");
    desk.comment(&mail.links[0], "Nobody calls me!").await;
    assert_eq!(list(&desk, "").await, ["1 open"]);
    let steps = desk.get("/v1/follow-ups").await["items"][0]["steps"].clone();
    let steps: Vec<_> = steps.as_array().expect("steps").iter().map(|step| (&step["do"], &step["who"])).collect();
    let (done, reopen, me, nobody) = (json!("done"), json!("reopen"), json!("tests"), Value::Null);
    assert_eq!(steps, [(&done, &me), (&reopen, &nobody), (&done, &me), (&reopen, &nobody)]);
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin/follow-up").await;
    assert_eq!(shows(&page, &["The customer spoke up again", "It was reopened"]), [true, true], "{}", page.text);
}

#[tokio::test]
async fn a_doubted_or_voided_rating_is_not_on_the_list_unless_somebody_has_it() {
    let desk = Desk::open().await;
    for conversation in ["1", "2"] {
        rated(&desk, conversation, "t7", 1).await;
    }
    let two = survey(&desk, "2").await;
    follow(&desk, &two, &desk.admin, json!({"do": "take"})).await;
    by_hand(&desk, "UPDATE rating SET voided_from = standing, standing = 'voided'").await;
    assert_eq!(list(&desk, "").await, ["2 taken by tests"]);
    let browser = Browser::with(&desk, &desk.admin).await;
    assert!(browser.opens("/admin/follow-up").await.text.contains("An admin has voided the rating"));
    by_hand(&desk, "UPDATE rating SET standing = voided_from, voided_from = NULL").await;
    assert_eq!(list(&desk, "").await, ["1 open", "2 taken by tests"]);
    by_hand(&desk, "UPDATE rating SET standing = 'held', held_at = rated_at").await;
    assert_eq!(list(&desk, "").await, ["2 taken by tests"]);
    by_hand(&desk, "UPDATE rating SET standing = 'rated', held_at = NULL").await;
    assert_eq!(list(&desk, "").await, ["1 open", "2 taken by tests"]);
}

#[tokio::test]
async fn erasing_takes_the_notes_and_forgets_no_follow_up() {
    let desk = Desk::with(|config| config.retention.identity = Some(TimeDelta::days(60))).await;
    let (one, two) = (rated(&desk, "1", "t7", 1).await, rated(&desk, "2", "t7", 1).await);
    for survey in [&one, &two] {
        follow(&desk, survey, &desk.admin, json!({"do": "take", "note": "Her name is Ada Byron"})).await;
    }
    let export = desk.get("/v1/customers/1@example.org").await;
    let exported = &export["surveys"][0];
    assert_eq!(exported["follow_up_steps"][0]["note"], "Her name is Ada Byron", "{}", export.text);
    assert_eq!(exported["follow_up"]["state"], "taken");
    desk.delete("/v1/customers/1@example.org").await;
    assert_eq!(list(&desk, "").await, ["1 taken by tests", "2 taken by tests"]);
    let notes = "SELECT note FROM follow_up_step ORDER BY at";
    assert_eq!(desk.sql(notes).await.concat(), ["null", "Her name is Ada Byron"]);
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens(&format!("/admin/follow-up/{one}")).await;
    assert_eq!(shows(&page, &["The customer was erased on", "<textarea"]), [true, false], "{}", page.text);
    let refused = follow(&desk, &one, &desk.admin, json!({"do": "done", "note": "Ada again"})).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/note"]), "{}", refused.text);
    assert_eq!(follow(&desk, &one, &desk.admin, json!({"do": "done"})).await.status, 200);

    desk.pass(TimeDelta::days(50));
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens(&format!("/admin/follow-up/{two}")).await;
    assert!(page.text.contains("The customer is erased on 21 Jan 2027"), "{}", page.text);
    desk.pass(TimeDelta::days(11));
    while !desk.gateway.expire().await.expect("the store answers").is_empty() {}
    assert_eq!(desk.sql(notes).await.concat(), ["null", "null", "null"]);
    assert_eq!(list(&desk, "").await, ["2 taken by tests"]);
}

#[tokio::test]
async fn a_limited_key_works_through_its_own_part_only() {
    let desk = Desk::open().await;
    let (hers, his) = (rated(&desk, "1", "t7", 1).await, rated(&desk, "2", "t8", 1).await);
    for (name, teammate, team) in [("Alan", Some("t8"), None), ("Sales", None, Some("Sales"))] {
        let key = named(&desk, name, teammate, team).await;
        let browser = Browser::with(&desk, &key).await;
        let before = desk.everything().await;
        for query in ["", "?state=open", "?teammate=t7", "?team=Billing"] {
            let listed = desk.call(Method::GET, &format!("/v1/follow-ups{query}"), Some(&key), None).await;
            assert!(!listed.text.contains(&hers), "{query}: {}", listed.text);
            let page = browser.opens(&format!("/admin/follow-up{query}")).await;
            let (own, others) = (page.text.contains(&his), page.text.contains("desk.example.com/1"));
            assert_eq!((own, others), (!query.contains("=t7") && !query.contains("=Bi"), false), "{}", page.text);
        }
        for (survey, status) in [(hers.as_str(), 404), ("00000000-0000-7000-8000-000000000000", 404), ("x", 404)] {
            let path = format!("/admin/follow-up/{survey}");
            assert_eq!(browser.opens(&path).await.status, status);
            assert_eq!(browser.posts(&path, &[("do", "take")]).await.status, status);
            let refused = follow(&desk, survey, &key, json!({"do": "take"})).await;
            assert_eq!((refused.status, &refused["code"]), (status, &json!("unknown_survey")));
        }
        assert_eq!(desk.everything().await, before);
        let overview = browser.opens("/admin").await;
        assert!(overview.text.contains(">1 open, the oldest for"), "{}", overview.text);
        assert_eq!(follow(&desk, &his, &key, json!({"do": "take", "seen": 0})).await["who"], name);
        follow(&desk, &his, &key, json!({"do": "done"})).await;
        follow(&desk, &his, &key, json!({"do": "reopen"})).await;
        by_hand(&desk, "DELETE FROM follow_up_step").await;
        assert!(!browser.opens("/admin/achievements?teammate=t7").await.text.contains("Grace"));
    }
    let trigger = desk.key(Scope::Trigger, None, None).await;
    assert_eq!(follow(&desk, &his, &trigger, json!({"do": "take"})).await.status, 403);
    assert_eq!(desk.call(Method::GET, "/v1/follow-ups", Some(&trigger), None).await.status, 403);
}

#[tokio::test]
async fn a_form_of_another_site_or_of_a_stranger_is_refused() {
    let desk = Desk::open().await;
    let survey = rated(&desk, "1", "t7", 1).await;
    let path = format!("/admin/follow-up/{survey}");
    let browser = Browser::with(&desk, &desk.admin).await;
    let before = desk.everything().await;
    assert_eq!(browser.posts_from("https://evil.example", &path, &[("do", "take")]).await.status, 403);
    let stranger = Browser { desk: &desk, cookie: String::new() };
    for answer in [stranger.posts(&path, &[("do", "take")]).await, stranger.opens("/admin/achievements").await] {
        assert_eq!((answer.status, answer.header("location").starts_with("/admin/sign-in")), (303, true));
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn the_list_is_paged_by_age_across_states_and_filtered() {
    let desk = Desk::open().await;
    for conversation in ["1", "2", "3", "4", "5"] {
        let survey = rated(&desk, conversation, if conversation == "3" { "t8" } else { "t7" }, 1).await;
        match conversation {
            "2" | "4" => drop(follow(&desk, &survey, &desk.admin, json!({"do": "take"})).await),
            _ => {}
        }
        desk.pass(TimeDelta::days(1));
    }
    let (mut walked, mut next) = (Vec::new(), String::new());
    loop {
        let page = desk.get(&format!("/v1/follow-ups?limit=2{next}")).await;
        walked.extend(page["items"].as_array().expect("items").iter().map(|row| row["conversation_id"].clone()));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(walked, ["1", "2", "3", "4", "5"]);
    assert_eq!(list(&desk, "?team=Sales").await, ["3 open"]);
    assert_eq!(list(&desk, "?teammate=t7&state=taken").await, ["2 taken by tests", "4 taken by tests"]);
    assert_eq!(list(&desk, "?from=2026-11-23&to=2026-11-24").await, ["2 taken by tests", "3 open"]);
    for conversation in ["1", "5"] {
        follow(&desk, &survey(&desk, conversation).await, &desk.admin, json!({"do": "done"})).await;
    }
    assert_eq!(list(&desk, "?state=done").await, ["5 done by tests", "1 done by tests"], "newest first");
    let wrong = desk.get("/v1/follow-ups?state=lost&limit=0&cursor=x&mine=1").await;
    assert_eq!((wrong.status, wrong.pointers()), (422, vec!["mine", "state", "limit", "cursor"]), "{}", wrong.text);

    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin/follow-up?period=7d&state=open&team=Sales").await;
    let texts = ["1 open, the oldest for 3 days", "desk.example.com/3", "desk.example.com/2", "of any time"];
    assert_eq!(shows(&page, &texts), [true, true, false, true], "{}", page.text);
    for wrong in ["state=lost", "cursor=x", "from=2026-02-30"] {
        assert_eq!(browser.opens(&format!("/admin/follow-up?{wrong}")).await.status, 422, "{wrong}");
    }
    let empty = browser.opens("/admin/follow-up?team=Nobody").await;
    assert_eq!(shows(&empty, &["No follow-ups here", "drop all filters"]), [true, true], "{}", empty.text);
}

#[tokio::test]
async fn the_scores_that_are_followed_up_can_be_changed() {
    let desk = Desk::open().await;
    for (conversation, score) in [("1", 1), ("2", 1), ("3", 3)] {
        rated(&desk, conversation, "t7", score).await;
    }
    let two = survey(&desk, "2").await;
    follow(&desk, &two, &desk.admin, json!({"do": "note", "note": "called"})).await;
    let folder = desk.folder;

    let desk =
        Desk::at(folder, |config| (config.follow_up.scores, config.follow_up.scores_with_comment) = (vec![], vec![]))
            .await;
    assert_eq!(list(&desk, "").await, ["2 open"], "somebody works on it");
    rated(&desk, "4", "t7", 1).await;
    assert_eq!(list(&desk, "").await, ["2 open"]);
    let browser = Browser::with(&desk, &desk.admin).await;
    assert!(browser.opens("/admin/follow-up").await.text.contains("No rating opens a follow-up"));
    let folder = desk.folder;

    let desk = Desk::at(folder, |config| {
        (config.follow_up.scores, config.follow_up.scores_with_comment) = (vec![1], vec![3]);
    })
    .await;
    assert_eq!(list(&desk, "").await, ["2 open"], "it begins with the next rating");
    desk.pass(TimeDelta::hours(1));
    let mail = asked(&desk, "5", "t7").await;
    desk.press(&mail.links[2]).await;
    assert_eq!(list(&desk, "").await, ["2 open"]);
    desk.comment(&mail.links[2], "It was slow.").await;
    assert_eq!(list(&desk, "").await, ["2 open", "5 open"]);
    desk.delete("/v1/customers/5@example.org").await;
    assert_eq!(list(&desk, "").await, ["2 open", "5 open"], "it had a comment");
}

#[tokio::test]
async fn the_command_prints_the_list() {
    let desk = Desk::open().await;
    assert_eq!(said(&run(desk.folder.path(), "follow-ups").stdout), "No follow-ups.\n");
    let mail = asked(&desk, "1", "t7").await;
    desk.comment(&mail.links[0], "=1+1\nNever again.").await;
    let survey = survey(&desk, "1").await;
    follow(&desk, &survey, &desk.admin, json!({"do": "take", "note": "No answer"})).await;
    let table = said(&run(desk.folder.path(), "follow-ups --state taken").stdout);
    for part in [
        "2026-11-22 10:1",
        "taken by tests  1 😠  Grace  https://desk.example.com/1\n    =1+1\n    Never again.\n    - tests: No answer\n",
    ] {
        assert!(table.contains(part), "{table}");
    }
    let csv = said(&run(desk.folder.path(), "follow-ups --format csv").stdout);
    assert!(csv.contains("\"'=1+1\nNever again.\",\"tests: No answer\""), "{csv}");
    let output = run(desk.folder.path(), "follow-ups --format json");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["items"], desk.get("/v1/follow-ups").await["items"], "what the API answers");
}

/// What happens to one of three ratings.
#[derive(Clone, Debug)]
enum Act {
    Stands(&'static str),
    Scores(i64),
    Does(&'static str),
}

fn act() -> impl Strategy<Value = (usize, Act)> {
    let act = prop_oneof![
        prop::sample::select(&["rated", "held", "voided"][..]).prop_map(Act::Stands),
        (1..=5i64).prop_map(Act::Scores),
        prop::sample::select(&["take", "note", "done", "reopen"][..]).prop_map(Act::Does),
    ];
    (0..3usize, act)
}

proptest! {
    #![proptest_config(few(6))]
    #[test]
    fn nobody_is_forgotten_whatever_happens_to_ratings(acts in prop::collection::vec(act(), 1..40)) {
        tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            let desk = Desk::open().await;
            let conversations = ["1", "2", "3"];
            let mut surveys = Vec::new();
            for conversation in conversations {
                surveys.push(rated(&desk, conversation, "t7", 5).await);
            }
            // By conversation: how the rating stands, its score, and the state that somebody has put it in.
            let mut model: BTreeMap<usize, (&str, i64, Option<&str>)> = (0..3).map(|at| (at, ("rated", 5, None))).collect();
            for (at, act) in acts {
                let (standing, score, state) = model[&at];
                let on_list = |standing: &str, score: i64, state: Option<&str>| {
                    state.map_or(standing == "rated" && score <= 2, |state| state != "done")
                };
                let key = surveys[at].replace('-', "");
                model.insert(at, match act {
                    Act::Stands(now) => {
                        let (from, held) = match now {
                            "voided" => ("'rated'", "NULL"),
                            "held" => ("NULL", "1"),
                            _ => ("NULL", "NULL"),
                        };
                        by_hand(&desk, &format!("UPDATE rating SET standing = '{now}', voided_from = {from},
                            held_at = {held} WHERE survey_id = unhex('{key}')")).await;
                        (now, score, state)
                    }
                    Act::Scores(now) => {
                        by_hand(&desk, &format!("UPDATE rating SET score = {now} WHERE survey_id = unhex('{key}')")).await;
                        (standing, now, state)
                    }
                    Act::Does(what) => {
                        let body = json!({"do": what, "note": (what == "note").then_some("called")});
                        let answer = follow(&desk, &surveys[at], &desk.admin, body).await;
                        let known = state.is_some() || on_list(standing, score, state);
                        let now = match (known, state.unwrap_or("open"), what) {
                            (false, ..) => None,
                            (_, state, "note") => Some(state),
                            (_, "open" | "taken", "take") => Some("taken"),
                            (_, "done", "take") | (_, _, "done") => Some("done"),
                            (_, "open", "reopen") if state.is_none() => None,
                            (_, _, _) => Some("open"),
                        };
                        assert_eq!(answer.status == 404, !known, "{what}: {}", answer.text);
                        (standing, score, now)
                    }
                });
                let expected: Vec<_> = model.iter().filter(|(_, (standing, score, state))| on_list(standing, *score, *state))
                    .map(|(at, (.., state))| {
                        let state = state.unwrap_or("open");
                        let who = if state == "open" { "" } else { " by tests" };
                        format!("{} {state}{who}", conversations[*at])
                    }).collect();
                assert_eq!(list(&desk, "").await, expected);
                let counts = desk.gateway.open_follow_ups(&Within::default(), &Within::default()).await.expect("counts");
                let open = expected.iter().filter(|row| row.ends_with("open")).count();
                assert_eq!((counts.open as usize, counts.taken as usize), (open, expected.len() - open));
            }
        });
    }
}

#[tokio::test]
async fn achievements_show_what_went_well_and_nothing_else() {
    let desk = Desk::open().await;
    for (conversation, teammate, score, comment) in [
        ("1", "t7", 5, Some("So <kind>!")),
        ("2", "t7", 4, None),
        ("3", "t7", 5, Some("Quick.")),
        ("4", "t7", 1, Some("Rude!")),
        ("5", "t7", 4, Some("Fine.")),
        ("6", "t8", 2, Some("Slow!")),
    ] {
        let mail = asked(&desk, conversation, teammate).await;
        match comment {
            Some(text) => desk.comment(&mail.links[score - 1], text).await,
            None => desk.press(&mail.links[score - 1]).await,
        };
    }
    let browser = Browser::with(&desk, &desk.admin).await;
    let hers = browser.opens("/admin/achievements?teammate=t7").await;
    let texts = [
        "Achievements of Grace",
        "80.0\u{a0}%",
        "2 of them said",
        "So &#60;kind&#62;!",
        "Quick.",
        "Fine.",
        "from 5 ratings",
    ];
    assert_eq!(shows(&hers, &texts), vec![true; texts.len()], "{}", hers.text);
    let streaks = ["<p class=\"big\">1</p>\n<p>happy customers in a row up to now", "The longest row of this time: 3"];
    assert_eq!(shows(&hers, &streaks), [true, true], "{}", hers.text);
    assert_eq!(shows(&hers, &["Rude", "Slow", "terrible", "😠"]), [false; 4], "{}", hers.text);

    let all = browser.opens("/admin/achievements").await;
    let row = "Grace</a></th><td class=\"number\">4</td><td class=\"number\">2</td><td class=\"number\">1</td>";
    assert_eq!(
        shows(&all, &[row, "Quick.", "Alan", "Rude", "Slow"]),
        [true, true, false, false, false],
        "{}",
        all.text
    );

    by_hand(&desk, "UPDATE rating SET voided_from = standing, standing = 'voided' WHERE comment = 'Quick.'").await;
    desk.delete("/v1/customers/5@example.org").await;
    let hers = browser.opens("/admin/achievements?teammate=t7").await;
    assert_eq!(shows(&hers, &["kind", "Quick.", "Fine."]), [true, false, false], "{}", hers.text);
    assert!(hers.text.contains("The longest row of this time: 2"), "{}", hers.text);

    let alan = Browser::with(&desk, &named(&desk, "Alan", Some("t8"), None).await).await;
    for query in ["", "?teammate=t7", "?team=Billing"] {
        let page = alan.opens(&format!("/admin/achievements{query}")).await;
        assert_eq!(shows(&page, &["No happy customers here yet", "kind", "Grace"]), [true, false, false], "{query}");
    }
    for wrong in ["cursor=x", "from=2026-02-30"] {
        assert_eq!(browser.opens(&format!("/admin/achievements?{wrong}")).await.status, 422, "{wrong}");
    }
}
