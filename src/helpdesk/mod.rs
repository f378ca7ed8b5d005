//! What helpdesks send: the kinds of helpdesk, how each signs, and what its payloads report.
//!
//! Pure: each file turns a payload into a [`Report`], and owns the format of one helpdesk. It must not know what is decided
//! about a report, nor who configured the connection.
//!
//! Formats of others grow, so fields that nobody here knows are fine. A fact that a payload does not tell is unknown, never
//! zero. An assignee need not have written last. A closing without a time has the time of the change that the payload is
//! about, never that of its receipt: so a repeat is recognised.

mod chatwoot;
pub mod enriched;
mod facts;
mod freescout;
mod freshdesk;
mod helpscout;
mod intercom;
mod node;
pub mod signature;
pub mod template;
mod zammad;
mod zendesk;

use crate::survey::Time;
use crate::survey::closing::Closing;
use crate::survey::fields::{Fault, display};
use crate::survey::json;
use crate::survey::words::words;
use node::Node;
use serde_json::{Map, Value};
use signature::Proof;
use std::collections::BTreeMap;

words! {
    /// A kind of helpdesk: which payloads it sends, and how it signs them unless configured otherwise.
    pub enum Kind {
        /// Webhooks of an account.
        Chatwoot = "chatwoot",
        /// Webhooks of triggers, with their default payload.
        Zammad = "zammad",
        /// The module "API & Webhooks".
        Freescout = "freescout",
        /// The webhooks app.
        Helpscout = "helpscout",
        /// Webhook topics of an app, of API 1.x or 2.x.
        Intercom = "intercom",
        /// Webhooks of triggers, with a body as [`template`] reads it; and event webhooks, which only cancel.
        Zendesk = "zendesk",
        /// Webhooks of automation rules, simple or with a body as [`template`] reads it.
        Freshdesk = "freshdesk",
        /// A scrip that sends a body as [`template`] reads it.
        RequestTracker = "request_tracker",
        /// Anything that can send the fields of `POST /v1/closings`, as texts too.
        Template = "template",
    }
}

impl Kind {
    /// How this helpdesk proves that a request is its own, unless configured otherwise; `None` if that must be configured.
    #[must_use]
    pub fn usual_proof(self) -> Option<Proof> {
        match self {
            Self::Chatwoot => Some(Proof::Chatwoot),
            Self::Zammad => Some(Proof::Zammad),
            Self::Freescout => Some(Proof::Freescout),
            Self::Helpscout => Some(Proof::Helpscout),
            Self::Intercom => Some(Proof::Intercom),
            Self::Zendesk => Some(Proof::Zendesk),
            // Neither can sign.
            Self::Freshdesk | Self::RequestTracker => Some(Proof::Key),
            Self::Template => None,
        }
    }

    /// Whether its payloads leave out what its API tells, so that a conversation is worth fetching.
    #[must_use]
    pub fn enriches(self) -> bool {
        matches!(self, Self::Chatwoot | Self::Intercom)
    }

    /// Whether a rating can be written into it.
    #[must_use]
    pub fn writes_back(self) -> bool {
        matches!(self, Self::Chatwoot | Self::Zammad | Self::Freescout | Self::Freshdesk | Self::Zendesk)
    }

    /// Whether each request names a user: whom the token of the API belongs to, or who writes.
    #[must_use]
    pub fn api_needs_user(self) -> bool {
        matches!(self, Self::Zendesk | Self::Freescout)
    }

    /// Whether the account is a part of each path of its API.
    #[must_use]
    pub fn api_needs_account(self) -> bool {
        self == Self::Chatwoot
    }
}

/// The headers of a request. Names are compared in lower case; of a repeated one the last counts.
#[derive(Clone, Debug, Default)]
pub struct Headers(BTreeMap<String, String>);

impl Headers {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }
}

impl FromIterator<(String, String)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(headers: I) -> Self {
        Self(headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
    }
}

/// What a payload reports.
#[derive(Clone, Debug)]
pub enum Report {
    /// A conversation was closed.
    Closed(Box<Closed>),
    /// A conversation goes on: it was reopened, or the customer wrote again.
    GoesOn {
        /// The helpdesk's id of the conversation.
        conversation_id: String,
        /// Since when.
        at: Time,
    },
    /// Nothing that a survey depends on, and why.
    Nothing(String),
}

/// A closing as a helpdesk told it.
#[derive(Clone, Debug)]
pub struct Closed {
    /// The closing; its connection is for the caller to fill in.
    pub closing: Closing,
    /// The inbox it came in by: its id, its name, or both.
    pub inboxes: Vec<String>,
    /// The team it belongs to: its id, its name, or both. It need not be that of the teammate who last wrote.
    pub teams: Vec<String>,
    /// Names of fields that were not read, because a body that a person wrote may have a slip.
    pub unread: Vec<String>,
}

/// Why a payload could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not JSON, nor a form where one may come. What is wrong, and where.
    NotJson(String),
    /// It lacks what a report needs.
    Invalid(Vec<Fault>),
}

/// Reads the payload of a request.
///
/// # Errors
/// A body that is not JSON, and a report without its conversation or its time.
pub fn read(kind: Kind, headers: &Headers, body: &[u8]) -> Result<Report, Unreadable> {
    // A person wrote the template of these.
    let is_template = matches!(kind, Kind::Zendesk | Kind::Freshdesk | Kind::RequestTracker | Kind::Template);
    let value = if is_template {
        template::filled_in(if is_form(headers) { form(body)? } else { template::parse(body)? })
    } else {
        serde_json::from_slice(body).map_err(|error| Unreadable::NotJson(error.to_string()))?
    };
    let payload = Node::new(&value);
    match kind {
        Kind::Chatwoot => chatwoot::read(payload),
        Kind::Zammad => zammad::read(payload),
        Kind::Freescout => freescout::read(headers, payload),
        Kind::Helpscout => helpscout::read(headers, payload),
        Kind::Intercom => intercom::read(payload),
        Kind::Zendesk => zendesk::read(payload),
        Kind::Freshdesk => freshdesk::read(payload),
        Kind::RequestTracker | Kind::Template => template::read(payload),
    }
}

fn is_form(headers: &Headers) -> bool {
    let kind = headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
    kind.split(';').next().is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded")
}

/// A form as an object of texts.
///
/// # Errors
/// A body that is no form, and a field that is there twice.
fn form(body: &[u8]) -> Result<Value, Unreadable> {
    let fields: Vec<(String, String)> =
        serde_urlencoded::from_bytes(body).map_err(|error| Unreadable::NotJson(error.to_string()))?;
    let mut read = Map::new();
    for (name, value) in fields {
        if read.contains_key(&name) {
            let pointer = format!("/{}", json::escape(&name));
            return Err(Unreadable::Invalid(vec![Fault::body(pointer, json::TWICE)]));
        }
        read.insert(name, value.into());
    }
    Ok(Value::Object(read))
}

/// Nothing, because of a word in the payload, which is cut: a payload can hold anything.
fn nothing_for(word: &str, why: &str) -> Report {
    const SHOWN: usize = 60;
    Report::Nothing(format!("{} {why}", display(word, SHOWN).unwrap_or_default()))
}

/// What a report cannot do without.
fn required<T>(value: Option<T>, pointer: &str, expected: &str) -> Result<T, Unreadable> {
    value.ok_or_else(|| Unreadable::Invalid(vec![Fault::body(pointer, expected)]))
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
