//! What a desk gets to see: answers of the gateway, and mails.

use axum::http::HeaderMap;
use mail_parser::{Address, MessageParser};
use proptest::prelude::ProptestConfig;
use serde_json::Value;

/// An answer. `answer["field"]` looks into its JSON, and is null if there is none.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

/// A mail that was accepted, taken apart.
#[derive(Clone, Debug)]
pub struct Mail {
    pub raw: String,
    /// The Message-ID without its brackets.
    pub id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The paths of the five rating links, worst face first.
    pub links: Vec<String>,
    /// The path of the unsubscribe link.
    pub unsubscribe: String,
}

impl std::ops::Index<&str> for Answer {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.json[field]
    }
}

impl Answer {
    /// The rules that a skip names.
    pub fn rules(&self) -> Vec<&str> {
        let reasons = self["reasons"].as_array().expect(&self.text);
        reasons.iter().map(|reason| reason["rule"].as_str().expect("a rule")).collect()
    }

    /// Where a problem's errors are: JSON pointers begin with a slash, names of parameters do not.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self["errors"].as_array().expect(&self.text);
        let places = errors.iter().map(|error| error.get("pointer").or(error.get("parameter")));
        places.map(|place| place.and_then(Value::as_str).expect("a place")).collect()
    }

    /// The token in a page's form.
    pub fn page_token(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"page\" value=\"").expect(&self.text);
        rest.split_once('"').expect("a quoted value").0.to_owned()
    }

    /// A header, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

impl Mail {
    /// Takes a raw mail apart.
    pub fn parse(raw: &[u8]) -> Self {
        let mail = MessageParser::default().parse(raw).expect("a mail");
        let text = mail.body_text(0).expect("a text part").into_owned();
        let address = mail.to().and_then(Address::first).and_then(|to| to.address());
        Self {
            raw: String::from_utf8_lossy(raw).into_owned(),
            id: mail.message_id().expect("a Message-ID").to_owned(),
            to: address.expect("an address").to_owned(),
            subject: mail.subject().expect("a subject").to_owned(),
            html: mail.body_html(0).expect("an HTML part").into_owned(),
            links: paths(&text, "/r/"),
            unsubscribe: paths(&text, "/u/").pop().expect("an unsubscribe link"),
            text,
        }
    }
}

/// The paths of a kind in a text, in their order.
pub fn paths(text: &str, kind: &str) -> Vec<String> {
    let token = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    text.split(kind).skip(1).map(token).map(|token: String| format!("{kind}{token}")).collect()
}

/// A few cases of a property: each goes through the whole gateway. Nothing is written beside the tests.
pub fn few(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
