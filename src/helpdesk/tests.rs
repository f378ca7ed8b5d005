//! Whatever helpdesks send: no payload makes trouble, and nothing unknown becomes a number.

use super::cases::headers;
use super::{Kind, Report, read};
use crate::survey::Time;
use crate::survey::closing::{CLOCK_SKEW, Fact};
use proptest::prelude::*;
use serde_json::{Value, json};

const PAYLOADS: [(Kind, &str); 11] = [
    (Kind::Chatwoot, include_str!("../../tests/data/helpdesks/chatwoot-resolved.json")),
    (Kind::Chatwoot, include_str!("../../tests/data/helpdesks/chatwoot-message.json")),
    (Kind::Zammad, include_str!("../../tests/data/helpdesks/zammad-closed.json")),
    (Kind::Freescout, include_str!("../../tests/data/helpdesks/freescout-closed.json")),
    (Kind::Helpscout, include_str!("../../tests/data/helpdesks/helpscout-closed.json")),
    (Kind::Intercom, include_str!("../../tests/data/helpdesks/intercom-closed.json")),
    (Kind::Zendesk, include_str!("../../tests/data/helpdesks/zendesk-event.json")),
    (Kind::Zendesk, include_str!("../../tests/data/helpdesks/zendesk-trigger.json")),
    (Kind::Freshdesk, include_str!("../../tests/data/helpdesks/freshdesk-simple.json")),
    (Kind::RequestTracker, include_str!("../../tests/data/helpdesks/template-closed.json")),
    (Kind::Template, include_str!("../../tests/data/helpdesks/template-closed.json")),
];

fn events() -> super::Headers {
    headers(&[("X-HelpScout-Event", "convo.status"), ("X-FreeScout-Event", "convo.status")])
}

/// The pointers of everything in a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{place}"), found);
            }
        }
        _ => {}
    }
}

/// Values that helpdesks put where something is unknown, and some that nobody expects.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        Just(json!(" ")),
        Just(json!(0)),
        Just(json!(-1)),
        Just(json!(1.5)),
        Just(json!(u64::MAX)),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null])),
        Just(json!("0")),
        Just(json!("2026-11-22T10:00:00Z")),
        Just(json!("+262142-12-31T23:59:59Z")),
        Just(json!("-262143-01-01T00:00:00Z")),
        Just(json!(9_223_372_036_854_775_u64)),
        Just(json!("<")),
        Just(json!("&#x110000;<b>\u{202e}é")),
        "\\PC{0,30}".prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for kind in Kind::ALL {
            let _ = read(*kind, &events(), &body);
            let _ = read(*kind, &headers(&[("content-type", "application/x-www-form-urlencoded")]), &body);
        }
    }

    #[test]
    fn any_change_of_a_payload_is_read(which in 0..PAYLOADS.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), odd()), 1..4)) {
        let (kind, payload) = PAYLOADS[which];
        let mut value: Value = serde_json::from_str(payload).expect("JSON");
        for (place, odd) in changes {
            let mut all = Vec::new();
            places(&value, "", &mut all);
            let place: &String = place.get(&all);
            *value.pointer_mut(place).expect("a place") = odd;
        }
        let body = value.to_string();
        for other in Kind::ALL {
            let _ = read(*other, &events(), body.as_bytes());
        }
        if let Ok(Report::Closed(closed)) = read(kind, &events(), body.as_bytes()) {
            let closing = closed.closing;
            prop_assert!(!closing.customers.is_empty());
            prop_assert!(closing.last_reply_at.is_none_or(|reply| reply <= closing.closed_at + CLOCK_SKEW));
            // What the gateway adds or judges later must not be able to fail either.
            let now: Time = "2026-11-22T10:00:00Z".parse().expect("a time");
            let _ = closing.faults(now);
            let _ = closing.normalize();
        }
    }

    /// Some leaves of a payload are gone or blank: the count of characters that is read then is a number that was there.
    #[test]
    fn nothing_unknown_becomes_a_number(which in 0..PAYLOADS.len(), kept in prop::collection::vec(any::<bool>(), 64), blank in blank()) {
        let (kind, payload) = PAYLOADS[which];
        let value = blanked(payload, &blank, |place, number| kept[(number + place.len()) % kept.len()]);
        if let Ok(Report::Closed(closed)) = read(kind, &events(), value.to_string().as_bytes()) {
            prop_assert_ne!(closed.closing.characters, Some(0));
            let first: Time = "2001-01-01T00:00:00Z".parse().expect("a time");
            prop_assert!(closed.closing.last_reply_at.is_none_or(|reply| reply > first));
        }
    }
}

fn blank() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![json!(null), json!("")])
}

/// A payload in which the leaves that are not kept are blank.
fn blanked(payload: &str, blank: &Value, keep: impl Fn(&str, usize) -> bool) -> Value {
    let mut value: Value = serde_json::from_str(payload).expect("JSON");
    let mut all = Vec::new();
    places(&value, "", &mut all);
    for (number, place) in all.iter().enumerate() {
        let leaf = value.pointer_mut(place).expect("a place");
        if !leaf.is_object() && !leaf.is_array() && !keep(place, number) {
            *leaf = blank.clone();
        }
    }
    value
}

#[test]
fn a_payload_that_tells_no_fact_tells_none() {
    // What each report needs: which conversation, that it is closed, and since when.
    let needed = [
        (0, vec!["/event", "/id", "/status", "/updated_at"]),
        (2, vec!["/ticket/id", "/ticket/state", "/ticket/last_close_at"]),
        (3, vec!["/id", "/status", "/closedAt"]),
        (4, vec!["/id", "/status", "/closedAt"]),
        (5, vec!["/topic", "/data/item/id", "/data/item/state", "/data/item/updated_at"]),
        (7, vec!["/conversation_id", "/closed_at"]),
        (8, vec!["/freshdesk_webhook/ticket_id", "/freshdesk_webhook/ticket_modified_on"]),
        (9, vec!["/conversation_id", "/closed_at"]),
    ];
    for (which, needed) in needed {
        let (kind, payload) = PAYLOADS[which];
        for blank in [json!(null), json!("")] {
            let value = blanked(payload, &blank, |place, _| needed.contains(&place));
            let Ok(Report::Closed(closed)) = read(kind, &events(), value.to_string().as_bytes()) else {
                panic!("{kind} closes nothing: {value}")
            };
            let closing = closed.closing;
            assert_eq!(closing.unknown(), Fact::ALL, "{kind}");
            let [customer] = closing.customers.as_slice() else { panic!("{kind}: {:?}", closing.customers) };
            let untold = customer.id.is_none() && customer.email.is_none() && customer.kind.is_none();
            assert!(untold && closing.teammate.is_none(), "{kind}: {closing:?}");
            let names = [&closed.inboxes, &closed.teams, &closing.tags];
            assert!(names.iter().all(|names| names.is_empty()), "{kind}: {names:?}");
        }
    }
}
