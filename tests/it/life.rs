//! The life of a survey as a test: a conversation is closed, a customer is asked and clicks a face, and the team reads
//! the report. Read it after `lib.rs` and `gateway.rs`.

use super::desk::{Desk, folder, stamp};
use afterword::gateway::Step;
use afterword::hook::http::{Answer, Client, Failure, Request};
use chrono::TimeDelta;
use serde_json::{Value, json};

#[tokio::test]
async fn a_conversation_is_closed_asked_about_rated_and_reported() {
    let desk = Desk::open().await;

    // The helpdesk says that Grace finished a conversation with Ada. The answer says at once what will happen.
    let asked = desk.close(json!({"conversation_id": "8841", "subject": "Refund"})).await;
    assert_eq!((asked.status, &asked["decision"]), (202, &json!("ask")), "{}", asked.text);

    // It may say so again, with whatever else differs: the answer is the first one.
    let again = desk.close(json!({"conversation_id": "8841", "characters": 3})).await;
    assert_eq!((again.status, &again["survey_id"]), (200, &asked["survey_id"]));

    // One mail goes out, with five faces in words and links, worst first.
    let mail = desk.the_mail().await;
    assert_eq!(desk.mails().len(), 1);
    assert_eq!(mail.to, "ada@example.com");
    assert_eq!(mail.subject, "How was your conversation with Grace?");
    assert_eq!(mail.links.len(), 5);

    // A mail scanner opens every link as the mail arrives. Nobody rated.
    for link in &mail.links {
        assert_eq!(desk.visit(link).await.status, 200);
    }
    assert_eq!(desk.get("/v1/report").await["total"]["ratings"], 0);

    // Ten minutes later Ada clicks the fourth face. The page asks for nothing: it is seen for half a second, and confirms.
    desk.pass(TimeDelta::minutes(10));
    let great = &mail.links[3];
    let page = desk.visit(great).await;
    assert!(page.text.contains("data-mode=\"seen\""), "{}", page.text);
    desk.pass(TimeDelta::milliseconds(600));
    let rated = desk.submit(great, &[("page", &page.page_token()), ("how", "seen")]).await;
    assert_eq!((&rated["outcome"], &rated["standing"], &rated["score"]), (&json!("ok"), &json!("rated"), &json!(4)));

    // She picks a better face on the same page, and the rating follows her.
    desk.pass(TimeDelta::seconds(8));
    let better = desk.submit(great, &[("page", &page.page_token()), ("score", "5")]).await;
    assert_eq!((&better["standing"], &better["score"]), (&json!("rated"), &json!(5)));

    // She writes a comment. From now on neither score nor text changes, whatever is clicked.
    desk.pass(TimeDelta::seconds(30));
    let fields = [("page", page.page_token()), ("comment", "Quick and kind.\nThank you!".to_owned())];
    let locked = desk.submit(great, &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    assert_eq!((&locked["standing"], &locked["score"]), (&json!("locked"), &json!(5)));
    let late = desk.press(&mail.links[0]).await;
    assert_eq!((late.status, &late["outcome"], &late["score"]), (409, &json!("locked"), &json!(5)));

    // The team reads it, for Grace and her team.
    let report = desk.get("/v1/report?by=teammate").await;
    let grace = &report["rows"][0];
    assert_eq!((&grace["name"], &grace["asked"], &grace["answered"]), (&json!("Grace"), &json!(1), &json!(1)));
    assert_eq!((&grace["csat"], &grace["scores"]), (&json!(1.0), &json!([0, 0, 0, 0, 1])));
    assert_eq!(desk.get("/v1/report?by=team").await["rows"][0]["id"], "Billing");
    let rating = &desk.get("/v1/ratings?commented=true").await["items"][0];
    assert_eq!(rating["comment"], "Quick and kind.\nThank you!");

    // And the conversation tells how it came about.
    let survey = &desk.get("/v1/conversations/8841").await["surveys"][0];
    let history: Vec<_> = survey["history"].as_array().expect("a history").iter().map(|row| &row["what"]).collect();
    assert_eq!(history, ["rated", "rated", "commented"]);
}

#[tokio::test]
async fn nobody_is_asked_and_the_conversation_says_why() {
    let desk = Desk::open().await;

    // Too little was written, and no teammate replied: every reason is given, not just the first.
    let skipped = desk.close(json!({"conversation_id": "17", "characters": 120, "teammate_replied": false})).await;
    assert_eq!((skipped.status, &skipped["decision"]), (200, &json!("skip")));
    assert_eq!(skipped.rules(), ["no_teammate", "too_short"]);

    // Weeks later somebody wonders.
    desk.pass(TimeDelta::days(21));
    let why = &desk.get("/v1/conversations/17").await["decisions"][0]["reasons"][1];
    assert_eq!((&why["rule"], &why["value"], &why["limit"]), (&json!("too_short"), &json!(120), &json!(250)));
    assert_eq!(why["message"], "120 characters were written: asking takes more than 250");
    assert!(desk.mails().is_empty());
}

#[tokio::test]
async fn a_conversation_that_is_reopened_in_time_is_not_asked_about() {
    let desk = Desk::asking(|policy| policy.delay = TimeDelta::hours(1)).await;
    desk.close(json!({})).await;

    // The customer writes again within the delay: the question would be out of place.
    desk.pass(TimeDelta::minutes(30));
    assert_eq!(desk.reopen("8841", desk.clock.now()).await["cancelled"], 1);
    desk.pass(TimeDelta::hours(2));
    desk.deliver().await;
    assert!(desk.mails().is_empty());

    // Closed again, it is asked about once.
    desk.close(json!({})).await;
    desk.pass(TimeDelta::hours(1));
    assert_eq!(desk.the_mail().await.links.len(), 5);
}

#[tokio::test]
async fn a_customer_who_unsubscribes_is_not_asked_again() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;

    // Looking at the page does nothing, for scanners look too. The button acts.
    assert_eq!(desk.visit(&mail.unsubscribe).await.status, 200);
    assert_eq!(desk.dry_run(json!({"conversation_id": "2"})).await["decision"], "ask");
    assert_eq!(desk.submit(&mail.unsubscribe, &[]).await.status, 200);

    let skipped = desk.close(json!({"conversation_id": "3"})).await;
    assert_eq!(skipped.rules(), ["opted_out"]);
}

