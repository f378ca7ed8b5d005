//! Words of other people, in mails and to the team: no links, nothing invisible, and one form of an address.

use crate::desk::Desk;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Arc;

fn person(email: &str, name: &str) -> Value {
    json!([{"email": email, "name": name, "kind": "user"}])
}

#[tokio::test]
async fn whoever_opens_a_ticket_does_not_choose_what_the_mail_links_to() {
    let hostile = json!({
        "subject": "WIN A PRIZE http://evil.example/prize evil.example",
        "customers": person("ada@example.com", "Ada www.evil.example boss@evil.example"),
    });
    for (kept, about) in [(false, "WIN A PRIZE"), (true, "WIN A PRIZE http://evil.example/prize evil.example")] {
        let desk = Desk::with(|config| config.mail.links_in_subject = kept).await;
        desk.close(hostile.clone()).await;
        let mail = desk.the_mail().await;
        let raw = String::from_utf8(desk.memory.mails()[0].clone()).expect("ASCII");
        let (head, _) = raw.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("To: Ada <ada@example.com>"), "{head}");
        assert!(mail.text.contains(about), "{}", mail.text);
        assert_eq!(mail.text.contains("evil.example"), kept, "{}", mail.text);
    }
    // Nothing is left: the mail does not say what it is about.
    let desk = Desk::open().await;
    let customers = person("ada@example.com", "evil.example");
    desk.close(json!({"subject": "evil.example/prize", "customers": customers})).await;
    assert!(!desk.the_mail().await.text.contains("evil"));
}

#[tokio::test]
async fn what_nobody_sees_is_not_stored() {
    let desk = Desk::open().await;
    desk.close(json!({
        "subject": "Re\u{202e}fund", "customers": person("ada@example.com", "A\u{200b}da"),
        "teammate": {"id": "t7", "name": "Gr\u{2066}ace", "team": "Bill\u{200f}ing"},
    }))
    .await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    desk.comment(&mail.links[4], "so\u{202e} kind 👩\u{200d}💻").await;
    let stored = desk.sql("SELECT subject, customer_name, team FROM survey").await;
    assert_eq!(stored, [["Refund", "Ada", "Billing"]]);
    let rating = &desk.get("/v1/ratings").await["items"][0];
    assert_eq!((&rating["teammate"]["name"], &rating["comment"]), (&json!("Grace"), &json!("so kind 👩\u{200d}💻")));
}

#[tokio::test]
async fn an_address_is_one_in_either_form_of_its_domain() {
    let (unicode, ascii) = ("Ada@Bücher.example", "ada@xn--bcher-kva.example");
    let asked = async |desk: &Desk, customers: Value| desk.dry_run(json!({"customers": customers})).await;
    for (suppressed, asks) in [(unicode, ascii), (ascii, unicode)] {
        let desk = Desk::open().await;
        desk.put(&format!("/v1/suppressions/{}", suppressed.replace('ü', "%C3%BC")), None).await;
        assert_eq!(asked(&desk, person(asks, "Ada")).await.rules(), ["opted_out"]);
    }
    let desk = Desk::open().await;
    let both = json!([{"email": unicode}, {"email": ascii}]);
    assert_eq!(asked(&desk, both).await["decision"], "ask", "that is one person");
    let text = "[ask]\nexclude = [\"*@BÜCHER.example\"]";
    let file = desk.folder.path().join("excluding.toml");
    std::fs::write(&file, text).expect("written");
    let (excluding, _) = afterword::config::Config::load(Some(&file), std::iter::empty()).expect("valid");
    let desk = Desk::with(|config| config.ask = Arc::clone(&excluding.ask)).await;
    for address in [unicode, ascii] {
        assert_eq!(asked(&desk, person(address, "Ada")).await.rules(), ["excluded"]);
    }
}
