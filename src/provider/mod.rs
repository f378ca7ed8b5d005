//! The webhooks of mail providers: the kinds of provider, how each proves itself, and which mails came back or were reported
//! as spam.
//!
//! Pure: each file owns the format of one provider. It must not know what follows from a report, nor which survey a name
//! in it belongs to.
//!
//! A provider also reports openings, clicks and deliveries. They are ignored, with a reason.

pub mod mailgun;
mod postmark;
pub mod sendgrid;
mod ses;
pub mod sns;

use crate::survey::Time;
use crate::survey::fields::display;
use crate::survey::refusal::{blames_recipient, status};
use crate::survey::suppression::Bounce;
use crate::survey::words::words;
use chrono::TimeDelta;
use serde_json::Value;

/// How far the signed time of a request may be from ours, either way. Mailgun repeats a report that was not taken for 8
/// hours, SendGrid for 24, and no document says whether a repeat is signed anew. A report sent again by somebody else
/// changes nothing, unless an admin lifted the suppression in that time.
pub const TOLERANCE: TimeDelta = TimeDelta::hours(25);

words! {
    /// A kind of mail provider: which payloads it sends, and how it proves itself.
    pub enum Kind {
        /// Notifications and events of Amazon SES, over Amazon SNS, which signs them.
        Ses = "ses",
        /// Webhooks of a message stream. They are not signed, so they come with a key.
        Postmark = "postmark",
        /// The event webhook, with signature verification.
        Sendgrid = "sendgrid",
        /// Webhooks of a domain, which are signed.
        Mailgun = "mailgun",
    }
}

/// Why a request is not believed, in a sentence for the person who connects the provider. It tells nothing of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Something that a signed request has is not there, or is spelled differently.
    #[error("expected {0}")]
    Missing(&'static str),
    /// The signed time is too far from ours.
    #[error("it was signed at another time: expected at most 25 hours from the clock of this service")]
    Stale,
    /// Another secret made the signature, or what was signed has been changed.
    #[error("the signature does not match")]
    Wrong,
}

/// What a provider reports about one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// What happened.
    pub bounce: Bounce,
    /// The address that did not get the mail, or reported it as spam.
    pub address: Option<String>,
    /// Texts that may name the survey: a Message-ID, or the sender of the envelope.
    pub names: Vec<String>,
    /// What the server or the provider said.
    pub reason: String,
}

/// What a payload reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Mails that came back or were reported as spam.
    pub returned: Vec<Returned>,
    /// Why the rest is ignored, once each.
    pub ignored: Vec<String>,
}

impl Report {
    fn of(returned: Vec<Returned>) -> Self {
        Self { returned, ignored: Vec::new() }
    }

    fn nothing(why: impl Into<String>) -> Self {
        Self { returned: Vec::new(), ignored: vec![why.into()] }
    }
}

/// Reads the payload of a request that is believed; that of [`Kind::Ses`] is the message that SNS carried.
#[must_use]
pub fn read(kind: Kind, payload: &Value) -> Report {
    match kind {
        Kind::Ses => ses::read(payload),
        Kind::Postmark => postmark::read(payload),
        Kind::Sendgrid => sendgrid::read(payload),
        Kind::Mailgun => mailgun::read(payload),
    }
}

/// A text at a pointer that is not blank.
fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// The texts at these pointers, as far as they are there.
fn texts(value: &Value, pointers: &[&str]) -> Vec<String> {
    pointers.iter().filter_map(|pointer| text(value, pointer)).map(str::to_owned).collect()
}

/// The items of a list.
fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// The reason that a kind of report is ignored, which a payload names.
fn ignored(word: Option<&str>, what: &str) -> String {
    const SHOWN: usize = 60;
    let word = word.and_then(|word| display(word, SHOWN)).unwrap_or_else(|| "no kind".to_owned());
    format!("{word}: {what}")
}

/// A failure for good, as its status and the words of the server tell it.
fn judged(code: Option<&str>, answer: &str) -> Bounce {
    if blames_recipient(code.and_then(status), answer) { Bounce::Hard } else { Bounce::Soft }
}

/// # Errors
/// A time too far from `now`.
fn is_fresh(at: Option<Time>, now: Time) -> Result<(), Refused> {
    let off = at.map(|at| now.signed_duration_since(at).abs());
    if off.is_some_and(|off| off <= TOLERANCE) { Ok(()) } else { Err(Refused::Stale) }
}

/// A time in seconds since 1970, as text.
fn unix(text: &str) -> Option<Time> {
    Time::from_timestamp(text.parse().ok()?, 0)
}

#[cfg(test)]
mod tests;
