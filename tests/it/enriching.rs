//! Closings whose conversation is fetched before the decision: through the router and the real store, against made-up
//! APIs in the shape that Chatwoot and Intercom document.

use crate::desk::{Answer, Desk, START, time};
use afterword::config::{Config, HelpdeskSettings};
use afterword::gateway::Enriched;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

type Answers = Arc<Mutex<Vec<(u16, String)>>>;

/// A made-up API, which gives these answers one after the other, and notes what it was asked.
struct Api {
    url: String,
    answers: Answers,
    asked: Arc<Mutex<Vec<String>>>,
    _server: JoinHandle<()>,
}

async fn answer(State((answers, asked)): State<(Answers, Arc<Mutex<Vec<String>>>)>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = [header("api_access_token"), header("authorization")].concat();
    asked.lock().expect("asked").push(format!("{} {token}", request.uri));
    let next = answers.lock().expect("answers").pop();
    match next {
        Some((0, _)) => std::future::pending().await,
        Some((status, body)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, [("retry-after", "40"), ("location", "http://127.0.0.1:1/")], body).into_response()
        }
        None => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({}))).into_response(),
    }
}

impl Api {
    async fn open(answers: Vec<(u16, Value)>) -> Self {
        let answers = answers.into_iter().rev().map(|(status, body)| (status, body.to_string())).collect();
        let (answers, asked) = (Arc::new(Mutex::new(answers)), Arc::<Mutex<Vec<String>>>::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state((Arc::clone(&answers), Arc::clone(&asked)));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, answers, asked, _server: server }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("asked").clone()
    }

    fn answer(&self, answers: Vec<(u16, Value)>) {
        let answers = answers.into_iter().rev().map(|(status, body)| (status, body.to_string()));
        *self.answers.lock().expect("answers") = answers.collect();
    }
}

fn helpdesk(config: &mut Config, kind: &str, url: &str) {
    let account = if kind == "chatwoot" { "account = 3" } else { "" };
    let settings =
        format!("kind = '{kind}'\nauth = 'key'\n[api]\nurl = '{url}'\ntoken = 't0ken'\nenrich = true\n{account}");
    let settings: HelpdeskSettings = toml::from_str(&settings).expect("settings");
    config.helpdesks.insert(kind.to_owned(), settings);
    config.outgoing.allow_private = vec!["127.0.0.0/8".parse().expect("a network")];
}

