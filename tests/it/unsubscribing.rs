//! Unsubscribing, and taking it back: only a customer does either, and only with a button.

use crate::desk::{Answer, Desk, Mail};
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use serde_json::json;

async fn asked(desk: &Desk) -> Mail {
    desk.close(json!({})).await;
    desk.the_mail().await
}

/// Posts a form to the link, as a browser does.
async fn post(desk: &Desk, link: &str, body: String) -> Answer {
    let request = Request::post(link).header("content-type", "application/x-www-form-urlencoded");
    desk.send(request.body(Body::from(body)).expect("a request")).await
}

/// The token in the form that takes it back; `None` if the page offers no such thing.
fn undo(page: &Answer) -> Option<String> {
    let (_, rest) = page.text.split_once("name=\"undo\" value=\"")?;
    Some(rest.split_once('"').expect("a quoted value").0.to_owned())
}

/// Why the customer is not asked.
async fn rules(desk: &Desk) -> Vec<String> {
    let answer = desk.dry_run(json!({"conversation_id": "2"})).await;
    if answer["decision"] == "ask" { Vec::new() } else { answer.rules().into_iter().map(str::to_owned).collect() }
}

#[tokio::test]
async fn a_customer_who_unsubscribed_by_mistake_takes_it_back() {
    let desk = Desk::open().await;
    let mail = asked(&desk).await;
    let question = desk.visit(&mail.unsubscribe).await;
    assert!(question.text.contains("You’ll still get replies from support.") && undo(&question).is_none());
    let left = post(&desk, &mail.unsubscribe, String::new()).await;
    assert!(left.text.contains("No more surveys"), "{}", left.text);
    assert_eq!(rules(&desk).await, ["opted_out"]);

    // A scanner that opens the link again undoes nothing, and neither does a mail program.
    for _ in 0..2 {
        assert!(undo(&desk.visit(&mail.unsubscribe).await).is_none());
        post(&desk, &mail.unsubscribe, "List-Unsubscribe=One-Click".to_owned()).await;
        assert_eq!(rules(&desk).await, ["opted_out"]);
    }

    desk.pass(TimeDelta::minutes(10));
    let token = undo(&left).expect("a way back");
    for _ in 0..2 {
        let back = post(&desk, &mail.unsubscribe, format!("undo={token}")).await;
        assert!(back.text.contains("Surveys are back on") && undo(&back).is_none(), "{}", back.text);
        assert_eq!(rules(&desk).await, [""; 0]);
    }
}

#[tokio::test]
async fn nothing_but_the_page_that_followed_takes_it_back() {
    let desk = Desk::open().await;
    let mail = asked(&desk).await;
    let token = undo(&post(&desk, &mail.unsubscribe, String::new()).await).expect("a way back");
    let customers = json!([{"email": "bob@example.com"}]);
    desk.close(json!({"conversation_id": "5", "customers": customers})).await;
    let other = desk.the_mail().await;
    let foreign = undo(&post(&desk, &other.unsubscribe, String::new()).await).expect("a way back");

    let page = desk.visit(&mail.links[4]).await.page_token();
    for forged in ["", "forged", &foreign, &page] {
        let answer = post(&desk, &mail.unsubscribe, format!("undo={forged}")).await;
        assert!(answer.status == 200 && answer.text.contains("No more surveys"), "{forged}: {}", answer.text);
    }
    let elsewhere = Request::post(&mail.unsubscribe).header("origin", "https://elsewhere.example");
    desk.send(elsewhere.body(Body::from(format!("undo={token}"))).expect("a request")).await;
    assert_eq!(desk.visit(&format!("{}?undo={token}", mail.unsubscribe)).await.status, 200);
    assert_eq!(rules(&desk).await, ["opted_out"]);

    // A day later, a machine that presses every button of an old mail finds no way back, and a page left open has none.
    desk.pass(TimeDelta::hours(24) + TimeDelta::seconds(1));
    assert_eq!(undo(&post(&desk, &mail.unsubscribe, String::new()).await), None);
    post(&desk, &mail.unsubscribe, format!("undo={token}")).await;
    assert_eq!(rules(&desk).await, ["opted_out"]);
}

#[tokio::test]
async fn only_the_opt_out_is_lifted_and_no_page_promises_more() {
    for cause in ["bounced", "complained"] {
        let desk = Desk::open().await;
        let mail = asked(&desk).await;
        let left = post(&desk, &mail.unsubscribe, String::new()).await;
        desk.put("/v1/suppressions/ada@example.com", Some(json!({"cause": cause}))).await;
        assert_eq!(undo(&post(&desk, &mail.unsubscribe, String::new()).await), None, "it would change nothing");
        let token = undo(&left).expect("a way back");
        let answer = post(&desk, &mail.unsubscribe, format!("undo={token}")).await;
        assert!(answer.text.contains("No more surveys"), "{}", answer.text);
        assert_eq!(rules(&desk).await, [cause]);
    }
    let desk = Desk::open().await;
    let mail = asked(&desk).await;
    let token = undo(&post(&desk, &mail.unsubscribe, String::new()).await).expect("a way back");
    desk.delete("/v1/customers/ada@example.com").await;
    post(&desk, &mail.unsubscribe, format!("undo={token}")).await;
    assert!(rules(&desk).await.contains(&"erased".to_owned()));
}

#[tokio::test]
async fn a_page_takes_back_the_opt_out_that_it_followed_and_no_other() {
    let desk = Desk::open().await;
    let mail = asked(&desk).await;
    let first = undo(&post(&desk, &mail.unsubscribe, String::new()).await).expect("a way back");
    post(&desk, &mail.unsubscribe, format!("undo={first}")).await;
    desk.pass(TimeDelta::minutes(10));
    let second = undo(&post(&desk, &mail.unsubscribe, String::new()).await).expect("a way back");
    let answer = post(&desk, &mail.unsubscribe, format!("undo={first}")).await;
    assert!(answer.text.contains("No more surveys"), "the page of the first time: {}", answer.text);
    assert_eq!(rules(&desk).await, ["opted_out"]);
    post(&desk, &mail.unsubscribe, format!("undo={second}")).await;
    assert_eq!(rules(&desk).await, [""; 0]);
}

#[tokio::test]
async fn no_button_lifts_what_an_admin_entered() {
    let desk = Desk::open().await;
    let mail = asked(&desk).await;
    let token = undo(&post(&desk, &mail.unsubscribe, String::new()).await).expect("a way back");
    post(&desk, &mail.unsubscribe, format!("undo={token}")).await;
    // At the same moment, so that nothing but who did it tells the two apart.
    desk.put("/v1/suppressions/ada@example.com", Some(json!({"cause": "opted_out"}))).await;
    assert_eq!(undo(&post(&desk, &mail.unsubscribe, String::new()).await), None);
    post(&desk, &mail.unsubscribe, format!("undo={token}")).await;
    assert_eq!(rules(&desk).await, ["opted_out"]);
}
