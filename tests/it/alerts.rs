//! Alerts about low ratings, and ratings as notes in the helpdesk.

use crate::desk::{Desk, Mail};
use afterword::config::{AlertSettings, Config, HelpdeskSettings};
use afterword::gateway::Step;
use afterword::survey::event::EventKind;
use afterword::survey::outbound::Attempt;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A request that a fake service got.
#[derive(Clone, Debug)]
struct Got {
    what: String,
    token: Option<String>,
    body: Value,
}

/// A chat or the API of a helpdesk. It takes everything, but for the statuses that a test gives it.
#[derive(Clone, Default)]
struct Fake {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Fake {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let fake = Self { url: format!("http://{}", listener.local_addr().expect("bound")), ..Self::default() };
        let routes = Router::new()
            .fallback(async |State(fake): State<Self>, method, uri, headers, body| {
                fake.take(&method, &uri, &headers, &body)
            })
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        fake
    }

    fn take(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> StatusCode {
        let token = headers.get("api_access_token").map(|token| token.to_str().expect("text").to_owned());
        let body = serde_json::from_slice(body).expect("JSON");
        self.got.lock().expect("sound").push(Got { what: format!("{method} {uri}"), token, body });
        let status = self.answers.lock().expect("sound").pop_front().unwrap_or(200);
        StatusCode::from_u16(status).expect("a status")
    }

    fn answer(&self, status: u16) {
        self.answers.lock().expect("sound").push_back(status);
    }

    /// What came since the last look.
    fn taken(&self) -> Vec<Got> {
        std::mem::take(&mut *self.got.lock().expect("sound"))
    }

    /// The first lines of messages that came since the last look.
    fn titles(&self) -> Vec<String> {
        let text = |got: Got| got.body["text"].as_str().expect("text").lines().next().expect("a line").to_owned();
        self.taken().into_iter().map(text).collect()
    }
}

fn alert(config: &mut Config, name: &str, settings: Value) {
    config.outgoing.allow_private = vec!["127.0.0.1".parse().expect("an address")];
    let settings: AlertSettings = serde_json::from_value(settings).expect("settings");
    config.alerts.insert(name.to_owned(), settings);
}

/// A desk that alerts a chat about low ratings, with these settings besides.
async fn alerting(settings: Value) -> (Desk, Fake) {
    let (chat, mut all) = (Fake::open().await, settings);
    all["slack_url"] = json!(format!("{}/hook", chat.url));
    let desk = Desk::with(|config| alert(config, "low", all)).await;
    (desk, chat)
}

/// Asks about a conversation, and lets ten minutes pass.
async fn asked(desk: &Desk, conversation: &str, team: &str) -> Mail {
    let teammate = json!({"id": format!("t-{team}"), "name": "Grace", "team": team});
    let customers = json!([{"email": format!("c{conversation}@example.com"), "name": "Ada Example"}]);
    desk.close(json!({"conversation_id": conversation, "customers": customers, "teammate": teammate})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    mail
}

/// Picks another face on the page of a link.
async fn picks(desk: &Desk, link: &str, score: &str) {
    let page = desk.visit(link).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    assert_eq!(desk.submit(link, &[("page", &page), ("score", score)]).await["outcome"], "ok");
}

/// Tells everybody what is due.
async fn tell(desk: &Desk) {
    desk.gateway.flush().await.expect("views are written");
    for mut worker in desk.gateway.target_workers() {
        while desk.gateway.tell_due(&mut worker).await.expect("the store answers") == Step::Again {}
    }
}

/// How tellings of a target fare.
async fn states(desk: &Desk, target: &str) -> Vec<String> {
    let rows = desk.sql(&format!("SELECT state FROM telling WHERE target = '{target}' ORDER BY event")).await;
    rows.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_low_rating_is_told_once_its_wait_is_over() {
    let (desk, chat) = alerting(json!({})).await;
    let mail = asked(&desk, "1", "Billing").await;
    desk.press(&mail.links[0]).await;
    tell(&desk).await;
    assert!(chat.taken().is_empty(), "the customer may correct it");
    desk.pass(TimeDelta::minutes(2));
    tell(&desk).await;
    tell(&desk).await;
    let told = chat.taken();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].what, "POST /hook");
    let text = told[0].body["text"].as_str().expect("text");
    for line in [
        "😠 Terrible rating from Ada Example, for Billing",
        "Answered by Grace",
        "Conversation: https://desk.example.com/8841",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }
    let link = text.lines().find_map(|line| line.strip_prefix("Follow-up: ")).expect("a link");
    let path = link.strip_prefix("http://127.0.0.1:8080").expect("ours");
    let open = desk.get("/v1/follow-ups").await;
    assert_eq!(path, format!("/admin/follow-up/{}", open["items"][0]["survey_id"].as_str().expect("a survey")));
    assert!(!text.contains('@'), "no address: {text}");
}

#[tokio::test]
async fn a_comment_within_the_wait_makes_one_alert_with_it() {
    let (desk, chat) = alerting(json!({})).await;
    let mail = asked(&desk, "1", "Billing").await;
    desk.press(&mail.links[0]).await;
    desk.comment(&mail.links[0], "Nobody <!channel> read it").await;
    tell(&desk).await;
    let told = chat.taken();
    assert_eq!(told.len(), 1, "{told:?}");
    let text = told[0].body["text"].as_str().expect("text");
    assert!(
        text.starts_with("😠 Terrible rating from ") && text.contains("“Nobody &lt;!channel&gt; read it”"),
        "{text}"
    );
    desk.pass(TimeDelta::hours(1));
    tell(&desk).await;
    assert!(chat.taken().is_empty());
}

#[tokio::test]
async fn a_comment_after_the_alert_makes_a_second_one_that_says_so() {
    let (desk, chat) = alerting(json!({})).await;
    let mail = asked(&desk, "1", "Billing").await;
    desk.press(&mail.links[0]).await;
    desk.pass(TimeDelta::minutes(3));
    tell(&desk).await;
    assert_eq!(chat.titles(), ["😠 Terrible rating from Ada Example, for Billing"]);
    desk.comment(&mail.links[0], "Nobody read it").await;
    tell(&desk).await;
    desk.pass(TimeDelta::hours(1));
    tell(&desk).await;
    assert_eq!(chat.titles(), ["😠 Comment from Ada Example, for Billing"]);
}

#[tokio::test]
async fn who_is_happy_corrects_a_rating_or_is_doubted_alerts_nobody() {
    let (desk, chat) = alerting(json!({})).await;
    let mail = asked(&desk, "1", "Billing").await;
    desk.press(&mail.links[4]).await;
    let mail = asked(&desk, "2", "Billing").await;
    desk.press(&mail.links[1]).await;
    picks(&desk, &mail.links[1], "5").await;
    // Rated by looking, and then all five links are opened at once.
    let mail = asked(&desk, "3", "Billing").await;
    let page = desk.visit(&mail.links[0]).await.page_token();
    desk.pass(TimeDelta::seconds(2));
    desk.submit(&mail.links[0], &[("page", &page), ("how", "seen")]).await;
    desk.pass(TimeDelta::seconds(10));
    for link in &mail.links {
        desk.visit(link).await;
    }
    desk.pass(TimeDelta::hours(1));
    tell(&desk).await;
    assert_eq!(desk.sql("SELECT standing FROM rating WHERE standing = 'held'").await.len(), 1, "it is held");
    assert_eq!(chat.titles(), Vec::<String>::new());
}

#[tokio::test]
async fn a_rating_that_gets_worse_later_is_told_and_another_low_one_is_not() {
    let (desk, chat) = alerting(json!({})).await;
    let mail = asked(&desk, "1", "Billing").await;
    for score in ["5", "1", "2"] {
        picks(&desk, &mail.links[4], score).await;
        desk.pass(TimeDelta::minutes(5));
        tell(&desk).await;
    }
    let told = chat.taken();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].body["text"].as_str().expect("text").contains("It was amazing before."));
}

