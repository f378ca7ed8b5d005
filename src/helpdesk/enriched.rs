//! The conversation of a closing whose payload leaves facts open: what to ask the API of its helpdesk, and what the answers
//! add to the closing.
//!
//! Pure: the caller asks each [`Question`] in turn and brings the answer. Texts are counted and forgotten. It must not know
//! how anything is fetched, nor what is decided.

mod chatwoot;
mod intercom;

use super::{Kind, Node};
use crate::survey::Time;
use crate::survey::closing::{Closing, Customer, StartedBy, Teammate};
use serde_json::Value;

/// The version of Intercom's API whose answers are read here. A request may name one; others would answer in the version
/// that is set for the app.
const INTERCOM_VERSION: &str = "2.11";

/// What to ask an API: a path below its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What it is about, in a few words.
    pub about: &'static str,
    /// The segments of the path.
    pub path: Vec<String>,
    /// The names and values after it.
    pub query: Vec<(&'static str, String)>,
}

impl Question {
    fn of(about: &'static str, path: &[&str]) -> Self {
        Self { about, path: path.iter().map(|segment| (*segment).to_owned()).collect(), query: Vec::new() }
    }
}

/// The headers of each question to this kind of helpdesk, their names in lower case.
#[must_use]
pub fn headers(kind: Kind, token: &str) -> Vec<(&'static str, String)> {
    let accept = ("accept", "application/json".to_owned());
    match kind {
        Kind::Chatwoot => vec![accept, ("api_access_token", token.to_owned())],
        Kind::Intercom => vec![
            accept,
            ("authorization", format!("Bearer {token}")),
            ("intercom-version", INTERCOM_VERSION.to_owned()),
        ],
        _ => vec![accept],
    }
}

/// An answer that is not what its question asks for, in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbage(pub &'static str);

/// The questions about one conversation so far, and what the answers say.
#[derive(Debug)]
pub struct Enquiry(Of);

#[derive(Debug)]
enum Of {
    Chatwoot(chatwoot::Enquiry),
    Intercom(intercom::Enquiry),
}

impl Enquiry {
    /// Begins an enquiry about a conversation; `None` if this kind of helpdesk answers none.
    #[must_use]
    pub fn new(kind: Kind, account: Option<u64>, conversation: &str) -> Option<Self> {
        match kind {
            Kind::Chatwoot => Some(Self(Of::Chatwoot(chatwoot::Enquiry::new(account?, conversation)))),
            Kind::Intercom => Some(Self(Of::Intercom(intercom::Enquiry::new(conversation)))),
            _ => None,
        }
    }

    /// What to ask next; `None` once there is nothing more to ask.
    #[must_use]
    pub fn next(&self) -> Option<Question> {
        match &self.0 {
            Of::Chatwoot(enquiry) => enquiry.next(),
            Of::Intercom(enquiry) => enquiry.next(),
        }
    }

    /// Takes the answer to the [next](Self::next) question.
    ///
    /// # Errors
    /// It is not JSON, or not the JSON that the helpdesk documents. Nothing of it was taken.
    pub fn take(&mut self, body: &[u8]) -> Result<(), Garbage> {
        let value: Value = serde_json::from_slice(body).map_err(|_| Garbage("is not JSON"))?;
        match &mut self.0 {
            Of::Chatwoot(enquiry) => enquiry.take(Node::new(&value)),
            Of::Intercom(enquiry) => enquiry.take(Node::new(&value)),
        }
    }

    /// Adds to a closing what the answers so far say, and returns since when the conversation goes on, if it does.
    #[must_use]
    pub fn tell(self, closing: Closing) -> (Closing, Option<Time>) {
        let told = match self.0 {
            Of::Chatwoot(enquiry) => enquiry.told,
            Of::Intercom(enquiry) => enquiry.told,
        };
        told.add_to(closing)
    }
}

