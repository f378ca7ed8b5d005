//! Whatever is sent to the doors of helpdesks: an answer that ends it, and nothing stored of what is refused.

use super::{SECRET, add, helpdesks, payload, post, report, signed};
use crate::desk::{Desk, few, time};
use afterword::private;
use axum::body::Body;
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// Each connection, and a payload that it takes.
const TAKEN: [(&str, &str); 9] = [
    ("chatwoot", "chatwoot-resolved"),
    ("zammad", "zammad-closed"),
    ("freescout", "freescout-closed"),
    ("helpscout", "helpscout-closed"),
    ("intercom", "intercom-closed"),
    ("zendesk", "zendesk-trigger"),
    ("freshdesk", "freshdesk-simple"),
    ("plain", "template-closed"),
    ("signed", "template-closed"),
];

/// One change of the text of a payload.
#[derive(Clone, Debug)]
enum Damage {
    /// Bytes are put in at a place.
    Insert(prop::sample::Index, Vec<u8>),
    /// So many bytes are cut out at a place.
    Cut(prop::sample::Index, usize),
    /// The value of a field, by its place among all, is another one.
    Value(prop::sample::Index, Value),
}

fn damage() -> impl Strategy<Value = Damage> {
    let odd = prop::sample::select(vec![
        json!(null),
        json!(""),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!("9".repeat(400)),
        json!([[[[]]]]),
        json!({"id": {}}),
        json!("0000-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:60Z"),
        json!("2026-11-22T10:00:00+2500"),
        json!("1795341600000"),
        json!("\u{feff}👩‍👩‍👧\u{202e}\r\n\u{0}"),
        json!("ada@exa mple.com"),
        json!("x".repeat(70_000)),
    ]);
    prop_oneof![
        (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<prop::sample::Index>(), 1_usize..40).prop_map(|(at, length)| Damage::Cut(at, length)),
        (any::<prop::sample::Index>(), odd).prop_map(|(at, value)| Damage::Value(at, value)),
    ]
}

/// The pointers of all values.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(place, value)| (place.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        places(value, &format!("{at}/{name}"), found);
    }
}

fn damaged(payload: &Value, all: Vec<Damage>) -> Vec<u8> {
    let (mut value, mut bytes) = (payload.clone(), None::<Vec<u8>>);
    for damage in all {
        match damage {
            Damage::Value(at, new) => {
                let mut found = Vec::new();
                places(&value, "", &mut found);
                let place: &String = at.get(&found);
                *value.pointer_mut(place).expect("a place") = new;
            }
            Damage::Insert(at, new) => {
                let text = bytes.get_or_insert_with(|| value.to_string().into_bytes());
                let at = at.index(text.len() + 1);
                text.splice(at..at, new);
            }
            Damage::Cut(at, length) => {
                let text = bytes.get_or_insert_with(|| value.to_string().into_bytes());
                let at = at.index(text.len() + 1);
                text.drain(at..(at + length).min(text.len()));
            }
        }
    }
    bytes.unwrap_or_else(|| value.to_string().into_bytes())
}

#[test]
fn no_payload_is_an_error_of_the_service() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let desk = runtime.block_on(Desk::with(helpdesks));
    proptest!(few(256), |(which in 0..TAKEN.len(), all in prop::collection::vec(damage(), 1..4))| {
        let (name, file) = TAKEN[which];
        let body = damaged(&payload(file), all);
        let answer = runtime.block_on(post(&desk, name, &signed(&desk, name, &body), body));
        // Helpdesks take these for final, or try again a few times.
        prop_assert!([200, 202, 400, 422].contains(&answer.status), "{name}: {} {}", answer.status, answer.text);
        prop_assert!(answer["code"] != json!("not_json") || !answer.text.contains("example.com"), "{}", answer.text);
    });
}