#[tokio::test]
async fn an_alert_of_a_team_and_of_scores_is_about_these_only() {
    let (desk, chat) = alerting(json!({"team": "Billing", "scores": [1]})).await;
    for (conversation, team, face) in [("1", "Sales", 0), ("2", "Billing", 1), ("3", "Billing", 0)] {
        let mail = asked(&desk, conversation, team).await;
        desk.press(&mail.links[face]).await;
    }
    desk.pass(TimeDelta::hours(1));
    tell(&desk).await;
    assert_eq!(chat.titles(), ["😠 Terrible rating from Ada Example, for Billing"]);
}

#[tokio::test]
async fn an_alert_is_mailed_unless_sending_is_paused() {
    let desk = Desk::with(|config| alert(config, "mail", json!({"to": "lead@example.com"}))).await;
    let mail = asked(&desk, "1", "Billing").await;
    desk.press(&mail.links[0]).await;
    desk.pass(TimeDelta::minutes(3));
    desk.gateway.pause_mail("a test").await.expect("the store answers");
    tell(&desk).await;
    assert_eq!(desk.memory.mails().len(), 1, "only the survey");
    desk.gateway.resume_mail().await.expect("the store answers");
    desk.pass(TimeDelta::minutes(1));
    tell(&desk).await;
    tell(&desk).await;
    let mails = desk.memory.mails();
    assert_eq!(mails.len(), 2, "one alert");
    let told = String::from_utf8_lossy(&mails[1]);
    for header in ["To: lead@example.com\r\n", "Subject: Terrible rating from Ada Example, for Billing\r\n"] {
        assert!(told.contains(header), "{told}");
    }
    assert_eq!(states(&desk, "alert.mail").await, ["accepted"]);
}

