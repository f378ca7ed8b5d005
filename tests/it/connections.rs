//! Conversations of several helpdesks: an id names a conversation within its connection only, however odd both are.

use crate::desk::{Desk, few, stamp};
use afterword::survey::closing::Closing;
use afterword::survey::eligibility::Decision;
use chrono::TimeDelta;
use data_encoding::HEXUPPER;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A text as one segment of a path, or as a value of a query.
fn escape(text: &str) -> String {
    let hex = HEXUPPER.encode(text.as_bytes()).into_bytes();
    hex.chunks(2).flat_map(|digits| ['%', digits[0].into(), digits[1].into()]).collect()
}

/// Reports the usual closing as a helpdesk of this connection would; whether it was asked about.
async fn close(desk: &Desk, connection: &str, changes: &Value) -> bool {
    let mut fields = desk.closing();
    for (field, value) in changes.as_object().expect("fields") {
        fields[field] = value.clone();
    }
    let mut closing: Closing = serde_json::from_value(fields).expect("a closing");
    closing.connection = connection.to_owned();
    matches!(desk.gateway.close(closing, false).await.expect("an answer").decision, Decision::Ask { .. })
}

#[tokio::test]
async fn one_id_of_two_connections_is_two_conversations() {
    let desk = Desk::asking(|policy| policy.delay = TimeDelta::minutes(5)).await;
    let of = |connection: &str| match connection {
        "" => String::new(),
        name => format!("?connection={name}"),
    };
    for (connection, email) in [("", "ada@example.com"), ("desk", "eve@example.com"), ("old", "bob@example.com")] {
        assert!(close(&desk, connection, &json!({"customers": [{"email": email}]})).await, "{connection}");
        assert_eq!(desk.get(&format!("/v1/conversations/8841{}", of(connection))).await.status, 200);
    }
    assert_eq!(desk.get("/v1/conversations/8841?connection=new").await.status, 404);
    let reopened = json!({"reopened_at": stamp(desk.clock.now())});
    for (connection, cancelled) in [("new", 0), ("desk", 1), ("desk", 0)] {
        let path = format!("/v1/conversations/8841/reopened?connection={connection}");
        assert_eq!(desk.post(&path, reopened.clone()).await["cancelled"], cancelled, "{connection}");
    }
    for (connection, state, reopenings) in [("", "waiting", 0), ("desk", "cancelled", 1), ("old", "waiting", 0)] {
        let known = desk.get(&format!("/v1/conversations/8841{}", of(connection))).await;
        let lists = ["closings", "decisions", "surveys"].map(|list| known[list].as_array().map_or(0, Vec::len));
        assert_eq!((lists, known["reopenings"].as_array().map_or(0, Vec::len)), ([1, 1, 1], reopenings));
        assert_eq!(known["surveys"][0]["mail"]["state"], state, "{connection}");
    }
    desk.pass(TimeDelta::minutes(5));
    desk.deliver().await;
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.mails().len(), 2);
    for mail in desk.mails() {
        let score = if mail.to.starts_with("bob") { 0 } else { 4 };
        assert_eq!(desk.press(&mail.links[score]).await["outcome"], "ok");
    }
    let ratings = desk.get("/v1/ratings").await;
    let mut rows: Vec<_> = ratings["items"].as_array().expect("items").iter().collect();
    rows.sort_by_key(|row| row["score"].as_i64());
    let named: Vec<_> = rows.iter().map(|row| (&row["connection"], &row["conversation_id"], &row["score"])).collect();
    assert_eq!(named, [(&json!("old"), &json!("8841"), &json!(1)), (&json!(""), &json!("8841"), &json!(5))]);
    for (query, pointer) in [("conection=desk", "conection"), ("connection=%0A", "connection")] {
        for path in ["/v1/conversations/8841", "/v1/conversations/8841/reopened"] {
            let path = format!("{path}?{query}");
            let answer = if path.contains("reopened") {
                desk.post(&path, reopened.clone()).await
            } else {
                desk.get(&path).await
            };
            assert_eq!((answer.status, answer.pointers()), (422, vec![pointer]), "{path}");
        }
    }
}

#[test]
fn odd_ids_and_connections_come_back_as_they_went() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let desk = runtime.block_on(Desk::open());
    let odd = || {
        prop_oneof![
            4 => "\\PC{1,12}",
            1 => "\\PC{200}",
            1 => prop::sample::select(vec![
                "'", "\"", "\\", "[\"x\"]", "null", "1", "1.0", "1e3", "%", "%2F", "/", "..", "?", "#", "a b", " ", "🙂",
                "$.x", "' OR 1=1 --", "\u{feff}", "\u{202e}abc", "e\u{301}", "é", "x'00'", "+", "&connection=x", "💩💩",
            ]).prop_map(str::to_owned),
        ]
    };
    let seen = RefCell::new(BTreeSet::new());
    proptest!(few(96), |(id in odd(), connection in prop_oneof![Just(String::new()), odd()])| {
        prop_assume!(!id.contains(char::is_control) && !connection.contains(char::is_control));
        prop_assume!(seen.borrow_mut().insert((id.clone(), connection.clone())), "it was asked about already");
        runtime.block_on(async {
            let address = format!("u{}@example.com", seen.borrow().len());
            let changes = json!({
                "conversation_id": id, "customers": [{"email": address}], "closed_at": stamp(desk.clock.now()),
                "last_reply_at": stamp(desk.clock.now()),
            });
            assert!(close(&desk, &connection, &changes).await);
            assert!(close(&desk, &connection, &changes).await, "a repeat is answered as before");
            let path = format!("/v1/conversations/{}", escape(&id));
            let known = desk.get(&format!("{path}?connection={}", escape(&connection))).await;
            assert_eq!((known.status, &known["conversation_id"]), (200, &json!(id)));
            assert_eq!(known["surveys"].as_array().map(Vec::len), Some(1));
            let mail = desk.the_mail().await;
            assert_eq!(mail.to, address);
            desk.pass(TimeDelta::minutes(10));
            assert_eq!(desk.press(&mail.links[4]).await["outcome"], "ok");
            let row = &desk.get("/v1/ratings?limit=1").await["items"][0];
            assert_eq!((&row["connection"], &row["conversation_id"]), (&json!(connection), &json!(id)));
            let reopened = json!({"reopened_at": stamp(desk.clock.now())});
            let path = format!("{path}/reopened?connection={}", escape(&connection));
            assert_eq!(desk.post(&path, reopened).await["cancelled"], 0);
            desk.pass(TimeDelta::minutes(1));
        });
    });
}
