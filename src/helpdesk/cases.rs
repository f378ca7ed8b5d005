//! What the tables of cases are written with: a payload, what is different in it, and what it then tells.
//!
//! It must not know any one helpdesk.

use super::enriched::{Enquiry, Garbage};
use super::{Headers, Kind, Report, Unreadable, read};
use crate::survey::closing::{Closing, Customer, Teammate};
use crate::survey::stamp;
use serde_json::{Value, json};

/// A table of one payload: in each row what the case is, what differs from the payload, and what is read from it. Both are
/// objects of JSON pointers and values. Null is for what is not there, and for what is not told.
pub(super) struct Table {
    pub(super) kind: Kind,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) payload: &'static str,
    pub(super) rows: Vec<(&'static str, Value, Value)>,
}

impl Table {
    pub(super) fn holds(self) {
        for (name, changes, expected) in self.rows {
            let mut payload: Value = serde_json::from_str(self.payload).expect("JSON");
            for (pointer, value) in changes.as_object().expect("pointers") {
                set(&mut payload, pointer, value.clone());
            }
            let told = told(self.kind, &headers(self.headers), payload.to_string().as_bytes());
            for (pointer, value) in expected.as_object().expect("pointers") {
                let found = told.pointer(pointer).unwrap_or(&Value::Null);
                assert_eq!(found, value, "{} {name}: {pointer} in {told:#}", self.kind);
            }
        }
    }
}

/// A table of what an API answers about the conversation of one payload: in each row what the case is, the answers in their
/// order, and what the closing then tells. The last answer may be garbage.
pub(super) struct Enquired<'t> {
    pub(super) kind: Kind,
    pub(super) account: Option<u64>,
    pub(super) payload: &'static str,
    /// What differs from the payload in all rows, so that it tells less.
    pub(super) unknown: &'t [(&'static str, Value)],
    pub(super) rows: Vec<(&'static str, Vec<Value>, Value)>,
}

impl Enquired<'_> {
    pub(super) fn holds(self) {
        let mut payload: Value = serde_json::from_str(self.payload).expect("JSON");
        for (pointer, value) in self.unknown {
            set(&mut payload, pointer, value.clone());
        }
        let Ok(Report::Closed(closed)) = read(self.kind, &Headers::default(), payload.to_string().as_bytes()) else {
            panic!("a closing");
        };
        for (name, answers, expected) in self.rows {
            let mut enquiry = Enquiry::new(self.kind, self.account, &closed.closing.conversation_id).expect("a kind");
            let mut garbage = None;
            for answer in answers {
                assert_eq!(garbage, None, "{name}");
                assert!(enquiry.next().is_some(), "{name}: nothing is asked any more");
                garbage = enquiry.take(answer.to_string().as_bytes()).err();
            }
            let (closing, goes_on) = enquiry.tell(closed.closing.clone());
            let mut told = facts(&closing);
            told["goes_on"] = json!(goes_on.map(stamp));
            told["garbage"] = json!(garbage.map(|Garbage(why)| why));
            for (pointer, value) in expected.as_object().expect("pointers") {
                let found = told.pointer(pointer).unwrap_or(&Value::Null);
                assert_eq!(found, value, "{} {name}: {pointer} in {told:#}", self.kind);
            }
        }
    }
}

pub(super) fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn set(value: &mut Value, pointer: &str, new: Value) {
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer");
    match value.pointer_mut(parent).expect(pointer) {
        Value::Object(fields) => {
            fields.insert(last.to_owned(), new);
        }
        Value::Array(items) => items[last.parse::<usize>().expect("a number")] = new,
        other => panic!("{pointer}: {other}"),
    }
}

/// What a payload tells, as JSON.
pub(super) fn told(kind: Kind, headers: &Headers, body: &[u8]) -> Value {
    match read(kind, headers, body) {
        Ok(Report::Closed(closed)) => {
            let mut told = facts(&closed.closing);
            told["inboxes"] = json!(closed.inboxes);
            told["teams"] = json!(closed.teams);
            told["unread"] = json!(closed.unread);
            told
        }
        Ok(Report::GoesOn { conversation_id, at }) => json!({"goes_on": conversation_id, "at": stamp(at)}),
        Ok(Report::Nothing(why)) => json!({"nothing": why}),
        Err(Unreadable::Invalid(faults)) => json!({"invalid": faults}),
        Err(Unreadable::NotJson(why)) => json!({"not_json": why}),
    }
}

fn facts(closing: &Closing) -> Value {
    json!({
        "conversation_id": closing.conversation_id, "closed_at": stamp(closing.closed_at), "state": closing.state,
        "subject": closing.subject, "url": closing.url, "channel": closing.channel, "started_by": closing.started_by,
        "characters": closing.characters, "last_reply_at": closing.last_reply_at.map(stamp),
        "teammate_replied": closing.teammate_replied,
        "customers": closing.customers.iter().map(customer).collect::<Vec<_>>(),
        "teammate": closing.teammate.as_ref().map(teammate), "tags": closing.tags, "policy": closing.policy,
        "messages": closing.messages.as_ref().map(Vec::len), "ask": closing.ask, "other_survey": closing.other_survey,
        "in_reply_to": closing.in_reply_to,
    })
}

fn customer(customer: &Customer) -> Value {
    json!({
        "id": customer.id, "email": customer.email, "name": customer.name, "kind": customer.kind, "locale": customer.locale,
    })
}

fn teammate(teammate: &Teammate) -> Value {
    json!({"id": teammate.id, "name": teammate.name, "email": teammate.email, "team": teammate.team})
}
