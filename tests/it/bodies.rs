//! Bodies: read only for those who may send them, within bounds, and with everything that is wrong told at once.

use crate::desk::{Answer, Desk};
use afterword::survey::access::Scope;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// A request whose body tells when anybody begins to read it.
fn watched(method: &Method, path: &str, key: &str) -> (Request<Body>, Arc<AtomicBool>) {
    let read = Arc::<AtomicBool>::default();
    let noticed = Arc::clone(&read);
    let body = stream::once(async move {
        noticed.store(true, SeqCst);
        Ok::<_, Infallible>(Bytes::from_static(b"{}"))
    });
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    (request.body(Body::from_stream(body)).expect("a request"), read)
}

#[tokio::test]
async fn the_body_of_a_stranger_is_never_read() {
    let desk = Desk::open().await;
    let trigger = desk.key(Scope::Trigger, None, None).await;
    let read = desk.key(Scope::Read, None, None).await;
    for (method, path, other) in [
        (Method::POST, "/v1/closings", &read),
        (Method::POST, "/v1/conversations/1/reopened", &read),
        (Method::POST, "/v1/bounces", &trigger),
        (Method::PUT, "/v1/suppressions/ada@example.com", &trigger),
    ] {
        for (key, status) in [("", 401), ("aw_trigger_000000000000_x", 401), (other.as_str(), 403)] {
            let (request, was_read) = watched(&method, path, key);
            assert_eq!((desk.send(request).await.status, was_read.load(SeqCst)), (status, false), "{path} {key}");
        }
        let (request, was_read) = watched(&method, path, &desk.admin);
        assert!([200, 422].contains(&desk.send(request).await.status) && was_read.load(SeqCst), "{path}");
    }
    let (request, was_read) = watched(&Method::POST, "/r/unknown", "");
    assert_eq!((desk.send(request).await.status, was_read.load(SeqCst)), (404, false), "nor that of a link of nobody");
}