/// The company's CRM takes each event.
#[expect(clippy::unnecessary_wraps, reason = "a client may fail")]
fn crm(request: &Request) -> Result<Answer, Failure> {
    let event: Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!((&event["type"], &event["data"]["rating"]["score"]), (&json!("rating.set"), &json!(4)), "{event}");
    assert!(request.headers.iter().any(|(name, value)| *name == "webhook-signature" && value.starts_with("v1,")));
    Ok(Answer { status: 204, retry_after: None, body: Ok(Vec::new().into()) })
}

#[tokio::test]
async fn a_helpdesk_sends_its_own_webhook_and_a_crm_gets_the_rating() {
    let desk = Desk::reaching(folder().await, Some(Client::scripted(crm)), |config| {
        let shop = json!({"kind": "template", "auth": "key"});
        let crm = json!({
            "url": "https://crm.example.com/", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "events": ["rating.set"],
        });
        config.helpdesks.insert("shop".into(), serde_json::from_value(shop).expect("settings"));
        config.webhooks.insert("crm".into(), serde_json::from_value(crm).expect("settings"));
    })
    .await;

    // The helpdesk fills in a template, so a number is a text, and the state is its own word.
    let filled = json!({
        "conversation_id": 8841, "closed_at": stamp(desk.clock.now()), "state": "Solved", "characters": "612",
        "customer_email": "ada@example.com",
    });
    let asked = desk.post("/v1/helpdesks/shop/closings", filled).await;
    assert_eq!((asked.status, &asked["decision"]), (202, &json!("ask")), "{}", asked.text);

    // Ada rates. She may still correct herself, so the CRM gets nothing yet.
    let great = desk.the_mail().await.links[3].clone();
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&great).await.page_token();
    desk.pass(TimeDelta::seconds(2));
    assert_eq!(desk.submit(&great, &[("page", &page), ("how", "seen")]).await["outcome"], "ok");
    let mut worker = desk.gateway.target_workers().remove(0);
    assert_eq!(desk.gateway.tell_due(&mut worker).await.expect("the store answers"), Step::Idle);

    // Ten minutes later the rating still holds, and goes out once.
    desk.pass(TimeDelta::minutes(10));
    for step in [Step::Again, Step::Idle] {
        assert_eq!(desk.gateway.tell_due(&mut worker).await.expect("the store answers"), step);
    }
    assert_eq!(desk.sql("SELECT said_score FROM telling WHERE state = 'accepted'").await, [["4"]]);
}