#[tokio::test]
async fn a_body_of_the_right_size_and_any_shape_is_read() {
    let desk = Desk::with(helpdesks).await;
    let deep =
        |depth: usize| format!("{{\"conversation_id\": \"1\", \"x\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    let long = |length: usize| {
        let mut body = payload("template-closed");
        body["conversation_id"] = json!("long");
        body["subject"] = json!("");
        let left = length - body.to_string().len();
        body["subject"] = json!("x".repeat(left));
        body.to_string()
    };
    for (what, body, status) in [
        ("nothing", String::new(), 400),
        ("spaces", " \r\n ".to_owned(), 400),
        ("no object", "[]".to_owned(), 422),
        ("a text", "\"{}\"".to_owned(), 422),
        ("very deep", deep(100_000), 400),
        ("deep", deep(100), 422),
        ("as long as allowed", long(1 << 20), 202),
        ("longer", long((1 << 20) + 1), 413),
    ] {
        for chunked in [false, true] {
            let sent = signed(&desk, "plain", body.as_bytes());
            let chunks = body.as_bytes().chunks(60_000).map(|chunk| Ok::<_, std::convert::Infallible>(chunk.to_vec()));
            let chunks = futures_util::stream::iter(chunks.collect::<Vec<_>>());
            let body = if chunked { Body::from_stream(chunks) } else { Body::from(body.clone()) };
            let answer = post(&desk, "plain", &sent, body).await;
            let status = if chunked && status == 202 { 200 } else { status };
            assert_eq!(answer.status, status, "{what} {chunked}: {:.300}", answer.text);
        }
    }
    // Without a Content-Type, or with any that names no form, it is JSON.
    for kind in ["text/plain", "application/json; charset=utf-8", "application/vnd.api+json"] {
        let [key] = signed(&desk, "plain", b"").try_into().expect("one header");
        let answer =
            post(&desk, "plain", &[key, ("content-type", kind.to_owned())], payload("template-closed").to_string())
                .await;
        assert!(answer.status < 300, "{kind}: {}", answer.text);
    }
}

/// A helpdesk may fill in a customer's name as it is: then a quotation mark or an ampersand in it begins a field.
#[tokio::test]
async fn a_customer_whose_name_adds_an_address_is_refused() {
    let desk = Desk::with(helpdesks).await;
    let fields = r#""conversation_id": "added", "closed_at": "2026-11-24 13:00:00 UTC""#;
    let json = format!(
        r#"{{{fields}, "customer_email": "eve@example.com", "customer_name": "Eve", "customer_email": "ada@example.com"}}"#
    );
    let form = "conversation_id=added&closed_at=2026-11-24T13:00Z&customer_email=eve%40example.com&customer_name=Eve\
                &customer_email=ada%40example.com";
    for (kind, body) in [("application/json", json.as_str()), ("application/x-www-form-urlencoded", form)] {
        let [key] = signed(&desk, "plain", b"").try_into().expect("one header");
        let answer = post(&desk, "plain", &[key, ("content-type", kind.to_owned())], body.to_owned()).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert!(answer.text.contains("/customer_email") && answer.text.contains("more than once"), "{}", answer.text);
        assert!(!answer.text.contains("ada@"), "{}", answer.text);
    }
}