fn payload(kind: &str) -> Value {
    let file = if kind == "chatwoot" { "chatwoot-resolved" } else { "intercom-closed" };
    let path = format!("{}/tests/data/helpdesks/{file}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).expect(file)).expect("JSON")
}

async fn report(desk: &Desk, kind: &str) -> Answer {
    desk.post(&format!("/v1/helpdesks/{kind}/closings"), payload(kind)).await
}

async fn known(desk: &Desk, kind: &str) -> Answer {
    desk.get(&format!("/v1/conversations/8841?connection={kind}")).await
}

fn story(known: &Answer) -> String {
    let lines = known["story"].as_array().expect("a story").iter();
    lines.map(|line| line["text"].as_str().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn message(id: u64, before: i64, kind: u64, text: &str) -> Value {
    let sender = if kind == 0 {
        json!({"id": 31, "type": "contact"})
    } else {
        json!({"id": 7, "name": "Grace", "type": "user"})
    };
    json!({
        "id": id, "content": text, "message_type": kind, "created_at": 1_795_341_600 - before, "private": false,
        "sender": sender,
    })
}

fn chatwoot(status: &str, messages: &[Value]) -> Vec<(u16, Value)> {
    let conversation = json!({
        "id": 8841, "status": status, "additional_attributes": {},
        "meta": {"sender": {"id": 31, "name": "Ada", "email": "ada@example.com"}},
    });
    vec![
        (200, conversation),
        (200, json!({"meta": {}, "payload": messages})),
        (200, json!({"meta": {}, "payload": []})),
    ]
}

fn long() -> Vec<(u16, Value)> {
    chatwoot("resolved", &[message(1, 300, 0, &"x".repeat(200)), message(2, 120, 1, &"y".repeat(100))])
}

fn intercom() -> Vec<(u16, Value)> {
    let part = json!({
        "part_type": "comment", "body": "y".repeat(100), "created_at": 1_795_341_500,
        "author": {"type": "admin", "id": "7", "name": "Grace"},
    });
    let conversation = json!({
        "id": "8841", "state": "closed", "created_at": 1_795_338_000,
        "source": {"body": "x".repeat(200), "author": {"type": "user", "id": "c31"}},
        "contacts": {"contacts": [{"id": "c31"}]},
        "conversation_parts": {"total_count": 1, "conversation_parts": [part]},
    });
    let contact = json!({"id": "c31", "email": "ada@example.com", "role": "user", "language_override": "de"});
    vec![(200, conversation), (200, contact)]
}

async fn open(api: &Api) -> Desk {
    Desk::with(|config| helpdesk(config, "chatwoot", &api.url)).await
}

#[tokio::test]
async fn what_is_fetched_is_decided_by() {
    for (kind, answers, paths) in [
        (
            "chatwoot",
            long(),
            vec![
                "/api/v1/accounts/3/conversations/8841 t0ken",
                "/api/v1/accounts/3/conversations/8841/messages t0ken",
                "/api/v1/accounts/3/conversations/8841/messages?before=1 t0ken",
            ],
        ),
        (
            "intercom",
            intercom(),
            vec!["/conversations/8841?display_as=plaintext Bearer t0ken", "/contacts/c31 Bearer t0ken"],
        ),
    ] {
        let api = Api::open(answers).await;
        let desk = Desk::with(|config| helpdesk(config, kind, &api.url)).await;
        let told = report(&desk, kind).await;
        assert_eq!((told.status, &told["decision"]), (202, &json!("waits")), "{kind}: {}", told.text);
        let again = report(&desk, kind).await;
        assert_eq!((again.status, again.text), (202, told.text), "{kind}: a repeat");
        assert_eq!(desk.get("/v1/status").await["closings_waiting"], 1);
        assert!(story(&known(&desk, kind).await).contains("the decision waits until"), "{kind}");
        assert_eq!(desk.gateway.enrich_due(kind).await.expect("a store"), Enriched::Again);
        assert_eq!(desk.gateway.enrich_due(kind).await.expect("a store"), Enriched::Nothing);
        assert_eq!(api.asked(), paths, "{kind}");
        let known = known(&desk, kind).await;
        let closing = &known["closings"][0];
        assert_eq!((&closing["characters"], &closing["started_by"]), (&json!(300), &json!("customer")), "{kind}");
        assert_eq!(closing["teammate"]["id"], "7", "{kind}: {}", known.text);
        assert_eq!(known["decisions"][0]["unknown"], json!([]), "{kind}");
        assert!(story(&known).contains("the conversation was fetched from the helpdesk"), "{kind}");
        let repeat = report(&desk, kind).await;
        assert_eq!((repeat.status, &repeat["decision"]), (200, &json!("ask")), "{kind}");
        desk.deliver().await;
        assert_eq!(desk.mails().len(), 1, "{kind}");
        // No text of the conversation is kept anywhere.
        assert!(!format!("{:?}", desk.everything().await).contains("xxxx"), "{kind}");
    }
}

#[tokio::test]
async fn a_short_conversation_asks_nobody() {
    let api = Api::open(chatwoot("resolved", &[message(1, 300, 0, "Hi"), message(2, 120, 1, "Hello")])).await;
    let desk = open(&api).await;
    report(&desk, "chatwoot").await;
    desk.gateway.enrich_due("chatwoot").await.expect("a store");
    assert_eq!(report(&desk, "chatwoot").await.rules(), ["too_short"]);
}

#[tokio::test]
async fn an_api_that_refuses_or_answers_garbage_is_asked_once_and_the_customer_all_the_same() {
    for (answer, why) in [
        ((401, json!({})), "the API answered 401; expected a token that it knows"),
        ((403, json!({})), "the API answered 403; the token lacks the permission to read it"),
        ((404, json!({})), "the API answered 404; it is deleted, or the token lacks the permission to read it"),
        ((302, json!({})), "the API answered 302; redirects are not followed"),
        ((200, json!("no conversation")), "the answer has no status of a conversation"),
        ((200, json!("x".repeat(3 << 20))), "the answer is longer than 2097152 bytes"),
    ] {
        let api = Api::open(vec![answer]).await;
        let desk = open(&api).await;
        report(&desk, "chatwoot").await;
        assert_eq!(desk.gateway.enrich_due("chatwoot").await.expect("a store"), Enriched::Again, "{why}");
        let known = known(&desk, "chatwoot").await;
        assert_eq!(known["decisions"][0]["unknown"], json!(["started_by", "characters"]), "{why}: {}", known.text);
        assert!(story(&known).contains(why), "{why}: {}", story(&known));
        assert_eq!(api.asked().len(), 1, "{why}");
        assert_eq!(desk.the_mail().await.to, "ada@example.com");
    }
}

#[tokio::test]
async fn an_api_that_fails_is_asked_again_for_five_minutes() {
    let api = Api::open(vec![]).await;
    let desk = open(&api).await;
    report(&desk, "chatwoot").await;
    let mut tries = Vec::new();
    loop {
        assert_eq!(desk.gateway.enrich_due("chatwoot").await.expect("a store"), Enriched::Again);
        match desk.gateway.enrich_due("chatwoot").await.expect("a store") {
            Enriched::Until(due) => {
                tries.push((due - time(START)).num_seconds());
                desk.clock.set(due);
            }
            other => break assert_eq!(other, Enriched::Nothing),
        }
    }
    assert_eq!(tries, [10, 40, 100, 220]);
    assert_eq!(known(&desk, "chatwoot").await["decisions"][0]["decision"], "ask");
    // One that asks to wait is obeyed, and one that mends in time is heard.
    let desk = open(&api).await;
    api.answer(vec![(503, json!({}))]);
    report(&desk, "chatwoot").await;
    desk.gateway.enrich_due("chatwoot").await.expect("a store");
    let next = desk.gateway.enrich_due("chatwoot").await.expect("a store");
    assert_eq!(next, Enriched::Until(time(START) + TimeDelta::seconds(40)));
    assert!(story(&known(&desk, "chatwoot").await).contains("the API answered 503"));
    api.answer(long());
    desk.pass(TimeDelta::seconds(40));
    desk.gateway.enrich_due("chatwoot").await.expect("a store");
    assert_eq!(known(&desk, "chatwoot").await["closings"][0]["characters"], 300);
}

#[tokio::test]
async fn a_closing_that_was_taken_survives_a_crash() {
    let api = Api::open(long()).await;
    let desk = open(&api).await;
    assert_eq!(report(&desk, "chatwoot").await.status, 202);
    let desk = Desk::at(desk.folder, |config| helpdesk(config, "chatwoot", &api.url)).await;
    assert_eq!(desk.gateway.enriching().await.expect("a store"), ["chatwoot"]);
    desk.gateway.enrich_due("chatwoot").await.expect("a store");
    assert_eq!(known(&desk, "chatwoot").await["closings"][0]["characters"], 300);
    // Nor is one forgotten whose helpdesk is no longer configured, or that waited for too long.
    for hours in [0, 1] {
        let desk = open(&api).await;
        report(&desk, "chatwoot").await;
        let asked = api.asked().len();
        let desk = Desk::at(desk.folder, |config| {
            if hours > 0 {
                helpdesk(config, "chatwoot", &api.url);
            }
        })
        .await;
        desk.pass(TimeDelta::hours(hours));
        desk.gateway.enrich_due("chatwoot").await.expect("a store");
        let known = known(&desk, "chatwoot").await;
        assert_eq!(known["decisions"][0]["decision"], "ask", "{}", known.text);
        assert_eq!(api.asked().len(), asked, "nobody was asked");
    }
}

#[tokio::test]
async fn a_conversation_that_goes_on_meanwhile_is_not_asked_about() {
    // It was reported.
    let api = Api::open(long()).await;
    let desk = open(&api).await;
    report(&desk, "chatwoot").await;
    let mut opened = payload("chatwoot");
    (opened["status"], opened["updated_at"]) = (json!("open"), json!(1_795_341_660));
    assert_eq!(desk.post("/v1/helpdesks/chatwoot/closings", opened).await["cancelled"], 0);
    desk.gateway.enrich_due("chatwoot").await.expect("a store");
    assert_eq!(report(&desk, "chatwoot").await.rules(), ["reopened"]);
    // Only the API tells.
    let (first, last) = (message(1, 300, 0, &"x".repeat(300)), message(2, 60, 1, "Done."));
    for answers in [
        chatwoot("open", &[first.clone(), last.clone()]),
        chatwoot("resolved", &[first, last, message(3, -30, 0, "It is back")]),
    ] {
        let api = Api::open(answers).await;
        let desk = open(&api).await;
        desk.pass(TimeDelta::minutes(1));
        report(&desk, "chatwoot").await;
        desk.gateway.enrich_due("chatwoot").await.expect("a store");
        assert_eq!(report(&desk, "chatwoot").await.rules(), ["reopened"]);
        desk.deliver().await;
        assert_eq!(desk.mails().len(), 0);
    }
}

#[tokio::test]
async fn a_newer_closing_takes_the_place_of_one_that_waits() {
    let api = Api::open([long(), long()].concat()).await;
    let desk = open(&api).await;
    report(&desk, "chatwoot").await;
    let mut newer = payload("chatwoot");
    newer["updated_at"] = json!(1_795_341_700.5);
    desk.pass(TimeDelta::minutes(2));
    assert_eq!(desk.post("/v1/helpdesks/chatwoot/closings", newer).await["decision"], "waits");
    while desk.gateway.enrich_due("chatwoot").await.expect("a store") == Enriched::Again {}
    let known = known(&desk, "chatwoot").await;
    assert_eq!(known["decisions"][0]["reasons"][0]["rule"], "earlier_closing", "{}", known.text);
    assert_eq!(known["decisions"][1]["decision"], "ask");
}

#[tokio::test]
async fn nothing_is_fetched_that_cannot_change_the_decision() {
    let api = Api::open(long()).await;
    let desk = Desk::with(|config| {
        helpdesk(config, "chatwoot", &api.url);
        config.helpdesks.get_mut("chatwoot").expect("there").exclude_tags = vec!["vip".into()];
    })
    .await;
    assert_eq!(report(&desk, "chatwoot").await.rules(), ["suppressed_here"]);
    assert_eq!(
        (api.asked().len(), desk.gateway.enrich_due("chatwoot").await.expect("a store")),
        (0, Enriched::Nothing)
    );
}

#[tokio::test]
async fn a_customer_who_is_erased_meanwhile_is_not_kept_waiting() {
    let api = Api::open(long()).await;
    let desk = open(&api).await;
    report(&desk, "chatwoot").await;
    let export = desk.gateway.export("ada@example.com").await.expect("an export");
    assert_eq!(export["waiting_closings"][0]["closing"]["subject"], "Refund", "{export:#}");
    assert_eq!(desk.delete("/v1/customers/ada@example.com").await.status, 200);
    assert!(!format!("{:?}", desk.everything().await).contains("Refund"));
    assert_eq!(desk.gateway.enrich_due("chatwoot").await.expect("a store"), Enriched::Nothing);
    // Where only the API tells the address, the decision finds it.
    let api = Api::open(intercom()).await;
    let desk = Desk::with(|config| helpdesk(config, "intercom", &api.url)).await;
    let mut payload = payload("intercom");
    payload["data"]["item"]["source"]["author"] = json!({"type": "bot", "id": "0"});
    assert_eq!(desk.post("/v1/helpdesks/intercom/closings", payload.clone()).await["decision"], "waits");
    desk.delete("/v1/customers/ada@example.com").await;
    desk.gateway.enrich_due("intercom").await.expect("a store");
    assert_eq!(desk.post("/v1/helpdesks/intercom/closings", payload).await.rules(), ["erased"]);
}

#[tokio::test]
async fn a_dead_helpdesk_holds_up_no_other() {
    let (dead, sound) = (Api::open(vec![(0, json!({}))]).await, Api::open(intercom()).await);
    let desk = Desk::with(|config| {
        helpdesk(config, "chatwoot", &dead.url);
        helpdesk(config, "intercom", &sound.url);
    })
    .await;
    let stop = CancellationToken::new();
    report(&desk, "chatwoot").await;
    let work = tokio::spawn(afterword::worker::run(Arc::clone(&desk.gateway), stop.clone()));
    while dead.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    report(&desk, "intercom").await;
    while desk.mails().is_empty() {
        tokio::task::yield_now().await;
    }
    let waiting: BTreeMap<_, _> = [("chatwoot", 1), ("intercom", 0)].into();
    for (kind, count) in waiting {
        assert_eq!(known(&desk, kind).await["waiting"].as_array().map(Vec::len), Some(count), "{kind}");
    }
    stop.cancel();
    work.await.expect("it stops");
}