/// What the answers say.
#[derive(Debug, Default)]
struct Told {
    /// The replies, in any order.
    replies: Vec<Reply>,
    /// Whether these are all of them.
    whole: bool,
    /// Who started it, if an answer says so besides the replies.
    started_by: Option<StartedBy>,
    /// The customers, as far as they were described.
    customers: Vec<Customer>,
    /// Whether it is no longer closed, by now.
    is_open: bool,
    /// Reopenings and other changes, in any order: an open conversation goes on since one of them.
    changes: Vec<Time>,
}

/// A text by a customer or a teammate. A text by a program is no reply.
#[derive(Debug)]
struct Reply {
    at: Time,
    by: By,
    /// Unicode scalar values.
    characters: usize,
}

#[derive(Debug)]
enum By {
    Customer,
    /// A teammate; `None` if it is unknown which.
    Teammate(Option<Teammate>),
}

impl Reply {
    fn new(at: Time, by: By, text: Node) -> Self {
        Self { at, by, characters: text.html_or_plain().map_or(0, |text| text.chars().count()) }
    }

    fn is_customers(&self) -> bool {
        matches!(self.by, By::Customer)
    }
}

impl Told {
    fn add_to(mut self, closing: Closing) -> (Closing, Option<Time>) {
        let closed_at = closing.closed_at;
        // Both helpdesks print times of messages in whole seconds, cut, and the closing may have a fraction.
        let is_later = |at: Time| at.timestamp() > closed_at.timestamp();
        self.replies.sort_by_key(|reply| reply.at);
        let (later, replies): (Vec<_>, Vec<_>) = self.replies.into_iter().partition(|reply| is_later(reply.at));
        let wrote_on = later.iter().find(|reply| reply.is_customers()).map(|reply| reply.at);
        let changed = self.changes.into_iter().filter(|at| is_later(*at)).min();
        let goes_on =
            if self.is_open { [wrote_on, changed].into_iter().flatten().min().or(Some(closed_at)) } else { wrote_on };
        let characters = replies.iter().map(|reply| reply.characters).sum::<usize>();
        let last_reply_at = replies.last().map(|reply| reply.at);
        let started_by = self.started_by.or_else(|| match replies.first().filter(|_| self.whole)?.by {
            By::Customer => Some(StartedBy::Customer),
            By::Teammate(_) => Some(StartedBy::Teammate),
        });
        let newest = replies.into_iter().rev().find_map(|reply| match reply.by {
            By::Customer => None,
            By::Teammate(teammate) => Some(teammate),
        });
        let known = (self.whole || newest.is_some()).then_some(newest.is_some());
        let mut closing = Closing {
            started_by: closing.started_by.or(started_by),
            last_reply_at: last_reply_at.or(closing.last_reply_at),
            teammate_replied: known.or(closing.teammate_replied),
            characters: if self.whole { u32::try_from(characters).ok() } else { closing.characters },
            teammate: match newest.flatten() {
                // The payload may know more of the same person.
                Some(newest) if closing.teammate.as_ref().is_none_or(|told| told.id != newest.id) => Some(newest),
                _ => closing.teammate,
            },
            ..closing
        };
        describe(&mut closing.customers, self.customers);
        (closing, goes_on)
    }
}

/// Adds what is known of customers to those that a payload names. A customer without id and address gives way.
fn describe(customers: &mut Vec<Customer>, known: Vec<Customer>) {
    if !known.is_empty() {
        customers.retain(|customer| customer.id.is_some() || customer.email.is_some());
    }
    for found in known {
        let same = customers.iter_mut().find(|customer| match (&customer.id, &found.id) {
            (Some(one), Some(other)) => one == other,
            _ => customer.email.is_some() && customer.email == found.email,
        });
        match same {
            None => customers.push(found),
            Some(customer) => {
                customer.email = customer.email.take().or(found.email);
                customer.name = customer.name.take().or(found.name);
                customer.kind = customer.kind.or(found.kind);
                customer.locale = customer.locale.take().or(found.locale);
            }
        }
    }
}