#[tokio::test]
async fn a_test_is_marked_and_stores_nothing() {
    let (desk, chat) = alerting(json!({})).await;
    let before = desk.everything().await;
    assert_eq!(desk.gateway.test_target("alert.low", EventKind::RatingSet).await, Attempt::Accepted);
    assert_eq!(chat.titles(), ["😠 [Test] Terrible rating from Test Customer"]);
    chat.answer(404);
    let refused = desk.gateway.test_target("alert.low", EventKind::RatingSet).await;
    assert_eq!(refused.reason(), Some("answered 404"));
    assert_eq!(desk.everything().await, before);
}

/// A desk whose connection `shop` is a Chatwoot at this URL, which ratings are written into.
async fn writing(url: &str) -> Desk {
    let settings = json!({
        "kind": "chatwoot", "auth": "key",
        "api": {"url": url, "token": "hunter2", "account": 3, "write_back": true},
    });
    let settings: HelpdeskSettings = serde_json::from_value(settings).expect("settings");
    Desk::with(|config| {
        config.outgoing.allow_private = vec!["127.0.0.1".parse().expect("an address")];
        config.helpdesks.insert("shop".into(), settings);
    })
    .await
}

/// What Chatwoot reports, by the key that the connection takes.
async fn report(desk: &Desk, payload: Value) -> Value {
    let request =
        Request::post("/v1/helpdesks/shop/closings").header("authorization", format!("Bearer {}", desk.admin));
    let request = request.header("content-type", "application/json").body(Body::from(payload.to_string()));
    desk.send(request.expect("a request")).await.json
}

