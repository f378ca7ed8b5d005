//! The story of a conversation: for programs by the API, for people by `afterword why`.

use crate::desk::{Answer, BROWSER, Desk, stamp};
use crate::process;
use afterword::mail::transport::Memory;
use afterword::survey::access::{Scope, Within};
use afterword::survey::closing::{Closing, Conversation};
use afterword::survey::outbound::Attempt;
use afterword::survey::policy::AskAgain;
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::process::Output;

const PHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148";

async fn visit_as(desk: &Desk, agent: &str, link: &str) -> Answer {
    let request = Request::get(link).header("user-agent", agent);
    desk.send(request.body(Body::empty()).expect("a request")).await
}

/// Looks for half a second at a page that asks for no more.
async fn look(desk: &Desk, agent: &str, link: &str) -> Answer {
    let page = visit_as(desk, agent, link).await.page_token();
    desk.pass(TimeDelta::milliseconds(700));
    desk.submit(link, &[("page", &page), ("how", "seen")]).await
}

async fn known(desk: &Desk, id: &str) -> Answer {
    desk.gateway.flush().await.expect("views are written");
    desk.get(&format!("/v1/conversations/{id}")).await
}

fn texts(story: &Value) -> Vec<&str> {
    story.as_array().expect("a story").iter().map(|line| line["text"].as_str().expect("a text")).collect()
}

fn temporary(memory: &Memory) {
    memory.answer_next([Attempt::Temporary("451 ada@example.com: try later".into())]);
}

/// A conversation with a bit of everything.
async fn lived(desk: &Desk) {
    desk.close(json!({"characters": 3})).await;
    desk.pass(TimeDelta::minutes(1));
    temporary(&desk.memory);
    desk.close(json!({})).await;
    desk.deliver().await;
    desk.pass(TimeDelta::minutes(2));
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::seconds(2));
    for link in &mail.links {
        desk.visit(link).await;
        desk.pass(TimeDelta::milliseconds(100));
    }
    desk.pass(TimeDelta::minutes(10));
    look(desk, PHONE, &mail.links[3]).await;
    desk.pass(TimeDelta::seconds(10));
    look(desk, PHONE, &mail.links[0]).await;
    desk.pass(TimeDelta::minutes(6));
    desk.comment(&mail.links[3], "a secret").await;
    desk.pass(TimeDelta::minutes(1));
    desk.submit(&mail.unsubscribe, &[]).await;
}

#[tokio::test]
async fn the_api_tells_what_each_click_made_of_the_rating() {
    let desk = Desk::open().await;
    lived(&desk).await;
    let known = known(&desk, "8841").await;
    assert_eq!(
        texts(&known["story"]),
        [
            "the conversation was closed",
            "nobody is asked (too_short): 3 characters were written: asking takes more than 250",
            "the conversation was closed",
            "decided to ask",
            "the mail server accepted the mail at the 2nd attempt",
            "a mail scanner opened all five links within 0.4 s: nothing counted",
            "😀 great was opened on a phone: nothing counted",
            "😀 great was looked at for half a second: counted",
            "😠 terrible was opened on a phone",
            "the rating of 😀 great is in doubt (held): two faces were opened within a minute",
            "😠 terrible was looked at for half a second: not counted, because several faces were answered within a minute: \
        the page asked for a press",
            "😀 great was opened: 😀 great stays in doubt",
            "a comment came with 😀 great: counted, and locked",
            "the customer opted out of surveys by the link in a mail",
        ]
    );
    let survey = &known["surveys"][0];
    assert_eq!(texts(&survey["story"]), texts(&known["story"])[4..]);
    let views = survey["views"].as_array().expect("views");
    assert_eq!(views.len(), 8);
    assert_eq!(
        (&views[5]["score"], &views[5]["phone"], &views[5]["machine"]),
        (&json!(4), &json!(true), &json!(false))
    );
    let tries = survey["tries"].as_array().expect("tries");
    let fates: Vec<_> = tries.iter().map(|tried| (&tried["score"], &tried["how"], &tried["fate"])).collect();
    assert_eq!(
        fates,
        [(&json!(4), &json!("seen"), &json!("counted")), (&json!(1), &json!("seen"), &json!("other_face")),]
    );
    let (hold, history) = (&survey["holds"][0], &survey["history"]);
    assert_eq!((&hold["from"], &hold["until"], &hold["score"]), (&history[1]["at"], &history[2]["at"], &json!(4)));
    for private in ["secret", "example.com\"", "/r/"] {
        assert!(!known["story"].to_string().contains(private), "{private}");
    }
}