#[tokio::test]
async fn what_a_stranger_sends_is_refused_in_one_way() {
    let desk = Desk::with(helpdesks).await;
    let before = desk.everything().await;
    for name in ["chatwoot", "zammad", "freescout", "helpscout", "intercom", "zendesk", "signed"] {
        let body = payload("chatwoot-resolved").to_string();
        let right = signed(&desk, name, body.as_bytes());
        let flipped = |text: &str| if text.ends_with('0') { "1" } else { "0" }.to_owned();
        let mut almost = right.clone();
        let end = almost[0].1.trim_end_matches('=').len();
        // The first character that is not of the prefix.
        let start = if almost[0].1.contains('=') && almost[0].1.starts_with("sha") {
            almost[0].1.find('=').expect("=") + 1
        } else {
            0
        };
        assert!(start < end);
        let first = flipped(&almost[0].1[start..=start]);
        almost[0].1.replace_range(start..=start, &first);
        // Broken bodies and bodies that this helpdesk would never send are answered alike.
        let answers = [
            post(&desk, name, &almost, body.clone()).await.text,
            post(&desk, name, &right, "{").await.text,
            post(&desk, name, &right, vec![0xff; 9]).await.text,
            post(&desk, name, &right, String::new()).await.text,
        ];
        assert!(answers.iter().all(|answer| *answer == answers[0] && answer.contains("bad_signature")), "{answers:?}");
        // Of two the last counts, and blanks around one do not.
        let twice = [almost.clone(), right.clone()].concat();
        assert!(post(&desk, name, &twice, body.clone()).await.status != 401, "{name}");
        let other = [right.clone(), almost].concat();
        assert_eq!(post(&desk, name, &other, body.clone()).await.status, 401, "{name}");
        let mut spaced = right.clone();
        spaced[0].1 = format!(" {} ", spaced[0].1);
        assert!(post(&desk, name, &spaced, body).await.status != 401, "{name}");
    }
    assert_eq!(desk.everything().await["closing"].len(), before["closing"].len() + 1, "the one of Chatwoot");
    for name in ["Chatwoot", "nobody", "chatwoot%00", "%ff"] {
        let path = format!("/v1/helpdesks/{name}/closings");
        assert_eq!(desk.post(&path, json!({})).await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn a_secret_that_was_read_again_is_the_one_that_holds() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let write = |secret: &str| private::write(file.path(), secret.as_bytes()).expect("written");
    write("other\n");
    let desk = Desk::with(|config| {
        helpdesks(config);
        let file = file.path().display();
        add(config, "zammad", &format!("kind = 'zammad'\nsecret = '{SECRET}'\nsecret_file = '{file}'"));
    })
    .await;
    let known = payload("zammad-closed");
    assert_eq!(report(&desk, "zammad", &known).await.status, 202);
    assert_eq!(desk.gateway.reload(), [Ok("helpdesk.zammad.secret_file".to_owned())]);
    assert_eq!(report(&desk, "zammad", &known).await.status, 401, "it is the old one");
    write(" \n");
    let refused = desk.gateway.reload().remove(0).expect_err("an empty file");
    assert!(refused.starts_with("helpdesk.zammad.secret_file: ") && refused.ends_with(": is empty: expected a secret"));
    assert_eq!(report(&desk, "zammad", &known).await.status, 401, "the other one stays");
    write(SECRET);
    desk.gateway.reload();
    assert_eq!(report(&desk, "zammad", &known).await.status, 200);
    assert_eq!(report(&desk, "intercom", &payload("intercom-closed")).await.status, 202, "this one is in no file");
}

#[tokio::test]
async fn teammates_of_two_helpdesks_are_two_even_with_one_id() {
    let desk = Desk::with(helpdesks).await;
    for (name, file) in [("chatwoot", "chatwoot-resolved"), ("zammad", "zammad-closed")] {
        assert_eq!(report(&desk, name, &payload(file)).await.status, 202);
    }
    // One that only the messages name.
    let told = json!({"conversation_id": "1", "closed_at": "2026-11-22T10:00Z", "customer_email": "eve@example.com", "messages":
        [{"author": "teammate", "author_id": 7, "at": "2026-11-22T09:00Z", "text": "x".repeat(300)}]});
    assert_eq!(report(&desk, "plain", &told).await.status, 202);
    desk.deliver().await;
    let path = "/v1/report?from=2026-11-22&to=2026-11-22";
    let rows = desk.get(path).await;
    let ids = |rows: &crate::desk::Answer| -> Vec<String> {
        rows["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| row["id"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let mut all = ids(&rows);
    all.sort();
    assert_eq!(all, ["chatwoot:7", "plain:7", "zammad:7"], "{}", rows.text);
    let only = desk.get(&format!("{path}&teammate=zammad:7")).await;
    assert_eq!((ids(&only), &only["total"]["asked"]), (vec!["zammad:7".to_owned()], &json!(1)), "{}", only.text);
    // The name of the connection takes some of the length.
    for (length, status) in [(194, 202), (195, 422)] {
        let id = "x".repeat(length);
        let told = json!({"conversation_id": id, "closed_at": "2026-11-22T10:00Z", "customer_email": "eve@example.com", "teammate_id": id});
        let answer = report(&desk, "plain", &told).await;
        assert_eq!(answer.status, status, "{length}: {}", answer.text);
        assert!(status == 202 || answer.pointers() == ["/teammate/id"], "{}", answer.text);
    }
}

#[tokio::test]
async fn replies_to_a_conversation_that_was_never_closed_leave_one_row() {
    let desk = Desk::with(|config| {
        helpdesks(config);
        Arc::make_mut(&mut config.ask).delay = TimeDelta::hours(1);
    })
    .await;
    let reply = async |minute: u32| {
        let at = format!("2026-11-22T09:{minute:02}Z");
        report(&desk, "plain", &json!({"conversation_id": "8841", "reopened_at": at})).await["cancelled"].clone()
    };
    for minute in [10, 30, 20, 30] {
        assert_eq!(reply(minute).await, 0);
    }
    let rows = desk.sql("SELECT reopened_at FROM reopening").await;
    assert_eq!(rows, [[time("2026-11-22T09:30:00Z").timestamp_millis().to_string()]]);
    // Closings that arrive late are measured against it.
    let close = async |at: &str| {
        let mut closing = payload("template-closed");
        (closing["closed_at"], closing["last_reply_at"]) = (json!(at), json!(""));
        report(&desk, "plain", &closing).await
    };
    assert_eq!(close("2026-11-22T09:15Z").await.rules(), ["reopened"]);
    assert_eq!(close("2026-11-22T09:40Z").await["decision"], "ask");
    // From the first closing on, each of them is told.
    assert_eq!((reply(50).await, reply(55).await), (json!(1), json!(0)));
    assert_eq!(desk.sql("SELECT count(*) FROM reopening").await, [["3"]]);
}