fn payload(file: &str) -> Value {
    let path = format!("{}/tests/data/helpdesks/{file}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect(file)).expect("JSON")
}

/// Conversation 8841 of the helpdesk, asked about ten minutes ago.
async fn asked_by_chatwoot(desk: &Desk) -> Mail {
    assert_eq!(report(desk, payload("chatwoot-resolved")).await["decision"], "ask");
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    mail
}

#[tokio::test]
async fn a_rating_is_written_into_its_conversation_once() {
    let api = Fake::open().await;
    let desk = writing(&api.url).await;
    let mail = asked_by_chatwoot(&desk).await;
    let other = asked(&desk, "9", "Billing").await;
    desk.press(&other.links[0]).await;
    desk.press(&mail.links[3]).await;
    desk.pass(TimeDelta::minutes(3));
    tell(&desk).await;
    tell(&desk).await;
    let notes = api.taken();
    assert_eq!(notes.len(), 1, "that of the plain API is not written: {notes:?}");
    assert_eq!(notes[0].what, "POST /api/v1/accounts/3/conversations/8841/messages");
    assert_eq!(notes[0].token.as_deref(), Some("hunter2"));
    assert_eq!((&notes[0].body["private"], &notes[0].body["message_type"]), (&json!(true), &json!("outgoing")));
    let text = notes[0].body["content"].as_str().expect("text");
    assert!(text.starts_with("😀 Rated great (4 of 5)\n\nAnswered by Grace\n\n"), "{text}");
    desk.comment(&mail.links[3], "Quick *and* kind").await;
    tell(&desk).await;
    let notes = api.taken();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].body["content"].as_str().expect("text").contains("“Quick \\*and\\* kind”"));
    desk.pass(TimeDelta::days(1));
    tell(&desk).await;
    assert!(api.taken().is_empty());
    let [id] = &desk.sql("SELECT hex(survey_id) FROM rating WHERE comment IS NOT NULL").await[0][..] else { panic!() };
    desk.post(&format!("/v1/surveys/{id}/void"), json!({"reason": "it was us"})).await;
    tell(&desk).await;
    let notes = api.taken();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].body["content"].as_str().expect("text").starts_with("The rating no longer counts"));
    desk.post(&format!("/v1/surveys/{id}/restore"), json!({"reason": "it was not us"})).await;
    tell(&desk).await;
    let notes = api.taken();
    assert_eq!(notes.len(), 1, "the conversation must not go on saying that it does not count: {notes:?}");
    assert!(notes[0].body["content"].as_str().expect("text").starts_with("😀 Rated great (4 of 5)\n\n"));
}

#[tokio::test]
async fn a_note_is_tried_again_unless_its_conversation_refuses_it() {
    let api = Fake::open().await;
    let desk = writing(&api.url).await;
    let mail = asked_by_chatwoot(&desk).await;
    for status in [500, 401, 429] {
        api.answer(status);
    }
    desk.press(&mail.links[3]).await;
    desk.pass(TimeDelta::minutes(3));
    for tried in 1..=4 {
        tell(&desk).await;
        assert_eq!(api.taken().len(), 1, "attempt {tried}");
        desk.pass(TimeDelta::minutes(10));
    }
    assert_eq!(states(&desk, "helpdesk.shop").await, ["accepted"]);
    api.answer(404);
    desk.comment(&mail.links[3], "Quick").await;
    tell(&desk).await;
    desk.pass(TimeDelta::days(1));
    tell(&desk).await;
    assert_eq!(api.taken().len(), 1, "the conversation is gone");
    assert_eq!(states(&desk, "helpdesk.shop").await.last().map(String::as_str), Some("failed"));
    assert_eq!(desk.sql("SELECT disabled_at FROM target").await, [["null"]], "and the target goes on");
}

#[tokio::test]
async fn a_note_that_comes_back_as_a_webhook_changes_nothing() {
    let api = Fake::open().await;
    let desk = writing(&api.url).await;
    let mail = asked_by_chatwoot(&desk).await;
    desk.press(&mail.links[3]).await;
    let before = desk.sql("SELECT state FROM outbox").await;
    let mut note = payload("chatwoot-message");
    (note["message_type"], note["private"]) = (json!("outgoing"), json!(true));
    assert!(report(&desk, note).await["ignored"].is_string());
    assert_eq!(report(&desk, payload("chatwoot-resolved")).await["decision"], "ask", "a repeat gets the first answer");
    assert_eq!(desk.sql("SELECT state FROM outbox").await, before);
}

#[tokio::test]
async fn a_dead_helpdesk_holds_up_no_customer_and_no_alert() {
    // The port is closed once the listener is gone.
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound").port();
    let desk = writing(&format!("http://127.0.0.1:{port}")).await;
    let mail = asked_by_chatwoot(&desk).await;
    assert_eq!(desk.press(&mail.links[3]).await["outcome"], "ok");
    desk.pass(TimeDelta::minutes(3));
    tell(&desk).await;
    assert_eq!(states(&desk, "helpdesk.shop").await, ["waiting"]);
    let other = asked(&desk, "9", "Billing").await;
    assert_eq!(desk.press(&other.links[0]).await["outcome"], "ok", "mails and clicks go on");
}