#[tokio::test]
async fn a_limited_key_is_told_its_part_only_and_no_opt_out() {
    let desk = Desk::asking(|policy| policy.ask_again = AskAgain::EachClosing).await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    look(&desk, PHONE, &mail.links[4]).await;
    desk.pass(TimeDelta::days(1));
    desk.close(json!({"teammate": {"id": "t9", "name": "Bob"}})).await;
    desk.the_mail().await;
    desk.submit(&mail.unsubscribe, &[]).await;
    desk.gateway.flush().await.expect("views are written");
    let whole = desk.get("/v1/conversations/8841").await;
    assert_eq!(
        texts(&whole["story"]),
        [
            "the conversation was closed",
            "decided to ask",
            "survey 1: the mail server accepted the mail",
            "survey 1: 🤩 amazing was opened on a phone: nothing counted",
            "survey 1: 🤩 amazing was looked at for half a second: counted",
            "the conversation was closed",
            "decided to ask",
            "survey 2: the mail server accepted the mail",
            "survey 2: the customer opted out of surveys by the link in a mail",
        ]
    );
    let bobs = desk.key(Scope::Read, Some("t9"), None).await;
    let part = desk.call(Method::GET, "/v1/conversations/8841", Some(&bobs), None).await;
    assert_eq!(
        texts(&part["story"]),
        ["the conversation was closed", "decided to ask", "the mail server accepted the mail",]
    );
    let nobodys = desk.key(Scope::Read, Some("t1"), None).await;
    let none = desk.call(Method::GET, "/v1/conversations/8841", Some(&nobodys), None).await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn an_erased_survey_tells_its_times_and_nothing_personal() {
    let desk = Desk::open().await;
    lived(&desk).await;
    desk.pass(TimeDelta::hours(1));
    desk.delete("/v1/customers/ada@example.com").await;
    let known = known(&desk, "8841").await;
    let survey = &known["surveys"][0];
    assert_eq!((&survey["views"], &survey["tries"]), (&json!([]), &json!([])));
    assert_eq!(
        texts(&survey["story"]),
        [
            "the mail server accepted the mail at the 2nd attempt",
            "😀 great was counted (seen)",
            "the rating of 😀 great is in doubt (held)",
            "a comment came with 😀 great: counted, and locked",
            "the customer's data was erased, and with it the visits and the comment",
        ]
    );
    assert_eq!(survey["story"][4]["at"], stamp(desk.clock.now()));
}

/// Runs the command in the folder of a desk, on its database.
fn run(desk: &Desk, arguments: &[&str]) -> Output {
    process::afterword(desk.folder.path(), arguments).env_clear().output().expect("the program runs")
}

fn printed(desk: &Desk, arguments: &[&str]) -> String {
    let done = run(desk, arguments);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[tokio::test]
async fn why_prints_the_story_in_local_time() {
    let desk = Desk::open().await;
    lived(&desk).await;
    desk.gateway.flush().await.expect("views are written");
    std::fs::write(desk.folder.path().join("afterword.toml"), "[report]\ntimezone = \"Europe/Berlin\"\n")
        .expect("a file");
    let id = desk.sql("SELECT id FROM survey").await[0][0].clone();
    let told = printed(&desk, &["why", "8841"]).replace(&id, "ID");
    insta::assert_snapshot!(told, @"
    Conversation 8841, times of Europe/Berlin

    2026-11-22 11:00:00  the conversation was closed
    2026-11-22 11:00:00  nobody is asked (too_short): 3 characters were written: asking takes more than 250
    2026-11-22 11:01:00  the conversation was closed
    2026-11-22 11:01:00  decided to ask
    2026-11-22 11:03:00  the mail server accepted the mail at the 2nd attempt
    2026-11-22 11:03:02  a mail scanner opened all five links within 0.4 s: nothing counted
    2026-11-22 11:13:02  😀 great was opened on a phone: nothing counted
    2026-11-22 11:13:03  😀 great was looked at for half a second: counted
    2026-11-22 11:13:13  😠 terrible was opened on a phone
    2026-11-22 11:13:13  the rating of 😀 great is in doubt (held): two faces were opened within a minute
    2026-11-22 11:13:13  😠 terrible was looked at for half a second: not counted, because several faces were answered within a minute: the page asked for a press
    2026-11-22 11:19:13  😀 great was opened: 😀 great stays in doubt
    2026-11-22 11:19:23  a comment came with 😀 great: counted, and locked
    2026-11-22 11:20:23  the customer opted out of surveys by the link in a mail

    Survey ID: its mail was sent; 😀 great counts, locked by a comment
    ");
    let json: Value = serde_json::from_str(&printed(&desk, &["why", "8841", "--format", "json"])).expect("JSON");
    assert_eq!(json, desk.get("/v1/conversations/8841").await.json);
}

#[tokio::test]
async fn why_says_what_a_waiting_mail_waits_for() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    temporary(&desk.memory);
    desk.deliver().await;
    desk.gateway.pause_mail("moving").await.expect("paused");
    let id = desk.sql("SELECT id FROM survey").await[0][0].clone();
    let due =
        desk.sql("SELECT strftime('%Y-%m-%d %H:%M:%S', due_at / 1000, 'unixepoch') FROM outbox").await[0][0].clone();
    let told = printed(&desk, &["why", "8841"]).replace(&id, "ID").replace(&due, "DUE");
    insta::assert_snapshot!(told, @"
    Conversation 8841, times of UTC

    2026-11-22 10:00:00  the conversation was closed
    2026-11-22 10:00:00  decided to ask
    DUE  the mail is due for its 2nd attempt; the last answer: 451 <address> try later

    Survey ID: its mail waits until DUE; nobody rated

    Sending is paused since 2026-11-22T10:00:00Z (moving): see `afterword mail resume`.
    ");
}

#[tokio::test]
async fn why_says_of_an_unknown_conversation_how_to_find_it() {
    let desk = Desk::open().await;
    let mut closing: Closing = serde_json::from_value(desk.closing()).expect("a closing");
    closing.connection = "zammad".to_owned();
    desk.gateway.close(closing, false).await.expect("taken");
    let complaint = |arguments: &[&str]| {
        let done = run(&desk, arguments);
        assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0));
        String::from_utf8(done.stderr).expect("UTF-8")
    };
    assert_eq!(
        complaint(&["why", "8841"]),
        "afterword: no closing or reopening of the conversation 8841 was reported: try --connection zammad\n"
    );
    assert_eq!(
        complaint(&["why", "17", "--connection", "zammad"]),
        "afterword: no closing or reopening of the conversation 17 was reported by the connection zammad: use the id that \
        the helpdesk sends as conversation_id; what is old enough was deleted\n"
    );
    assert!(printed(&desk, &["why", "8841", "--connection", "zammad"]).contains("decided to ask"));
    desk.close(json!({"conversation_id": "3"})).await;
    assert!(complaint(&["why", "3", "--connection", "zammad"]).ends_with(": leave out --connection\n"));
    assert!(desk.gateway.conversation(&Conversation::default(), &Within::default()).await.expect("read").is_unknown());
}

#[tokio::test]
async fn the_words_for_the_faces_are_those_of_the_english_texts() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    for link in &mail.links {
        visit_as(&desk, BROWSER, link).await;
        desk.pass(TimeDelta::minutes(2));
    }
    let known = known(&desk, "8841").await;
    let words: Vec<_> = texts(&known["story"]).into_iter().filter_map(|text| text.split_once(" was opened")).collect();
    assert_eq!(words.len(), 5);
    for (face, _) in words {
        let (_, word) = face.split_once(' ').expect("a face and its word");
        assert!(mail.text.contains(word), "{word}");
    }
}
