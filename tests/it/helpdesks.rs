//! Helpdesks that report by webhooks of their own: through the router, signed as they sign.

use crate::desk::{Answer, Desk, START, stamp, time};
use afterword::config::{Config, HelpdeskSettings};
use afterword::survey::access::Scope;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use chrono::TimeDelta;
use data_encoding::{BASE64, HEXLOWER};
use futures_util::stream;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;
use std::convert::Infallible;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

mod hostile;
mod tried;

const SECRET: &str = "s3cret";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A connection of each kind, by the word of its kind; `plain` takes a key.
fn helpdesks(config: &mut Config) {
    for kind in ["chatwoot", "zammad", "freescout", "helpscout", "intercom", "zendesk"] {
        add(config, kind, &format!("kind = '{kind}'\nsecret = '{SECRET}'"));
    }
    add(config, "freshdesk", "kind = 'freshdesk'");
    add(config, "plain", "kind = 'template'\nauth = 'key'");
    add(config, "signed", &format!("kind = 'template'\nauth = 'zammad'\nsecret = '{SECRET}'"));
}

fn add(config: &mut Config, name: &str, settings: &str) {
    let settings: HelpdeskSettings = toml::from_str(settings).expect("settings");
    config.helpdesks.insert(name.to_owned(), settings);
}

/// Surveys wait for an hour, and so can be cancelled.
async fn waiting() -> Desk {
    Desk::with(|config| {
        helpdesks(config);
        Arc::make_mut(&mut config.ask).delay = TimeDelta::hours(1);
    })
    .await
}

fn payload(file: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/helpdesks/");
    serde_json::from_str(&fs::read_to_string(format!("{path}{file}.json")).expect(file)).expect("JSON")
}

fn sha1(body: &[u8]) -> Vec<u8> {
    Hmac::<Sha1>::new_from_slice(SECRET.as_bytes())
        .expect("any key")
        .chain_update(body)
        .finalize()
        .into_bytes()
        .to_vec()
}

fn sha256(before: &str, body: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key");
    mac.chain_update(before).chain_update(body).finalize().into_bytes().to_vec()
}

/// The headers that this helpdesk sends with a body now.
fn signed(desk: &Desk, name: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    let now = desk.clock.now();
    match name {
        "chatwoot" => {
            let at = now.timestamp().to_string();
            let signature = format!("sha256={}", HEXLOWER.encode(&sha256(&format!("{at}."), body)));
            vec![("x-chatwoot-signature", signature), ("x-chatwoot-timestamp", at)]
        }
        "zendesk" => {
            let signature = BASE64.encode(&sha256(&stamp(now), body));
            vec![("x-zendesk-webhook-signature", signature), ("x-zendesk-webhook-signature-timestamp", stamp(now))]
        }
        "zammad" | "intercom" | "signed" => {
            vec![("x-hub-signature", format!("sha1={}", HEXLOWER.encode(&sha1(body))))]
        }
        "helpscout" => vec![
            ("x-helpscout-signature", BASE64.encode(&sha1(body))),
            ("x-helpscout-event", "convo.status".to_owned()),
        ],
        "freescout" => vec![
            ("x-freescout-signature", BASE64.encode(&sha1(body))),
            ("x-freescout-event", "convo.status".to_owned()),
        ],
        _ => vec![("authorization", format!("Bearer {}", desk.admin))],
    }
}

async fn post(desk: &Desk, name: &str, headers: &[(&str, String)], body: impl Into<Body>) -> Answer {
    let mut request = Request::post(format!("/v1/helpdesks/{name}/closings"));
    for (header, value) in headers {
        request = request.header(*header, value);
    }
    desk.send(request.body(body.into()).expect("a request")).await
}

/// Sends a payload as this helpdesk would.
async fn report(desk: &Desk, name: &str, payload: &Value) -> Answer {
    let body = payload.to_string();
    post(desk, name, &signed(desk, name, body.as_bytes()), body).await
}

