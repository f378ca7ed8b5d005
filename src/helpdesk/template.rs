//! The forgiving door: the fields of `POST /v1/closings`, for helpdesks whose templates print only texts.
//!
//! It owns every leniency, and [`LENIENCIES`] lists them. It must not know which helpdesk wrote. `POST /v1/closings` itself
//! stays strict.

use super::facts;
use super::node::Node;
use super::{Report, Unreadable, nothing_for, required};
use crate::survey::closing::{Author, Closing, ClosingState, Customer, Message, Teammate};
use crate::survey::fields::Fault;
use crate::survey::json;
use serde_json::Value;

/// Everything that this door takes and `POST /v1/closings` does not: its name in the documentation, what it is, and an
/// example.
pub const LENIENCIES: [(&str, &str, &str); 20] = [
    ("blank", "a blank text counts as left out", r#""subject": """#),
    ("number", "a number may be a text", r#""characters": "612""#),
    ("flag", "`true` and `false` may be texts, in any case", r#""teammate_replied": "True""#),
    ("id", "an id may be a number", r#""conversation_id": 8841"#),
    (
        "time",
        "a time may lack its seconds, have a space in place of the `T`, `UTC` as its zone, or be seconds of Unix time",
        r#""closed_at": "2026-11-24 14:00:00 UTC""#,
    ),
    (
        "tags",
        "tags may be one text: with a comma in it, they are between commas, otherwise between spaces",
        r#""tags": "refund, vip""#,
    ),
    ("closed", "`resolved` and `solved` mean closed, in any case", r#""state": "Solved""#),
    (
        "open",
        "`new`, `open`, `reopened`, `pending`, `hold`, `on-hold`, `stalled` and `waiting…` mean that the conversation goes on since `closed_at`",
        r#""state": "open""#,
    ),
    (
        "reopened",
        "with `reopened_at` it goes on since then, whatever the state",
        r#""reopened_at": "2026-11-24T14:00Z""#,
    ),
    (
        "url",
        "a `url` may lack its scheme; one that is no web address counts as left out",
        r#""url": "desk.example.com/8841""#,
    ),
    (
        "flat",
        "one customer and the teammate may be flat fields, `customer_…` and `teammate_…`, instead of objects",
        r#""customer_email": "ada@example.com""#,
    ),
    ("address", "an address that no mail can be sent to counts as left out", r#""customer_email": "unknown""#),
    ("teammate", "a teammate without an `id` is known by the `email`", r#""teammate_email": "grace@example.com""#),
    ("word", "`started_by`, `kind` and `author` may be in any case", r#""started_by": "Customer""#),
    ("html", "the `text` of a message may be HTML, of which only what it says is counted", r#""text": "<p>Done.</p>""#),
    ("form", "the body may be a form, with flat fields", "conversation_id=8841&customer_email=ada%40example.com"),
    ("unknown", "a field that nobody here knows is passed over", r#""priority": "high""#),
    (
        "control",
        "a text may hold line breaks and other control characters as they are: each is read as a space",
        "\"subject\": \"Two\tlines\"",
    ),
    (
        "placeholder",
        "a field whose placeholder is not filled in counts as left out",
        r##""last_reply_at": "#{ticket.last_contact_at / no such method}""##,
    ),
    (
        "test",
        "a body whose `conversation_id` is not filled in is a test and changes nothing",
        r#""conversation_id": "{{ticket.id}}""#,
    ),
];

/// The fields that are read.
const FIELDS: [&str; 29] = [
    "conversation_id",
    "closed_at",
    "reopened_at",
    "state",
    "subject",
    "url",
    "channel",
    "started_by",
    "characters",
    "last_reply_at",
    "teammate_replied",
    "customers",
    "teammate",
    "messages",
    "tags",
    "policy",
    "ask",
    "other_survey",
    "in_reply_to",
    "customer_id",
    "customer_email",
    "customer_name",
    "customer_kind",
    "customer_locale",
    "teammate_id",
    "teammate_name",
    "teammate_email",
    "teammate_team",
    "inbox",
];

/// What a template prints that was not filled in: somebody pressed a button to try it.
const PLACEHOLDERS: [&str; 2] = ["{{", "#{"];
/// Why a body that a person wrote may be broken.
const UNESCAPED: &str = "a text with a quotation mark or a backslash may have been filled in as it is";
/// How many fields that are there twice are told, less one: a few show that the template is to blame.
const MOST_TWICE: usize = 4;
/// What a time has to look like.
const TIME: &str = "expected a time with its zone, such as \"2026-11-24T14:00Z\" or \"2026-11-24 14:00:00 UTC\"";

/// Reads a body that a template was filled in for: in a text, control characters may stand as they are.
///
/// # Errors
/// A body that is not JSON, and a field that is there twice: a customer can add one with a quotation mark in the name, if the
/// helpdesk fills it in as it is.
pub(super) fn parse(body: &[u8]) -> Result<Value, Unreadable> {
    // Outside of a text there are no others than line breaks and tabs, which are spaces to JSON, too.
    let spaced: Vec<_> = body.iter().map(|byte| if *byte < b' ' { b' ' } else { *byte }).collect();
    let read = json::read(&spaced, MOST_TWICE);
    let (value, twice) = read.map_err(|error| Unreadable::NotJson(format!("{error}; {UNESCAPED}")))?;
    if twice.is_empty() { Ok(value) } else { Err(Unreadable::Invalid(twice)) }
}

/// A body without the fields whose placeholder was not filled in. The id of a conversation stays: it tells a test.
pub(super) fn filled_in(mut body: Value) -> Value {
    if let Value::Object(fields) = &mut body {
        fields.retain(|name, value| name == "conversation_id" || !value.as_str().is_some_and(is_placeholder));
    }
    body
}

fn is_placeholder(text: &str) -> bool {
    PLACEHOLDERS.iter().any(|open| text.trim_start().starts_with(open)) && text.trim_end().ends_with('}')
}

pub(super) fn read(payload: Node) -> Result<Report, Unreadable> {
    let id = payload.at("conversation_id").id();
    if id.as_deref().is_some_and(is_placeholder) {
        return Ok(Report::Nothing("a test: the placeholders of the template are not filled in".into()));
    }
    // Zammad sends this in place of a body that is not JSON once it is filled in.
    if id.is_none() && payload.at("error").is_there() {
        let detail = format!("the helpdesk could not fill in its template: {UNESCAPED}");
        return Err(Unreadable::Invalid(vec![Fault::body("/error", detail)]));
    }
    let conversation_id = required(id, "/conversation_id", "expected the id of a conversation")?;
    if let Some(at) = told(payload, "reopened_at", Node::time, TIME)? {
        return Ok(Report::GoesOn { conversation_id, at });
    }
    let (at, expected) = (payload.at("closed_at").time(), TIME);
    let state = payload.at("state").text().unwrap_or_else(|| "closed".to_owned());
    let state = match state.to_lowercase().as_str() {
        "closed" | "resolved" | "solved" => ClosingState::Closed,
        "snoozed" => ClosingState::Snoozed,
        "new" | "open" | "reopened" | "pending" | "hold" | "on-hold" | "stalled" => {
            return Ok(Report::GoesOn { conversation_id, at: required(at, "/closed_at", expected)? });
        }
        waiting if waiting.starts_with("waiting") => {
            return Ok(Report::GoesOn { conversation_id, at: required(at, "/closed_at", expected)? });
        }
        _ => return Ok(nothing_for(&state, "is not known as a state that closes a conversation")),
    };
    let closing = facts::closing(conversation_id, required(at, "/closed_at", expected)?);
    closed(payload, Closing { state, ..closing })
}

fn closed(payload: Node, closing: Closing) -> Result<Report, Unreadable> {
    let flag = |field: &str| told(payload, field, Node::flag, "expected true or false");
    let closing = Closing {
        subject: payload.at("subject").text(),
        url: payload.at("url").web_address(),
        channel: payload.at("channel").text(),
        started_by: word(payload, "started_by", "/started_by")?,
        characters: told(payload, "characters", Node::number, "expected a whole number")?,
        last_reply_at: told(payload, "last_reply_at", Node::time, TIME)?,
        teammate_replied: flag("teammate_replied")?,
        customers: customers(payload)?,
        teammate: teammate(payload),
        messages: messages(payload),
        tags: tags(payload.at("tags")),
        policy: payload.at("policy").text(),
        ask: flag("ask")?.unwrap_or(true),
        other_survey: flag("other_survey")?.unwrap_or(false),
        in_reply_to: payload.at("in_reply_to").text(),
        ..closing
    };
    // A conversation may have a team, although no teammate is known.
    let team = payload.at("teammate.team").text().or_else(|| payload.at("teammate_team").text());
    let mut report = facts::closed(closing, &[payload.at("inbox")], &[]);
    if let Report::Closed(closed) = &mut report {
        closed.teams.extend(team);
        closed.unread = payload.names().filter(|name| !FIELDS.contains(name)).map(str::to_owned).collect();
    }
    Ok(report)
}

/// A fact that may be left out or blank, but not be nonsense: a person wrote the template, and wants to know.
fn told<'v, T>(
    payload: Node<'v>,
    field: &str,
    read: impl Fn(Node<'v>) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, Unreadable> {
    let node = payload.at(field);
    if node.is_blank() {
        return Ok(None);
    }
    required(read(node), &format!("/{field}"), expected).map(Some)
}

/// One word of a few, in any case.
fn word<T: std::str::FromStr<Err = String>>(
    payload: Node,
    field: &str,
    pointer: &str,
) -> Result<Option<T>, Unreadable> {
    let Some(text) = payload.at(field).text() else { return Ok(None) };
    let word = text.to_lowercase().parse().map(Some);
    word.map_err(|expected| Unreadable::Invalid(vec![Fault::body(pointer, expected)]))
}

/// A list of customers, one of them alone, or one in flat fields.
fn customers(payload: Node) -> Result<Vec<Customer>, Unreadable> {
    let list = payload.at("customers");
    let alone = list.names().next().map(|_| list);
    let mut customers = Vec::new();
    for (place, person) in list.items().chain(alone).enumerate() {
        let kind = word(person, "kind", &format!("/customers/{place}/kind"))?;
        customers.push(Customer { kind, locale: person.at("locale").text(), ..facts::customer(person) });
    }
    let flat = Customer {
        id: payload.at("customer_id").id(),
        email: payload.at("customer_email").address(),
        name: payload.at("customer_name").text(),
        kind: word(payload, "customer_kind", "/customer_kind")?,
        locale: payload.at("customer_locale").text(),
    };
    if customers.is_empty() && (flat.id.is_some() || flat.email.is_some() || flat.name.is_some()) {
        customers.push(flat);
    }
    Ok(customers)
}

fn teammate(payload: Node) -> Option<Teammate> {
    let person = payload.at("teammate");
    let (id, name) = (person.at("id").id(), person.at("name").text());
    let (email, team) = (person.at("email").address(), person.at("team").text());
    let email = email.or_else(|| payload.at("teammate_email").address());
    let id = id.or_else(|| payload.at("teammate_id").id()).or_else(|| email.clone())?;
    let name = name.or_else(|| payload.at("teammate_name").text());
    Some(Teammate { id, name, email, team: team.or_else(|| payload.at("teammate_team").text()) })
}

/// The messages, if each of them can be read: otherwise nobody knows what was written.
fn messages(payload: Node) -> Option<Vec<Message>> {
    let list = payload.at("messages");
    let message = |message: Node| {
        Some(Message {
            author: message.at("author").text()?.to_lowercase().parse::<Author>().ok()?,
            author_id: message.at("author_id").id(),
            author_name: message.at("author_name").text(),
            at: message.at("at").time()?,
            text: message.at("text").html_or_plain()?,
        })
    };
    let messages = list.items().map(message).collect::<Option<Vec<_>>>()?;
    (!messages.is_empty()).then_some(messages)
}

fn tags(list: Node) -> Vec<String> {
    let Some(text) = list.text() else { return list.items().filter_map(Node::text).collect() };
    let separator = |c: char| if text.contains(',') { c == ',' } else { c.is_whitespace() };
    text.split(separator).map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::{Table, headers, told};
    use serde_json::json;

    const PAYLOAD: &str = include_str!("../../tests/data/helpdesks/template-closed.json");

    #[test]
    fn a_closing() {
        let rows = vec![
            (
                "everything",
                json!({}),
                json!({
                    "/conversation_id": "8841", "/closed_at": "2026-11-22T10:00:00Z", "/state": "closed", "/subject": "Refund",
                    "/url": "https://desk.example.com/8841", "/channel": "email", "/started_by": "customer", "/characters": 612,
                    "/last_reply_at": "2026-11-22T09:58:00Z", "/teammate_replied": true, "/tags": ["refund"],
                    "/customers": [{"id": "31", "email": "ada@example.com", "name": "Ada", "kind": "user", "locale": "de"}],
                    "/teammate": {"id": "7", "name": "Grace", "email": "grace@example.com", "team": "Billing"},
                    "/teams": ["Billing"], "/ask": true, "/other_survey": false, "/policy": null, "/unread": [],
                }),
            ),
            (
                "nothing but what is required",
                json!({"/subject": "", "/url": "", "/channel": " ", "/started_by": "", "/characters": "", "/last_reply_at": "",
                    "/teammate_replied": "", "/customers": "", "/teammate": "", "/tags": "", "/state": ""}),
                json!({"/subject": null, "/url": null, "/channel": null, "/started_by": null, "/characters": null,
                    "/last_reply_at": null, "/teammate_replied": null, "/customers/0/email": null, "/customers/1": null,
                    "/teammate": null, "/tags": [], "/state": "closed", "/ask": true}),
            ),
            ("snoozed", json!({"/state": "Snoozed"}), json!({"/state": "snoozed"})),
            (
                "a state of their own",
                json!({"/state": "Gelöst"}),
                json!({"/nothing": "Gelöst is not known as a state that closes a conversation"}),
            ),
            (
                "asks not",
                json!({"/ask": "False", "/other_survey": "TRUE", "/policy": "vip"}),
                json!({"/ask": false, "/other_survey": true, "/policy": "vip"}),
            ),
            (
                "one customer alone",
                json!({"/customers": {"email": "eve@example.com"}}),
                json!({"/customers/0/email": "eve@example.com", "/customers/1": null}),
            ),
            (
                "two customers",
                json!({"/customers": [{"email": "eve@example.com"}, {"email": null, "id": 3}]}),
                json!({"/customers/1/id": "3"}),
            ),
            (
                "an unreadable message",
                json!({"/messages": [{"author": "customer", "at": "noon", "text": "Hi"}]}),
                json!({"/messages": null}),
            ),
            ("no messages", json!({"/messages": []}), json!({"/messages": null})),
            ("nonsense for a number", json!({"/characters": "many"}), json!({"/invalid/0/pointer": "/characters"})),
            ("a number below zero", json!({"/characters": "-1"}), json!({"/invalid/0/pointer": "/characters"})),
            ("nonsense for a flag", json!({"/ask": "no"}), json!({"/invalid/0/pointer": "/ask"})),
            (
                "nonsense for a time",
                json!({"/last_reply_at": "yesterday"}),
                json!({"/invalid/0/pointer": "/last_reply_at"}),
            ),
            ("nonsense for a word", json!({"/started_by": "me"}), json!({"/invalid/0/pointer": "/started_by"})),
            (
                "nonsense for a kind",
                json!({"/customers/0/kind": "king"}),
                json!({"/invalid/0/pointer": "/customers/0/kind"}),
            ),
            ("no time", json!({"/closed_at": ""}), json!({"/invalid/0/pointer": "/closed_at"})),
            (
                "a time without its zone",
                json!({"/closed_at": "2026-11-22 10:00:00"}),
                json!({"/invalid/0/pointer": "/closed_at"}),
            ),
            ("no id", json!({"/conversation_id": " "}), json!({"/invalid/0/pointer": "/conversation_id"})),
            ("reopened at no time", json!({"/reopened_at": "noon"}), json!({"/invalid/0/pointer": "/reopened_at"})),
            ("reopened at a blank time", json!({"/reopened_at": ""}), json!({"/closed_at": "2026-11-22T10:00:00Z"})),
            (
                "Zammad could not fill it in",
                json!({"/conversation_id": null, "/error": "unexpected token"}),
                json!({"/invalid/0/pointer": "/error"}),
            ),
        ];
        Table { kind: Kind::Template, headers: &[], payload: PAYLOAD, rows }.holds();
    }

    /// Each leniency, what of the usual closing is written as it allows, and what is read then.
    #[test]
    fn every_leniency() {
        let on = |pointer: &str, value: Value| json!({"at": pointer, "value": value});
        for (name, _, example) in LENIENCIES {
            let expected = match name {
                "blank" => on("/subject", json!(null)),
                "number" => on("/characters", json!(612)),
                "flag" => on("/teammate_replied", json!(true)),
                "id" => on("/conversation_id", json!("8841")),
                "time" => on("/closed_at", json!("2026-11-24T14:00:00Z")),
                "tags" => on("/tags", json!(["refund", "vip"])),
                "closed" => on("/state", json!("closed")),
                "open" => on("/goes_on", json!("8841")),
                "reopened" => on("/at", json!("2026-11-24T14:00:00Z")),
                "url" => on("/url", json!("https://desk.example.com/8841")),
                "flat" | "form" => on("/customers/0/email", json!("ada@example.com")),
                "address" => on("/customers/0/email", json!(null)),
                "teammate" => on("/teammate/id", json!("grace@example.com")),
                "word" => on("/started_by", json!("customer")),
                "html" => on("/messages", json!(1)),
                "unknown" => on("/unread/0", json!("priority")),
                "control" => on("/subject", json!("Two lines")),
                "placeholder" => on("/last_reply_at", json!(null)),
                "test" => on("/nothing", json!("a test: the placeholders of the template are not filled in")),
                other => panic!("{other} has no case"),
            };
            let told = match name {
                "form" => {
                    let form = [("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")];
                    told(
                        Kind::Template,
                        &headers(&form),
                        format!("{example}&closed_at=2026-11-24+14:00:00+UTC").as_bytes(),
                    )
                }
                "html" => {
                    with(&format!(r#""messages": [{{"author": "Customer", "at": "2026-11-22T09:00Z", {example}}}]"#))
                }
                _ => with(example),
            };
            let found = told.pointer(expected["at"].as_str().expect("a pointer")).unwrap_or(&Value::Null);
            assert_eq!(found, &expected["value"], "{name}: {told:#}");
        }
    }

    /// What is read from a body with the least that is required and these fields.
    fn with(fields: &str) -> Value {
        let least = [r#""conversation_id": "8841""#, r#""closed_at": "2026-11-22T10:00:00Z""#];
        let named = |least: &&str| least.split(':').next().is_some_and(|name| fields.contains(name));
        let all: Vec<_> = least.into_iter().filter(|least| !named(least)).chain([fields]).collect();
        told(Kind::Template, &headers(&[]), format!("{{{}}}", all.join(", ")).as_bytes())
    }

    #[test]
    fn a_body_that_is_broken_by_what_was_filled_in_says_so() {
        let subject = |text: &str| with(&format!(r#""subject": "{text}""#));
        for broken in ["He said \"no\"", "C:\\Users\\x"] {
            let why = subject(broken)["not_json"].as_str().expect("it is broken").to_owned();
            assert!(why.ends_with(UNESCAPED), "{why}");
        }
        assert_eq!(subject("a\u{0}b\u{1f}c\r\nd")["subject"], "a b c  d");
        // Line breaks between fields are none of a text.
        assert_eq!(with("\r\n\t\"subject\": \"x\"\n")["subject"], "x");
    }

    #[test]
    fn a_name_that_adds_a_field_of_its_own_is_refused() {
        let name = r#"Eve", "customer_email": "ada@example.com"#;
        let fields = format!(r#""customer_email": "eve@example.com", "customer_name": "{name}""#);
        let told = with(&fields);
        assert_eq!(told, with(&fields.replace("ada@", "grace@")), "neither counts");
        assert_eq!(told["invalid"], json!([{"pointer": "/customer_email", "detail": json::TWICE}]), "{told}");
    }

    #[test]
    fn a_form_is_read_only_where_a_person_writes_the_body() {
        let form = headers(&[("content-type", "application/x-www-form-urlencoded")]);
        for kind in Kind::ALL {
            let told = told(*kind, &form, b"conversation_id=1&closed_at=2026-11-22T10:00Z");
            let written = matches!(kind, Kind::Template | Kind::Zendesk | Kind::Freshdesk | Kind::RequestTracker);
            assert_eq!(told["conversation_id"] == "1", written, "{kind}: {told}");
            assert_eq!(told["not_json"].is_null(), written, "{kind}: {told}");
        }
    }
}