#[tokio::test]
async fn a_body_is_bounded_with_its_length_told_or_not() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let link = desk.the_mail().await.links[0].clone();
    for (path, most) in [("/v1/closings", 1024 * 1024), (link.as_str(), 128 * 1024)] {
        for (length, fits) in [(most, true), (most + 1, false)] {
            let chunk = Bytes::from(vec![b' '; 1024]);
            let chunks =
                stream::iter(vec![chunk; length / 1024]).chain(stream::iter([vec![b' '; length % 1024].into()]));
            let unknown = Body::from_stream(chunks.map(Ok::<_, Infallible>));
            for body in [Body::from(vec![b' '; length]), unknown] {
                let request = Request::post(path).header("authorization", format!("Bearer {}", desk.admin));
                let answer = desk.send(request.body(body).expect("a request")).await;
                assert_eq!(answer.status != 413, fits, "{path} {length}: {}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn too_many_bodies_at_once_are_refused_for_now_and_small_ones_still_fit() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let link = desk.the_mail().await.links[0].clone();
    let post = |path: &str, body: Body| {
        let request = Request::post(path).header("authorization", format!("Bearer {}", desk.admin));
        desk.send(request.body(body).expect("a request"))
    };
    let large = || post("/v1/closings", Body::from(vec![b' '; 1024 * 1024]));
    let endless = || Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    // Each may become as large as any: 63 MiB and 128 KiB of 64 MiB.
    let paths = std::iter::repeat_n("/v1/closings", 63).chain([link.as_str()]);
    let mut hanging = Box::pin(join_all(paths.map(|path| post(path, endless()))));
    let refused = loop {
        assert!(futures_util::poll!(&mut hanging).is_pending());
        match large().await {
            refused if refused.status == 503 => break refused,
            taken => assert_eq!(taken.status, 400),
        }
    };
    assert_eq!((&refused["code"], refused.header("retry-after")), (&json!("busy"), "1"));
    assert_eq!(desk.close(json!({"conversation_id": "small"})).await.status, 202);
    drop(hanging);
    assert_eq!(large().await.status, 400, "there is room again");
}

/// The faults of an answer, one a line: its place and what was expected.
fn faults(answer: &Answer) -> String {
    assert_eq!(answer.status, 422, "{}", answer.text);
    let text = |of: &Value, field: &str| of[field].as_str().expect("a text").to_owned();
    let errors = answer["errors"].as_array().expect("errors").iter();
    errors.map(|of| format!("{}: {}", text(of, "pointer"), text(of, "detail"))).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn all_wrong_types_words_and_fields_are_told_at_once() {
    let desk = Desk::open().await;
    let before = desk.everything().await;
    let wrong = json!({
        "conversation_id": 8841, "closed_at": "yesterday", "state": "resolved", "started_by": "user",
        "characters": "612", "last_reply_at": 5, "teammate_replied": "yes", "subject": ["Refund"], "color": "red",
        "customers": [
            {"email": "ada@example.com", "kind": "contact", "phone/fax": "1"}, "bob@example.com", {"name": 5},
        ],
        "teammate": "Grace", "tags": "vip", "messages": [{"author": "robot", "at": null}, []], "ask": "no",
    });
    insta::assert_snapshot!(faults(&desk.post("/v1/closings", wrong).await), @r#"
    /conversation_id: expected a text, not a number
    /closed_at: expected an RFC 3339 time with its zone, such as "2026-11-22T10:00:00Z"
    /state: "resolved": expected closed or snoozed
    /started_by: "user": expected customer, teammate, workflow or api
    /characters: expected a whole number from 0 to 4294967295, not a text
    /last_reply_at: expected a text, not a number
    /teammate_replied: expected true or false, not a text
    /subject: expected a text, not a list
    /color: unknown field, expected one of `conversation_id`, `closed_at`, `state`, `subject`, `url`, `channel`, `started_by`, `characters`, `last_reply_at`, `teammate_replied`, `customers`, `teammate`, `messages`, `tags`, `policy`, `ask`, `other_survey`, `in_reply_to`
    /customers/0/kind: "contact": expected user or lead
    /customers/0/phone~1fax: unknown field, expected one of `id`, `email`, `name`, `kind`, `locale`
    /customers/1: expected an object, not a text
    /customers/2/name: expected a text, not a number
    /customers/2/email: this field is missing
    /teammate: expected an object, not a text
    /tags: expected a list, not a text
    /messages/0/author: "robot": expected customer, teammate or bot
    /messages/0/at: expected a text, not null
    /messages/0/text: this field is missing
    /messages/1: expected an object, not a list
    /ask: expected true or false, not a text
    "#);
    insta::assert_snapshot!(faults(&desk.post("/v1/closings", json!({})).await), @"
    /conversation_id: this field is missing
    /closed_at: this field is missing
    /customers: this field is missing
    ");
    insta::assert_snapshot!(faults(&desk.post("/v1/closings", json!([])).await), @": expected an object, not a list");
    insta::assert_snapshot!(faults(&desk.post("/v1/bounces", json!({"survey_id": "x", "email": 5})).await), @"
    /survey_id: expected a UUID
    /email: expected a text, not a number
    /kind: this field is missing
    ");
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn a_field_that_is_there_twice_is_refused() {
    let desk = Desk::open().await;
    let body = r#"{"conversation_id": "1", "closed_at": "2026-11-22T10:00:00Z", "ask": true, "ask": false,
        "customers": [{"email": null}, {"email": null, "id": "1", "id": "1"}]}"#;
    let request = Request::post("/v1/closings").header("authorization", format!("Bearer {}", desk.admin));
    let answer = desk.send(request.body(Body::from(body)).expect("a request")).await;
    insta::assert_snapshot!(faults(&answer), @"
    /ask: this field is there more than once
    /customers/1/id: this field is there more than once
    ");
}

#[tokio::test]
async fn an_answer_repeats_little_of_what_was_sent() {
    let desk = Desk::open().await;
    let long = "x".repeat(900_000);
    let many: Vec<_> = (0..15_000).map(|number| json!({"author": number, "at": 5, "text": "a"})).collect();
    let named: Vec<_> =
        (0..5_000).map(|number| json!({"email": null, format!("field-{number}-{}", "y".repeat(100)): 1})).collect();
    for (what, body, listed) in [
        ("a long name", json!({&long: 1}), 4),
        ("a long value", json!({"state": &long}), 4),
        ("many faults", json!({"messages": many}), 50),
        ("many names", json!({"customers": named}), 50),
    ] {
        let answer = desk.post("/v1/closings", body).await;
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(listed), "{what}: {:.2000}", answer.text);
        assert!(answer.text.len() < 17 * 1024, "{what}: {}", answer.text.len());
        assert_eq!(answer["detail"].as_str().expect("a text").contains("the first 50"), listed == 50, "{what}");
    }
    let query = desk.get(&format!("/v1/report?{}=1", "z".repeat(50_000))).await;
    assert_eq!((query.status, query.text.len() < 1000), (422, true), "{:.2000}", query.text);
}