#[tokio::test]
async fn each_helpdesk_is_heard() {
    let desk = Desk::with(helpdesks).await;
    for (name, file, rules) in [
        ("chatwoot", "chatwoot-resolved", vec![]),
        ("zammad", "zammad-closed", vec![]),
        ("freescout", "freescout-closed", vec!["too_short"]),
        ("helpscout", "helpscout-closed", vec!["too_short"]),
        ("intercom", "intercom-closed", vec![]),
        ("zendesk", "zendesk-trigger", vec![]),
        ("freshdesk", "freshdesk-simple", vec![]),
        ("plain", "template-closed", vec![]),
        ("signed", "template-closed", vec![]),
    ] {
        let answer = report(&desk, name, &payload(file)).await;
        if rules.is_empty() {
            assert_eq!((answer.status, &answer["decision"]), (202, &json!("ask")), "{name}: {}", answer.text);
            let mail = desk.the_mail().await;
            assert_eq!(mail.to, "ada@example.com");
            desk.pass(TimeDelta::minutes(6));
            assert_eq!(desk.press(&mail.links[4]).await["outcome"], "ok");
            let ratings = desk.get("/v1/ratings").await;
            let of_this = |row: &&Value| row["connection"] == name && row["conversation_id"] == "8841";
            assert_eq!(ratings["items"].as_array().expect("rows").iter().filter(of_this).count(), 1, "{name}");
        } else {
            assert_eq!((answer.status, answer.rules()), (200, rules), "{name}");
        }
        // The id is the same everywhere: each connection has conversations of its own.
        let known = desk.get(&format!("/v1/conversations/8841?connection={name}")).await;
        assert_eq!(known["decisions"].as_array().map(Vec::len), Some(1), "{name}: {}", known.text);
        desk.turn_to(START);
    }
    assert_eq!(desk.get("/v1/conversations/8841").await.status, 404, "the plain API has none of them");
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_nothing_is_read() {
    let desk = Desk::with(helpdesks).await;
    let before = desk.everything().await;
    for name in ["chatwoot", "zammad", "freescout", "helpscout", "intercom", "zendesk", "signed"] {
        let body = payload("chatwoot-resolved").to_string();
        let right = signed(&desk, name, body.as_bytes());
        // Nobody looks whether this is JSON.
        let other = post(&desk, name, &right, "not JSON").await;
        assert_eq!((other.status, &other["code"]), (401, &json!("bad_signature")), "{name}: {}", other.text);
        assert_eq!(other["detail"], "the signature does not match the body and the secret", "{name}");
        let mut wrong = right.clone();
        wrong[0].1 = wrong[0].1.replace(|c: char| c.is_ascii_digit(), "0");
        assert_eq!(post(&desk, name, &wrong, body.clone()).await.status, 401, "{name}");
        let key = [("authorization", format!("Bearer {}", desk.admin))];
        assert_eq!(post(&desk, name, &key, body.clone()).await.status, 401, "{name}: a key is no signature");
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn the_body_of_a_stranger_is_not_even_received() {
    let desk = Desk::with(helpdesks).await;
    let read = desk.key(Scope::Read, None, None).await;
    let bearer = |key: &str| vec![("authorization", format!("Bearer {key}"))];
    for (name, headers, status, code) in [
        ("nobody", bearer(&desk.admin), 404, "unknown_helpdesk"),
        ("chatwoot", Vec::new(), 401, "bad_signature"),
        ("zammad", vec![("x-hub-signature", "sha1=zz".to_owned())], 401, "bad_signature"),
        ("plain", Vec::new(), 401, "unknown_key"),
        ("plain", bearer("aw_trigger_000000000000_x"), 401, "unknown_key"),
        ("plain", bearer(&read), 403, "forbidden"),
        ("freshdesk", vec![("authorization", "Basic !".to_owned())], 401, "unknown_key"),
    ] {
        let noticed = Arc::<AtomicBool>::default();
        let was_read = Arc::clone(&noticed);
        let body = stream::once(async move {
            noticed.store(true, SeqCst);
            Ok::<_, Infallible>(Bytes::from_static(b"{}"))
        });
        let answer = post(&desk, name, &headers, Body::from_stream(body)).await;
        assert_eq!((answer.status, &answer["code"]), (status, &json!(code)), "{name}: {}", answer.text);
        assert!(!was_read.load(SeqCst), "{name}");
    }
    let head = Request::builder().method(Method::HEAD).uri("/v1/helpdesks/intercom/closings");
    assert_eq!(desk.send(head.body(Body::empty()).expect("a request")).await.status, 200);
}

#[tokio::test]
async fn a_signed_time_is_believed_for_five_minutes_and_a_replay_changes_nothing() {
    let desk = Desk::with(helpdesks).await;
    for (name, file) in [("chatwoot", "chatwoot-resolved"), ("zendesk", "zendesk-trigger"), ("zammad", "zammad-closed")]
    {
        desk.turn_to(START);
        let body = payload(file).to_string();
        let headers = signed(&desk, name, body.as_bytes());
        let first = post(&desk, name, &headers, body.clone()).await;
        assert_eq!(first.status, 202, "{name}: {}", first.text);
        let before = desk.everything().await;
        desk.pass(TimeDelta::minutes(5));
        let again = post(&desk, name, &headers, body.clone()).await;
        assert_eq!((again.status, &again["survey_id"]), (200, &first["survey_id"]), "{name}");
        desk.pass(TimeDelta::seconds(1));
        let late = post(&desk, name, &headers, body).await;
        let timed = name != "zammad";
        assert_eq!(late.status, if timed { 401 } else { 200 }, "{name}: {}", late.text);
        assert_eq!(desk.everything().await, before, "{name}");
    }
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 3);
}

#[tokio::test]
async fn what_closes_nothing_is_fine_and_changes_nothing() {
    let desk = Desk::with(helpdesks).await;
    let before = desk.everything().await;
    for (name, payload, why) in [
        ("chatwoot", json!({"event": "contact_created"}), "contact_created is an event that closes nothing"),
        ("intercom", json!({"topic": "ping"}), "a test of the connection"),
        (
            "zammad",
            json!({"ticket": {"id": 1, "state": "merged"}}),
            "merged is not known as a state that closes a ticket",
        ),
        ("helpscout", json!({"id": 1, "status": "unheard"}), "unheard is no status that is known here"),
        (
            "zendesk",
            json!({"conversation_id": "{{ticket.id}}"}),
            "a test: the placeholders of the template are not filled in",
        ),
        (
            "zendesk",
            json!({"type": "zen:event-type:ticket.merged"}),
            "zen:event-type:ticket.merged is an event that closes nothing",
        ),
        (
            "plain",
            json!({"conversation_id": 1, "state": "lost"}),
            "lost is not known as a state that closes a conversation",
        ),
    ] {
        let answer = report(&desk, name, &payload).await;
        assert_eq!((answer.status, &answer["ignored"]), (200, &json!(why)), "{name}: {}", answer.text);
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn a_conversation_that_goes_on_is_not_asked_about() {
    let goes_on = |name: &str| match name {
        "chatwoot" => payload("chatwoot-message"),
        "zammad" => {
            let mut ticket = payload("zammad-closed");
            ticket["ticket"]["state"] = json!("open");
            ticket["ticket"]["updated_at"] = json!("2026-11-22T10:20:00Z");
            ticket
        }
        "intercom" => {
            let mut replied = payload("intercom-closed");
            replied["topic"] = json!("conversation.user.replied");
            replied["data"]["item"]["conversation_parts"]["conversation_parts"][0]["created_at"] = json!(1_795_342_800);
            replied
        }
        "zendesk" => payload("zendesk-event"),
        _ => json!({"conversation_id": "8841", "reopened_at": "2026-11-22T10:20Z"}),
    };
    for (name, file) in [
        ("chatwoot", "chatwoot-resolved"),
        ("zammad", "zammad-closed"),
        ("intercom", "intercom-closed"),
        ("zendesk", "zendesk-trigger"),
        ("plain", "template-closed"),
    ] {
        let desk = waiting().await;
        assert_eq!(report(&desk, name, &payload(file)).await.status, 202, "{name}");
        assert_eq!(report(&desk, "signed", &payload("template-closed")).await.status, 202, "{name}");
        desk.pass(TimeDelta::minutes(20));
        let cancelled = report(&desk, name, &goes_on(name)).await;
        assert_eq!((cancelled.status, &cancelled["cancelled"]), (200, &json!(1)), "{name}: {}", cancelled.text);
        assert_eq!(report(&desk, name, &goes_on(name)).await["cancelled"], 0, "{name}: a repeat");
        desk.pass(TimeDelta::hours(1));
        desk.deliver().await;
        assert_eq!(desk.mails().len(), 1, "{name}: that of the other connection goes out");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_a_report_says_what_is_wrong() {
    let desk = Desk::with(helpdesks).await;
    let before = desk.everything().await;
    let broken = r#"{"conversation_id": "1", "subject": "He said "no""}"#;
    let answer = post(&desk, "plain", &signed(&desk, "plain", b""), broken).await;
    assert_eq!((answer.status, &answer["code"]), (400, &json!("not_json")), "{}", answer.text);
    for (name, payload, pointer) in [
        ("plain", json!({"conversation_id": "1"}), "/closed_at"),
        ("plain", json!({"closed_at": "2026-11-22T10:00Z"}), "/conversation_id"),
        ("plain", json!({"conversation_id": "1", "closed_at": "2026-11-22T10:06Z"}), "/closed_at"),
        ("plain", json!({"conversation_id": "1", "closed_at": "+262142-12-31T23:59:59Z"}), "/closed_at"),
        ("plain", json!({"conversation_id": "1", "reopened_at": "2026-11-22T10:06Z"}), "/reopened_at"),
        ("plain", json!({"conversation_id": "1", "closed_at": "2026-11-22T10:00Z", "policy": "none"}), "/policy"),
        ("plain", json!({"conversation_id": "x".repeat(201), "closed_at": "2026-11-22T10:00Z"}), "/conversation_id"),
        ("freshdesk", json!({"freshdesk_webhook": {"ticket_id": 1}}), "/closed_at"),
        ("chatwoot", json!({"event": "conversation_status_changed", "status": "resolved", "id": 1}), "/updated_at"),
    ] {
        let answer = report(&desk, name, &payload).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec![pointer]), "{name} {payload}: {}", answer.text);
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn a_key_comes_as_a_bearer_token_or_as_a_password() {
    let desk = Desk::with(helpdesks).await;
    let key = desk.key(Scope::Trigger, None, None).await;
    let basic = |pair: String| ("authorization", format!("Basic {}", BASE64.encode(pair.as_bytes())));
    let body = "conversation_id=1&closed_at=2026-11-22+10:00:00+UTC&customer_email=ada%40example.com&state=Solved";
    for (number, header) in
        [("authorization", format!("Bearer {key}")), basic(format!("afterword:{key}"))].into_iter().enumerate()
    {
        let form = (FORM.0, FORM.1.to_owned());
        let answer = post(&desk, "plain", &[header, form], body.replace("=1&", &format!("={number}&"))).await;
        assert_eq!((answer.status, &answer["decision"]), (202, &json!("ask")), "{}", answer.text);
        assert_eq!(answer["unknown"], json!(["started_by", "characters", "last_reply_at", "teammate_replied"]));
    }
    let wrong = basic(format!("{key}:afterword"));
    assert_eq!(post(&desk, "plain", &[wrong], body).await.status, 401);
}

#[tokio::test]
async fn a_connection_has_a_policy_and_exclusions() {
    let desk = Desk::with(|config| {
        crate::rules::policies(config);
        let settings = |more: &str| format!("kind = 'template'\nauth = 'key'\n{more}");
        add(config, "later", &settings("policy = 'later'"));
        add(
            config,
            "narrow",
            &settings("exclude_tags = ['Spam']\nexclude_inboxes = ['jobs']\nexclude_teams = ['sales']"),
        );
    })
    .await;
    let closing = |id: &str, more: Value| {
        let mut body = payload("template-closed");
        body["conversation_id"] = json!(id);
        for (field, value) in more.as_object().expect("fields") {
            body[field] = value.clone();
        }
        body
    };
    let hour = stamp(time(START) + TimeDelta::hours(1));
    assert_eq!(report(&desk, "later", &closing("1", json!({}))).await["send_at"], json!(hour));
    assert_eq!(report(&desk, "later", &closing("2", json!({"policy": "workflow"}))).await["send_at"], json!(START));
    for (id, more, asked) in [
        ("3", json!({}), true),
        ("4", json!({"tags": "refund, spam"}), false),
        ("5", json!({"inbox": "Jobs"}), false),
        ("6", json!({"inbox": "jobs and more"}), true),
        ("7", json!({"teammate_team": "Sales", "teammate_id": "7", "teammate": null}), false),
    ] {
        let answer = report(&desk, "narrow", &closing(id, more)).await;
        if asked {
            assert_eq!(answer["decision"], "ask", "{id}: {}", answer.text);
        } else {
            assert_eq!(answer.rules(), ["suppressed_here"], "{id}: {}", answer.text);
        }
    }
    let known = desk.get("/v1/conversations/4?connection=narrow").await;
    assert_eq!(known["decisions"][0]["reasons"][0]["rule"], "suppressed_here", "why was nobody asked?");
}
